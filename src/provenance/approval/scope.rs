//! The section `APPROVED SCOPE`: its four groups, and the items that count under each.

use std::collections::{BTreeMap, BTreeSet};

use super::header::normal;
use super::outline::{Block, Kind, Lead};
use super::wording::{self, looks_like_path};
use super::{Entry, Heading, Problem, Scope};
use crate::escape::excerpt;
use crate::glob::Glob;

pub(super) const AS_ITEM: &str = "write it as a list item, as in - `src/api/**`";

/// The path or glob that a list item begins with; `None` for prose.
pub(super) fn path_of(block: &Block) -> Result<Option<Glob>, Problem> {
    let problem = |message: String, help: &str| Err(Problem::new(block.line, message, help));
    if block.refers && !block.codes.is_empty() && matches!(block.kind, Kind::Item { .. }) {
        return problem("a picture or a footnote stands beside a path".to_owned(), "say it in words, or leave it out");
    }
    let code = match (&block.lead, block.kind) {
        (Lead::Code(code), Kind::Item { .. }) => code,
        (Lead::WrappedCode, Kind::Item { .. }) => {
            return problem("a path in bold, italics, strikethrough or a link does not count".to_owned(), AS_ITEM);
        }
        _ => return Ok(None),
    };
    let glob = Glob::parse(code).map_err(|error| {
        Problem::new(block.line, format!("\"{}\" is no path or glob", excerpt(code)), error.to_string())
    })?;
    if block.struck() {
        return problem(format!("\"{}\" has text struck through beside it", excerpt(code)), AS_ITEM);
    }
    if block.enumerates || block.codes.iter().skip(1).any(|code| looks_like_path(code)) {
        return problem(
            format!("a second path follows \"{}\" in one item", excerpt(code)),
            "write one item for each path, and other names without their path",
        );
    }
    // `src/`admin would be read as src/admin and count as all of src/.
    let rest = block.after_lead().unwrap_or("?");
    if !rest.is_empty() && !rest.starts_with(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':')) {
        let message = format!("text touches the backticks of \"{}\"", excerpt(code));
        return problem(message, "put all of the path between the backticks, and a space after them");
    }
    Ok(Some(glob))
}

/// What a list item says that begins with a path without backticks: nothing.
pub(super) fn bare_path(block: &Block) -> Option<Problem> {
    let is_item = matches!((block.kind, &block.lead), (Kind::Item { .. }, Lead::Text));
    (is_item && wording::begins_with_bare_path(&block.text())).then(|| {
        let message = format!("\"{}\" does not count: a path must stand between backticks", excerpt(&block.text()));
        Problem::new(block.line, message, AS_ITEM)
    })
}

/// Where the label of the open group stands, and so where its items may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// A heading or a paragraph: in the lists that follow.
    Outside,
    /// A list item of the outermost list: in the list below it, or after it in its own.
    Item(usize),
}

/// What one group holds so far.
#[derive(Default)]
struct Group {
    label: Option<u32>,
    none: Option<u32>,
    first_entry: Option<u32>,
}

/// Reads the section block by block.
#[derive(Default)]
pub(super) struct ScopeReader {
    line: Option<u32>,
    entries: Vec<Entry>,
    groups: [Group; 4],
    open: Option<(Heading, Place)>,
    /// Where text ended the group before.
    ended: Option<u32>,
    /// The list items of the entries and the items within them, by their place in the blocks, with the entry's line.
    within: BTreeMap<usize, u32>,
    /// Items that look as if they were meant to approve a path, and do not.
    hints: Vec<Problem>,
    /// The lines of the entries that something within their item takes back.
    taken_back: BTreeSet<u32>,
}

impl ScopeReader {
    /// Begins the section; `false` when it has been there before.
    pub(super) fn begin(&mut self, line: u32) -> bool {
        let is_first = self.line.is_none();
        self.line.get_or_insert(line);
        is_first
    }

    /// A heading inside the section: a label, or a problem, for what stands below it would be read as its own.
    pub(super) fn sub_heading(&mut self, block: &Block, problems: &mut Vec<Problem>) {
        self.open = None;
        self.ended = None;
        match label_of(&block.text()).filter(|_| !block.struck() && !block.refers) {
            Some((heading, rest)) => self.label(heading, Place::Outside, (block.line, &rest), problems),
            None => problems.push(Problem::new(
                block.line,
                format!("the heading \"{}\" is no group of the approved scope", excerpt(&block.text())),
                format!("use {}, or move it to a section of its own", labels()),
            )),
        }
    }

