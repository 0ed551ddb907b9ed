//! How much texts are alike.

use rapidfuzz::distance::jaro_winkler::{Args, BatchComparator};

/// Longer texts, in bytes, are like no other.
const LONGEST: usize = 256;
/// Texts that are not at least this alike, of 1, are not alike.
const LEAST: f64 = 0.5;
/// So many letters of a name are compared.
const LONGEST_NAME: usize = 128;

/// The text that is most like `wanted` by Jaro and Winkler; of several the first in their order.
pub(super) fn most_like<'t>(texts: &'t [String], wanted: &str) -> Option<&'t str> {
    let is_short = |text: &str| text.len() <= LONGEST;
    let wanted = is_short(wanted).then(|| BatchComparator::new(wanted.chars()))?;
    let mut best: Option<(f64, &str)> = None;
    for text in texts.iter().map(String::as_str).filter(|text| is_short(text)) {
        let least = Args::default().score_cutoff(best.map_or(LEAST, |(score, _)| score));
        let Some(score) = wanted.similarity_with_args(text.chars(), &least) else { continue };
        if best.map_or(score > LEAST, |(of_best, first)| score > of_best || (score == of_best && text < first)) {
            best = Some((score, text));
        }
    }
    best.map(|(_, text)| text)
}

/// A name of which only letters and digits count, whatever their case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// How many there are.
    length: usize,
    /// Each with the next one, in their order.
    pairs: Vec<[char; 2]>,
    /// A bit for each pair, which several may share.
    marks: u64,
}

impl Name {
    pub(super) fn of(name: &str) -> Self {
        let letters = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        let letters: Vec<char> = letters.take(LONGEST_NAME).collect();
        let mut pairs: Vec<[char; 2]> = letters.windows(2).filter_map(|pair| pair.try_into().ok()).collect();
        pairs.sort_unstable();
        // The letter of a name that has no other stands with itself.
        if let [only] = letters.as_slice() {
            pairs.push([*only, '\0']);
        }
        let mark = |[a, b]: &[char; 2]| {
            let both = u64::from(u32::from(*a)).wrapping_mul(31).wrapping_add(u64::from(u32::from(*b)));
            1 << (both.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
        };
        let marks = pairs.iter().map(mark).fold(0, |marks: u64, mark: u64| marks | mark);
        Self { length: letters.len(), pairs, marks }
    }

    /// No less than [`Self::likeness`], in a fraction of the time: of each mark that the other has not, it has no pair.
    pub(super) fn at_most(&self, other: &Self) -> f64 {
        if self.pairs.is_empty() {
            return 1.0;
        }
        let may_share = |own: &Self, other: &Self| own.count().saturating_sub((own.marks & !other.marks).count_ones());
        self.share(other, may_share(self, other).min(may_share(other, self)))
    }

    /// How many pairs it has.
    fn count(&self) -> u32 {
        u32::try_from(self.pairs.len()).unwrap_or(u32::MAX)
    }

    /// So many pairs that both have, of all.
    fn share(&self, other: &Self, both: u32) -> f64 {
        f64::from(both.saturating_mul(2)) / f64::from(self.count().saturating_add(other.count()).max(1))
    }

    /// How much two names are alike, from 0 to 1: the share of their pairs of letters that both have (Sørensen and Dice).
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        if self == other {
            return 1.0;
        }
        if self.length < 2 || other.length < 2 {
            return 0.0;
        }
        let (mut own, mut others, mut both) = (self.pairs.iter().peekable(), other.pairs.iter().peekable(), 0_u32);
        while let (Some(a), Some(b)) = (own.peek(), others.peek()) {
            let order = a.cmp(b);
            both += u32::from(order.is_eq());
            own.next_if(|_| order.is_le());
            others.next_if(|_| order.is_ge());
        }
        self.share(other, both)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Compares each with each, by another library.
    fn naive(texts: &[String], wanted: &str) -> Option<f64> {
        let rated = texts.iter().map(|text| strsim::jaro_winkler(text, wanted));
        rated.filter(|score| *score > LEAST).max_by(f64::total_cmp)
    }

    #[test]
    fn what_is_most_like_is_found() {
        let texts = ["price.currency", "title", "price.amount", "slug"].map(str::to_owned);
        assert_eq!(most_like(&texts, "price.amounts"), Some("price.amount"));
        assert_eq!(most_like(&texts, "titel"), Some("title"));
        assert_eq!(most_like(&texts, "xyzzy"), None);
        assert_eq!(most_like(&[], "title"), None);
        assert_eq!(most_like(&["b.id", "a.id"].map(str::to_owned), "c.id"), Some("a.id"));
    }

    #[test]
    fn very_long_texts_are_like_none() {
        let long = "a".repeat(LONGEST);
        let all = [long.clone() + "a", long.clone()];
        assert_eq!(most_like(&all, &long), Some(long.as_str()));
        assert_eq!(most_like(&all, &format!("{long}b")), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn no_other_is_more_like(
            texts in prop::collection::vec("[a-dA-B.é漢_]{1,80}", 0..12), wanted in "[a-dA-B.é漢_]{1,80}",
        ) {
            let found = most_like(&texts, &wanted).map(|text| strsim::jaro_winkler(text, &wanted));
            let best = naive(&texts, &wanted);
            let same = matches!((found, best), (Some(a), Some(b)) if (a - b).abs() < 1e-9);
            // At the very limit the two may round to either side.
            let at_limit = found.or(best).is_none_or(|score| score - LEAST < 1e-9);
            prop_assert!(same || at_limit, "{:?} {:?}", found, best);
        }

        #[test]
        fn names_are_as_much_alike_as_another_library_says(a in "[abc]{0,10}", b in "[abc]{0,10}") {
            let alike = Name::of(&a).likeness(&Name::of(&b.to_uppercase()));
            prop_assert!((alike - strsim::sorensen_dice(&a, &b)).abs() < 1e-9);
            prop_assert!(Name::of(&a).at_most(&Name::of(&b)) >= alike);
        }
    }
}
