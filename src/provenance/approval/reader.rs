//! From the outline to the approval: which section each block belongs to, and what ends one.

use icu_normalizer::DecomposingNormalizer;

use super::header::{normal, read_key, read_name};
use super::outline::{Block, Kind, Lead, Outline};
use super::scope::{self, AS_ITEM, ScopeReader};
use super::{Approval, Approver, Line, MAX_PATTERNS, Problem};
use crate::escape::{excerpt, is_hidden};
use crate::glob::Glob;

/// The sections that mean something, here or to others; key lines in them are theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Scope,
    NotApproved,
    Acknowledgements,
    Human,
    Marker,
}

impl Section {
    const ALL: [Self; 5] = [Self::Scope, Self::NotApproved, Self::Acknowledgements, Self::Human, Self::Marker];

    const fn title(self) -> &'static str {
        match self {
            Self::Scope => "APPROVED SCOPE",
            Self::NotApproved => "EXPLICITLY NOT APPROVED",
            Self::Acknowledgements => "DRIFT ACKNOWLEDGEMENTS",
            Self::Human => "HUMAN APPROVAL",
            Self::Marker => "MACHINE GATE FILE",
        }
    }

    fn titled(text: &str) -> Option<Self> {
        let text = normal(text.trim().trim_end_matches(':'));
        Self::ALL.into_iter().find(|section| section.title().eq_ignore_ascii_case(&text))
    }

    /// The section that a text names but for what is no letter: "explicitly-not-approved".
    fn spelt(text: &str) -> Option<Self> {
        let text = letters(text);
        Self::ALL.into_iter().find(|section| letters(section.title()) == text)
    }

    /// The section that a person may take a heading for.
    fn resembled(title: &str) -> Option<Self> {
        let all = letters(title);
        let cores = [(Self::NotApproved, "notapproved"), (Self::Scope, "approvedscope")];
        let core = cores.into_iter().find(|(_, core)| all.contains(core)).map(|(section, _)| section);
        core.or_else(|| Self::spelt(title))
    }
}

/// Reads the blocks in order.
pub(super) fn read(outline: &Outline) -> Approval {
    let mut reader = Reader::default();
    for (at, block) in outline.blocks.iter().enumerate() {
        reader.block(at, block);
    }
    let mut approval = reader.approval;
    approval.scope = reader.scope.finish(&mut approval.problems);
    for line in &outline.html {
        approval.problems.push(Problem::new(
            *line,
            "there is raw HTML, which can hide or strike out what stands about it",
            "put it between backticks, or leave it out; fill placeholders such as `<task-name>` in",
        ));
    }
    bound_patterns(&mut approval);
    approval
}

/// Matching costs patterns times paths, and braces multiply patterns cheaply.
fn bound_patterns(approval: &mut Approval) {
    let entries = approval.scope.iter().flat_map(|scope| &scope.entries).map(|entry| &entry.glob);
    let forbidden = approval.not_approved.iter().map(|line| &line.value);
    if entries.chain(forbidden).map(Glob::alternatives).sum::<usize>() <= MAX_PATTERNS {
        return;
    }
    let line = approval.scope.as_ref().map_or(1, |scope| scope.line);
    approval.scope = None;
    approval.not_approved.clear();
    let message = format!("the globs stand for more than {MAX_PATTERNS} patterns once their braces are written out");
    approval.problems.push(Problem::new(line, message, "approve folders, as in `src/api/**`"));
}

#[derive(Default)]
struct Reader {
    approval: Approval,
    scope: ScopeReader,
    /// The section about the block, and its heading's level.
    section: Option<(Section, u8)>,
}

impl Reader {
    fn block(&mut self, at: usize, block: &Block) {
        self.check_hidden(block);
        if let Kind::Heading { level, item: None } = block.kind
            && !block.quoted
        {
            return self.heading(level, block);
        }
        if !matches!(block.kind, Kind::Code { .. }) {
            self.check_title(block);
        }
        if block.quoted || matches!(block.kind, Kind::Heading { .. } | Kind::Code { .. }) {
            return self.set_aside(at, block);
        }
        match self.section.map(|(section, _)| section) {
            None => block.lines.iter().for_each(|line| read_key(&mut self.approval, line)),
            Some(Section::Scope) => self.scope.block(at, block, &mut self.approval.problems),
            Some(Section::NotApproved) => self.not_approved(block),
            Some(Section::Human) => block.lines.iter().for_each(|line| read_name(&mut self.approval, line)),
            Some(Section::Acknowledgements | Section::Marker) => {}
        }
    }

