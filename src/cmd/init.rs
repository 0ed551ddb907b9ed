//! `refgate init`: a starter policy that doubles as the reference of every key. [`look`] finds out what the repository
//! has; [`write`](mod@write) turns that into the file; this file decides where it goes and says what was found.

mod drift;
mod look;
mod write;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

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
    let found = match &place {
        Place::Outside if args.print => Found::nothing(),
        _ => look::at(&Repo::discover(&args.repo, env)?, env, matches!(place, Place::GitDir))?,
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
    let path = top.join(POLICY_FILE);
    create(&path, &text)?;
    print(&summary(&found, &path))
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

fn summary(found: &Found, path: &Path) -> String {
    let mut out = format!("Wrote {}, having looked at the repository:\n", shown(path));
    for (what, line) in found.lines() {
        let _ = writeln!(out, "  {what:17} {line}");
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
