//! A table on its way through the migrations.

use std::collections::HashMap;

use super::{Folded, MAX_COLUMNS, Renamed, Table, told};
use crate::drift::shape::{Kind, Member, Shape, Unread};

/// A table so far.
pub(super) struct State {
    pub(super) schema: Option<String>,
    pub(super) name: String,
    file: usize,
    at: u32,
    /// The names that it had, in their order.
    was: Vec<String>,
    pub(super) columns: Vec<Column>,
}

/// A column so far.
pub(super) struct Column {
    /// The file that described it last.
    pub(super) file: usize,
    pub(super) member: Member,
    was: Vec<String>,
    /// Where it got its name.
    named: (usize, u32),
}

impl State {
    pub(super) fn new(schema: Option<&str>, name: &str, file: usize, at: u32) -> Self {
        let (schema, name) = (schema.map(str::to_owned), name.to_owned());
        Self { schema, name, file, at, was: Vec::new(), columns: Vec::new() }
    }

    /// The place of a column: of that very name, or of the one name that differs in case only.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column.member.name == name);
        exact.or_else(|| {
            let mut alike = self.columns.iter().enumerate();
            let mut alike = alike.by_ref().filter(|(_, column)| column.member.name.eq_ignore_ascii_case(name));
            let (index, _) = alike.next()?;
            alike.next().is_none().then_some(index)
        })
    }

    /// Whether a column has this very name.
    pub(super) fn is_exact(&self, index: usize, name: &str) -> bool {
        self.columns.get(index).is_some_and(|column| column.member.name == name)
    }

    pub(super) fn add(&mut self, file: usize, column: &Member) -> Result<(), Unread> {
        if self.columns.len() == MAX_COLUMNS {
            return Err(told(column.at, "table", &self.name, "has more columns than any database takes"));
        }
        let named = (file, column.at);
        self.columns.push(Column { file, member: column.clone(), was: Vec::new(), named });
        Ok(())
    }

    pub(super) fn rename(&mut self, file: usize, name: &str, at: u32) {
        self.was.push(std::mem::replace(&mut self.name, name.to_owned()));
        (self.file, self.at) = (file, at);
    }
}

impl Column {
    pub(super) fn rename(&mut self, file: usize, name: &str, at: u32) {
        if self.member.name == name {
            return;
        }
        self.was.push(std::mem::replace(&mut self.member.name, name.to_owned()));
        (self.file, self.member.at, self.named) = (file, at, (file, at));
    }

    pub(super) fn enumerate(&mut self) {
        if let Shape::Scalar { enumerated, kind: Kind::String | Kind::Number } = &mut self.member.shape {
            *enumerated = true;
        }
    }
}

/// The tables in the end.
pub(super) fn finish(tables: Vec<Option<State>>) -> Folded {
    let tables: Vec<State> = tables.into_iter().flatten().collect();
    let mut of_name: HashMap<&str, usize> = HashMap::new();
    for table in &tables {
        *of_name.entry(table.name.as_str()).or_default() += 1;
    }
    let names: Vec<String> = tables
        .iter()
        .map(|table| match &table.schema {
            Some(schema) if of_name.get(table.name.as_str()) != Some(&1) => format!("{schema}.{}", table.name),
            _ => table.name.clone(),
        })
        .collect();
    let mut folded = Folded::default();
    for (state, name) in tables.into_iter().zip(names) {
        let renamed = |from: String, to: &str, (file, at): (usize, u32)| Renamed {
            file,
            table: name.clone(),
            from,
            to: to.to_owned(),
            at,
        };
        let place = (state.file, state.at);
        folded.renamed_tables.extend(state.was.into_iter().map(|from| renamed(from, &name, place)));
        let mut columns = Vec::with_capacity(state.columns.len());
        for Column { file, member, was, named } in state.columns {
            let was = was.into_iter().filter(|from| *from != member.name);
            folded.renames.extend(was.map(|from| renamed(from, &member.name, named)));
            columns.push((file, member));
        }
        folded.tables.push(Table { name, file: state.file, at: state.at, columns });
    }
    folded
}
