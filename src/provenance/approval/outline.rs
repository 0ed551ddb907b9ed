//! Markdown as a reader of the rendered page sees it: headings, paragraphs and list items with their visible text.
//!
//! Owns what is visible and what counts as text. Must not know what any heading or item means.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The blocks of a document in order, and the lines where raw HTML stands.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) blocks: Vec<Block>,
    pub(super) html: Vec<u32>,
}

/// A stretch of visible text. HTML and link definitions make none.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: Kind,
    /// 1-based.
    pub(super) line: u32,
    /// The block quote, table or footnote that it stands in: what is quoted is not said.
    pub(super) quoted: bool,
    /// The check box in front: ticked or not.
    pub(super) check_box: Option<bool>,
    pub(super) lead: Lead,
    /// Its code spans.
    pub(super) codes: Vec<String>,
    /// Whether a picture or the mark of a footnote is in it: what those say does not stand here.
    pub(super) refers: bool,
    /// Whether a second code span follows the leading one as in a list of words.
    pub(super) enumerates: bool,
    /// Whether all of its text is bold.
    pub(super) bold: bool,
    pub(super) lines: Vec<TextLine>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A heading of level 1 to 6, and the list item (by its place in the blocks) that it stands in.
    Heading { level: u8, item: Option<usize> },
    /// A paragraph, and the list item that it stands in.
    Paragraph { item: Option<usize> },
    /// A block of code, all of it in one line of text, and the list item that it stands in.
    Code { item: Option<usize> },
    /// A list item's first paragraph, and the item around it.
    Item { parent: Option<usize> },
    /// A thematic break.
    Rule,
}

/// What a block begins with, its check box aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lead {
    Nothing,
    Text,
    Code(String),
    /// A code span within emphasis, strikethrough or a link.
    WrappedCode,
}

/// One line of visible text, code spans and unknown tags included as they read.
#[derive(Debug)]
pub(super) struct TextLine {
    pub(super) line: u32,
    pub(super) text: String,
    /// The same with the code spans between backticks.
    pub(super) marked: String,
    /// Whether any of it is struck through.
    pub(super) struck: bool,
}

impl Block {
    /// The visible text in one line.
    pub(super) fn text(&self) -> String {
        self.lines.iter().map(|line| line.text.trim()).collect::<Vec<_>>().join(" ")
    }

    /// What follows the code span that the block begins with; `None` when it begins with something else.
    pub(super) fn after_lead(&self) -> Option<&str> {
        let Lead::Code(code) = &self.lead else { return None };
        self.lines.first()?.text.trim_start().strip_prefix(code.as_str())
    }

    /// The text after the code span that the block begins with, or all of it; code spans between backticks.
    pub(super) fn prose(&self) -> String {
        let text = self.lines.iter().map(|line| line.marked.trim()).collect::<Vec<_>>().join(" ");
        match &self.lead {
            Lead::Code(code) => text.strip_prefix(&format!("`{code}`")).map_or(text.clone(), str::to_owned),
            _ => text,
        }
    }

    fn only_separators_after_lead(&self) -> bool {
        let rest = self.after_lead().unwrap_or("?");
        let words = rest.split([' ', '\t', ',', ';', '&', '+', '/']).filter(|word| !word.is_empty());
        words.into_iter().all(|word| matches!(word, "and" | "or"))
            && self.lines.iter().skip(1).all(|line| line.text.trim().is_empty())
    }

    /// The list item that it stands in.
    pub(super) const fn around(&self) -> Option<usize> {
        match self.kind {
            Kind::Heading { item, .. } | Kind::Paragraph { item } | Kind::Code { item } => item,
            Kind::Item { parent } => parent,
            Kind::Rule => None,
        }
    }

    pub(super) fn struck(&self) -> bool {
        self.lines.iter().any(|line| line.struck)
    }
}

impl Outline {
    pub(super) fn of(text: &str) -> Self {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_GFM;
        let mut builder = Builder::new(text);
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            let line = builder.line_at(range.start);
            match event {
                Event::Start(tag) => builder.start(&tag, line, text.get(range).unwrap_or_default()),
                Event::End(tag) => builder.end(tag),
                event => builder.inline(&event, line),
            }
        }
        builder.outline
    }
}

