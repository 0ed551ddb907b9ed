//! Counting by names of which there may be any number.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// So many names are counted for certain; twice as many are before the rarest are dropped.
const NAMES: usize = 4_096;

/// Counts by name. They are exact until there are thousands of names; then the rarest are dropped, and what is shown of
/// one may be too low by what a dropped one had.
#[derive(Debug)]
pub struct Tally<const N: usize> {
    counts: BTreeMap<String, [usize; N]>,
    total: [usize; N],
    short: usize,
}

impl<const N: usize> Default for Tally<N> {
    fn default() -> Self {
        Self { counts: BTreeMap::new(), total: [0; N], short: 0 }
    }
}

/// The names that were counted most.
#[derive(Debug, PartialEq, Eq)]
pub struct Most<'a, const N: usize> {
    /// Most first.
    pub names: Vec<(&'a str, [usize; N])>,
    /// What all others have together.
    pub others: [usize; N],
    /// By how much any of the numbers may be too low; what is missing there is among the others.
    pub short: usize,
}

impl<const N: usize> Tally<N> {
    /// Counts.
    pub(super) fn add(&mut self, name: &str, by: [usize; N]) {
        add(&mut self.total, by);
        if let Some(counts) = self.counts.get_mut(name) {
            add(counts, by);
            return;
        }
        self.counts.insert(name.to_owned(), by);
        if self.counts.len() > 2 * NAMES {
            let mut all: Vec<[usize; N]> = self.counts.values().copied().collect();
            all.sort_unstable_by_key(|counts| Reverse(*counts));
            let Some(least) = all.get(NAMES).copied() else { return };
            self.counts.retain(|_, counts| *counts > least);
            self.short += least.iter().copied().max().unwrap_or_default();
        }
    }

    /// The first of the names, by their first number, then by the next.
    pub fn most(&self, count: usize) -> Most<'_, N> {
        let mut names: Vec<(&str, [usize; N])> =
            self.counts.iter().map(|(name, counts)| (name.as_str(), *counts)).collect();
        names.sort_by_key(|(name, counts)| (Reverse(*counts), *name));
        names.truncate(count);
        let mut others = self.total;
        for (_, counts) in &names {
            others.iter_mut().zip(counts).for_each(|(rest, count)| *rest = rest.saturating_sub(*count));
        }
        Most { names, others, short: self.short }
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.short == 0
    }
}

fn add<const N: usize>(sum: &mut [usize; N], by: [usize; N]) {
    sum.iter_mut().zip(by).for_each(|(sum, by)| *sum += by);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_most_comes_first_and_the_rest_is_summed_up() {
        let mut tally = Tally::default();
        for (name, by) in [("b", [1, 1]), ("a", [1, 1]), ("c", [2, 0]), ("a", [1, 0]), ("d", [1, 0])] {
            tally.add(name, by);
        }
        let Most { names, others, short } = tally.most(2);
        assert_eq!((names, others, short), (vec![("a", [2, 1]), ("c", [2, 0])], [2, 1], 0));
        assert!(!tally.is_empty() && Tally::<2>::default().is_empty());
    }

    #[test]
    fn of_any_number_of_names_few_are_kept_and_the_frequent_ones_are_among_them() {
        let mut tally = Tally::default();
        for number in 0..100_000 {
            tally.add(&format!("rare {number}"), [1]);
            if number % 10 == 0 {
                tally.add("frequent", [1]);
            }
        }
        assert!(tally.counts.len() <= 2 * NAMES);
        let Most { names, others, short } = tally.most(1);
        let (name, [count]) = names[0];
        assert_eq!((name, count + others[0]), ("frequent", 110_000));
        assert!(count <= 10_000 && count + short >= 10_000, "{count} and {short}");
    }
}
