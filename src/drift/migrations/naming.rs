//! How the tables of a source are called and found, by the database that all of its files are for.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::drift::shape::{Database, Spelling, Step, Unread, databases};
use crate::escape::excerpt;

/// How names are compared, and shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Naming {
    /// PostgreSQL's way: in lower case outside quotes.
    #[default]
    Folded,
    /// As `SQLite` has them: as they are declared, found whatever their case.
    Caseless,
    /// As MySQL has them: as they are declared, and found whatever their case, but that two tables may differ by it on
    /// some machines.
    Declared,
    /// The files are for different databases.
    Unclear,
}

impl Naming {
    pub(super) fn of<'s>(files: impl Iterator<Item = &'s Spelling>) -> Self {
        let databases = databases(files);
        match databases.first() {
            None => Self::Unclear,
            Some(Database::PostgreSql) => Self::Folded,
            Some(Database::MySql) => Self::Declared,
            Some(Database::Sqlite) => Self::Caseless,
        }
    }

    /// Whether names are shown as they are declared.
    pub(super) fn is_declared(self) -> bool {
        matches!(self, Self::Caseless | Self::Declared)
    }

    /// A step with the names that it gives as the database shows them.
    pub(super) fn spelled<'s>(self, step: &'s Step, spelling: &Spelling) -> Cow<'s, Step> {
        match self.is_declared() && step.names().any(|(_, at)| spelling.written.contains_key(&at)) {
            true => Cow::Owned(step.as_written(&spelling.written)),
            false => Cow::Borrowed(step),
        }
    }

    /// The names of a file that nobody can know.
    pub(super) fn unclear(self, steps: &[Step], spelling: &Spelling) -> Vec<Unread> {
        if self != Self::Unclear {
            return Vec::new();
        }
        let given = steps.iter().filter(|step| !matches!(step, Step::Drop { .. }));
        let places: BTreeSet<u32> = given.flat_map(Step::names).map(|(_, at)| at).collect();
        let names = spelling.written.iter().filter(|(at, _)| places.contains(at));
        let told = |(at, name): (&u32, &String)| {
            let reason = "has capitals, which PostgreSQL drops outside quotes, and files here are for different databases: \
                          say the `dialect` of the source in the policy";
            Unread::new(*at, format!("the name `{}` {reason}", excerpt(name)))
        };
        names.map(told).collect()
    }
}
