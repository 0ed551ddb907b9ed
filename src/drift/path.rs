//! Paths of fields, in the one spelling that every other spelling comes down to: `a.b[].c`.

use std::borrow::Cow;
use std::fmt;

/// The longest path that is read, in segments.
const MAX_SEGMENTS: usize = 64;

/// What begins a step. They sort as steps do, and before every character of a name.
const KEY: char = '\u{0}';
const EACH: char = '\u{1}';
const WILDCARD: char = '\u{2}';
/// Comes before a character of a name that is one of these four, which is then written four higher: so no name holds a
/// mark, and names sort as they did.
const ESCAPE: char = '\u{3}';

/// A path below a type, never empty.
///
/// It is one text, each step a mark and a name: to compare two paths is to compare two texts, steps in order, and what
/// lies below a path comes right behind it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(Box<str>);

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'n> {
    /// A member.
    Key(&'n str),
    /// Every item of a list: `[]`, `[*]`, `[0]`, `[i]`, `/0`.
    Each,
    /// Every member whose name fits a pattern with `*`: `customfield_*`, `*`.
    Wildcard(&'n str),
}

impl<'n> Segment<'n> {
    /// Every member, whatever its name.
    pub const ANY: Self = Self::Wildcard("*");

    /// The segment that a member's name in a path is: a pattern where it has a star.
    fn key(name: &'n str) -> Self {
        if name.contains('*') { Self::Wildcard(name) } else { Self::Key(name) }
    }

    /// Whether this segment of a contract stands for `other`, of code.
    fn covers(self, other: Self) -> bool {
        match (self, other) {
            (Self::Wildcard(pattern), Self::Key(name)) => fits(pattern, name),
            // What code calls "any key" is covered by a pattern for any key alone.
            _ => self == other,
        }
    }

    /// Writes the step behind others.
    fn write(self, steps: &mut String) {
        let (mark, name) = match self {
            Self::Key(name) => (KEY, name),
            Self::Each => (EACH, ""),
            Self::Wildcard(name) => (WILDCARD, name),
        };
        steps.push(mark);
        if !name.bytes().any(|byte| char::from(byte) <= ESCAPE) {
            return steps.push_str(name);
        }
        for c in name.chars() {
            match u8::try_from(c) {
                Ok(low) if c <= ESCAPE => steps.extend([ESCAPE, char::from(low + 4)]),
                _ => steps.push(c),
            }
        }
    }
}

/// Whether a character begins a step.
const fn is_mark(c: char) -> bool {
    c < ESCAPE
}

/// A name as it was before it was written into a path.
fn unescaped(name: &str) -> Cow<'_, str> {
    let mut pieces = name.split(ESCAPE);
    let first = pieces.next().unwrap_or_default();
    if first.len() == name.len() {
        return Cow::Borrowed(name);
    }
    let mut whole = first.to_owned();
    for piece in pieces {
        let mut rest = piece.chars();
        whole.extend(rest.next().and_then(|c| u8::try_from(c).ok()).map(|high| char::from(high.saturating_sub(4))));
        whole.push_str(rest.as_str());
    }
    Cow::Owned(whole)
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
    /// A path of one step.
    pub fn new(step: Segment<'_>) -> Self {
        Self::below("", step)
    }

    /// A path of one member.
    pub fn of(name: &str) -> Self {
        Self::new(Segment::Key(name))
    }

    fn below(steps: &str, step: Segment<'_>) -> Self {
        let name = match step {
            Segment::Key(name) | Segment::Wildcard(name) => name,
            Segment::Each => "",
        };
        let mut longer = String::with_capacity(steps.len() + 1 + name.len());
        longer.push_str(steps);
        step.write(&mut longer);
        Self(longer.into())
    }

    /// Reads a path: `a.b[].c`, `$.a[*].b`, a JSON pointer `/a/b/0` (RFC 6901), `a[i].b`, `prices[MRP]`,
    /// `customfield_*`.
    ///
    /// # Errors
    /// What is wrong, one sentence of printable ASCII without a full stop.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = String::with_capacity(text.len() + 1);
        match text.strip_prefix('/') {
            Some(pointer) => pointer.split('/').try_for_each(|step| pointed(step, &mut steps))?,
            None => dotted(text.strip_prefix("$.").unwrap_or(text), &mut steps)?,
        }
        let path = Self(steps.into());
        match path.depth() {
            0 => Err("the path is empty".to_owned()),
            1..=MAX_SEGMENTS => Ok(path),
            _ => Err(format!("the path has more than {MAX_SEGMENTS} steps")),
        }
    }

    /// The steps. Control characters stand in their names as they do in the path.
    fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        let mut rest = &*self.0;
        std::iter::from_fn(move || {
            let mut after = rest.chars();
            let mark = after.next()?;
            let after = after.as_str();
            let end = after.bytes().position(|byte| is_mark(char::from(byte)));
            let (name, more) = after.split_at_checked(end.unwrap_or(after.len()))?;
            rest = more;
            Some(match mark {
                KEY => Segment::Key(name),
                EACH => Segment::Each,
                _ => Segment::Wildcard(name),
            })
        })
    }

    /// How many bytes its steps have, each with its mark.
    #[expect(clippy::len_without_is_empty, reason = "a path is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many steps it has.
    pub fn depth(&self) -> usize {
        self.0.bytes().filter(|byte| is_mark(char::from(*byte))).count()
    }

    /// The path with one more member.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        self.then(Segment::Key(name))
    }

    /// The path with one more step.
    #[must_use]
    pub fn then(&self, step: Segment<'_>) -> Self {
        Self::below(&self.0, step)
    }

    /// The path with other steps below it.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self([&*self.0, &*below.0].concat().into())
    }

    /// The path of what it lies in; `None` at the top of the type.
    pub fn parent(&self) -> Option<Self> {
        let above = self.above();
        (!above.is_empty()).then(|| Self(above.into()))
    }

    /// The steps of what it lies in, to compare by: two paths have the same parent when these are the same.
    pub fn above(&self) -> &str {
        self.0.rfind(is_mark).and_then(|last| self.0.get(..last)).unwrap_or_default()
    }

    /// The name of the last member on the way.
    pub fn name(&self) -> &str {
        let names = self.segments().filter_map(|segment| match segment {
            Segment::Key(name) | Segment::Wildcard(name) => Some(name),
            Segment::Each => None,
        });
        names.last().unwrap_or_default()
    }

    /// Whether the path, as a contract lists it, stands for `other`, as code has it.
    pub fn covers(&self, other: &Self) -> bool {
        self.depth() == other.depth() && self.is_below(other)
    }

    /// Whether the path lies below `other`, or is it, when `other` is what code names and this what a contract lists.
    pub fn is_below(&self, other: &Self) -> bool {
        self.depth() >= other.depth() && self.segments().zip(other.segments()).all(|(own, other)| own.covers(other))
    }

    /// Whether the path begins with all steps of `other`.
    pub fn begins_with(&self, other: &Self) -> bool {
        self.0.strip_prefix(&*other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with(is_mark))
    }

    /// The first member's name as a type, and the rest as the path below it: what `order.total` means where no type is
    /// named. `None` for a path of one step.
    pub fn split_type(&self) -> Option<(&str, Self)> {
        let (name, below) = self.0.strip_prefix(KEY)?.split_at_checked(self.0.get(1..)?.find(is_mark)?)?;
        Some((name, Self(below.into())))
    }

    /// Whether the path has a wildcard.
    pub fn is_pattern(&self) -> bool {
        self.0.bytes().any(|byte| char::from(byte) == WILDCARD)
    }
}

