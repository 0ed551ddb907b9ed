//! A statement's tokens, with offsets in the file for places, and what the parser does not take in words that it does.

use sqlparser::dialect::Dialect as Grammar;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Span, Token, TokenWithSpan, Tokenizer};

use super::split::{Dialect, Piece};

type Tokens = Vec<TokenWithSpan>;

/// The tokens without space and comments.
pub(super) fn read(piece: &Piece<'_>, dialect: Dialect, grammar: &dyn Grammar) -> Result<Tokens, String> {
    let is_ansi = dialect == Dialect::MySqlAnsi && piece.text.contains('"');
    if is_ansi && piece.text.contains('\\') {
        return Err("it has backslashes beside names in double quotes".to_owned());
    }
    let mut tokens = Tokenizer::new(grammar, piece.text).tokenize_with_location().map_err(|error| error.message)?;
    let mut cursor = Cursor { rest: piece.text, line: 1, column: 1, offset: piece.at };
    for token in &mut tokens {
        let start = cursor.forward(token.span.start);
        let place = Location::new(1, u64::try_from(start).unwrap_or(u64::MAX).saturating_add(1));
        token.span = Span::new(place, place);
        if let (true, Token::DoubleQuotedString(name)) = (is_ansi, &token.token) {
            token.token = Token::make_word(name, Some('"'));
        }
    }
    tokens.retain(|token| !matches!(token.token, Token::Whitespace(_)));
    Ok(tokens)
}

/// Turns places that only go forward into offsets.
struct Cursor<'s> {
    rest: &'s str,
    line: u64,
    column: u64,
    offset: usize,
}

impl Cursor<'_> {
    fn forward(&mut self, to: Location) -> usize {
        while (self.line, self.column) < (to.line, to.column) {
            let mut chars = self.rest.chars();
            let Some(c) = chars.next() else { break };
            (self.line, self.column) = if c == '\n' { (self.line + 1, 1) } else { (self.line, self.column + 1) };
            self.offset += c.len_utf8();
            self.rest = chars.as_str();
        }
        self.offset
    }
}

/// A token as a keyword, if it may be one. Quoted names and texts are none.
pub(super) fn word(token: &TokenWithSpan) -> &str {
    match &token.token {
        Token::Word(word) if word.quote_style.is_none() => &word.value,
        Token::Period => ".",
        Token::LParen => "(",
        _ => "",
    }
}

/// Whether the tokens begin with these words.
pub(super) fn begins(tokens: &[TokenWithSpan], words: &[&str]) -> bool {
    let mut tokens = tokens.iter();
    words.iter().all(|wanted| tokens.next().is_some_and(|token| word(token).eq_ignore_ascii_case(wanted)))
}

/// The statements that the parser is given: each change of `ALTER TABLE` by itself, so that one which it does not know
/// takes none of the others along.
pub(super) fn parts(mut tokens: Tokens, dialect: Dialect) -> Vec<Tokens> {
    tokens = without_phrases(tokens, dialect);
    if dialect.is_mysql() {
        tokens = in_other_words(tokens);
    }
    if dialect == Dialect::Sqlite && begins(&tokens, &["CREATE"]) {
        return vec![without_options(tokens)];
    }
    if begins(&tokens, &["CREATE", "DOMAIN"]) {
        return vec![without_not_null(tokens)];
    }
    // The parser knows no IF EXISTS of an index.
    if begins(&tokens, &["ALTER", "INDEX"])
        && let Some(index) = tokens.get_mut(1)
    {
        index.token = Token::make_keyword("TABLE");
        return vec![tokens];
    }
    if !begins(&tokens, &["ALTER", "TABLE"]) {
        return vec![tokens];
    }
    let length = header(&tokens);
    let changes = tokens.split_off(length.min(tokens.len()));
    let mut parts = Vec::new();
    for change in at_commas(changes) {
        for change in added(change) {
            let mut part = tokens.clone();
            part.extend(change);
            parts.push(part);
        }
    }
    parts
}

