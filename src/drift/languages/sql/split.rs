//! A file's statements: where each begins and ends, whatever stands in its quotes, comments and bodies.

mod marker;
mod open;

use std::borrow::Cow;
use std::collections::BTreeSet;

use self::marker::Marker;
use self::open::Open;

/// The databases whose files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Postgres,
    MySql,
    /// MySQL set to `ANSI_QUOTES`: what stands in double quotes is a name.
    MySqlAnsi,
    Sqlite,
}

impl Dialect {
    pub(super) fn is_mysql(self) -> bool {
        matches!(self, Self::MySql | Self::MySqlAnsi)
    }
}

/// How many words at the beginning of a statement are kept: they say what it is.
const HEAD: usize = 12;
/// The newest MySQL of which servers are taken to be, as its comments write versions.
const COMMON_VERSION: u64 = 80_499;

/// A statement.
#[derive(Clone, Debug)]
pub(super) struct Piece<'s> {
    /// Where it begins.
    pub(super) at: usize,
    /// From its first character to its last, without what ends it.
    pub(super) text: &'s str,
    /// Its first words outside quotes, in upper case.
    pub(super) words: Vec<Cow<'s, str>>,
    /// A backslash outside quotes: a command of the client.
    pub(super) has_command: bool,
}

/// Where and why a file cannot be split, and whether the database could not either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) at: usize,
    pub(super) reason: &'static str,
    pub(super) is_invalid: bool,
}

impl Stop {
    /// What no database takes: quotes and comments without an end.
    const fn invalid(at: usize, reason: &'static str) -> Self {
        Self { at, reason, is_invalid: true }
    }

    /// What is not read.
    const fn unread(at: usize, reason: &'static str) -> Self {
        Self { at, reason, is_invalid: false }
    }
}

/// A file's statements.
#[derive(Debug)]
pub(super) struct Split<'s> {
    pub(super) pieces: Vec<Piece<'s>>,
    /// Where something stands that this database takes for an error, so that the file is for another one.
    pub(super) invalid: Option<usize>,
}

/// Splits a file into statements; those that undo a migration are left out.
pub(super) fn split(text: &str, dialect: Dialect) -> Result<Split<'_>, Stop> {
    let mut splitter = Splitter {
        text,
        dialect,
        at: if text.starts_with('\u{feff}') { 3 } else { 0 },
        ends: Cow::Borrowed(";"),
        pieces: Vec::new(),
        open: None,
        hint: None,
        does: BTreeSet::new(),
        markers: Vec::new(),
        invalid: None,
        before: ' ',
    };
    while splitter.at < text.len() {
        splitter.step()?;
    }
    if let Some(open) = &splitter.open
        && open.depth > 0
    {
        return Err(Stop::unread(open.at, "the body of this statement is not closed by END"));
    }
    if let Some(at) = splitter.hint {
        return Err(Stop::invalid(at, "this comment is not closed"));
    }
    splitter.close(text.len());
    splitter.check_markers()?;
    Ok(Split { pieces: splitter.pieces, invalid: splitter.invalid })
}

/// What names are made of outside quotes: all that is not ASCII is a letter to these databases.
fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

/// A text from its first token on, without comments that end with their line.
fn without_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix("--") {
        rest = comment.split_once(['\n', '\r']).map_or("", |(_, behind)| behind).trim_start();
    }
    rest
}

fn begins_with_word(text: &str, word: &str) -> bool {
    let first = text.split(|c| !is_name_part(c)).next().unwrap_or_default();
    first.eq_ignore_ascii_case(word)
}

struct Splitter<'s> {
    text: &'s str,
    dialect: Dialect,
    at: usize,
    /// What ends a statement: MySQL's clients can change it.
    ends: Cow<'s, str>,
    pieces: Vec<Piece<'s>>,
    open: Option<Open<'s>>,
    /// Where a comment began that MySQL runs.
    hint: Option<usize>,
    /// The tools whose lines said that a part does something.
    does: BTreeSet<&'static str>,
    /// Where the lines stand that divide a migration, and whether what follows undoes it.
    markers: Vec<(usize, Marker)>,
    invalid: Option<usize>,
    /// The character before a token.
    before: char,
}

