//! What a statement is, by its first words: whether it can change a column at all.

use super::code;
use super::comments;
use super::split::Piece;

/// What is to be done with a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It touches no column.
    Skip,
    /// It does, and is parsed.
    Parse,
    /// A block of code, which may hold statements that a generator has guarded.
    Guarded,
    /// It may, and cannot be read.
    Unread(&'static str),
    /// It is or has a command of psql.
    Command,
    /// No statement of this database.
    Unknown,
}

const CODE: &str = "code that may change tables: write its statements outside of it";
const ORDERS: &str = "this may change tables by other tables' names: write what it does to each table";

/// What may stand after CREATE and DROP, and touches columns or not.
const OBJECTS: [&str; 37] = [
    "ACCESS",
    "AGGREGATE",
    "CAST",
    "COLLATION",
    "CONVERSION",
    "DATABASE",
    "DOMAIN",
    "EVENT",
    "EXTENSION",
    "FUNCTION",
    "GROUP",
    "INDEX",
    "LANGUAGE",
    "OPERATOR",
    "OWNED",
    "POLICY",
    "PROCEDURE",
    "PUBLICATION",
    "ROLE",
    "ROUTINE",
    "RULE",
    "SCHEMA",
    "SEQUENCE",
    "SERVER",
    "STATISTICS",
    "SUBSCRIPTION",
    "TABLE",
    "TABLESPACE",
    "TEXT",
    "TRANSFORM",
    "TRIGGER",
    "TYPE",
    "USER",
    "VIEW",
    "FOREIGN",
    "VIRTUAL",
    "LOGFILE",
];

pub(super) fn of(piece: &Piece<'_>) -> Kind {
    if piece.has_command {
        return Kind::Command;
    }
    let head: Vec<&str> = piece.words.iter().map(AsRef::as_ref).collect();
    match head.as_slice() {
        [] if piece.text.bytes().all(|byte| byte == b'/' || byte == b'*') => Kind::Skip,
        ["CREATE", ..] => created(piece, &head),
        ["DROP", ..] => dropped(piece, &head),
        // A name in quotes is no word.
        ["ALTER", "TYPE" | "DOMAIN", "OWNER", "TO"]
        | ["ALTER", "TYPE" | "DOMAIN", "OWNER", "TO", _]
        | ["ALTER", "TYPE" | "DOMAIN", _, "OWNER", "TO"]
        | ["ALTER", "TYPE" | "DOMAIN", _, "OWNER", "TO", _] => Kind::Skip,
        ["ALTER", "TABLE" | "TYPE", ..] | ["ALTER", "IGNORE" | "ONLINE", "TABLE", ..] | ["RENAME", "TABLE", ..] => {
            Kind::Parse
        }
        ["ALTER", "FOREIGN" | "DOMAIN", ..] => Kind::Unknown,
        // PostgreSQL renames columns of tables so, too, and COLUMN may be left out.
        ["ALTER", "VIEW" | "MATERIALIZED", ..]
            if has_word(piece.text, &["RENAME"]) && code::says(piece.text, &["RENAME"], &["TO"]) != Some(true) =>
        {
            Kind::Unread("this may rename the column of a table: write ALTER TABLE for it")
        }
        // It renames a table as well.
        ["ALTER", "INDEX", ..] if has_word(piece.text, &["RENAME"]) => Kind::Parse,
        ["ALTER", "SYSTEM" | "ROLE" | "USER" | "DATABASE", ..] => setting(piece),
        ["ALTER", object, ..]
            if OBJECTS.contains(object) || ["DEFAULT", "MATERIALIZED", "SYSTEM", "LARGE"].contains(object) =>
        {
            Kind::Skip
        }
        ["INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "MERGE" | "TRUNCATE", ..] => rows(piece),
        ["SELECT" | "WITH" | "VALUES", ..] => query(piece),
        ["DO", ..] => block(piece),
        ["SET" | "RESET" | "PRAGMA", ..] => setting(piece),
        ["ROLLBACK" | "ABORT", ..] => {
            Kind::Unread("whether what came before it holds is not read: leave it out of migrations")
        }
        ["BEGIN" | "START", ..] if head.windows(2).any(|pair| pair == ["READ", "ONLY"]) => {
            Kind::Unread("a transaction that may only read changes nothing")
        }
        ["START", "TRANSACTION", ..] => Kind::Skip,
        ["COPY", ..] if code::says(piece.text, &["FROM", "TO"], &["PROGRAM"]) != Some(false) => {
            Kind::Unread("a program that a database runs may do anything")
        }
        ["BEGIN", rest @ ..] if !rest.iter().all(|word| TRANSACTION.contains(word)) => Kind::Unknown,
        [first, ..] if HARMLESS.contains(first) => Kind::Skip,
        _ => Kind::Unknown,
    }
}

/// Statements that touch rows, rights and transactions.
const HARMLESS: [&str; 30] = [
    "ANALYZE",
    "BEGIN",
    "CHECKPOINT",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "DEALLOCATE",
    "DESC",
    "DESCRIBE",
    "DISCARD",
    "END",
    "FLUSH",
    "GRANT",
    "LISTEN",
    "LOAD",
    "LOCK",
    "NOTIFY",
    "OPTIMIZE",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "REVOKE",
    "SAVEPOINT",
    "SECURITY",
    "SHOW",
    "UNLOCK",
    "USE",
    "VACUUM",
];

/// What may follow BEGIN where it begins a transaction, and no block of code.
const TRANSACTION: [&str; 17] = [
    "TRANSACTION",
    "WORK",
    "DEFERRED",
    "IMMEDIATE",
    "EXCLUSIVE",
    "CONCURRENT",
    "ISOLATION",
    "LEVEL",
    "READ",
    "WRITE",
    "ONLY",
    "COMMITTED",
    "UNCOMMITTED",
    "REPEATABLE",
    "SERIALIZABLE",
    "NOT",
    "DEFERRABLE",
];

/// The kind of object that a CREATE or DROP names first.
fn object<'a>(head: &[&'a str]) -> Option<&'a str> {
    head.iter().skip(1).copied().find(|word| OBJECTS.contains(word))
}

