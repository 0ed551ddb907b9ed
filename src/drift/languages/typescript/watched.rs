//! The names that mapping functions are known by, with those of what has them.

use super::file::File;
use crate::drift::shape::Sites;

/// The mapping functions, and the patches that are known by their receivers, as the policy names them: `mapper.map`.
#[derive(Default)]
pub(super) struct Watched<'a> {
    functions: Vec<&'a str>,
    /// How each of them may be written: `mapper.map`, `map`.
    endings: Vec<&'a str>,
    /// How that may be written which has one: `mapper`.
    receivers: Vec<&'a str>,
}

impl<'a> Watched<'a> {
    pub(super) fn of(sites: &'a Sites) -> Self {
        let functions = sites.functions.iter().map(|(name, _)| name.as_str()).chain(sites.patches_of_receivers());
        let functions: Vec<&str> = functions.collect();
        let written = functions.iter().copied().flat_map(endings).collect();
        let receivers = functions.iter().filter_map(|name| name.rsplit_once('.')).flat_map(|(of, _)| endings(of));
        Self { receivers: receivers.collect(), endings: written, functions }
    }
}

impl<'a> File<'a> {
    pub(super) fn watched(&self) -> impl Iterator<Item = &'a str> {
        self.watched.functions.iter().copied()
    }

    pub(super) fn is_mapping_function(&self, name: &str) -> bool {
        self.source.sites.functions.iter().any(|(function, _)| function == name)
    }

    /// Whether a name is the last one of a mapping function.
    pub(super) fn is_ending(&self, name: &str) -> bool {
        self.watched.endings.contains(&name)
    }

    /// Whether a name is that of what has a mapping function: `mapper` of `mapper.map`.
    pub(super) fn is_receiver(&self, name: &str) -> bool {
        self.watched.receivers.contains(&name)
    }
}

/// A name with dots, and what is behind each of them.
fn endings(dotted: &str) -> impl Iterator<Item = &str> {
    let behind = dotted.match_indices('.').filter_map(|(dot, _)| dotted.get(dot + 1..));
    std::iter::once(dotted).chain(behind).filter(|name| !name.is_empty())
}

/// Whether a name is the last part of one with dots.
pub(super) fn is_end(dotted: &str, name: &str) -> bool {
    endings(dotted).any(|ending| ending == name)
}
