//! Type parameters: what a reference to a generic type gives for them.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::LazyLock;

use super::lookup::Found;
use super::parts::Scope;
use super::{Resolver, Shape, Unread, blind};
use crate::escape::excerpt;

/// How much of what is given to a type is compared with what is given to the same one around it. What is longer than that
/// is taken for another, and [`super::MAX_DEPTH`] ends it.
const MOST_COMPARED: usize = 256;

/// The most that a second name hands on.
const MOST_HANDED_ON: usize = 256;

/// All that is given to a second name, as it is given on.
static HANDED_ON: LazyLock<Vec<Shape>> =
    LazyLock::new(|| (0..MOST_HANDED_ON).map(|place| Shape::variable(place, Shape::Opaque)).collect());

/// What is given to the type that is named in a scope: where that is a second name, what is given to it.
pub(super) fn handed_on<'a>(scope: &Scope<'a>, given: &'a [Shape]) -> &'a [Shape] {
    let is_second = || scope.home.module.second_names.contains(&scope.home.definition.at);
    if !given.is_empty() || scope.given.is_empty() || !is_second() {
        return given;
    }
    HANDED_ON.get(..scope.given.len().min(MOST_HANDED_ON)).unwrap_or_default()
}

/// Why a reference to a type of a package is unread.
const HIDDEN: &str = "a generic type that is not written out here hides the fields that are written in it";

/// What a type parameter stands for, with the scope that this means something in; another shape is what it is. Each step
/// leads out of a scope or into a smaller shape, so there is an end.
pub(super) fn bound<'s, 'a>(mut shape: &'a Shape, mut scope: &'s Rc<Scope<'a>>) -> (&'a Shape, &'s Rc<Scope<'a>>) {
    while let Shape::Variable { place, otherwise } = shape {
        (shape, scope) = match (scope.given.get(*place), scope.outer()) {
            (Some(given), Some(outer)) => (given, outer),
            _ => (&**otherwise, scope),
        };
    }
    (shape, scope)
}

/// The same where nothing is given: the parameter itself, in the scope that leaves it open.
fn open<'s, 'a>(mut shape: &'a Shape, mut scope: &'s Rc<Scope<'a>>) -> (&'a Shape, &'s Rc<Scope<'a>>) {
    while let Shape::Variable { place, .. } = shape
        && let (Some(given), Some(outer)) = (scope.given.get(*place), scope.outer())
    {
        (shape, scope) = (given, outer);
    }
    (shape, scope)
}

impl<'a> Scope<'a> {
    /// Whether the same is given to the definition as in another scope of it, that lies around.
    pub(super) fn is_given_as(&self, other: &Rc<Self>, steps: &Cell<usize>) -> bool {
        let (Some(around), Some(others_around)) = (self.outer(), other.outer().or(Some(other))) else { return false };
        let mut left = MOST_COMPARED;
        let mut own = self.given.iter().enumerate();
        let is_same = self.given.len() >= other.given.len()
            && own.all(|(place, given)| match other.given.get(place) {
                Some(of_other) => is_alike((given, around), (of_other, others_around), &mut left),
                // `Page<T>` in `Page<T>`, of which nothing is known there either.
                None => match open(given, around) {
                    (Shape::Variable { place: meant, .. }, scope) => *meant == place && Rc::ptr_eq(scope, other),
                    _ => false,
                },
            });
        steps.set(steps.get() + MOST_COMPARED - left);
        is_same
    }
}

fn are_alike<'a>(
    (one, one_scope): (&'a [Shape], &Rc<Scope<'a>>),
    (other, other_scope): (&'a [Shape], &Rc<Scope<'a>>),
    left: &mut usize,
) -> bool {
    let alike = |(one, other)| is_alike((one, one_scope), (other, other_scope), left);
    one.len() == other.len() && one.iter().zip(other).all(alike)
}

