//! Paths of fields, in the one spelling that every other spelling comes down to: `a.b[].c`.

use std::fmt;

/// The longest path that is read, in segments.
const MAX_SEGMENTS: usize = 64;

/// A path below a type, never empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Vec<Segment>);

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A member.
    Key(String),
    /// Every item of a list: `[]`, `[*]`, `[0]`, `[i]`, `/0`.
    Each,
    /// Every member whose name fits a pattern with `*`: `customfield_*`, `*`.
    Wildcard(String),
}

impl Segment {
    /// The segment that a member's name in a path is: a pattern where it has a star.
    fn key(name: &str) -> Self {
        if name.contains('*') { Self::Wildcard(name.to_owned()) } else { Self::Key(name.to_owned()) }
    }

    /// Whether this segment of a contract stands for `other`, of code.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Wildcard(pattern), Self::Key(name)) => fits(pattern, name),
            // What code calls "any key" is covered by a pattern for any key alone.
            _ => self == other,
        }
    }
}

/// Whether `name` fits a pattern in which `*` stands for any characters.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut rest = rest;
    let mut last = None;
    for part in parts {
        if let Some(middle) = last.replace(part) {
            let Some((_, after)) = rest.split_once(middle) else { return false };
            rest = after;
        }
    }
    last.is_none_or(|end| rest.ends_with(end))
}

impl FieldPath {
    /// A path of one member.
    pub fn of(name: &str) -> Self {
        Self(vec![Segment::Key(name.to_owned())])
    }

    /// A path of the given steps; `None` without any.
    pub fn from_segments(segments: Vec<Segment>) -> Option<Self> {
        (!segments.is_empty()).then_some(Self(segments))
    }

    /// Reads a path: `a.b[].c`, `$.a[*].b`, a JSON pointer `/a/b/0` (RFC 6901), `a[i].b`, `prices[MRP]`,
    /// `customfield_*`.
    ///
    /// # Errors
    /// What is wrong, one sentence of printable ASCII without a full stop.
    pub fn parse(text: &str) -> Result<Self, String> {
        let segments = match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').map(pointer_segment).collect::<Result<_, _>>()?,
            None => dotted(text.strip_prefix("$.").unwrap_or(text))?,
        };
        if segments.len() > MAX_SEGMENTS {
            return Err(format!("the path has more than {MAX_SEGMENTS} steps"));
        }
        Self::from_segments(segments).ok_or_else(|| "the path is empty".to_owned())
    }

    /// The steps.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The path with one more member.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        self.then(Segment::Key(name.to_owned()))
    }

    /// The path with one more step.
    #[must_use]
    pub fn then(&self, segment: Segment) -> Self {
        let mut longer = self.clone();
        longer.0.push(segment);
        longer
    }

    /// The path with other steps below it.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        let mut longer = self.clone();
        longer.0.extend_from_slice(&below.0);
        longer
    }

    /// The path of what it lies in; `None` at the top of the type.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.0.split_last()?;
        Self::from_segments(above.to_vec())
    }

    /// The name of the last member on the way.
    pub fn name(&self) -> &str {
        let names = self.0.iter().rev().find_map(|segment| match segment {
            Segment::Key(name) | Segment::Wildcard(name) => Some(name.as_str()),
            Segment::Each => None,
        });
        names.unwrap_or_default()
    }

    /// Whether the path, as a contract lists it, stands for `other`, as code has it.
    pub fn covers(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(own, other)| own.covers(other))
    }

    /// Whether the path lies below `other`, or is it, when `other` is what code names and this what a contract lists.
    pub fn is_below(&self, other: &Self) -> bool {
        self.0.len() >= other.0.len() && self.0.iter().zip(&other.0).all(|(own, other)| own.covers(other))
    }

    /// The first member's name as a type, and the rest as the path below it: what `order.total` means where no type is
    /// named. `None` for a path of one step.
    pub fn split_type(&self) -> Option<(&str, Self)> {
        let (first, rest) = self.0.split_first()?;
        let Segment::Key(name) = first else { return None };
        Some((name, Self::from_segments(rest.to_vec())?))
    }

    /// Whether the path has a wildcard.
    pub fn is_pattern(&self) -> bool {
        self.0.iter().any(|segment| matches!(segment, Segment::Wildcard(_)))
    }
}

fn pointer_segment(text: &str) -> Result<Segment, String> {
    if text.is_empty() {
        return Err("the JSON pointer has an empty step".to_owned());
    }
    if text == "-" || text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(Segment::Each);
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || "`|".contains(c)) {
        return Err("the JSON pointer has characters that no field's name has".to_owned());
    }
    let name = text.replace("~1", "/").replace("~0", "~");
    Ok(Segment::key(&name))
}

