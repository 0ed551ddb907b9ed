//! The order of migrations, by their paths, and which of them undo others.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use bstr::{BString, ByteSlice};

/// A path as migrations are ordered: folder by folder, by version, then by name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order(Vec<(Version, Natural)>);

/// The numbers at the beginning of a name: `0001_`, `V1.2__`, `2024-01-31-120000_`. Names without sort first.
type Version = Vec<Digits>;

/// A name in which runs of digits are numbers.
#[derive(PartialEq, Eq)]
struct Natural(BString);

/// A number of any length, without leading zeros.
#[derive(PartialEq, Eq)]
struct Digits(BString);

impl Order {
    pub(super) fn of(path: &BString) -> Self {
        Self(path.split_str("/").map(|part| (version(part), Natural(part.into()))).collect())
    }
}

fn version(name: &[u8]) -> Version {
    let mut rest = match name {
        // Flyway's letter.
        [b'V' | b'v' | b'B', next, ..] if next.is_ascii_digit() => name.get(1..).unwrap_or_default(),
        _ => name,
    };
    let mut numbers = Vec::new();
    loop {
        let (digits, behind) = rest.split_at(rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
        // `2fa` is a word.
        if digits.is_empty() || behind.first().is_some_and(u8::is_ascii_alphabetic) {
            return numbers;
        }
        numbers.push(Digits::of(digits));
        match behind {
            [b'.' | b'_' | b'-', next, ..] if next.is_ascii_digit() => rest = behind.get(1..).unwrap_or_default(),
            _ => return numbers,
        }
    }
}

impl Digits {
    fn of(digits: &[u8]) -> Self {
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        Self(digits.get(zeros..).unwrap_or_default().into())
    }
}

impl Ord for Digits {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for Digits {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (self.0.as_slice(), other.0.as_slice());
        loop {
            let [one, two] = [left, right].map(|text| text.iter().take_while(|byte| byte.is_ascii_digit()).count());
            let ((one, left_rest), (two, right_rest)) = (left.split_at(one), right.split_at(two));
            let order = match (left_rest.split_first(), right_rest.split_first()) {
                _ if !one.is_empty() && !two.is_empty() => Digits::of(one).cmp(&Digits::of(two)),
                _ if one.is_empty() != two.is_empty() => left.first().cmp(&right.first()),
                (left, right) => left.map(|(first, _)| first).cmp(&right.map(|(first, _)| first)),
            };
            if order != Ordering::Equal || (left.is_empty() && right.is_empty()) {
                // Names that differ in zeros only have an order too.
                return order.then_with(|| self.0.cmp(&other.0));
            }
            let step = usize::from(one.is_empty());
            (left, right) = (left_rest.get(step..).unwrap_or_default(), right_rest.get(step..).unwrap_or_default());
        }
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Endings of files that undo, before `.sql`.
const UNDO: [&str; 3] = ["down", "rollback", "undo"];

/// The files that undo others. A name alone does not say so: the file that is undone must be there, or a name would
/// hide a migration from tools that know no such names.
pub(super) fn undoing<'a>(paths: impl Iterator<Item = &'a BString> + Clone) -> BTreeSet<usize> {
    let there: HashSet<&[u8]> = paths.clone().map(|path| path.as_slice()).collect();
    let undoes = |path: &BString| undone(path).iter().any(|other| there.contains(other.as_slice()));
    paths.enumerate().filter(|(_, path)| undoes(path)).map(|(file, _)| file).collect()
}

/// The names that a file may have which `path` undoes.
fn undone(path: &BString) -> Vec<Vec<u8>> {
    let (folder, file) = path.split_at(path.rfind_byte(b'/').map_or(0, |slash| slash + 1));
    let Some(stem) = file.strip_suffix(b".sql") else { return Vec::new() };
    let mut others = Vec::new();
    for word in UNDO {
        let Some(before) = stem.strip_suffix(word.as_bytes()) else { continue };
        match before.split_last() {
            None => others.push([folder, b"up.sql"].concat()),
            Some((mark @ (b'.' | b'_' | b'-'), name)) => {
                others.push([folder, name, &[*mark], b"up.sql"].concat());
                others.push([folder, name, b".sql"].concat());
            }
            Some(_) => {}
        }
    }
    // Flyway's `U1__a.sql` undoes `V1__a.sql`; `down/1.sql` undoes `up/1.sql`.
    if let Some(name) = file.strip_prefix(b"U") {
        others.push([folder, b"V", name].concat());
    }
    for word in UNDO {
        if let Some(above) = folder.strip_suffix(format!("{word}/").as_bytes())
            && (above.is_empty() || above.ends_with(b"/"))
        {
            others.push([above, b"up/", file].concat());
        }
    }
    others
}
