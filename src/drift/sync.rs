//! Brings the field lists of a contract up to what the sources declare. Every byte of prose stays.
//!
//! Entries without a field go, with all that their item or row says, and so does what says word for word what an earlier
//! one says in the same place. Fields without an entry come in behind the field that precedes them in the sources, else
//! before the one that follows, in that entry's form; a type without a section gets one at the end, and one that loses all
//! its fields and has no prose loses its heading, and its tables theirs. Patterns stay while a field fits them. What Markdown
//! cannot spell is left out, and so still drifts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use super::contract::names::is_nothing;
use super::contract::reader::is_type;
use super::contract::{Contract, Entry, Form, Section};
use super::page::{self, Block, Kind, Row, Run, Table};
use super::path::FieldPath;
use crate::markdown;

/// The text of the contract with the given fields, in the order of the sources, as its entries. `contract` is what was
/// read from `text`; a text that cannot be read stays as it is.
pub fn sync(text: &str, contract: &Contract, fields: &[(String, FieldPath)]) -> String {
    if markdown::readable(text.as_bytes()).is_err() {
        return text.to_owned();
    }
    let mut plan = Plan::new(text, contract, fields);
    plan.remove();
    plan.add();
    plan.clear();
    plan.append();
    plan.apply()
}

struct Plan<'a> {
    text: &'a str,
    contract: &'a Contract,
    fields: &'a [(String, FieldPath)],
    /// For each entry, whether it stays.
    stays: Vec<bool>,
    /// What replaces a stretch; several insertions at one place in their order.
    edits: BTreeMap<(usize, usize), String>,
    newline: &'static str,
    /// The new sections.
    sections: String,
}

/// The fields of one type.
type Fields<'a> = HashMap<&'a str, Vec<&'a FieldPath>>;

fn by_type(fields: &[(String, FieldPath)]) -> Fields<'_> {
    let mut map: Fields<'_> = HashMap::new();
    for (ty, path) in fields {
        map.entry(ty).or_default().push(path);
    }
    map
}

impl<'a> Plan<'a> {
    fn new(text: &'a str, contract: &'a Contract, fields: &'a [(String, FieldPath)]) -> Self {
        let known: HashSet<(&str, &FieldPath)> = fields.iter().map(|(ty, path)| (ty.as_str(), path)).collect();
        let types = by_type(fields);
        let stays = |entry: &Entry| {
            known.contains(&(entry.ty.as_str(), &entry.path))
                || (entry.path.is_pattern()
                    && types
                        .get(entry.ty.as_str())
                        .is_some_and(|paths| paths.iter().any(|path| entry.path.covers(path))))
        };
        let again = contract.repeats(text);
        let stays = contract.entries.iter().zip(again).map(|(entry, again)| !again && stays(entry)).collect();
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self { text, contract, fields, stays, edits: BTreeMap::new(), newline, sections: String::new() }
    }

    /// Entries with whether they stay.
    fn entries(&self) -> impl Iterator<Item = (&'a Entry, bool)> + use<'a, '_> {
        self.contract.entries.iter().zip(self.stays.iter().copied())
    }

    fn put(&mut self, at: usize, text: &str) {
        self.edits.entry((at, at)).or_default().push_str(text);
    }

    /// Takes out what has no field any more: whole items and rows, or names within a row of several.
    fn remove(&mut self) {
        let mut spans: BTreeMap<(usize, usize), Vec<bool>> = BTreeMap::new();
        for (entry, stays) in self.entries() {
            spans.entry((entry.span.start as usize, entry.span.end as usize)).or_default().push(stays);
        }
        let mixed = spans.values().any(|stays| stays.contains(&true) && stays.contains(&false));
        let rows: Vec<Row> =
            if mixed { tables(self.text).into_iter().flat_map(|table| table.rows).collect() } else { Vec::new() };
        for ((start, end), stays) in spans {
            if !stays.contains(&true) {
                let text = if self.underlines(end) { self.newline } else { "" };
                self.edits.insert((start, end), text.to_owned());
            } else if stays.contains(&false)
                && let Some(row) = rows.get(rows.partition_point(|row| row.range.start < start))
            {
                self.thin(row, &stays);
            }
        }
    }

    /// Whether the line that comes next would make a heading of a paragraph right above it.
    fn underlines(&self, at: usize) -> bool {
        let line = self.text.get(at..).and_then(|rest| rest.lines().next()).unwrap_or_default().trim();
        !line.is_empty() && (line.bytes().all(|byte| byte == b'-') || line.bytes().all(|byte| byte == b'='))
    }

    /// Leaves those names of a row that stay, in each cell that has as many names.
    fn thin(&mut self, row: &Row, stays: &[bool]) {
        for cell in &row.cells {
            let codes: Vec<&Run> = cell.iter().filter(|run| run.kind == Kind::Code).collect();
            let (Some(first), Some(last)) = (codes.first(), codes.last()) else { continue };
            if codes.len() != stays.len() {
                continue;
            }
            let kept = codes.iter().zip(stays).filter(|(_, stays)| **stays);
            let kept: Vec<&str> = kept.filter_map(|(run, _)| self.text.get(run.start..run.end)).collect();
            self.edits.insert((first.start, last.end), kept.join(", "));
        }
    }

