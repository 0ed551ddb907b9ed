//! Why a constant is not read: what stands in the way, in the words of the file. A place is no part of a reason, or each
//! line that is put above it would make it another one.

use std::collections::HashMap;

use oxc_ast::ast::*;

use super::file::File;
use super::imports::{Origin, origin};
use super::parts::chain;
use super::scopes::Made;

/// Why a path is unread of which no more is to be said.
pub(super) const NO_CONSTANT: &str = "a path that is not written as a literal, or as a constant of this file";
const FOREIGN: &str =
    "import it by a relative path from the file that exports it as a text, with `as const` or `Object.freeze`";

/// How many bytes of a line are shown around a place.
const BEFORE: usize = 40;
const AFTER: usize = 40;

impl<'a> File<'a> {
    /// Why a value is not known as a path.
    pub(super) fn no_path(&self, value: &'a Expression<'a>) -> String {
        self.doubt(value, true).map_or_else(|| NO_CONSTANT.to_owned(), |doubt| format!("a path of a constant, {doubt}"))
    }

    /// The same of a spread, where nothing better is to be said.
    pub(super) fn no_spread(&self, value: &'a Expression<'a>, reason: &str) -> String {
        self.doubt(value, false).map_or_else(|| reason.to_owned(), |doubt| format!("a spread of a constant, {doubt}"))
    }

    /// What keeps a constant, or an object within it, from being believed.
    fn doubt(&self, value: &'a Expression<'a>, is_path: bool) -> Option<String> {
        let (id, steps) = chain(value)?;
        let bindings = self.bindings();
        let variable = bindings.variable(id)?;
        let is_constant = match bindings.made(variable) {
            Made::Constant(value) => {
                matches!(self.frozen(value).0, Expression::ObjectExpression(_) | Expression::ArrayExpression(_))
            }
            Made::Enum(_) | Made::Class(_) => true,
            // Of one of another file that is spread no more is to be said.
            Made::Foreign(_) if !is_path => return None,
            Made::Foreign(specifier) => {
                // One that is known may be changed here.
                let is_known = self.lent(variable).is_some();
                if !is_known && origin(specifier) != Origin::Package {
                    return Some(format!("which is not known of another file: {FOREIGN}"));
                }
                is_known
            }
            Made::Function(_) | Made::Unknown => false,
        };
        let at = match self.plain_of(variable).filter(|_| is_constant) {
            None if is_constant => self.touched_at(variable)?,
            None => return None,
            Some(_) => {
                let known = steps.into_iter().map_while(|step| step).collect::<Vec<_>>();
                // The last one is a text.
                (1..=known.len()).filter_map(|end| known.get(..end)).find_map(|steps| {
                    self.object_at(variable, steps).and_then(|_| self.parts().who_has(variable, steps))
                })?
            }
        };
        let line = self.line_at(at);
        Some(format!("which `{line}` may change: hand on its members alone, or write it as `Object.freeze({{...}})`"))
    }

    /// Where a variable is first handed on, set or kept under another name.
    fn touched_at(&self, variable: usize) -> Option<u32> {
        let touched = self.constants.touched.get_or_init(|| {
            let bindings = self.bindings();
            let mut found = HashMap::new();
            for (name, at) in &bindings.touches {
                if let Some(variable) = bindings.scopes.variable(name, *at) {
                    found.entry(variable).or_insert(*at);
                }
            }
            found
        });
        touched.get(&variable).copied()
    }

    /// What stands around a place on its line.
    fn line_at(&self, at: u32) -> String {
        let (text, at) = (self.source.text.as_bytes(), usize::try_from(at).unwrap_or(usize::MAX));
        let before = text.get(at.saturating_sub(BEFORE)..at).unwrap_or_default();
        let after = text.get(at..text.len().min(at.saturating_add(AFTER))).unwrap_or_default();
        let before = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let after = after.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let shown = before.iter().chain(after).filter(|byte| matches!(byte, b' '..=b'~'));
        shown.map(|byte| char::from(*byte)).collect::<String>().trim().to_owned()
    }
}
