//! What a clone knows of its server: the remote-tracking refs, taken for the server's own.

use std::path::Path;

use bstr::{BStr, BString, ByteSlice};

use crate::cli::Seen;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::policy::Policy;
use crate::policy::load::{client_trunk, for_client, for_server, from_file, server, server_folder, trust};
use crate::refs::RefMap;
use crate::report::human::shell_word;
use crate::rules;

/// The server as seen from here.
pub struct View {
    /// The server's branches, under the names that they have there.
    pub refs: RefMap,
    /// The policy that judges.
    pub policy: Policy,
    /// The remote that the view is of; `None` where the repository itself is looked at.
    pub remote: Option<BString>,
}

/// What a person or a hook says of the view to take; what is left open is found out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The remote that a push goes to, by name or URL.
    pub remote: Option<&'a str>,
    /// The trusted ref, short or in full.
    pub trunk: Option<&'a str>,
    /// The file that judges instead of the server's policy.
    pub policy: Option<&'a Path>,
}

impl<'a> From<&'a Seen> for Asked<'a> {
    fn from(seen: &'a Seen) -> Self {
        Self { remote: seen.remote.as_deref(), trunk: seen.trunk.as_deref(), policy: seen.policy.as_deref() }
    }
}

impl View {
    /// Finds the repository that a command names and takes the view from there.
    ///
    /// # Errors
    /// As [`View::take`], and where there is no repository.
    pub fn open(seen: &Seen, env: &Env) -> Result<(Repo, Self)> {
        let repo = Repo::discover(&seen.repo, env)?;
        let view = Self::take(&repo, seen.into())?;
        Ok((repo, view))
    }

    /// Takes the view.
    ///
    /// # Errors
    /// The refs or the policy cannot be read, the remote is unknown here, or its trusted ref cannot be told.
    pub fn take(repo: &Repo, asked: Asked<'_>) -> Result<Self> {
        let ids = rules::ids();
        let local = repo.refs()?;
        if server(&server_folder(repo), &ids)?.is_some() {
            // The repository is a guarded server itself.
            if asked.trunk.is_some() {
                return Err(Error::usage("this repository's gate knows its trusted ref, so --trunk has no place here")
                    .help("change it with refgate install server --repo DIR --trusted-ref BRANCH"));
            }
            let judging = match asked.policy {
                Some(file) => {
                    let own = for_server(repo, &local, &ids)?;
                    let judging = from_file(file, own.trunk.as_bstr(), &ids)?;
                    Policy { trust: own.trust, repository_id: own.repository_id, ..judging }
                }
                None => for_server(repo, &local, &ids)?,
            };
            return Ok(Self { refs: local, policy: judging, remote: None });
        }
        let tracks = |remote: &BString| !tracked(&local, remote).is_empty();
        // A bare clone holds the server's branches under their own names.
        let remote = remote(repo, asked.remote)?
            .filter(|remote| asked.remote.is_some() || repo.has_work_tree() || tracks(remote));
        let (refs, head) = match &remote {
            Some(remote) => {
                let head: BString = bstr::concat([b"refs/remotes/", remote.as_slice(), b"/HEAD"]).into();
                let head = repo.symbolic_ref(head.as_bstr())?.and_then(|name| as_branch(name.as_bstr(), remote));
                (tracked(&local, remote), head)
            }
            // The first commit of all is about to be made: its branch is the one to trust.
            None if local.is_empty() => (local, repo.head()?),
            None => (local, None),
        };
        let trunk = trunk(asked.trunk, head, &refs, remote.as_ref())?;
        let policy = match asked.policy {
            Some(file) => {
                let trust = trust(repo, &refs, trunk.as_bstr(), None)?;
                Policy { trust, ..from_file(file, trunk.as_bstr(), &ids)? }
            }
            None => for_client(repo, &refs, trunk.as_bstr(), &ids)?,
        };
        Ok(Self { refs, policy, remote })
    }
}

/// What was said of the view to take, as it is typed, each word behind a space.
pub(super) fn words(seen: &Seen) -> String {
    let Seen { repo, remote, trunk, policy } = seen;
    let path = |path: &Path| shell_word(path.as_os_str().as_encoded_bytes());
    let name = |name: &String| shell_word(name.as_bytes());
    let words = [
        ("repo", Some(path(repo)).filter(|_| repo != Path::new("."))),
        ("remote", remote.as_ref().map(name)),
        ("trunk", trunk.as_ref().map(name)),
        ("policy", policy.as_deref().map(path)),
    ];
    words.into_iter().filter_map(|(option, word)| Some(format!(" --{option} {}", word?))).collect()
}

