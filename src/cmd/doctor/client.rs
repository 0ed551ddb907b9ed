//! What keeps a clone's hooks from helping, and what its remotes tell of the server. A clone's hooks are for the person's
//! own good: `git commit --no-verify` walks around them, and only the server's does not let that happen.

use std::path::Path;

use bstr::{BStr, ByteSlice as _};

use super::{Complaint, hook, word};
use crate::cmd::client::{Asked, View};
use crate::env::Env;
use crate::error::Result;
use crate::escape;
use crate::git::{Repo, found};
use crate::install::{Gate, Place, Record, Witness};
use crate::ledger::MIRROR;
use crate::report::human::shell_word;

/// Looks at the clone at or above `dir`.
///
/// # Errors
/// There is none, or Git cannot read its configuration.
pub(super) fn examine(dir: &Path, env: &Env) -> Result<Vec<Complaint>> {
    let place = Place::client(dir)?;
    let install = format!("refgate install client --repo {}", word(&place.folder));
    let target = place.target();
    // Husky's own folder runs what stands above it.
    let folder = if target.folder().join("_") == place.hooks { target.folder() } else { &place.hooks };
    let mut complaints = Vec::new();
    for gate in [Gate::PreCommit, Gate::PrePush] {
        complaints.extend(hook::examine(&place, folder, gate, &install)?);
    }
    complaints.extend(remotes(&place)?);
    complaints.extend(witness(&place, &install)?);
    let repo = Repo::discover(dir, env)?;
    if let Err(error) = View::take(&repo, Asked::default()) {
        complaints.push(Complaint::problem("server-unknown", error.message, error.help));
    }
    Ok(complaints)
}

/// What keeps the clone from noticing that the server's ledger was rewritten.
fn witness(place: &Place, install: &str) -> Result<Vec<Complaint>> {
    let named = Record::load(&place.common_dir)?.remotes;
    let exact = |remote: &str| {
        let key = format!("remote.{remote}.fetch");
        format!("git config --add {} {MIRROR}:{MIRROR}", shell_word(key.as_bytes()))
    };
    let mut complaints = Vec::new();
    match Witness::look(place, &named)? {
        Witness::Missing { remote } => {
            let shown = escape::quote_path(remote.as_bytes());
            let what =
                format!("no fetch from {shown} keeps what the server's ledger said: rewritten, it would not show here");
            complaints.push(Complaint::advice("witness-missing", what, install));
        }
        Witness::Kept { remote, forced, pruned } => {
            let shown = escape::quote_path(remote.as_bytes());
            if forced {
                let what =
                    format!("a fetch from {shown} takes a ledger that was rewritten for the one that is known here");
                let mend = format!("take the + from the fetch line that covers {MIRROR}: git config --edit");
                complaints.push(Complaint::advice("witness-forced", what, mend));
            }
            if pruned {
                let what =
                    format!("a fetch from {shown} prunes, so where the server's mirror is deleted this one goes too");
                let mend = format!(
                    "once the server has a ledger, name it in full, and a fetch without it fails: {}",
                    exact(&remote)
                );
                complaints.push(Complaint::advice("witness-pruned", what, mend));
            }
        }
        Witness::Unasked => {}
    }
    Ok(complaints)
}

/// Remotes that a push reaches as files.
fn remotes(place: &Place) -> Result<Vec<Complaint>> {
    let Some(names) = found(place.git().arg("remote"))? else { return Ok(Vec::new()) };
    let mut complaints = Vec::new();
    for name in names.lines() {
        let urls = found(place.git().args(["remote", "get-url", "--push", "--all", "--"]).arg(name.to_os_str_lossy()))?;
        for url in urls.unwrap_or_default().lines().filter(|url| is_path(url.as_bstr())) {
            let (name, url) = (escape::quote_path(name), escape::quote_path(url));
            let what = format!("{name} is reached as files ({url}): whoever pushes there can switch its hook off");
            let mend = format!("serve it over SSH or HTTP, and git remote set-url {name} URL");
            complaints.push(Complaint::problem("remote-path", what, mend));
        }
    }
    Ok(complaints)
}

/// Whether Git takes a URL for a path on this machine: connect.c, `url_is_local_not_ssh`.
fn is_path(url: &BStr) -> bool {
    if url.starts_with(b"file://") {
        return true;
    }
    if url.contains_str("://") || url.contains_str("::") {
        return false;
    }
    let (colon, slash) = (url.find_byte(b':'), url.find_byte(b'/'));
    match (colon, slash) {
        (None, _) => true,
        (Some(colon), Some(slash)) => slash < colon,
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_hosts_as_git_does() {
        for url in ["/srv/a.git", "../a.git", "a.git", "file:///srv/a.git", "./a:b"] {
            assert!(is_path(url.into()), "{url}");
        }
        for url in
            ["ssh://host/a.git", "https://host/a.git", "host:a.git", "git@host:/a.git", "ext::sh -c x", "git://h/a"]
        {
            assert!(!is_path(url.into()), "{url}");
        }
    }
}
