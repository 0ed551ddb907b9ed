//! From the blocks of a page to a contract: which type each block stands under, and whether it counts.

use std::ops::Range;

use super::names::{self, Named, Shape};
use super::{Columns, Contract, Entry, Form, Retired, Section, Target, table};
use crate::drift::acknowledgement;
use crate::drift::page::{self, Block, Item, Kind, Run};
use crate::drift::path::FieldPath;
use crate::drift::problem::{Lines, Problem, short};
use crate::escape::excerpt;

/// The endings of files that a heading may name without a folder.
const ENDINGS: [&str; 22] = [
    ".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".yaml", ".yml", ".py", ".pyi", ".rs",
    ".go", ".java", ".kt", ".kts", ".sql", ".prisma", ".graphql", ".proto",
];

/// The longest name of a type or source.
const MAX_NAME: usize = 512;

/// Where blocks stand.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Under {
    /// A source file in backticks.
    Source(String),
    /// A type in backticks, by its section.
    Type(usize),
    /// One plain identifier.
    Word(String),
    /// "Drift acknowledgements".
    Acknowledgements,
    /// Any other heading.
    Prose,
}

pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) lines: Lines,
    pub(super) columns: &'a Columns,
    pub(super) out: Contract,
    /// The headings around, with their levels and offsets.
    headings: Vec<(u8, u32, Under)>,
    /// Whether the page has regions.
    fenced: bool,
    /// Where the open region began.
    region: Option<usize>,
    pub(super) tables: u32,
}

/// Reads a page without its byte order mark.
pub(super) fn read(text: &str, columns: &Columns) -> Contract {
    let blocks = page::blocks(text);
    let fenced = blocks.iter().any(|block| matches!(block, Block::Mark { .. }));
    let mut reader = Reader {
        text,
        lines: Lines::of(text),
        columns,
        out: Contract::default(),
        headings: Vec::new(),
        fenced,
        region: None,
        tables: 0,
    };
    for block in &blocks {
        reader.block(block);
    }
    reader.close(0, text.len());
    if let Some(at) = reader.region
        && reader.close_region(text.len())
    {
        reader.problem(
            at,
            "the region is not closed",
            "write `<!-- /refgate:contract -->` on a line of its own behind it",
        );
    }
    reader.out
}

