//! `ALTER TABLE`: one statement, any number of changes.

use sqlparser::ast::{AlterColumnOperation, AlterTable, AlterTableOperation as Operation, ColumnDef, DataType, Ident};
use sqlparser::ast::{ObjectName, ObjectNamePart, RenameTableNameKind, Statement, TableConstraint};
use sqlparser::tokenizer::TokenWithSpan;

use super::Reader;
use crate::drift::languages::sql::split::Dialect;
use crate::drift::languages::sql::{columns, tokens, types};
use crate::drift::shape::{Member, Shape, Step};

impl Reader {
    pub(super) fn altered(&mut self, alter: &AlterTable) -> Result<(), &'static str> {
        let (table, _) = columns::object_name(&alter.name)?;
        if self.is_temporary(&alter.name)? {
            return match alter.operations.as_slice() {
                [
                    Operation::RenameTable { table_name: RenameTableNameKind::As(new) | RenameTableNameKind::To(new) },
                ] => self.renamed(&alter.name, new),
                _ => Ok(()),
            };
        }
        alter.operations.iter().try_for_each(|operation| self.operation(&table, operation))
    }

    fn operation(&mut self, table: &str, operation: &Operation) -> Result<(), &'static str> {
        let table = table.to_owned();
        match operation {
            Operation::AddColumn { if_not_exists, column_def, .. } => {
                let column = columns::column(column_def);
                self.step(Step::AddColumn { table, column, if_missing: *if_not_exists });
            }
            Operation::DropColumn { column_names, if_exists, .. } => {
                for name in column_names {
                    let (column, at) = (columns::name(name), columns::at(name));
                    self.step(Step::DropColumn { table: table.clone(), column, if_there: *if_exists, at });
                }
            }
            Operation::RenameColumn { old_column_name, new_column_name } => {
                self.step(renamed(table, old_column_name, new_column_name));
            }
            Operation::ChangeColumn { old_name, new_name, data_type, options, .. } => {
                let column = columns::member(new_name, data_type, options.iter());
                self.step(renamed(table.clone(), old_name, new_name));
                self.step(Step::SetColumn { table, column });
            }
            Operation::ModifyColumn { col_name, data_type, options, .. } => {
                let column = columns::member(col_name, data_type, options.iter());
                self.step(Step::SetColumn { table, column });
            }
            Operation::AlterColumn { column_name, op: AlterColumnOperation::SetDataType { data_type, .. } } => {
                let at = columns::at(column_name);
                let column = Member::new(columns::name(column_name), at, types::shape(data_type, at)).explicit();
                self.step(Step::SetColumn { table, column });
            }
            Operation::RenameTable { table_name: RenameTableNameKind::As(new) | RenameTableNameKind::To(new) } => {
                let (to, at) = columns::object_name(new)?;
                self.step(Step::Rename { from: table, to, if_there: false, at });
            }
            Operation::AddConstraint { constraint: TableConstraint::Check(check), .. } => {
                for ident in columns::listed_in(&check.expr) {
                    let (column, at) = (columns::name(ident), columns::at(ident));
                    self.step(Step::Enumerate { table: table.clone(), column, at });
                }
            }
            operation if is_about_no_column(operation) => {}
            _ => return Err("this change of a table is not read"),
        }
        Ok(())
    }
}

fn renamed(table: String, old: &Ident, new: &Ident) -> Step {
    Step::RenameColumn { table, from: columns::name(old), to: columns::name(new), at: columns::at(new) }
}

/// Keys, rules, rights, storage: nothing that a column's name or kind depends on.
fn is_about_no_column(operation: &Operation) -> bool {
    use Operation as O;
    matches!(
        operation,
        O::AddConstraint { .. }
            | O::DropConstraint { .. }
            | O::DropPrimaryKey { .. }
            | O::DropForeignKey { .. }
            | O::DropIndex { .. }
            | O::RenameConstraint { .. }
            | O::ValidateConstraint { .. }
            | O::AlterColumn { .. }
            | O::DisableRowLevelSecurity
            | O::EnableRowLevelSecurity
            | O::ForceRowLevelSecurity
            | O::NoForceRowLevelSecurity
            | O::DisableRule { .. }
            | O::DisableTrigger { .. }
            | O::EnableAlwaysRule { .. }
            | O::EnableAlwaysTrigger { .. }
            | O::EnableReplicaRule { .. }
            | O::EnableReplicaTrigger { .. }
            | O::EnableRule { .. }
            | O::EnableTrigger { .. }
            | O::ReplicaIdentity { .. }
            | O::OwnerTo { .. }
            | O::SetTblProperties { .. }
            | O::SetOptionsParens { .. }
            | O::SetLogged
            | O::SetUnlogged
            | O::Algorithm { .. }
            | O::Lock { .. }
            | O::AutoIncrement { .. }
    )
}

