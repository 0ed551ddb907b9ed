//! Objects within constants: `PATHS.order` is one as long as nobody can change it by another name.

use std::collections::HashMap;

use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

use super::bindings::Bindings;
use super::file::File;
use super::patched::member;
use super::plain::Plain;
use super::readers::reader;
use super::scopes::Made;

/// How far down objects are looked for.
const DEEPEST: usize = 16;

/// The names that lead to a part, from the constant on.
type Steps<'a> = Vec<&'a str>;

/// Parts of constants that may be changed where the file uses them.
#[derive(Default)]
pub(super) struct Parts<'a> {
    /// What gets another name, or is handed on, and where,
    handed: HashMap<usize, HashMap<Steps<'a>, u32>>,
    /// and of what that may be any member.
    opened: HashMap<usize, HashMap<Steps<'a>, u32>>,
}

impl<'a> Parts<'a> {
    fn of(program: &'a Program<'a>, bindings: &Bindings<'a>) -> Self {
        let mut finder = Finder { bindings, found: Self::default() };
        finder.visit_program(program);
        finder.found
    }

    /// What of a variable gets another name, or is handed on,
    pub(super) fn handed_of(&self, variable: usize) -> impl Iterator<Item = &[&'a str]> {
        self.handed.get(&variable).into_iter().flat_map(HashMap::keys).map(Vec::as_slice)
    }

    /// and of what of it that may be any member.
    pub(super) fn opened_of(&self, variable: usize) -> impl Iterator<Item = &[&'a str]> {
        self.opened.get(&variable).into_iter().flat_map(HashMap::keys).map(Vec::as_slice)
    }

    /// Where somebody may get a part of a constant, or what it is a part of.
    pub(super) fn who_has(&self, variable: usize, steps: &[&'a str]) -> Option<u32> {
        let around = |ends: std::ops::Range<usize>, all: &HashMap<usize, HashMap<Steps<'a>, u32>>| {
            let all = all.get(&variable)?;
            ends.filter_map(|end| steps.get(..end)).find_map(|steps| all.get(steps).copied())
        };
        around(0..steps.len(), &self.opened).or_else(|| around(1..steps.len() + 1, &self.handed))
    }
}

impl<'a> File<'a> {
    /// The constant that a name means, or the object that is written within one: `PATHS`, `PATHS.order`.
    pub(super) fn plain_at(&self, value: &'a Expression<'a>) -> Option<Plain<'a>> {
        let (id, steps) = chain(value)?;
        if steps.is_empty() {
            return self.plain(id);
        }
        self.object_within(self.bindings().variable(id)?, &steps.into_iter().collect::<Option<Steps<'a>>>()?)
    }