    /// Puts in what has no entry yet.
    fn add(&mut self) {
        let mut covered: HashMap<&str, (HashMap<&FieldPath, &Entry>, Vec<&Entry>)> = HashMap::new();
        let mut dead: HashMap<&str, &Entry> = HashMap::new();
        for (entry, stays) in self.entries() {
            if stays {
                let (exact, patterns) = covered.entry(&entry.ty).or_default();
                exact.entry(&entry.path).or_insert(entry);
                if entry.path.is_pattern() {
                    patterns.push(entry);
                }
            } else {
                dead.entry(&entry.ty).or_insert(entry);
            }
        }
        let mut types: Vec<&str> = Vec::new();
        let mut seen = HashSet::new();
        types.extend(self.fields.iter().map(|(ty, _)| ty.as_str()).filter(|ty| seen.insert(*ty)));
        let fields = by_type(self.fields);
        let none = (HashMap::new(), Vec::new());
        for ty in types {
            let (exact, patterns) = covered.get(ty).unwrap_or(&none);
            let mut anchor: Option<&Entry> = None;
            let mut early: Vec<&FieldPath> = Vec::new();
            let mut done = HashSet::new();
            for path in fields.get(ty).into_iter().flatten().filter(|path| done.insert(**path)) {
                if !is_writable(path) {
                    continue;
                }
                if let Some(entry) = exact.get(path) {
                    for early in early.drain(..) {
                        self.write(entry, ty, early, entry.span.start as usize);
                    }
                    anchor = Some(entry);
                } else if !patterns.iter().any(|entry| entry.path.covers(path)) {
                    match anchor {
                        Some(entry) => self.write(entry, ty, path, entry.span.end as usize),
                        None => early.push(path),
                    }
                }
            }
            // Only patterns are left, or entries that go: their place and form will do.
            match patterns.first().or(dead.get(ty)) {
                Some(entry) => early.drain(..).for_each(|path| self.write(entry, ty, path, entry.span.start as usize)),
                None => self.section(ty, &early),
            }
        }
    }

    /// Writes a field at a place beside an entry, in its form.
    fn write(&mut self, beside: &Entry, ty: &str, path: &FieldPath, at: usize) {
        let line = self.text.get(beside.span.start as usize..beside.span.end as usize).unwrap_or_default();
        let indent: String = line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
        let text = format!("{indent}{}", self::line(beside, ty, path, &marker(line)));
        let newline = self.newline;
        let ends = self.text.get(..at).is_none_or(|before| before.is_empty() || before.ends_with('\n'));
        let text = if ends { format!("{text}{newline}") } else { format!("{newline}{text}") };
        self.put(at, &text);
    }

    /// Writes fields into a type's section that lists none, or into a new section.
    fn section(&mut self, ty: &str, paths: &[&FieldPath]) {
        if paths.is_empty() {
            return;
        }
        let newline = self.newline;
        let list: String = paths.iter().map(|path| format!("- {}{newline}", code(&spelt(path)))).collect();
        let found = self.contract.sections.iter().find(|section| section.ty == ty && self.counts(section));
        if let Some(section) = found {
            let at = section.body as usize;
            let (before, after) = self.text.split_at_checked(at).unwrap_or((self.text, ""));
            let open = if before.ends_with('\n') { "" } else { newline };
            let close = if after.is_empty() || after.starts_with(['\n', '\r']) { "" } else { newline };
            return self.put(at, &format!("{open}{newline}{list}{close}"));
        }
        if !is_type(ty) {
            return;
        }
        let level = self.contract.sections.iter().map(|section| section.level).min().unwrap_or(2).min(2);
        let marks = "#".repeat(usize::from(level));
        self.sections.push_str(&format!("{newline}{marks} `{ty}`{newline}{newline}{list}"));
    }

    /// Takes out the headings of types that have lost all their fields and have no prose.
    fn clear(&mut self) {
        let mut left: Vec<Option<usize>> = vec![None; self.contract.sections.len()];
        for (entry, stays) in self.entries() {
            if let Some(left) = entry.section.and_then(|at| left.get_mut(at)) {
                *left = Some(left.unwrap_or_default().saturating_add(usize::from(stays)));
            }
        }
        for (section, left) in self.contract.sections.iter().zip(left) {
            let range = section.body as usize..section.end as usize;
            if left != Some(0) {
                continue;
            }
            let headers = self.empty_headers(&range);
            if self.is_bare(range.clone(), &headers) {
                self.edits.insert((section.at as usize, range.end), String::new());
            }
        }
    }

