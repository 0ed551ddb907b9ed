//! Constants that one file has from another.

use std::collections::BTreeMap;
use std::sync::Arc;

use bstr::BString;

use super::Import;

/// What a constant is that is wholly written out where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        /// Nothing is left out of it.
        is_whole: bool,
    },
}

/// Constants by their names.
pub type Constants = BTreeMap<String, Arc<Constant>>;

/// What a file gives to others by a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// A constant, with the name of the file's own variable: one may be given by several names.
    Own(String, Arc<Constant>),
    /// What another file gives, be it the file as a whole.
    Handed(Import),
    /// Something of what another file gives as a whole.
    Part(Import),
    /// What is no constant of any file: a function, a class, what is newly made.
    Other,
    /// It may be whatever the file has, or imports.
    Unknown,
}

/// What a file gives to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lends {
    /// By name.
    pub names: BTreeMap<String, Given>,
    /// Files all of whose names it hands on.
    pub stars: Vec<Import>,
    /// Files that what is not known may be had from.
    pub imports: Vec<Import>,
    /// Its constants as members of the file as a whole: nobody can give it another member. Classes can only be had by the
    /// names that are listed.
    pub whole: Arc<Constant>,
    /// Whether it may give more than is known.
    pub is_open: bool,
}

impl Lends {
    /// What a file gives.
    pub fn new(names: BTreeMap<String, Given>, stars: Vec<Import>, is_open: bool) -> Self {
        let members = names.iter().filter_map(|(name, given)| match given {
            Given::Own(_, constant) if !constant.is_class() => Some((name.clone(), Arc::clone(constant))),
            _ => None,
        });
        let members = members.collect();
        let whole = Constant::Members { members, is_frozen: true, is_class: false, is_whole: false };
        Self { names, stars, imports: Vec::new(), whole: Arc::new(whole), is_open }
    }

    /// What a file gives of which nothing is known.
    pub fn unknown() -> Self {
        Self::new(BTreeMap::new(), Vec::new(), true)
    }

    /// What it hands on of other files, or may.
    pub fn handed(&self) -> impl Iterator<Item = &Import> {
        let named = self.names.values().filter_map(|given| match given {
            Given::Handed(import) | Given::Part(import) => Some(import),
            Given::Own(..) | Given::Other | Given::Unknown => None,
        });
        named.chain(&self.stars).chain(&self.imports)
    }

    /// The same, to be changed.
    pub fn handed_mut(&mut self) -> impl Iterator<Item = &mut Import> {
        let named = self.names.values_mut().filter_map(|given| match given {
            Given::Handed(import) | Given::Part(import) => Some(import),
            Given::Own(..) | Given::Other | Given::Unknown => None,
        });
        named.chain(&mut self.stars).chain(&mut self.imports)
    }
}

impl Constant {
    /// Whether nothing of it is left out.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Members { is_whole: true, .. })
    }

    fn is_class(&self) -> bool {
        matches!(self, Self::Members { is_class: true, .. })
    }
}

/// What is found out of something that a file has from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loan {
    /// What it is, if that is a constant.
    pub constant: Option<Arc<Constant>>,
    /// What it is called in the one file that makes it: a constant by the name of its variable. None where it may be
    /// anything, or is a file as a whole.
    pub of: Option<String>,
    /// The files that it may stand in; an empty path is any.
    pub files: Vec<BString>,
}

/// What is known of others by the names that a file has for it.
pub type Loans = BTreeMap<String, Loan>;
