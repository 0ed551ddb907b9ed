//! Slash-separated paths, of files and of refs alike, as raw bytes.

use bstr::{BStr, ByteSlice};

use crate::error::{Error, Result};

/// All paths of a change together, in bytes. Folders in folders make a million paths of sixty thousand bytes each out
/// of a push of a few hundred.
const MAX_BYTES: usize = 256 * 1024 * 1024;

/// How many paths may still be kept, and of how many bytes in all. Trees claim any number of paths at no cost; memory is
/// what they would take.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    most: usize,
    paths: usize,
    bytes: usize,
}

impl Budget {
    /// A budget for `most` paths.
    pub const fn new(most: usize) -> Self {
        Self { most, paths: most, bytes: MAX_BYTES }
    }

    /// Takes one path out of the budget. `what` holds the paths.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn spend(&mut self, path: &BStr, what: &str) -> Result<()> {
        let left = self.paths.checked_sub(1).zip(self.bytes.checked_sub(path.len()));
        let Some((paths, bytes)) = left else {
            let most = self.most;
            return Err(Error::malformed(format!("{what} more than {most} paths, or paths too long for so many"))
                .help("split the change into several pushes, and keep a trace folder to the artifacts of its task"));
        };
        (self.paths, self.bytes) = (paths, bytes);
        Ok(())
    }
}

/// The parts of a path, from the top: `a`, `a/b`, `a/b/c`.
pub fn prefixes(path: &BStr) -> impl Iterator<Item = &BStr> {
    let ends = memchr::memchr_iter(b'/', path).chain(std::iter::once(path.len()));
    ends.map(|end| path.get(..end).unwrap_or(path).as_bstr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_by_number_and_by_length() {
        let mut few = Budget::new(2);
        assert!(few.spend("a".into(), "x").is_ok() && few.spend("b".into(), "x").is_ok());
        assert!(few.spend("c".into(), "x").is_err());
        let (mut many, long) = (Budget::new(usize::MAX), "a".repeat(MAX_BYTES / 2));
        assert!(many.spend(long.as_str().into(), "x").is_ok() && many.spend(long.as_str().into(), "x").is_ok());
        assert!(many.spend("a".into(), "x").is_err());
    }

    #[test]
    fn the_prefixes_of_a_path_end_with_the_path_itself() {
        let parts: Vec<&BStr> = prefixes("a/bc/d".into()).collect();
        assert_eq!(parts, ["a", "a/bc", "a/bc/d"]);
        assert_eq!(prefixes("a".into()).collect::<Vec<_>>(), ["a"]);
    }
}