/// A change that the parser does not know, and that touches no column.
pub(super) fn touches_no_column(statement: &[TokenWithSpan], dialect: Dialect) -> bool {
    let change = statement.get(tokens::header(statement)..).unwrap_or_default();
    // Only the first words count, and the word CHECK wherever it stands.
    let words: Vec<String> = change.iter().map(|token| tokens::word(token).to_ascii_uppercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    tokens::begins(statement, &["ALTER", "TABLE"]) && is_known(&words, dialect)
}

/// Whether something stands among the columns that one of the databases takes for another thing: there, these words are
/// names of no column.
pub(super) fn has_no_column(statement: &Statement) -> bool {
    let is_none = |column: &ColumnDef| {
        let name = &column.name;
        let is = |word: &str| name.quote_style.is_none() && name.value.eq_ignore_ascii_case(word);
        let has_unknown_type = || match &column.data_type {
            DataType::Custom(_, arguments) => {
                !arguments.is_empty() && matches!(types::shape(&column.data_type, 0), Shape::Named { .. })
            }
            _ => false,
        };
        is("LIKE") || (["KEY", "INDEX", "FULLTEXT", "SPATIAL"].into_iter().any(is) && has_unknown_type())
    };
    match statement {
        Statement::CreateTable(table) => table.columns.iter().any(is_none),
        Statement::AlterTable(table) => table.operations.iter().any(|operation| match operation {
            Operation::AddColumn { column_def, .. } => is_none(column_def),
            _ => false,
        }),
        _ => false,
    }
}

/// Whether a table's name is a text, which the parser takes for a name: MySQL does not, and where it is set to
/// `ANSI_QUOTES`, that is no text.
pub(super) fn is_named_by_text(statement: &Statement) -> bool {
    let is_text = |name: &ObjectName| {
        let mut parts = name.0.iter().filter_map(ObjectNamePart::as_ident);
        parts.any(|part| matches!(part.quote_style, Some('"' | '\'')))
    };
    match statement {
        Statement::CreateTable(table) => is_text(&table.name),
        Statement::AlterTable(table) => is_text(&table.name),
        Statement::Drop { names, .. } => names.iter().any(is_text),
        Statement::RenameTable(tables) => {
            tables.iter().any(|table| is_text(&table.old_name) || is_text(&table.new_name))
        }
        _ => false,
    }
}

fn is_known(change: &[&str], dialect: Dialect) -> bool {
    // What a check lists would be missed.
    if change.first() == Some(&"ADD") && change.contains(&"CHECK") {
        return false;
    }
    match (dialect, change) {
        (Dialect::Postgres, ["ALTER", rest @ ..]) => {
            let rest = rest.strip_prefix(&["COLUMN"]).unwrap_or(rest);
            let is_constraint = matches!(rest, ["CONSTRAINT", _, "DEFERRABLE" | "NOT" | "INITIALLY" | "ENFORCED", ..]);
            is_constraint
                || matches!(
                    rest,
                    [_, "SET", "STATISTICS" | "STORAGE" | "COMPRESSION" | "GENERATED" | "EXPRESSION" | "(", ..]
                        | [_, "ADD", "GENERATED", ..]
                        | [_, "DROP", "IDENTITY" | "EXPRESSION", ..]
                )
        }
        (
            Dialect::Postgres,
            ["ATTACH", "PARTITION", ..]
            | ["CLUSTER", "ON", ..]
            | ["SET", "WITHOUT" | "TABLESPACE" | "(", ..]
            | ["RESET", "(", ..]
            | ["ADD", "CONSTRAINT", ..],
        )
        | (
            Dialect::MySql | Dialect::MySqlAnsi,
            ["DISABLE" | "ENABLE", "KEYS"]
            | ["ENGINE" | "AUTO_INCREMENT" | "COMMENT" | "ROW_FORMAT", ..]
            | ["CONVERT", "TO", "CHARACTER" | "CHARSET", ..]
            | ["DEFAULT", "CHARACTER" | "CHARSET" | "COLLATE", ..]
            | ["RENAME", "INDEX" | "KEY", ..]
            | ["ALTER", "INDEX", _, "VISIBLE" | "INVISIBLE"]
            | ["DROP", "KEY" | "CHECK", _]
            | ["ADD", "FULLTEXT" | "SPATIAL", "INDEX" | "KEY", ..]
            | ["ADD", "CONSTRAINT", ..],
        ) => true,
        _ => false,
    }
}