/// Reads `a.b[].c`, with any of `[]`, `[*]`, `[0]`, `[i]`, `['x']` and `[X]` after a name.
fn dotted(text: &str) -> Result<Vec<Segment>, String> {
    let mut segments = Vec::new();
    let mut rest = text;
    loop {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        match name {
            // `$[*].a` and `[].a` begin with a list.
            "" | "$" if segments.is_empty() && after.starts_with('[') => {}
            "" => return Err("the path has an empty step".to_owned()),
            name => segments.push(Segment::key(plain(name)?)),
        }
        rest = after;
        while let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']').ok_or("the path has a `[` without its `]`")?;
            segments.push(subscript(index)?);
            rest = after;
        }
        match rest.strip_prefix('.') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Ok(segments),
            None => return Err("after `]` comes a dot or the end".to_owned()),
        }
    }
}

/// A name without the characters that no name of a field has, outside quotes.
fn plain(name: &str) -> Result<&str, String> {
    let odd = |c: char| c.is_whitespace() || c.is_control() || "/\\()<>{}[]\"'`|,;=+?!&\u{2192}".contains(c);
    match name.chars().find(|c| odd(*c)) {
        Some(_) => Err("the path has characters that no field's name has".to_owned()),
        None => Ok(name),
    }
}

fn subscript(index: &str) -> Result<Segment, String> {
    let quoted = ['\'', '"'].into_iter().find_map(|mark| index.strip_prefix(mark)?.strip_suffix(mark));
    if let Some(name) = quoted {
        let fits = !name.is_empty() && !name.chars().any(char::is_control);
        return if fits { Ok(Segment::Key(name.to_owned())) } else { Err("the path has an empty step".to_owned()) };
    }
    let counts = index.is_empty() || index == "*" || index.bytes().all(|byte| byte.is_ascii_digit());
    // Loops count with `i`, `j`, `n`, `idx`, `index`; other words are keys: `prices[MRP]`.
    let variable =
        matches!(index, "idx" | "index") || (index.len() == 1 && index.bytes().all(|b| b.is_ascii_lowercase()));
    if counts || variable { Ok(Segment::Each) } else { Ok(Segment::key(plain(index)?)) }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Each => f.write_str("[]")?,
                Segment::Key(name) | Segment::Wildcard(name) => {
                    let bare = plain(name).is_ok() && !name.contains(['.', '[', ']', '*']) && !name.is_empty();
                    match (bare || matches!(segment, Segment::Wildcard(_)), index) {
                        (true, 0) => f.write_str(name)?,
                        (true, _) => write!(f, ".{name}")?,
                        (false, _) => write!(f, "['{name}']")?,
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        FieldPath::parse(text).unwrap().to_string()
    }

    #[test]
    fn every_spelling_comes_down_to_one() {
        for (text, same) in [
            ("a", "a"),
            ("a.b[].c", "a.b[].c"),
            ("$.a[*].b", "a[].b"),
            ("$[*].a", "[].a"),
            ("/a/b/0", "a.b[]"),
            ("/a~1b/c", "['a/b'].c"),
            ("a[i].b", "a[].b"),
            ("data[0].firstName", "data[].firstName"),
            ("prices[MRP]", "prices.MRP"),
            ("a['x.y'].z", "a['x.y'].z"),
            ("fields.customfield_*", "fields.customfield_*"),
            ("a[][]", "a[][]"),
        ] {
            assert_eq!(written(text), same, "{text}");
            assert_eq!(written(same), same);
        }
    }

    #[test]
    fn what_is_no_path_says_why() {
        for text in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "a[",
            "a[0",
            "a]b",
            "a[0]b",
            "//",
            "/",
            "a b",
            "first + last",
            "a\n",
            "/words and | bars",
        ] {
            let error = FieldPath::parse(text).map(|path| path.to_string());
            assert!(error.is_err(), "{text:?} was read as {error:?}");
        }
        assert!(FieldPath::parse(&"a.".repeat(100_000)).is_err());
        assert!(FieldPath::parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn a_pattern_covers_names_and_nothing_else() {
        let covers = |own: &str, other: &str| FieldPath::parse(own).unwrap().covers(&FieldPath::parse(other).unwrap());
        assert!(covers("a.customfield_*", "a.customfield_10"));
        assert!(covers("a.*", "a.b") && covers("*_id", "order_id") && covers("a*c*e", "abcde"));
        assert!(!covers("a.customfield_*", "a.custom") && !covers("a.*", "a.b.c") && !covers("a*c*e", "abde"));
        assert!(!covers("a.*", "a[]") && !covers("a", "b") && !covers("a.b", "a.*"));
        assert!(covers("ab*ba", "abba") && !covers("ab*ba", "aba"));
    }
}