struct Builder {
    outline: Outline,
    /// The offset of each line feed.
    line_feeds: Vec<usize>,
    /// The list items that are open, by their place in the blocks.
    items: Vec<usize>,
    /// The block that takes text.
    open: Option<usize>,
    quotes: u32,
    muted: u32,
    wraps: u32,
    strong: u32,
    strikes: u32,
}

impl Builder {
    fn new(text: &str) -> Self {
        let line_feeds = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        Self {
            outline: Outline::default(),
            line_feeds,
            items: Vec::new(),
            open: None,
            quotes: 0,
            muted: 0,
            wraps: 0,
            strong: 0,
            strikes: 0,
        }
    }

    fn line_at(&self, offset: usize) -> u32 {
        let before = self.line_feeds.partition_point(|line_feed| *line_feed < offset);
        u32::try_from(before).map_or(u32::MAX, |before| before.saturating_add(1))
    }

    fn push(&mut self, kind: Kind, line: u32) {
        self.open = Some(self.outline.blocks.len());
        let quoted = self.quotes > 0;
        let lines = Vec::new();
        self.outline.blocks.push(Block {
            kind,
            line,
            quoted,
            check_box: None,
            lead: Lead::Nothing,
            codes: Vec::new(),
            refers: false,
            enumerates: false,
            bold: true,
            lines,
        });
    }

    fn start(&mut self, tag: &Tag<'_>, line: u32, source: &str) {
        match tag {
            Tag::Paragraph if self.is_fresh_item() => {}
            Tag::Paragraph | Tag::TableCell => self.push(Kind::Paragraph { item: self.items.last().copied() }, line),
            Tag::Heading { level, .. } => {
                self.push(Kind::Heading { level: *level as u8, item: self.items.last().copied() }, line);
            }
            Tag::Item => {
                self.push(Kind::Item { parent: self.items.last().copied() }, line);
                self.items.extend(self.open);
            }
            Tag::BlockQuote(_) | Tag::FootnoteDefinition(_) | Tag::Table(_) => {
                self.quotes += 1;
                self.open = None;
            }
            Tag::CodeBlock(_) => self.push(Kind::Code { item: self.items.last().copied() }, line),
            Tag::HtmlBlock | Tag::MetadataBlock(_) => {
                self.muted += 1;
                self.open = None;
                if matches!(tag, Tag::HtmlBlock) && !is_comment(source) {
                    self.outline.html.push(line);
                }
            }
            Tag::Emphasis | Tag::Link { .. } | Tag::Superscript | Tag::Subscript => self.wraps += 1,
            Tag::Strong => {
                self.wraps += 1;
                self.strong += 1;
            }
            Tag::Strikethrough => {
                self.wraps += 1;
                self.strikes += 1;
            }
            Tag::Image { .. } => {
                self.refer(line);
                self.muted += 1;
            }
            _ => self.open = None,
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Item => {
                self.items.pop();
                self.open = None;
            }
            TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition | TagEnd::Table => {
                self.quotes = self.quotes.saturating_sub(1);
                self.open = None;
            }
            TagEnd::HtmlBlock | TagEnd::MetadataBlock(_) => {
                self.muted = self.muted.saturating_sub(1);
                self.open = None;
            }
            TagEnd::Image => self.muted = self.muted.saturating_sub(1),
            TagEnd::Emphasis | TagEnd::Link | TagEnd::Superscript | TagEnd::Subscript => self.unwrap_one(),
            TagEnd::Strong => {
                self.unwrap_one();
                self.strong = self.strong.saturating_sub(1);
            }
            TagEnd::Strikethrough => {
                self.unwrap_one();
                self.strikes = self.strikes.saturating_sub(1);
            }
            _ => self.open = None,
        }
    }

    fn unwrap_one(&mut self) {
        self.wraps = self.wraps.saturating_sub(1);
    }

