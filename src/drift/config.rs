//! What a policy says of drift: which files are held against which contract.

use std::collections::{BTreeMap, BTreeSet};

use bstr::BString;

use super::contract::Columns;
use super::languages::Language;
use super::resolve::Field;
use super::shape::{Kind, Sites};
use crate::glob::GlobSet;

/// The `[drift]` of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Which drift is refused.
    pub mode: Mode,
    /// Where the drift that a project began with is written down.
    pub baseline: BString,
    /// The contracts, each with what is held against it; never empty.
    pub contracts: Vec<Held>,
}

/// Which drift is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// What a change adds.
    Introduced,
    /// Any.
    Absolute,
}

impl Mode {
    /// The word that a policy uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Introduced => "introduced",
            Self::Absolute => "absolute",
        }
    }
}

/// A contract and what is held against it.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The contract's place.
    pub path: BString,
    /// How its tables call their columns, where the usual names do not do.
    pub columns: Columns,
    /// Where the fields are declared.
    pub sources: Vec<Declares>,
    /// Where code maps to the contract.
    pub mappings: Vec<Maps>,
}

/// Files that declare fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Declares {
    /// What they are written in.
    pub language: Language,
    /// Which files.
    pub files: Files,
    /// Which of their types count.
    pub types: GlobSet,
    /// What the contract calls types that it calls otherwise.
    pub names: BTreeMap<String, String>,
    /// Which kinds of fields a contract must know.
    pub kinds: BTreeSet<Wanted>,
}

/// Files that map to a contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// Which files.
    pub files: Files,
    /// Which of their places.
    pub sites: Sites,
    /// Whether each file must name the contract.
    pub names_contract: bool,
    /// Names of members that no contract speaks of: `_key`.
    pub ignored: GlobSet,
}

/// Some files, by globs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Files {
    /// Those that are meant,
    pub paths: GlobSet,
    /// less these.
    pub exclude: GlobSet,
}

impl Files {
    /// Whether a path is one of them.
    pub fn has(&self, path: &[u8]) -> bool {
        self.paths.matches(path) && !self.exclude.matches(path)
    }
}

/// A kind of field that a policy can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wanted {
    /// Text, any.
    String,
    /// One of listed values.
    Enum,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// Members by name.
    Object,
}

impl Wanted {
    /// What is asked for unless the policy says otherwise.
    pub const DEFAULT: [Self; 2] = [Self::String, Self::Enum];

    /// The word that a policy uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Enum => "enum",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    /// Whether a field is of one of these kinds; one whose kind nobody can tell is of each.
    pub fn any(wanted: &BTreeSet<Self>, field: &Field) -> bool {
        let kind = match field.kind {
            _ if field.enumerated => Self::Enum,
            Kind::Unknown => return true,
            Kind::String => Self::String,
            Kind::Number => Self::Number,
            Kind::Boolean => Self::Boolean,
            Kind::Array => Self::Array,
            Kind::Object => Self::Object,
        };
        wanted.contains(&kind)
    }
}

impl Config {
    /// Whether a path is a contract.
    pub fn is_contract(&self, path: &[u8]) -> bool {
        self.contracts.iter().any(|held| held.path == path)
    }

    /// The contracts that a path maps to.
    pub fn mapped<'c>(&'c self, path: &'c [u8]) -> impl Iterator<Item = &'c Held> {
        self.contracts.iter().filter(move |held| held.mappings.iter().any(|maps| maps.files.has(path)))
    }

    /// Whether drift can come of a change of this path.
    pub fn concerns(&self, path: &[u8]) -> bool {
        let held = |held: &Held| held.concerns(path) || held.may_be_read(path) || held.may_lend(path);
        self.is_contract(path) || self.baseline == path || self.contracts.iter().any(held)
    }
}

impl Held {
    /// Whether the path is one of its sources or mapping files.
    pub fn concerns(&self, path: &[u8]) -> bool {
        self.sources.iter().any(|source| source.files.has(path))
            || self.mappings.iter().any(|maps| maps.files.has(path))
    }

    /// Whether one of its sources may import the path, or be led elsewhere by it.
    pub fn may_be_read(&self, path: &[u8]) -> bool {
        let may = |language: Language| language.may_hold(path.into()) || language.may_lead(path.into());
        self.sources.iter().any(|source| may(source.language))
    }

    /// Whether one of its mapping files may have constants from the path, or be led elsewhere by it.
    pub fn may_lend(&self, path: &[u8]) -> bool {
        let may = |language: Language| language.may_hold(path.into()) || language.may_lead(path.into());
        !self.mappings.is_empty() && Language::ALL.into_iter().any(|language| language.lends() && may(language))
    }
}