/// How many tokens name the table: `ALTER TABLE [IF EXISTS] [ONLY] a.b`.
pub(super) fn header(tokens: &[TokenWithSpan]) -> usize {
    let rest = |from: usize| tokens.get(from..).unwrap_or_default();
    let mut length = 2;
    length += if begins(rest(length), &["IF", "EXISTS"]) { 2 } else { 0 };
    length += usize::from(begins(rest(length), &["ONLY"])) + 1;
    while begins(rest(length), &["."]) {
        length += 2;
    }
    length
}

/// Parts at commas that stand in no parentheses.
fn at_commas(tokens: Tokens) -> Vec<Tokens> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0_usize;
    for token in tokens {
        match token.token {
            Token::LParen | Token::LBracket => depth += 1,
            Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
            Token::Comma if depth == 0 => {
                parts.push(Vec::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().into_iter().for_each(|part| part.push(token.clone()));
    }
    parts
}

/// `ADD (a int, b int)` as `ADD a int` and `ADD b int`; `RENAME b` as `RENAME TO b`.
fn added(mut change: Tokens) -> Vec<Tokens> {
    if change.len() == 2 && begins(&change, &["RENAME"]) {
        let to = TokenWithSpan::new(Token::make_keyword("TO"), change.last().map_or_else(Span::empty, |new| new.span));
        change.insert(1, to);
        return vec![change];
    }
    let open = if begins(&change, &["ADD", "COLUMN", "("]) { 2 } else { 1 };
    let is_list = begins(&change, &["ADD"])
        && change.get(open).is_some_and(|token| token.token == Token::LParen)
        && change.last().is_some_and(|token| token.token == Token::RParen);
    if !is_list {
        return vec![change];
    }
    let mut columns = change.split_off(open + 1);
    columns.pop();
    change.pop();
    let add = |column: Tokens| change.iter().cloned().chain(column).collect();
    at_commas(columns).into_iter().map(add).collect()
}

/// What MySQL knows and the parser does not: `ZEROFILL`, `CHARSET` of a column, the list of a table's partitions.
fn in_other_words(tokens: Tokens) -> Tokens {
    use self::word as word_of;
    let is_created = begins(&tokens, &["CREATE"]);
    // What a query brings in stands behind the partitions.
    let selects = tokens.iter().any(|token| word(token).eq_ignore_ascii_case("AS"))
        || ["SELECT", "TABLE", "ROW"].iter().any(|start| {
            tokens.iter().filter(|token| word(token).eq_ignore_ascii_case(start)).count()
                > usize::from(*start == "TABLE")
        });
    let mut said = Vec::with_capacity(tokens.len());
    let mut depth = 0_usize;
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        let next = rest.peek();
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Word(word) if word.quote_style.is_none() => {
                let is = |wanted: &str| word.value.eq_ignore_ascii_case(wanted);
                if is("ZEROFILL") {
                    continue;
                }
                let is_partitioned = next.is_some_and(|next| begins(std::slice::from_ref(next), &["BY"]));
                if is_created && !selects && depth == 0 && is("PARTITION") && is_partitioned {
                    break;
                }
                let is_column = said.last().is_some_and(|last: &TokenWithSpan| {
                    matches!(last.token, Token::LParen | Token::Comma)
                        || ["ADD", "COLUMN", "CHANGE", "MODIFY"]
                            .iter()
                            .any(|verb| word_of(last).eq_ignore_ascii_case(verb))
                });
                if (depth > 0 || !is_created)
                    && !is_column
                    && is("CHARSET")
                    && next.is_some_and(|next| matches!(next.token, Token::Word(_)))
                {
                    let set = TokenWithSpan::new(Token::make_keyword("SET"), token.span);
                    said.extend([TokenWithSpan::new(Token::make_keyword("CHARACTER"), token.span), set]);
                    continue;
                }
            }
            _ => {}
        }
        said.push(token);
    }
    said
}

/// Tables without what keys and texts of a database may say, which no column depends on and the parser does not take.
fn without_phrases(tokens: Tokens, dialect: Dialect) -> Tokens {
    if !begins(&tokens, &["CREATE"]) && !begins(&tokens, &["ALTER"]) {
        return tokens;
    }
    let mut said: Tokens = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        let length = phrase(&said, rest, dialect);
        if length == 0 {
            said.push(token.clone());
        }
        rest = rest.get(length.max(1)..).unwrap_or(after);
    }
    said
}

