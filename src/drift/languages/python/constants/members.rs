//! What classes, and values of them, have by the names of constants.

use ruff_python_ast::{Expr, ExprAttribute, ExprName, StmtClassDef};
use ruff_text_size::Ranged;

use super::listed::{Listed, dataclass, is_frozen, listed};
use crate::drift::languages::python::names::{Names, is_private};
use crate::drift::languages::python::scopes::Kind;
use crate::drift::languages::python::walk::each_expr;

/// How deep classes of constants nest.
const MOST_CLASSES: usize = 16;

/// What decides which members a value has.
const MAKERS: [&str; 4] = ["__getattribute__", "__init__", "__new__", "__post_init__"];

impl<'a> Names<'a> {
    /// What a class of constants has by a name: `Path.ID`, `Path.Order.ID`, and `Path.ID.value` of an enum; and what its
    /// values have, if they stay as they are, or the class of a method: `self.ID`. `is_alone` says that nothing is made of
    /// it.
    pub(in crate::drift::languages::python) fn member(
        &self,
        member: &ExprAttribute,
        is_alone: bool,
    ) -> Option<&'a Expr> {
        let (of, of_value) = match &*member.value {
            Expr::Attribute(inner) if member.attr.as_str() == "value" => (inner, true),
            _ => (member, false),
        };
        let name = of.attr.as_str();
        if self.changed.doubts_member(name) || is_private(name) {
            return None;
        }
        let (class, is_believed) = match self.class_of_value(&of.value, name) {
            Some(class) => (class, !of_value),
            None => {
                let class = self.class_of_constants(&of.value)?;
                let is_believed = match listed(self, class)? {
                    Listed::Plain => !of_value && !self.is_handed_on(class.name.as_str()),
                    _ if self.changed.doubts_values() => false,
                    Listed::Enum => of_value,
                    Listed::TextEnum => of_value || is_alone,
                    Listed::StrEnum => true,
                };
                (class, is_believed)
            }
        };
        let (value, in_block) = self.scopes.member(name, Some(class))?.assigned()?;
        (is_believed && !in_block).then_some(value)
    }

    /// Whether somebody gets a class who may change it.
    fn is_handed_on(&self, class: &str) -> bool {
        self.changed.is_handed_on(class) || self.changed.is_handed_on("__class__")
    }

    /// The class that an expression names, which may stand in others: `Path.Order`.
    fn class_of_constants(&self, expr: &Expr) -> Option<&'a StmtClassDef> {
        let (mut inner, mut expr) = (Vec::new(), expr);
        while let Expr::Attribute(member) = expr {
            inner.push(member.attr.as_str());
            expr = &member.value;
            if inner.len() > MOST_CLASSES {
                return None;
            }
        }
        let root = expr.as_name_expr()?;
        let variable = self.scopes.variable(&root.id, root.start())?;
        let is_last = self.last_star.is_none() && variable.kind != Kind::Class;
        let mut class = variable.class().filter(|_| is_last && !self.is_changed(&root.id))?;
        while let Some(name) = inner.pop() {
            let is_plain = listed(self, class) == Some(Listed::Plain) && !self.is_handed_on(class.name.as_str());
            let is_doubted = self.changed.doubts_member(name) || is_private(name);
            let (_, variable) = (is_plain && !is_doubted).then_some(()).zip(self.scopes.member(name, Some(class)))?;
            class = variable.class()?;
        }
        Some(class)
    }

    /// The class of a value that has what the class has: of `self`, and of the values of a frozen dataclass.
    fn class_of_value(&self, expr: &Expr, member: &str) -> Option<&'a StmtClassDef> {
        let name = expr.as_name_expr()?;
        let is_doubted = self.changed.doubts_instances() || MAKERS.iter().any(|name| self.changed.doubts_member(name));
        match self.scopes.variable(&name.id, name.start())?.class_of_receiver() {
            _ if is_doubted => None,
            Some(class) => self.is_final(class, member).then_some(class),
            None => self.frozen(name),
        }
    }

    /// `PATHS = Paths()`
    fn frozen(&self, name: &ExprName) -> Option<&'a StmtClassDef> {
        let made = self.stands_for(name)?.as_call_expr().filter(|call| call.arguments.is_empty())?;
        let class = self.class_of_constants(&made.func)?;
        let is_plain = listed(self, class) == Some(Listed::Plain) && !self.is_handed_on(class.name.as_str());
        (is_plain && is_frozen(self, class)).then_some(class)
    }

    /// Whether what a class has by a name is what its methods see: heirs of other files are not seen here, so the class says
    /// that there are none (`@final`), or that none of them has another (`Final`). What a class declares may be another
    /// thing of each value, if something makes values by what is declared.
    fn is_final(&self, class: &'a StmtClassDef, member: &str) -> bool {
        let is = |expr: &Expr, name: &str| self.known(expr) == Some(name) && self.is_foreign(expr);
        let decorators = || class.decorator_list.iter().map(|decorator| &decorator.expression);
        let bindings = self.scopes.member(member, Some(class)).into_iter().flat_map(|variable| &variable.bindings);
        let annotations = Vec::from_iter(bindings.filter_map(|binding| binding.said));
        let says = |name: &str| {
            let mut is_said = false;
            annotations.iter().for_each(|said| each_expr(said, |part| is_said |= is(part, name)));
            is_said
        };
        let is_kept = decorators().all(|one| is(one, "final") || dataclass(self, one).is_some());
        let is_record = class.arguments.is_some() || decorators().any(|one| dataclass(self, one).is_some());
        let is_plain = annotations.is_empty() || says("ClassVar") || !is_record;
        let has_keywords = class.arguments.as_ref().is_some_and(|arguments| !arguments.keywords.is_empty());
        let is_made = MAKERS.iter().any(|name| *name != "__init__" && self.scopes.member(name, Some(class)).is_some());
        let is_final = says("Final") || decorators().any(|one| is(one, "final"));
        is_final && is_kept && is_plain && !has_keywords && !is_made && !self.is_handed_on(class.name.as_str())
    }
}
