//! Holds the fields of one state of the code against one state of the contract. Nothing here knows which of the two
//! moved: that is [`super::survey`]'s business, which compares two states.

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::config::{Declares, Wanted};
use super::contract::{Contract, Entry};
use super::path::FieldPath;
use super::resolve::Field;
use super::shape::Kind;

/// How many paths of one contract are held against others for likeness: with very much drift the last is told without.
const MOST_LIKENED: usize = 1_000_000;
/// Longer paths, in bytes, are like no other.
const LONGEST_LIKENED: usize = 256;

/// A field's type and path.
pub type Key = (String, FieldPath);

/// The entries of a contract, to be asked for one after another.
#[derive(Debug, Default)]
pub struct Known<'c> {
    types: HashMap<&'c str, Type<'c>>,
    /// The first entry of each last name.
    last: HashMap<&'c str, &'c Entry>,
    /// How many paths were held against others for likeness.
    likened: Cell<usize>,
}

#[derive(Debug, Default)]
struct Type<'c> {
    exact: HashMap<&'c FieldPath, &'c Entry>,
    patterns: Vec<&'c Entry>,
    /// Every path that an entry lies below.
    above: BTreeSet<FieldPath>,
    /// The exact paths as they are written.
    written: OnceCell<Vec<String>>,
}

impl<'c> Known<'c> {
    /// The entries of this contract; of none, none.
    pub fn of(contract: Option<&'c Contract>) -> Self {
        let mut types: HashMap<&str, Type<'_>> = HashMap::new();
        let mut last: HashMap<&str, &Entry> = HashMap::new();
        for entry in contract.into_iter().flat_map(|contract| &contract.entries) {
            last.entry(entry.path.name()).or_insert(entry);
            let ty = types.entry(&entry.ty).or_default();
            if entry.path.is_pattern() {
                ty.patterns.push(entry);
            } else {
                ty.exact.entry(&entry.path).or_insert(entry);
            }
            let mut above = entry.path.parent();
            while let Some(path) = above {
                above = path.parent();
                ty.above.insert(path);
            }
        }
        Self { types, last, likened: Cell::default() }
    }

    /// Whether the contract speaks of the type.
    pub fn has_type(&self, ty: &str) -> bool {
        self.types.contains_key(ty)
    }

    /// The entry that stands for a field.
    pub fn entry(&self, ty: &str, path: &FieldPath) -> Option<&'c Entry> {
        let ty = self.types.get(ty)?;
        let exact = ty.exact.get(path).copied();
        exact.or_else(|| ty.patterns.iter().copied().find(|entry| entry.path.covers(path)))
    }

    /// Whether the contract knows the path: it lists it, or something below it.
    pub fn knows(&self, ty: &str, path: &FieldPath) -> bool {
        let below =
            |ty: &Type<'_>| ty.above.contains(path) || ty.patterns.iter().any(|entry| entry.path.is_below(path));
        self.entry(ty, path).is_some() || self.types.get(ty).is_some_and(below)
    }

    /// Whether the contract knows a field: a value without parts by an entry of its own, any other also by one below it.
    pub fn has(&self, field: &Field) -> bool {
        match field.kind {
            Kind::String | Kind::Number | Kind::Boolean => self.entry(&field.ty, &field.path).is_some(),
            Kind::Array | Kind::Object | Kind::Unknown => self.knows(&field.ty, &field.path),
        }
    }

    /// Whether any type knows a path.
    pub fn types_with(&self, path: &FieldPath) -> bool {
        self.types.keys().any(|ty| self.knows(ty, path))
    }

    /// The listed path that is most like this one: of the type where the contract has it, else of any type the one with
    /// the same name at its end.
    pub fn nearest(&self, ty: &str, path: &FieldPath) -> Option<String> {
        let Some((ty, entries)) = self.types.get_key_value(ty) else {
            let other = self.last.get(path.name())?;
            return Some(format!("{}.{}", other.ty, other.path));
        };
        let all = entries.written.get_or_init(|| entries.exact.keys().map(ToString::to_string).collect());
        self.likened.set(self.likened.get().saturating_add(all.len()));
        let wanted = path.to_string();
        let short = |path: &str| path.len() <= LONGEST_LIKENED;
        if self.likened.get() > MOST_LIKENED || !short(&wanted) {
            return None;
        }
        let rated = all.iter().filter(|path| short(path)).map(|path| (strsim::jaro_winkler(path, &wanted), path));
        let best =
            rated.filter(|(score, _)| *score > 0.5).max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
        best.map(|(_, path)| format!("{ty}.{path}"))
    }
}

/// The fields of one state, by type and path.
pub type Fields<'f> = BTreeMap<(&'f str, &'f FieldPath), &'f Field>;

/// The fields of all sources, where the first that declares one counts.
pub fn index<'f>(fields: impl IntoIterator<Item = &'f Field>) -> Fields<'f> {
    let mut index = BTreeMap::new();
    for field in fields {
        index.entry((field.ty.as_str(), &field.path)).or_insert(field);
    }
    index
}

/// The fields of a source that a contract must know and does not.
pub fn added<'f>(fields: &'f [Field], source: &Declares, known: &Known<'_>) -> impl Iterator<Item = &'f Field> {
    fields.iter().filter(|field| Wanted::any(&source.kinds, field) && !known.has(field))
}

/// Whether a field of any kind stands where an entry says.
pub fn stands(entry: &Entry, fields: &Fields<'_>) -> bool {
    if fields.contains_key(&(entry.ty.as_str(), &entry.path)) {
        return true;
    }
    let lowest = FieldPath::of("");
    let of_type = fields.range((entry.ty.as_str(), &lowest)..).take_while(|((ty, _), _)| *ty == entry.ty);
    entry.path.is_pattern() && of_type.into_iter().any(|((_, path), _)| entry.path.covers(path))
}

/// The entries behind which nothing stands, of the types that are declared.
pub fn removed<'c>(contract: &'c Contract, fields: &Fields<'_>, declares: &dyn Fn(&str) -> bool) -> Vec<&'c Entry> {
    let mut seen = BTreeSet::new();
    let gone = contract.entries.iter().filter(|entry| declares(&entry.ty) && !stands(entry, fields));
    gone.filter(|entry| seen.insert((entry.ty.as_str(), &entry.path))).collect()
}

/// What the contract would list if it followed the code: the fields that it must know, in their order, and those of other
/// kinds that it lists already. With each field comes whether it is of a wanted kind.
pub fn listing(contract: &Contract, fields: &[(Field, bool)]) -> Vec<(String, FieldPath)> {
    let declared = index(fields.iter().map(|(field, _)| field));
    // What lies below an entry that goes does not count.
    let entries = contract.entries.iter().filter(|entry| stands(entry, &declared)).cloned().collect();
    let kept = Contract { entries, ..Contract::default() };
    let known = Known::of(Some(&kept));
    let is_due = |(field, wanted): &&(Field, bool)| {
        known.entry(&field.ty, &field.path).is_some() || (*wanted && !known.has(field))
    };
    let mut seen = BTreeSet::new();
    let due = fields.iter().filter(is_due).filter(|(field, _)| seen.insert((&field.ty, &field.path)));
    due.map(|(field, _)| (field.ty.clone(), field.path.clone())).collect()
}
