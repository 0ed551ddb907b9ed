//! Constants of other files: those that this one gives to others, and those that it has from them.
//!
//! What other files do with a constant is not seen. So one with members is given only where nobody is meant to change it:
//! the language refuses that (`Object.freeze`), or the compiler does (`as const`, an enum, `static readonly`).

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use bstr::ByteSlice;
use oxc_allocator::{Allocator, ArenaVec};
use oxc_ast::ast::*;
use oxc_ast::builder::AstBuilder;
use oxc_span::SPAN;

use super::file::File;
use super::imports::{Origin, exact, export_name, origin};
use super::lookup::is_fixed;
use super::plain::Plain;
use super::scopes::Made;
use super::shared::Shared;
use crate::drift::languages::Language;
use crate::drift::mentions::DEFAULT;
use crate::drift::shape::{Constant, Constants, Import};

/// How many bytes the constants of a file have together that are given.
const MOST: usize = 1 << 18;

/// A constant of another file.
#[derive(Clone, Copy)]
pub(super) struct Lent<'a> {
    /// A text, or an object of such.
    pub(super) value: &'a Expression<'a>,
    pub(super) is_frozen: bool,
    pub(super) is_class: bool,
    /// Tells what is not written the same apart.
    pub(super) written: u64,
}

/// What a file has from others.
#[derive(Default)]
pub(super) struct Lender<'a> {
    known: HashMap<String, Lent<'a>>,
    /// What is asked for, known or not.
    wanted: RefCell<BTreeSet<&'a str>>,
    /// Whether that is for a mapping: types are found out without the constants of others.
    is_open: Cell<bool>,
    /// What may be changed under other names; found out when that is first asked for.
    pub(super) shared: OnceCell<Shared<'a>>,
}

impl<'a> Lender<'a> {
    pub(super) fn of(lent: &Constants, arena: &'a Allocator) -> Self {
        let builder = AstBuilder::new(arena);
        let known = lent.iter().map(|(name, constant)| {
            let is_frozen = matches!(constant, Constant::Members { is_frozen: true, .. });
            let is_class = matches!(constant, Constant::Members { is_class: true, .. });
            let value = &*arena.alloc(expression(constant, arena, &builder));
            let written = BuildHasherDefault::<DefaultHasher>::default().hash_one(constant);
            (name.clone(), Lent { value, is_frozen, is_class, written })
        });
        Self { known: known.collect(), ..Self::default() }
    }

    pub(super) fn open(&self) {
        self.is_open.set(true);
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open.get()
    }
}

fn expression<'a>(constant: &Constant, arena: &'a Allocator, builder: &AstBuilder<'a>) -> Expression<'a> {
    let text = |text: &str| -> &'a str { arena.alloc_str(text) };
    match constant {
        Constant::Text(value) => Expression::new_string_literal(SPAN, text(value), None, builder),
        Constant::Members { members, .. } => {
            let properties = members.iter().map(|(name, constant)| {
                let key = PropertyKey::new_string_literal(SPAN, text(name), None, builder);
                let value = expression(constant, arena, builder);
                let kind = PropertyKind::Init;
                ObjectPropertyKind::new_object_property(SPAN, kind, key, value, false, false, false, builder)
            });
            let properties = ArenaVec::from_iter_in(properties, builder);
            Expression::new_object_expression(SPAN, properties, builder)
        }
    }
}