fn created(piece: &Piece<'_>, head: &[&str]) -> Kind {
    let runs = ["EXECUTE", "PREPARE", "CALL"];
    let changes = || in_code(piece.text, |code| has_table(code) || changes_otherwise(code));
    let has = |words: &[&str]| in_code(piece.text, |code| has_word(code, words));
    match object(head) {
        Some("TABLE" | "TYPE" | "DOMAIN") => Kind::Parse,
        Some("FOREIGN" | "VIRTUAL") if head.contains(&"TABLE") => Kind::Unread("this kind of table is not read"),
        Some("SCHEMA") if has_word(piece.text, &["TABLE"]) => Kind::Unread("a table within CREATE SCHEMA is not read"),
        Some("SCHEMA" | "EXTENSION" | "DATABASE") => Kind::Skip,
        Some("TRIGGER" | "EVENT" | "RULE") if !changes() && !has(&["PREPARE"]) => Kind::Skip,
        Some("FUNCTION" | "PROCEDURE") if has_word(piece.text, &["LANGUAGE"]) && !is_known_code(piece.text) => {
            Kind::Unread(CODE)
        }
        Some("FUNCTION" | "PROCEDURE" | "AGGREGATE") if !changes() && !has(&runs) => Kind::Skip,
        Some("TRIGGER" | "EVENT" | "RULE" | "FUNCTION" | "PROCEDURE" | "AGGREGATE") => Kind::Unread(CODE),
        Some(_) => Kind::Skip,
        None => Kind::Unknown,
    }
}

/// Whether a function's code is written out, and keeps no rows in a new table: INTO names variables but in SQL itself.
fn is_known_code(text: &str) -> bool {
    let is_sql = || code::says(text, &["LANGUAGE"], &["SQL"]) != Some(false);
    let keeps_rows = || has_word(text, &["INTO"]) && is_sql() && code::body_makes_table(text);
    code::has_plain_body(text) == Some(true) && !keeps_rows()
}

/// `DO`, whose code stands in one text.
fn block(piece: &Piece<'_>) -> Kind {
    let words = ["TABLE", "EXECUTE", "TYPE", "DOMAIN", "CALL", "PERFORM"];
    let changes = || in_code(piece.text, |code| has_word(code, &words) || changes_otherwise(code));
    match code::has_plain_body(piece.text) {
        None => Kind::Unknown,
        Some(false) => Kind::Unread(CODE),
        Some(true) if changes() => Kind::Guarded,
        Some(true) => Kind::Skip,
    }
}

/// Whether code may change tables without the word TABLE.
fn changes_otherwise(text: &str) -> bool {
    (has_word(text, &["ALTER"]) && has_word(text, &["RENAME", "ATTRIBUTE"]))
        || (has_word(text, &["IMPORT"]) && has_word(text, &["FOREIGN"]))
        || (has_word(text, &["DROP"]) && has_word(text, &["SCHEMA", "OWNED", "DATABASE"]))
}