/// Whether two shapes are the same where they stand.
fn is_alike<'a>(
    (one, one_scope): (&'a Shape, &Rc<Scope<'a>>),
    (other, other_scope): (&'a Shape, &Rc<Scope<'a>>),
    left: &mut usize,
) -> bool {
    let Some(rest) = left.checked_sub(1) else { return false };
    *left = rest;
    let ((one, one_scope), (other, other_scope)) = (bound(one, one_scope), bound(other, other_scope));
    let is_one_place = Rc::ptr_eq(one_scope, other_scope);
    if is_one_place && std::ptr::eq(one, other) {
        return true;
    }
    // What a name means depends on where it stands.
    let is_one_home = is_one_place || one_scope.home.is(&other_scope.home);
    match (one, other) {
        (Shape::Array(one), Shape::Array(other)) | (Shape::Map(one), Shape::Map(other)) => {
            is_alike((one, one_scope), (other, other_scope), left)
        }
        (Shape::Any(one), Shape::Any(other)) | (Shape::All(one), Shape::All(other)) => {
            are_alike((one, one_scope), (other, other_scope), left)
        }
        (Shape::Named { name, arguments, .. }, Shape::Named { name: of_other, arguments: given, .. }) => {
            is_one_home && name == of_other && are_alike((arguments, one_scope), (given, other_scope), left)
        }
        (Shape::Scalar { .. } | Shape::Opaque, _) => one == other,
        _ => is_one_home && std::ptr::eq(one, other) && !one.is_generic(),
    }
}

impl<'a> Resolver<'a, '_> {
    /// Tells of members that are given to a type of a package, in TypeScript and Go, where that is most likely made of them.
    pub(super) fn hidden(&mut self, scope: &Rc<Scope<'a>>, at: u32, given: &'a [Shape]) {
        let module = scope.home.module;
        if (module.exports.is_some() || module.is_leveled) && given.iter().any(|shape| self.has_members(shape, scope)) {
            self.unread.insert(blind(scope.home.file, &Unread::new(at, HIDDEN)));
        }
    }

    /// Whether members are written in a shape itself, not behind a name.
    fn has_members(&self, shape: &'a Shape, scope: &Rc<Scope<'a>>) -> bool {
        let (shape, scope) = bound(shape, scope);
        match shape {
            _ if self.is_too_much(scope) => true,
            Shape::Object(members) => !members.is_empty(),
            Shape::Unread(_) => true,
            Shape::Array(inner) | Shape::Map(inner) | Shape::Pick(inner, _) | Shape::Omit(inner, _) => {
                self.has_members(inner, scope)
            }
            Shape::All(shapes) | Shape::Any(shapes) | Shape::Named { arguments: shapes, .. } => {
                shapes.iter().any(|shape| self.has_members(shape, scope))
            }
            Shape::Scalar { .. } | Shape::Variable { .. } | Shape::Opaque => false,
        }
    }

    /// Tells of what is given to a type that is not made by it, but by what its parameters are without that.
    pub(super) fn guessed(
        &mut self,
        scope: &Rc<Scope<'a>>,
        found: &[Found<'a>],
        (name, at, given): (&str, u32, &'a [Shape]),
    ) {
        let guesses = |found: &Found<'_>| found.module.guessed.contains(&found.definition.at);
        if found.iter().any(guesses) && given.iter().any(|shape| *bound(shape, scope).0 != Shape::Opaque) {
            let name = excerpt(name);
            let reason = format!("the type `{name}` looks into what it is given: write out here what it comes to");
            self.unread.insert(blind(scope.home.file, &Unread::new(at, reason)));
        }
    }

    /// Whether the fields that a reference leads to are listed under the definition's own name. What is given to a generic
    /// type is not known there.
    pub(super) fn is_listed(&mut self, scope: &Rc<Scope<'a>>) -> bool {
        let says = |shape| scope.outer().is_some_and(|around| *bound(shape, around).0 != Shape::Opaque);
        (!self.is_generic(scope) || !scope.given.iter().any(says)) && self.counts(scope)
    }

    fn is_generic(&mut self, scope: &Rc<Scope<'a>>) -> bool {
        let (definition, module) = (scope.home.definition, scope.home.module);
        let is_generic = || definition.shape.is_generic() || module.second_names.contains(&definition.at);
        *self.generic.entry(definition).or_insert_with(is_generic)
    }
}
