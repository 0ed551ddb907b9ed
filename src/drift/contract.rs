//! The field contract: which fields each type has, as people wrote it down in Markdown.
//!
//! Two shapes may stand in one file. What counts:
//!
//! - **Lists.** Every item of a list right under a heading that names a type in backticks is a field in backticks, alone
//!   or before a dash, a colon or a parenthesis with prose; or `old` → `new`; or a word for "no fields". Anything else
//!   there is a problem. Under a heading of its own within the type's section, items of that form count too, and others
//!   are prose. Elsewhere lists are prose; one whose item is a single path in backticks has lost its type, which is a
//!   problem, and so is any item of the form right under a heading that names a source file.
//! - **Tables** with a column for the field, in a type's section or a region; elsewhere those that have a column for the
//!   target too. The type is the one of the section, else the nearest heading that is one plain identifier, else the
//!   row's route, else the first step of the path.
//! - **Regions** between `<!-- refgate:contract -->` and `<!-- /refgate:contract -->`, where there are any: everything
//!   outside is prose then, and everything in them counts. Lists in them take their type as tables do.
//! - A section **Drift acknowledgements**, wherever it stands.
//!
//! Block quotes, footnotes, code blocks and comments are prose. Sections by kind ("Array of Strings") repeat types: the
//! same type may stand under several headings, once under each, and repeat fields there; what it says about them must
//! agree.
//!
//! Owns the meaning of the page and of every ambiguity in it, each a problem. Must not know what code declares.

mod lint;
pub(super) mod names;
pub(super) mod reader;
mod table;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::acknowledgement::Acknowledgement;
use super::path::FieldPath;
use super::problem::{self, short};
pub use super::problem::{MAX_PROBLEMS, Problem};
use crate::markdown;

/// The most patterns that count: each is held against many fields.
pub const MAX_PATTERNS: usize = 500;

/// All that a contract says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contract {
    /// The fields, in the order of the text.
    pub entries: Vec<Entry>,
    /// The sections of types, in the order of the text.
    pub sections: Vec<Section>,
    /// The regions, without the lines of their marks, where the contract has any.
    pub regions: Vec<Range<u32>>,
    /// Names that fields had before.
    pub retired: Vec<Retired>,
    /// The items of its section "Drift acknowledgements".
    pub acknowledgements: Vec<Acknowledgement>,
    /// Items of that section that acknowledge nothing.
    pub unclear: Vec<Problem>,
    /// All else that is wrong, in the order of the lines, at most [`MAX_PROBLEMS`] and one that says so.
    pub problems: Vec<Problem>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The type that it belongs to.
    pub ty: String,
    /// Its path below the type.
    pub path: FieldPath,
    /// What it is mapped to.
    pub target: Target,
    /// The route (`POST /orders`) of the row or of the path.
    pub route: Option<String>,
    /// Where the path is written, the type included when it is the path's first step.
    pub at: u32,
    /// How many bytes long the path is there.
    pub len: u32,
    /// The line of it, 1-based.
    pub line: u32,
    /// The column of it in bytes, 1-based.
    pub column: u32,
    /// Whether its type is written as the first step of the path there.
    pub typed: bool,
    /// The section that it stands in, by its place in [`Contract::sections`].
    pub section: Option<usize>,
    /// The whole lines that say this, and in one row perhaps other fields.
    pub span: Range<u32>,
    /// Whether it is an item or a row.
    pub form: Form,
}

/// What a field is written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A list item.
    Item,
    /// A row of a table.
    Row {
        /// The table, by its place in the text.
        table: u32,
        /// How many cells a row of it has.
        cells: u32,
        /// The cell that names the field.
        field: u32,
    },
}

/// What a field is mapped to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A path of the other side.
    Path(FieldPath),
    /// Nothing, in so many words: `N/A`, `Not sent`.
    None,
    /// The contract does not say.
    Unstated,
}

impl Target {
    /// It for people, behind the field.
    pub fn behind(&self) -> String {
        match self {
            Self::Path(to) => format!("  -> {to}"),
            Self::None => "  -> none".to_owned(),
            Self::Unstated => String::new(),
        }
    }
}

/// A section of one type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The type.
    pub ty: String,
    /// The source file that the headings name.
    pub source: Option<String>,
    /// Where its heading stands.
    pub at: u32,
    /// The line of that, 1-based.
    pub line: u32,
    /// Where its heading ends.
    pub body: u32,
    /// Where the section ends.
    pub end: u32,
    /// The level of its heading.
    pub level: u8,
    /// The heading that it stands under, by its offset.
    parent: Option<u32>,
    /// Whether something in it was read, or it lies outside all regions.
    settled: bool,
}

/// A name that a field had before: code must no longer use it, and a removed and an added field of these names are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// The type.
    pub ty: String,
    /// The path before.
    pub from: FieldPath,
    /// The path after.
    pub to: FieldPath,
    /// Where it is written.
    pub at: u32,
    /// The line of that, 1-based.
    pub line: u32,
}

/// The headers of the columns, where a policy names them: then these alone are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    /// The column of the field.
    pub field: Option<String>,
    /// The column of what it is mapped to.
    pub target: Option<String>,
}

impl Contract {
    /// Reads a contract. What is wrong is told in [`problems`](Self::problems).
    pub fn parse(bytes: &[u8], columns: &Columns) -> Self {
        let text = match markdown::readable(bytes) {
            Ok(text) => text,
            Err(flaw) => {
                let problem = Problem::new(flaw.line, format!("the contract {}", flaw.what), flaw.help);
                return Self { problems: vec![problem], ..Self::default() };
            }
        };
        let mut contract = reader::read(text, columns);
        lint::check(&mut contract);
        contract.settle(short(bytes.len().saturating_sub(text.len())));
        contract
    }

    /// Moves all offsets behind a byte order mark, and puts the problems into order.
    fn settle(&mut self, mark: u32) {
        for entry in &mut self.entries {
            entry.at = entry.at.saturating_add(mark);
            entry.span = entry.span.start.saturating_add(mark)..entry.span.end.saturating_add(mark);
        }
        for section in &mut self.sections {
            section.at = section.at.saturating_add(mark);
            section.body = section.body.saturating_add(mark);
            section.end = section.end.saturating_add(mark);
        }
        for region in &mut self.regions {
            *region = region.start.saturating_add(mark)..region.end.saturating_add(mark);
        }
        self.retired.iter_mut().for_each(|retired| retired.at = retired.at.saturating_add(mark));
        self.acknowledgements.iter_mut().for_each(|given| given.at = given.at.saturating_add(mark));
        [&mut self.problems, &mut self.unclear].into_iter().for_each(problem::settle);
    }
}
