//! Constants that one file has from another: what they are is said by the file that they stand in, as it is at the same
//! time.

use std::sync::Arc;

use bstr::BString;

use super::shape::{Constant, Constants, Import};
use crate::error::Result;

/// How often a file is read again for what it asks for once it knows more.
pub const MOST_ROUNDS: usize = 4;

/// What gives the constants of the one file that several paths may mean.
pub type Given<'g> = dyn Fn(&[BString]) -> Result<Option<Arc<Constants>>> + 'g;

/// What is asked for, as far as that is known, by the names of the file that asks.
///
/// # Errors
/// A file cannot be read.
pub fn lent(wanted: &[Import], constants: &Given<'_>) -> Result<Constants> {
    let mut lent = Constants::new();
    for import in wanted {
        let Some((local, all)) = import.local.clone().zip(constants(&import.from)?) else { continue };
        let constant = match &import.name {
            Some(name) => all.get(name).cloned(),
            // A module as a whole: nobody can give it another member.
            None => Some(Constant::Members { members: without_classes(&all), is_frozen: true, is_class: false }),
        };
        lent.extend(constant.map(|constant| (local, constant)));
    }
    Ok(lent)
}

/// What can only be had by the names that are listed.
fn without_classes(all: &Constants) -> Constants {
    let is_class = |constant: &Constant| matches!(constant, Constant::Members { is_class: true, .. });
    all.iter().filter(|(_, one)| !is_class(one)).map(|(name, one)| (name.clone(), one.clone())).collect()
}
