//! What a file shows to others: an import goes by this alone, whatever else the file declares.

use std::collections::{BTreeSet, HashSet};

use bstr::BString;
use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::{File, SET_ANEW};
use super::imports::{Origin, export_name, origin, required};
use super::references::Name;
use crate::drift::mentions::DEFAULT;
use crate::drift::shape::{Exports, Import, Shape};

/// Why a list of exports is unread.
const LISTED: &str = "a list of exports in a namespace or block: write `export` where the type is declared";

/// Who sees what is declared in a place.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Shown {
    /// Others, if the file names it in a list of what it exports.
    #[default]
    ByName,
    /// Everybody.
    Yes,
    /// What stands beside it.
    No,
    /// Everybody, as something of this program: `declare global`.
    Globally,
    /// Those who import a package: `declare module 'x'`.
    Apart,
    /// Those who import another file, whose type this is added to: `declare module './x'`.
    Added,
}

/// What is known of a file's exports while it is read.
#[derive(Default)]
pub(super) struct Table<'a> {
    /// Who sees the declaration that is being read.
    pub(super) shown: Shown,
    /// Who sees the namespace around it.
    around: Option<Shown>,
    /// The file imports or exports anything: others see nothing else of it.
    is_module: bool,
    names: Vec<Import>,
    hidden: Vec<u32>,
    outside: Vec<u32>,
    pub(super) global: Vec<u32>,
    additions: Vec<(String, u32)>,
    /// Definitions that are shown by name, with their first names.
    by_name: Vec<(u32, String)>,
    /// Those names.
    listed: HashSet<&'a str>,
    /// Second names, with those of the file and their places.
    renamed: Vec<(&'a str, &'a str, u32)>,
}

/// Whether only modules have such statements.
fn is_of_module(statement: &Statement<'_>) -> bool {
    let is_import = match statement {
        Statement::TSImportEqualsDeclaration(import) => {
            matches!(import.module_reference, TSModuleReference::ExternalModuleReference(_))
        }
        other => matches!(other, Statement::ImportDeclaration(_) | Statement::ExportDeclaration(_)),
    };
    is_import || !shows_all(std::slice::from_ref(statement))
}

