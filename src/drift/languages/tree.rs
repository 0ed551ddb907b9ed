//! What the languages that tree-sitter parses share: bounded parsing, steps through the tree, literals and the places that
//! write into a contract.

mod constants;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use tree_sitter::{Language, Node, ParseOptions, Parser, Tree};

pub(super) use self::constants::Constants;
use crate::drift::path::{FieldPath, Segment};
use crate::drift::shape::{Form, HANDED_ON, Module, Site, Sites, TABLE_CHANGED, Unread};

/// How deep types and literals nest before they count as unread.
pub(super) const MAX_DEPTH: usize = 128;

/// How many steps of a name are looked at, from its end: each step of a long chain of calls begins where all of them do.
pub(super) const MAX_STEPS: usize = 32;

/// The parser asks for the text in pieces, so that text which makes it look ahead again and again is noticed.
const PIECE: usize = 1024;
/// How often each piece is asked for, on average, before the parser is stopped. Code asks once or twice.
const LOOKS: usize = 64;
/// How many hundreds of steps the parser takes for each piece before it is stopped. It takes sixty where each byte is a
/// token, and fewer for code.
const STEPS: usize = 200;
/// How many hundreds of steps it takes after the first error, to find out where that ends.
const STEPS_AFTER_ERROR: usize = 20;

/// The tree of a text without any error.
pub(super) fn parse(language: &Language, text: &str) -> Result<Tree, Unread> {
    let mut parser = Parser::new();
    if parser.set_language(language).is_err() {
        return Err(Unread::new(0, "this refgate was built with a grammar that its parser does not know"));
    }
    let pieces = text.len() / PIECE + 16;
    let (mut looks, mut steps, mut seen) = (pieces * LOOKS, pieces * STEPS, None);
    let mut end = None;
    let mut read = |at: usize, _| {
        looks = looks.saturating_sub(1);
        match text.as_bytes().get(at..) {
            Some(rest) if looks > 0 && !rest.is_empty() => rest.get(..PIECE).unwrap_or(rest),
            _ if end == Some(at) || at > text.len() => &[],
            // A line without its end is a line, and some scanners look for one for ever.
            _ => {
                end = Some(at + 1);
                b"\n"
            }
        }
    };
    let mut progress = |state: &tree_sitter::ParseState| {
        if state.has_error() && seen.is_none() {
            seen = Some(state.current_byte_offset());
            steps = steps.min(STEPS_AFTER_ERROR);
        }
        steps = steps.saturating_sub(1);
        if steps == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let tree = parser.parse_with_options(&mut read, None, Some(options));
    match (tree, seen) {
        _ if looks == 0 => Err(Unread::new(0, "the file takes too long to parse")),
        (Some(tree), _) => match broken(tree.root_node()) {
            Some(node) => Err(Unread::new(at(node), "a syntax error: nothing of this file is read")),
            None => Ok(tree),
        },
        (None, Some(offset)) => Err(Unread::new(offset_of(offset), "a syntax error: nothing of this file is read")),
        (None, None) => Err(Unread::new(0, "the file takes too long to parse")),
    }
}

/// The first place that did not parse.
fn broken(root: Node<'_>) -> Option<Node<'_>> {
    let mut cursor = root.walk();
    let mut found = None;
    while cursor.node().has_error() {
        found = Some(cursor.node());
        if cursor.node().is_error() || !cursor.goto_first_child() {
            break;
        }
        while !cursor.node().has_error() && cursor.goto_next_sibling() {}
    }
    found
}

/// Where a node begins.
pub(super) fn at(node: Node<'_>) -> u32 {
    offset_of(node.start_byte())
}

fn offset_of(byte: usize) -> u32 {
    u32::try_from(byte).unwrap_or(u32::MAX)
}

/// What a node says.
pub(super) fn said<'a>(text: &'a str, node: Node<'_>) -> &'a str {
    text.get(node.byte_range()).unwrap_or_default()
}

/// A name with its dots, from its steps in the order of the file, the last first; `?` stands for what is no name.
pub(super) fn dotted(steps: &[&str]) -> String {
    steps.iter().rev().copied().collect::<Vec<_>>().join(".")
}

/// The named children, without comments.
pub(super) fn parts<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.is_extra()).collect()
}

/// The first child of a kind.
pub(super) fn part<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).find(|child| child.kind() == kind)
}

/// The child in a role.
pub(super) fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}

/// The children in a role, without commas.
pub(super) fn fields<'t>(node: Node<'t>, name: &str) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.children_by_field_name(name, &mut cursor).filter(Node::is_named).collect()
}

