//! The entries of a tree, as gix reads them and only where Git reads the same, and whether they are well-formed.

use bstr::ByteSlice;
use gix::objs::TreeRefIter;
use gix::objs::tree::{EntryKind, EntryRef};

use super::repo::Repo;
use crate::error::{Error, Result};
use crate::oid::Oid;

/// Goes through the entries of one tree.
pub(super) struct Entries<'r, 'b> {
    repo: &'r Repo,
    tree: Oid,
    bytes: &'b [u8],
    rest: &'b [u8],
}

impl<'r, 'b> Entries<'r, 'b> {
    /// The entries in `bytes`, which are all of `tree` or a part of it.
    pub(super) fn new(repo: &'r Repo, tree: Oid, bytes: &'b [u8]) -> Self {
        Self { repo, tree, bytes, rest: bytes }
    }

    /// Where in the bytes the next entry begins.
    pub(super) fn offset(&self) -> usize {
        self.bytes.len() - self.rest.len()
    }

    /// The next entry, however it is spelt. Nothing comes after one that cannot be read.
    fn read(&mut self) -> Result<EntryRef<'b>> {
        let bytes = std::mem::take(&mut self.rest);
        let mut rest = TreeRefIter::from_bytes(bytes, self.repo.gix.object_hash());
        let entry = rest.next().ok_or("it ends too early".to_owned());
        let entry = entry.and_then(|entry| entry.map_err(|error| error.to_string()));
        let entry = entry.map_err(|error| self.repo.unreadable(self.tree, "tree", &error))?;
        self.rest = bytes.get(rest.offset_to_next_entry(bytes)..).unwrap_or_default();
        self.check_mode(&entry, bytes).map(|()| entry)
    }

    /// gix keeps `040000` and `140000` as one number, a folder; Git takes the second for a submodule.
    fn check_mode(&self, entry: &EntryRef<'_>, raw: &[u8]) -> Result<()> {
        if !entry.mode.is_tree() || raw.starts_with(b"40000 ") || raw.starts_with(b"040000 ") {
            return Ok(());
        }
        let digits = raw.iter().take_while(|byte| **byte != b' ');
        let mode = digits.fold(0u32, |mode, digit| mode << 3 | u32::from(digit.wrapping_sub(b'0') & 7));
        if mode & 0o170_000 == 0o040_000 {
            return Ok(());
        }
        Err(Error::malformed(format!("the tree {} has an entry of the mode {mode:o}", self.tree))
            .help("no Git tool writes such a tree; git fsck names it, and the commit must be made again"))
    }
}

impl<'b> Iterator for Entries<'_, 'b> {
    type Item = Result<EntryRef<'b>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match usual(self.rest, self.repo.format().byte_len()) {
            Some((entry, rest)) => {
                self.rest = rest;
                Some(Ok(entry))
            }
            None => Some(self.read()),
        }
    }
}

/// A whole entry with one of the modes that Git writes, and the bytes behind it. Millions of them are read, and gix asks
/// more of each; whatever is not plain is left to it.
#[inline]
fn usual(bytes: &[u8], hash: usize) -> Option<(EntryRef<'_>, &[u8])> {
    let (kind, rest) = match bytes {
        [b'1', b'0', b'0', b'6', b'4', b'4', b' ', rest @ ..] => (EntryKind::Blob, rest),
        [b'4', b'0', b'0', b'0', b'0', b' ', rest @ ..] => (EntryKind::Tree, rest),
        [b'1', b'0', b'0', b'7', b'5', b'5', b' ', rest @ ..] => (EntryKind::BlobExecutable, rest),
        _ => return None,
    };
    let (filename, rest) = rest.split_at_checked(rest.iter().position(|byte| *byte == 0)?)?;
    let (oid, rest) = rest.get(1..)?.split_at_checked(hash)?;
    let oid = gix::oid::try_from_bytes(oid).ok()?;
    Some((EntryRef { mode: kind.into(), filename: filename.as_bstr(), oid }, rest))
}

/// Whether the entries of a tree, told one after the other, are as every reader understands them alike: sorted, no name
/// twice, no name that hides a path. `git fsck` says the same, but a server need not run it.
#[derive(Default)]
pub(super) struct Form<'b> {
    last: &'b [u8],
    last_is_tree: bool,
    /// The files whose names the last entry's begins with, by how much of it, shortest first. A folder sorts as if its
    /// name ended in a slash, so a file of its name need not stand beside it; but all that stands between the two
    /// begins with that name.
    files: Vec<usize>,
    broken: bool,
}

impl<'b> Form<'b> {
    /// Takes the next entry.
    #[inline]
    pub(super) fn add(&mut self, entry: &EntryRef<'b>) {
        let (name, is_tree) = (entry.filename.as_bytes(), entry.mode.is_tree());
        let common = common(self.last, name);
        // Git's order: bytes, the name of a folder ending in a slash.
        let then = |name: &[u8], is_tree: bool| name.get(common).copied().or(is_tree.then_some(b'/'));
        let in_order = then(self.last, self.last_is_tree) < then(name, is_tree);
        // What it has in common with the last name was looked at there.
        let named = !name.is_empty() && !name.iter().skip(common).any(|byte| *byte == b'/');
        while self.files.pop_if(|length| *length > common).is_some() {}
        let twice = is_tree && self.files.last() == Some(&name.len());
        self.broken |= !in_order || !named || twice;
        if !is_tree {
            self.files.push(name.len());
        }
        (self.last, self.last_is_tree) = (name, is_tree);
    }

