//! What a file gives to others: its constants, and what it hands on of other files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use bstr::ByteSlice;
use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast_visit::Visit;

use super::file::File;
use super::imports::{Origin, export_name, origin};
use super::lookup::is_fixed;
use super::parts::chain;
use super::plain::Plain;
use super::scopes::Made;
use crate::drift::languages::Language;
use crate::drift::mentions::DEFAULT;
use crate::drift::shape::{Constant, Constants, Given, Import, Lends};

/// How many bytes the constants of a file have together that are given.
const MOST: usize = 1 << 18;

/// Names that every file has; what is called by them is given nothing but what is said there.
const GLOBALS: [&str; 8] = ["Boolean", "Date", "JSON", "Math", "Number", "Object", "process", "undefined"];

/// What was found out of the names that a file gives.
struct Giving<'a> {
    /// How many bytes are left.
    left: usize,
    /// Constants, with their sizes, by the names of their variables.
    made: HashMap<&'a str, Option<(Arc<Constant>, usize)>>,
    /// Whether what is none may have another name.
    apart: HashMap<&'a str, bool>,
}

/// What stands behind a name that others see.
enum Exported<'a> {
    /// A name of the file's own.
    Local(&'a str),
    Handed(Import),
    /// What may be that.
    Part(Import),
    Other,
    Unknown,
}

/// What others see of a file.
#[derive(Default)]
struct Exporting<'a> {
    names: BTreeMap<&'a str, Exported<'a>>,
    stars: Vec<Import>,
    /// Whether packages may give more.
    is_open: bool,
}

impl<'a> Exporting<'a> {
    /// Adds a name; what has it twice is not known.
    fn add(&mut self, name: &'a str, exported: Exported<'a>) {
        self.names.entry(name).and_modify(|known| *known = Exported::Unknown).or_insert(exported);
    }

    fn declared(&mut self, declaration: &'a Declaration<'a>) {
        match declaration {
            Declaration::VariableDeclaration(variables) => {
                let bound = variables.declarations.iter().flat_map(|one| one.id.get_binding_identifiers());
                bound.for_each(|id| self.add(id.name.as_str(), Exported::Local(id.name.as_str())));
            }
            // Values have other names than types.
            Declaration::TSInterfaceDeclaration(_) | Declaration::TSTypeAliasDeclaration(_) => {}
            declaration => {
                let id = declaration.id();
                id.into_iter().for_each(|id| self.add(id.name.as_str(), Exported::Local(id.name.as_str())));
            }
        }
    }
}

impl<'a> File<'a> {
    /// What this file gives to others.
    pub(super) fn lends(&self) -> Lends {
        // A definition is of what another file does, and says nothing of values.
        let name = self.source.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let is_code = Language::of_code(self.source.path.as_bstr()) == Some(Language::TypeScript);
        if !is_code || self.program.source_type.is_typescript_definition() || name.contains_str(".d.") {
            return Lends::unknown();
        }
        let bindings = self.bindings();
        // What is exported the old way, too, is more than the exports say.
        let is_whole = self.program.body.iter().any(|one| matches!(one, Statement::TSExportAssignment(_)));
        if is_whole || bindings.exporting > 0 || ["exports", "module"].into_iter().any(|name| bindings.is_changed(name))
        {
            return Lends::unknown();
        }
        let Exporting { names, stars, is_open } = self.exporting();
        let mut giving = Giving { left: MOST, made: HashMap::new(), apart: HashMap::new() };
        let names = names.into_iter().map(|(name, exported)| {
            let given = match exported {
                Exported::Local(local) => self.given_by(name, local, &mut giving),
                Exported::Handed(import) => Given::Handed(import),
                Exported::Part(import) => Given::Part(import),
                Exported::Other => Given::Other,
                Exported::Unknown => Given::Unknown,
            };
            (name.to_owned(), given)
        });
        let mut lends = Lends::new(names.collect(), stars, is_open);
        if lends.names.values().any(|given| *given == Given::Unknown) {
            lends.imports = self.imported();
        }
        lends
    }

