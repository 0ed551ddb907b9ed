//! What a statement says outside quotes and comments, as PostgreSQL reads it: the code that it runs or declares may spell
//! words in other ways than by writing them.

use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

/// Languages of functions whose bodies say by their words what they do; those of `c` and `internal` are no text.
const LANGUAGES: [&str; 4] = ["PLPGSQL", "SQL", "C", "INTERNAL"];

/// A token, and how many parentheses are open before it.
struct Code {
    depth: usize,
    /// In upper case where it is a word outside quotes, or a parenthesis; else nothing.
    word: String,
    token: Token,
}

impl Code {
    fn is(&self, words: &[&str]) -> bool {
        words.contains(&self.word.as_str())
    }
}

fn read(text: &str) -> Option<Vec<Code>> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize().ok()?;
    let mut depth = 0_usize;
    let mut code = Vec::with_capacity(tokens.len());
    for token in tokens.into_iter().filter(|token| !matches!(token, Token::Whitespace(_))) {
        let word = match &token {
            Token::Word(word) if word.quote_style.is_none() => word.value.to_ascii_uppercase(),
            Token::LParen => "(".to_owned(),
            Token::AtSign => "@".to_owned(),
            _ => String::new(),
        };
        depth = depth.saturating_sub(usize::from(token == Token::RParen));
        let opens = token == Token::LParen;
        code.push(Code { depth, word, token });
        depth += usize::from(opens);
    }
    Some(code)
}

/// Whether one of the words `second` follows one of `first` outside parentheses. `None` is no statement of PostgreSQL.
pub(super) fn says(text: &str, first: &[&str], second: &[&str]) -> Option<bool> {
    let is_so = |pair: &[Code]| matches!(pair, [one, other] if one.depth == 0 && one.is(first) && other.is(second));
    Some(read(text)?.windows(2).any(is_so))
}

/// Whether a query keeps its rows in a new table: `SELECT … INTO`. Words that begin other statements may be names here.
pub(super) fn makes_table(text: &str) -> bool {
    let Some(code) = read(text) else { return true };
    let mut selects = false;
    let (mut before, mut last) = (None, None);
    let mut code = code.iter().peekable();
    while let Some(token) = code.next() {
        let to_variable = code.peek().is_some_and(|next| next.is(&["@"]));
        if token.is(&["INTO"]) && !to_variable {
            let is_verb = last.is_some_and(|last: &Code| last.is(&["INSERT", "MERGE"]));
            let begins = before.is_some_and(|before: &Code| before.is(&["("])) || (token.depth == 0 && !selects);
            if !is_verb || !begins {
                return true;
            }
        }
        selects |= token.depth == 0 && token.is(&["SELECT", "VALUES", "TABLE"]);
        selects &= token.token != Token::SemiColon;
        (before, last) = (last, Some(token));
    }
    false
}

/// Whether a text within a statement, the body of a function most of all, has such a query.
pub(super) fn body_makes_table(text: &str) -> bool {
    let makes = |code: &Code| match &code.token {
        Token::SingleQuotedString(body) => makes_table(body),
        Token::DollarQuotedString(body) => makes_table(&body.value),
        _ => false,
    };
    read(text).is_none_or(|code| code.iter().any(makes))
}

/// Whether the body of a function or of DO is one text without escapes, in a language whose words are known: pieces of
/// texts may spell any word. `None` is no statement of PostgreSQL.
pub(super) fn has_plain_body(text: &str) -> Option<bool> {
    let code = read(text)?;
    let is_text = |token: &Token| matches!(token, Token::SingleQuotedString(_) | Token::DollarQuotedString(_));
    let is_odd = |token: &Token| {
        matches!(
            token,
            Token::EscapedStringLiteral(_) | Token::UnicodeStringLiteral(_) | Token::NationalStringLiteral(_)
        )
    };
    let is_known = |language: &Code| match &language.token {
        Token::SingleQuotedString(name) => LANGUAGES.iter().any(|known| name.eq_ignore_ascii_case(known)),
        _ => language.is(&LANGUAGES),
    };
    let is_plain = |pair: &[Code]| match pair {
        [one, other] if one.depth == 0 && one.is(&["LANGUAGE"]) => is_known(other),
        [one, other] => !(is_odd(&other.token) || (is_text(&one.token) && is_text(&other.token))),
        _ => true,
    };
    Some(code.windows(2).all(is_plain))
}

/// Whether the rows of a COPY follow it.
pub(super) fn copies_from_client(text: &str) -> bool {
    let Some(code) = read(text) else { return false };
    let is_query = code.get(1).is_some_and(|next| next.is(&["("]));
    // A column may be called `stdin` in what follows.
    let source = code.iter().skip_while(|token| token.depth > 0 || !token.is(&["FROM"])).nth(1);
    !is_query && source.is_some_and(|source| source.is(&["STDIN"]))
}