impl Reader<'_> {
    pub(super) fn problem(&mut self, at: usize, message: impl Into<String>, help: impl Into<String>) {
        let (line, column) = self.lines.place(at);
        self.out.problems.push(Problem::new(line, message, help).at(column));
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading { level, runs, range } => self.heading(*level, runs, range),
            Block::Item(item) => self.item(item),
            Block::Table(table) => {
                self.tables = self.tables.saturating_add(1);
                table::read(self, table);
            }
            Block::Mark { opens: true, at } => {
                if self.region.replace(*at).is_some() {
                    self.problem(*at, "the region above is still open", "close it first, or remove this mark");
                }
            }
            Block::Mark { opens: false, at } => {
                if !self.close_region(*at) {
                    self.problem(*at, "no region is open here", "remove this mark, or open the region above");
                }
            }
            Block::BadMark { at } => self.problem(
                *at,
                "this looks like the mark of a region and is none",
                "write `<!-- refgate:contract -->` or `<!-- /refgate:contract -->`, on a line of its own",
            ),
            Block::Html { at } if self.counts() && (self.ty().is_some() || self.region.is_some()) => {
                self.problem(*at, "lists and tables in HTML are not read", "write them in Markdown");
            }
            Block::BrokenTable { at } if self.counts() => self.problem(
                *at,
                "this looks like a table and is none",
                "put a blank line before it, and as many cells into its header as into the line below",
            ),
            Block::Html { .. } | Block::BrokenTable { .. } => {}
        }
    }

    /// Ends the open region before the line of a mark, if one is open.
    fn close_region(&mut self, at: usize) -> bool {
        let Some(opened) = self.region.take() else { return false };
        let start = self.lines.whole(opened..opened, self.text.len()).end;
        let end = if at < self.text.len() { self.lines.whole(at..at, self.text.len()).start } else { at };
        self.out.regions.push(short(start)..short(end.max(start)));
        true
    }

    fn heading(&mut self, level: u8, runs: &[Run], range: &Range<usize>) {
        let at = range.start;
        self.close(level, at);
        let parent = self.headings.last().map(|(_, at, _)| *at);
        let mut under = kind_of(runs);
        if let Heading::Long = under {
            self.problem(at, format!("a name of more than {MAX_NAME} bytes"), "write a shorter one");
            under = Heading::Other(Under::Prose);
        }
        if let Heading::Type { name, source } = under {
            let nearest = self.headings.iter().rev().find_map(|(_, _, under)| match under {
                Under::Source(path) => Some(path.clone()),
                _ => None,
            });
            let settled = !self.counts();
            let (line, _) = self.lines.place(at);
            let (at, body, end) = (short(at), short(range.end), short(self.text.len()));
            let source = source.or(nearest);
            self.out.sections.push(Section { ty: name, source, at, line, body, end, level, parent, settled });
            under = Heading::Other(Under::Type(self.out.sections.len().saturating_sub(1)));
        }
        if let Heading::Other(under) = under {
            self.headings.push((level, short(at), under));
        }
    }

    /// Ends the sections of headings down to a level.
    fn close(&mut self, level: u8, at: usize) {
        while let Some((_, _, under)) = self.headings.pop_if(|(own, _, _)| *own >= level) {
            if let Under::Type(section) = under
                && let Some(section) = self.out.sections.get_mut(section)
            {
                section.end = short(at);
            }
        }
    }

    /// Whether what stands here may count.
    pub(super) const fn counts(&self) -> bool {
        !self.fenced || self.region.is_some()
    }

    pub(super) const fn in_region(&self) -> bool {
        self.region.is_some()
    }

    /// The type whose section this is.
    pub(super) fn ty(&self) -> Option<usize> {
        let types = self.headings.iter().rev().find_map(|(_, _, under)| match under {
            Under::Type(section) => Some(Some(*section)),
            Under::Acknowledgements => Some(None),
            _ => None,
        });
        types.flatten()
    }

    /// The nearest heading, if it is one plain identifier.
    pub(super) fn word(&self) -> Option<&str> {
        match self.headings.last() {
            Some((_, _, Under::Word(word))) => Some(word),
            _ => None,
        }
    }

    fn item(&mut self, item: &Item) {
        let nearest = self.headings.last().map(|(_, _, under)| under);
        let (is_source, is_type) = (matches!(nearest, Some(Under::Source(_))), matches!(nearest, Some(Under::Type(_))));
        if self.headings.iter().any(|(_, _, under)| *under == Under::Acknowledgements) && self.ty().is_none() {
            return self.acknowledge(item);
        }
        if !self.counts() {
            return;
        }
        let ty = self.ty();
        let shape = names::item(&item.runs);
        let strict = self.in_region() || is_type;
        if !strict && ty.is_none() {
            return self.orphan(&shape, is_source);
        }
        if strict {
            self.settle(ty);
        }
        let at = item.runs.first().map_or(item.range.start, |run| run.at);
        match shape {
            Shape::Prose if item.nested || !strict => {}
            Shape::Prose => self.problem(
                at,
                "this list item names no field",
                "begin it with the path in backticks and set prose off by a dash, or write it as a paragraph",
            ),
            _ if item.nested => self.problem(
                at,
                "a field in a list within a list could belong to the item around it or to the type",
                "write the whole path in an item of its own, not indented",
            ),
            Shape::Nothing => self.settle(ty),
            Shape::Field { name, at, .. } => match name {
                Ok(name) => self.field(name, ty, item),
                Err(reason) => self.no_path(at, &reason),
            },
            Shape::Renamed { from, to, at } => match (from, to) {
                (Ok(from), Ok(to)) => self.renamed(&from, &to, ty),
                (Err(reason), _) | (_, Err(reason)) => self.no_path(at, &reason),
            },
        }
    }

    /// Marks a type's section as one in which something was read.
    pub(super) fn settle(&mut self, section: Option<usize>) {
        if let Some(section) = section.and_then(|at| self.out.sections.get_mut(at)) {
            section.settled = true;
        }
    }

    /// An item where no list counts.
    fn orphan(&mut self, shape: &Shape, under_source: bool) {
        let Shape::Field { name: Ok(name), at, alone } = shape else { return };
        if name.path.is_some() && (*alone || under_source) {
            self.problem(
                *at,
                "this field stands under no type",
                "write the type above it as a heading in backticks, or prose behind it if it is no field",
            );
        }
    }

    pub(super) fn no_path(&mut self, at: usize, reason: &str) {
        self.problem(
            at,
            format!("this is no path of a field: {reason}"),
            "write a path such as `a.b[].c` in backticks",
        );
    }

    /// The type, the path below it, and whether the type is the path's own first step. Without a type above it is the route, else the path's first step.
    pub(super) fn owner(
        &mut self,
        path: FieldPath,
        at: usize,
        route: Option<&str>,
        section: Option<usize>,
    ) -> Option<(String, FieldPath, bool)> {
        let above = section.and_then(|at| self.out.sections.get(at)).map(|section| section.ty.as_str());
        if let Some(ty) = above.or(self.word()).or(route) {
            return Some((ty.to_owned(), path, false));
        }
        if let Some((ty, path)) = path.split_type() {
            return Some((ty.to_owned(), path, true));
        }
        self.problem(
            at,
            format!("the field `{}` has no type", excerpt(&path.to_string())),
            "write the type above it as a heading in backticks, or before the path, as in `order.total`",
        );
        None
    }

    fn field(&mut self, name: Named, section: Option<usize>, item: &Item) {
        let Some(path) = name.path else {
            return self.problem(name.at, "a route without a field", "write the field's path behind the route");
        };
        let Some((ty, path, typed)) = self.owner(path, name.at, name.route.as_deref(), section) else { return };
        self.settle(section);
        let (line, column) = self.lines.place(name.at);
        let end = item.range.end.saturating_sub(self.trailing(&item.range));
        let span = self.lines.whole(item.range.start..end, self.text.len());
        self.out.entries.push(Entry {
            ty,
            path,
            target: Target::Unstated,
            route: name.route,
            at: short(name.at),
            len: short(name.len),
            line,
            column,
            typed,
            section,
            span: short(span.start)..short(span.end),
            form: Form::Item,
        });
    }

    /// How many bytes of white space a stretch ends with.
    fn trailing(&self, range: &Range<usize>) -> usize {
        let text = self.text.get(range.clone()).unwrap_or_default();
        text.len().saturating_sub(text.trim_end().len())
    }

    fn renamed(&mut self, from: &Named, to: &Named, section: Option<usize>) {
        let (Some(old), Some(new)) = (&from.path, &to.path) else {
            return self.problem(
                from.at,
                "a route is no field",
                "write the paths of fields on both sides of the arrow",
            );
        };
        if from.route.is_some() || to.route.is_some() {
            return self.problem(from.at, "a renamed field has no route", "write the paths alone");
        }
        let (line, column) = self.lines.place(from.at);
        let retired = match section.and_then(|at| self.out.sections.get(at)) {
            Some(section) => Some((section.ty.clone(), below(&section.ty, old), below(&section.ty, new))),
            None => match (self.word(), old.split_type(), new.split_type()) {
                (Some(word), ..) => Some((word.to_owned(), below(word, old), below(word, new))),
                (None, Some((ty, old)), Some((other, new))) if ty == other => Some((ty.to_owned(), old, new)),
                _ => None,
            },
        };
        let Some((ty, old, new)) = retired.filter(|(_, old, new)| old != new) else {
            let problem = Problem::new(
                line,
                "these are not two names of one field",
                "write both under their type, or both with the same type in front",
            );
            return self.out.problems.push(problem.at(column));
        };
        self.settle(section);
        self.out.retired.push(Retired { ty, from: old, to: new, at: short(from.at), line });
    }

    fn acknowledge(&mut self, item: &Item) {
        if item.nested {
            return;
        }
        let at = item.runs.first().map_or(item.range.start, |run| run.at);
        let (line, _) = self.lines.place(at);
        match acknowledgement::in_item(item, short(at), line) {
            Ok(acknowledgement) => self.out.acknowledgements.push(acknowledgement),
            Err(problem) => self.out.unclear.push(problem),
        }
    }
}

