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

/// The repositories at and below `root`, sorted; links are not followed.
///
/// # Errors
/// A folder cannot be read, or there is no repository.
pub(super) fn repositories(root: &Path) -> Result<Vec<PathBuf>> {
    let root = fs_err::canonicalize(root)?;
    let mut found = Vec::new();
    walk(&root, DEEPEST, &mut found)?;
    found.sort();
    if found.is_empty() {
        return Err(Error::usage(format!("there is no Git repository in {}", shown(&root)))
            .help("name a repository, or the folder that holds them: refgate doctor --server ROOT"));
    }
    Ok(found)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    if let Some(git_dir) = [folder.to_owned(), folder.join(".git")].into_iter().find(|path| is_repository(path)) {
        found.push(git_dir);
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), depth - 1, found)?;
        }
    }
    Ok(())
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
        assert_eq!(repositories(root.path()).unwrap(), due);
        assert_eq!(repositories(&real.join("a.git")).unwrap(), [real.join("a.git")]);
    }
}
