//! Commits and trees that anybody can push, against readers written after Git's own: what is read is what Git reads, or
//! nothing. The first byte chooses the kind.
//!
//! No part of the gate reads trailers yet; the headers of a commit are what stands nearest to them.

use bstr::ByteSlice;
use refgate::entry::{Entry, Mode};
use refgate::error::Kind;
use refgate::oid::Oid;

use super::place;
use super::{explains, tells};

pub(crate) fn holds(data: &[u8]) {
    let Some((kind, body)) = data.split_first() else { return };
    match kind % 3 {
        0 => commit(body),
        1 => tree(body),
        _ => tag(body),
    }
}

fn commit(body: &[u8]) {
    let (read, node) = place::with(|place| {
        let repo = place.repo();
        let oid = place.object("commit", body);
        (repo.commit(oid), repo.node(oid))
    });
    match &read {
        Ok(commit) => {
            let (tree, parents) = git_s_commit(body).expect("Git reads no such commit");
            assert_eq!((commit.tree, &commit.parents), (tree, &parents), "Git reads another commit");
        }
        Err(error) => explains(error, Kind::Undecided),
    }
    assert_eq!(read.is_ok(), node.is_ok());
    if let (Ok(commit), Ok(node)) = (read, node) {
        assert_eq!((commit.tree, &commit.parents, commit.time), (node.tree, &node.parents, node.time));
    }
}

/// `parse_commit_buffer` in Git's commit.c: a tree, then parents until another line comes.
fn git_s_commit(body: &[u8]) -> Option<(Oid, Vec<Oid>)> {
    let header = |text: &[u8], name: &[u8]| {
        let hex = text.strip_prefix(name)?.get(..41)?;
        (hex[40] == b'\n').then(|| Oid::from_hex(&hex[..40].to_ascii_lowercase())).flatten()
    };
    let tree = header(body, b"tree ")?;
    let mut rest = &body[46..];
    let mut parents = Vec::new();
    while rest.starts_with(b"parent ") {
        parents.push(header(rest, b"parent ")?);
        rest = &rest[48..];
    }
    Some((tree, parents))
}

fn tree(body: &[u8]) {
    place::with(|place| {
        let repo = place.repo();
        let oid = place.object("tree", body);
        match repo.tree(oid) {
            Ok(entries) => {
                let due = git_s_tree(body).expect("Git reads no such tree");
                let read: Vec<_> = entries.iter().map(|(name, entry)| (name.to_vec(), *entry)).collect();
                assert_eq!(read, due, "Git reads another tree");
            }
            Err(error) => {
                tells(&error.message);
                tells(&error.help);
            }
        }
        let mut paths = Vec::new();
        let walked = repo.diff(None, Some(oid), &mut |path, _, _| {
            paths.push(path.to_owned());
            Ok(())
        });
        match walked {
            Ok(()) => {
                let due = git_s_tree(body).expect("Git reads no such tree");
                assert_eq!(due.len(), paths.len(), "a path is missing");
                paths.sort();
                paths.dedup();
                assert_eq!(due.len(), paths.len(), "two entries make one path");
                assert!(paths.iter().all(|path| !path.is_empty() && !path.contains(&b'/')));
            }
            Err(error) => {
                tells(&error.message);
                tells(&error.help);
            }
        }
        for name in ["refgate.toml", "a", "a/b"] {
            let found = repo.find(oid, name.into());
            if let (Ok(None), Some(entries)) = (&found, git_s_tree(body)) {
                let first = entries.iter().find(|(own, _)| own.as_bstr() == name);
                assert_eq!(first, None, "{name} is there and was not found");
            }
        }
    });
}

/// `decode_tree_entry` in Git's tree-walk.c, `canon_mode` in its cache.h.
fn git_s_tree(body: &[u8]) -> Option<Vec<(Vec<u8>, Entry)>> {
    let mut entries = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ').filter(|at| *at > 0)?;
        let digits = rest[..space].iter().all(|digit| (b'0'..=b'7').contains(digit));
        let mode = rest[..space].iter().fold(0u32, |mode, digit| mode << 3 | u32::from(digit.wrapping_sub(b'0')));
        let name = &rest[space + 1..];
        let end = name.iter().position(|byte| *byte == 0).filter(|at| *at > 0 && digits)?;
        let oid = name.get(end + 1..end + 21)?;
        let mode = match mode & 0o170_000 {
            0o100_000 if mode & 0o100 != 0 => Mode::Executable,
            0o100_000 => Mode::File,
            0o120_000 => Mode::Symlink,
            0o040_000 => Mode::Tree,
            _ => Mode::Submodule,
        };
        entries.push((name[..end].to_vec(), Entry { mode, oid: Oid::from_bytes(oid)? }));
        rest = &name[end + 21..];
    }
    Some(entries)
}

fn tag(body: &[u8]) {
    place::with(|place| {
        let repo = place.repo();
        let oid = place.object("tag", body);
        // What the tag names is not there, whatever it names; a tag that names itself goes on for too long.
        explains(&repo.peel(oid).expect_err("it leads nowhere"), Kind::Undecided);
    });
}
