//! Constants that a file has from others.
//!
//! What other files do with a constant is not seen. So one with members is given only where nobody is meant to change it:
//! the language refuses that (`Object.freeze`), or the compiler does (`as const`, an enum, `static readonly`).

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bstr::BString;
use oxc_allocator::{Allocator, ArenaVec};
use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast::builder::AstBuilder;
use oxc_ast_visit::Visit;
use oxc_span::SPAN;

use super::file::File;
use super::imports::{Origin, exact, origin};
use super::itself::is_itself;
use super::scopes::Made;
use super::shared::Shared;
use crate::drift::shape::{Constant, Import, Loan, Loans};

/// A constant of another file.
#[derive(Clone, Copy)]
pub(super) struct Lent<'a> {
    /// A text, or an object of such, with those of its members that this file names.
    pub(super) value: &'a Expression<'a>,
    pub(super) is_frozen: bool,
    pub(super) is_class: bool,
    /// Whether nothing was left out of it where it is made.
    pub(super) is_whole: bool,
    /// The name of the variable that holds it where it is made.
    pub(super) of: Option<&'a str>,
}

/// What a file has from others.
pub(super) struct Lender<'a> {
    arena: &'a Allocator,
    loans: Loans,
    /// What was made of those.
    known: RefCell<HashMap<&'a str, Option<Lent<'a>>>>,
    /// The same by where the constant stands in memory: one may be had by many names. The loans keep it there.
    written: RefCell<HashMap<*const Constant, &'a Expression<'a>>>,
    seen: OnceCell<Seen<'a>>,
    /// What is asked for, known or not.
    wanted: RefCell<BTreeSet<&'a str>>,
    /// Whether that is for a mapping: types are found out without the constants of others.
    is_open: Cell<bool>,
    /// What may be changed under other names; found out when that is first asked for.
    pub(super) shared: OnceCell<Shared<'a>>,
}

impl<'a> Lender<'a> {
    pub(super) fn of(loans: &Loans, arena: &'a Allocator) -> Self {
        Self {
            arena,
            loans: loans.clone(),
            known: RefCell::default(),
            written: RefCell::default(),
            seen: OnceCell::new(),
            wanted: RefCell::default(),
            is_open: Cell::default(),
            shared: OnceCell::new(),
        }
    }

    pub(super) fn open(&self) {
        self.is_open.set(true);
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open.get()
    }

    /// What was found out of what has a name in this file.
    pub(super) fn loan(&self, name: &str) -> Option<&Loan> {
        self.loans.get(name)
    }

    /// The files that constants are had from, as far as an alias may lead to them.
    pub(super) fn files_by(&self, alias: &str) -> Vec<BString> {
        let known = self.loans.values().filter(|loan| loan.constant.is_some());
        known.flat_map(|loan| &loan.files).filter(|file| is_itself(file, alias)).cloned().collect()
    }