    /// A block inside the section.
    pub(super) fn block(&mut self, at: usize, block: &Block, problems: &mut Vec<Problem>) {
        if self.adds_to_entry(at, block, problems) {
            return;
        }
        match block.kind {
            Kind::Heading { .. } | Kind::Code { .. } | Kind::Rule => self.close(block.line),
            Kind::Paragraph { item } => self.paragraph(item, block, problems),
            Kind::Item { parent } => self.item(at, parent, block, problems),
        }
    }

    /// A block that says nothing itself. Between a label and its paths it may still turn what they say.
    pub(super) fn set_aside(&mut self, at: usize, block: &Block, problems: &mut Vec<Problem>) {
        if !self.adds_to_entry(at, block, problems) {
            self.close(block.line);
        }
    }

    /// Takes a block within an entry's item, below its first paragraph: it describes the entry, or else is a problem.
    fn adds_to_entry(&mut self, at: usize, block: &Block, problems: &mut Vec<Problem>) -> bool {
        let Some(entry) = block.around().and_then(|item| self.within.get(&item).copied()) else { return false };
        self.within.insert(at, entry);
        if block.codes.is_empty() && !block.refers && !block.struck() && !wording::withdraws(&block.prose()) {
            // An item may still be a path without backticks, or a label out of place.
            return !matches!(block.kind, Kind::Item { .. });
        }
        self.taken_back.insert(entry);
        let message = format!("text below the path of line {entry} may take it back, or names another");
        problems.push(Problem::new(
            block.line,
            message,
            "say it in an item of its own, or without backticks and `not`",
        ));
        true
    }

    /// Prose between a label and its list may turn the meaning of the list, so it ends the group.
    fn paragraph(&mut self, item: Option<usize>, block: &Block, problems: &mut Vec<Problem>) {
        self.close(block.line);
        if matches!(block.lead, Lead::Code(_) | Lead::WrappedCode) {
            problems.push(Problem::new(block.line, "a path outside a list does not count", AS_ITEM));
        } else if wording::takes_back(&block.prose()) {
            problems.push(taking_back(block));
        }
        if item.is_some() {
            return;
        }
        for line in &block.lines {
            self.close(line.line);
            if let Some((heading, rest)) = label_of(&line.text).filter(|_| !line.struck && !block.refers) {
                self.label(heading, Place::Outside, (line.line, &rest), problems);
            }
        }
    }

    fn close(&mut self, line: u32) {
        if self.open.take().is_some() {
            self.ended = Some(line);
        }
    }

    fn item(&mut self, at: usize, parent: Option<usize>, block: &Block, problems: &mut Vec<Problem>) {
        let text = block.text();
        let is_path = matches!(block.lead, Lead::Code(_) | Lead::WrappedCode);
        if let Some((heading, rest)) =
            label_of(&text).filter(|_| !block.struck() && !block.refers && !matches!(block.lead, Lead::Code(_)))
        {
            if parent.is_some() {
                self.open = None;
                let message = format!("the group {} stands inside another list item", heading.label());
                problems.push(Problem::new(
                    block.line,
                    message,
                    "write it in the outermost list, or in bold above its own",
                ));
            } else {
                self.label(heading, Place::Item(at), (block.line, &rest), problems);
            }
        } else if is_path {
            self.path(at, parent, block, problems);
        } else if is_none(&text) && !block.struck() && !block.refers {
            match self.open_at(parent) {
                Some(heading) => self.none(heading, block.line),
                None => problems.push(Problem::new(block.line, "NONE stands under no group", self.under_a_group())),
            }
        } else if block.lead != Lead::Nothing {
            self.prose(parent, block, problems);
        }
    }

    /// An item that begins with no path: it approves nothing, and a path in it is not one. Where it leads over to the
    /// items after it, or takes something back, these may be what it speaks of, so it ends the group.
    fn prose(&mut self, parent: Option<usize>, block: &Block, problems: &mut Vec<Problem>) {
        let (text, prose) = (block.text(), block.prose());
        if wording::takes_back(&prose) {
            problems.push(taking_back(block));
        } else if let Some(hint) = bare_path(block) {
            self.hints.push(hint);
        } else if block.codes.iter().any(|code| looks_like_path(code)) {
            let message = format!("\"{}\" names a path that does not count", excerpt(&text));
            self.hints.push(Problem::new(block.line, message, "begin the item with the path"));
        }
        let leads_over = text.trim_end().ends_with([':', ';']) || wording::withdraws(&prose);
        if self.open_at(parent).is_some() && (leads_over || block.bold || block.struck() || block.refers) {
            self.close(block.line);
        }
    }

