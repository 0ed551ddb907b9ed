//! Tags of struct fields, read as `reflect.StructTag` does.

use super::super::tree;

/// The keys that name fields, the first that a struct uses counts, with what each does by itself.
pub(super) const KEYS: [Key; 8] = [
    Key { name: "json", lower: false, promotes: true, inline: "" },
    Key { name: "yaml", lower: true, promotes: false, inline: "inline" },
    Key { name: "bson", lower: true, promotes: false, inline: "inline" },
    Key { name: "toml", lower: false, promotes: true, inline: "" },
    Key { name: "mapstructure", lower: false, promotes: false, inline: "squash" },
    Key { name: "firestore", lower: false, promotes: true, inline: "" },
    Key { name: "dynamodbav", lower: false, promotes: true, inline: "" },
    Key { name: "db", lower: true, promotes: true, inline: "" },
];

/// A key of tags.
#[derive(Clone, Copy)]
pub(super) struct Key {
    /// The key.
    pub(super) name: &'static str,
    /// Fields without a tag have their name in lower case.
    pub(super) lower: bool,
    /// Embedded structs without a tag bring their fields.
    pub(super) promotes: bool,
    /// The option by which a struct brings its fields.
    pub(super) inline: &'static str,
}

/// What a tag says under one key.
#[derive(Default)]
pub(super) struct Tag {
    /// The name, empty where it says none.
    pub(super) name: String,
    /// The field does not exist on the wire.
    pub(super) skipped: bool,
    /// What follows the name.
    options: Vec<String>,
}

impl Tag {
    /// Reads the value of a key.
    pub(super) fn new(value: &str) -> Self {
        let mut steps = value.split(',').map(str::to_owned);
        let name = steps.next().unwrap_or_default();
        let name = if is_name(&name) { name } else { String::new() };
        Self { name, skipped: value == "-", options: steps.collect() }
    }

    /// Whether an option is given.
    pub(super) fn has(&self, option: &str) -> bool {
        self.options.iter().any(|own| own == option)
    }
}

/// What `encoding/json` takes for a name; anything else counts as none.
fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || "!#$%&()*+-./:;<=>?@[]^_{|}~ ".contains(c))
}

/// The value of a key in a tag; nothing after the first mistake is read, as Go does.
pub(super) fn lookup(tag: &str, key: &str) -> Option<String> {
    let mut rest = tag;
    loop {
        rest = rest.trim_start_matches(' ');
        let end = rest.find(|c: char| c <= ' ' || c == ':' || c == '"' || c == '\u{7f}')?;
        let (name, after) = rest.split_at(end);
        let inner = after.strip_prefix(":\"").filter(|_| !name.is_empty())?;
        let mut escaped = false;
        let close = inner.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        let (value, after) = inner.split_at(close);
        if name == key {
            return unescape(value);
        }
        rest = after.strip_prefix('"')?;
    }
}

/// What a string literal says.
pub(super) fn unquote(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('`') {
        return raw.strip_suffix('`').map(|raw| raw.replace('\r', ""));
    }
    unescape(literal.strip_prefix('"')?.strip_suffix('"')?)
}

/// The text between quotation marks as `strconv.Unquote` reads it: bytes may be octal, and some escapes of others are none
/// of Go's.
fn unescape(text: &str) -> Option<String> {
    let mut steps = text.split('\\');
    let mut out = steps.next().unwrap_or_default().as_bytes().to_vec();
    while let Some(step) = steps.next() {
        let (digits, radix) = match step.chars().next() {
            None => {
                out.push(b'\\');
                out.extend(steps.next()?.bytes());
                continue;
            }
            Some('s' | '$' | '\'') => return None,
            Some('0'..='7') => (step, 8),
            Some('x') => (step.get(1..)?, 16),
            Some(_) => {
                out.extend(tree::unescape(&format!("\\{step}"))?.bytes());
                continue;
            }
        };
        let (code, rest) = digits.split_at_checked(if radix == 8 { 3 } else { 2 })?;
        out.push(u8::from_str_radix(code, radix).ok().filter(|_| !code.starts_with('+'))?);
        out.extend(rest.bytes());
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}
