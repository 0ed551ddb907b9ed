//! Where a contract speaks of a type, and beside what it would list one more field of it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::drift::contract::{Contract, Entry};

/// The first entry of each type, with the line from which on the type is spoken of.
pub(super) struct Lists<'c>(HashMap<&'c str, (Arc<Entry>, u32)>);

impl<'c> Lists<'c> {
    pub(super) fn of(contract: Option<&'c Contract>) -> Self {
        let Some(contract) = contract else { return Self(HashMap::new()) };
        let mut lists = HashMap::new();
        for entry in &contract.entries {
            let section = entry.section.and_then(|at| contract.sections.get(at));
            let line = section.map_or(entry.line, |section| section.line);
            lists.entry(entry.ty.as_str()).or_insert_with(|| (Arc::new(entry.clone()), line));
        }
        Self(lists)
    }

    /// The heading of a type, else its first field.
    pub(super) fn line(&self, ty: &str) -> Option<u32> {
        self.0.get(ty).map(|(_, line)| *line)
    }

    /// The first item or row of a type; `None` where the contract has nothing on it.
    pub(super) fn first(&self, ty: &str) -> Option<Arc<Entry>> {
        self.0.get(ty).map(|(entry, _)| Arc::clone(entry))
    }
}
