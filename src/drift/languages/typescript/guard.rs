//! What the parser must not be given: it calls itself for each level of nesting, and it reads what might be the
//! parameters of an arrow function, or type arguments, twice.

use crate::drift::shape::Unread;

/// Stack for each byte of a file, as the caller promises it.
const STACK_PER_BYTE: usize = 2048;
/// The least stack.
const LEAST_STACK: usize = 64 << 20;
/// What one bracket costs at most, measured in a debug build and doubled.
const STACK_PER_BRACKET: usize = 48 << 10;
/// How often a byte may be read again, on average.
const TIMES: usize = 32;
/// The same for files too small for an average.
const SLACK: usize = 1 << 18;

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
    let deepest = LEAST_STACK.max(text.len().saturating_mul(STACK_PER_BYTE)) / STACK_PER_BRACKET;
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
            return Err(Unread::new(at, "the file is nested too deeply here to be read"));
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
