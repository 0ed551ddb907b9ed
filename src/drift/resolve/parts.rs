//! The members of a type as they come together from all that it is made of, and where each of them stands.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bstr::BStr;

use super::lookup::Found;
use crate::drift::shape::{Case, Member, Shape};

/// Among so many members a name is looked for one by one.
const FEW: usize = 32;

/// Where a shape stands, for the names in it, and which definitions are being expanded.
pub(super) struct Scope<'a> {
    pub(super) home: Found<'a>,
    outer: Option<Rc<Scope<'a>>>,
    /// What is given for the type parameters of the definition, as it stands in the scope around.
    pub(super) given: &'a [Shape],
    pub(super) depth: usize,
    /// `json` writes what stands here, whatever other tags it has.
    pub(super) is_json: bool,
}

impl<'a> Scope<'a> {
    pub(super) fn of(found: &Found<'a>) -> Rc<Self> {
        Self::wired(found, false)
    }

    /// The same where it is known what writes the definition.
    pub(super) fn wired(found: &Found<'a>, is_json: bool) -> Rc<Self> {
        Rc::new(Self { home: *found, outer: None, given: &[], depth: 0, is_json })
    }

    /// The scope of another definition that this one leads to; `None` when that one is being expanded already, with the
    /// same given to it. What is compared for that is added to the `steps`.
    pub(super) fn enter(
        self: &Rc<Self>,
        found: &Found<'a>,
        given: &'a [Shape],
        is_json: bool,
        steps: &Cell<usize>,
    ) -> Option<Rc<Self>> {
        let is_written = is_json && !given.is_empty();
        let (outer, depth) = (if is_written { self.by_json() } else { Rc::clone(self) }, self.depth + 1);
        let inner = Rc::new(Self { home: *found, outer: Some(outer), given, depth, is_json });
        let mut around = Some(self);
        while let Some(scope) = around {
            if scope.home.is(found) && inner.is_given_as(scope, steps) {
                return None;
            }
            around = scope.outer.as_ref();
        }
        Some(inner)
    }

    /// This scope where `json` writes what stands in it: what is given to a definition that it writes.
    fn by_json(self: &Rc<Self>) -> Rc<Self> {
        if self.is_json {
            return Rc::clone(self);
        }
        let outer = self.outer.as_ref().map(Self::by_json);
        Rc::new(Self { home: self.home, outer, given: self.given, depth: self.depth, is_json: true })
    }

    /// The scope that leads here.
    pub(super) fn outer(&self) -> Option<&Rc<Self>> {
        self.outer.as_ref()
    }

    /// In how many structs this one lies; another name of one is none.
    pub(super) fn level(&self) -> usize {
        let mut around = Some(self);
        let mut level = 0;
        while let Some(scope) = around {
            let is_name = match &scope.home.definition.shape {
                Shape::Named { .. } => true,
                Shape::All(shapes) => matches!(shapes.as_slice(), [Shape::Named { .. }]),
                _ => false,
            };
            level += usize::from(!is_name);
            around = scope.outer.as_deref();
        }
        level
    }
}

/// A shape with the place that its names mean something at.
pub(super) type Placed<'a> = (&'a Shape, Rc<Scope<'a>>);

/// A member as its types have it: more than one where alternatives name it.
pub(super) struct Part<'a> {
    pub(super) member: &'a Member,
    pub(super) file: &'a BStr,
    /// What may stand behind it.
    pub(super) shapes: Vec<Placed<'a>>,
    pub(super) case: Option<Case>,
    /// The members that it is one of.
    pub(super) beside: &'a [Member],
    /// It stands for several of its name, none of which is written.
    pub(super) is_dropped: bool,
}

impl Part<'_> {
    pub(super) fn name(&self) -> Cow<'_, str> {
        match self.case.filter(|_| !self.member.explicit) {
            Some(case) => Cow::Owned(case.apply(&self.member.name)),
            None => Cow::Borrowed(&self.member.name),
        }
    }
}

/// Members in order, where a later one of a name takes the place of an earlier one.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) list: Vec<Part<'a>>,
    /// The place of each name, once there are more than a few.
    places: BTreeMap<&'a str, usize>,
}

impl<'a> Parts<'a> {
    /// The member of that name, if there is one.
    fn of_name(&mut self, name: &str) -> Option<&mut Part<'a>> {
        if self.list.len() <= FEW {
            return self.list.iter_mut().find(|part| part.member.name == name);
        }
        let known = self.places.len();
        let new = self.list.iter().enumerate().skip(known);
        self.places.extend(new.map(|(place, part)| (part.member.name.as_str(), place)));
        self.list.get_mut(*self.places.get(name)?)
    }

    pub(super) fn put(&mut self, part: Part<'a>) {
        match self.of_name(&part.member.name) {
            // What one object says twice may be either: which of the two runs, its file does not say.
            Some(other) if std::ptr::eq(other.beside, part.beside) => other.shapes.extend(part.shapes),
            Some(other) => *other = part,
            None => self.list.push(part),
        }
    }

    /// Takes a member of another alternative: it may be what either says.
    pub(super) fn or(&mut self, part: Part<'a>) {
        match self.of_name(&part.member.name) {
            Some(other) => other.shapes.extend(part.shapes),
            None => self.list.push(part),
        }
    }
}
