//! The constants of a file.

use std::collections::BTreeMap;
use std::ops::Range;

/// The constants of a file, by name; `None` for names that mean several things, and where each has another meaning.
#[derive(Default)]
pub(in crate::drift::languages) struct Constants<'a>(BTreeMap<&'a str, Option<String>>, Shadows<'a>);

/// The parts of a file in which names mean something else, in their order.
type Shadows<'a> = BTreeMap<&'a str, Vec<Range<usize>>>;

impl<'a> Constants<'a> {
    /// Takes down a constant.
    pub(in crate::drift::languages) fn add(&mut self, name: &'a str, value: Option<String>) {
        self.0.entry(name).and_modify(|known| *known = None).or_insert(value);
    }

    /// Takes down that the name is also that of a variable somewhere.
    pub(in crate::drift::languages) fn shadow(&mut self, name: &'a str) {
        self.0.insert(name, None);
    }

    /// Takes down that a part of the file, behind those before, has a variable of that name.
    #[cfg(feature = "go")]
    pub(in crate::drift::languages) fn shadow_in(&mut self, name: &'a str, part: Range<usize>) {
        let parts = self.1.entry(name).or_default();
        if parts.last() != Some(&part) {
            parts.push(part);
        }
    }

    /// The value of a constant at a place where no variable has its name.
    #[cfg(feature = "go")]
    pub(in crate::drift::languages) fn get_at(&self, name: &str, at: usize) -> Option<String> {
        if self.is_plain_at(name, at) { self.get(name) } else { None }
    }

    /// Whether no variable has the name at a place.
    #[cfg(feature = "go")]
    pub(in crate::drift::languages) fn is_plain_at(&self, name: &str, at: usize) -> bool {
        let parts = self.1.get(name).map_or(&[][..], Vec::as_slice);
        let before = parts.partition_point(|part| part.start <= at);
        before.checked_sub(1).and_then(|last| parts.get(last)).is_none_or(|part| at >= part.end)
    }

    /// Whether the file declares a constant or a variable of this name.
    #[cfg(feature = "go")]
    pub(in crate::drift::languages) fn knows(&self, name: &str) -> bool {
        self.0.contains_key(name) || self.1.contains_key(name)
    }

    /// The value of a constant that means one thing in all of the file.
    pub(in crate::drift::languages) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name)?.clone()
    }
}
