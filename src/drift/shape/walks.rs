//! What is asked of all that a shape is made of.

use super::{Member, Shape};

impl Shape {
    /// How many shapes it is made of, itself included: what copying it costs.
    pub fn weight(&self) -> usize {
        1 + match self {
            Self::Object(members) => members.iter().map(|member| member.shape.weight()).sum(),
            Self::Array(inner) | Self::Map(inner) | Self::Pick(inner, _) | Self::Omit(inner, _) => inner.weight(),
            Self::All(parts) | Self::Any(parts) => parts.iter().map(Self::weight).sum(),
            Self::Named { arguments, .. } => arguments.iter().map(Self::weight).sum(),
            Self::Variable { otherwise, .. } => otherwise.weight(),
            Self::Scalar { .. } | Self::Opaque | Self::Unread(_) => 0,
        }
    }

    /// Whether it is nothing but a name, to which nothing is given.
    pub fn is_bare_name(&self) -> bool {
        matches!(self, Self::Named { arguments, .. } if arguments.is_empty())
    }

    /// Whether it is not the same for all that may be given.
    pub fn is_generic(&self) -> bool {
        match self {
            Self::Variable { .. } => true,
            Self::Object(members) => members.iter().any(|member| member.shape.is_generic()),
            Self::Array(inner) | Self::Map(inner) | Self::Pick(inner, _) | Self::Omit(inner, _) => inner.is_generic(),
            Self::All(parts) | Self::Any(parts) | Self::Named { arguments: parts, .. } => {
                parts.iter().any(Self::is_generic)
            }
            Self::Scalar { .. } | Self::Opaque | Self::Unread(_) => false,
        }
    }

    /// Whether it says what another does, wherever they stand.
    pub fn says(&self, other: &Self) -> bool {
        let all = |one: &[Self], other: &[Self]| {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.says(other))
        };
        match (self, other) {
            (Self::Object(one), Self::Object(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.says(other))
            }
            (Self::Array(one), Self::Array(other)) | (Self::Map(one), Self::Map(other)) => one.says(other),
            (
                Self::Named { name: one, arguments: given, .. },
                Self::Named { name: other, arguments: others_given, .. },
            ) => one == other && all(given, others_given),
            (
                Self::Variable { place: one, otherwise },
                Self::Variable { place: other, otherwise: others_otherwise },
            ) => one == other && otherwise.says(others_otherwise),
            (Self::All(one), Self::All(other)) | (Self::Any(one), Self::Any(other)) => all(one, other),
            (Self::Pick(one, some), Self::Pick(other, others)) | (Self::Omit(one, some), Self::Omit(other, others)) => {
                some == others && one.says(other)
            }
            (Self::Unread(one), Self::Unread(other)) => one.reason == other.reason,
            (one, other) => one == other,
        }
    }
}

impl Member {
    fn says(&self, other: &Self) -> bool {
        (&self.name, self.explicit, self.identity) == (&other.name, other.explicit, other.identity)
            && self.shape.says(&other.shape)
    }
}
