//! Holds the fields of one state of the code against one state of the contract. Nothing here knows which of the two
//! moved: that is [`super::survey`]'s business, which compares two states.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::acknowledgement::write_field;
use super::config::{Declares, Wanted};
use super::contract::{Contract, Entry};
use super::likeness::most_like;
use super::path::FieldPath;
use super::resolve::Field;
use super::shape::Kind;

/// How many paths of one contract are held against others for likeness: with very much drift the last is told without.
const MOST_LIKENED: usize = 1_000_000;

/// A field's type and path.
pub type Key = (String, FieldPath);

/// What stands for a field of a type.
pub trait Keyed {
    /// The type.
    fn ty(&self) -> &str;
    /// The path below it.
    fn path(&self) -> &FieldPath;
}

impl Keyed for Field {
    fn ty(&self) -> &str {
        &self.ty
    }

    fn path(&self) -> &FieldPath {
        &self.path
    }
}

impl Keyed for Entry {
    fn ty(&self) -> &str {
        &self.ty
    }

    fn path(&self) -> &FieldPath {
        &self.path
    }
}

/// Things by type and path, of each key the first.
#[derive(Debug)]
pub struct Table<'t, T>(BTreeMap<&'t str, Vec<&'t T>>);

impl<'t, T: Keyed> Table<'t, T> {
    /// Puts things into order.
    pub fn of(all: impl IntoIterator<Item = &'t T>) -> Self {
        let mut types: BTreeMap<&str, Vec<&T>> = BTreeMap::new();
        let mut all = all.into_iter().peekable();
        while let Some(first) = all.next() {
            let own = types.entry(first.ty()).or_default();
            own.push(first);
            own.extend(std::iter::from_fn(|| all.next_if(|next| next.ty() == first.ty())));
        }
        for own in types.values_mut() {
            own.sort_by(|a, b| a.path().cmp(b.path()));
            own.dedup_by(|next, first| next.path() == first.path());
        }
        Self(types)
    }

    /// Everything of one type, by path.
    pub fn of_type(&self, ty: &str) -> &[&'t T] {
        self.0.get(ty).map(Vec::as_slice).unwrap_or_default()
    }

    /// What stands for a field.
    pub fn get(&self, ty: &str, path: &FieldPath) -> Option<&'t T> {
        at(self.of_type(ty), path).filter(|found| found.path() == path)
    }

    /// The types.
    pub fn types(&self) -> impl Iterator<Item = &'t str> {
        self.0.keys().copied()
    }

    /// Everything, by type and path.
    pub fn iter(&self) -> impl Iterator<Item = &'t T> {
        self.0.values().flatten().copied()
    }
}

/// Of things of one type by path, the one that stands at a path; else the first behind it, which is below it if any is.
fn at<'t, T: Keyed>(own: &[&'t T], path: &FieldPath) -> Option<&'t T> {
    own.get(own.partition_point(|one| one.path() < path)).copied()
}

/// The entries of a contract, to be asked for one after another.
pub struct Known<'c> {
    entries: &'c [Entry],
    exact: Table<'c, Entry>,
    patterns: Table<'c, Entry>,
    /// The exact paths of all types.
    paths: OnceCell<Vec<&'c FieldPath>>,
    /// The exact paths of a type as they are written.
    written: RefCell<HashMap<String, Arc<[String]>>>,
    /// The first entry of each last name, by its place.
    last: OnceCell<HashMap<String, usize>>,
    /// How many paths were held against others for likeness.
    likened: Cell<usize>,
}

/// The entries of one type.
#[derive(Clone, Copy)]
struct OfType<'k, 'c> {
    exact: &'k [&'c Entry],
    patterns: &'k [&'c Entry],
}

impl OfType<'_, '_> {
    /// Whether an entry stands for a field.
    fn lists(self, path: &FieldPath) -> bool {
        at(self.exact, path).is_some_and(|entry| entry.path == *path)
            || self.patterns.iter().any(|entry| entry.path.covers(path))
    }

    /// Whether an entry stands for a field or for something below it.
    fn knows(self, path: &FieldPath) -> bool {
        at(self.exact, path).is_some_and(|entry| entry.path.begins_with(path))
            || self.patterns.iter().any(|entry| entry.path.is_below(path))
    }