/// A path as seen from its type, where it begins with the type.
fn below(ty: &str, path: &FieldPath) -> FieldPath {
    match path.split_type() {
        Some((first, rest)) if first == ty => rest,
        _ => path.clone(),
    }
}

/// What a heading says of what follows.
enum Heading {
    Type {
        name: String,
        source: Option<String>,
    },
    /// A name too long to be copied to each of its fields.
    Long,
    Other(Under),
}

fn kind_of(runs: &[Run]) -> Heading {
    let text = names::shown(runs);
    let text = text.trim();
    if is_acknowledgements(text) {
        return Heading::Other(Under::Acknowledgements);
    }
    let Some((first, behind)) = runs.split_first() else { return Heading::Other(Under::Prose) };
    if first.kind != Kind::Code {
        let word = runs.iter().all(|run| run.kind == Kind::Text) && is_identifier(text) && text.len() <= MAX_NAME;
        return Heading::Other(if word { Under::Word(text.to_owned()) } else { Under::Prose });
    }
    let name = first.text.trim();
    let aside = names::marked(behind);
    let aside = aside.trim();
    if !names::is_aside(aside) {
        return Heading::Other(Under::Prose);
    }
    if name.len() > MAX_NAME {
        return Heading::Long;
    }
    if !is_type(name) {
        return Heading::Other(if is_file(name) { Under::Source(name.to_owned()) } else { Under::Prose });
    }
    let source = aside.strip_prefix('(').and_then(|inside| inside.strip_suffix(')'));
    let source =
        source.map(|path| path.trim_matches(['`', ' '])).filter(|path| is_file(path) && path.len() <= MAX_NAME);
    Heading::Type { name: name.to_owned(), source: source.map(str::to_owned) }
}

/// Whether a heading is the one above acknowledgements, in the spelling of either side of the Atlantic.
pub(in crate::drift) fn is_acknowledgements(text: &str) -> bool {
    let text = text.trim().trim_end_matches(':').to_ascii_lowercase();
    matches!(text.as_str(), "drift acknowledgements" | "drift acknowledgments")
}

/// Whether a heading with a name in backticks is one of that type.
pub(in crate::drift) fn is_type(name: &str) -> bool {
    let is_plain = !is_file(name) && !name.contains(char::is_whitespace);
    !name.is_empty() && name.len() <= MAX_NAME && (is_plain || names::is_route(name))
}

fn is_identifier(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    !text.is_empty() && text.split('.').all(part)
}

fn is_file(name: &str) -> bool {
    !name.contains(char::is_whitespace) && (name.contains('/') || ENDINGS.iter().any(|ending| name.ends_with(ending)))
}
