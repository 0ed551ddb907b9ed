//! Offsets in bytes for places that are counted in characters.

/// Every so many characters one offset is kept.
const STEP: usize = 64;

/// Where characters stand in a text; every look-up is a step of bounded length.
pub(super) struct Places<'a> {
    text: &'a str,
    /// The offset of every [`STEP`]th character; none for a text in ASCII.
    offsets: Option<Vec<usize>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let every_step = || text.char_indices().step_by(STEP).map(|(at, _)| at).collect();
        Self { text, offsets: (!text.is_ascii()).then(every_step) }
    }

    /// The offset of the character with this index; the text's end for one beyond it.
    pub(super) fn byte(&self, character: usize) -> usize {
        let Some(offsets) = &self.offsets else { return character.min(self.text.len()) };
        let Some(start) = offsets.get(character / STEP) else { return self.text.len() };
        let rest = self.text.get(*start..).unwrap_or_default();
        rest.char_indices().nth(character % STEP).map_or(self.text.len(), |(at, _)| start + at)
    }
}