fn pointed(text: &str, steps: &mut String) -> Result<(), String> {
    if text.is_empty() {
        return Err("the JSON pointer has an empty step".to_owned());
    }
    if text == "-" || text.bytes().all(|byte| byte.is_ascii_digit()) {
        Segment::Each.write(steps);
        return Ok(());
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || "`|".contains(c)) {
        return Err("the JSON pointer has characters that no field's name has".to_owned());
    }
    Segment::key(&text.replace("~1", "/").replace("~0", "~")).write(steps);
    Ok(())
}

/// Reads `a.b[].c`, with any of `[]`, `[*]`, `[0]`, `[i]`, `['x']` and `[X]` after a name.
fn dotted(text: &str, steps: &mut String) -> Result<(), String> {
    let mut rest = text;
    loop {
        let end = rest.bytes().position(|byte| matches!(byte, b'.' | b'[')).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        match name {
            // `$[*].a` and `[].a` begin with a list.
            "" | "$" if steps.is_empty() && after.starts_with('[') => {}
            "" => return Err("the path has an empty step".to_owned()),
            name => Segment::key(plain(name)?).write(steps),
        }
        rest = after;
        while let Some(inner) = rest.strip_prefix('[') {
            let (index, after) = inner.split_once(']').ok_or("the path has a `[` without its `]`")?;
            subscript(index)?.write(steps);
            rest = after;
        }
        match rest.strip_prefix('.') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Ok(()),
            None => return Err("after `]` comes a dot or the end".to_owned()),
        }
    }
}

