//! Constants whose members are what is written: everything about such a literal, enum or class is plain. What could run
//! code, take another member's name or get its value from elsewhere makes the whole of it unknown.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use oxc_ast::ast::*;

use super::file::{File, enum_member_name};
use super::literals::alternatives;
use super::parts::Parts;
use super::scopes::Made;

/// How many constants may be made of each other, one of the next.
const DEEPEST: u32 = 16;
/// How many parts of values are put together in one file.
const MOST: u32 = 1 << 21;

/// What is found where more parts are.
pub(super) const TOO_MANY: &str =
    "constants here are made of too many others to be followed: write the texts themselves";

/// Members that are asked for where a constant is only read: by JavaScript for a text or a number, by the file for names. A function there would run with the constant as `this`.
const ASKED: &[&str] = &["hasOwnProperty", "toJSON", "toString", "valueOf"];

/// The members of a constant by their names.
pub(super) type Members<'a> = HashMap<&'a str, &'a Expression<'a>>;

/// A constant whose members are what is written.
#[derive(Clone)]
pub(super) struct Plain<'a> {
    pub(super) members: Rc<Members<'a>>,
    /// The literal that says all of it by itself, with no part that may be changed under another name.
    pub(super) flat: Option<&'a Expression<'a>>,
    /// The literal, whatever parts it has.
    pub(super) whole: Option<&'a Expression<'a>>,
}

impl<'a> Plain<'a> {
    fn listed(members: Members<'a>) -> Self {
        Self { members: Rc::new(members), flat: None, whole: None }
    }
}

/// What was found out about the constants of a file.
#[derive(Default)]
pub(super) struct Constants<'a> {
    /// Their members; nothing where a constant is not plain, or that is being found out.
    known: RefCell<HashMap<usize, Option<Plain<'a>>>>,
    /// The same of objects within constants, by where these are kept: what other files have has no place in this one.
    within: RefCell<HashMap<*const Expression<'a>, Option<Plain<'a>>>>,
    /// Which objects within constants others may have.
    pub(super) parts: OnceCell<Parts<'a>>,
    /// Where variables are first touched.
    pub(super) touched: OnceCell<HashMap<usize, u32>>,
    deep: Cell<u32>,
    taken: Cell<u32>,
    spent: Cell<Option<u32>>,
}

impl Constants<'_> {
    /// Counts a part of a value; none is looked at once there were too many.
    pub(super) fn take(&self, at: u32) -> Option<()> {
        if self.taken.get() >= MOST {
            self.spent.set(self.spent.get().or(Some(at)));
            return None;
        }
        self.taken.set(self.taken.get() + 1);
        Some(())
    }

    /// Where the first part stands that was one too many.
    pub(super) fn spent(&self) -> Option<u32> {
        self.spent.get()
    }
}

impl<'a> File<'a> {
    /// What the constant, the enum or the class is that a name means, where nothing in the file may change it.
    pub(super) fn plain(&self, id: &IdentifierReference<'a>) -> Option<Plain<'a>> {
        self.plain_of(self.bindings().variable(id)?)
    }

    /// The same of a variable.
    pub(super) fn plain_of(&self, variable: usize) -> Option<Plain<'a>> {
        let constants = &self.constants;
        // What is not asked for yet may be known later.
        if matches!(self.bindings().made(variable), Made::Foreign(_)) && !self.lender.is_open() {
            return None;
        }
        if let Some(known) = constants.known.borrow().get(&variable) {
            return known.clone();
        }
        if constants.deep.get() >= DEEPEST {
            return None;
        }
        // One that is made of itself is not plain.
        constants.known.borrow_mut().insert(variable, None);
        constants.deep.set(constants.deep.get() + 1);
        let plain = self.found_plain(variable);
        constants.deep.set(constants.deep.get() - 1);
        constants.known.borrow_mut().insert(variable, plain.clone());
        plain
    }

