//! Constants that one file has from another.

use std::collections::BTreeMap;

/// What a constant is that is wholly written out where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Constant {
    /// A text.
    Text(String),
    /// What has members by name. Those that are no texts, and have none, are left out.
    Members {
        /// The members.
        members: Constants,
        /// Nobody can change it, whatever it is handed to.
        is_frozen: bool,
        /// It is a class, which others get by members that are not listed.
        is_class: bool,
    },
}

/// Constants by their names.
pub type Constants = BTreeMap<String, Constant>;