    /// All files of which this one has something.
    fn imported(&self) -> Vec<Import> {
        let imported = self.index().foreign.values().map(|foreign| foreign.specifier);
        let all = imported.chain(self.loaded_in_place().map(|(_, specifier)| specifier)).collect::<BTreeSet<_>>();
        let all = all.into_iter().filter(|specifier| origin(specifier) != Origin::Package);
        all.map(|specifier| self.constants_of(None, None, specifier)).collect()
    }

    /// The names of what the file gives to others.
    fn exporting(&self) -> Exporting<'a> {
        let mut found = Exporting::default();
        for statement in &self.program.body {
            match statement {
                Statement::ExportDeclaration(export) => found.declared(&export.declaration),
                Statement::ExportNamedDeclaration(export) if export.export_kind.is_value() => {
                    for one in export.specifiers.iter().filter(|one| one.export_kind.is_value()) {
                        found.add(export_name(&one.exported), Exported::Local(export_name(&one.local)));
                    }
                }
                Statement::ExportFromDeclaration(export) => {
                    let is_plain = export.export_kind.is_value() && export.with_clause.is_none();
                    let is_package = origin(export.source.value.as_str()) == Origin::Package;
                    for one in &export.specifiers {
                        let (name, exported) = (export_name(&one.local), export_name(&one.exported));
                        let import = self.constants_of(Some(exported), Some(name), export.source.value.as_str());
                        found.add(
                            exported,
                            match is_plain && one.export_kind.is_value() {
                                _ if is_package => Exported::Other,
                                true => Exported::Handed(import),
                                false => Exported::Part(import),
                            },
                        );
                    }
                }
                Statement::ExportAllDeclaration(export) if export.export_kind.is_value() => match &export.exported {
                    Some(name) => {
                        let (name, from) = (export_name(name), export.source.value.as_str());
                        let import = self.constants_of(Some(name), None, from);
                        let is_known = origin(from) != Origin::Package;
                        found.add(name, if is_known { Exported::Handed(import) } else { Exported::Other });
                    }
                    None if origin(export.source.value.as_str()) == Origin::Package => found.is_open = true,
                    None => found.stars.push(self.constants_of(None, None, export.source.value.as_str())),
                },
                Statement::ExportDefaultDeclaration(export) => {
                    let value = export.declaration.as_expression().map(Expression::get_inner_expression);
                    let exported = match value {
                        Some(Expression::Identifier(id)) => Exported::Local(id.name.as_str()),
                        Some(value) if !self.is_apart(value) => Exported::Unknown,
                        _ => Exported::Other,
                    };
                    found.add(DEFAULT, exported);
                }
                _ => {}
            }
        }
        found
    }

    /// What others get by one of the file's own names.
    fn given_by(&self, exported: &str, local: &'a str, giving: &mut Giving<'a>) -> Given {
        let Giving { left, made, apart } = giving;
        let known = made.get(local).is_some();
        let constant = made.entry(local).or_insert_with(|| {
            let before = *left;
            let constant = self.given_out_as(local, left)?;
            Some((Arc::new(constant), before - *left))
        });
        if let Some((constant, size)) = constant {
            // Who has the file as a whole has it once for each of its names.
            if known && !spend(left, *size) {
                return Given::Unknown;
            }
            return Given::Own(local.to_owned(), Arc::clone(constant));
        }
        let bindings = self.bindings();
        let (foreign, is_same) = match bindings.only(local).map(|variable| (variable, bindings.made(variable))) {
            Some((variable, Made::Foreign(_))) => (local, !bindings.is_touched(variable)),
            // A second name, of whatever of that file: `export const OTHER = paths.PATHS as any`.
            Some((_, Made::Constant(value))) => match chain(value) {
                Some((id, _)) => (id.name.as_str(), false),
                None if *apart.entry(local).or_insert_with(|| self.is_apart(value)) => return Given::Other,
                None => return Given::Unknown,
            },
            // What is too large to be told of may still be changed by one of its names.
            Some((_, Made::Function(_))) => return Given::Other,
            Some((_, Made::Class(_) | Made::Enum(_))) if *left > 0 => return Given::Other,
            _ => return Given::Unknown,
        };
        self.index().foreign.get(foreign).map_or(Given::Unknown, |foreign| {
            if origin(foreign.specifier) == Origin::Package {
                return Given::Other;
            }
            let name = foreign.name.filter(|_| is_same);
            let import = self.constants_of(Some(exported), name, foreign.specifier);
            if is_same { Given::Handed(import) } else { Given::Part(import) }
        })
    }

    /// Whether a value is no constant that has another name: a function, or what is made of nothing but packages.
    fn is_apart(&self, value: &'a Expression<'a>) -> bool {
        let value = value.get_inner_expression();
        let is_made = value.is_function() || value.is_literal() || matches!(value, Expression::ClassExpression(_));
        is_made || {
            let mut apart = Apart { file: self, is_other: false };
            apart.visit_expression(value);
            !apart.is_other
        }
    }

    /// What a variable of the file holds that others have, too.
    fn given_out_as(&self, name: &str, left: &mut usize) -> Option<Constant> {
        let bindings = self.bindings();
        let variable = bindings.only(name)?;
        let is_class = matches!(bindings.made(variable), Made::Class(_));
        let (is_frozen, is_deep) = match bindings.made(variable) {
            // What is no `const` is meant to change.
            Made::Constant(_) if !self.index().values.contains_key(name) => return None,
            Made::Constant(value) => {
                if let Some(text) = self.text(value) {
                    return spend(left, text.len()).then(|| Constant::Text(text.into_owned()));
                }
                let is_frozen = self.frozen(value).1;
                let is_const = is_fixed(value) && !self.index().said.contains_key(name);
                Some((is_frozen, is_const)).filter(|_| is_const || is_frozen)?
            }
            Made::Enum(_) | Made::Class(_) => (false, false),
            Made::Foreign(_) | Made::Function(_) | Made::Unknown => return None,
        };
        let plain = self.plain_of(variable)?;
        let (members, is_whole) = self.members_given((variable, is_deep), &plain, &mut Vec::new(), left)?;
        // Enums and classes have members that have no name here.
        let is_whole = is_whole && matches!(bindings.made(variable), Made::Constant(_));
        Some(Constant::Members { members, is_frozen, is_class, is_whole })
    }

    /// The members of a constant, or of an object within it, that are texts, and whether those are all; those of objects
    /// where they are as constant.
    fn members_given(
        &self,
        (variable, is_deep): (usize, bool),
        of: &Plain<'a>,
        steps: &mut Vec<&'a str>,
        left: &mut usize,
    ) -> Option<(Constants, bool)> {
        let (mut given, mut is_all) = (Constants::new(), true);
        for (name, value) in of.members.iter() {
            steps.push(name);
            let constant = match self.text(value) {
                Some(text) => Some(Constant::Text(text.into_owned())),
                None => match self.object_within(variable, steps).filter(|_| is_deep || self.frozen(value).1) {
                    Some(part) => {
                        let (members, is_whole) = self.members_given((variable, is_deep), &part, steps, left)?;
                        Some(Constant::Members { members, is_frozen: false, is_class: false, is_whole })
                    }
                    None => None,
                },
            };
            steps.pop();
            let text = if let Some(Constant::Text(text)) = &constant { text.len() } else { 0 };
            if !spend(left, name.len() + text) {
                return None;
            }
            is_all &= constant.as_ref().is_some_and(Constant::is_whole);
            given.extend(constant.map(|constant| ((*name).to_owned(), Arc::new(constant))));
        }
        Some((given, is_all))
    }
}

/// Whether a value mentions what may be a constant of some file.
struct Apart<'f, 'a> {
    file: &'f File<'a>,
    is_other: bool,
}

impl<'a> Visit<'a> for Apart<'_, 'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::IdentifierReference(id) => {
                let name = id.name.as_str();
                let is_global = GLOBALS.contains(&name) && self.file.bindings().scopes.bound(name) == 0;
                let foreign = self.file.index().foreign.get(name);
                let is_package = foreign.is_some_and(|foreign| origin(foreign.specifier) == Origin::Package);
                self.is_other |= !is_global && !is_package;
            }
            AstKind::ImportExpression(_) | AstKind::ThisExpression(_) => self.is_other = true,
            _ => {}
        }
    }

    // Types are no values.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
}

/// Takes so many bytes from what is left; whether that was enough.
fn spend(left: &mut usize, bytes: usize) -> bool {
    let rest = left.checked_sub(bytes);
    *left = rest.unwrap_or_default();
    rest.is_some()
}