/// A branch in full, by its short or its full name.
pub(super) fn branch(name: &str) -> BString {
    if name.starts_with("refs/") { name.into() } else { format!("refs/heads/{name}").into() }
}

/// The remote that is meant, by name or URL, else the usual one; `None` where there is none.
pub(super) fn remote(repo: &Repo, wanted: Option<&str>) -> Result<Option<BString>> {
    let mut remotes = repo.remotes();
    if let Some(wanted) = wanted {
        let known = remotes.into_iter().find(|name| name == wanted).or_else(|| repo.remote_for_url(wanted));
        let shown = escape::quote_path(wanted.as_bytes());
        return known.map(Some).ok_or_else(|| {
            Error::undecided(format!("{shown} is no remote of this repository, so its refs are not known here"))
                .help(format!("make it one: git remote add <name> {shown}, git fetch <name>"))
        });
    }
    if remotes.len() < 2 {
        return Ok(remotes.pop());
    }
    let usual = repo.head_remote()?.unwrap_or_else(|| "origin".into());
    let found = remotes.iter().find(|name| **name == usual).or_else(|| remotes.iter().find(|name| *name == "origin"));
    found.cloned().map(Some).ok_or_else(|| {
        let names: Vec<String> = remotes.iter().map(|name| escape::quote_path(name)).collect();
        Error::usage(format!("there are several remotes and none is the usual one: {}", names.join(", ")))
            .help("refgate check --remote <name>, or git config branch.<branch>.remote <name> for good")
    })
}

/// The trusted ref. A clone knows it from the remote's `HEAD`; one that was put together by hand may not, and then a
/// guess between `main` and `master` would judge by the wrong policy.
fn trunk(asked: Option<&str>, head: Option<BString>, refs: &RefMap, remote: Option<&BString>) -> Result<BString> {
    let mut branches = refs.keys().filter(|name| name.starts_with(b"refs/heads/"));
    if let Some(asked) = asked {
        let asked = branch(asked);
        if branches.next().is_some() && !refs.contains_key(&asked) {
            let shown = escape::quote_path(&asked);
            return Err(Error::usage(format!("--trunk names {shown}, which the remote was not seen to hold"))
                .help("git fetch <remote>, or name another branch"));
        }
        return Ok(asked);
    }
    let usual = ["refs/heads/main", "refs/heads/master"].map(BString::from);
    let known = usual.iter().filter(|name| refs.contains_key(*name)).count();
    // The only branch of a repository without remotes is the trusted one, whatever its name.
    let few = if remote.is_some() { 0 } else { 1 };
    if head.is_some() || known == 1 || (known == 0 && branches.count() <= few) {
        return Ok(client_trunk(head, refs));
    }
    let which = if known == 0 { "neither main nor master is known" } else { "both main and master are known" };
    let help = match remote {
        Some(remote) => {
            let remote = escape::quote_path(remote);
            format!(
                "git remote set-head {remote} --auto asks the remote; in a clone of a single branch, git remote set-branches {remote} '*' and git fetch {remote} first; or refgate check --trunk <branch>"
            )
        }
        None => "name it: refgate check --trunk <branch>".to_owned(),
    };
    Err(Error::undecided(format!("which branch is the trusted one cannot be told: {which}")).help(help))
}

fn tracked(local: &RefMap, remote: &BString) -> RefMap {
    let branches = local.iter().filter_map(|(name, value)| Some((as_branch(name.as_bstr(), remote)?, *value)));
    // Statements are fetched to where the server has them, and those that were made here are about to be pushed.
    let statements = local.iter().filter(|(name, _)| name.starts_with(b"refs/refgate/"));
    branches.chain(statements.map(|(name, value)| (name.clone(), *value))).collect()
}

fn as_branch(name: &BStr, remote: &BString) -> Option<BString> {
    let branch = name.strip_prefix(b"refs/remotes/")?.strip_prefix(remote.as_slice())?.strip_prefix(b"/")?;
    Some(bstr::concat([b"refs/heads/", branch]).into())
}
