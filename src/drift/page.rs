//! Markdown as headings, list items, tables and marks, with the place of every piece in the source.
//!
//! Owns what is visible. Must not know what a contract is.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The parts of a page that can mean something, in order. What stands in quotes, footnotes, code blocks and comments is
/// none of them.
#[derive(Debug)]
pub(super) enum Block {
    Heading {
        level: u8,
        runs: Vec<Run>,
        range: Range<usize>,
    },
    Item(Item),
    Table(Table),
    /// A comment that opens or closes a region.
    Mark {
        opens: bool,
        at: usize,
    },
    /// A comment that looks like a mark and is none.
    BadMark {
        at: usize,
    },
    /// A list or a table in HTML.
    Html {
        at: usize,
    },
    /// A paragraph with the line that divides a table's header from its rows, and so no table.
    BrokenTable {
        at: usize,
    },
}

#[derive(Debug)]
pub(super) struct Item {
    /// What it begins with: its first paragraph.
    pub(super) runs: Vec<Run>,
    /// From its marker to its end.
    pub(super) range: Range<usize>,
    /// Whether it stands in another item.
    pub(super) nested: bool,
    /// Whether something of it is struck out, or it has a box that is not ticked.
    pub(super) withdrawn: bool,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) header: Row,
    pub(super) rows: Vec<Row>,
}

#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) cells: Vec<Vec<Run>>,
    pub(super) range: Range<usize>,
}

/// A stretch of inline text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) kind: Kind,
    /// What is shown.
    pub(super) text: String,
    /// Where that stands in the source.
    pub(super) at: usize,
    /// Where the run begins in the source, backticks included.
    pub(super) start: usize,
    /// Where the run ends in the source, its marks included.
    pub(super) end: usize,
    /// Whether it is bold.
    pub(super) bold: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Code,
    /// Text as it stands in the source.
    Text,
    /// Text that is written otherwise than it is shown: in italics, struck out, with entities, as HTML.
    Dressed,
    /// Code that is struck out, or runs over the end of a line: then its text does not stand in the source as it is.
    OddCode,
}

/// The blocks of a text.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let mut builder = Builder { text, ..Builder::default() };
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(tag) => builder.start(&tag, range),
            Event::End(tag) => builder.end(tag),
            event => builder.inline(&event, range),
        }
    }
    builder.blocks
}

/// What takes text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Nothing,
    /// A heading or item, by its place in the blocks.
    Block(usize),
    /// The last cell of the last row of the table, by the table's place.
    Cell(usize),
}

#[derive(Default)]
struct Builder<'a> {
    text: &'a str,
    blocks: Vec<Block>,
    open: Open,
    table: Option<usize>,
    in_head: bool,
    items: usize,
    quotes: usize,
    muted: usize,
    bold: usize,
    dressed: usize,
    struck: usize,
}

