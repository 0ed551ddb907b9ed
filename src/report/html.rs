//! A page of HTML that stands by itself: no script, nothing from elsewhere. Its one writer takes markup from the source
//! text of refgate alone, and escapes everything else.

mod chart;
mod table;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};

pub use chart::{Timeline, bar};
pub use table::{Column, Table, column, number};

use crate::escape;

const STYLE: &str = include_str!("html/page.css");

/// A piece of a page.
#[derive(Clone, Debug, Default)]
pub struct Html(String);

impl Html {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Markup, which only a literal can be.
    pub fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text of any origin. What shows nothing, or turns what follows around, is spelt out.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' => self.0.push('\n'),
                c if escape::is_hidden(c) => _ = write!(self.0, "\\u{{{:x}}}", u32::from(c)),
                c => self.0.push(c),
            }
        }
        self
    }

    /// Bytes of any origin: as text where they are UTF-8, else escaped.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text(text),
            Err(_) => self.text(&escape::escape(bytes)),
        }
    }

    /// Text that others chose, which goes its own way on the page: letters that are written from right to left move
    /// nothing beside it.
    pub fn foreign(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.raw("<bdi>").bytes(bytes.as_ref()).raw("</bdi>")
    }

    /// A number, as attributes have it.
    pub fn number(&mut self, number: usize) -> &mut Self {
        let _ = write!(self.0, "{number}");
        self
    }

    /// A number for people: 1,234,567.
    pub fn count(&mut self, count: usize) -> &mut Self {
        let digits = count.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                self.0.push(',');
            }
            self.0.push(digit);
        }
        self
    }

    /// Another piece.
    pub fn piece(&mut self, piece: &Self) -> &mut Self {
        self.0.push_str(&piece.0);
        self
    }

    /// Whether there is nothing.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A piece that is written in one go.
pub fn piece(write: impl FnOnce(&mut Html)) -> Html {
    let mut html = Html::new();
    write(&mut html);
    html
}

/// The few numbers that all comes to.
pub fn tiles(numbers: &[(&'static str, usize)]) -> Html {
    piece(|html| {
        html.raw("<dl class=\"tiles\">");
        for (word, count) in numbers {
            html.raw("<div><dt>").raw(word).raw("</dt><dd>").count(*count).raw("</dd></div>");
        }
        html.raw("</dl>\n");
    })
}

/// A whole page: a title, what is said first, and parts that can be jumped to.
#[derive(Debug)]
pub struct Page {
    title: String,
    lead: Html,
    parts: Vec<Part>,
    foot: Html,
}

#[derive(Debug)]
struct Part {
    id: &'static str,
    title: &'static str,
    content: Html,
}

impl Page {
    /// A page with this title, which is its heading too, and this lead.
    pub fn new(title: &str, lead: Html, foot: Html) -> Self {
        Self { title: title.to_owned(), lead, parts: Vec::new(), foot }
    }

    /// One more part, where there is anything to say.
    pub fn part(&mut self, id: &'static str, title: &'static str, content: Html) -> &mut Self {
        if !content.is_empty() {
            self.parts.push(Part { id, title, content });
        }
        self
    }

    /// The page's text.
    pub fn render(&self) -> String {
        let mut page = Html::new();
        page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        // Whatever slipped through would still run and load nothing, nor change how anything looks.
        page.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
        page.text(&BASE64.encode(Sha256::digest(STYLE)));
        page.raw("'; base-uri 'none'; form-action 'none'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n")
            .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
            .text(&self.title)
            .raw("</title>\n<style>")
            .raw(STYLE)
            .raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n<h1>")
            .foreign(&self.title)
            .raw("</h1>\n")
            .piece(&self.lead)
            .raw("</header>\n");
        if self.parts.len() > 1 {
            page.raw("<nav aria-label=\"On this page\"><ul>\n");
            for Part { id, title, .. } in &self.parts {
                page.raw("<li><a href=\"#").raw(id).raw("\">").raw(title).raw("</a></li>\n");
            }
            page.raw("</ul></nav>\n");
        }
        page.raw("<main id=\"main\" tabindex=\"-1\">\n");
        for Part { id, title, content } in &self.parts {
            page.raw("<section id=\"").raw(id).raw("\" aria-labelledby=\"").raw(id).raw("-title\">\n<h2 id=\"");
            page.raw(id).raw("-title\">").raw(title).raw("</h2>\n").piece(content).raw("</section>\n");
        }
        page.raw("</main>\n<footer>\n").piece(&self.foot).raw("</footer>\n</body>\n</html>\n");
        page.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> String {
        piece(|html| _ = html.text(text)).0
    }

    #[test]
    fn text_is_never_markup_and_hides_nothing() {
        assert_eq!(
            text("<script>a('b') && \"c\"</script>"),
            "&lt;script&gt;a(&#39;b&#39;) &amp;&amp; &quot;c&quot;&lt;/script&gt;"
        );
        assert_eq!(
            text("caf\u{e9} \u{202e}\u{0}\u{1b}[2J"),
            r"caf&#233; \u{202e}\u{0}\u{1b}[2J".replace("&#233;", "\u{e9}")
        );
        let mut html = Html::new();
        html.bytes(b"a<\xff").bytes(b"ok").foreign("<i>");
        assert_eq!(html.0, r"a&lt;\377ok<bdi>&lt;i&gt;</bdi>");
    }

    #[test]
    fn numbers_for_people_are_grouped() {
        let counts = [0, 7, 999, 1_000, 123_456, 1_234_567].map(|count| piece(|html| _ = html.count(count)).0);
        assert_eq!(counts, ["0", "7", "999", "1,000", "123,456", "1,234,567"]);
    }

    #[test]
    fn a_page_names_nothing_to_load_and_runs_nothing() {
        let hostile = "</main><img src=x onerror=alert(1)>";
        let foot = piece(|html| _ = html.text(hostile));
        let mut page = Page::new("<b>", foot.clone(), foot.clone());
        page.part("one", "One", foot.clone()).part("two", "Two", foot).part("three", "Three", Html::new());
        let page = page.render();
        assert!(page.starts_with("<!doctype html>") && page.contains("<title>&lt;b&gt;</title>"));
        assert!(page.contains("<li><a href=\"#two\">Two</a></li>") && !page.contains("three"));
        for word in ["<script", "<img", "<link", "<b>", "http://", "https://", "url(", "@import", " src=\""] {
            assert!(!page.contains(word), "{word}");
        }
        assert_eq!(page.matches(" href=\"").count(), page.matches(" href=\"#").count());
    }

    #[test]
    fn the_style_is_the_one_that_the_page_s_own_policy_lets_in() {
        let page = Page::new("a", Html::new(), Html::new()).render();
        let (_, rest) = page.split_once("<style>").unwrap();
        let (style, _) = rest.split_once("</style>").unwrap();
        let hash = BASE64.encode(Sha256::digest(style));
        assert!(page.contains(&format!("style-src 'sha256-{hash}'; base-uri")), "{hash}");
        assert!(!page.contains(" style="), "no attribute's style would be let in");
    }

    proptest! {
        #[test]
        fn no_text_makes_a_tag_or_leaves_an_attribute(bytes in any::<Vec<u8>>()) {
            let html = piece(|html| _ = html.bytes(&bytes));
            prop_assert!(!html.0.contains(['<', '>', '"', '\'']));
            prop_assert!(!html.0.chars().any(|c| c != '\n' && escape::is_hidden(c)));
        }
    }
}
