//! The loose refs, from their files. gix takes a folder that it cannot look at for one that holds nothing, and packed refs
//! that it cannot look at for none; a gate that misses a ref judges another repository.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice};

use crate::error::{Error, Result};
use crate::escape;
use crate::oid::Oid;

/// From this many files on a second thread pays for its start.
const WORTH_A_THREAD: usize = 1000;

/// Every loose ref below `refs/` with its value; `None` for a symbolic one, which hides a packed ref of its name.
///
/// # Errors
/// A folder or a file cannot be read, or holds something else than a ref.
pub(super) fn refs(common_dir: &Path) -> Result<BTreeMap<BString, Option<Oid>>> {
    let (mut found, mut files) = (BTreeMap::new(), Vec::new());
    let mut folders = vec![(common_dir.join("refs"), BString::from("refs"))];
    let mut top = true;
    while let Some((folder, name)) = folders.pop() {
        let entries = match fs_err::read_dir(&folder) {
            // Git deletes a folder with the last ref in it, whenever that is.
            Err(error) if !top && is_gone(&error, &folder)? => continue,
            entries => entries?,
        };
        top = false;
        for entry in entries {
            let entry = entry?;
            let name: BString = bstr::concat([name.as_slice(), b"/", entry.file_name().as_encoded_bytes()]).into();
            // Locks, and what else Git does not take for refs.
            if gix::validate::reference::name(name.as_bstr()).is_err() {
                continue;
            }
            match kind(&entry)? {
                Kind::Folder => folders.push((entry.path(), name)),
                Kind::File => files.push((entry.path(), name)),
                Kind::Symbolic => drop(found.insert(name, None)),
                Kind::Nothing => {}
            }
        }
    }
    let values = values(&files)?;
    found.extend(files.into_iter().zip(values).filter_map(|((_, name), value)| Some((name, value?))));
    Ok(found)
}

/// What each file says. Of many a second thread reads half: nearly all of it is waiting for the system.
fn values(files: &[(PathBuf, BString)]) -> Result<Vec<Option<Option<Oid>>>> {
    let each = |files: &[(PathBuf, BString)]| files.iter().map(|(path, name)| value(path, name)).collect();
    if files.len() < WORTH_A_THREAD {
        return each(files);
    }
    let (here, there) = files.split_at(files.len() / 2);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().spawn_scoped(scope, || each(there));
        let mut values: Vec<_> = each(here)?;
        // No room for a thread; slower is still right.
        let rest = thread.ok().and_then(|thread| thread.join().ok());
        values.extend(rest.unwrap_or_else(|| each(there))?);
        Ok(values)
    })
}

/// Whether what was listed a moment ago is not there any more, on a second look too.
fn is_gone(error: &std::io::Error, path: &Path) -> Result<bool> {
    Ok(error.kind() == ErrorKind::NotFound && !path.try_exists()?)
}

enum Kind {
    Folder,
    File,
    /// A link that is a symbolic ref.
    Symbolic,
    /// Deleted meanwhile, or a link that leads nowhere.
    Nothing,
}

fn kind(entry: &fs_err::DirEntry) -> Result<Kind> {
    let mut kind = entry.file_type()?;
    if kind.is_symlink() {
        if link(&entry.path())?.is_some() {
            return Ok(Kind::Symbolic);
        }
        kind = match fs_err::metadata(entry.path()) {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Kind::Nothing),
            Err(error) => return Err(error.into()),
        };
    }
    Ok(match kind {
        kind if kind.is_dir() => Kind::Folder,
        kind if kind.is_file() => Kind::File,
        _ => Kind::Nothing,
    })
}

