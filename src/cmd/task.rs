//! `refgate task`: the commands by which a person works on a task. [`start`](mod@start) begins it,
//! [`survey`] finds out what it lacks, [`follow_up`] what hotfixes left open, [`status`](mod@status) tells that, [`finish`](mod@finish) writes its end; this
//! file knows which task is meant, and what its server was last seen to hold.

mod finish;
pub(super) mod follow_up;
mod start;
pub(super) mod status;
pub(super) mod survey;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice as _};

use super::check;
use super::client::View;
use crate::change::{ChangeSet, Need, Push, load};
use crate::cli::Seen;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::{Repo, top};
use crate::oid::Oid;
use crate::policy::Policy;
use crate::provenance::task::is_task_name;
use crate::refs::RefMap;
use crate::report::human::shell_word;

pub use finish::run as finish;
pub use start::run as start;
pub use status::run as status;

/// A task, and what is known of the server that it goes to.
pub(super) struct Work {
    pub(super) repo: Repo,
    pub(super) policy: Policy,
    /// What the server was last seen to hold.
    pub(super) refs: RefMap,
    /// The remote that it is; `None` where this repository is looked at as if it were the server.
    pub(super) remote: Option<BString>,
    /// The task's name.
    pub(super) name: String,
    /// The short name of the task's branch.
    pub(super) branch: String,
    /// The protected branch that takes it, in full, where it is no task but a branch that goes on along a chain.
    pub(super) step: Option<BString>,
}

impl Work {
    /// The task that is named, else the one whose branch is checked out.
    pub(super) fn open(seen: &Seen, name: Option<&str>, env: &Env) -> Result<Self> {
        let (repo, View { refs, policy, remote }) = look_at_something(seen, env)?;
        let name = match name {
            Some(name) => name.to_owned(),
            None => current(&repo, &policy)?,
        };
        if !is_task_name(&name) {
            let shown = escape::quote_path(name.as_bytes());
            return Err(Error::usage(format!("{shown} is no name of a task"))
                .help("begin with a letter or digit, and go on with these, `.`, `_` and `-`"));
        }
        let branch = format!("{}{name}", policy.task_prefix);
        Ok(Self { repo, policy, refs, remote, name, branch, step: None })
    }

    /// A protected branch, by its short name, that another one is to take.
    pub(super) fn open_step(seen: &Seen, branch: &str, into: &BStr, env: &Env) -> Result<Self> {
        let (repo, View { refs, policy, remote }) = look_at_something(seen, env)?;
        let (name, branch) = (branch.to_owned(), branch.to_owned());
        Ok(Self { repo, policy, refs, remote, name, branch, step: Some(into.to_owned()) })
    }

    /// The task's branch in full.
    pub(super) fn refname(&self) -> BString {
        format!("refs/heads/{}", self.branch).into()
    }

    /// The task's folder, from the top of the tree, without a slash at its end.
    fn folder(&self) -> String {
        format!("{}/{}", self.policy.trace, self.name)
    }

    /// The task's branch for a shell.
    pub(super) fn shell_branch(&self) -> String {
        shell_word(self.branch.as_bytes())
    }

    /// The server for people.
    pub(super) fn server(&self) -> String {
        self.remote.as_ref().map_or("this repository".into(), |remote| shell_word(remote))
    }

    /// What a command calls a branch of the server: `origin/main`.
    pub(super) fn tracking(&self, branch: &[u8]) -> String {
        let short = branch.strip_prefix(b"refs/heads/").unwrap_or(branch);
        match &self.remote {
            Some(remote) => shell_word(&bstr::concat([remote.as_slice(), b"/", short])),
            None => shell_word(short),
        }
    }

