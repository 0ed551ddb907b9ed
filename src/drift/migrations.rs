//! Tables from migrations: what the files of a source do, one after the other, and what is there in the end. Files that
//! only create tables go the same way.
//!
//! The order is that of the files' paths, with the version at the beginning of each name compared as numbers. A file
//! that undoes another (`1_a.down.sql` beside `1_a.up.sql`) does not count.

mod naming;
mod order;
mod table;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bstr::BString;

use self::naming::Naming;
use self::order::Order;
use self::table::{Column, State};
use super::shape::{self, Database, Definition, Member, Module, Shape, Step, Unread};
use crate::escape::excerpt;

/// The most columns of a table; no database of these takes more.
const MAX_COLUMNS: usize = 5_000;

/// What is there after all migrations. Files are told by their place among those that were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folded {
    /// The tables, in the order in which they were created.
    pub tables: Vec<Table>,
    /// The columns that had other names, one for each of those.
    pub renames: Vec<Renamed>,
    /// The tables that had other names, one for each of those.
    pub renamed_tables: Vec<Renamed>,
    /// What does not fit what came before it.
    pub unread: Vec<(usize, Unread)>,
    /// Files that undo others: nothing in them counts.
    pub skipped: BTreeSet<usize>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The name; that of a schema stands before it only where two tables have one name.
    pub name: String,
    /// The file that created or renamed it.
    pub file: usize,
    /// Where its name stands there.
    pub at: u32,
    /// Its columns, each with the file that described it last.
    pub columns: Vec<(usize, Member)>,
}

/// Something that had another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The file that gave it its name.
    pub file: usize,
    /// The table as it is called in the end.
    pub table: String,
    /// The name before.
    pub from: String,
    /// The name in the end.
    pub to: String,
    /// Where that name is given.
    pub at: u32,
}

/// The databases that files which are those of one source can be for.
pub fn databases(modules: &[(BString, &Module)]) -> BTreeSet<Database> {
    let skipped = order::undoing(modules.iter().map(|(path, _)| path));
    let counts = modules.iter().enumerate().filter(|(file, _)| !skipped.contains(file));
    shape::databases(counts.map(|(_, (_, module))| &module.spelling))
}

/// Applies what each file does, in the order of their paths.
pub fn fold(modules: &[(BString, &Module)]) -> Folded {
    let skipped = order::undoing(modules.iter().map(|(path, _)| path));
    let mut files: Vec<usize> = (0..modules.len()).filter(|file| !skipped.contains(file)).collect();
    files.sort_by_cached_key(|file| modules.get(*file).map(|(path, _)| Order::of(path)));
    let read = || files.iter().filter_map(|file| Some((*file, modules.get(*file)?.1)));
    let naming = Naming::of(read().map(|(_, module)| &module.spelling));
    let mut folding = Folding { naming, ..Folding::default() };
    for (file, module) in read() {
        let unclear = naming.unclear(&module.steps, &module.spelling);
        folding.unread.extend(unclear.into_iter().map(|unread| (file, unread)));
        for step in &module.steps {
            if let Err(unread) = folding.step(file, &naming.spelled(step, &module.spelling)) {
                folding.unread.push((file, unread));
            }
        }
    }
    let Folding { tables, unread, .. } = folding;
    Folded { unread, skipped, ..table::finish(tables) }
}

impl Folded {
    /// What the files declare in the end, one module for each that was folded: their types, and the tables' columns in
    /// the files that described them last.
    pub fn modules(&self, read: &[(BString, &Module)]) -> Vec<Module> {
        let counts = |file: usize| !self.skipped.contains(&file);
        let kept = |(file, (_, module)): (usize, &(BString, &Module))| match counts(file) {
            true => Module { steps: Vec::new(), ..(*module).clone() },
            false => Module::default(),
        };
        let mut modules: Vec<Module> = read.iter().enumerate().map(kept).collect();
        for (file, unread) in &self.unread {
            modules.get_mut(*file).into_iter().for_each(|module| module.unread.push(unread.clone()));
        }
        for table in &self.tables {
            let mut parts = BTreeMap::from([(table.file, Vec::new())]);
            for (file, member) in &table.columns {
                parts.entry(*file).or_default().push(member.clone());
            }
            for (file, members) in parts {
                let described = members.first().map_or(table.at, |member| member.at);
                let at = if file == table.file { table.at } else { described };
                let definition = Definition { name: table.name.clone(), at, shape: Shape::Object(members), case: None };
                modules.get_mut(file).into_iter().for_each(|module| module.definitions.push(definition.clone()));
            }
        }
        modules
    }
}

/// The tables so far. Dropped ones leave their place empty.
#[derive(Default)]
struct Folding {
    naming: Naming,
    tables: Vec<Option<State>>,
    /// Which tables a name may mean.
    names: HashMap<Key, BTreeSet<usize>>,
    unread: Vec<(usize, Unread)>,
}

