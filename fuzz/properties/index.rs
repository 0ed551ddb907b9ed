//! The staged tree, from an index of any bytes: it holds the paths that a plain reader of the format finds, or nothing.

use refgate::entry::{Entry, Mode};
use refgate::env::Env;
use refgate::error::Kind;
use refgate::oid::Oid;

use super::place;
use super::tells;

pub(crate) fn holds(data: &[u8]) {
    place::with(|place| {
        let repo = place.repo();
        let file = place.file("index", data);
        let env = Env { index_file: Some(file.into_os_string()), ..Env::default() };
        let staged = repo.staged_commit(&env);
        assert_eq!(staged, repo.staged_commit(&env), "equal indexes give equal commits");
        let commit = match staged {
            Ok(commit) => repo.commit(commit).expect("what was written can be read"),
            Err(error) => {
                assert_eq!(error.kind, Kind::Undecided);
                return tells(&error.message);
            }
        };
        assert_eq!((commit.parents.as_slice(), commit.time), (&[][..], 0));
        let mut paths = Vec::new();
        let walked = repo.diff(None, Some(commit.tree), &mut |path, _, new| {
            paths.push((path.to_vec(), new.expect("all of it is new")));
            Ok(())
        });
        if let (Ok(()), Some(mut due)) = (walked, plain(data)) {
            paths.sort_by(|a, b| a.0.cmp(&b.0));
            due.sort_by(|a, b| a.0.cmp(&b.0));
            assert_eq!(paths, due, "the tree is not what is staged");
        }
    });
}

/// The entries of an index of version 2 or 3 without extensions (gitformat-index(5)); `None` for any other.
fn plain(data: &[u8]) -> Option<Vec<(Vec<u8>, Entry)>> {
    let number = |at: usize| data.get(at..at + 4).map(|bytes| u32::from_be_bytes(bytes.try_into().unwrap()));
    if !data.starts_with(b"DIRC") || !(2..=3).contains(&number(4)?) {
        return None;
    }
    let mut entries = Vec::new();
    let mut at = 12;
    for _ in 0..number(8)? {
        let (mode, flags) = (number(at + 24)?, number(at + 60)?);
        let extended = flags & 0x4000_0000 != 0;
        let name_at = at + if extended { 64 } else { 62 };
        let name = match (flags >> 16 & 0xfff) as usize {
            0xfff => data.get(name_at..)?.split(|byte| *byte == 0).next()?,
            length => data.get(name_at..name_at + length)?,
        };
        let later = extended && flags & 0x2000 != 0;
        let mode = match mode {
            0o100_644 => Mode::File,
            0o100_755 => Mode::Executable,
            0o120_000 => Mode::Symlink,
            0o160_000 => Mode::Submodule,
            _ => return None,
        };
        if !later {
            entries.push((name.to_vec(), Entry { mode, oid: Oid::from_bytes(data.get(at + 40..at + 60)?)? }));
        }
        at = name_at + name.len();
        at += 8 - (at - 12) % 8;
    }
    // Beyond the entries stands the checksum alone.
    (data.len() == at + 20).then_some(entries)
}