impl Builder<'_> {
    fn start(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) => self.quotes = self.quotes.saturating_add(1),
            Tag::CodeBlock(_) | Tag::MetadataBlock(_) => self.mute(),
            Tag::HtmlBlock => {
                self.mute();
                self.html(range);
            }
            Tag::Image { .. } => {
                self.run(Kind::Dressed, "", range);
                self.muted = self.muted.saturating_add(1);
            }
            Tag::Strong => self.bold = self.bold.saturating_add(1),
            Tag::Strikethrough => self.struck = self.struck.saturating_add(1),
            Tag::Emphasis => self.dressed = self.dressed.saturating_add(1),
            Tag::Link { .. } => {}
            // A heading in a list is that item's text: no section begins in the middle of a list.
            Tag::Heading { level, .. } if self.quotes == 0 && self.items == 0 => {
                self.push(Block::Heading { level: *level as u8, runs: Vec::new(), range });
            }
            Tag::Item => {
                let nested = self.items > 0;
                self.items = self.items.saturating_add(1);
                if self.quotes == 0 {
                    self.push(Block::Item(Item { runs: Vec::new(), range, nested, withdrawn: false }));
                }
            }
            Tag::Table(_) => {
                self.open = Open::Nothing;
                if self.quotes == 0 {
                    self.table = Some(self.blocks.len());
                    self.blocks.push(Block::Table(Table { header: Row::default(), rows: Vec::new() }));
                }
            }
            Tag::TableHead | Tag::TableRow => {
                self.in_head = matches!(tag, Tag::TableHead);
                self.row(range);
            }
            Tag::TableCell => self.cell(),
            Tag::Paragraph if self.is_fresh() => self.divider(range),
            Tag::Paragraph => {
                self.open = Open::Nothing;
                self.divider(range);
            }
            _ => self.open = Open::Nothing,
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => self.quotes = self.quotes.saturating_sub(1),
            TagEnd::Image => {
                self.muted = self.muted.saturating_sub(1);
                return;
            }
            TagEnd::CodeBlock | TagEnd::MetadataBlock(_) | TagEnd::HtmlBlock => {
                self.muted = self.muted.saturating_sub(1);
            }
            TagEnd::Strong => {
                self.bold = self.bold.saturating_sub(1);
                return;
            }
            TagEnd::Strikethrough => {
                self.struck = self.struck.saturating_sub(1);
                return;
            }
            TagEnd::Emphasis => {
                self.dressed = self.dressed.saturating_sub(1);
                return;
            }
            TagEnd::Link => return,
            TagEnd::Item => self.items = self.items.saturating_sub(1),
            TagEnd::Table => self.table = None,
            _ => {}
        }
        self.open = Open::Nothing;
    }

    fn mute(&mut self) {
        self.muted = self.muted.saturating_add(1);
        self.open = Open::Nothing;
    }

    fn push(&mut self, block: Block) {
        self.open = Open::Block(self.blocks.len());
        self.blocks.push(block);
    }

    /// Whether the open block is an item that nothing has been written to: its first paragraph is its text.
    fn is_fresh(&self) -> bool {
        let Open::Block(at) = self.open else { return false };
        matches!(self.blocks.get(at), Some(Block::Item(item)) if item.runs.is_empty())
    }

    fn row(&mut self, range: Range<usize>) {
        let is_head = self.in_head;
        let Some(Block::Table(table)) = self.table.and_then(|at| self.blocks.get_mut(at)) else { return };
        let row = Row { cells: Vec::new(), range };
        if is_head {
            table.header = row;
        } else {
            table.rows.push(row);
        }
    }

    fn cell(&mut self) {
        let is_head = self.in_head;
        let Some(at) = self.table else { return };
        let Some(Block::Table(table)) = self.blocks.get_mut(at) else { return };
        if let Some(row) = if is_head { Some(&mut table.header) } else { table.rows.last_mut() } {
            row.cells.push(Vec::new());
            self.open = Open::Cell(at);
        }
    }

    fn runs(&mut self) -> Option<&mut Vec<Run>> {
        let is_head = self.in_head;
        match self.open {
            Open::Nothing => None,
            Open::Block(at) => match self.blocks.get_mut(at)? {
                Block::Heading { runs, .. } | Block::Item(Item { runs, .. }) => Some(runs),
                _ => None,
            },
            Open::Cell(at) => match self.blocks.get_mut(at)? {
                Block::Table(table) => {
                    let row = if is_head { &mut table.header } else { table.rows.last_mut()? };
                    row.cells.last_mut()
                }
                _ => None,
            },
        }
    }

    fn withdraw(&mut self) {
        let Open::Block(at) = self.open else { return };
        if let Some(Block::Item(item)) = self.blocks.get_mut(at) {
            item.withdrawn = true;
        }
    }

    fn run(&mut self, kind: Kind, text: &str, range: Range<usize>) {
        let hidden = match kind {
            Kind::Code | Kind::OddCode => code_offset(self.text.get(range.clone()).unwrap_or_default()),
            Kind::Text | Kind::Dressed => 0,
        };
        let bold = self.bold > 0;
        let at = range.start.saturating_add(hidden);
        let run = Run { kind, text: text.to_owned(), at, start: range.start, end: range.end, bold };
        if let Some(runs) = self.runs() {
            // Most items are one run.
            runs.reserve_exact(usize::from(runs.is_empty()));
            runs.push(run);
        }
    }

    fn inline(&mut self, event: &Event<'_>, range: Range<usize>) {
        if self.muted > 0 {
            return;
        }
        let source = self.text.get(range.clone()).unwrap_or_default();
        let struck = self.struck > 0;
        if struck || matches!(event, Event::TaskListMarker(false)) {
            self.withdraw();
        }
        match event {
            Event::Code(code) => {
                let is_odd = struck || source.contains('\n');
                self.run(if is_odd { Kind::OddCode } else { Kind::Code }, code, range);
            }
            Event::Text(text) => {
                let kind = if struck || self.dressed > 0 || source != &**text { Kind::Dressed } else { Kind::Text };
                self.run(kind, text, range);
            }
            Event::SoftBreak | Event::HardBreak => self.run(Kind::Text, " ", range),
            Event::InlineHtml(html) | Event::Html(html) => {
                if is_mark_like(html) {
                    self.blocks.push(Block::BadMark { at: range.start });
                }
                self.run(Kind::Dressed, if is_line_break(html) { " " } else { html }, range);
            }
            Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {
                self.run(Kind::Dressed, "", range);
            }
            Event::Rule => self.open = Open::Nothing,
            _ => {}
        }
    }

    /// Notes a paragraph that was meant as a table.
    fn divider(&mut self, range: Range<usize>) {
        let source = self.text.get(range.clone()).unwrap_or_default();
        let divides = |line: &str| {
            line.contains('|') && line.contains("--") && line.bytes().all(|byte| b"|-: \t\r".contains(&byte))
        };
        if self.quotes == 0 && source.split('\n').any(divides) {
            self.blocks.push(Block::BrokenTable { at: range.start });
        }
    }

    /// A block of HTML: the marks in it, and whether it holds what a list or table of the page could be mistaken for.
    fn html(&mut self, range: Range<usize>) {
        let source = self.text.get(range.clone()).unwrap_or_default();
        if self.quotes > 0 {
            return;
        }
        let mut at = range.start;
        for line in source.split_inclusive('\n') {
            match line.trim() {
                "<!-- refgate:contract -->" => self.blocks.push(Block::Mark { opens: true, at }),
                "<!-- /refgate:contract -->" => self.blocks.push(Block::Mark { opens: false, at }),
                line if is_mark_like(line) => self.blocks.push(Block::BadMark { at }),
                _ => {}
            }
            at = at.saturating_add(line.len());
        }
        if !source.trim_start().starts_with("<!--") && has_list(source) {
            self.blocks.push(Block::Html { at: range.start });
        }
    }
}

/// Where the text of a code span stands in its source: behind the backticks, and behind the space that is not shown.
fn code_offset(source: &str) -> usize {
    let ticks = source.bytes().take_while(|byte| *byte == b'`').count();
    let inner = source.trim_matches('`');
    let padded = inner.starts_with(' ') && inner.ends_with(' ') && !inner.trim().is_empty();
    ticks.saturating_add(usize::from(padded))
}

/// Whether a comment names this program: a mark, or what was meant as one.
fn is_mark_like(html: &str) -> bool {
    html.split("<!--").skip(1).any(|comment| {
        let comment = comment.trim_start().trim_start_matches('/').trim_start();
        comment.get(.."refgate".len()).is_some_and(|start| start.eq_ignore_ascii_case("refgate"))
    })
}

fn is_line_break(html: &str) -> bool {
    matches!(html, "<br>" | "<br/>" | "<br />")
}

/// Whether HTML has an item of a list or a row of a table.
fn has_list(html: &str) -> bool {
    html.split('<').skip(1).any(|tag| {
        let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).take(3).collect();
        matches!(name.to_ascii_lowercase().as_str(), "li" | "tr" | "td")
    })
}
