//! What the parser must not be given: it calls itself for each level of nesting, and it reads what might be the
//! parameters of an arrow function, or type arguments, twice.

use crate::drift::languages::stack_for;
use crate::drift::shape::Unread;

/// What one bracket costs at most, measured in a debug build and doubled.
const STACK_PER_BRACKET: usize = 48 << 10;
/// What one level without a bracket costs at most.
const STACK_PER_LEVEL: usize = 2 << 10;
/// How often a byte may be read again, on average.
const TIMES: usize = 32;
/// The same for files too small for an average.
const SLACK: usize = 1 << 18;

const TOO_DEEP: &str = "the file is nested too deeply here to be read";

/// Where a text goes on for more tokens than there are levels of stack, before a `;` or `,` ends what they may be nested
/// in: `!!!a`, `a ? b : c ? d : e`. A text that has no more bytes than there are levels has none.
fn endless(text: &str, levels: usize) -> Option<usize> {
    if text.len() <= levels {
        return None;
    }
    let mut outer = Vec::new();
    let (mut floor, mut long, mut in_word) = (0_usize, 0_usize, false);
    for (at, byte) in text.bytes().enumerate() {
        let is_word = byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'_' | b'$');
        match byte {
            b'(' | b'[' | b'{' => {
                outer.push((floor, long + 1));
                floor = long + 1;
                long = floor;
            }
            b')' | b']' | b'}' => (floor, long) = outer.pop().unwrap_or_default(),
            b';' | b',' => long = floor,
            byte if byte.is_ascii_whitespace() => {}
            _ if is_word && in_word => {}
            _ => long += 1,
        }
        in_word = is_word;
        if long > levels {
            return Some(at);
        }
    }
    None
}

/// The nesting that is open at a byte. Brackets in strings and comments count: they rarely lack their other half.
#[derive(Default)]
struct Nesting {
    /// What was open outside of each bracket: speculation that a `;` ends, and speculation in all.
    outer: Vec<(usize, usize)>,
    /// `<` and `?` since the bracket's beginning or the last `;`.
    pending: usize,
    /// Those and the round brackets around them.
    open: usize,
    /// How many bytes are read again, in all.
    again: usize,
}

/// Whether a file can be parsed on the stack that there is and in a time that grows with its size.
pub(super) fn check(text: &str, typed: bool) -> Result<(), Unread> {
    let stack = stack_for(text.len());
    if let Some(at) = endless(text, stack / STACK_PER_LEVEL) {
        return Err(Unread::new(u32::try_from(at).unwrap_or(u32::MAX), TOO_DEEP));
    }
    let deepest = stack / STACK_PER_BRACKET;
    let most = text.len().saturating_mul(TIMES).saturating_add(SLACK);
    let mut nesting = Nesting::default();
    let mut before = 0;
    let mut last = 0;
    for (at, byte) in text.bytes().enumerate() {
        // Most bytes are letters and blanks.
        if byte > b'?' && byte < b'[' || byte > b']' && byte < b'{' || byte == b' ' {
            continue;
        }
        nesting.again = nesting.again.saturating_add((at - last).saturating_mul(nesting.open));
        last = at;
        nesting.take(byte, before, typed);
        if nesting.outer.len() > deepest || nesting.again > most {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            return Err(Unread::new(at, TOO_DEEP));
        }
        before = byte;
    }
    Ok(())
}

impl Nesting {
    fn take(&mut self, byte: u8, before: u8, typed: bool) {
        match byte {
            b'(' | b'[' | b'{' => {
                self.outer.push((self.pending, self.open));
                self.pending = 0;
                self.open += usize::from(byte == b'(');
            }
            b')' | b']' | b'}' => (self.pending, self.open) = self.outer.pop().unwrap_or_default(),
            b'<' | b'?' if typed => {
                self.pending += 1;
                self.open += 1;
            }
            b'>' if before != b'=' && self.pending > 0 => {
                self.pending -= 1;
                self.open -= 1;
            }
            b';' => {
                self.open -= self.pending;
                self.pending = 0;
            }
            _ => {}
        }
    }
}
