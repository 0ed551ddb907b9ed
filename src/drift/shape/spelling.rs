//! How files of SQL spell names: PostgreSQL reads those outside quotes in lower case, MySQL and SQLite keep them.

use std::collections::{BTreeMap, BTreeSet};

use super::Step;

/// A database whose SQL is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Database {
    /// PostgreSQL.
    PostgreSql,
    /// MySQL, and `MariaDB`.
    MySql,
    /// `SQLite`.
    Sqlite,
}

impl Database {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::PostgreSql, Self::MySql, Self::Sqlite];

    /// The word that a policy uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql",
            Self::MySql => "mysql",
            Self::Sqlite => "sqlite",
        }
    }

    /// The database of a policy's word.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|database| database.name() == name)
    }
}

/// What a file of SQL shows of the database that it is for, and how it writes names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spelling {
    /// The databases that it cannot be for.
    pub not_for: BTreeSet<Database>,
    /// The names outside quotes that it gives tables and columns and that have capitals, as they are written, by their
    /// places. Steps have them in lower case.
    pub written: BTreeMap<u32, String>,
}

/// What a source of SQL can be for, by all of its files: it is one database's.
pub fn databases<'s>(files: impl Iterator<Item = &'s Spelling>) -> BTreeSet<Database> {
    let mut left: BTreeSet<Database> = Database::ALL.into_iter().collect();
    files.for_each(|file| left.retain(|database| !file.not_for.contains(database)));
    left
}

impl Step {
    /// The names that it gives to tables and columns, and that of a table that it drops, with their places; without schemas.
    pub fn names(&self) -> impl Iterator<Item = (&str, u32)> {
        let (table, column, columns) = match self {
            Self::Create { table, columns, at, .. } => (Some((table, at)), None, columns.as_slice()),
            Self::Drop { table, at, .. } | Self::Rename { to: table, at, .. } => (Some((table, at)), None, &[][..]),
            Self::AddColumn { column, .. } | Self::SetColumn { column, .. } => {
                (None, None, std::slice::from_ref(column))
            }
            Self::RenameColumn { to, at, .. } => (None, Some((to.as_str(), *at)), &[][..]),
            Self::Enumerate { .. } | Self::DropColumn { .. } => (None, None, &[][..]),
        };
        let table = table.map(|(name, at)| (name.rsplit('.').next().unwrap_or_default(), *at));
        let columns = columns.iter().map(|column| (column.name.as_str(), column.at));
        table.into_iter().chain(column).chain(columns)
    }

    /// The same with names as they are written.
    #[must_use]
    pub fn as_written(&self, written: &BTreeMap<u32, String>) -> Self {
        let mut step = self.clone();
        let column = |name: &mut String, at: u32| {
            if let Some(written) = written.get(&at) {
                written.clone_into(name);
            }
        };
        match &mut step {
            Self::Create { table, columns, at, .. } => {
                respell(table, written.get(at));
                columns.iter_mut().for_each(|one| column(&mut one.name, one.at));
            }
            Self::Drop { table, at, .. } | Self::Rename { to: table, at, .. } => respell(table, written.get(at)),
            Self::AddColumn { column: one, .. } | Self::SetColumn { column: one, .. } => {
                column(&mut one.name, one.at);
            }
            Self::RenameColumn { to, at, .. } => column(to, *at),
            Self::Enumerate { .. } | Self::DropColumn { .. } => {}
        }
        step
    }
}

/// A table's name as it is written, behind its schema.
fn respell(table: &mut String, written: Option<&String>) {
    let Some(written) = written else { return };
    table.truncate(table.rfind('.').map_or(0, |dot| dot + 1));
    table.push_str(written);
}