fn dropped(piece: &Piece<'_>, head: &[&str]) -> Kind {
    match object(head) {
        Some("TABLE") => Kind::Parse,
        Some("SCHEMA" | "DATABASE" | "OWNED") => Kind::Unread(ORDERS),
        Some("TYPE" | "DOMAIN" | "EXTENSION" | "FUNCTION" | "ROUTINE") if has_word(piece.text, &["CASCADE"]) => {
            Kind::Unread(ORDERS)
        }
        Some("FOREIGN") if head.contains(&"TABLE") => Kind::Unread("this kind of table is not read"),
        Some(_) => Kind::Skip,
        None if head.get(1) == Some(&"MATERIALIZED") || head.get(1) == Some(&"PREPARE") => Kind::Skip,
        None => Kind::Unknown,
    }
}

/// Rows of the catalogues are tables, columns and settings.
fn rows(piece: &Piece<'_>) -> Kind {
    match has_word(piece.text, &["SQLITE_MASTER", "SQLITE_SCHEMA", "PG_ATTRIBUTE", "PG_CLASS", "PG_SETTINGS"]) {
        true => Kind::Unread("this may change tables in the catalogue"),
        false => Kind::Skip,
    }
}

/// `SELECT … INTO` makes a table, and some functions of extensions change one.
fn query(piece: &Piece<'_>) -> Kind {
    let functions =
        ["ADDGEOMETRYCOLUMN", "DROPGEOMETRYCOLUMN", "DROPGEOMETRYTABLE", "UPDATEGEOMETRYSRID", "DBLINK_EXEC"];
    let makes_table = has_word(piece.text, &["INTO"]) && code::makes_table(piece.text);
    // Some take statements as texts.
    let has_statement = has_table(piece.text) && has_word(piece.text, &["CREATE", "ALTER", "DROP"]);
    match makes_table || has_statement || has_word(piece.text, &functions) {
        true => Kind::Unread("this query may change tables"),
        false if has_word(piece.text, &["SET_CONFIG"]) && setting(piece) != Kind::Skip => setting(piece),
        false => rows(piece),
    }
}

/// Settings that change what quotes mean.
fn setting(piece: &Piece<'_>) -> Kind {
    let odd = ["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI", "WRITABLE_SCHEMA"];
    // These hold `ANSI_QUOTES`, or may be put together to say so.
    let modes = ["MSSQL", "POSTGRESQL", "ORACLE", "DB2", "MAXDB", "CONCAT"];
    let has_mode = has_word(piece.text, &["SQL_MODE"]) && has_word(piece.text, &modes);
    // A letter of these may end in the byte of a backslash.
    let encodings = ["BIG5", "CP932", "GB18030", "GBK", "SJIS"];
    let has_encoding = has_word(piece.text, &["NAMES", "CHARACTER", "CHARSET"]) && has_word(piece.text, &encodings);
    let standard = has_word(piece.text, &["STANDARD_CONFORMING_STRINGS"]) && !has_word(piece.text, &["ON", "DEFAULT"]);
    match standard || has_mode || has_encoding || has_word(piece.text, &odd) {
        true => Kind::Unread("this setting changes how SQL is read"),
        false => Kind::Skip,
    }
}

/// Whether something is so of a text, and without its comments as well: most have none of the words that are looked for.
fn in_code(text: &str, is_so: impl Fn(&str) -> bool) -> bool {
    is_so(text) && is_so(&comments::without(text))
}

/// Whether a text, should it be run, may change tables.
pub(super) fn may_change_tables(text: &str) -> bool {
    in_code(text, |code| {
        let changes = has_table(code) && has_word(code, &["CREATE", "ALTER", "DROP", "RENAME"]);
        changes || has_word(code, &["EXECUTE", "PREPARE", "CALL"])
    })
}

/// Whether a body says TABLE, other than in what a function returns, of tables that end with the session and of the rows
/// that a trigger is given. Only spaces may stand between: words in a comment say nothing.
fn has_table(text: &str) -> bool {
    let mut before = "";
    let mut end = 0;
    words(text).any(|word| {
        let previous = std::mem::replace(&mut before, word);
        let start = word.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        let between = text.get(std::mem::replace(&mut end, start + word.len())..start).unwrap_or_default();
        let others = ["RETURNS", "TEMP", "TEMPORARY", "NEW", "OLD"];
        let is_other = others.iter().any(|other| previous.eq_ignore_ascii_case(other));
        word.eq_ignore_ascii_case("TABLE") && !(is_other && between.bytes().all(|byte| byte == b' '))
    })
}

/// Whether one of the words stands anywhere in a statement, also in quotes and comments.
pub(super) fn has_word(text: &str, wanted: &[&str]) -> bool {
    words(text).any(|word| wanted.iter().any(|other| word.eq_ignore_ascii_case(other)))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}
