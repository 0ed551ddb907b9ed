//! Structs and enums, as serde writes them.

use std::collections::BTreeSet;

use syn::ext::IdentExt;
use syn::{Fields, ItemEnum, ItemStruct, Type, Variant};

use super::Place;
use super::attrs::{Attrs, condition, is_foreign, is_sealed};
use super::imports::Paths;
use super::outline::BY_HAND;
use super::types::{Types, list_of};
use crate::drift::shape::{Case, Kind, Member, Shape};

/// All of some shapes, without those that say nothing.
fn all(mut shapes: Vec<Shape>) -> Shape {
    match (shapes.len(), shapes.pop()) {
        (1, Some(one)) => one,
        (_, last) => {
            shapes.extend(last);
            Shape::All(shapes)
        }
    }
}

/// What the fields of a struct are called in the code and on the wire, where that differs.
pub(super) fn wire_names(item: &ItemStruct, paths: &Paths) -> Vec<(String, String)> {
    let (place, condition) = (Place { base: 0 }, condition(&item.attrs, paths));
    let case = Attrs::of(&item.attrs, place, &condition, paths).rename_all;
    let names = item.fields.iter().filter_map(|field| {
        let own = field.ident.as_ref()?.unraw().to_string();
        let renamed = Attrs::of(&field.attrs, place, &condition, paths).rename.map(|(name, _)| name);
        let wire = renamed.or_else(|| case.map(|case| case.of_field(&own)))?;
        (wire != own).then_some((own, wire))
    });
    names.collect()
}

