//! Slash-separated paths, of files and of refs alike, as raw bytes.

use bstr::{BStr, ByteSlice};

/// The parts of a path, from the top: `a`, `a/b`, `a/b/c`.
pub fn prefixes(path: &BStr) -> impl Iterator<Item = &BStr> {
    let ends = path.find_iter(b"/").chain(std::iter::once(path.len()));
    ends.map(|end| path.get(..end).unwrap_or(path).as_bstr()).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefixes_of_a_path_end_with_the_path_itself() {
        let parts: Vec<&BStr> = prefixes("a/bc/d".into()).collect();
        assert_eq!(parts, ["a", "a/bc", "a/bc/d"]);
        assert_eq!(prefixes("a".into()).collect::<Vec<_>>(), ["a"]);
    }
}