    fn path(&mut self, at: usize, parent: Option<usize>, block: &Block, problems: &mut Vec<Problem>) {
        let glob = match path_of(block) {
            Ok(Some(glob)) => glob,
            Ok(None) => return,
            Err(problem) => return problems.push(problem),
        };
        if block.check_box == Some(false) {
            let message = format!("the box before \"{}\" is not ticked, so it is not approved", excerpt(glob.as_str()));
            return problems.push(Problem::new(block.line, message, "tick it, as in `- [x]`, or remove the item"));
        }
        let prose = block.prose();
        if wording::takes_back(&prose) || wording::is_verdict(&prose) {
            return problems.push(taking_back(block));
        }
        match self.open_at(parent) {
            Some(heading) => {
                self.within.insert(at, block.line);
                if let Some(group) = self.groups.get_mut(heading as usize) {
                    group.first_entry.get_or_insert(block.line);
                }
                self.entries.push(Entry { glob, heading, line: block.line });
            }
            None => {
                let message = format!("\"{}\" stands directly under no group", excerpt(glob.as_str()));
                problems.push(Problem::new(block.line, message, self.under_a_group()));
            }
        }
    }

    /// The open group, when an item with this parent belongs to it.
    fn open_at(&self, parent: Option<usize>) -> Option<Heading> {
        let (heading, place) = self.open?;
        match (place, parent) {
            (_, None) => Some(heading),
            (Place::Item(label), Some(parent)) if label == parent => Some(heading),
            _ => None,
        }
    }

    fn label(&mut self, heading: Heading, place: Place, (line, rest): (u32, &str), problems: &mut Vec<Problem>) {
        self.open = Some((heading, place));
        self.ended = None;
        let Some(group) = self.groups.get_mut(heading as usize) else { return };
        if let Some(first) = group.label {
            let message = format!("the group {} stands here and in line {first}", heading.label());
            problems.push(Problem::new(line, message, "put its items under one label"));
        }
        group.label.get_or_insert(line);
        if is_none(rest) {
            self.none(heading, line);
        } else if !rest.is_empty() {
            let message = format!("\"{}\" after the label of {} does not count", excerpt(rest), heading.label());
            problems.push(Problem::new(line, message, "write NONE there, or each path as a list item below"));
        }
    }

    fn none(&mut self, heading: Heading, line: u32) {
        if let Some(group) = self.groups.get_mut(heading as usize) {
            group.none.get_or_insert(line);
        }
    }

    fn under_a_group(&self) -> String {
        let ended = self.ended.map(|line| format!("; line {line} ended the group above it")).unwrap_or_default();
        format!("put it into the list right below one of {}{ended}", labels())
    }

    /// The scope, when the section was there; what contradicts itself in it is a problem.
    pub(super) fn finish(mut self, problems: &mut Vec<Problem>) -> Option<Scope> {
        for (heading, group) in Heading::ALL.into_iter().zip(&self.groups) {
            if let (Some(none), Some(entry)) = (group.none, group.first_entry) {
                let message = format!("{} says NONE here and lists a path in line {entry}", heading.label());
                problems.push(Problem::new(none, message, "remove NONE or the paths"));
            }
        }
        self.entries.retain(|entry| !self.taken_back.contains(&entry.line));
        self.line.map(|line| Scope { line, entries: self.entries, hints: self.hints })
    }
}

/// The group that a text labels, and what follows the label.
fn label_of(text: &str) -> Option<(Heading, String)> {
    let text = text.trim();
    let boxes = ["[ ]", "[x]", "[X]"];
    let text = boxes.iter().find_map(|check_box| text.strip_prefix(check_box)).unwrap_or(text);
    let (name, rest) = text.split_once(':').unwrap_or((text, ""));
    let name = normal(name);
    let heading = Heading::ALL.into_iter().find(|heading| heading.label().eq_ignore_ascii_case(&name))?;
    Some((heading, rest.trim().to_owned()))
}

fn is_none(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("NONE")
}

fn labels() -> String {
    Heading::ALL.map(|heading| format!("`{}`", heading.label())).join(", ")
}

fn taking_back(block: &Block) -> Problem {
    let message = format!("\"{}\" takes something back", excerpt(&block.text()));
    Problem::new(block.line, message, "write the exception under ## EXPLICITLY NOT APPROVED")
}
