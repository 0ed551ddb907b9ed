//! What a statement does to tables.

mod alter;

use std::collections::BTreeMap;

use sqlparser::ast::{AlterTable, AlterTableOperation as Operation, RenameTableNameKind as New};
use sqlparser::ast::{AlterTypeOperation, UserDefinedTypeRepresentation as Made};
use sqlparser::ast::{CreateTable, DataType, ObjectName, ObjectType, Statement, TableConstraint};
use sqlparser::dialect::{Dialect as Grammar, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::TokenWithSpan;

use super::split::{Dialect, Piece};
use super::{columns, database};
use super::{tokens, types};
use crate::drift::shape::{Database, Definition, Kind, Member, Module, Shape, Step, Unread};
use crate::escape::{excerpt, one_line};

/// How many members types may have together that get another name, in one file: each name has them for itself.
const MOST_RENAMED: usize = 1 << 16;

/// Reads the statements of one file.
pub(super) struct Reader {
    pub(super) dialect: Dialect,
    pub(super) module: Module,
    /// How many statements are none to this database.
    pub(super) unknown: usize,
    /// The file is for another database.
    pub(super) is_invalid: bool,
    /// Where it shows that, if it does without a statement that cannot be read.
    pub(super) invalid: Option<usize>,
    /// Where statements begin and end, and whether they may change tables.
    pub(super) places: Vec<(usize, usize, bool)>,
    /// Blocks of code whose statements were read, in order.
    pub(super) blocks: Vec<(usize, usize)>,
    /// A statement for each of the databases that take it for an error for sure: where it begins and ends.
    pub(super) refused: BTreeMap<Database, (usize, usize)>,
    /// Tables that end with the session, and whether they are there for sure.
    temporary: BTreeMap<String, bool>,
    /// The types that the file declared before.
    types: BTreeMap<String, Shape>,
    /// How many members those have that got another name.
    renamed: usize,
}

impl Reader {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            module: Module::default(),
            unknown: 0,
            is_invalid: false,
            invalid: None,
            places: Vec::new(),
            blocks: Vec::new(),
            refused: BTreeMap::new(),
            temporary: BTreeMap::new(),
            types: BTreeMap::new(),
            renamed: 0,
        }
    }

    pub(super) fn tell(&mut self, at: usize, reason: impl Into<String>) {
        self.module.unread.push(Unread::new(u32::try_from(at).unwrap_or(u32::MAX), reason));
    }

    /// Tells of what is no statement of this database.
    pub(super) fn not_sql(&mut self, at: usize, reason: impl Into<String>) {
        self.unknown += 1;
        self.tell(at, reason);
    }

    /// What was done to tables: how many steps, and to those that end with the session.
    pub(super) fn tables(&self) -> (usize, BTreeMap<String, bool>) {
        (self.module.steps.len(), self.temporary.clone())
    }

    fn step(&mut self, step: Step) {
        self.module.steps.push(step);
    }

    /// Reads a statement that may change columns.
    pub(super) fn statement(&mut self, piece: &Piece<'_>) {
        let grammar = grammar(self.dialect);
        let tokens = match tokens::read(piece, self.dialect, grammar) {
            Ok(tokens) => tokens,
            Err(message) => return self.not_sql(piece.at, said(&message)),
        };
        let names_index = tokens::begins(&tokens, &["ALTER", "INDEX"]);
        if self.dialect == Dialect::Sqlite && tokens::has_options(&tokens) {
            self.refused(piece, &[Database::PostgreSql, Database::MySql]);
        }
        for part in tokens::parts(tokens, self.dialect) {
            let is_known = alter::touches_no_column(&part, self.dialect);
            match parse(part, piece, grammar) {
                Ok(statement) if alter::has_no_column(&statement) => {
                    self.not_sql(piece.at, "this stands where a column should, and is none");
                }
                Ok(statement) if self.dialect == Dialect::MySql && alter::is_named_by_text(&statement) => {
                    self.not_sql(piece.at, "a text stands where a name should: write the name in backticks");
                }
                Ok(Statement::AlterTable(table)) if names_index => {
                    if let Err(reason) = self.index_renamed(&table) {
                        self.tell(piece.at, reason);
                    }
                }
                Ok(statement) => {
                    self.refused(piece, database::refusing(&statement, self.dialect));
                    if let Err(reason) = self.parsed(piece, statement) {
                        self.tell(piece.at, reason);
                    }
                }
                Err(_) if is_known => {}
                Err((at, reason)) => self.not_sql(at, reason),
            }
        }
    }

    /// Notes what others take for an error, unless something in it may hide from them what this one sees.
    fn refused(&mut self, piece: &Piece<'_>, by: &[Database]) {
        let hides = || ["--", "/*", "\\", "$"].iter().any(|hides| piece.text.contains(hides));
        for database in by.iter().filter(|_| !hides()) {
            self.refused.entry(*database).or_insert((piece.at, piece.at + piece.text.len()));
        }
    }

    fn parsed(&mut self, piece: &Piece<'_>, statement: Statement) -> Result<(), &'static str> {
        match statement {
            Statement::CreateTable(table) => self.created(&table),
            Statement::AlterTable(table) => self.altered(&table),
            Statement::RenameTable(tables) => {
                tables.iter().try_for_each(|table| self.renamed(&table.old_name, &table.new_name))
            }
            // Only tables that end with the session.
            Statement::Drop { object_type: ObjectType::Table, temporary: true, names, .. } => {
                names.iter().try_for_each(|name| {
                    self.temporary.remove(&columns::object_name(name)?.0);
                    Ok(())
                })
            }
            Statement::Drop { object_type: ObjectType::Table, if_exists, names, .. } => {
                names.iter().try_for_each(|name| self.dropped(name, if_exists))
            }
            // What CASCADE drops along with a type was told before this.
            Statement::Drop { object_type: ObjectType::Type, .. } | Statement::DropDomain(_) => Ok(()),
            Statement::CreateType { name, representation } => self.made(&name, representation.as_ref()),
            Statement::CreateDomain(domain) => self.domain(&domain.name, &domain.data_type, &domain.constraints),
            Statement::AlterType(alter) => match alter.operation {
                AlterTypeOperation::Rename(rename) => {
                    let (old, _) = columns::object_name(&alter.name)?;
                    self.type_renamed(old, columns::name(&rename.new_name), columns::at(&rename.new_name))
                }
                AlterTypeOperation::AddValue(_) | AlterTypeOperation::RenameValue(_) => Ok(()),
            },
            _ if piece.words.iter().any(|word| word == "TABLE") => Err("this statement about a table is not read"),
            _ => Err("this statement is not read"),
        }
    }

    fn created(&mut self, table: &CreateTable) -> Result<(), &'static str> {
        let (name, at) = columns::object_name(&table.name)?;
        if let Some(name) = self.temporary_name(table, &name) {
            // Whether it is there still is known as long as nothing ends it but DROP.
            self.temporary.insert(name, table.on_commit.is_none());
            return Ok(());
        }
        if table.or_replace {
            self.step(Step::Drop { table: name.clone(), if_there: true, at });
        }
        let others = [
            (table.query.is_some(), "the columns of CREATE TABLE AS are not read: list them"),
            (table.like.is_some() || table.clone.is_some(), "the columns of LIKE are not read: list them"),
            (table.inherits.is_some(), "the columns of INHERITS are not read: list them"),
        ];
        // A partition has its parent's columns, and no name of its own to anybody.
        let columns = if table.partition_of.is_some() { Vec::new() } else { columns::columns(table) };
        self.step(Step::Create { table: name, columns, if_missing: table.if_not_exists, at });
        others.into_iter().find(|(is_so, _)| *is_so).map_or(Ok(()), |(_, reason)| Err(reason))
    }

    fn dropped(&mut self, name: &ObjectName, if_there: bool) -> Result<(), &'static str> {
        let (table, at) = columns::object_name(name)?;
        if self.is_temporary(name)? {
            self.temporary.remove(&table);
        } else {
            self.step(Step::Drop { table, if_there, at });
        }
        Ok(())
    }

    /// The name of a table that ends with the session. What calls itself so is a schema like any other elsewhere.
    fn temporary_name(&self, table: &CreateTable, name: &str) -> Option<String> {
        let schema = match self.dialect {
            Dialect::Postgres => Some("pg_temp."),
            Dialect::Sqlite => Some("temp."),
            Dialect::MySql | Dialect::MySqlAnsi => None,
        };
        let own = schema.and_then(|schema| name.strip_prefix(schema));
        own.or(table.temporary.then_some(name)).map(str::to_owned)
    }

    /// Whether a name means a table that ends with the session: one with a schema before it does not.
    fn is_temporary(&self, name: &ObjectName) -> Result<bool, &'static str> {
        let (table, _) = columns::object_name(name)?;
        match self.temporary.get(&table).filter(|_| name.0.len() == 1) {
            Some(true) => Ok(true),
            Some(false) => Err("this may be a temporary table or another one: give them different names"),
            None => Ok(false),
        }
    }

    /// What may end tables before their session: `DISCARD`.
    pub(super) fn discard(&mut self) {
        self.temporary.values_mut().for_each(|is_there| *is_there = false);
    }

    /// `ALTER INDEX … RENAME TO`, which PostgreSQL does to tables, too.
    fn index_renamed(&mut self, alter: &AlterTable) -> Result<(), &'static str> {
        let (from, _) = columns::object_name(&alter.name)?;
        for operation in &alter.operations {
            let Operation::RenameTable { table_name: New::To(new) } = operation else {
                return Err("this change of an index is not read");
            };
            let (to, at) = columns::object_name(new)?;
            if !self.is_temporary(&alter.name)? {
                self.step(Step::Rename { from: from.clone(), to, if_there: true, at });
            }
        }
        Ok(())
    }

    fn renamed(&mut self, old: &ObjectName, new: &ObjectName) -> Result<(), &'static str> {
        let ((from, _), (to, at)) = (columns::object_name(old)?, columns::object_name(new)?);
        if self.is_temporary(old)? {
            self.temporary.remove(&from);
            self.temporary.insert(to, true);
        } else {
            self.step(Step::Rename { from, to, if_there: false, at });
        }
        Ok(())
    }

    /// Another name for what a type was here; one that another file declares is looked up.
    fn type_renamed(&mut self, old: String, new: String, at: u32) -> Result<(), &'static str> {
        let shape = match self.types.get(&old) {
            Some(shape) => {
                self.renamed += if let Shape::Object(members) = shape { members.len() } else { 1 };
                if self.renamed > MOST_RENAMED {
                    return Err(
                        "types with so many members get other names: write their last names where they are made",
                    );
                }
                shape.clone()
            }
            None => Shape::named(old, at),
        };
        self.define(new, at, shape);
        Ok(())
    }

    fn made(&mut self, name: &ObjectName, made: Option<&Made>) -> Result<(), &'static str> {
        let (name, at) = columns::object_name(name)?;
        let shape = match made {
            Some(Made::Enum { .. }) => Shape::enumerated(Kind::String),
            Some(Made::Composite { attributes }) => {
                let members = attributes.iter().map(|part| {
                    let at = columns::at(&part.name);
                    Member::new(columns::name(&part.name), at, types::shape(&part.data_type, at)).explicit()
                });
                Shape::Object(members.collect())
            }
            Some(Made::Range { .. } | Made::SqlDefinition { .. }) => Shape::Opaque,
            // A shell, which is filled by the statement that follows.
            None => return Ok(()),
        };
        self.define(name, at, shape);
        Ok(())
    }

    fn domain(&mut self, name: &ObjectName, ty: &DataType, checks: &[TableConstraint]) -> Result<(), &'static str> {
        let (name, at) = columns::object_name(name)?;
        let mut shape = types::shape(ty, at);
        let is_listed = |check: &TableConstraint| match check {
            TableConstraint::Check(check) => {
                columns::listed_in(&check.expr).iter().any(|ident| ident.value.eq_ignore_ascii_case("value"))
            }
            _ => false,
        };
        if checks.iter().any(is_listed) {
            columns::enumerate(&mut shape);
        }
        self.define(name, at, shape);
        Ok(())
    }

    fn define(&mut self, name: String, at: u32, shape: Shape) {
        self.types.insert(name.clone(), shape.clone());
        self.module.definitions.push(Definition { name, at, shape, case: None });
    }
}

fn grammar(dialect: Dialect) -> &'static dyn Grammar {
    match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::MySql | Dialect::MySqlAnsi => &MySqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
    }
}

/// A statement's tree. Its places are offsets in the file: one line, and the byte for a column.
fn parse(tokens: Vec<TokenWithSpan>, piece: &Piece<'_>, grammar: &dyn Grammar) -> Result<Statement, (usize, String)> {
    let mut parser = Parser::new(grammar).with_tokens_with_locations(tokens);
    let mut statements = parser.parse_statements().map_err(|error| match error {
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => {
            // The place is told in words only.
            let (message, place) = message.split_once(" at Line: 1, Column: ").unwrap_or((&message, ""));
            let at = place.parse().map_or(piece.at, |column: usize| column.saturating_sub(1).max(piece.at));
            (at.min(piece.at + piece.text.len()), said(message))
        }
        ParserError::RecursionLimitExceeded => (piece.at, said("it is nested too deep")),
    })?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        _ => Err((piece.at, said("where it ends is not clear"))),
    }
}

fn said(message: &str) -> String {
    format!("this SQL cannot be read: {}", one_line(&excerpt(message)))
}