    /// Whether all is well so far.
    pub(super) fn is_good(&self) -> bool {
        !self.broken
    }
}

/// How many bytes two names have in common at their beginning.
#[inline]
fn common(a: &[u8], b: &[u8]) -> usize {
    let mut common = 0;
    while let (Some(a), Some(b)) = (a.get(common), b.get(common))
        && a == b
    {
        common += 1;
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;
    use gix::objs::tree::name_order;
    use proptest::prelude::*;

    const ID: [u8; 20] = [b'x'; 20];

    /// Bytes that are nearly a tree: modes of every spelling, names of every kind, ends anywhere.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let mode = prop::sample::select(vec![
            "100644", "100755", "40000", "040000", "120000", "160000", "140000", "100664", "0100644", "1040000", "0",
            "", "8", "100644 ", " 40000",
        ]);
        let name = prop::sample::select(vec!["a", "a b", "", " ", "a/b", "name.rs", "\u{1}", "100644 a", "\n"]);
        let entry = (mode, name, 0..4u8).prop_map(|(mode, name, odd)| {
            let id = if odd == 0 { &ID[..7] } else { &ID[..] };
            [mode.as_bytes(), b" ", name.as_bytes(), b"\0", id].concat()
        });
        (prop::collection::vec(entry, 0..4), 0..40usize).prop_map(|(entries, cut)| {
            let mut bytes = entries.concat();
            bytes.truncate(bytes.len().saturating_sub(cut.saturating_sub(20)));
            bytes
        })
    }

    /// Names that begin alike, so that much can stand between a file and the folder of its name.
    fn names() -> impl Strategy<Value = Vec<(String, bool)>> {
        let letter = || prop::sample::select(vec!['a', '-', '.', '0', '\u{1}']);
        let name = prop::collection::vec(letter(), 1..4).prop_map(|letters| letters.into_iter().collect::<String>());
        let odd = prop::sample::select(vec!["", "a/", "a/b", "/"]).prop_map(ToOwned::to_owned);
        prop::collection::vec((prop_oneof![20 => name, 1 => odd], any::<bool>()), 0..12)
    }

    fn entries(names: &[(String, bool)]) -> Vec<EntryRef<'_>> {
        let kind = |is_tree| if is_tree { EntryKind::Tree } else { EntryKind::Blob };
        let oid = gix::oid::try_from_bytes(&ID).unwrap();
        names
            .iter()
            .map(|(name, tree)| EntryRef { mode: kind(*tree).into(), filename: name.as_str().into(), oid })
            .collect()
    }

    fn is_good(entries: &[EntryRef<'_>]) -> bool {
        let mut form = Form::default();
        entries.iter().for_each(|entry| form.add(entry));
        form.is_good()
    }

    /// The same as the words have it, each with each.
    fn is_well_formed(entries: &[EntryRef<'_>]) -> bool {
        let order =
            |a: &EntryRef<'_>, b: &EntryRef<'_>| name_order(a.filename, a.mode.is_tree(), b.filename, b.mode.is_tree());
        let sorted = entries.is_sorted_by(|a, b| order(a, b).is_lt());
        let twice =
            entries.iter().enumerate().any(|(n, a)| entries.iter().skip(n + 1).any(|b| a.filename == b.filename));
        sorted && !twice && entries.iter().all(|entry| !entry.filename.is_empty() && !entry.filename.contains(&b'/'))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn what_is_read_at_once_is_what_gix_reads(bytes in bytes()) {
            if let Some((entry, rest)) = usual(&bytes, 20) {
                let mut plain = TreeRefIter::from_bytes(&bytes, gix::hash::Kind::Sha1);
                prop_assert_eq!(plain.next().unwrap().unwrap(), entry);
                prop_assert_eq!(plain.offset_to_next_entry(&bytes), bytes.len() - rest.len());
            }
        }

        #[test]
        fn a_tree_is_good_where_it_is_well_formed(mut names in names(), sort in 0..4u8) {
            if sort > 0 {
                names.sort_by(|a, b| name_order(a.0.as_bytes(), a.1, b.0.as_bytes(), b.1));
                names.dedup();
            }
            prop_assert_eq!(is_good(&entries(&names)), is_well_formed(&entries(&names)));
        }
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_are_found_however_far_apart() {
        let between = (0..2000).map(|number| (format!("a-{number:04}"), number % 2 == 0));
        let mut names: Vec<_> = [("a".to_owned(), false)].into_iter().chain(between).collect();
        names.push(("a0".to_owned(), true));
        assert!(is_good(&entries(&names)));
        names.insert(2001, ("a".to_owned(), true));
        assert!(!is_good(&entries(&names)));
        names.remove(0);
        assert!(is_good(&entries(&names)));
    }

    #[test]
    fn usual_entries_are_read_at_once() {
        for mode in ["100644", "100755", "40000"] {
            let bytes = [mode.as_bytes(), b" a\0", &ID, b"rest"].concat();
            let (entry, rest) = usual(&bytes, 20).unwrap();
            assert_eq!((entry.filename, rest), ("a".into(), &b"rest"[..]));
        }
    }
}
