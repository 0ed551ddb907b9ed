//! `refgate init`: a starter policy that doubles as the reference of every key. [`look`] finds out what the repository
//! has; [`write`](mod@write) turns that into the file; this file decides where it goes and says what was found.

mod drift;
mod look;
mod write;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use self::look::Found;
use self::write::Keys;
use super::rules::print;
use crate::cli::Init;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::policy::POLICY_FILE;
use crate::policy::parse::{Known, built_in, parse};
use crate::rules;

/// Runs the command.
///
/// # Errors
/// The repository cannot be read, there is no work tree to write into, or a policy stands there already.
pub fn run(args: &Init, env: &Env) -> Result<()> {
    let place = Place::of(&fs_err::canonicalize(&args.repo)?);
    let repo = match &place {
        Place::Outside if args.print => None,
        _ => Some(Repo::discover(&args.repo, env)?),
    };
    let found = match &repo {
        Some(repo) => look::at(repo, env, matches!(place, Place::GitDir))?,
        None => Found::nothing(),
    };
    let keys = if args.no_hardware_keys { Keys::Any } else { Keys::Hardware };
    let text = policy(&found, keys)?;
    if args.print {
        return print(&text);
    }
    let Place::WorkTree(top) = place else {
        return Err(Error::usage("this repository has no work tree to write the policy into").help(
            "refgate init --print > refgate.toml, then refgate install server --repo DIR --policy refgate.toml",
        ));
    };
    let unseen = match (&repo, found.tree) {
        // What Git cannot say is left out: the policy does not rest on it.
        (Some(repo), Some(tree)) => look::unseen(repo, tree, &top).unwrap_or_default(),
        _ => Vec::new(),
    };
    let path = top.join(POLICY_FILE);
    create(&path, &text)?;
    print(&summary(&found, &unseen, &path))
}

/// The text of the policy, read back: a starter that the gate would refuse must never reach anybody.
fn policy(found: &Found, keys: Keys) -> Result<String> {
    let ids = rules::ids();
    let known = Known { rules: &ids, trunk: found.trunk.as_bstr() };
    let text = write::text(found, &built_in(known)?, keys);
    parse(&text, POLICY_FILE, known)?;
    Ok(text)
}

/// Where a folder lies, by the marks that Git itself goes by.
enum Place {
    /// In a work tree with this top.
    WorkTree(PathBuf),
    /// In a bare repository, or inside `.git`.
    GitDir,
    /// In no repository.
    Outside,
}

impl Place {
    fn of(folder: &Path) -> Self {
        for folder in folder.ancestors() {
            // A linked worktree or a submodule has a file there.
            if folder.join(".git").exists() {
                return Self::WorkTree(folder.to_owned());
            }
            if folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir() {
                return Self::GitDir;
            }
        }
        Self::Outside
    }
}

fn create(path: &Path, text: &str) -> Result<()> {
    let mut file = match fs_err::OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Error::usage(format!("{} exists already, and init overwrites nothing", shown(path)))
                .help("compare it with refgate init --print, or move it away first"));
        }
        Err(error) => return Err(error.into()),
    };
    file.write_all(text.as_bytes()).inspect_err(|_| {
        // Half a policy is worse than none; that it could not be written is what the caller hears.
        let _ = fs_err::remove_file(path);
    })?;
    Ok(())
}

/// How many files a sentence names.
const SHOWN: usize = 3;

fn summary(found: &Found, unseen: &[BString], path: &Path) -> String {
    let mut out = format!("Wrote {}, having looked at the branches and the files that Git tracks:\n", shown(path));
    for (what, line) in found.lines() {
        let _ = writeln!(out, "  {what:17} {line}");
    }
    if !unseen.is_empty() {
        let some: Vec<String> = unseen.iter().take(SHOWN).map(|path| escape::quote_path(path)).collect();
        let more = if unseen.len() > SHOWN { ", ..." } else { "" };
        let _ = writeln!(
            out,
            "Not looked at, for no commit holds them yet: {} ({}{more}).\n\
             After it does, refgate init --print says what it makes of them.",
            if unseen.len() == 1 { "1 file".to_owned() } else { format!("{} files", unseen.len()) },
            some.join(", "),
        );
    }
    out.push_str(
        "The first push into an empty server may bring it; after that, pushes cannot change it.\n\
         Next: read it, see what it would say with refgate check --policy refgate.toml, and have an\n\
         administrator put it in force: refgate install server --repo DIR --policy refgate.toml\n",
    );
    out
}

fn shown(path: &Path) -> String {
    escape::quote_path(path.as_os_str().as_encoded_bytes())
}

/// The policy that holds where no file says otherwise, for a branch of this name.
#[cfg(test)]
fn default_policy() -> crate::policy::Policy {
    let ids = rules::ids();
    built_in(Known { rules: &ids, trunk: b"refs/heads/main".as_bstr() }).unwrap()
}
