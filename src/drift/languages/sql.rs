//! SQL: definitions and migrations of PostgreSQL, MySQL and SQLite. A file says what it does to tables
//! ([`Step`](crate::drift::shape::Step)); [`crate::drift::migrations`] makes tables of the steps of all files. Types that
//! a file declares (`CREATE TYPE`, `CREATE DOMAIN`) are definitions.
//!
//! Where no policy says which database a file is for, it is read for all three. Those are left out to which something in
//! it is an error for sure; of the others those count that take the most statements for SQL. What one of them cannot
//! read is told; where they read different things, that is told too: what one database takes for a text or a comment,
//! another may run.
//!
//! MySQL is read as it is set where a file makes sense to it: a name in double quotes is one under `ANSI_QUOTES` only.
//!
//! Names outside quotes are compared without case, and written in lower case, as PostgreSQL has them. How they are written
//! stands beside that ([`Spelling`]): to the others they are called so, and which database it is all files say together.

mod blocks;
mod code;
mod columns;
mod comments;
mod database;
mod kind;
mod split;
mod steps;
mod tokens;
mod types;

use std::collections::HashSet;

use self::kind::Kind;
use self::split::Dialect;
use self::steps::Reader;
use super::Source;
use crate::drift::shape::{Database, Module, Spelling, Unread};

const AMBIGUOUS: &str = "this means different things to PostgreSQL, MySQL and SQLite: say the `dialect` of the source in \
                         the policy, or write it so that only one can read it";
const NONE: &str = "no database of PostgreSQL, MySQL and SQLite takes all that stands here: write it for one of them";
const OTHER: &str =
    "this is an error to the database that the policy says (`dialect`): leave files for others out of the source";

/// Reads a file for one database, or for all where nothing says which it is for.
pub(super) fn read(source: &Source<'_>, database: Option<Database>) -> Module {
    let text = source.text;
    let may_be = |one: &Database| database.is_none_or(|known| known == *one);
    let readers: Vec<Reader> = Database::ALL.into_iter().filter(may_be).map(|one| read_for(text, one)).collect();
    let not_for = match database {
        Some(known) => Database::ALL.into_iter().filter(|other| *other != known).collect(),
        None => database::not_for(&readers),
    };
    let is_for_none = readers.iter().all(|reader| reader.is_invalid);
    let mut readers: Vec<Reader> = readers.into_iter().filter(|reader| is_for_none || !reader.is_invalid).collect();
    // Stable, so that PostgreSQL comes first among equals.
    readers.sort_by_key(|reader| (reader.unknown, std::cmp::Reverse(reader.module.unread.len())));
    let mut readers = readers.into_iter();
    let Some(best) = readers.next() else { return Module::default() };
    let told = match best.invalid {
        Some(at) => Some((at, if database.is_some() { OTHER } else { NONE })),
        None => otherwise(&best, &readers.collect::<Vec<_>>()).map(|at| (at, AMBIGUOUS)),
    };
    let mut module = best.module;
    if let Some((at, reason)) = told.filter(|_| module.unread.is_empty()) {
        module.unread.push(Unread::new(u32::try_from(at).unwrap_or(u32::MAX), reason));
    }
    module.spelling = Spelling { not_for, written: database::written(text, &module.steps) };
    module
}

fn read_for(text: &str, database: Database) -> Reader {
    match database {
        Database::PostgreSql => read_as(text, Dialect::Postgres),
        Database::MySql => read_as_mysql(text),
        Database::Sqlite => read_as(text, Dialect::Sqlite),
    }
}

/// Where one of the others reads what the best did not, or what it reads otherwise.
fn otherwise(best: &Reader, others: &[Reader]) -> Option<usize> {
    let Reader { module, unknown, places, blocks, .. } = best;
    let places: HashSet<_> = places.iter().collect();
    let was_read = |place: &(usize, usize, bool)| {
        let before = blocks.partition_point(|(start, _)| *start <= place.0);
        let block = before.checked_sub(1).and_then(|last| blocks.get(last));
        places.contains(place) || block.is_some_and(|(_, end)| place.1 <= *end)
    };
    let hidden = |reader: &Reader| reader.places.iter().find(|place| place.2 && !was_read(place)).copied();
    let differs = |reader: &Reader| {
        let other = &reader.module;
        reader.unknown == *unknown && (other.steps != module.steps || other.definitions != module.definitions)
    };
    others.iter().find_map(|reader| {
        // What was read of all statements says what they do.
        let at = hidden(reader).filter(|_| reader.unknown > 0).map(|(at, ..)| at);
        at.or_else(|| differs(reader).then_some(0))
    })
}

fn read_as(text: &str, dialect: Dialect) -> Reader {
    let mut reader = Reader::new(dialect);
    read_part(text, 0, &mut reader);
    reader
}

/// What MySQL takes for texts may be names to a server that is set to `ANSI_QUOTES`. It is, if it can read more so.
fn read_as_mysql(text: &str) -> Reader {
    let plain = read_as(text, Dialect::MySql);
    if (plain.unknown == 0 && !plain.is_invalid) || !text.contains('"') {
        return plain;
    }
    let ansi = read_as(text, Dialect::MySqlAnsi);
    let errors = |reader: &Reader| (reader.is_invalid, reader.unknown);
    if errors(&ansi) < errors(&plain) { ansi } else { plain }
}

/// Reads statements that begin at `base` of the file.
fn read_part(text: &str, base: usize, reader: &mut Reader) {
    let split = match split::split(text, reader.dialect) {
        Ok(split) => split,
        Err(stop) if stop.is_invalid => {
            reader.is_invalid = true;
            return reader.not_sql(base + stop.at, stop.reason);
        }
        Err(stop) => return reader.tell(base + stop.at, stop.reason),
    };
    reader.is_invalid |= split.invalid.is_some();
    reader.invalid = reader.invalid.or(split.invalid.map(|at| base + at));
    // Where a transaction began that has not ended.
    let mut begun = None;
    for mut piece in split.pieces {
        piece.at += base;
        reader.places.push((piece.at, piece.at + piece.text.len(), kind::may_change_tables(piece.text)));
        let kind = kind::of(&piece);
        match piece.words.first().map(AsRef::as_ref) {
            Some("BEGIN" | "START") if kind == Kind::Skip => begun = Some(piece.at),
            Some("COMMIT" | "END") if !piece.words.iter().any(|word| word == "CHAIN") => begun = None,
            Some("DISCARD") => reader.discard(),
            _ => {}
        }
        match kind {
            Kind::Skip => {}
            Kind::Parse => reader.statement(&piece),
            Kind::Guarded => blocks::read(&piece, reader),
            Kind::Unread(reason) => reader.tell(piece.at, reason),
            Kind::Command if reader.dialect == Dialect::Postgres => {
                reader.tell(piece.at, "a command of psql is not read: move what it does into this file");
            }
            Kind::Command | Kind::Unknown => reader.not_sql(piece.at, "this statement is not read"),
        }
    }
    if let Some(at) = begun {
        reader.tell(at, "this transaction has no COMMIT here: what it does may not hold");
    }
}

#[cfg(test)]
mod tests;