/// What a link names, where Git takes the link for a symbolic ref (files-backend.c, `read_ref_internal`); any other one
/// it reads through, and an update puts a file in its place.
pub(super) fn link(path: &Path) -> Result<Option<BString>> {
    match fs_err::read_link(path) {
        Ok(target) => {
            Ok(Some(BString::from(target.as_os_str().as_encoded_bytes())).filter(|t| t.starts_with(b"refs/")))
        }
        // Gone, below a file, or no link: EINVAL.
        Err(error)
            if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidInput) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// What the file says; `None` when it is gone: deleted, or packed and so among the packed refs, which are read later.
fn value(path: &Path, name: &BString) -> Result<Option<Option<Oid>>> {
    let content = match read(path) {
        Ok(content) => content,
        Err(error) if is_gone(&error, path)? => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if content.starts_with(b"ref:") {
        return Ok(Some(None));
    }
    let hex = content.fields().next().unwrap_or_default();
    let value = Oid::from_hex(hex).ok_or_else(|| {
        Error::undecided(format!("the ref {} holds no object name", escape::quote_path(name)))
            .help("look with git for-each-ref, and mend the ref with git update-ref")
    })?;
    Ok(Some(Some(value)))
}

/// All of a file. Its size is not asked for first: refs are short, and there may be tens of thousands of them.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::with_capacity(128);
    fs_err::File::open(path)?.take(u64::MAX).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join("refs")).unwrap();
        for (name, text) in files {
            let path = folder.path().join("refs").join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, text).unwrap();
        }
        folder
    }

    fn names(folder: &tempfile::TempDir) -> Vec<(String, bool)> {
        let found = refs(folder.path()).unwrap();
        found.into_iter().map(|(name, value)| (name.to_string(), value.is_some())).collect()
    }

    #[test]
    fn refs_are_found_at_any_depth_and_what_git_keeps_beside_them_is_not() {
        let line = format!("{A}\n");
        let folder = folder(&[
            ("heads/main", &line),
            ("heads/a/b/c", A),
            ("heads/x.lock", ""),
            ("heads/.tmp", "x"),
            (".hidden/x", "x"),
            ("remotes/origin/HEAD", "ref: refs/remotes/origin/main\n"),
        ]);
        std::os::unix::fs::symlink("nowhere", folder.path().join("refs/heads/link")).unwrap();
        std::os::unix::fs::symlink("main", folder.path().join("refs/heads/other")).unwrap();
        std::os::unix::fs::symlink("refs/heads/main", folder.path().join("refs/heads/symbolic")).unwrap();
        let due = [
            ("refs/heads/a/b/c", true),
            ("refs/heads/main", true),
            ("refs/heads/other", true),
            ("refs/heads/symbolic", false),
            ("refs/remotes/origin/HEAD", false),
        ];
        assert_eq!(names(&folder), due.map(|(name, direct)| (name.to_owned(), direct)));
    }

    #[test]
    fn two_threads_read_what_one_does() {
        let names: Vec<String> = (0..2 * WORTH_A_THREAD).map(|number| format!("heads/x/{number:04}")).collect();
        let line = |number: usize| format!("{:040x}\n", number + 1);
        let lines: Vec<String> = (0..names.len()).map(line).collect();
        let folder =
            folder(&names.iter().map(String::as_str).zip(lines.iter().map(String::as_str)).collect::<Vec<_>>());
        let found = refs(folder.path()).unwrap();
        assert_eq!(found.len(), names.len());
        for (number, (name, value)) in found.into_iter().enumerate() {
            assert_eq!(
                (name, value),
                (format!("refs/{}", names[number]).into(), Oid::from_hex(line(number).trim().as_bytes()))
            );
        }
        for wrong in [0, names.len() - 1] {
            let path = folder.path().join("refs").join(&names[wrong]);
            fs_err::write(&path, "x").unwrap();
            assert!(refs(folder.path()).unwrap_err().message.contains(&names[wrong]));
            fs_err::write(&path, line(wrong)).unwrap();
        }
    }

    #[test]
    fn what_is_no_ref_is_an_error_and_so_are_no_refs_at_all() {
        for text in ["", "x", "ref", &A[1..], &A.to_uppercase().replace('1', "A")] {
            let error = refs(folder(&[("heads/main", text)]).path()).unwrap_err();
            assert!(error.message.contains("refs/heads/main") && !error.help.is_empty(), "{error}");
        }
        let empty = tempfile::tempdir().unwrap();
        assert!(refs(empty.path()).is_err());
        assert_eq!(names(&folder(&[])), []);
    }
}