    fn text(&self, text: &str) -> &'a str {
        self.arena.alloc_str(text)
    }

    /// A constant as if it were written here. One that has many members is had by many files, and named by few.
    fn expression(&self, constant: &Constant, named: &BTreeSet<&'a str>, builder: &AstBuilder<'a>) -> Expression<'a> {
        match constant {
            Constant::Text(value) => Expression::new_string_literal(SPAN, self.text(value), None, builder),
            Constant::Members { members, .. } => {
                let members = named.iter().filter_map(|name| Some((*name, members.get(*name)?)));
                let properties = members.map(|(name, constant)| {
                    let key = PropertyKey::new_string_literal(SPAN, name, None, builder);
                    let value = self.expression(constant, named, builder);
                    let kind = PropertyKind::Init;
                    ObjectPropertyKind::new_object_property(SPAN, kind, key, value, false, false, false, builder)
                });
                let properties = ArenaVec::from_iter_in(properties, builder);
                Expression::new_object_expression(SPAN, properties, builder)
            }
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
        let lender = &self.lender;
        lender.wanted.borrow_mut().insert(name);
        *lender.known.borrow_mut().entry(name).or_insert_with(|| {
            let loan = lender.loan(name)?;
            let constant = loan.constant.as_ref()?;
            let value = *lender.written.borrow_mut().entry(Arc::as_ptr(constant)).or_insert_with(|| {
                let builder = AstBuilder::new(lender.arena);
                &*lender.arena.alloc(lender.expression(constant, &self.seen().named, &builder))
            });
            let (is_frozen, is_class) = match &**constant {
                Constant::Members { is_frozen, is_class, .. } => (*is_frozen, *is_class),
                Constant::Text(_) => (false, false),
            };
            let is_whole = constant.is_whole();
            Some(Lent { value, is_frozen, is_class, is_whole, of: loan.of.as_deref().map(|of| lender.text(of)) })
        })
    }

    fn seen(&self) -> &Seen<'a> {
        self.lender.seen.get_or_init(|| {
            // What is imported is a member of a file as a whole, which may be had as well.
            let named = self.index().foreign.values().filter_map(|foreign| foreign.name).collect();
            let mut seen = Seen { named, loaded: BTreeSet::new() };
            seen.visit_program(self.program);
            seen
        })
    }

    /// Files that are loaded where they are used, by a name that nothing else in the file has, and as it is written.
    pub(super) fn loaded_in_place(&self) -> impl Iterator<Item = (String, &'a str)> {
        self.seen().loaded.iter().map(|specifier| (format!("import {specifier}"), *specifier))
    }

    /// The text that another file gives by a name.
    pub(super) fn lent_text(&self, id: &IdentifierReference<'a>) -> Option<&'a Expression<'a>> {
        let lent = self.lent(self.bindings().variable(id)?)?;
        Some(lent.value).filter(|value| value.is_string_literal())
    }

    /// How many members a constant of another file has.
    pub(super) fn lent_size(&self, value: &'a Expression<'a>) -> Option<usize> {
        let id = value.get_inner_expression().get_identifier_reference()?;
        match &**self.lender.loan(id.name.as_str())?.constant.as_ref()? {
            Constant::Members { members, .. } => Some(members.len()),
            Constant::Text(_) => None,
        }
    }

    /// The texts of a constant of another file by its members, where it is nothing else and nobody may change it here.
    pub(super) fn lent_texts(&self, value: &'a Expression<'a>) -> Option<Vec<(String, String)>> {
        let Expression::Identifier(id) = value.get_inner_expression() else { return None };
        let variable = self.bindings().variable(id)?;
        self.lent(variable).filter(|lent| lent.is_whole && self.plain_of(variable).is_some())?;
        let constant = self.lender.loan(id.name.as_str())?.constant.as_ref()?;
        let Constant::Members { members, .. } = &**constant else { return None };
        let texts = members.iter().map(|(name, member)| match &**member {
            Constant::Text(text) => Some((name.clone(), text.clone())),
            Constant::Members { .. } => None,
        });
        texts.collect()
    }

    /// What was asked for of other files, and where it may stand.
    pub(super) fn wanted(&self) -> Vec<Import> {
        let wanted = self.lender.wanted.borrow();
        let imports = wanted.iter().filter_map(|local| {
            let foreign = self.index().foreign.get(local)?;
            Some(self.constants_of(Some(local), foreign.name, foreign.specifier))
        });
        let loaded = self.loaded_in_place().filter(|_| !wanted.is_empty());
        let imports = imports.chain(loaded.map(|(name, from)| self.constants_of(Some(&name), None, from)));
        imports.filter(|import| import.from.iter().any(|path| !path.is_empty())).collect()
    }

    /// What may be a constant of another file.
    pub(super) fn constants_of(&self, local: Option<&str>, name: Option<&str>, specifier: &str) -> Import {
        let mut import = self.import_of(local, name, specifier);
        // A file of the very name comes before all that the endings of code lead to.
        if origin(specifier) == Origin::Relative && !import.from.is_empty() {
            import.from.extend(exact(self.source.path, specifier));
        }
        import
    }
}

/// What a file says that bears on what it has from others.
struct Seen<'a> {
    /// The members that it names, of whatever.
    named: BTreeSet<&'a str>,
    /// What it loads where that is used: `await import('./paths')`.
    loaded: BTreeSet<&'a str>,
}

impl<'a> Visit<'a> for Seen<'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::StaticMemberExpression(member) => drop(self.named.insert(member.property.name.as_str())),
            AstKind::ComputedMemberExpression(member) => {
                self.named.extend(member.static_property_name().map(|name| name.as_str()));
            }
            AstKind::ImportExpression(import) => self.loaded.extend(written(&import.source)),
            AstKind::CallExpression(call) if call.callee.is_specific_id("require") => {
                self.loaded.extend(call.arguments.first().and_then(Argument::as_expression).and_then(written));
            }
            _ => {}
        }
    }
}

/// A specifier that is written out.
fn written<'a>(specifier: &Expression<'a>) -> Option<&'a str> {
    match specifier.get_inner_expression() {
        Expression::StringLiteral(text) => Some(text.value.as_str()),
        Expression::TemplateLiteral(text) => text.single_quasi().map(|text| text.as_str()),
        _ => None,
    }
}
