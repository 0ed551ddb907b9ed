//! Which removed field and which added one are the same under another name.
//!
//! Evidence counts in this order: an identity that outlives names, what the contract or a migration says, exactly one
//! gone and one come in one parent, and last a score. What is found here only regroups two findings into one; it never
//! makes anything pass. docs/renames.md says how right each is, measured on changes that public projects made.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use super::likeness::Name;
use super::path::FieldPath;
use super::shape::Kind;

/// The least share of fields that a renamed type keeps.
const TYPE_OVERLAP: f64 = 0.5;
/// More than this many of either side in one parent are not scored, for each is held against each.
const MOST_SCORED: usize = 200;

/// A field that is gone or has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Item<'n> {
    /// Its type.
    pub ty: &'n str,
    /// Its path.
    pub path: FieldPath,
    /// Its kind, where code says so.
    pub kind: Option<(Kind, bool)>,
    /// What identifies it in its type.
    pub identity: Option<u64>,
    /// What stands before and after it in its parent, where code says so.
    pub neighbours: Option<[Neighbour<'n>; 2]>,
}

/// The nearest field that is there before the change and after it. Fields that are renamed together stand beside each
/// other: the names of direct neighbours change with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour<'n> {
    /// Its name; none at the edge of the parent.
    pub name: Option<&'n str>,
    /// How far away it is.
    pub steps: usize,
}

/// When a score makes a pair.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The least score.
    pub threshold: f64,
    /// A runner-up as close as this makes a pair ambiguous.
    pub margin: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { threshold: 0.6, margin: 0.1 }
    }
}

/// Why two fields are taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// The same protobuf field number.
    Identity,
    /// A migration or the contract says so.
    Declared,
    /// Their types are one.
    Type,
    /// The only one gone and the only one come in their parent.
    Only,
    /// Name, kind and neighbours.
    Score,
}

impl Evidence {
    /// How a message says it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Identity => "the field number stayed",
            Self::Declared => "the rename is declared",
            Self::Type => "the type is the same under another name",
            Self::Only => "nothing else came or went beside it",
            Self::Score => "name, kind and neighbours are alike",
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Paired {
    /// Index of the gone, index of the come, why.
    pub pairs: Vec<(usize, usize, Evidence)>,
    /// Gone ones that may be one of several.
    pub candidates: BTreeMap<usize, Vec<usize>>,
}

/// A rename that somebody wrote down: type, path before, path after.
pub type Written = (String, FieldPath, FieldPath);

/// Pairs what is gone with what has come. `types` has the types that are one under another name, before and after.
pub fn pair(gone: &[Item<'_>], come: &[Item<'_>], written: &[Written], types: &BTreeMap<String, String>) -> Paired {
    pair_within(gone, come, written, types, Limits::default())
}

/// As [`pair`], with other limits: how right they are is measured so.
pub fn pair_within(
    gone: &[Item<'_>],
    come: &[Item<'_>],
    written: &[Written],
    types: &BTreeMap<String, String>,
    limits: Limits,
) -> Paired {
    let mut work = Work {
        gone,
        come,
        types,
        left: (0..gone.len()).collect(),
        right: (0..come.len()).collect(),
        paired: Paired::default(),
    };
    work.by(
        Evidence::Identity,
        |come| Some((come.ty, come.path.above(), come.identity?)),
        |gone, ty| Some((ty, gone.path.above(), gone.identity?)),
    );
    let written: HashMap<(&str, &FieldPath), &FieldPath> =
        written.iter().rev().map(|(ty, from, to)| ((ty.as_str(), from), to)).collect();
    work.by(
        Evidence::Declared,
        |come| Some((come.ty, &come.path)),
        |gone, ty| Some((ty, *written.get(&(gone.ty, &gone.path))?)),
    );
    work.by(
        Evidence::Type,
        |come| Some((come.ty, &come.path)),
        |gone, ty| Some((ty, &gone.path)).filter(|_| ty != gone.ty),
    );
    for (gone, come) in work.groups() {
        match (gone.as_slice(), come.as_slice()) {
            ([gone], [come]) => work.take(*gone, *come, Evidence::Only),
            _ => work.scored(&gone, &come, limits),
        }
    }
    let left = &work.left;
    work.paired.candidates.retain(|gone, _| left.contains(gone));
    work.paired.pairs.sort_unstable();
    work.paired
}

/// A score with the index of the gone and of the come.
type Scored = (f64, usize, usize);

/// Indices of the gone and of the come in one parent.
type Group = (Vec<usize>, Vec<usize>);

struct Work<'a> {
    gone: &'a [Item<'a>],
    come: &'a [Item<'a>],
    types: &'a BTreeMap<String, String>,
    left: BTreeSet<usize>,
    right: BTreeSet<usize>,
    paired: Paired,
}

