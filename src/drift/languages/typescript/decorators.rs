//! What decorators say of a member: its name on the wire, and whether it is there.

use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::constants::property;
use super::file::File;

/// Decorators that name a member, with the keys of their options that do, best first.
const NAMING: &[(&str, &[&str])] = &[
    ("Expose", &["name"]),
    ("JsonProperty", &["name", "value"]),
    ("SerializedName", &["name"]),
    ("SerializeAs", &["name"]),
    ("JsonName", &["name"]),
    ("ApiProperty", &["name"]),
    ("ApiPropertyOptional", &["name"]),
    ("Field", &["name"]),
    ("Column", &["name"]),
    ("PrimaryColumn", &["name"]),
    ("PrimaryGeneratedColumn", &["name"]),
    ("CreateDateColumn", &["name"]),
    ("UpdateDateColumn", &["name"]),
    ("DeleteDateColumn", &["name"]),
    ("VersionColumn", &["name"]),
    ("VirtualColumn", &["name"]),
    ("ViewColumn", &["name"]),
    ("ObjectIdColumn", &["name"]),
    ("JoinColumn", &["name"]),
    ("Property", &["fieldName", "name"]),
    ("PrimaryKey", &["fieldName", "name"]),
    ("Enum", &["fieldName", "name"]),
    ("Prop", &["name"]),
];

/// Those whose first argument, a text, is the name; of others it is a type of the database.
const BY_TEXT: &[&str] = &["JsonProperty", "SerializedName", "SerializeAs", "JsonName", "Field"];

/// Decorators of members that are not on the wire.
const HIDING: &[&str] = &["Exclude", "Transient", "JsonIgnore", "HideField"];

/// What the decorators of a member say.
pub(super) struct Said<'a> {
    /// The name on the wire, where one gives it, with its place.
    pub(super) name: Option<(String, u32)>,
    /// One gives a name that is not a literal.
    pub(super) unread: Option<u32>,
    /// One says that the member is not on the wire.
    pub(super) hidden: bool,
    /// One says that it is.
    pub(super) exposed: bool,
    /// One of those that fields have.
    pub(super) field: bool,
    /// The options of the decorator that describes the type.
    pub(super) options: Option<&'a ObjectExpression<'a>>,
}

/// A decorator's name without what is before a dot, and its arguments.
pub(super) fn call_of<'a>(decorator: &'a Decorator<'a>) -> Option<(&'a str, &'a [Argument<'a>])> {
    let (callee, arguments) = match &decorator.expression {
        Expression::CallExpression(call) => (&call.callee, &call.arguments[..]),
        other => (other, &[][..]),
    };
    match callee {
        Expression::Identifier(name) => Some((name.name.as_str(), arguments)),
        Expression::StaticMemberExpression(member) => Some((member.property.name.as_str(), arguments)),
        _ => None,
    }
}

impl<'a> File<'a> {
    pub(super) fn decorators(&self, decorators: &'a [Decorator<'a>]) -> Said<'a> {
        let mut said = Said { name: None, unread: None, hidden: false, exposed: false, field: false, options: None };
        let mut rank = usize::MAX;
        for (name, arguments) in decorators.iter().filter_map(call_of) {
            if HIDING.contains(&name) {
                // What is left out only where it is read in is written out.
                let options = arguments.iter().find_map(object_argument);
                let outward = options.is_some_and(|options| property(options, "toClassOnly").is_some_and(is_true));
                said.hidden |= !outward;
            }
            said.exposed |= name == "Expose";
            let Some(place) = NAMING.iter().position(|(naming, _)| *naming == name) else { continue };
            said.field = true;
            let options = arguments.iter().find_map(object_argument);
            said.options = said.options.or(options);
            let Some(value) = NAMING.get(place).and_then(|(_, keys)| self.naming(name, keys, arguments)) else {
                continue;
            };
            if place < rank {
                rank = place;
                let at = value.span().start;
                let text = self.text(value);
                said.unread = if text.is_none() { Some(at) } else { None };
                said.name = text.map(|text| (text.into_owned(), at));
            }
        }
        said
    }

    /// The value that names the member.
    fn naming(&self, decorator: &str, keys: &[&str], arguments: &'a [Argument<'a>]) -> Option<&'a Expression<'a>> {
        let options = arguments.iter().find_map(object_argument);
        let named = options.and_then(|options| keys.iter().find_map(|key| property(options, key)));
        let first = arguments.first().and_then(Argument::as_expression);
        let text = first.filter(|value| BY_TEXT.contains(&decorator) && self.text(value).is_some());
        named.or(text)
    }
}

fn object_argument<'a>(argument: &'a Argument<'a>) -> Option<&'a ObjectExpression<'a>> {
    match argument.as_expression()?.get_inner_expression() {
        Expression::ObjectExpression(object) => Some(object),
        _ => None,
    }
}

pub(super) fn is_true(value: &Expression<'_>) -> bool {
    matches!(value, Expression::BooleanLiteral(literal) if literal.value)
}