    fn has(self, field: &Field) -> bool {
        match field.kind {
            Kind::String | Kind::Number | Kind::Boolean => self.lists(&field.path),
            Kind::Array | Kind::Object | Kind::Unknown => self.knows(&field.path),
        }
    }
}

impl<'c> Known<'c> {
    /// The entries of this contract; of none, none.
    pub fn of(contract: Option<&'c Contract>) -> Self {
        let entries = contract.map(|contract| contract.entries.as_slice()).unwrap_or_default();
        let (exact, patterns) = (entries.iter().filter(|entry| !entry.path.is_pattern()), entries.iter());
        Self {
            entries,
            exact: Table::of(exact),
            patterns: Table::of(patterns.filter(|entry| entry.path.is_pattern())),
            paths: OnceCell::new(),
            written: RefCell::default(),
            last: OnceCell::new(),
            likened: Cell::default(),
        }
    }

    fn of_type(&self, ty: &str) -> OfType<'_, 'c> {
        OfType { exact: self.exact.of_type(ty), patterns: self.patterns.of_type(ty) }
    }

    /// Whether the contract speaks of the type.
    pub fn has_type(&self, ty: &str) -> bool {
        let own = self.of_type(ty);
        !own.exact.is_empty() || !own.patterns.is_empty()
    }

    /// Whether an entry stands for a field.
    pub fn lists(&self, ty: &str, path: &FieldPath) -> bool {
        self.of_type(ty).lists(path)
    }

    /// Whether the contract knows the path: it lists it, or something below it.
    pub fn knows(&self, ty: &str, path: &FieldPath) -> bool {
        self.of_type(ty).knows(path)
    }

    /// Whether the contract knows a field: a value without parts by an entry of its own, any other also by one below it.
    pub fn has(&self, field: &Field) -> bool {
        self.of_type(&field.ty).has(field)
    }

    fn all_paths(&self) -> &[&'c FieldPath] {
        self.paths.get_or_init(|| {
            let mut all: Vec<&FieldPath> = self.exact.iter().map(|entry| &entry.path).collect();
            all.sort_unstable();
            all.dedup();
            all
        })
    }

    /// Whether any type knows a path.
    pub fn types_with(&self, path: &FieldPath) -> bool {
        let all = self.all_paths();
        all.get(all.partition_point(|one| *one < path)).is_some_and(|one| one.begins_with(path))
            || self.patterns.iter().any(|entry| entry.path.is_below(path))
    }

    /// The listed path that is most like this one: of the type where the contract has it, else of any type the one with
    /// the same name at its end. A path without a type is held against those of all types.
    pub fn nearest(&self, ty: &str, path: &FieldPath) -> Nearest {
        if !ty.is_empty() && !self.has_type(ty) {
            let all = self.entries.iter().enumerate().rev();
            let first = || all.map(|(place, entry)| (entry.path.name().to_owned(), place)).collect();
            let place = self.last.get_or_init(first).get(path.name());
            let other = place.and_then(|place| self.entries.get(*place));
            return other.map_or(Nearest::None, |other| Nearest::Is(write_field(&other.ty, &other.path)));
        }
        let mut written = self.written.borrow_mut();
        let own = || match ty {
            "" => self.all_paths().iter().map(|path| path.text()).collect(),
            ty => self.exact.of_type(ty).iter().map(|entry| entry.path.text()).collect(),
        };
        let all = match written.get(ty) {
            Some(all) => all,
            None => written.entry(ty.to_owned()).or_insert_with(own),
        };
        self.likened.set(self.likened.get().saturating_add(all.len()));
        if self.likened.get() > MOST_LIKENED { Nearest::None } else { Nearest::Among(Arc::clone(all)) }
    }
}

/// Where the listed path stands that is most like a field's. Holding a path against hundreds of others is left to whoever
/// tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Nearest {
    /// There is none.
    #[default]
    None,
    /// It is this one, as it is written with its type.
    Is(String),
    /// Among these paths of the field's own type, or of all types.
    Among(Arc<[String]>),
}

impl Nearest {
    /// The one that is most like the path of a field, written with its type.
    pub fn to(&self, ty: &str, path: &FieldPath) -> Option<String> {
        match self {
            Self::None => None,
            Self::Is(field) => Some(field.clone()),
            Self::Among(all) => {
                let near = most_like(all, &path.text())?;
                FieldPath::parse(near).ok().map(|path| write_field(ty, &path))
            }
        }
    }
}