    /// Of the tables of a stretch whose rows all go, what stands above these.
    fn empty_headers(&self, range: &Range<usize>) -> Vec<Range<usize>> {
        let Some(text) = self.text.get(range.clone()) else { return Vec::new() };
        let within = |at: usize| range.start.saturating_add(at);
        let goes = |row: &Row| {
            let at = within(row.range.start);
            self.edits
                .range((at, at.saturating_add(1))..(at.saturating_add(1), 0))
                .any(|(_, text)| text.trim().is_empty())
        };
        let header = |table: &Table| {
            let first = table.rows.first().filter(|_| table.rows.iter().all(goes))?;
            Some(within(table.header.range.start)..within(first.range.start))
        };
        tables(text).iter().filter_map(header).collect()
    }

    /// Whether nothing is left of a stretch but the headers of tables without rows, and nothing comes into it.
    fn is_bare(&self, range: Range<usize>, headers: &[Range<usize>]) -> bool {
        let edits = self.edits.range((range.start, 0)..=(range.end, range.end));
        let edits = edits.map(|((start, end), text)| (*start, *end, text.as_str()));
        let mut gone: Vec<(usize, usize, &str)> =
            edits.chain(headers.iter().map(|header| (header.start, header.end, ""))).collect();
        gone.sort_unstable();
        let mut from = range.start;
        for (start, end, text) in gone {
            let is_blank = self.text.get(from..start).is_none_or(|text| text.trim().is_empty());
            if !is_blank || !text.trim().is_empty() {
                return false;
            }
            from = from.max(end);
        }
        self.text.get(from..range.end).unwrap_or_default().trim().is_empty()
    }

    /// Puts the new sections behind all else.
    fn append(&mut self) {
        if self.sections.is_empty() {
            return;
        }
        let at = self.end();
        let before = self.edits.get(&(at, at)).map_or_else(|| self.text.get(..at).unwrap_or_default(), String::as_str);
        let is_first = before.trim_start_matches('\u{feff}').is_empty();
        let sections = if is_first { self.sections.trim_start() } else { &self.sections };
        let open = if is_first || before.ends_with('\n') { "" } else { self.newline };
        let close = if at < self.text.len() { self.newline } else { "" };
        let text = format!("{open}{sections}{close}");
        self.put(at, &text);
    }

    /// Whether lists of a section count: it lies in a region, or there are none.
    fn counts(&self, section: &Section) -> bool {
        let mut regions = self.regions().peekable();
        regions.peek().is_none() || regions.any(|region| region.contains(&(section.body as usize)))
    }

    fn regions(&self) -> impl Iterator<Item = Range<usize>> {
        self.contract.regions.iter().map(|region| region.start as usize..region.end as usize)
    }

    /// Where a new section goes: to the end of the last region, else of the text.
    fn end(&self) -> usize {
        self.regions().last().map_or(self.text.len(), |region| region.end)
    }

    fn apply(self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut from = 0;
        for ((start, end), text) in &self.edits {
            // A stretch within one that is gone already has nothing left to change.
            let Some(kept) = self.text.get(from..*start) else { continue };
            out.push_str(kept);
            out.push_str(text);
            from = *end;
        }
        out.push_str(self.text.get(from..).unwrap_or_default());
        out
    }
}

/// The item or row for a field, in the form of an entry of its type.
pub fn line(beside: &Entry, ty: &str, path: &FieldPath, marker: &str) -> String {
    let name = match &beside.route {
        _ if beside.typed => join(ty, path),
        Some(route) if route == ty => format!("{route} {path}"),
        _ => spelt(path),
    };
    match &beside.form {
        Form::Item => format!("{marker}{}", code(&name)),
        Form::Row { cells, field, .. } => {
            let name = code(&name.replace('|', "\\|"));
            let cell = |at: u32| if at == *field { format!(" {name} |") } else { "  |".to_owned() };
            format!("|{}", (0..*cells).map(cell).collect::<String>())
        }
    }
}

/// A path as a contract lists it: a field that is called as what is said of none (`calculated`) stands behind a `$`.
pub fn spelt(path: &FieldPath) -> String {
    let text = path.to_string();
    if is_nothing(&text) { format!("$.{text}") } else { text }
}

/// Whether a contract can spell a path: control characters have no place in Markdown.
fn is_writable(path: &FieldPath) -> bool {
    let text = path.to_string();
    !text.contains("``") && FieldPath::parse(&text).as_ref() == Ok(path)
}

/// Text as a code span.
fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// A path behind its type.
fn join(ty: &str, path: &FieldPath) -> String {
    let path = path.to_string();
    let dot = if path.starts_with('[') { "" } else { "." };
    format!("{ty}{dot}{path}")
}

/// What a list item's line begins with, the white space behind the marker included.
fn marker(line: &str) -> String {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let end = line.get(digits..).map_or(0, |rest| rest.len().min(1)).saturating_add(digits);
    let (mark, rest) = line.split_at_checked(end).unwrap_or(("-", " "));
    let space: String = rest.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
    if space.is_empty() { format!("{mark} ") } else { format!("{mark}{space}") }
}

fn tables(text: &str) -> Vec<Table> {
    let tables = page::blocks(text).into_iter().filter_map(|block| match block {
        Block::Table(table) => Some(table),
        _ => None,
    });
    tables.collect()
}
