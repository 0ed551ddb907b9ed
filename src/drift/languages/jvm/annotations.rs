//! Annotations, by their last names, whatever library they come from.

use std::collections::BTreeSet;

/// The annotations of one declaration.
#[derive(Default)]
pub(in super::super) struct Annotations(pub(in super::super) Vec<Annotation>);

/// One of them.
pub(in super::super) struct Annotation {
    /// Its name, without its package.
    pub(in super::super) name: String,
    /// Its arguments; lists are taken apart.
    pub(in super::super) arguments: Vec<Argument>,
}

/// An argument, or one item of one that is a list.
pub(in super::super) struct Argument {
    /// Its name; `value` for one without.
    pub(in super::super) name: String,
    /// Where it stands.
    pub(in super::super) at: u32,
    /// The string that it is.
    pub(in super::super) string: Option<String>,
    /// The last name of what it says: `STRING` of `Shape.STRING`, `B` of `A.B.class`.
    pub(in super::super) word: String,
}

/// A name on the wire.
pub(in super::super) enum Named {
    /// With where it stands.
    Known(String, u32),
    /// It is no literal.
    Unknown(u32),
}

impl Argument {
    /// An argument that says `text`.
    pub(in super::super) fn new(name: &str, at: u32, string: Option<String>, text: &str) -> Self {
        let text = text.strip_suffix(".class").or_else(|| text.strip_suffix("::class")).unwrap_or(text);
        let word = text.rsplit('.').next().unwrap_or(text).trim().to_owned();
        Self { name: name.to_owned(), at, string, word }
    }
}

impl Annotations {
    /// The first with one of these names.
    pub(in super::super) fn find(&self, names: &[&str]) -> Option<&Annotation> {
        self.0.iter().find(|annotation| names.contains(&annotation.name.as_str()))
    }

    /// Whether there is one with one of these names that is not switched off by `false`.
    pub(in super::super) fn has(&self, names: &[&str]) -> bool {
        let is_on = |annotation: &Annotation| annotation.word("value") != Some("false");
        self.0.iter().any(|annotation| names.contains(&annotation.name.as_str()) && is_on(annotation))
    }

    /// The name on the wire that one of these annotations gives by one of these arguments.
    pub(in super::super) fn name(&self, names: &[&str], arguments: &[&str]) -> Option<Named> {
        let named = self.0.iter().filter(|annotation| names.contains(&annotation.name.as_str()));
        let argument =
            named.flat_map(|annotation| arguments.iter().filter_map(|name| annotation.argument(name))).next()?;
        match &argument.string {
            Some(name) if name.is_empty() => None,
            Some(name) => Some(Named::Known(name.clone(), argument.at)),
            None => Some(Named::Unknown(argument.at)),
        }
    }
}

impl Annotation {
    /// An argument.
    pub(in super::super) fn argument(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|argument| argument.name == name)
    }

    /// The strings of an argument; `None` where one cannot be read.
    pub(in super::super) fn strings(&self, name: &str) -> Option<BTreeSet<String>> {
        self.arguments.iter().filter(|argument| argument.name == name).map(|argument| argument.string.clone()).collect()
    }

    /// The last name of what an argument says.
    pub(in super::super) fn word(&self, name: &str) -> Option<&str> {
        self.argument(name).map(|argument| argument.word.as_str())
    }
}
