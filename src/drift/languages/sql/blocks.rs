//! Blocks of code of PostgreSQL whose statements are guarded, for types and constraints that may be there already:
//! `DO $$ BEGIN …; EXCEPTION WHEN duplicate_object THEN null; END $$`, `DO $$ BEGIN IF NOT EXISTS (…) THEN …; END IF; END $$`.
//!
//! Whether such a statement is run is not known, so none of them may change a column.

use super::kind::{self, Kind};
use super::read_part;
use super::split::{Dialect, Piece, split};
use super::steps::Reader;

const REASON: &str = "a block of code that may change tables: write its statements outside of it";
/// What a statement fails by where what it makes is there. Any other error may come of a statement that counts.
const THERE: [&str; 3] = ["duplicate_object", "duplicate_table", "invalid_table_definition"];

/// Reads a block that may change tables.
pub(super) fn read(piece: &Piece<'_>, reader: &mut Reader) {
    let before = reader.tables();
    let statements = statements(piece.text, reader.dialect);
    for (at, text) in statements.iter().flatten() {
        read_part(text, piece.at + at, reader);
    }
    reader.blocks.push((piece.at, piece.at + piece.text.len()));
    if statements.is_none() || reader.tables() != before {
        reader.tell(piece.at, REASON);
    }
}

/// The statements of a block that has guards around them and nothing else, each with the place where it begins.
fn statements(text: &str, dialect: Dialect) -> Option<Vec<(usize, &str)>> {
    let (start, inner) = body(text)?;
    let split = split(inner, dialect).ok().filter(|split| split.invalid.is_none() && !inner.contains('$'))?;
    let (last, mut pieces) = split.pieces.split_last()?;
    says(last.text, &["END"]).then_some(())?;
    if let Some((_, guarded)) = pieces.split_last().filter(|(guard, _)| is_guard(guard.text)) {
        pieces = guarded;
    }
    let (mut found, mut is_open) = (Vec::new(), false);
    for piece in pieces {
        if says(piece.text, &["END", "IF"]) {
            is_open.then_some(())?;
            is_open = false;
            continue;
        }
        let at = match after(piece.text, "IF") {
            Some(_) if is_open => return None,
            Some(rest) => {
                is_open = true;
                piece.text.len() - behind_condition(rest, dialect)?.len()
            }
            None => 0,
        };
        let statement = piece.text.get(at..)?;
        is_plain(statement, dialect).then_some(())?;
        found.push((start + piece.at + at, statement));
    }
    (!is_open).then_some(found)
}

/// What stands behind the `BEGIN` of a block's body, and where.
fn body(text: &str) -> Option<(usize, &str)> {
    let (before, rest) = text.split_once('$')?;
    // What stands in a comment is no body.
    (says(before, &["DO"]) || says(before, &["DO", "LANGUAGE", "plpgsql"])).then_some(())?;
    let (tag, rest) = rest.split_once('$')?;
    let (body, behind) = rest.rsplit_once('$')?;
    (behind.trim().is_empty() || says(behind, &["LANGUAGE", "plpgsql"])).then_some(())?;
    let body = body.strip_suffix(tag)?.strip_suffix('$')?;
    let inner = after(body, "BEGIN").filter(|inner| inner.starts_with(char::is_whitespace))?;
    Some((before.len() + tag.len() + 2 + body.len() - inner.len(), inner))
}

/// Whether a text is these words and nothing else.
fn says(text: &str, words: &[&str]) -> bool {
    let mut said = text.split_ascii_whitespace();
    words.iter().all(|wanted| said.next().is_some_and(|word| word.eq_ignore_ascii_case(wanted)))
        && said.next().is_none()
}

/// What follows a word at the beginning.
fn after<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let text = text.trim_ascii_start();
    let (first, rest) = text.split_at_checked(word.len())?;
    let ends = rest.starts_with(|next: char| next.is_ascii_whitespace() || next == '(');
    (first.eq_ignore_ascii_case(word) && ends).then_some(rest)
}

/// `EXCEPTION WHEN duplicate_object OR … THEN null`.
fn is_guard(text: &str) -> bool {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    match words.as_slice() {
        [exception, when, errors @ .., then, null] if is(exception, "EXCEPTION") && is(when, "WHEN") => {
            let is_there = |(at, word): (usize, &&str)| match at % 2 {
                0 => THERE.iter().any(|there| is(word, there)),
                _ => is(word, "OR"),
            };
            is(then, "THEN") && is(null, "NULL") && errors.len() % 2 == 1 && errors.iter().enumerate().all(is_there)
        }
        _ => false,
    }
}

/// What follows `[NOT] EXISTS (SELECT …) THEN`: a query that changes nothing.
fn behind_condition(text: &str, dialect: Dialect) -> Option<&str> {
    let text = after(after(text, "NOT").unwrap_or(text), "EXISTS")?.trim_ascii_start();
    let (condition, rest) = in_parentheses(text)?;
    let queries = after(condition, "SELECT").is_some() && is_harmless(condition, dialect);
    after(rest, "THEN").filter(|_| queries).map(str::trim_ascii_start)
}

/// What stands in the parentheses that a text begins with, and what follows. Comments and escapes are not looked into.
fn in_parentheses(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in text.char_indices() {
        match (c, quote) {
            ('\\', _) => return None,
            (c, Some(open)) => quote = Some(open).filter(|open| *open != c),
            ('\'' | '"', None) => quote = Some(c),
            ('-' | '/', None) if text.get(at..at + 2).is_some_and(|two| matches!(two, "--" | "/*")) => return None,
            ('(', None) => depth += 1,
            (')', None) => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some((text.get(1..at)?, text.get(at + 1..)?));
                }
            }
            (_, None) if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn is_harmless(text: &str, dialect: Dialect) -> bool {
    split(text, dialect).is_ok_and(|split| matches!(split.pieces.as_slice(), [one] if kind::of(one) == Kind::Skip))
}

/// Whether a statement is one of SQL, and no other of the code's: the rows of a `COPY` are none there.
fn is_plain(text: &str, dialect: Dialect) -> bool {
    let is_sql = |piece: &Piece<'_>| {
        let is_code = piece.words.first().is_none_or(|first| ["COPY", "END", "BEGIN"].contains(&first.as_ref()));
        !is_code && matches!(kind::of(piece), Kind::Skip | Kind::Parse)
    };
    split(text, dialect).is_ok_and(|split| matches!(split.pieces.as_slice(), [one] if is_sql(one)))
}