/// Whether all that a body declares is shown without a word: in declarations, where nothing is exported in a list.
fn shows_all(body: &[Statement<'_>]) -> bool {
    !body.iter().any(|statement| {
        matches!(
            statement,
            Statement::ExportNamedDeclaration(_)
                | Statement::ExportFromDeclaration(_)
                | Statement::ExportAllDeclaration(_)
                | Statement::ExportDefaultDeclaration(_)
                | Statement::TSExportAssignment(_)
        )
    })
}

impl<'a> File<'a> {
    /// Reads a statement of a body for what it exports; gives the declaration in it, and notes who sees that.
    pub(super) fn exposed(&mut self, statement: &'a Statement<'a>, shows_all: bool) -> Option<&'a Declaration<'a>> {
        let around = self.table.around;
        self.table.shown = match (around, shows_all) {
            (Some(around), true) => around,
            (Some(_), false) => Shown::No,
            (None, true) => Shown::Yes,
            (None, false) => Shown::ByName,
        };
        self.table.is_module |= around.is_none() && is_of_module(statement);
        match statement {
            Statement::ExportDeclaration(export) => {
                self.table.shown = around.unwrap_or(Shown::Yes);
                return Some(&export.declaration);
            }
            Statement::ExportDefaultDeclaration(export) => self.export_default(&export.declaration),
            Statement::TSExportAssignment(export) => self.export_whole(&export.expression),
            Statement::ExportNamedDeclaration(export) => self.export_names(&export.specifiers),
            Statement::ExportFromDeclaration(export) => self.export_from(export),
            Statement::ExportAllDeclaration(export) => self.export_all(export),
            Statement::ExpressionStatement(statement) => self.export_common(&statement.expression),
            other => return other.as_declaration(),
        }
        None
    }

    /// Whether a body shows all that it declares.
    pub(super) fn shows_all(&self, body: &'a [Statement<'a>], is_declared: bool) -> bool {
        (is_declared || self.program.source_type.is_typescript_definition()) && shows_all(body)
    }

    /// Reads what stands in a place that is seen so.
    pub(super) fn within(&mut self, shown: Shown, read: impl FnOnce(&mut Self)) {
        let outer = (self.table.shown, self.table.around.replace(shown));
        read(self);
        (self.table.shown, self.table.around) = outer;
    }

    /// Notes who sees a definition.
    pub(super) fn note_shown(&mut self, name: &str, at: u32) {
        let table = &mut self.table;
        match table.shown {
            Shown::Yes => {}
            Shown::No => table.hidden.push(at),
            Shown::Globally => {
                table.hidden.push(at);
                table.global.push(at);
            }
            Shown::Apart | Shown::Added => {
                table.hidden.push(at);
                table.outside.push(at);
                if table.shown == Shown::Added {
                    table.additions.push((name.to_owned(), at));
                }
            }
            Shown::ByName => {
                let first = name.split('.').next().unwrap_or(name);
                table.by_name.push((at, first.to_owned()));
            }
        }
    }

    /// Puts together what others see, once all is read.
    pub(super) fn finish_exports(&mut self) {
        let renamed = std::mem::take(&mut self.table.renamed);
        let declared: HashSet<String> = match renamed.is_empty() {
            true => HashSet::new(),
            false => self.module.definitions.iter().map(|definition| definition.name.clone()).collect(),
        };
        for (local, exported, at) in renamed {
            let is_known = self.index().foreign.contains_key(local) || declared.contains(local);
            if is_known {
                let shape = self.named(&Name { head: local, full: local.to_owned() }, at);
                self.second_name(exported, at, shape);
            } else {
                self.export_own(exported, local);
            }
        }
        let table = std::mem::take(&mut self.table);
        let (mut hidden, mut global) = (table.hidden, table.global);
        let outside = BTreeSet::from_iter(table.outside);
        if table.is_module {
            let unlisted = table.by_name.into_iter().filter(|(_, name)| !table.listed.contains(name.as_str()));
            hidden.extend(unlisted.map(|(at, _)| at));
        } else {
            let all = self.module.definitions.iter().map(|definition| definition.at);
            global.extend(all.filter(|at| !outside.contains(at)));
        }
        let (hidden, global) = (BTreeSet::from_iter(hidden), BTreeSet::from_iter(global));
        let exports = Exports { names: table.names, hidden, outside, global, additions: table.additions };
        self.module.exports = Some(exports);
    }

    /// A name that others have for a type, and the file has not.
    fn second_name(&mut self, exported: &str, at: u32, shape: Shape) {
        self.table.shown = Shown::Yes;
        self.define(exported, at, shape);
        self.table.outside.push(at);
        self.module.second_names.insert(at);
    }

    /// A name that others have for one of the file's own.
    fn export_own(&mut self, exported: &str, name: &str) {
        if self.table.around.is_some() {
            return;
        }
        self.table.is_module = true;
        self.mention(name);
        let from = vec![BString::from(self.source.path.to_vec())];
        self.table.names.push(Import { local: Some(exported.to_owned()), name: Some(name.to_owned()), from });
    }

    fn export_foreign(&mut self, exported: Option<&str>, name: Option<&str>, specifier: &str) {
        // What a block hands on is none of the file's.
        if self.table.around.is_some() {
            return;
        }
        self.table.is_module = true;
        let import = self.import_of(exported, name, specifier);
        self.table.names.push(import);
    }

    /// `export import A = require('./x')`.
    pub(super) fn export_required(&mut self, exported: &str, specifier: &str) {
        if self.table.shown == Shown::Yes {
            self.export_foreign(Some(exported), None, specifier);
        }
    }

    /// `export { A, B as C }`.
    fn export_names(&mut self, specifiers: &'a [ExportSpecifier<'a>]) {
        for specifier in specifiers {
            let (local, exported) = (export_name(&specifier.local), export_name(&specifier.exported));
            let at = specifier.exported.span().start;
            if self.table.around.is_some() {
                self.define(exported, at, Shape::unread(at, LISTED));
            } else if exported == DEFAULT {
                self.export_own(exported, local);
            } else if local != exported {
                self.table.renamed.push((local, exported, at));
            } else if let Some(foreign) = self.index().foreign.get(local).copied() {
                self.export_foreign(Some(exported), foreign.name, foreign.specifier);
            } else {
                self.table.listed.insert(local);
            }
        }
    }

    /// `export { A, B as C } from './x'`.
    fn export_from(&mut self, export: &'a ExportFromDeclaration<'a>) {
        let from = export.source.value.as_str();
        for specifier in &export.specifiers {
            let (name, exported) = (export_name(&specifier.local), export_name(&specifier.exported));
            let is_other = name != exported && exported != DEFAULT && self.table.around.is_none();
            if !is_other || origin(from) == Origin::Package {
                self.export_foreign(Some(exported), Some(name), from);
                continue;
            }
            let at = specifier.exported.span().start;
            let local = self.import_type(from, name, at);
            self.second_name(exported, at, Shape::named(local, at));
        }
    }

    /// `export * from './x'`, `export * as x from './x'`.
    fn export_all(&mut self, export: &'a ExportAllDeclaration<'a>) {
        let exported = export.exported.as_ref().map(export_name);
        self.export_foreign(exported, None, export.source.value.as_str());
    }

    fn export_default(&mut self, declared: &'a ExportDefaultDeclarationKind<'a>) {
        let (id, shape) = match declared {
            ExportDefaultDeclarationKind::ClassDeclaration(class) => (class.id.as_ref(), self.class(class)),
            ExportDefaultDeclarationKind::TSInterfaceDeclaration(interface) => {
                (Some(&interface.id), self.interface(interface))
            }
            ExportDefaultDeclarationKind::FunctionDeclaration(_) => return,
            other => {
                if let Some(value) = other.as_expression() {
                    self.exported(DEFAULT, value);
                }
                return;
            }
        };
        match id {
            Some(id) => {
                self.define(id.name.as_str(), id.span.start, shape);
                self.export_own(DEFAULT, id.name.as_str());
            }
            None => {
                self.table.shown = Shown::Yes;
                self.define(DEFAULT, declared.span().start, shape);
            }
        }
    }

    /// A value that others have under a name.
    fn exported(&mut self, exported: &'a str, value: &'a Expression<'a>) {
        match value.get_inner_expression() {
            Expression::Identifier(name) => self.export_own(exported, name.name.as_str()),
            value => {
                self.table.shown = Shown::Yes;
                self.constant(exported, value.span().start, value);
            }
        }
    }

    /// `export = value`, `module.exports = value`: the value, and all that is behind a dot of it.
    fn export_whole(&mut self, value: &'a Expression<'a>) {
        self.exported(DEFAULT, value);
        if let (Expression::Identifier(name), None) = (value.get_inner_expression(), self.table.around) {
            let (name, from) = (Some(name.name.to_string()), vec![BString::from(self.source.path.to_vec())]);
            self.table.names.push(Import { local: None, name, from });
        }
    }

    /// `module.exports = value`, `exports.Order = value`, and a variable that gets its schema later.
    fn export_common(&mut self, expression: &'a Expression<'a>) {
        let Expression::AssignmentExpression(assignment) = expression else { return };
        if let AssignmentTarget::AssignmentTargetIdentifier(id) = &assignment.left {
            let (name, at) = (id.name.as_str(), id.span.start);
            if !self.blocks.contains_key(name) && self.doubtful(name, &assignment.right).is_some() {
                self.define(name, at, Shape::unread(at, SET_ANEW));
            }
            return;
        }
        let Some(target) = assignment.left.as_member_expression() else { return };
        let Some(property) = target.static_property_name() else { return };
        let is_exports = |object: &Expression<'_>| match object {
            Expression::Identifier(object) => object.name == "exports",
            object => object.as_member_expression().is_some_and(|member| {
                member.object().is_specific_id("module") && member.static_property_name() == Some("exports")
            }),
        };
        if is_exports(target.object()) {
            self.table.is_module = true;
            self.exported(property, &assignment.right);
        } else if target.object().is_specific_id("module") && property == "exports" {
            match assignment.right.get_inner_expression() {
                Expression::ObjectExpression(object) => self.export_object(object),
                value => self.export_whole(value),
            }
        }
    }

    /// `module.exports = { A, B: C }`. What a spread brings may take the place of what stands before it.
    fn export_object(&mut self, object: &'a ObjectExpression<'a>) {
        self.table.is_module = true;
        let mut known = self.table.names.len();
        for property in &object.properties {
            match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    if let (PropertyKey::StaticIdentifier(name), false) = (&property.key, property.computed) {
                        self.exported(name.name.as_str(), &property.value);
                    }
                }
                ObjectPropertyKind::SpreadProperty(spread) => match required(&spread.argument) {
                    Some(specifier) if known == self.table.names.len() => {
                        self.export_foreign(None, None, specifier);
                        known += 1;
                    }
                    _ => self.table.names.clear(),
                },
            }
        }
    }
}