    /// The object that is written within the constant of a variable, where nobody may change it.
    pub(super) fn object_within(&self, variable: usize, steps: &[&'a str]) -> Option<Plain<'a>> {
        let plain = self.object_at(variable, steps)?;
        let is_own = !matches!(self.bindings().made(variable), Made::Foreign(_));
        if !is_own && self.is_changed_elsewhere(variable) {
            return None;
        }
        let plain = Plain { flat: plain.flat.filter(|_| is_own), ..plain };
        self.parts().who_has(variable, steps).is_none().then_some(plain)
    }

    /// The same as it was written.
    pub(super) fn object_at(&self, variable: usize, steps: &[&'a str]) -> Option<Plain<'a>> {
        let mut plain = self.plain_of(variable).filter(|_| steps.len() <= DEEPEST)?;
        for step in steps {
            let whole = plain.whole?;
            let (part, _) = self.frozen(plain.members.get(step)?);
            // What comes of another constant is that one's.
            if !whole.span().contains_inclusive(part.span()) {
                return None;
            }
            plain = self.plain_part(part)?;
        }
        Some(plain)
    }

    pub(super) fn parts(&self) -> &Parts<'a> {
        self.constants.parts.get_or_init(|| Parts::of(self.program, self.bindings()))
    }
}

/// What names lead to from a variable; `None` stands for one that is not known.
pub(super) fn chain<'e, 'a>(value: &'e Expression<'a>) -> Option<(&'e IdentifierReference<'a>, Vec<Option<&'a str>>)> {
    let (mut value, mut steps) = (value.get_inner_expression(), Vec::new());
    loop {
        if let Expression::Identifier(id) = value {
            steps.reverse();
            return Some((id, steps));
        }
        let member = member(value).filter(|member| !matches!(member, MemberExpression::PrivateFieldExpression(_)))?;
        steps.push(member.static_property_name());
        value = member.object().get_inner_expression();
    }
}

/// Looks for parts that get away. Whatever is not known to only read one may do anything with it.
struct Finder<'f, 'a> {
    bindings: &'f Bindings<'a>,
    found: Parts<'a>,
}

impl<'a> Finder<'_, 'a> {
    /// Takes what names lead to as handed on; of what has no name, or one that is not known, any member may be.
    fn hands(&mut self, id: &IdentifierReference<'a>, steps: &[Option<&'a str>]) {
        let known = steps.iter().copied().map_while(|step| step).collect::<Steps<'a>>();
        let is_known = known.len() == steps.len() && !known.is_empty();
        self.note(id, known, !is_known);
    }

    fn note(&mut self, id: &IdentifierReference<'a>, steps: Steps<'a>, is_opened: bool) {
        let Some(variable) = self.bindings.scopes.variable(id.name.as_str(), id.span.start) else { return };
        if matches!(self.bindings.made(variable), Made::Constant(_) | Made::Foreign(_)) {
            let all = if is_opened { &mut self.found.opened } else { &mut self.found.handed };
            all.entry(variable).or_default().entry(steps).or_insert(id.span.start);
        }
    }

    /// A value of which only what it is, or the names of its members, are read.
    fn reads(&mut self, value: &Expression<'a>) {
        match chain(value) {
            Some(_) => self.indices(value),
            None => self.visit_expression(value),
        }
    }

    /// A value whose members others get.
    fn opens(&mut self, value: &Expression<'a>) {
        let Some((id, steps)) = chain(value) else { return self.visit_expression(value) };
        self.note(id, steps.into_iter().map_while(|step| step).collect(), true);
        self.indices(value);
    }

    /// What has a member that is written, or called, is handed on.
    fn writes(&mut self, value: &Expression<'a>) {
        let Some((id, steps)) = chain(value) else { return self.visit_expression(value) };
        if let Some((_, around)) = steps.split_last().filter(|(_, around)| !around.is_empty()) {
            self.hands(id, around);
        }
        self.indices(value);
    }

    /// What stands in brackets of a chain.
    fn indices(&mut self, value: &Expression<'a>) {
        let mut value = value.get_inner_expression();
        while let Some(member) = member(value) {
            if let MemberExpression::ComputedMemberExpression(member) = member {
                self.visit_expression(&member.expression);
            }
            value = member.object().get_inner_expression();
        }
    }

    fn called(&mut self, call: &CallExpression<'a>) {
        self.writes(&call.callee);
        let reader = reader(call).filter(|reader| !self.bindings.is_changed(reader));
        let method = call.callee.get_inner_expression().as_member_expression();
        let method = method.and_then(MemberExpression::static_property_name);
        for argument in &call.arguments {
            match (argument.as_expression(), reader, method) {
                (Some(value), Some("JSON" | "console" | "structuredClone"), _)
                | (Some(value), Some("Object"), Some("getOwnPropertyNames" | "hasOwn" | "isFrozen" | "keys")) => {
                    self.reads(value);
                }
                (Some(value), Some("Object"), Some("assign" | "entries" | "values")) => self.opens(value),
                _ => self.visit_argument(argument),
            }
        }
    }
}

impl<'a> Visit<'a> for Finder<'_, 'a> {
    fn visit_expression(&mut self, it: &Expression<'a>) {
        if let Some((id, steps)) = chain(it) {
            self.hands(id, &steps);
            return self.indices(it);
        }
        match it {
            Expression::CallExpression(call) => self.called(call),
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => self.called(call),
                _ => walk::walk_expression(self, it),
            },
            Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => {
                self.writes(&unary.argument);
            }
            Expression::UnaryExpression(unary) => self.reads(&unary.argument),
            Expression::BinaryExpression(both) => {
                self.reads(&both.left);
                self.reads(&both.right);
            }
            // An object is never what `&&` stops at.
            Expression::LogicalExpression(both) if both.operator.is_and() => {
                self.reads(&both.left);
                self.visit_expression(&both.right);
            }
            Expression::ConditionalExpression(choice) => {
                self.reads(&choice.test);
                self.visit_expression(&choice.consequent);
                self.visit_expression(&choice.alternate);
            }
            Expression::TaggedTemplateExpression(tagged) => {
                self.writes(&tagged.tag);
                self.visit_template_literal(&tagged.quasi);
            }
            _ => walk::walk_expression(self, it),
        }
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        self.hands(it, &[]);
    }

    fn visit_spread_element(&mut self, it: &SpreadElement<'a>) {
        self.opens(&it.argument);
    }

    fn visit_decorator(&mut self, it: &Decorator<'a>) {
        match &it.expression {
            call @ Expression::CallExpression(_) => self.visit_expression(call),
            other => self.writes(other),
        }
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        self.visit_binding_pattern(&it.id);
        match &it.init {
            Some(value) if !it.id.is_binding_identifier() => self.opens(value),
            Some(value) => self.visit_expression(value),
            None => {}
        }
    }

    fn visit_if_statement(&mut self, it: &IfStatement<'a>) {
        self.reads(&it.test);
        self.visit_statement(&it.consequent);
        it.alternate.iter().for_each(|other| self.visit_statement(other));
    }

    fn visit_for_in_statement(&mut self, it: &ForInStatement<'a>) {
        self.visit_for_statement_left(&it.left);
        self.reads(&it.right);
        self.visit_statement(&it.body);
    }

    // What is exported keeps its name, and what others do with it is not seen.
    fn visit_export_specifier(&mut self, _: &ExportSpecifier<'a>) {}

    fn visit_export_default_declaration(&mut self, it: &ExportDefaultDeclaration<'a>) {
        let value = it.declaration.as_expression().map(Expression::get_inner_expression);
        if !matches!(value, Some(Expression::Identifier(_))) {
            walk::walk_export_default_declaration(self, it);
        }
    }

    // Types have no values.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}

    fn visit_ts_interface_declaration(&mut self, _: &TSInterfaceDeclaration<'a>) {}

    fn visit_ts_type_alias_declaration(&mut self, _: &TSTypeAliasDeclaration<'a>) {}
}