/// A name without the characters that no name of a field has, outside quotes.
fn plain(name: &str) -> Result<&str, String> {
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) && name.contains(is_odd) {
        return Err("the path has characters that no field's name has".to_owned());
    }
    Ok(name)
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_odd(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => false,
        '/' | '\\' | '(' | ')' | '<' | '>' | '{' | '}' | '[' | ']' | '"' | '\'' | '`' | '|' | ',' | ';' | '=' | '+'
        | '?' | '!' | '&' | '\u{2192}' => true,
        _ => c.is_whitespace() || c.is_control(),
    }
}

fn subscript(index: &str) -> Result<Segment<'_>, String> {
    let quoted = ['\'', '"'].into_iter().find_map(|mark| index.strip_prefix(mark)?.strip_suffix(mark));
    if let Some(name) = quoted {
        let fits = !name.is_empty() && !name.chars().any(char::is_control);
        return if fits { Ok(Segment::Key(name)) } else { Err("the path has an empty step".to_owned()) };
    }
    let counts = index.is_empty() || index == "*" || index.bytes().all(|byte| byte.is_ascii_digit());
    // Loops count with `i`, `j`, `n`, `idx`, `index`; other words are keys: `prices[MRP]`.
    let variable =
        matches!(index, "idx" | "index") || (index.len() == 1 && index.bytes().all(|b| b.is_ascii_lowercase()));
    if counts || variable { Ok(Segment::Each) } else { Ok(Segment::key(plain(index)?)) }
}

impl FieldPath {
    /// The path as it is written: what [`fmt::Display`] says, without its detours.
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(self.0.len() + 1);
        // A text takes whatever is written into it.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, f: &mut impl fmt::Write) -> fmt::Result {
        for (index, segment) in self.segments().enumerate() {
            match segment {
                Segment::Each => f.write_str("[]")?,
                // Most names are words.
                Segment::Key(name) if is_word(name) => {
                    f.write_str(if index == 0 { "" } else { "." })?;
                    f.write_str(name)?;
                }
                Segment::Key(name) | Segment::Wildcard(name) => {
                    let bare = !name.contains(|c| is_odd(c) || matches!(c, '.' | '*')) && !name.is_empty();
                    let name = unescaped(name);
                    match (bare || matches!(segment, Segment::Wildcard(_)), index) {
                        (true, 0) => f.write_str(&name)?,
                        (true, _) => write!(f, ".{name}")?,
                        (false, _) => write!(f, "['{name}']")?,
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let path = FieldPath::parse(text).unwrap();
        assert_eq!(path.text(), path.to_string());
        path.text()
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

    #[test]
    fn paths_sort_by_their_steps_whatever_stands_in_names() {
        let names =
            ["", "\u{0}", "\u{0}a", "\u{1}", "\u{2}", "\u{3}", "\u{4}", "\u{7}", "a", "a\u{0}", "a-b", "aa", "\u{e9}"];
        let steps: Vec<Segment<'_>> = names
            .into_iter()
            .map(Segment::Key)
            .chain([Segment::Each])
            .chain(["\u{0}*", "*", "a*"].map(Segment::Wildcard))
            .collect();
        let mut paths: Vec<(Vec<usize>, FieldPath)> = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            paths.push((vec![index], FieldPath::new(*step)));
            for (next, below) in steps.iter().enumerate() {
                paths.push((vec![index, next], FieldPath::new(*step).then(*below)));
            }
        }
        for (order, path) in &paths {
            assert_eq!(path.depth(), order.len());
            assert_eq!(path.parent().map(|above| above.depth()), order.len().checked_sub(1).filter(|left| *left > 0));
            for (other_order, other) in &paths {
                assert_eq!(path.cmp(other), order.cmp(other_order), "{path:?} {other:?}");
                assert_eq!(path.begins_with(other), order.starts_with(other_order), "{path:?} {other:?}");
            }
        }
        for (name, step) in names.into_iter().zip(&steps) {
            let shown = FieldPath::new(*step).to_string();
            assert!(shown == name || shown == format!("['{name}']"), "{name:?} is shown as {shown:?}");
        }
    }
}