/// Shows every node, parents first, without recursion; where `visit` says so, not what lies in it.
pub(super) fn walk<'t>(top: Node<'t>, mut visit: impl FnMut(Node<'t>) -> bool) {
    let mut cursor = top.walk();
    loop {
        if visit(cursor.node()) && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// The text of a literal between its marks, with the escapes of C and its children; `None` for what is none of theirs.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match rest.next()? {
            'a' => '\u{7}',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            's' => ' ',
            't' => '\t',
            'v' => '\u{b}',
            c @ ('\\' | '\'' | '"' | '$') => c,
            'x' => code(&mut rest, 2).filter(char::is_ascii)?,
            'u' => code(&mut rest, 4)?,
            'U' => code(&mut rest, 8)?,
            _ => return None,
        });
    }
    Some(out)
}

fn code(rest: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let number = rest.take(digits).try_fold((0u32, 0), |(sum, count), c| {
        let digit = c.to_digit(16)?;
        Some((sum.checked_mul(16)?.checked_add(digit)?, count + 1))
    });
    let (number, count) = number?;
    (count == digits).then(|| char::from_u32(number)).flatten()
}

/// A sentence's part that quotes a name of the file, in printable ASCII.
pub(super) fn quoted(name: &str) -> String {
    let fits = name.len() <= 80 && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'`');
    if fits { format!("`{name}`") } else { "this".to_owned() }
}

/// What the value of a key is, as far as mapping sites ask.
pub(super) enum Value<'t> {
    /// An object literal: its keys and values.
    Object(Vec<Entry<'t>>),
    /// A list literal.
    List(Vec<Node<'t>>),
    /// Anything else.
    Other,
}

/// An entry of an object literal.
pub(super) struct Entry<'t> {
    /// The key; `None` where it cannot be read.
    pub(super) key: Option<String>,
    /// Where the key stands.
    pub(super) at: u32,
    /// The value; `None` where it is not written beside the key.
    pub(super) value: Option<Node<'t>>,
}