/// The fields of one state; of all sources, the first that declares one counts.
pub type Fields<'f> = Table<'f, Field>;

/// The fields of a source that a contract must know and does not.
pub fn added<'f>(fields: &'f [Field], source: &Declares, known: &Known<'_>) -> impl Iterator<Item = &'f Field> {
    fields.chunk_by(|field, next| field.ty == next.ty).flat_map(move |fields| {
        let own = known.of_type(fields.first().map(|field| &*field.ty).unwrap_or_default());
        fields.iter().filter(move |field| Wanted::any(&source.kinds, field) && !own.has(field))
    })
}

/// Whether a field of any kind stands where an entry says, among those of its type.
fn stands_among(entry: &Entry, fields: &[&Field]) -> bool {
    at(fields, &entry.path).is_some_and(|field| field.path == entry.path)
        || (entry.path.is_pattern() && fields.iter().any(|field| entry.path.covers(&field.path)))
}

/// Whether a field of any kind stands where an entry says.
pub fn stands(entry: &Entry, fields: &Fields<'_>) -> bool {
    stands_among(entry, fields.of_type(&entry.ty))
}

/// The entries behind which nothing stands, of the types that are declared.
pub fn removed<'c>(contract: &'c Contract, fields: &Fields<'_>, declares: &dyn Fn(&str) -> bool) -> Vec<&'c Entry> {
    let mut seen = BTreeSet::new();
    let mut gone = Vec::new();
    for entries in contract.entries.chunk_by(|entry, next| entry.ty == next.ty) {
        let own = entries.first().map(|entry| fields.of_type(&entry.ty)).unwrap_or_default();
        let left = entries.iter().filter(|entry| !stands_among(entry, own) && declares(&entry.ty));
        gone.extend(left.filter(|entry| seen.insert((entry.ty.as_str(), &entry.path))));
    }
    gone
}

/// What the contract would list if it followed the code: the fields that it must know, in their order, and those of other
/// kinds that it lists already. With each field comes whether it is of a wanted kind.
pub fn listing(contract: &Contract, fields: &[(Field, bool)]) -> Vec<(String, FieldPath)> {
    let declared = Fields::of(fields.iter().map(|(field, _)| field));
    // What lies below an entry that goes does not count.
    let entries = contract.entries.iter().filter(|entry| stands(entry, &declared)).cloned().collect();
    let kept = Contract { entries, ..Contract::default() };
    let known = Known::of(Some(&kept));
    let is_due =
        |(field, wanted): &&(Field, bool)| known.lists(&field.ty, &field.path) || (*wanted && !known.has(field));
    let mut seen = BTreeSet::new();
    let due = fields.iter().filter(is_due).filter(|(field, _)| seen.insert((&field.ty, &field.path)));
    due.map(|(field, _)| (field.ty.to_string(), field.path.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::contract::Columns;

    #[test]
    fn a_path_without_a_type_is_known_where_any_type_knows_it() {
        let text = "### `a`\n- `x`\n- `name.first`\n\n### `b`\n- `name`\n- `z[].k`\n- `free_*.to`\n";
        let contract = Contract::parse(text.as_bytes(), &Columns::default());
        let known = Known::of(Some(&contract));
        for path in
            ["x", "name", "name.first", "z", "z[]", "z[].k", "free_one", "free_one.to", "nam", "y", "z[].l", "to"]
        {
            let path = FieldPath::parse(path).unwrap();
            assert_eq!(known.types_with(&path), ["a", "b"].iter().any(|ty| known.knows(ty, &path)), "{path}");
        }
        assert!(known.types_with(&FieldPath::of("z")) && !known.types_with(&FieldPath::of("y")));
    }

    #[test]
    fn a_nearest_path_reads_back() {
        let text = "### `order`\n- `[].street`\n\n### `Order.Line`\n- `sku`\n";
        let contract = Contract::parse(text.as_bytes(), &Columns::default());
        let near = |ty: &str, path: &str| {
            let path = FieldPath::parse(path).unwrap();
            Known::of(Some(&contract)).nearest(ty, &path).to(ty, &path)
        };
        assert_eq!(near("order", "[].stret").as_deref(), Some("order[].street"));
        assert_eq!(near("none", "sku").as_deref(), Some("Order.Line#sku"));
        assert_eq!(near("", "[].strete").as_deref(), Some("#[].street"));
    }
}