    fn heading(&mut self, level: u8, block: &Block) {
        let title = block.text();
        match Section::titled(&title).filter(|_| !block.struck() && !block.refers) {
            Some(section) => self.enter(section, level, block.line),
            None => {
                if self.section.is_some_and(|(_, outer)| level <= outer) {
                    self.section = None;
                }
                self.check_near_title(&title, block.line);
                if matches!(self.section, Some((Section::Scope, _))) {
                    self.scope.sub_heading(block, &mut self.approval.problems);
                }
            }
        }
    }

    fn enter(&mut self, section: Section, level: u8, line: u32) {
        if let Some((outer, outer_level)) = self.section
            && level > outer_level
        {
            let message = format!("the section {} stands inside the section {}", section.title(), outer.title());
            self.problem(line, message, "give both headings the same level, as in `## APPROVED SCOPE`");
        }
        self.section = Some((section, level));
        match section {
            Section::Scope if !self.scope.begin(line) => {
                self.problem(line, "there is a second section APPROVED SCOPE", "keep one");
                // Neither outside nor in the first one: nothing in it counts.
                self.section = Some((Section::Marker, level));
            }
            Section::Human if self.approval.approver.is_some() => {
                self.problem(line, "there is a second section HUMAN APPROVAL", "keep one");
            }
            Section::Human => self.approval.approver = Some(Approver::Unnamed { line }),
            _ => {}
        }
    }

    /// A title that is written as something else than a heading would be read as one, and end nothing.
    fn check_title(&mut self, block: &Block) {
        let title = block.lines.iter().find_map(|line| Section::spelt(&line.text).map(|section| (section, line.line)));
        if let Some((section, line)) = title {
            let message = format!("{} is not written as a heading of its own", section.title());
            self.problem(line, message, format!("write `## {}` on a line outside lists and quotes", section.title()));
        }
    }

    /// A section by almost the right name would be read by people and passed over here.
    fn check_near_title(&mut self, title: &str, line: u32) {
        if let Some(section) = Section::resembled(title) {
            let message = format!("the heading \"{}\" is almost {}", excerpt(&normal(title)), section.title());
            self.problem(line, message, format!("write `## {}`, or another name", section.title()));
        } else if may_look_latin(title) {
            let message = format!("the heading \"{}\" has letters that may look like others", excerpt(&normal(title)));
            self.problem(line, message, "write headings in the letters A to Z");
        }
    }

    /// Characters that the bytes do not show, for they are written as entities: "not&#8203;approved".
    fn check_hidden(&mut self, block: &Block) {
        for line in &block.lines {
            if let Some(c) = line.text.chars().find(|c| is_hidden(*c) && !matches!(c, '\t' | '\n')) {
                let message = format!("an entity stands for U+{:04X}, which hides or reorders text", u32::from(c));
                self.problem(line.line, message, "remove it");
            }
        }
    }

    /// Quotes, tables, footnotes, blocks of code and headings in lists say nothing; they may look as if they did.
    fn set_aside(&mut self, at: usize, block: &Block) {
        if matches!(self.section, Some((Section::Scope, _))) {
            self.scope.set_aside(at, block, &mut self.approval.problems);
        }
        let listed = matches!(self.section, Some((Section::Scope | Section::NotApproved, _)));
        if listed && matches!(block.lead, Lead::Code(_) | Lead::WrappedCode) {
            let message = "a path in a quote, table, footnote or a list's heading does not count";
            self.problem(block.line, message, AS_ITEM);
        }
    }

    fn not_approved(&mut self, block: &Block) {
        if matches!(block.kind, Kind::Paragraph { .. }) && matches!(block.lead, Lead::Code(_) | Lead::WrappedCode) {
            self.problem(block.line, "a path outside a list does not count", AS_ITEM);
        }
        match scope::path_of(block) {
            Ok(Some(glob)) => self.approval.not_approved.push(Line { line: block.line, value: glob }),
            Ok(None) => self.approval.problems.extend(scope::bare_path(block)),
            Err(problem) => self.approval.problems.push(problem),
        }
    }

    fn problem(&mut self, line: u32, message: impl Into<String>, help: impl Into<String>) {
        self.approval.problems.push(Problem::new(line, message, help));
    }
}

/// The ASCII letters of a text in lower case.
fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a text has letters beyond ASCII that stand among ASCII letters or are another form of one, so that a
/// person may read a known title in it.
fn may_look_latin(text: &str) -> bool {
    let is_foreign = |c: char| !c.is_ascii() && c.is_alphabetic();
    text.contains(is_foreign)
        && DecomposingNormalizer::new_nfkd().normalize(text).contains(|c: char| c.is_ascii_alphabetic())
}
