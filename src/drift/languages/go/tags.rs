//! Tags of struct fields, read as `reflect.StructTag` does.

use tree_sitter::Node;

use super::super::tree;

/// The keys that name fields, the first that a definition uses counts, with what each does by itself.
pub(super) const KEYS: [Key; 8] = [
    Key { name: "json", lower: false, promotes: true, inline: "", writer: "MarshalJSON", bare: false },
    Key { name: "yaml", lower: true, promotes: false, inline: "inline", writer: "MarshalYAML", bare: true },
    Key { name: "bson", lower: true, promotes: false, inline: "inline", writer: "MarshalBSON", bare: true },
    Key { name: "toml", lower: false, promotes: true, inline: "", writer: "MarshalTOML", bare: false },
    Key { name: "mapstructure", lower: false, promotes: false, inline: "squash", writer: "", bare: false },
    Key { name: "firestore", lower: false, promotes: true, inline: "", writer: "", bare: false },
    Key {
        name: "dynamodbav",
        lower: false,
        promotes: true,
        inline: "",
        writer: "MarshalDynamoDBAttributeValue",
        bare: false,
    },
    Key { name: "db", lower: true, promotes: true, inline: "", writer: "", bare: false },
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
    /// The method by which a type writes itself.
    pub(super) writer: &'static str,
    /// A tag without any key is one of this.
    pub(super) bare: bool,
}

impl Key {
    /// The value of the key in a tag.
    pub(super) fn value(&self, tag: &str) -> Option<String> {
        let whole = || Some(tag).filter(|tag| self.bare && !tag.is_empty() && !tag.contains(':'));
        lookup(tag, self.name).or_else(|| whole().map(str::to_owned))
    }
}

/// The key that counts in all structs of a type; `None` without any tag.
pub(super) fn key_of(text: &str, ty: Node<'_>) -> Option<&'static Key> {
    let mut first: Option<usize> = None;
    tree::walk(ty, |node| {
        let tag = tree::field(node, "tag").filter(|_| node.kind() == "field_declaration");
        if let Some(tag) = tag.and_then(|tag| unquote(tree::said(text, tag))) {
            let place = KEYS.iter().position(|key| lookup(&tag, key.name).is_some());
            first = first.into_iter().chain(place).min();
        }
        true
    });
    KEYS.get(first?)
}

/// What a tag says under one key.
#[derive(Default)]
pub(super) struct Tag {
    /// The name, empty where it says none.
    pub(super) name: String,
    /// The field does not exist on the wire.
    pub(super) skipped: bool,
    /// Whether the name is one to Go is not known.
    pub(super) is_unclear: bool,
    /// What follows the name.
    options: Vec<String>,
}

impl Tag {
    /// Reads the value of a key.
    pub(super) fn new(value: &str) -> Self {
        let mut steps = value.split(',').map(str::to_owned);
        let name = steps.next().unwrap_or_default();
        let is_name = is_name(&name);
        let name = if is_name == Some(false) { String::new() } else { name };
        Self { name, skipped: value == "-", is_unclear: is_name.is_none(), options: steps.collect() }
    }

    /// Whether an option is given.
    pub(super) fn has(&self, option: &str) -> bool {
        self.options.iter().any(|own| own == option)
    }
}

/// Whether `encoding/json` takes a text for a name, as others do; anything else counts as none. `None` where it is up to
/// tables of Unicode that are not here whether a character is a letter or a digit to Go.
fn is_name(text: &str) -> Option<bool> {
    let mut is_known = true;
    for c in text.chars() {
        let is_mark = "!#$%&()*+-./:;<=>?@[]^_{|}~ ".contains(c);
        match c {
            _ if c.is_ascii() && !(c.is_ascii_alphanumeric() || is_mark) => return Some(false),
            _ if !c.is_alphanumeric() && !c.is_ascii() => return Some(false),
            '\u{80}'..='\u{ff}' if c.is_numeric() => return Some(false),
            _ => is_known &= c.is_ascii() || is_letter(c),
        }
    }
    is_known.then_some(true)
}

/// Whether a character is a letter for certain, and no mark or number that Unicode has among what is alphabetic.
fn is_letter(c: char) -> bool {
    let is_cased = (c.is_lowercase() || c.is_uppercase())
        && !matches!(c, '\u{345}' | '\u{2160}'..='\u{217f}' | '\u{24b6}'..='\u{24e9}' | '\u{1f130}'..='\u{1f189}');
    is_cased
        || c.is_alphabetic()
            && matches!(c, '\u{80}'..='\u{24f}' | '\u{5d0}'..='\u{5ea}' | '\u{620}'..='\u{64a}' | '\u{3041}'..='\u{3096}'
                | '\u{30a1}'..='\u{30fa}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// The value of a key in a tag; nothing after the first mistake is read, as Go does.
fn lookup(tag: &str, key: &str) -> Option<String> {
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