impl Types<'_> {
    fn attrs(&self, attrs: &[syn::Attribute]) -> Attrs {
        Attrs::of(attrs, self.place, &self.condition, &self.outline.paths)
    }

    /// What brings in fields beside others, where it has any; without, which it brings in is not known.
    fn merged(&self, shape: Shape, of: &impl syn::spanned::Spanned) -> Shape {
        match shape {
            Shape::Opaque | Shape::Scalar { .. } => self.unread(of, "which fields this brings in is decided elsewhere"),
            Shape::Named { .. } => Shape::Omit(Box::new(shape), BTreeSet::new()),
            // What the parameter stands for has to have some; where nothing is given for it, none are known.
            Shape::Variable { place, otherwise } => {
                let otherwise = self.merged(*otherwise, of);
                Shape::Omit(Box::new(Shape::variable(place, otherwise)), BTreeSet::new())
            }
            shape => shape,
        }
    }

    /// Whether a type is serde_json's `Value`, which brings in whatever it holds.
    fn is_any_value(&self, ty: &syn::Type) -> bool {
        let syn::Type::Path(path) = ty else { return false };
        let written = super::dotted(&path.path);
        let is_another = self.outline.types.contains(&written) || self.hidden(&path.path).is_some();
        let full = self.outline.paths.only(&written, &self.inside).filter(|_| path.qself.is_none() && !is_another);
        full.is_some_and(|full| full == ["serde_json", "Value"])
    }

    /// The shape of a field's value.
    fn field(&self, field: &syn::Field, attrs: Attrs) -> Shape {
        let shape = if attrs.with { Shape::Opaque } else { self.shape(&field.ty) };
        self.with_unread(shape, attrs, None)
    }

    pub(super) fn structure(&self, item: &ItemStruct) -> Shape {
        let attrs = self.attrs(&item.attrs);
        let shape = match self.instead(&attrs) {
            Some(shape) => shape,
            None if self.is_by_hand(&item.attrs) => self.by_hand(&item.fields, attrs.rename_all),
            None if attrs.transparent => self.transparent(&item.fields),
            None => self.fields(&item.fields, attrs.rename_all),
        };
        // A struct with a tag writes its own name behind it.
        let shape = match &attrs.tag {
            Some((name, at)) => {
                let tag = Member::new(name.clone(), *at, Shape::enumerated(Kind::String)).explicit();
                all(vec![Shape::Object(vec![tag]), self.merged(shape, &item.ident)])
            }
            None => shape,
        };
        self.with_unread(shape, attrs, self.derived(&item.attrs, &item.ident))
    }

    /// What is wrong with the derives of a type that code of the file does not write: another macro than serde's.
    fn derived(&self, attrs: &[syn::Attribute], name: &syn::Ident) -> Option<Shape> {
        if self.is_by_hand(attrs) {
            return None;
        }
        let reason = "what this derives is none of serde's macros, and may write other fields";
        is_foreign(attrs, &self.outline.paths).then(|| self.unread(name, reason))
    }

    fn with_unread(&self, shape: Shape, attrs: Attrs, derived: Option<Shape>) -> Shape {
        all(std::iter::once(shape).chain(attrs.unread.into_iter().map(Shape::Unread)).chain(derived).collect())
    }

    /// `#[serde(into = "Wire")]`
    fn instead(&self, attrs: &Attrs) -> Option<Shape> {
        let into = attrs.into.as_ref()?;
        Some(match into.parse::<Type>() {
            Ok(ty) => self.shape(&ty),
            Err(_) => self.unread(into, "this is no type"),
        })
    }

    /// Whether `Serialize` is written by hand: of what derives it there is no other.
    fn is_by_hand(&self, attrs: &[syn::Attribute]) -> bool {
        self.outline.by_hand.contains(&self.own) && !is_sealed(attrs, &self.outline.paths)
    }

    /// A struct whose `Serialize` is written by hand: one that holds a single value is most likely text.
    fn by_hand(&self, fields: &Fields, case: Option<Case>) -> Shape {
        match fields {
            Fields::Named(named) => {
                all(vec![self.fields(fields, case), self.unread(&named.brace_token.span.open(), BY_HAND)])
            }
            _ => Shape::Opaque,
        }
    }

    fn transparent(&self, fields: &Fields) -> Shape {
        let is_marker = |ty: &Type| match ty {
            Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "PhantomData"),
            _ => false,
        };
        let kept = |(field, attrs): &(&syn::Field, Attrs)| !attrs.skip && !is_marker(&field.ty);
        let field = fields.iter().map(|field| (field, self.attrs(&field.attrs))).find(kept);
        field.map_or(Shape::Opaque, |(field, attrs)| self.field(field, attrs))
    }

    /// The fields of a struct or of a variant.
    fn fields(&self, fields: &Fields, case: Option<Case>) -> Shape {
        let named = match fields {
            Fields::Named(named) => &named.named,
            Fields::Unnamed(unnamed) => {
                let all = unnamed.unnamed.iter().map(|field| (field, self.attrs(&field.attrs)));
                let kept = all.filter(|(_, attrs)| !attrs.skip);
                let mut shapes: Vec<Shape> = kept.map(|(field, attrs)| self.field(field, attrs)).collect();
                return match (unnamed.unnamed.len(), shapes.pop()) {
                    (1, Some(one)) => one,
                    (_, last) => list_of(shapes, last),
                };
            }
            // `null`
            Fields::Unit => return Shape::Opaque,
        };
        let (mut members, mut others) = (Vec::new(), Vec::new());
        for field in named {
            let Some(ident) = &field.ident else { continue };
            let attrs = self.attrs(&field.attrs);
            if attrs.skip {
                continue;
            }
            others.extend(attrs.unread.into_iter().map(Shape::Unread));
            let shape = if attrs.with { Shape::Opaque } else { self.shape(&field.ty) };
            if attrs.flatten {
                let is_any = !attrs.with && self.is_any_value(&field.ty);
                others.push(if is_any { Shape::Map(Box::new(Shape::Opaque)) } else { self.merged(shape, ident) });
                continue;
            }
            members.push(match attrs.rename {
                Some((name, at)) => Member::new(name, at, shape).explicit(),
                None => {
                    self.member(ident, shape, |name| case.map_or_else(|| name.to_owned(), |case| case.of_field(name)))
                }
            });
        }
        if !members.is_empty() || others.is_empty() {
            others.insert(0, Shape::Object(members));
        }
        all(others)
    }

    fn member(&self, ident: &syn::Ident, shape: Shape, spell: impl Fn(&str) -> String) -> Member {
        Member::new(spell(&ident.unraw().to_string()), self.place.of(ident.span()), shape)
    }

    pub(super) fn enumeration(&self, item: &ItemEnum) -> Shape {
        let attrs = self.attrs(&item.attrs);
        let kept = |variant: &&Variant| !self.attrs(&variant.attrs).skip;
        let variants: Vec<&Variant> = item.variants.iter().filter(kept).collect();
        let units = variants.iter().all(|variant| matches!(variant.fields, Fields::Unit));
        let shape = match self.instead(&attrs) {
            Some(shape) => shape,
            None if self.is_by_hand(&item.attrs) => Shape::Opaque,
            None if attrs.is_number => Shape::enumerated(Kind::Number),
            None if units && attrs.tag.is_none() && !attrs.untagged => Shape::enumerated(Kind::String),
            None => self.variants(&variants, &attrs),
        };
        self.with_unread(shape, attrs, self.derived(&item.attrs, &item.ident))
    }

    fn variants(&self, variants: &[&Variant], attrs: &Attrs) -> Shape {
        let mut shapes: Vec<Shape> = Vec::new();
        for variant in variants {
            if attrs.untagged && matches!(variant.fields, Fields::Unit) {
                continue;
            }
            shapes.push(self.variant(variant, attrs));
        }
        match (shapes.len(), shapes.pop()) {
            (1, Some(one)) => one,
            (_, last) => {
                shapes.extend(last);
                Shape::Any(shapes)
            }
        }
    }

    fn variant(&self, variant: &Variant, outer: &Attrs) -> Shape {
        let own = self.attrs(&variant.attrs);
        let case = own.rename_all.or(outer.rename_all_fields);
        let is_unit = matches!(variant.fields, Fields::Unit);
        let is_untagged = own.untagged || outer.untagged;
        let content = match own.with {
            true if is_untagged => self.merged(Shape::Opaque, &variant.ident),
            true => Shape::Opaque,
            false => self.fields(&variant.fields, case),
        };
        let unread = own.unread.into_iter().map(Shape::Unread);
        let tag = |tag: &(String, u32)| Member::new(tag.0.clone(), tag.1, Shape::enumerated(Kind::String)).explicit();
        let shape = match (&outer.tag, &outer.content) {
            _ if is_untagged => content,
            (Some(name), None) if is_unit => Shape::Object(vec![tag(name)]),
            (Some(name), None) => all(vec![Shape::Object(vec![tag(name)]), self.merged(content, &variant.ident)]),
            (Some(name), Some(_)) if is_unit => Shape::Object(vec![tag(name)]),
            (Some(name), Some((behind, at))) => {
                Shape::Object(vec![tag(name), Member::new(behind.clone(), *at, content).explicit()])
            }
            _ if is_unit => Shape::enumerated(Kind::String),
            _ => Shape::Object(vec![match own.rename {
                Some((name, at)) => Member::new(name, at, content).explicit(),
                None => self.member(&variant.ident, content, |name| {
                    outer.rename_all.map_or_else(|| name.to_owned(), |case| case.of_variant(name))
                }),
            }]),
        };
        all(std::iter::once(shape).chain(unread).collect())
    }
}