/// A way to name tables: by the name as it is written or, in small letters, whatever its case, in one schema (or
/// without one) or in any.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    name: String,
    any_case: bool,
    /// `None` is any.
    schema: Option<Option<String>>,
}

impl Key {
    fn new(schema: Option<Option<&str>>, name: &str, any_case: bool) -> Self {
        let name = if any_case { name.to_lowercase() } else { name.to_owned() };
        Self { name, any_case, schema: schema.map(|schema| schema.map(str::to_owned)) }
    }

    /// Every way in which a table is named.
    fn all(schema: Option<&str>, name: &str) -> impl Iterator<Item = Self> {
        let of = move |any_case| [Some(schema), None].map(|schema| Self::new(schema, name, any_case));
        [false, true].into_iter().flat_map(of)
    }

    /// What a name can mean, the nearest first: that very table; else one where only the schema is left out, here or
    /// there, or the case differs. Where no case is known of the name, that tells nothing.
    fn nearest(schema: Option<&str>, name: &str, naming: Naming) -> impl Iterator<Item = Self> {
        let open = schema.map(|_| None);
        let of = move |any_case| [Some(schema), open].map(|schema| Self::new(schema, name, any_case));
        [false, true].into_iter().filter(move |any_case| *any_case || !naming.is_declared()).flat_map(of)
    }
}

impl Folding {
    fn step(&mut self, file: usize, step: &Step) -> Result<(), Unread> {
        match step {
            Step::Create { table, columns, if_missing, at } => self.create(file, table, columns, *if_missing, *at),
            Step::Drop { table, if_there, at } => self.drop_table(table, *if_there, *at),
            Step::Rename { from, if_there: true, at, .. }
                if matches!(self.find(from, *at), Err(Missing::NoTable(_))) =>
            {
                Ok(())
            }
            Step::Rename { from, to, at, .. } => self.rename(file, from, to, *at),
            Step::AddColumn { table, column, if_missing } => {
                let is_caseless = self.naming.is_declared();
                let state = self.table(table, column.at)?;
                match state.column(&column.name) {
                    Some(index) if *if_missing && (is_caseless || state.is_exact(index, &column.name)) => Ok(()),
                    Some(_) if *if_missing => Err(told(column.at, "column", &column.name, SPELLED)),
                    Some(_) => Err(told(column.at, "column", &column.name, "is there already")),
                    None => state.add(file, column),
                }
            }
            Step::SetColumn { table, column } => {
                let is_declared = self.naming.is_declared();
                let known = self.known_column(table, &column.name, column.at)?;
                // The column may be called so from then on.
                if is_declared && known.member.name != column.name {
                    return Err(told(column.at, "column", &column.name, SPELLED));
                }
                known.file = file;
                known.member.shape = column.shape.clone();
                known.member.at = column.at;
                Ok(())
            }
            Step::Enumerate { table, column, at } => {
                self.known_column(table, column, *at)?.enumerate();
                Ok(())
            }
            Step::DropColumn { table, column, if_there, at } => self.drop_column(table, column, *if_there, *at),
            Step::RenameColumn { table, from, to, at } => {
                let state = self.table(table, *at)?;
                let index = state.column(from).ok_or_else(|| unknown_column(*at, from))?;
                // A change of case alone finds the column itself.
                if state.column(to).is_some_and(|other| other != index) {
                    return Err(told(*at, "column", to, "is there already"));
                }
                if let Some(column) = state.columns.get_mut(index) {
                    column.rename(file, to, *at);
                }
                Ok(())
            }
        }
    }

    fn drop_table(&mut self, table: &str, if_there: bool, at: u32) -> Result<(), Unread> {
        match self.find(table, at) {
            Ok(index) if if_there && !self.is_exact(index, table) => Err(told(at, "table", table, SPELLED)),
            Ok(index) => {
                self.forget(index);
                Ok(())
            }
            Err(Missing::NoTable(_)) if if_there => Ok(()),
            Err(missing) => Err(missing.unread()),
        }
    }

    fn drop_column(&mut self, table: &str, column: &str, if_there: bool, at: u32) -> Result<(), Unread> {
        let is_caseless = self.naming.is_declared();
        let state = self.table(table, at)?;
        match state.column(column) {
            Some(index) if if_there && !is_caseless && !state.is_exact(index, column) => {
                Err(told(at, "column", column, SPELLED))
            }
            Some(index) => {
                state.columns.remove(index);
                Ok(())
            }
            None if if_there => Ok(()),
            None => Err(unknown_column(at, column)),
        }
    }

