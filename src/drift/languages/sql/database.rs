//! Which databases a file can be for, and how it writes the names that only PostgreSQL reads in other letters.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{AlterTableOperation as Operation, ColumnDef, ColumnOption, DataType, Statement};
use sqlparser::tokenizer::Token;

use super::split::Dialect;
use super::steps::Reader;
use crate::drift::shape::{Database, Step};

impl Dialect {
    pub(super) fn database(self) -> Database {
        match self {
            Self::Postgres => Database::PostgreSql,
            Self::MySql | Self::MySqlAnsi => Database::MySql,
            Self::Sqlite => Database::Sqlite,
        }
    }
}

/// The databases that a file is not for, once it was read for each: those to which something in it is an error for sure,
/// and all but PostgreSQL where that alone can read it.
pub(super) fn not_for(readers: &[Reader]) -> BTreeSet<Database> {
    let Some(least) = readers.iter().filter(|reader| !reader.is_invalid).map(|reader| reader.unknown).min() else {
        return BTreeSet::new();
    };
    let is_best = |reader: &&Reader| !reader.is_invalid && reader.unknown == least;
    let mut not_for: BTreeSet<Database> =
        readers.iter().filter(|reader| reader.is_invalid).map(|reader| reader.dialect.database()).collect();
    let runs = |database: Database, place: (usize, usize)| {
        let mut others = readers.iter().filter(|reader| reader.dialect.database() == database);
        others.any(|reader| reader.places.iter().any(|(start, end, _)| (*start, *end) == place))
    };
    for (database, place) in readers.iter().filter(is_best).flat_map(|reader| &reader.refused) {
        if runs(*database, *place) {
            not_for.insert(*database);
        }
    }
    let is_postgres = |reader: &Reader| reader.dialect == Dialect::Postgres;
    if least == 0 && readers.iter().filter(is_best).all(is_postgres) {
        not_for.extend([Database::MySql, Database::Sqlite]);
    }
    not_for
}

/// The names outside quotes that steps give tables and columns and that have capitals, as the file writes them.
pub(super) fn written(text: &str, steps: &[Step]) -> BTreeMap<u32, String> {
    let mut written = BTreeMap::new();
    for (name, at) in steps.iter().flat_map(Step::names) {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let found = text.get(start..start.saturating_add(name.len()));
        if let Some(found) = found.filter(|found| *found != name && found.eq_ignore_ascii_case(name)) {
            written.insert(at, found.to_owned());
        }
    }
    written
}

/// The databases that take a statement for an error for sure, if they see what this one does.
pub(super) fn refusing(statement: &Statement, dialect: Dialect) -> &'static [Database] {
    match (dialect, statement) {
        (Dialect::MySql | Dialect::MySqlAnsi, Statement::CreateTable(table)) if table.columns.iter().any(is_mysql) => {
            &[Database::PostgreSql]
        }
        (Dialect::MySql | Dialect::MySqlAnsi, Statement::AlterTable(table))
            if table.operations.iter().any(is_mysql_change) =>
        {
            &[Database::PostgreSql]
        }
        (Dialect::Sqlite, Statement::CreateTable(table))
            if table.columns.iter().any(|column| has_option(column, "AUTOINCREMENT")) =>
        {
            &[Database::PostgreSql, Database::MySql]
        }
        _ => &[],
    }
}

/// SQLite takes most of these for words of a type.
fn is_mysql(column: &ColumnDef) -> bool {
    has_option(column, "AUTO_INCREMENT") || is_unsigned(&column.data_type) || column.options.iter().any(is_mysql_option)
}

fn is_mysql_option(option: &sqlparser::ast::ColumnOptionDef) -> bool {
    matches!(option.option, ColumnOption::Comment(_) | ColumnOption::OnUpdate(_))
}

fn is_mysql_change(change: &Operation) -> bool {
    match change {
        Operation::ChangeColumn { .. } | Operation::ModifyColumn { .. } => true,
        Operation::AddColumn { column_def, column_position, .. } => column_position.is_some() || is_mysql(column_def),
        _ => false,
    }
}

fn has_option(column: &ColumnDef, wanted: &str) -> bool {
    column.options.iter().any(|option| match &option.option {
        ColumnOption::DialectSpecific(words) => {
            words.iter().any(|word| matches!(word, Token::Word(word) if word.value.eq_ignore_ascii_case(wanted)))
        }
        _ => false,
    })
}

fn is_unsigned(ty: &DataType) -> bool {
    use DataType as T;
    matches!(
        ty,
        T::TinyIntUnsigned(_)
            | T::SmallIntUnsigned(_)
            | T::MediumIntUnsigned(_)
            | T::IntUnsigned(_)
            | T::IntegerUnsigned(_)
            | T::BigIntUnsigned(_)
            | T::DecimalUnsigned(_)
            | T::FloatUnsigned(_)
            | T::DoubleUnsigned(_)
    )
}
