//! The constants of a file.

use std::collections::BTreeMap;

/// The constants of a file, by name; `None` for names that mean several things.
#[derive(Default)]
pub(in crate::drift::languages) struct Constants<'a>(BTreeMap<&'a str, Option<String>>);

impl<'a> Constants<'a> {
    /// Takes down a constant.
    pub(in crate::drift::languages) fn add(&mut self, name: &'a str, value: Option<String>) {
        self.0.entry(name).and_modify(|known| *known = None).or_insert(value);
    }

    /// Takes down that the name is also that of a variable somewhere.
    pub(in crate::drift::languages) fn shadow(&mut self, name: &'a str) {
        self.0.insert(name, None);
    }

    /// Whether the file declares a constant or a variable of this name.
    #[cfg(feature = "go")]
    pub(in crate::drift::languages) fn knows(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The value of a constant that means one thing in all of the file.
    pub(in crate::drift::languages) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name)?.clone()
    }
}
