//! Type parameters of classes.

use std::collections::BTreeSet;

use crate::drift::shape::Shape;

/// The type parameters that are known within a class.
#[derive(Clone, Default)]
pub(in super::super) struct Parameters<'a> {
    /// Its own, in their order.
    own: Vec<&'a str>,
    /// Those of the classes around it. What is given to these does not reach it.
    outer: BTreeSet<&'a str>,
}

impl<'a> Parameters<'a> {
    /// Those within a class that stands in this one.
    pub(in super::super) fn within(&self, own: Vec<&'a str>) -> Self {
        Self { own, outer: self.outer.iter().chain(&self.own).copied().collect() }
    }

    /// What a name stands for that is one of them.
    pub(in super::super) fn meant(&self, name: &str) -> Option<Shape> {
        match self.own.iter().position(|own| *own == name) {
            Some(place) => Some(Shape::variable(place, Shape::Opaque)),
            None => self.outer.contains(name).then_some(Shape::Opaque),
        }
    }
}
