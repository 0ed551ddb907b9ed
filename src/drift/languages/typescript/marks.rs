//! A set of small numbers, one bit for each: places of a file, or what is counted in it.

/// How many numbers a word has.
const BITS: usize = u64::BITS as usize;

#[derive(Default)]
pub(super) struct Marks(Vec<u64>);

impl Marks {
    /// Adds a number, and tells whether it is new.
    pub(super) fn insert(&mut self, number: impl TryInto<usize>) -> bool {
        // There are no more numbers than memory has bytes.
        let Ok(number) = number.try_into() else { return false };
        let (word, bit) = (number / BITS, 1 << (number % BITS));
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let Some(word) = self.0.get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    pub(super) fn contains(&self, number: impl TryInto<usize>) -> bool {
        let number: Option<usize> = number.try_into().ok();
        number.is_some_and(|number| self.0.get(number / BITS).is_some_and(|word| word & 1 << (number % BITS) != 0))
    }
}

impl<N: TryInto<usize>> Extend<N> for Marks {
    fn extend<I: IntoIterator<Item = N>>(&mut self, numbers: I) {
        for number in numbers {
            self.insert(number);
        }
    }
}

impl<N: TryInto<usize>> FromIterator<N> for Marks {
    fn from_iter<I: IntoIterator<Item = N>>(numbers: I) -> Self {
        let mut marks = Self::default();
        marks.extend(numbers);
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_what_was_added_and_nothing_beside_it() {
        let mut marks = Marks::default();
        assert!(!marks.contains(0_u32) && !marks.contains(1000_u32));
        let new = [63_u32, 64, 1000, 64].map(|number| marks.insert(number));
        assert_eq!(new, [true, true, true, false]);
        let has: Vec<u32> = (0..2000).filter(|number| marks.contains(*number)).collect();
        assert_eq!(has, [63, 64, 1000]);
    }
}
