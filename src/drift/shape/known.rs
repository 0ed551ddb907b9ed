//! What of a file the contract decides upon.

use super::{Site, Unread};

/// What of a file's mapping counts only where the contract says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IfKnown {
    /// What it has to say, all of it.
    pub when: Vec<When>,
    /// The mapping sites that count then.
    pub sites: Vec<Site>,
    /// What could not be read there.
    pub unread: Vec<Unread>,
}

/// What a contract says of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// It knows all of these members, or else they are of a type that the code has beside it: `Order & { page: number }`.
    Knows {
        /// The type.
        ty: String,
        /// Members of it, by their names.
        members: Vec<String>,
    },
    /// It knows one of these members of a type, or else they are of another: `Order | { error: string }`.
    KnowsAny {
        /// The type.
        ty: String,
        /// Members of it, by their names.
        members: Vec<String>,
    },
    /// It has nothing on the type, and so may list its members where a value of it stands: `address.city`.
    HasNo(String),
}