/// How many tokens such a phrase has that begins here.
fn phrase(said: &[TokenWithSpan], rest: &[TokenWithSpan], dialect: Dialect) -> usize {
    let is_one_of = |at: usize, words: &[&str]| {
        rest.get(at).is_some_and(|token| words.iter().any(|wanted| word(token).eq_ignore_ascii_case(wanted)))
    };
    let begins_column = |token: &TokenWithSpan| {
        matches!(token.token, Token::LParen | Token::Comma)
            || ["ADD", "COLUMN", "CHANGE", "MODIFY"].iter().any(|verb| word(token).eq_ignore_ascii_case(verb))
    };
    // The name of a column may be any of these words.
    let is_behind = |words: &[&str]| match said {
        [.., before, last] => {
            last.token == Token::RParen
                || ["SET", "CHARSET"].iter().any(|of| word(before).eq_ignore_ascii_case(of))
                || (!begins_column(before) && words.iter().any(|wanted| word(last).eq_ignore_ascii_case(wanted)))
        }
        _ => false,
    };
    match dialect {
        Dialect::MySql | Dialect::MySqlAnsi => {
            let texts = ["CHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT"];
            match () {
                () if begins(rest, &["USING"]) && is_one_of(1, &["BTREE", "HASH"]) && is_behind(&["KEY", "INDEX"]) => 2,
                () if begins(rest, &["WITH", "PARSER"]) && is_behind(&[]) => 3,
                () if begins(rest, &["BINARY"]) && is_behind(&texts) => 1,
                () => 0,
            }
        }
        Dialect::Sqlite => {
            let ways = ["ROLLBACK", "ABORT", "FAIL", "IGNORE", "REPLACE"];
            if begins(rest, &["ON", "CONFLICT"]) && is_one_of(2, &ways) { 3 } else { 0 }
        }
        Dialect::Postgres => 0,
    }
}

/// A table of SQLite without what may follow its columns, `STRICT, WITHOUT ROWID`: no kind depends on it, and the parser
/// takes no list of it.
fn without_options(mut tokens: Tokens) -> Tokens {
    tokens.truncate(options(&tokens).unwrap_or(tokens.len()));
    tokens
}

/// Whether a statement is a table of SQLite with one of these, which no other database takes.
pub(super) fn has_options(tokens: &[TokenWithSpan]) -> bool {
    // What a query gives may be called so.
    let queries = tokens.iter().any(|token| word(token).eq_ignore_ascii_case("AS"));
    begins(tokens, &["CREATE", "TABLE"]) && !queries && options(tokens).is_some()
}

/// Where these begin; nothing where something else stands there.
fn options(tokens: &[TokenWithSpan]) -> Option<usize> {
    let end = tokens.iter().rposition(|token| token.token == Token::RParen).map_or(tokens.len(), |last| last + 1);
    let options = tokens.get(end..).unwrap_or_default().to_vec();
    let is_option = |option: &Tokens| {
        (option.len() == 1 && begins(option, &["STRICT"]))
            || (option.len() == 2 && begins(option, &["WITHOUT", "ROWID"]))
    };
    at_commas(options).iter().all(is_option).then_some(end)
}

/// A domain without `NOT NULL`, which no kind depends on and the parser does not take.
fn without_not_null(tokens: Tokens) -> Tokens {
    let mut said: Tokens = Vec::with_capacity(tokens.len());
    let mut depth = 0_usize;
    for token in tokens {
        depth = match token.token {
            Token::LParen => depth + 1,
            Token::RParen => depth.saturating_sub(1),
            _ => depth,
        };
        let is = |token: &TokenWithSpan, keyword: Keyword| matches!(&token.token, Token::Word(word) if word.keyword == keyword);
        if depth == 0 && is(&token, Keyword::NULL) && said.last().is_some_and(|last| is(last, Keyword::NOT)) {
            said.pop();
        } else {
            said.push(token);
        }
    }
    said
}