    /// Whether the open block is a list item that nothing has been written to: its first paragraph is its text.
    fn is_fresh_item(&self) -> bool {
        self.open.and_then(|at| self.outline.blocks.get(at)).is_some_and(|block| {
            matches!(block.kind, Kind::Item { .. }) && block.lines.is_empty() && block.check_box.is_none()
        })
    }

    fn inline(&mut self, event: &Event<'_>, line: u32) {
        match event {
            Event::Rule => {
                self.push(Kind::Rule, line);
                self.open = None;
            }
            _ if self.muted > 0 => {}
            Event::Text(text) | Event::InlineMath(text) | Event::DisplayMath(text) => self.visible(text, line),
            Event::Code(code) => self.code(code, line),
            Event::InlineHtml(html) if is_line_break(html) => self.visible(" ", line),
            Event::InlineHtml(html) | Event::Html(html) if !is_comment(html) => {
                self.visible(html, line);
                self.outline.html.push(line);
            }
            Event::FootnoteReference(_) => self.refer(line),
            Event::SoftBreak | Event::HardBreak => {
                let strikes = self.strikes;
                if let Some(block) = self.block(line) {
                    block.lines.push(TextLine {
                        line: line.saturating_add(1),
                        text: String::new(),
                        marked: String::new(),
                        struck: strikes > 0,
                    });
                }
            }
            Event::TaskListMarker(ticked) => {
                if let Some(block) = self.block(line) {
                    block.check_box = Some(*ticked);
                }
            }
            _ => {}
        }
    }

    /// The block that takes text; in a tight list, text after a nested block begins a paragraph without saying so.
    fn block(&mut self, line: u32) -> Option<&mut Block> {
        if self.open.is_none() {
            self.push(Kind::Paragraph { item: self.items.last().copied() }, line);
        }
        self.open.and_then(|at| self.outline.blocks.get_mut(at))
    }

    fn code(&mut self, code: &str, line: u32) {
        if let Some(block) = self.block(line) {
            // Asked once in a block: the answer takes time by its length.
            block.enumerates |= block.codes.len() == 1 && block.only_separators_after_lead();
            block.codes.push(code.to_owned());
        }
        let lead = if self.wraps == 0 { Lead::Code(code.to_owned()) } else { Lead::WrappedCode };
        self.append(code, &format!("`{code}`"), line, lead);
    }

    fn visible(&mut self, text: &str, line: u32) {
        let lead = if text.trim().is_empty() { Lead::Nothing } else { Lead::Text };
        self.append(text, text, line, lead);
    }

    /// A picture or the mark of a footnote: text that is not here.
    fn refer(&mut self, line: u32) {
        self.append(" ", " ", line, Lead::Text);
        if let Some(block) = self.block(line) {
            block.refers = true;
        }
    }

    fn append(&mut self, text: &str, marked: &str, line: u32, lead: Lead) {
        let (is_strong, is_struck) = (self.strong > 0, self.strikes > 0);
        let Some(block) = self.block(line) else { return };
        if block.lead == Lead::Nothing {
            block.lead = lead;
        }
        block.bold &= is_strong || text.trim_matches([' ', ':']).is_empty();
        if block.lines.is_empty() {
            block.lines.push(TextLine { line, text: String::new(), marked: String::new(), struck: false });
        }
        if let Some(last) = block.lines.last_mut() {
            last.text.push_str(text);
            last.marked.push_str(marked);
            last.struck |= is_struck;
        }
    }
}

/// Whether HTML is comments and nothing else, so that a page shows nothing of it and it touches nothing about it.
fn is_comment(html: &str) -> bool {
    let mut rest = html.trim();
    while let Some(comment) = rest.strip_prefix("<!--") {
        // Browsers also end a comment at these two, where Markdown goes on.
        if comment.starts_with('>') || comment.starts_with("->") {
            return false;
        }
        match comment.split_once("-->") {
            Some((inside, after)) if !inside.contains("--!>") => rest = after.trim(),
            _ => return false,
        }
    }
    rest.is_empty()
}

fn is_line_break(html: &str) -> bool {
    matches!(html, "<br>" | "<br/>" | "<br />")
}
