//! Constants that a file has from others.
//!
//! What other files do with a constant is not seen. So one with members is given only where nobody is meant to change it:
//! the language refuses that (`Object.freeze`), or the compiler does (`as const`, an enum, `static readonly`).

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};

use oxc_allocator::{Allocator, ArenaVec};
use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast::builder::AstBuilder;
use oxc_ast_visit::Visit;
use oxc_span::SPAN;

use super::file::File;
use super::imports::{Origin, exact, origin};
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
    /// The members that this file names, of whatever.
    named: OnceCell<BTreeSet<&'a str>>,
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
            named: OnceCell::new(),
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
            let builder = AstBuilder::new(lender.arena);
            let value = &*lender.arena.alloc(lender.expression(constant, self.all_members_named(), &builder));
            let (is_frozen, is_class) = match &**constant {
                Constant::Members { is_frozen, is_class, .. } => (*is_frozen, *is_class),
                Constant::Text(_) => (false, false),
            };
            let is_whole = constant.is_whole();
            Some(Lent { value, is_frozen, is_class, is_whole, of: loan.of.as_deref().map(|of| lender.text(of)) })
        })
    }

    /// The members that this file names, of whatever.
    fn all_members_named(&self) -> &BTreeSet<&'a str> {
        self.lender.named.get_or_init(|| {
            // Others are members of a file as a whole, which may be had as well.
            let mut named = Named(self.index().foreign.values().filter_map(|foreign| foreign.name).collect());
            named.visit_program(self.program);
            named.0
        })
    }

    /// The text that another file gives by a name.
    pub(super) fn lent_text(&self, id: &IdentifierReference<'a>) -> Option<&'a Expression<'a>> {
        let lent = self.lent(self.bindings().variable(id)?)?;
        Some(lent.value).filter(|value| value.is_string_literal())
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

/// The members that a file names.
struct Named<'a>(BTreeSet<&'a str>);

impl<'a> Visit<'a> for Named<'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::StaticMemberExpression(member) => drop(self.0.insert(member.property.name.as_str())),
            AstKind::ComputedMemberExpression(member) => {
                self.0.extend(member.static_property_name().map(|name| name.as_str()));
            }
            _ => {}
        }
    }
}
