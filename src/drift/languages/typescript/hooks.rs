//! What React's hooks are told that a function uses: nobody calls it from there.

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_span::GetSpan;

use super::file::File;
use crate::drift::shape::{HANDED_ON, Unread};

/// Hooks whose second argument lists what the first one uses.
const HOOKS: &[&str] = &["useCallback", "useEffect", "useInsertionEffect", "useLayoutEffect", "useMemo"];
/// Where they come from.
pub(super) const PACKAGES: &[&str] = &["preact/compat", "preact/hooks", "react"];

impl<'a> File<'a> {
    /// Claims the names in `useMemo(() => …, [mapField])`.
    pub(super) fn used_by_hook(&mut self, call: &'a CallExpression<'a>) {
        let [_, Argument::ArrayExpression(list)] = call.arguments.as_slice() else { return };
        if self.hook(&call.callee).is_some_and(|hook| HOOKS.contains(&hook)) {
            for name in list.elements.iter().filter_map(ArrayExpressionElement::as_expression) {
                self.claim(name);
                let span = name.get_inner_expression().span();
                if self.claimed.contains(&span) {
                    self.hooked.push(span.start);
                }
            }
        }
    }

    /// Notes where what has the hooks does not stand for one of its members: it may get others there.
    pub(super) fn hooks_used(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::StaticMemberExpression(member) => self.claim_hooks(&member.object),
            AstKind::ComputedMemberExpression(member) => self.claim_hooks(&member.object),
            AstKind::JSXMemberExpression(member) => drop(self.claimed.insert(member.object.span())),
            AstKind::IdentifierReference(id) if self.has_hooks(id) && !self.claimed.contains(&id.span) => {
                self.has_other_hooks = true;
            }
            _ => {}
        }
    }

    /// `React.useMemo = …`
    pub(super) fn hook_set(&mut self, target: &SimpleAssignmentTarget<'a>) {
        let inner = target.get_expression().and_then(|inner| inner.get_inner_expression().as_member_expression());
        if let Some(member) = target.as_member_expression().or(inner)
            && let Expression::Identifier(of) = member.object().get_inner_expression()
            && self.has_hooks(of)
        {
            self.has_other_hooks = true;
        }
    }

    /// What a hook was told of is handed on all the same, if the hook may be another one.
    pub(super) fn finish_hooked(&mut self) {
        let hooked = std::mem::take(&mut self.hooked);
        if self.has_other_hooks {
            self.module.unread.extend(hooked.into_iter().map(|at| Unread::new(at, HANDED_ON)));
        }
    }

    fn claim_hooks(&mut self, value: &Expression<'a>) {
        if let Expression::Identifier(of) = value.get_inner_expression()
            && self.has_hooks(of)
        {
            self.claimed.insert(of.span);
        }
    }

    /// Whether a name is that of a package with hooks as a whole.
    fn has_hooks(&self, of: &IdentifierReference<'a>) -> bool {
        let packages = self.hook_packages.get_or_init(|| {
            let foreign = self.index().foreign.iter().filter(|(_, foreign)| {
                matches!(foreign.name, None | Some("default")) && PACKAGES.contains(&foreign.specifier)
            });
            foreign.map(|(name, _)| *name).collect()
        });
        packages.contains(of.name.as_str())
    }

    /// The hook that a function is by what the file imports: `useMemo`, `React.useMemo`. One that it makes itself may do
    /// anything.
    pub(super) fn hook(&self, callee: &Expression<'a>) -> Option<&'a str> {
        let (of, member) = match callee.get_inner_expression() {
            Expression::Identifier(name) => (&**name, None),
            callee => {
                let member = callee.as_member_expression()?;
                (member.object().get_identifier_reference()?, Some(member.static_property_name()?))
            }
        };
        let foreign = self.index().foreign.get(of.name.as_str())?;
        let hook = match (foreign.name, member) {
            (Some(name), None) | (None | Some("default"), Some(name)) => name,
            _ => return None,
        };
        (PACKAGES.contains(&foreign.specifier) && self.bindings().is_bound_once(&of.name)).then_some(hook)
    }
}