impl<'a> File<'a> {
    /// What another file gives by the name of a variable.
    pub(super) fn lent(&self, variable: usize) -> Option<Lent<'a>> {
        let bindings = self.bindings();
        let Made::Foreign(_) = bindings.made(variable) else { return None };
        let name = bindings.scopes.name(variable).filter(|_| self.lender.is_open())?;
        self.shared();
        self.known_of_others(name)
    }

    /// The same by the name alone.
    pub(super) fn known_of_others(&self, name: &'a str) -> Option<Lent<'a>> {
        self.lender.wanted.borrow_mut().insert(name);
        self.lender.known.get(name).copied()
    }

    /// The text that another file gives by a name.
    pub(super) fn lent_text(&self, id: &IdentifierReference<'a>) -> Option<&'a Expression<'a>> {
        let lent = self.lent(self.bindings().variable(id)?)?;
        Some(lent.value).filter(|value| value.is_string_literal())
    }

    /// What was asked for of other files, and where it may stand.
    pub(super) fn wanted(&self) -> Vec<Import> {
        let wanted = self.lender.wanted.borrow();
        let imports = wanted.iter().filter_map(|local| {
            let foreign = self.index().foreign.get(local)?;
            let mut import = self.import_of(Some(local), foreign.name, foreign.specifier);
            // A file of the very name comes before all that the endings of code lead to.
            if origin(foreign.specifier) == Origin::Relative && !import.from.is_empty() {
                import.from.extend(exact(self.source.path, foreign.specifier));
            }
            Some(import)
        });
        imports.filter(|import| import.from.iter().any(|path| !path.is_empty())).collect()
    }

    /// The constants that this file gives to others.
    pub(super) fn constants(&self) -> Constants {
        // A definition is of what another file does, and says nothing of values.
        let name = self.source.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let is_code = Language::of_code(self.source.path.as_bstr()) == Some(Language::TypeScript);
        if !is_code || self.program.source_type.is_typescript_definition() || name.contains_str(".d.") {
            return Constants::new();
        }
        let bindings = self.bindings();
        // What is exported the old way, too, is more than the exports say.
        let is_whole = self.program.body.iter().any(|one| matches!(one, Statement::TSExportAssignment(_)));
        if is_whole || bindings.exporting > 0 || ["exports", "module"].into_iter().any(|name| bindings.is_changed(name))
        {
            return Constants::new();
        }
        let mut left = MOST;
        let names = self.exported_names().into_iter();
        let given =
            names.filter_map(|(exported, local)| Some((exported.to_owned(), self.given_out_as(local?, &mut left)?)));
        given.collect()
    }

    /// The names of what the file gives to others, each with its own one; none where that is no name, or are several.
    fn exported_names(&self) -> BTreeMap<&'a str, Option<&'a str>> {
        let mut names: BTreeMap<&str, Option<&str>> = BTreeMap::new();
        let mut add = |exported, local| {
            names.entry(exported).and_modify(|known| *known = None).or_insert(local);
        };
        for statement in &self.program.body {
            match statement {
                Statement::ExportDeclaration(export) => match &export.declaration {
                    Declaration::VariableDeclaration(variables) => {
                        let bound = variables.declarations.iter().flat_map(|one| one.id.get_binding_identifiers());
                        bound.for_each(|id| add(id.name.as_str(), Some(id.name.as_str())));
                    }
                    Declaration::TSInterfaceDeclaration(_) | Declaration::TSTypeAliasDeclaration(_) => {}
                    declaration => {
                        declaration.id().into_iter().for_each(|id| add(id.name.as_str(), Some(id.name.as_str())));
                    }
                },
                Statement::ExportNamedDeclaration(export) if export.export_kind.is_value() => {
                    let specifiers = export.specifiers.iter().filter(|one| one.export_kind.is_value());
                    specifiers.for_each(|one| add(export_name(&one.exported), Some(export_name(&one.local))));
                }
                Statement::ExportFromDeclaration(export) => {
                    export.specifiers.iter().for_each(|one| add(export_name(&one.exported), None));
                }
                Statement::ExportDefaultDeclaration(export) => {
                    let value = export.declaration.as_expression().map(Expression::get_inner_expression);
                    let local = value.and_then(|value| value.get_identifier_reference());
                    add(DEFAULT, local.map(|id| id.name.as_str()));
                }
                _ => {}
            }
        }
        names
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
        let members = self.members_given((variable, is_deep), &self.plain_of(variable)?, &mut Vec::new(), left)?;
        Some(Constant::Members { members, is_frozen, is_class })
    }

    /// The members of a constant, or of an object within it, that are texts; those of objects where they are as constant.
    fn members_given(
        &self,
        (variable, is_deep): (usize, bool),
        of: &Plain<'a>,
        steps: &mut Vec<&'a str>,
        left: &mut usize,
    ) -> Option<Constants> {
        let mut given = Constants::new();
        for (name, value) in of.members.iter() {
            steps.push(name);
            let constant = match self.text(value) {
                Some(text) => Some(Constant::Text(text.into_owned())),
                None => match self.object_within(variable, steps).filter(|_| is_deep) {
                    Some(part) => {
                        let members = self.members_given((variable, true), &part, steps, left)?;
                        Some(Constant::Members { members, is_frozen: false, is_class: false })
                    }
                    None => None,
                },
            };
            steps.pop();
            let text = if let Some(Constant::Text(text)) = &constant { text.len() } else { 0 };
            if !spend(left, name.len() + text) {
                return None;
            }
            given.extend(constant.map(|constant| ((*name).to_owned(), constant)));
        }
        Some(given)
    }
}

/// Takes so many bytes from what is left; whether that was enough.
fn spend(left: &mut usize, bytes: usize) -> bool {
    let rest = left.checked_sub(bytes);
    *left = rest.unwrap_or_default();
    rest.is_some()
}
