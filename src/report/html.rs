//! A page of HTML that stands by itself: no script, nothing from elsewhere. Its one writer takes markup from the source
//! text of refgate alone, and escapes everything else.

mod chart;

use std::fmt::Write as _;

pub use chart::{Bar, Slot, bars, timeline};

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

    /// A number.
    pub fn number(&mut self, number: usize) -> &mut Self {
        let _ = write!(self.0, "{number}");
        self
    }

    /// Another piece.
    pub fn piece(&mut self, piece: &Self) -> &mut Self {
        self.0.push_str(&piece.0);
        self
    }
}

/// A whole page around its content, with the title as its heading.
pub fn page(title: &str, content: &Html) -> String {
    let mut page = Html::new();
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        // Whatever slipped through would still run and load nothing.
        .raw(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
        )
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
        .text(title)
        .raw("</title>\n<style>\n")
        .raw(STYLE)
        .raw("</style>\n</head>\n<body>\n<main>\n<h1>")
        .text(title)
        .raw("</h1>\n")
        .piece(content)
        .raw("</main>\n</body>\n</html>\n");
    page.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(text: &str) -> String {
        let mut html = Html::new();
        html.text(text);
        html.0
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
        html.bytes(b"a<\xff").bytes(b"ok");
        assert_eq!(html.0, r"a&lt;\377ok");
    }

    #[test]
    fn a_page_names_nothing_to_load_and_runs_nothing() {
        let mut content = Html::new();
        content.text("</main><img src=x onerror=alert(1)>");
        let page = page("<b>", &content);
        assert!(page.starts_with("<!doctype html>") && page.contains("<title>&lt;b&gt;</title>"));
        for word in ["<script", "<img", "<link", "<b>", "http://", "https://", "url(", "@import", " src=\"", " href=\""]
        {
            assert!(!page.contains(word), "{word}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_a_tag_or_leaves_an_attribute(bytes in any::<Vec<u8>>()) {
            let mut html = Html::new();
            html.bytes(&bytes);
            prop_assert!(!html.0.contains(['<', '>', '"', '\'']));
            prop_assert!(!html.0.chars().any(|c| c != '\n' && escape::is_hidden(c)));
        }
    }
}
