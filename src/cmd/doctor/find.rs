//! Which repositories are meant.

use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::error::{Error, Result};
use crate::git::Repo;
use crate::policy::load::server_folder;

use super::shown;

/// Servers group their repositories in folders, seldom in more than two levels of them.
const DEEPEST: usize = 8;

/// The repository around a folder, and whether a gate is installed in it.
///
/// # Errors
/// There is none.
pub(super) fn around(dir: &Path, env: &Env) -> Result<(PathBuf, bool)> {
    let repo = Repo::discover(dir, env)?;
    let guarded = server_folder(&repo).exists();
    Ok(if guarded { (repo.common_dir().to_owned(), true) } else { (fs_err::canonicalize(dir)?, false) })
}

/// Folders that cannot be read, and why.
type Unread = Vec<(PathBuf, Error)>;

/// The repositories at and below `root`, sorted, and the folders that cannot be read; links are not followed.
///
/// # Errors
/// There is no such folder, or nothing in it.
pub(super) fn repositories(root: &Path) -> Result<(Vec<PathBuf>, Unread)> {
    let root = fs_err::canonicalize(root)?;
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    walk(&root, DEEPEST, &mut found, &mut unread);
    found.sort();
    if found.is_empty() && unread.is_empty() {
        return Err(Error::usage(format!("there is no Git repository in {}", shown(&root)))
            .help("name a repository, or the folder that holds them: refgate doctor --server ROOT"));
    }
    Ok((found, unread))
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>, unread: &mut Unread) {
    if let Some(git_dir) = [folder.to_owned(), folder.join(".git")].into_iter().find(|path| is_repository(path)) {
        found.push(git_dir);
        return;
    }
    if depth == 0 {
        return;
    }
    match folders(folder) {
        Ok(inner) => inner.iter().for_each(|inner| walk(inner, depth - 1, found, unread)),
        Err(error) => unread.push((folder.to_owned(), error)),
    }
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        }
    }
    Ok(folders)
}

/// What Git takes for a repository (setup.c, `is_git_directory`).
fn is_repository(path: &Path) -> bool {
    path.join("objects").is_dir() && path.join("refs").is_dir() && path.join("HEAD").symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(folder: &Path) {
        for part in ["objects", "refs"] {
            fs_err::create_dir_all(folder.join(part)).unwrap();
        }
        fs_err::write(folder.join("HEAD"), "ref: refs/heads/main\n").unwrap();
    }

    #[test]
    fn repositories_are_found_at_any_depth_and_none_inside_another() {
        let root = tempfile::tempdir().unwrap();
        assert!(repositories(root.path()).is_err());
        let real = fs_err::canonicalize(root.path()).unwrap();
        for name in ["a.git", "group/b.git", "group/work/.git", "a.git/modules/inner"] {
            make(&real.join(name));
        }
        std::os::unix::fs::symlink(&real, real.join("loop")).unwrap();
        let due: Vec<_> = ["a.git", "group/b.git", "group/work/.git"].map(|name| real.join(name)).into();
        assert_eq!(repositories(root.path()).unwrap(), (due, Vec::new()));
        assert_eq!(repositories(&real.join("a.git")).unwrap().0, [real.join("a.git")]);
    }
}
