//! What a file of Go says of packages: of its own, and of those that it imports.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice};

use super::{Definition, Import, Unread, Written};

/// The package that a file is part of, and what it says of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name, by the file's own word.
    pub name: String,
    /// Which of the file's imports have names that are taken from their paths: what they import may call itself otherwise.
    pub guessed: BTreeSet<usize>,
    /// A type that has the name of one of the language's own, and is meant by it in all files of the package.
    pub shadow: Option<Unread>,
    /// The definitions that have tags of `json`, by their places,
    pub json: BTreeSet<u32>,
    /// and those that have tags of something else alone.
    pub others: BTreeMap<u32, Other>,
    /// What writes types of the package's other files out, where their tags are of the same key.
    pub written: Vec<(&'static str, Written)>,
    /// The definitions, by their places, that give what embeds them a method which writes all of it.
    pub writers: BTreeMap<u32, Writer>,
}

/// The methods of a definition that write it, each by the key of the tags that it is for, or `None` where it is for any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writer {
    /// Those that it has,
    pub has: BTreeSet<Option<&'static str>>,
    /// and those that it asks for as an interface does: another type that is made of it asks for them as well.
    pub asks: BTreeSet<Option<&'static str>>,
    /// The types whose methods it has too, as the file calls them;
    pub of: Vec<String>,
    /// but those alone that they ask for: it is made of them, and no other name of theirs.
    pub is_new: bool,
}

/// A definition whose tags are none of `json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The key of those that count.
    pub key: &'static str,
    /// What it is where `json` writes it.
    pub json: Definition,
}

impl Import {
    /// A package of Go by its path.
    pub fn package(local: Option<String>, path: &str) -> Self {
        Self { local, name: None, from: vec![format!("{path}/").into(), BString::default()] }
    }

    /// The path of a package of Go.
    pub fn package_path(&self) -> Option<&BStr> {
        let [path, last] = self.from.as_slice() else { return None };
        path.strip_suffix(b"/").filter(|_| last.is_empty()).map(ByteSlice::as_bstr)
    }
}
