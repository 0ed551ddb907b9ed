//! Where a contract speaks of a type, and how it would list one more field of it.

use std::collections::HashMap;

use crate::drift::contract::{Contract, Entry};
use crate::drift::path::FieldPath;
use crate::drift::sync;

/// The first entry of each type, with the line from which on the type is spoken of.
pub(super) struct Lists<'c>(HashMap<&'c str, (&'c Entry, u32)>);

impl<'c> Lists<'c> {
    pub(super) fn of(contract: Option<&'c Contract>) -> Self {
        let Some(contract) = contract else { return Self(HashMap::new()) };
        let mut lists = HashMap::new();
        for entry in &contract.entries {
            let section = entry.section.and_then(|at| contract.sections.get(at));
            let line = section.map_or(entry.line, |section| section.line);
            lists.entry(entry.ty.as_str()).or_insert((entry, line));
        }
        Self(lists)
    }

    /// The heading of a type, else its first field.
    pub(super) fn line(&self, ty: &str) -> Option<u32> {
        self.0.get(ty).map(|(_, line)| *line)
    }

    /// The item or row for one more field; `None` for a type that the contract has nothing on.
    pub(super) fn item(&self, ty: &str, path: &FieldPath) -> Option<String> {
        self.0.get(ty).map(|(beside, _)| sync::line(beside, ty, path, "- "))
    }
}
