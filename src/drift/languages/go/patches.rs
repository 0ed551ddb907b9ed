//! Methods that patch, where they are not called on what they patch: `set := doc.Set`, `Doc.Set(doc, …)`, and what else is
//! done with them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tree_sitter::Node;

use super::super::tree::{self, Finder, field, fields, parts, said};
use super::sites::{Reader, dotted};
use crate::drift::shape::{Module, Unread};

/// Why a method is unread that is no longer called by its name.
const HANDED_ON: &str = "a method that patches is handed on, and what it sets then is not known: call it by its name";

/// How often a file is gone through for what its variables are set to: one may be set to another that is set further down.
const MOST_ROUNDS: usize = 8;
/// How many things a variable may be set to.
const MOST_VALUES: usize = 32;

/// Where a name has a meaning.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// In all of the file.
    File,
    /// In the function that begins there.
    Function(usize),
    /// In all of the file, behind a dot.
    Field,
}

/// The names of variables and fields that are set to methods, or to what has these, with all that is called so. What part of
/// a function a variable is of is not looked at.
#[derive(Default)]
pub(super) struct Aliases<'t> {
    names: BTreeMap<Place, BTreeMap<&'t str, BTreeSet<String>>>,
    /// The variables at the file's top.
    tops: BTreeSet<&'t str>,
    /// The functions of the file, in their order.
    functions: Vec<Range<usize>>,
    /// Something new was found in this round.
    is_changed: bool,
}

/// What is done with methods of the file that are not called.
pub(super) fn read<'t>(finder: &Finder<'_, Reader<'_, 't>>, module: &mut Module, root: Node<'t>) -> Aliases<'t> {
    let (mut aliases, text) = (Aliases::default(), finder.reader.file.text);
    if finder.sites.patches.is_empty() {
        return aliases;
    }
    for top in parts(root) {
        match top.kind() {
            "function_declaration" | "method_declaration" => aliases.functions.push(top.byte_range()),
            "var_declaration" => tree::walk(top, |node| {
                let names = if node.kind() == "var_spec" { fields(node, "name") } else { Vec::new() };
                aliases.tops.extend(names.into_iter().map(|name| said(text, name)));
                node.kind() != "func_literal"
            }),
            _ => {}
        }
    }
    for round in 0..MOST_ROUNDS {
        let (mut last, mut unread) = (root, Vec::new());
        aliases.is_changed = false;
        tree::walk(root, |node| {
            let before = std::mem::take(&mut aliases.is_changed);
            if let Some((targets, values)) = given(node) {
                aliases.set(finder, node, &targets, &values, &mut unread);
            }
            last = if aliases.is_changed { node } else { last };
            aliases.is_changed |= before;
            true
        });
        if aliases.is_changed && round + 1 == MOST_ROUNDS {
            unread.push(Unread::new(super::at(last), HANDED_ON));
        }
        if !aliases.is_changed || round + 1 == MOST_ROUNDS {
            module.unread.append(&mut unread);
            break;
        }
    }
    aliases
}

/// What a node gives values to, and which.
fn given(node: Node<'_>) -> Option<(Vec<Node<'_>>, Vec<Node<'_>>)> {
    let side = |name| field(node, name).map_or_else(Vec::new, parts);
    Some(match node.kind() {
        "short_var_declaration" | "assignment_statement" => (side("left"), side("right")),
        "var_spec" => (fields(node, "name"), side("value")),
        "keyed_element" => (side("key"), side("value")),
        // The sides of a keyed element are elements as well.
        "argument_list" | "literal_element" => (Vec::new(), parts(node)),
        "return_statement" => (Vec::new(), parts(node).into_iter().flat_map(parts).collect()),
        "send_statement" => (Vec::new(), field(node, "value").into_iter().collect()),
        _ => return None,
    })
}