    fn found_plain(&self, variable: usize) -> Option<Plain<'a>> {
        let bindings = self.bindings();
        let made = bindings.made(variable);
        let (literal, is_frozen) = match made {
            Made::Constant(value) => self.frozen(value),
            Made::Foreign(_) => self.lent(variable).map(|lent| (lent.value, lent.is_frozen))?,
            _ if bindings.is_touched(variable) => return None,
            Made::Enum(listed) => {
                return enum_members(listed).map(Plain::listed);
            }
            Made::Class(class) => {
                let members = self.class_members(class)?;
                let is_known = bindings.shows_only(variable, &members);
                return is_known.then(|| Plain::listed(members));
            }
            Made::Function(_) | Made::Unknown => return None,
        };
        let is_changed = bindings.is_touched(variable) || bindings.is_asked(variable) && !self.is_simple_list(literal);
        let is_changed = is_changed || matches!(made, Made::Foreign(_)) && self.is_changed_elsewhere(variable);
        if is_changed && !is_frozen {
            return None;
        }
        let plain = self.plain_literal(literal)?;
        let is_class = matches!(made, Made::Foreign(_)) && self.lent(variable).is_some_and(|lent| lent.is_class);
        if is_class && !bindings.shows_only(variable, &plain.members) {
            return None;
        }
        // What stands in another file cannot be read as if it stood here.
        let is_own = !matches!(made, Made::Foreign(_));
        Some(Plain { flat: plain.flat.filter(|_| is_own), ..plain })
    }

    fn plain_literal(&self, literal: &'a Expression<'a>) -> Option<Plain<'a>> {
        let (members, is_flat) = match literal {
            Expression::ObjectExpression(object) => self.object_members(object)?,
            Expression::ArrayExpression(list) => {
                let mut values = list.elements.iter().map(ArrayExpressionElement::as_expression);
                (Members::new(), values.all(|value| value.is_some_and(is_flat)))
            }
            _ => return None,
        };
        Some(Plain { members: Rc::new(members), flat: Some(literal).filter(|_| is_flat), whole: Some(literal) })
    }

    /// An object within a constant.
    pub(super) fn plain_part(&self, literal: &'a Expression<'a>) -> Option<Plain<'a>> {
        let key = std::ptr::from_ref(literal);
        if let Some(known) = self.constants.within.borrow().get(&key) {
            return known.clone();
        }
        let is_object = matches!(literal, Expression::ObjectExpression(_));
        let plain = if is_object { self.plain_literal(literal) } else { None };
        self.constants.within.borrow_mut().insert(key, plain.clone());
        plain
    }

    /// Whether a literal is a list of texts and numbers: what the methods of lists give of it is not part of it.
    fn is_simple_list(&self, literal: &'a Expression<'a>) -> bool {
        let Expression::ArrayExpression(list) = literal else { return false };
        let mut values = list.elements.iter().map(ArrayExpressionElement::as_expression);
        values.all(|value| value.is_some_and(|value| self.is_plain(value))) && !self.bindings().changes_methods()
    }

    /// What a constant is made of, and whether the language keeps anybody from changing that.
    pub(super) fn frozen(&self, value: &'a Expression<'a>) -> (&'a Expression<'a>, bool) {
        let value = value.get_inner_expression();
        if let Expression::CallExpression(call) = value
            && call.callee.is_specific_member_access("Object", "freeze")
            && !self.bindings().is_changed("Object")
            && let [only] = call.arguments.as_slice()
            && let Some(only) = only.as_expression()
        {
            return (only.get_inner_expression(), true);
        }
        (value, false)
    }

    /// The members of a literal, and whether it says all of them by itself.
    fn object_members(&self, object: &'a ObjectExpression<'a>) -> Option<(Members<'a>, bool)> {
        let (mut members, mut own) = (Members::new(), Members::with_capacity(object.properties.len()));
        let mut says_all = true;
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    says_all = false;
                    for (name, value) in self.spread_members(spread)?.iter() {
                        self.constants.take(spread.span.start)?;
                        members.insert(name, value);
                    }
                }
                ObjectPropertyKind::ObjectProperty(property) => {
                    let (key, value) = (&property.key, &property.value);
                    let is_plain = property.kind == PropertyKind::Init && !property.method && !property.computed;
                    let name = add(&mut own, key, value).filter(|_| is_plain && !is_function(value))?;
                    if ASKED.contains(&name) && !self.is_plain(value) {
                        return None;
                    }
                    says_all &= is_flat(value);
                    members.insert(name, value);
                }
            }
        }
        Some((members, says_all))
    }

    /// What another constant gives that is spread.
    fn spread_members(&self, spread: &'a SpreadElement<'a>) -> Option<Rc<Members<'a>>> {
        let Expression::Identifier(of) = spread.argument.get_inner_expression() else { return None };
        let variable = self.bindings().variable(of)?;
        let is_object = match self.bindings().made(variable) {
            // Lists and enums have members that have no name here.
            Made::Constant(value) => matches!(self.frozen(value).0, Expression::ObjectExpression(_)),
            // What is left out of it may take the place of a member.
            Made::Foreign(_) => self.lent(variable).is_some_and(|lent| lent.is_whole),
            _ => false,
        };
        self.plain_of(variable).filter(|_| is_object).map(|plain| plain.members)
    }

    /// A class that has nothing but constants: no code of it can change them.
    fn class_members(&self, class: &'a Class<'a>) -> Option<Members<'a>> {
        let mut members = Members::new();
        for element in &class.body.body {
            let property = match element {
                ClassElement::PropertyDefinition(property) => property,
                // `private constructor() {}`
                ClassElement::MethodDefinition(method) if does_nothing(method) => continue,
                _ => return None,
            };
            let is_constant = property.r#static && property.readonly && !property.declare && !property.computed;
            let value = property.value.as_ref().filter(|value| is_constant && self.is_plain(value))?;
            if !property.decorators.is_empty() {
                return None;
            }
            add(&mut members, &property.key, value)?;
        }
        (class.heritage.is_none() && class.decorators.is_empty() && !class.declare).then_some(members)
    }

    /// Whether a value is a text, a number or the like by what is written, and nothing runs to make it.
    fn is_plain(&self, value: &'a Expression<'a>) -> bool {
        let value = value.get_inner_expression();
        match value {
            Expression::StringLiteral(_)
            | Expression::NumericLiteral(_)
            | Expression::BooleanLiteral(_)
            | Expression::NullLiteral(_) => true,
            Expression::UnaryExpression(minus) => minus.argument.is_number_literal(),
            value if value.is_undefined() => !self.is_bound("undefined"),
            value => self.text(value).is_some(),
        }
    }
}

