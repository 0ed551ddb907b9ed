//! What React's hooks are told that a function uses: nobody calls it from there.

use oxc_ast::ast::*;

use super::file::File;

/// Hooks whose second argument lists what the first one uses.
const HOOKS: &[&str] = &["useCallback", "useEffect", "useInsertionEffect", "useLayoutEffect", "useMemo"];
/// Where they come from.
const PACKAGES: &[&str] = &["preact/compat", "preact/hooks", "react"];

impl<'a> File<'a> {
    /// Claims the names in `useMemo(() => …, [mapField])`.
    pub(super) fn used_by_hook(&mut self, call: &'a CallExpression<'a>) {
        let [_, Argument::ArrayExpression(list)] = call.arguments.as_slice() else { return };
        if self.is_hook(&call.callee) {
            let names = list.elements.iter().filter_map(ArrayExpressionElement::as_expression);
            names.for_each(|name| self.claim(name));
        }
    }

    /// Whether a function is a hook by what the file imports; one that it makes itself may do anything.
    fn is_hook(&self, callee: &Expression<'a>) -> bool {
        let (of, hook) = match callee.get_inner_expression() {
            Expression::Identifier(name) => (name, None),
            Expression::StaticMemberExpression(member) => match &member.object {
                Expression::Identifier(of) => (of, Some(member.property.name.as_str())),
                _ => return false,
            },
            _ => return false,
        };
        let Some(foreign) = self.index().foreign.get(of.name.as_str()) else { return false };
        let is_hook = match (foreign.name, hook) {
            (Some(name), None) => HOOKS.contains(&name),
            (None | Some("default"), Some(name)) => HOOKS.contains(&name),
            _ => false,
        };
        is_hook && PACKAGES.contains(&foreign.specifier) && self.bindings().said_of(&of.name).len() == 1
    }
}