impl<'t> Aliases<'t> {
    fn set(
        &mut self,
        finder: &Finder<'_, Reader<'_, 't>>,
        node: Node<'t>,
        targets: &[Node<'t>],
        values: &[Node<'t>],
        unread: &mut Vec<Unread>,
    ) {
        let text = finder.reader.file.text;
        for (place, value) in values.iter().enumerate() {
            let target = targets.get(place).copied();
            let variable = target.filter(|target| target.kind() == "identifier" && node.kind() != "keyed_element");
            let methods = self.methods(finder, *value, text);
            if let Some(name) = variable {
                let own = methods.into_iter().chain(self.receivers(finder, *value, text)).collect::<Vec<_>>();
                if self.variable(finder, node, name, &own) {
                    unread.push(Unread::new(super::at(*value), HANDED_ON));
                }
                continue;
            }
            if !methods.is_empty() && node.kind() != "keyed_element" {
                unread.push(Unread::new(super::at(*value), HANDED_ON));
            }
            let held = match target {
                Some(target) if target.kind() == "selector_expression" => field(target, "field"),
                Some(key) if node.kind() == "keyed_element" && key.kind() == "identifier" => Some(key),
                _ => None,
            };
            if let Some(held) = held {
                let own = self.receivers(finder, *value, text);
                self.insert(Place::Field, said(text, held), &own);
            }
        }
    }

    /// Takes down what a variable is set to, where it has its name: `=` may set one of the file's as well. Whether that was
    /// too much.
    fn variable(
        &mut self,
        finder: &Finder<'_, Reader<'_, 't>>,
        node: Node<'t>,
        target: Node<'t>,
        own: &[String],
    ) -> bool {
        let name = said(finder.reader.file.text, target);
        let is_top =
            node.kind() == "assignment_statement" && (self.tops.contains(name) || !finder.reader.is_shadowed(target));
        let is_too_much = is_top && self.insert(Place::File, name, own);
        self.insert(self.around(node), name, own) || is_too_much
    }

    fn insert(&mut self, place: Place, name: &'t str, own: &[String]) -> bool {
        for own in own {
            let known = self.names.entry(place).or_default().entry(name).or_default();
            if !known.contains(own) && known.len() >= MOST_VALUES {
                return true;
            }
            self.is_changed |= known.insert(own.clone());
        }
        false
    }

    /// Where the variables of a node have their names.
    fn around(&self, node: Node<'_>) -> Place {
        let at = node.start_byte();
        let before = self.functions.partition_point(|function| function.start <= at);
        let function = before.checked_sub(1).and_then(|last| self.functions.get(last));
        function.filter(|function| at < function.end).map_or(Place::File, |function| Place::Function(function.start))
    }

    /// What has a patch, as the policy calls it, where an expression is that: `other := api`, `D(api)`.
    fn receivers(&self, finder: &Finder<'_, Reader<'_, 't>>, node: Node<'t>, text: &str) -> Vec<String> {
        let mut node = node;
        while let Some(given) = converted(finder, node, text) {
            node = given;
        }
        let kind = node.kind();
        if !matches!(kind, "identifier" | "selector_expression" | "unary_expression" | "parenthesized_expression") {
            return Vec::new();
        }
        let names = self.meant(&dotted(text, node).0, node);
        let receivers = finder.sites.patches_of_receivers().filter_map(|patch| patch.rsplit_once('.'));
        let is_it = |name: &str, own: &str| {
            name.strip_suffix(own).is_some_and(|above| above.is_empty() || above.ends_with('.'))
        };
        let found = receivers.map(|(own, _)| own).filter(|own| names.iter().any(|name| is_it(name, own)));
        found.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The names of a method that patches, where that is all that an expression is.
    fn methods(&self, finder: &Finder<'_, Reader<'_, 't>>, node: Node<'t>, text: &str) -> Vec<String> {
        let mut inner = node;
        while let ("parenthesized_expression", Some(part)) = (inner.kind(), parts(inner).first()) {
            inner = *part;
        }
        let name = dotted(text, inner).0;
        let is_known = inner.kind() == "identifier" && !self.values(&name, inner).is_empty();
        if inner.kind() != "selector_expression" && !is_known {
            return Vec::new();
        }
        let mut names = self.meant(&name, inner);
        names.retain(|callee| finder.is_patch(callee, callee.rsplit('.').next().unwrap_or_default()));
        names.retain(|callee| callee.contains('.'));
        names
    }

    fn known(&self, place: Place, name: &str) -> impl Iterator<Item = &str> {
        let known = self.names.get(&place).and_then(|names| names.get(name));
        known.into_iter().flatten().map(String::as_str)
    }

    /// What a variable is set to.
    fn values(&self, name: &str, node: Node<'t>) -> Vec<&str> {
        let own = Some(self.around(node)).filter(|place| *place != Place::File);
        self.known(Place::File, name).chain(own.into_iter().flat_map(|place| self.known(place, name))).collect()
    }

    /// A name, and the same with the variable or the field that it begins with, or is, in other words.
    fn meant(&self, name: &str, node: Node<'t>) -> Vec<String> {
        let known = |name: &str| {
            let held = name.rsplit_once('.').map(|(_, held)| held);
            let mut known: Vec<String> = self.values(name, node).into_iter().map(str::to_owned).collect();
            known.extend(held.into_iter().flat_map(|held| self.known(Place::Field, held)).map(str::to_owned));
            known
        };
        let mut names = vec![name.to_owned()];
        names.extend(known(name));
        if let Some((receiver, method)) = name.rsplit_once('.') {
            names.extend(known(receiver).into_iter().map(|own| format!("{own}.{method}")));
        }
        names
    }

    /// A call of all that its name may mean, where a variable may stand for a method, and a type for what has it.
    pub(super) fn call(
        &self,
        finder: &Finder<'_, Reader<'_, 't>>,
        module: &mut Module,
        (name, callee): (&str, Node<'t>),
        node: Node<'t>,
        arguments: &[Node<'t>],
    ) {
        let mut found = Module::default();
        for name in self.meant(name, callee) {
            let is_of_type = name.split_once('.').is_some_and(|(ty, method)| {
                finder.reader.is_type(ty) && finder.is_patch(&name, method) && !arguments.is_empty()
            });
            let given = arguments.get(usize::from(is_of_type)..).unwrap_or_default();
            let mut own = Module::default();
            finder.call(&mut own, &name, node, given);
            // What it means in two ways is one place.
            own.sites.retain(|site| !found.sites.contains(site));
            own.unread.retain(|unread| !found.unread.contains(unread));
            found.sites.append(&mut own.sites);
            found.unread.append(&mut own.unread);
        }
        module.sites.append(&mut found.sites);
        module.unread.append(&mut found.unread);
    }
}

/// What a conversion to a type of the file is of.
fn converted<'t>(finder: &Finder<'_, Reader<'_, 't>>, node: Node<'t>, text: &str) -> Option<Node<'t>> {
    let function = field(node, "function").filter(|_| node.kind() == "call_expression")?;
    let given = field(node, "arguments").map_or_else(Vec::new, parts);
    let [given] = given.as_slice() else { return None };
    finder.reader.is_type(&dotted(text, function).0).then_some(*given)
}
