//! Which bytes may be read as an approval at all: those of a page that is small and shows what it holds.

use super::{MAX_BYTES, Problem};
use crate::markdown;

/// The text, less a byte order mark; or the one problem that forbids reading it.
pub(super) fn readable(bytes: &[u8]) -> Result<&str, Problem> {
    if bytes.len() > MAX_BYTES {
        return Err(Problem::new(
            1,
            format!("the approval is larger than {MAX_BYTES} bytes"),
            "keep scope and names in it, and put the rest into other files",
        ));
    }
    markdown::readable(bytes).map_err(|flaw| Problem::new(flaw.line, format!("the approval {}", flaw.what), flaw.help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_large_or_no_page_is_refused() {
        assert!(readable(&vec![b'a'; MAX_BYTES]).is_ok());
        assert!(readable(&vec![b'a'; MAX_BYTES + 1]).is_err());
        let problem = readable(b"\n\n\xff").unwrap_err();
        assert_eq!((problem.line, problem.message.as_str()), (3, "the approval is no UTF-8"));
    }
}
