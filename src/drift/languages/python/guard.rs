//! What the parser must not be given. Its time and memory grow with the square of how deep strings with expressions are
//! nested, and it calls itself for each operator that stands before a value, for each `else` and each `lambda`; what
//! stands behind one (`a.b.c`, `a + b + c`) makes a tree as deep as it is long.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Mode;
use ruff_python_parser::lexer::lex;

use crate::drift::shape::Unread;

/// How many brackets and strings Python has open at once.
const MAX_BRACKETS: usize = 200;
/// How many tokens that may each be a level of a tree stand in a row, with those around them, before something ends.
const MAX_CHAIN: usize = 10_000;

/// Where a chain is, within the brackets around it.
#[derive(Clone, Copy, Default)]
struct Chain {
    /// What is around, and `lambda`s of the same brackets, whose commas end nothing.
    floor: usize,
    /// With what stands in a row since the last comma.
    long: usize,
}

/// Whether a file can be parsed within the stack and the memory that there is.
pub(super) fn check(text: &str) -> Result<(), Unread> {
    let Some(reason) = too_deep(text) else { return Ok(()) };
    Err(Unread::new(u32::try_from(place(text)).unwrap_or(u32::MAX), reason))
}

/// The end of the shortest beginning of a text that is too deep: the lexer does not tell where it stands.
fn place(text: &str) -> usize {
    let is_too_deep = |end: usize| too_deep(text.get(..text.floor_char_boundary(end)).unwrap_or(text)).is_some();
    let mut most = 1 << 10;
    while most < text.len() && !is_too_deep(most) {
        most *= 2;
    }
    let (mut least, mut most) = (most / 2, most.min(text.len()));
    while least + 1 < most {
        let middle = least.midpoint(most);
        if is_too_deep(middle) { most = middle } else { least = middle }
    }
    text.floor_char_boundary(least)
}

/// Why a text is too deep to be parsed.
fn too_deep(text: &str) -> Option<&'static str> {
    let mut lexer = lex(text, Mode::Module);
    let mut outer = Vec::new();
    let mut chain = Chain::default();
    loop {
        let token = lexer.next_token();
        match token {
            TokenKind::EndOfFile => return None,
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart => {
                let inside = chain.long + 1;
                outer.push(chain);
                chain = Chain { floor: inside, long: inside };
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace | TokenKind::FStringEnd | TokenKind::TStringEnd => {
                chain = outer.pop().unwrap_or_default();
                chain.long += 1;
            }
            TokenKind::Newline | TokenKind::Semi if outer.is_empty() => chain = Chain::default(),
            TokenKind::Comma => chain.long = chain.floor,
            TokenKind::Lambda => {
                chain.floor += 1;
                chain.long += 1;
            }
            TokenKind::Comment | TokenKind::NonLogicalNewline | TokenKind::Newline => {}
            TokenKind::Name | TokenKind::String | TokenKind::Int | TokenKind::Float | TokenKind::Complex => {}
            _ => chain.long += 1,
        }
        if outer.len() > MAX_BRACKETS {
            return Some("the brackets or strings of this file are nested deeper than Python allows");
        }
        if chain.long > MAX_CHAIN {
            return Some("the code here is nested too deep to be read, or too long without an end");
        }
    }
}