/// What a language says about its expressions, so that sites are found in one way for all.
pub(super) trait Reader<'t> {
    /// Whether functions are members of classes, so that `Mapping.map` with a capital is the function itself.
    const CLASSES: bool = false;
    /// What a callee may be, by what the file imports.
    fn meanings(&self, callee: &str) -> Vec<String>;
    /// The string that an expression is, with constants of the same file folded.
    fn string(&self, node: Node<'t>) -> Option<String>;
    /// What an expression is.
    fn value(&self, node: Node<'t>) -> Value<'t>;
    /// The values of an object literal whose keys have no name on the wire, or none that this file says.
    fn nameless(&self, _: Node<'t>) -> Vec<Node<'t>> {
        Vec::new()
    }
    /// The literal itself, without what may stand around it.
    fn core(&self, node: Node<'t>) -> Node<'t> {
        node
    }
    /// Whether an expression is a literal number or the like, which is no path and hides none.
    fn is_number(&self, node: Node<'t>) -> bool;
}

/// The sites of a file as they are found.
pub(super) struct Finder<'s, R> {
    /// What is looked for.
    pub(super) sites: &'s Sites,
    /// The language.
    pub(super) reader: R,
    /// Object literals that belong to one that was read already, by their first byte.
    done: BTreeSet<usize>,
    /// Names that were read with what is around them, or that declare what they name, by their first byte.
    claimed: BTreeSet<u32>,
    /// What tables were read with, by its first byte: a table may begin where what is called does.
    excused: BTreeSet<u32>,
}

impl<'s, 't, R: Reader<'t>> Finder<'s, R> {
    /// For the places that the policy names.
    pub(super) fn new(sites: &'s Sites, reader: R) -> Self {
        Self { sites, reader, done: BTreeSet::new(), claimed: BTreeSet::new(), excused: BTreeSet::new() }
    }

    /// A call of `callee`: of a mapping function, or of a method that takes paths as keys.
    pub(super) fn call(&self, module: &mut Module, callee: &str, node: Node<'t>, arguments: &[Node<'t>]) {
        for (name, argument) in self.functions(callee) {
            match argument.checked_sub(1).and_then(|index| arguments.get(index)) {
                Some(path) => self.path(module, Form::Call, *path, name),
                None => {
                    let reason = format!("this call of {} has no argument {argument}", quoted(name));
                    module.unread.push(Unread::new(at(node), reason));
                }
            }
        }
        let method = callee.rsplit('.').next().unwrap_or_default();
        if let (true, Some(first)) = (self.is_patch(callee, method), arguments.first()) {
            match self.reader.value(*first) {
                Value::Object(entries) => {
                    let nameless = self.reader.nameless(*first).into_iter();
                    let nameless = nameless.map(|value| Entry { key: None, at: at(value), value: Some(value) });
                    entries.into_iter().chain(nameless).for_each(|entry| patched(module, &entry, method));
                }
                Value::List(paths) => paths.iter().for_each(|path| self.path(module, Form::Patch, *path, method)),
                Value::Other if self.reader.is_number(*first) => {}
                Value::Other => self.path(module, Form::Patch, *first, method),
            }
        }
    }

    /// The functions of the policy that a callee is.
    fn functions(&self, callee: &str) -> impl Iterator<Item = &'s (String, usize)> {
        let functions = &self.sites.functions;
        let meanings = if functions.is_empty() { Vec::new() } else { self.reader.meanings(callee) };
        functions.iter().filter(move |(name, _)| meanings.iter().any(|callee| Self::is(name, callee)))
    }

    /// Whether a call is a patch, by the name of its method alone or by that of its receiver as well.
    pub(super) fn is_patch(&self, callee: &str, method: &str) -> bool {
        self.sites.patches_named(method).any(|(name, receiver)| {
            receiver.is_none() || self.reader.meanings(callee).iter().any(|callee| Self::is(name, callee))
        })
    }

    /// Whether a callee is the function of the policy's name.
    fn is(name: &str, callee: &str) -> bool {
        let name = name.strip_prefix("this.").unwrap_or(name);
        let callee = callee.strip_prefix("this.").unwrap_or(callee);
        let Some(above) = callee.strip_suffix(name) else { return false };
        let above = match (above.strip_suffix('.'), above.is_empty()) {
            (_, true) => return true,
            (Some(above), _) => above,
            (None, _) => return false,
        };
        let last = above.rsplit('.').next().unwrap_or_default();
        name.contains('.') || (R::CLASSES && last.starts_with(char::is_uppercase))
    }

    /// Takes down that the name which begins here needs no second look.
    pub(super) fn claim(&mut self, node: Node<'t>) {
        self.claimed.insert(at(node));
    }

    /// Takes down that what begins here was read with what is around it.
    #[cfg(any(feature = "go", feature = "kotlin"))]
    pub(super) fn excuse(&mut self, node: Node<'t>) {
        self.excused.insert(at(node));
    }

    /// Whether what begins here was read with what is around it.
    pub(super) fn is_excused(&self, node: Node<'t>) -> bool {
        self.excused.contains(&at(node))
    }

    /// The name of a function where it is not called: a mapping function is handed on there.
    pub(super) fn handed_on(&self, module: &mut Module, callee: &str, node: Node<'t>) {
        if !self.claimed.contains(&at(node)) && self.functions(callee).next().is_some() {
            module.unread.push(Unread::new(at(node), HANDED_ON));
        }
    }

    /// A path that is a string.
    fn path(&self, module: &mut Module, form: Form, node: Node<'t>, name: &str) {
        match self.reader.string(node) {
            Some(path) => module.sites.push(Site { form, ty: None, path, at: at(node) }),
            None => {
                let reason = format!("the path given to {} is not a literal or a constant of this file", quoted(name));
                module.unread.push(Unread::new(at(node), reason));
            }
        }
    }

    /// The value of something called `name`: a mapping table, if the policy says so.
    pub(super) fn table(&mut self, module: &mut Module, name: &str, node: Node<'t>) {
        if !self.sites.tables.contains(name) {
            return;
        }
        self.done.insert(self.reader.core(node).start_byte());
        let reason =
            || format!("a value of the mapping table {} is not a literal or a constant of this file", quoted(name));
        let values = match self.reader.value(node) {
            Value::Object(entries) => {
                let nameless = self.reader.nameless(node).into_iter().map(|value| (at(value), Some(value)));
                entries.into_iter().map(|entry| (entry.at, entry.value)).chain(nameless).collect()
            }
            Value::List(values) => values.into_iter().map(|value| (at(value), Some(value))).collect(),
            Value::Other => vec![(at(node), None)],
        };
        for (place, value) in values {
            self.tabled(module, place, value, reason);
        }
    }

    /// One more value of the table called `name`.
    pub(super) fn table_value(&self, module: &mut Module, name: &str, node: Node<'t>) {
        if self.sites.tables.contains(name) {
            let reason = || format!("a value of the mapping table {} is not a literal", quoted(name));
            self.tabled(module, at(node), Some(node), reason);
        }
    }

    /// Whether the policy calls a mapping table by this name.
    pub(super) fn is_table(&self, name: &str) -> bool {
        self.sites.tables.contains(name)
    }

    /// The name of a table where nothing that only reads it was found around it.
    pub(super) fn used(&self, module: &mut Module, name: &str, node: Node<'t>) {
        if self.is_table(name) && !self.is_excused(node) {
            module.unread.push(Unread::new(at(node), TABLE_CHANGED));
        }
    }

    fn tabled(&self, module: &mut Module, place: u32, value: Option<Node<'t>>, reason: impl Fn() -> String) {
        match value.and_then(|value| Some((value, self.reader.string(value)?))) {
            Some((value, path)) => module.sites.push(Site { form: Form::Table, ty: None, path, at: at(value) }),
            None => module.unread.push(Unread::new(value.map_or(place, at), reason())),
        }
    }

    /// An object literal, with its type where the code names it.
    pub(super) fn object(&mut self, module: &mut Module, node: Node<'t>, ty: Option<&str>) {
        if self.done.contains(&node.start_byte()) {
            return;
        }
        let declared = ty.filter(|ty| self.sites.types.contains(*ty)).map(str::to_owned);
        if declared.is_none() && self.sites.discriminators.is_empty() {
            return;
        }
        let Value::Object(entries) = self.reader.value(node) else { return };
        let discriminator = entries.iter().find(|entry| self.discriminates(entry.key.as_deref()));
        if declared.is_none() && discriminator.is_none() {
            self.undiscriminated(module, node, &entries);
        }
        let ty = declared.or_else(|| self.reader.string(discriminator?.value?));
        match (ty, discriminator) {
            (Some(ty), _) => self.literal(module, &ty, &entries, None, 0),
            (None, Some(entry)) => {
                let reason = "the type of this object is not a literal or a constant of this file";
                module.unread.push(Unread::new(entry.at, reason));
            }
            (None, None) => {}
        }
    }

    /// Where a type's name stands below a key that is not known, which may say the type of the object.
    fn undiscriminated(&self, module: &mut Module, node: Node<'t>, entries: &[Entry<'t>]) {
        let unknown = entries.iter().filter(|entry| entry.key.is_none()).filter_map(|entry| entry.value);
        for value in unknown.chain(self.reader.nameless(node)) {
            if self.reader.string(value).is_some_and(|text| self.sites.types.contains(&text)) {
                let reason = "the key of this is not known, and it may say the type of the object around it";
                module.unread.push(Unread::new(at(value), reason));
            }
        }
    }

    fn discriminates(&self, key: Option<&str>) -> bool {
        key.is_some_and(|key| self.sites.discriminators.contains(key))
    }

    fn literal(
        &mut self,
        module: &mut Module,
        ty: &str,
        entries: &[Entry<'t>],
        above: Option<&FieldPath>,
        depth: usize,
    ) {
        for entry in entries {
            let Some(key) = &entry.key else {
                let reason = format!("a key of this literal of {} is not written as such", quoted(ty));
                module.unread.push(Unread::new(entry.at, reason));
                continue;
            };
            if self.discriminates(Some(key)) {
                continue;
            }
            let path = above.map_or_else(|| FieldPath::of(key), |above| above.member(key));
            let (inner, path) = self.inner(entry.value, path);
            if inner.is_empty() || depth >= MAX_DEPTH {
                let (ty, path) = (Some(ty.to_owned()), path.to_string());
                module.sites.push(Site { form: Form::Literal, ty, path, at: entry.at });
            }
            if depth < MAX_DEPTH {
                inner.iter().for_each(|entries| self.literal(module, ty, entries, Some(&path), depth + 1));
            }
        }
    }

    /// The object literals that a value consists of, and the path that their keys are below.
    fn inner(&mut self, value: Option<Node<'t>>, path: FieldPath) -> (Vec<Vec<Entry<'t>>>, FieldPath) {
        let Some(value) = value else { return (Vec::new(), path) };
        let mut objects = Vec::new();
        let mut take = |node: Node<'t>, done: &mut BTreeSet<usize>| match self.reader.value(node) {
            Value::Object(entries) if !entries.is_empty() => {
                done.insert(self.reader.core(node).start_byte());
                objects.push(entries);
                None
            }
            Value::List(items) => Some(items),
            _ => None,
        };
        let Some(items) = take(value, &mut self.done) else { return (objects, path) };
        for item in items {
            take(item, &mut self.done);
        }
        let path = if objects.is_empty() { path } else { path.then(Segment::Each) };
        (objects, path)
    }
}

/// Takes a site for one however often it was found: an object literal within a call that copies it is found twice.
#[cfg(any(feature = "java", feature = "kotlin"))]
pub(super) fn tidy(module: &mut Module) {
    let mut seen = BTreeSet::new();
    module.sites.retain(|site| seen.insert((site.at, site.form, site.path.clone())));
    let mut seen = BTreeSet::new();
    module.unread.retain(|unread| seen.insert((unread.at, unread.reason.clone())));
}

fn patched(module: &mut Module, entry: &Entry<'_>, method: &str) {
    match &entry.key {
        Some(path) => module.sites.push(Site { form: Form::Patch, ty: None, path: path.clone(), at: entry.at }),
        None => {
            let reason = format!("a path given to {} is not a literal or a constant of this file", quoted(method));
            module.unread.push(Unread::new(entry.at, reason));
        }
    }
}