    /// The facts of a task branch that ends in `tip`, as the server would load them for its push.
    pub(super) fn facts(&self, tip: Oid, now: jiff::Timestamp) -> Result<ChangeSet> {
        let mut refs = self.refs.clone();
        let update = check::update(&mut refs, &self.policy, self.refname(), tip);
        let push = Push::new(refs, vec![update], false);
        let needs = |_| BTreeSet::from([Need::Content, Need::Task]);
        let mut loaded = load(&self.repo, &self.policy, &push, &needs, now)?;
        let sets = loaded.next().transpose()?.unwrap_or_default();
        sets.into_iter().next().ok_or_else(|| Error::undecided("there is nothing to judge"))
    }

    /// Whether the task's branch is the current one.
    fn is_current(&self) -> Result<bool> {
        Ok(self.repo.head()?.is_some_and(|head| head == self.refname()))
    }

    /// What comes before a command that works on the task's branch.
    pub(super) fn switch(&self) -> Result<String> {
        Ok(if self.is_current()? { String::new() } else { format!("git switch {} && ", self.shell_branch()) })
    }

    /// The top of the work tree in which the task's branch is checked out.
    fn checked_out(&self, seen: &Seen) -> Result<PathBuf> {
        if !self.is_current()? {
            return Err(Error::usage(format!("{} is not checked out here", self.shell_branch()))
                .help(format!("git switch {}", self.shell_branch())));
        }
        top(&seen.repo)
    }
}

/// The repository, and what its server was last seen to hold, where that is anything.
fn look_at_something(seen: &Seen, env: &Env) -> Result<(Repo, View)> {
    let (repo, view) = View::open(seen, env)?;
    if view.refs.is_empty() {
        return Err(match &view.remote {
            Some(remote) => Error::undecided(format!("nothing is known of {}", shell_word(remote)))
                .help(format!("git fetch {}; where it holds nothing yet, push the first branch", shell_word(remote))),
            None => Error::undecided("there is no commit that a task could begin at")
                .help("commit something on the branch to protect first"),
        });
    }
    Ok((repo, view))
}

/// The task whose branch is checked out.
pub(super) fn current(repo: &Repo, policy: &Policy) -> Result<String> {
    let head = repo.head()?;
    let task = head.as_ref().and_then(|head| policy.task_of(head.as_bstr()));
    task.map(|task| task.to_str_lossy().into_owned()).ok_or_else(|| {
        let prefix = &policy.task_prefix;
        Error::usage("no branch of a task is checked out, so it is open which one is meant").help(format!(
            "name the task, or git switch {prefix}<task>; refgate task start <task> begins one at a branch {prefix}<task>"
        ))
    })
}

/// Whether a folder stands there. What stands behind a link would be written elsewhere, so nothing goes through one.
pub(super) fn is_folder(path: &Path) -> Result<bool> {
    match fs_err::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Ok(true),
        Ok(_) => {
            let shown = escape::quote_path(path.as_os_str().as_encoded_bytes());
            Err(Error::usage(format!("{shown} stands where a folder must be")).help("move it away"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Makes a folder below `top`, and those above it.
fn make_folder(top: &Path, folder: &str) -> Result<PathBuf> {
    let mut path = top.to_owned();
    for part in folder.split('/').filter(|part| !part.is_empty()) {
        path.push(part);
        if !is_folder(&path)? {
            fs_err::create_dir(&path)?;
        }
    }
    Ok(path)
}

/// Writes a file below `top`, whole or not at all. What stands in its place is replaced, or an error.
pub(super) fn write(top: &Path, path: &str, text: &str, replace: bool) -> Result<()> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = make_folder(top, folder)?;
    let mode = std::fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().prefix(".refgate-").permissions(mode).tempfile_in(&folder)?;
    file.write_all(text.as_bytes())?;
    let place = folder.join(name);
    let put = if replace { file.persist(&place) } else { file.persist_noclobber(&place) };
    put.map(|_| ()).map_err(|error| {
        let shown = escape::quote_path(place.as_os_str().as_encoded_bytes());
        Error::undecided(format!("{shown} cannot be written: {}", error.error))
    })
}
