//! Which databases sources of SQL can be for.

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice as _};

use super::Tree;
use super::side::{Side, State};
use crate::drift::config::Config;
use crate::drift::migrations;
use crate::drift::shape::{Database, Module};
use crate::error::Result;

/// The databases that the files of all sources can be for, where they show it for sure.
///
/// # Errors
/// Something cannot be read.
pub fn databases(config: &Config, tree: &dyn Tree) -> Result<BTreeSet<Database>> {
    let shared = State::default();
    let side = Side::new(config, tree, &shared);
    let mut modules: Vec<(BString, &Module)> = Vec::new();
    for source in config.contracts.iter().flat_map(|held| &held.sources) {
        let files = side.files(source)?;
        side.load(source.language, &files)?;
        for file in files {
            if let Some(module) = side.module(source.language, &file)? {
                modules.push((file.as_bstr().to_owned(), module));
            }
        }
    }
    Ok(migrations::databases(&modules))
}