/// The members of an enum whose values are written out. A value that is computed could be any member's by the names that
/// numbers have.
fn enum_members<'a>(listed: &'a TSEnumDeclaration<'a>) -> Option<Members<'a>> {
    let mut members = Members::with_capacity(listed.body.members.len());
    let mut names = std::collections::HashSet::with_capacity(listed.body.members.len());
    for member in &listed.body.members {
        let name = enum_member_name(&member.id).filter(|name| *name != "__proto__" && name.parse::<f64>().is_err())?;
        if !names.insert(name) || member.initializer.as_ref().is_some_and(|value| !is_written_out(value)) {
            return None;
        }
        members.extend(member.initializer.as_ref().map(|value| (name, value)));
    }
    (!listed.declare).then_some(members)
}

/// Whether the value of a member of an enum is a literal: in what is computed other members go by their names alone.
pub(super) fn is_written_out(value: &Expression<'_>) -> bool {
    match value {
        Expression::StringLiteral(_) | Expression::NumericLiteral(_) => true,
        Expression::TemplateLiteral(text) => text.expressions.is_empty(),
        Expression::UnaryExpression(minus) => minus.argument.is_number_literal(),
        _ => false,
    }
}

/// Whether a member of a class is a constructor that makes nothing.
fn does_nothing(method: &MethodDefinition<'_>) -> bool {
    let function = &method.value;
    let body = function.body.as_ref().is_none_or(|body| body.statements.is_empty());
    method.kind.is_constructor() && function.params.items.is_empty() && function.params.rest.is_none() && body
}

/// Whether a value may be a function that changes what it is called on.
fn is_function(value: &Expression<'_>) -> bool {
    let mut is_function = false;
    alternatives(value, &mut |value| is_function |= matches!(value, Expression::FunctionExpression(_)));
    is_function
}

/// Whether a value has no parts that are written here.
fn is_flat(value: &Expression<'_>) -> bool {
    let mut is_flat = true;
    alternatives(value, &mut |value| {
        is_flat &= !matches!(value, Expression::ObjectExpression(_) | Expression::ArrayExpression(_));
    });
    is_flat
}

/// Adds a member, if its name is written as such and no other one's. A number is another name than it is written as.
fn add<'a>(members: &mut Members<'a>, key: &'a PropertyKey<'a>, value: &'a Expression<'a>) -> Option<&'a str> {
    let name = match key {
        PropertyKey::StaticIdentifier(name) => name.name.as_str(),
        PropertyKey::StringLiteral(name) if !name.lone_surrogates => name.value.as_str(),
        _ => return None,
    };
    (name != "__proto__" && members.insert(name, value).is_none()).then_some(name)
}