impl<'a> Work<'a> {
    /// What a type is called now.
    fn now(&self, ty: &'a str) -> &'a str {
        self.types.get(ty).map_or(ty, String::as_str)
    }

    fn take(&mut self, gone: usize, come: usize, evidence: Evidence) {
        if self.left.contains(&gone) && self.right.remove(&come) {
            self.left.remove(&gone);
            self.paired.pairs.push((gone, come, evidence));
        }
    }

    /// What is left where something is gone, by type and parent as they are called now.
    fn groups(&self) -> Vec<Group> {
        let mut groups: BTreeMap<(&str, &str), Group> = BTreeMap::new();
        for index in &self.left {
            let Some(item) = self.gone.get(*index) else { continue };
            groups.entry((self.now(item.ty), item.path.above())).or_default().0.push(*index);
        }
        for index in &self.right {
            let Some(item) = self.come.get(*index) else { continue };
            if let Some((_, come)) = groups.get_mut(&(item.ty, item.path.above())) {
                come.push(*index);
            }
        }
        groups.into_values().filter(|(_, come)| !come.is_empty()).collect()
    }

    /// Pairs those for which both say the same; what is gone goes by its type's name of now.
    fn by<K: Hash + Eq>(
        &mut self,
        evidence: Evidence,
        come: impl Fn(&'a Item<'a>) -> Option<K>,
        gone: impl Fn(&'a Item<'a>, &'a str) -> Option<K>,
    ) {
        let (all_gone, all_come) = (self.gone, self.come);
        let key = |index: usize| all_gone.get(index).and_then(|item| gone(item, self.now(item.ty)));
        let wanted: Vec<(usize, K)> = self.left.iter().filter_map(|index| Some((*index, key(*index)?))).collect();
        // Few changes have such evidence, and many fields have come at once where a project begins.
        if wanted.is_empty() {
            return;
        }
        let mut there: HashMap<K, Vec<usize>> = HashMap::new();
        for index in self.right.iter().rev() {
            if let Some(key) = all_come.get(*index).and_then(&come) {
                there.entry(key).or_default().push(*index);
            }
        }
        for (index, key) in wanted {
            if let Some(other) = there.get_mut(&key).and_then(Vec::pop) {
                self.take(index, other, evidence);
            }
        }
    }

    /// Pairs those of one parent that are alike.
    fn scored(&mut self, gone: &[usize], come: &[usize], limits: Limits) {
        if gone.len() > MOST_SCORED || come.len() > MOST_SCORED {
            return;
        }
        let least = limits.threshold - limits.margin;
        let mut scores: Vec<Scored> = Vec::new();
        let all_names = |side: &[Item<'_>], of: &[usize]| -> Vec<Name> {
            of.iter().filter_map(|at| side.get(*at)).map(|item| Name::of(item.path.name())).collect()
        };
        let (old_names, new_names) = (all_names(self.gone, gone), all_names(self.come, come));
        for (left, old_name) in gone.iter().zip(&old_names) {
            for (right, new_name) in come.iter().zip(&new_names) {
                let Some((before, after)) = self.gone.get(*left).zip(self.come.get(*right)) else { continue };
                // Most are told apart before their names are compared letter by letter.
                if score(old_name.at_most(new_name), before, after) >= least {
                    scores.push((score(old_name.likeness(new_name), before, after), *left, *right));
                }
            }
        }
        scores.retain(|(score, ..)| *score >= least);
        scores.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let (mut lefts, mut rights): (BTreeMap<_, Vec<Scored>>, BTreeMap<_, Vec<Scored>>) = Default::default();
        for scored in &scores {
            lefts.entry(scored.1).or_default().push(*scored);
            rights.entry(scored.2).or_default().push(*scored);
        }
        for (best, left, right) in scores.into_iter().filter(|(score, ..)| *score >= limits.threshold) {
            if !self.left.contains(&left) || !self.right.contains(&right) {
                continue;
            }
            let close = |(score, l, r): &&Scored| {
                (*l, *r) != (left, right)
                    && best - *score < limits.margin
                    && self.left.contains(l)
                    && self.right.contains(r)
            };
            let rivals: Vec<usize> = lefts.get(&left).into_iter().flatten().filter(close).map(|(_, _, r)| *r).collect();
            if rivals.is_empty() && !rights.get(&right).into_iter().flatten().any(|scored| close(&scored)) {
                self.take(left, right, Evidence::Score);
            } else {
                let candidates = std::iter::once(right).chain(rivals);
                self.paired.candidates.entry(left).or_insert_with(|| candidates.collect());
            }
        }
    }
}

/// How much two fields of one parent are alike, from 0 to 1, when their names are so much so.
fn score(name: f64, gone: &Item<'_>, come: &Item<'_>) -> f64 {
    let kind = match (gone.kind, come.kind) {
        (Some(a), Some(b)) if a == b => 1.0,
        (Some((a, _)), Some((b, _))) if a == b => 0.7,
        (None, _) | (_, None) => 0.5,
        _ => 0.0,
    };
    let neighbours = match (&gone.neighbours, &come.neighbours) {
        (Some([a, b]), Some([c, d])) if a == c && b == d => 1.0,
        (Some([a, b]), Some([c, d])) if a != c && b != d => 0.0,
        _ => 0.5,
    };
    0.3 * name + 0.3 * kind + 0.4 * neighbours
}

/// Types that are one under another name, before and after: of those that are gone and those that have come, the pairs
/// that share most of their paths.
pub fn types(
    gone: &BTreeMap<&str, BTreeSet<&FieldPath>>,
    come: &BTreeMap<&str, BTreeSet<&FieldPath>>,
) -> BTreeMap<String, String> {
    let mut overlaps: Vec<(f64, &str, &str)> = Vec::new();
    for (before, old) in gone.iter().take(MOST_SCORED) {
        for (after, new) in come.iter().take(MOST_SCORED) {
            let shared = old.intersection(new).count();
            let all = old.len().saturating_add(new.len()).saturating_sub(shared);
            if shared > 1 {
                #[expect(clippy::cast_precision_loss, reason = "counts of fields are far below 2^52")]
                overlaps.push((shared as f64 / all as f64, before, after));
            }
        }
    }
    overlaps.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut renamed = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for (overlap, before, after) in overlaps {
        if overlap >= TYPE_OVERLAP && !renamed.contains_key(before) && taken.insert(after) {
            renamed.insert(before.to_owned(), after.to_owned());
        }
    }
    renamed
}

#[cfg(test)]
mod tests;