    fn create(
        &mut self,
        file: usize,
        table: &str,
        columns: &[Member],
        if_missing: bool,
        at: u32,
    ) -> Result<(), Unread> {
        let (schema, name) = split(table);
        if self.is_there(schema, name) {
            let again = "is created twice: leave files out of the source that repeat what others say";
            return if if_missing { Ok(()) } else { Err(told(at, "table", table, again)) };
        }
        if if_missing && self.naming == Naming::Declared && self.is_there_in_any_case(schema, name) {
            return Err(told(at, "table", table, SPELLED));
        }
        let mut state = State::new(schema, name, file, at);
        for column in columns {
            if state.column(&column.name).is_some() {
                return Err(told(column.at, "column", &column.name, "stands twice in its table"));
            }
            state.add(file, column)?;
        }
        self.remember(state);
        Ok(())
    }

    fn rename(&mut self, file: usize, from: &str, to: &str, at: u32) -> Result<(), Unread> {
        let index = self.find(from, at).map_err(Missing::unread)?;
        let (schema, name) = split(to);
        let Some(mut state) = self.forget(index) else { return Ok(()) };
        let schema = schema.map(str::to_owned).or_else(|| state.schema.take());
        let is_taken = self.is_there(schema.as_deref(), name);
        state.schema = schema;
        state.rename(file, name, at);
        self.remember(state);
        if is_taken { Err(told(at, "table", to, "is there already")) } else { Ok(()) }
    }

    fn remember(&mut self, state: State) {
        for key in Key::all(state.schema.as_deref(), &state.name) {
            self.names.entry(key).or_default().insert(self.tables.len());
        }
        self.tables.push(Some(state));
    }

    fn forget(&mut self, index: usize) -> Option<State> {
        let state = self.tables.get_mut(index)?.take()?;
        for key in Key::all(state.schema.as_deref(), &state.name) {
            self.names.get_mut(&key).into_iter().for_each(|others| _ = others.remove(&index));
        }
        Some(state)
    }

    /// Whether there is a table of this very name, whatever its case where that tells nothing.
    fn is_there(&self, schema: Option<&str>, name: &str) -> bool {
        self.named(schema, name, self.naming == Naming::Caseless).next().is_some()
    }

    fn is_there_in_any_case(&self, schema: Option<&str>, name: &str) -> bool {
        self.named(schema, name, true).next().is_some()
    }

    /// Whether a name is that of a table as it was given.
    fn is_exact(&self, index: usize, name: &str) -> bool {
        let (schema, name) = split(name);
        self.named(schema, name, self.naming == Naming::Caseless).any(|there| there == index)
    }

    /// The tables of a name in one schema.
    fn named(&self, schema: Option<&str>, name: &str, any_case: bool) -> impl Iterator<Item = usize> {
        self.names.get(&Key::new(Some(schema), name, any_case)).into_iter().flatten().copied()
    }

    fn table(&mut self, name: &str, at: u32) -> Result<&mut State, Unread> {
        let missing = || Missing::NoTable(told(at, "table", name, UNKNOWN)).unread();
        let index = self.find(name, at).map_err(Missing::unread)?;
        self.tables.get_mut(index).and_then(Option::as_mut).ok_or_else(missing)
    }

    fn known_column(&mut self, table: &str, column: &str, at: u32) -> Result<&mut Column, Unread> {
        let state = self.table(table, at)?;
        let index = state.column(column).ok_or_else(|| unknown_column(at, column))?;
        state.columns.get_mut(index).ok_or_else(|| unknown_column(at, column))
    }

    fn find(&self, wanted: &str, at: u32) -> Result<usize, Missing> {
        let (schema, name) = split(wanted);
        let mut among = Key::nearest(schema, name, self.naming).filter_map(|key| self.names.get(&key));
        let mut nearest = among.find(|there| !there.is_empty()).into_iter().flatten();
        match (nearest.next(), nearest.next()) {
            (Some(index), None) => Ok(*index),
            (Some(_), Some(_)) => {
                let reason = "may be one of several tables: write the schema before its name, and let no two tables \
                              differ by case alone";
                Err(Missing::Ambiguous(told(at, "table", wanted, reason)))
            }
            _ => Err(Missing::NoTable(told(at, "table", wanted, UNKNOWN))),
        }
    }
}

const UNKNOWN: &str = "is created nowhere before this: take the file that does into the source";

/// Some databases would find nothing, and go on.
const SPELLED: &str = "has another schema or other cases where it was created: write its name as there";

/// Why a name leads to no table.
enum Missing {
    NoTable(Unread),
    Ambiguous(Unread),
}

impl Missing {
    fn unread(self) -> Unread {
        let (Self::NoTable(unread) | Self::Ambiguous(unread)) = self;
        unread
    }
}

fn told(at: u32, what: &str, name: &str, reason: &str) -> Unread {
    Unread::new(at, format!("the {what} `{}` {reason}", excerpt(name)))
}

fn unknown_column(at: u32, column: &str) -> Unread {
    told(at, "column", column, UNKNOWN)
}

/// The schema of a name, if there is one, and the name in it.
fn split(table: &str) -> (Option<&str>, &str) {
    table.rsplit_once('.').map_or((None, table), |(schema, name)| (Some(schema), name))
}

#[cfg(test)]
mod tests;