impl<'s> Splitter<'s> {
    fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over one token.
    fn step(&mut self) -> Result<(), Stop> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(()) };
        // Other spaces of Unicode are letters to these databases.
        if matches!(first, ' ' | '\t'..='\r') {
            self.at += 1;
            return Ok(());
        }
        if self.is_line_comment(rest) {
            let line = rest.split('\n').next().unwrap_or_default();
            if let Some(marker) = Marker::of(line).filter(|_| self.open.is_none() && self.begins_line()) {
                self.markers.push((self.at, marker));
                if !marker.down {
                    self.does.insert(marker.tool);
                }
            }
            // It ends a comment in PostgreSQL, and in no other.
            if line.trim_end_matches('\r').contains('\r') {
                return Err(Stop::unread(self.at, "a carriage return within a comment"));
            }
            self.at += line.len();
            return Ok(());
        }
        if rest.starts_with("/*") {
            return self.comment(rest);
        }
        if self.hint.is_some() && rest.starts_with("*/") {
            self.hint = None;
            self.at += 2;
            return Ok(());
        }
        if rest.starts_with(&*self.ends) {
            let is_inside = self.ends == ";" && self.open.as_ref().is_some_and(|open| open.depth > 0);
            let end = self.at;
            self.at += self.ends.len();
            if !is_inside {
                return self.end(end);
            }
            self.open.iter_mut().for_each(|open| open.after_end = false);
            return Ok(());
        }
        self.check_delimited(rest)?;
        if self.open.is_none() {
            if self.client_command(rest)? {
                return Ok(());
            }
            self.open = Some(Open { at: self.at, ..Open::default() });
        }
        self.token(rest, first)
    }

    /// What a client sends as one, the server runs one by one.
    fn check_delimited(&self, rest: &str) -> Result<(), Stop> {
        let is_outside = |open: &Open<'_>| !open.is_code() && open.depth == 0;
        let behind = rest.strip_prefix(';').filter(|_| self.open.as_ref().is_some_and(is_outside));
        match behind.is_some_and(|behind| !behind.trim_start().starts_with(&*self.ends)) {
            true => Err(Stop::unread(self.at, "several statements before the DELIMITER")),
            false => Ok(()),
        }
    }

    /// Whether only space stands before this on its line.
    fn begins_line(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        let before = before.trim_end_matches(|c: char| c.is_whitespace() && c != '\n');
        before.is_empty() || before.ends_with(['\n', '\u{feff}'])
    }

    fn is_line_comment(&self, rest: &str) -> bool {
        let Some(behind) = rest.strip_prefix("--") else {
            return self.dialect.is_mysql() && rest.starts_with('#');
        };
        // In MySQL `5--3` is eight; no statement begins so.
        !self.dialect.is_mysql()
            || self.open.is_none()
            || behind.chars().next().is_none_or(|next| next.is_whitespace() || next.is_control())
    }

    fn comment(&mut self, rest: &'s str) -> Result<(), Stop> {
        let start = self.at;
        if self.dialect.is_mysql() && rest.starts_with("/*!") {
            if self.hint.replace(start).is_some() {
                return Err(Stop::unread(start, "a comment that is run within another"));
            }
            self.open.get_or_insert_with(|| Open { at: start, ..Open::default() });
            let digits = rest.bytes().skip(3).take_while(u8::is_ascii_digit).count();
            let version = rest.get(3..3 + digits).unwrap_or_default();
            if version.parse::<u64>().is_ok_and(|version| version > COMMON_VERSION) || digits > 6 {
                return Err(Stop::unread(start, "a comment that only some servers run"));
            }
            self.at += 3 + digits;
            return Ok(());
        }
        let mut depth = 0_usize;
        let mut behind = 0;
        for (at, _) in rest.match_indices(['*', '/']) {
            let pair = rest.get(at..at + 2).filter(|_| at >= behind);
            match pair {
                Some("/*") if depth == 0 || self.dialect == Dialect::Postgres => depth += 1,
                Some("*/") => depth = depth.saturating_sub(1),
                _ => continue,
            }
            behind = at + 2;
            if depth == 0 {
                self.at += behind;
                // MariaDB runs these, MySQL does not.
                let inside = rest.get(..behind).unwrap_or_default();
                let is_run = self.dialect.is_mysql() && inside.starts_with("/*M!");
                let may_change = self.open.is_some() || super::kind::has_word(inside, &["TABLE"]);
                return match is_run && may_change {
                    true => Err(Stop::unread(start, "a comment that MariaDB runs")),
                    false => Ok(()),
                };
            }
        }
        Err(Stop::invalid(start, "this comment is not closed"))
    }

    /// A command of a client at the beginning of a statement.
    fn client_command(&mut self, rest: &'s str) -> Result<bool, Stop> {
        // Told by its first word: the line may be all of the file, and be looked at once for each of its statements.
        let may_be = match self.dialect {
            Dialect::MySql | Dialect::MySqlAnsi => begins_with_word(rest, "DELIMITER"),
            Dialect::Postgres => rest.starts_with('\\'),
            Dialect::Sqlite => false,
        };
        if !may_be {
            return Ok(false);
        }
        let line = rest.split('\n').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if self.dialect.is_mysql() && first.eq_ignore_ascii_case("DELIMITER") {
            let ends = words.next().ok_or(Stop::unread(self.at, "a DELIMITER without one"))?;
            self.ends = Cow::Borrowed(ends);
            self.at += line.len();
            return Ok(true);
        }
        if self.dialect != Dialect::Postgres || !first.starts_with('\\') {
            return Ok(false);
        }
        // These include, run and leave out nothing.
        const HARMLESS: [&str; 11] =
            ["c", "connect", "copy", "echo", "encoding", "pset", "restrict", "set", "timing", "unrestrict", "unset"];
        let name = first.trim_start_matches('\\');
        // Backticks and PROGRAM run programs.
        let runs = line.contains('`') || super::kind::has_word(line, &["PROGRAM"]);
        if runs || !HARMLESS.contains(&name) || line.matches('\\').count() > 1 {
            self.pieces.push(Piece { at: self.at, text: line, words: Vec::new(), has_command: true });
        }
        self.at += line.len();
        Ok(true)
    }

    fn token(&mut self, rest: &'s str, first: char) -> Result<(), Stop> {
        let is_mysql = self.dialect.is_mysql();
        let before = std::mem::replace(&mut self.before, first);
        let is_error = match first {
            '`' => self.dialect == Dialect::Postgres,
            '[' => is_mysql,
            // No statement begins with this operator of PostgreSQL.
            '#' => self.dialect == Dialect::Sqlite || self.open.as_ref().is_some_and(|open| open.at == self.at),
            ':' => self.dialect != Dialect::Postgres && rest.starts_with("::"),
            // A table's options. In a query the word may be a name.
            'E' | 'e' => {
                !self.dialect.is_mysql()
                    && before == ')'
                    && begins_with_word(rest, "ENGINE")
                    && self
                        .open
                        .as_ref()
                        .is_some_and(|open| open.begins("CREATE") && open.has(&["TABLE"]) && !open.has(&["SELECT"]))
            }
            _ => false,
        };
        self.invalid = self.invalid.or(is_error.then_some(self.at));
        match first {
            '\'' => {
                let is_escaped = self.dialect == Dialect::Postgres && self.follows_escape();
                self.quoted(rest, '\'', is_mysql || is_escaped)?;
                // On another line it goes on, escapes and all.
                match is_escaped && without_comments(self.rest()).starts_with('\'') {
                    true => Err(Stop::unread(self.at, "a text with escapes that goes on after its quote")),
                    false => Ok(()),
                }
            }
            '"' => self.quoted(rest, '"', self.dialect == Dialect::MySql),
            '`' if self.dialect != Dialect::Postgres => self.quoted(rest, '`', false),
            '[' if self.dialect == Dialect::Sqlite => self.quoted(rest, ']', false),
            '$' if self.dialect == Dialect::Postgres => self.dollar(rest),
            c if is_name_part(c) && !c.is_ascii_digit() && c != '$' => {
                self.word(rest);
                Ok(())
            }
            c => {
                // psql puts texts in the place of `:name`.
                let is_variable = self.dialect == Dialect::Postgres
                    && rest.strip_prefix(':').is_some_and(|name| {
                        name.starts_with(|c: char| {
                            matches!(c, '\'' | '"' | '{') || (is_name_part(c) && !c.is_ascii_digit())
                        })
                    });
                if let Some(open) = self.open.as_mut().filter(|_| c == '\\' || is_variable) {
                    open.has_command = true;
                }
                // A number takes its letters along, so that they are no word.
                self.at += match c.is_ascii_digit() {
                    true => rest.find(|c| !is_name_part(c)).unwrap_or(rest.len()),
                    false if rest.starts_with("::") => 2,
                    false => c.len_utf8(),
                };
                Ok(())
            }
        }
    }

    /// Whether the text before a quote is the `E` that gives backslashes a meaning.
    fn follows_escape(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        let mut back = before.chars().rev();
        matches!(back.next(), Some('e' | 'E')) && back.next().is_none_or(|c| !is_name_part(c))
    }

    /// Passes over quotes; doubled, the closing one stands for itself.
    fn quoted(&mut self, rest: &str, close: char, escapes: bool) -> Result<(), Stop> {
        let mut inside = rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = inside.next() {
            if c == '\\' && escapes {
                inside.next();
            } else if c == close && inside.next_if(|(_, next)| *next == close && close != ']').is_none() {
                self.at += at + 1;
                return Ok(());
            }
        }
        Err(Stop::invalid(self.at, "this quote is not closed"))
    }

    /// `$$…$$`, `$tag$…$tag$`.
    fn dollar(&mut self, rest: &str) -> Result<(), Stop> {
        let is_name = |c: char| is_name_part(c) && c != '$';
        let behind = rest.get(1..).unwrap_or_default();
        let tag = behind
            .split_once('$')
            .map(|(tag, _)| tag)
            .filter(|tag| tag.chars().all(is_name) && !tag.starts_with(|first: char| first.is_ascii_digit()));
        let Some(tag) = tag else {
            self.at += 1;
            return Ok(());
        };
        let mark = rest.get(..tag.len() + 2).unwrap_or_default();
        let body = rest.get(mark.len()..).unwrap_or_default();
        let end = body.find(mark).ok_or(Stop::invalid(self.at, "this body is not closed"))?;
        self.at += 2 * mark.len() + end;
        Ok(())
    }

    fn word(&mut self, rest: &'s str) {
        let word = rest.split(|c| !is_name_part(c)).next().unwrap_or_default();
        let before = self.text.get(..self.at).unwrap_or_default();
        let is_name = before.ends_with(['.', '@', ':']);
        self.at += word.len();
        let Some(open) = self.open.as_mut().filter(|_| !is_name) else { return };
        let upper = if word.bytes().any(|byte| byte.is_ascii_lowercase()) {
            Cow::Owned(word.to_ascii_uppercase())
        } else {
            Cow::Borrowed(word)
        };
        let last = open.words.last().map(Cow::as_ref);
        // In queries these may be names.
        let queries = open.has(&["SELECT", "UPDATE", "DELETE", "INSERT", "VALUES"]);
        let is_code = !queries && open.has(&["FUNCTION", "PROCEDURE"]) && open.begins("CREATE");
        let is_table = !queries && open.has(&["TABLE"]) && open.begins("CREATE");
        let is_error = match (&*upper, last) {
            ("AUTO_INCREMENT", Some("NULL")) if is_table => !self.dialect.is_mysql(),
            ("PLPGSQL", Some("LANGUAGE")) if is_code => self.dialect != Dialect::Postgres,
            ("SET" | "LOCK" | "UNLOCK" | "USE", None) => self.dialect == Dialect::Sqlite,
            ("PRAGMA", None) => self.dialect != Dialect::Sqlite,
            _ => false,
        };
        self.invalid = self.invalid.or(is_error.then_some(before.len()));
        open.blocks(&upper);
        if open.words.len() < HEAD {
            open.words.push(upper);
        }
    }

    /// A statement's end; rows of data may follow it.
    fn end(&mut self, end: usize) -> Result<(), Stop> {
        let start = self.open.as_ref().map_or(end, |open| open.at);
        let is_copy = self.dialect == Dialect::Postgres && self.open.as_ref().is_some_and(|open| open.begins("COPY"));
        self.close(end);
        if !is_copy || !super::code::copies_from_client(self.text.get(start..end).unwrap_or_default()) {
            return Ok(());
        }
        let rest = self.rest();
        let mut passed = 0;
        for line in rest.split_inclusive('\n') {
            passed += line.len();
            // psql takes no space behind it.
            if matches!(line, "\\." | "\\.\n" | "\\.\r\n") {
                self.at += passed;
                return Ok(());
            }
        }
        Err(Stop::unread(start, "the rows of this COPY have no end"))
    }

    fn close(&mut self, end: usize) {
        let Some(open) = self.open.take() else { return };
        let undoes = self.undoes();
        let text = self.text.get(open.at..end).unwrap_or_default().trim_end();
        if !undoes {
            self.pieces.push(Piece { at: open.at, text, words: open.words, has_command: open.has_command });
        }
    }

    /// Whether statements here undo the migration. A part that undoes follows one that does, so that no comment alone
    /// hides statements.
    fn undoes(&self) -> bool {
        let last = self.markers.last().map(|(_, marker)| *marker);
        last.is_some_and(|last| last.down && self.does.contains(last.tool))
    }

    /// Tools look for their lines without reading SQL: one within a comment or a statement divides for them, not here.
    fn check_markers(&self) -> Result<(), Stop> {
        let mut start = 0;
        let mut known = self.markers.iter().peekable();
        for line in self.text.split_inclusive('\n') {
            let indent = line.len() - line.trim_start().len();
            if Marker::of(line.trim_start()).is_some() && known.next_if(|(at, _)| *at == start + indent).is_none() {
                let reason = "a line that divides migrations stands within a statement or a comment";
                return Err(Stop::unread(start + indent, reason));
            }
            start += line.len();
        }
        Ok(())
    }
}
