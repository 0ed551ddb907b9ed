//! The refs that the repository holds, and revisions that a person names.

use bstr::{BStr, BString, ByteSlice};

use super::loose;
use super::repo::{Repo, command, from_gix, one_line};
use crate::error::{Error, Result};
use crate::escape;
use crate::oid::Oid;
use crate::refs::RefMap;

impl Repo {
    /// Every direct ref with its value, tags unpeeled. Symbolic refs are left out: what they name is in the list.
    ///
    /// # Errors
    /// A ref cannot be read; a broken ref is a reason to stop, not to look away.
    pub fn refs(&self) -> Result<RefMap> {
        if self.has_reftable() {
            return self.refs_by_git();
        }
        // Loose refs first: one that git packs meanwhile is among the packed ones then.
        let mut refs = loose::refs(self.common_dir())?;
        let bad = |error: &dyn std::fmt::Display| {
            Error::undecided(format!("the packed refs cannot be read: {}", one_line(error)))
                .help("look with git for-each-ref")
        };
        let packed = self.gix.refs.open_packed_buffer().map_err(|error| bad(&error))?;
        if packed.is_none() && self.gix.refs.packed_refs_path().try_exists()? {
            return Err(bad(&"the file is there and was not found"));
        }
        if let Some(packed) = packed {
            for reference in packed.iter().map_err(|error| bad(&error))? {
                let reference = reference.map_err(|error| bad(&error))?;
                let (name, value) = (reference.name.as_bstr(), reference.target());
                refs.entry(name.to_owned()).or_insert(Some(from_gix(&value)?));
            }
        }
        Ok(refs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }

    /// The branch that `HEAD` names, born or not, in full; `None` when it is detached.
    ///
    /// # Errors
    /// `HEAD` cannot be read.
    pub fn head(&self) -> Result<Option<BString>> {
        if self.has_reftable() {
            return self.symbolic_ref(b"HEAD".as_bstr());
        }
        let name = self.gix.head_name().map_err(|error| {
            Error::undecided(format!("HEAD cannot be read: {}", one_line(&error)))
                .help("look with git symbolic-ref HEAD")
        })?;
        Ok(name.map(|name| name.as_bstr().to_owned()))
    }

    /// The commit that `HEAD` is at; `None` before the first one.
    ///
    /// # Errors
    /// `HEAD` cannot be read.
    pub fn head_commit(&self) -> Result<Option<Oid>> {
        if self.has_reftable() {
            let out = run_quiet(command(self.gix.git_dir()).args(["rev-parse", "--verify", "--quiet", "HEAD"]))?;
            return Ok(Oid::from_hex(out.trim_end()));
        }
        let bad = |error: &dyn std::fmt::Display| {
            Error::undecided(format!("HEAD cannot be read: {}", one_line(error))).help("look with git rev-parse HEAD")
        };
        let mut head = self.gix.head().map_err(|error| bad(&error))?;
        let id = head.try_peel_to_id().map_err(|error| bad(&error))?;
        id.map(|id| from_gix(&id)).transpose()
    }

    /// The ref that the symbolic ref `name` points to; `None` where there is no such ref or it is direct.
    ///
    /// # Errors
    /// The ref cannot be read.
    pub fn symbolic_ref(&self, name: &BStr) -> Result<Option<BString>> {
        if self.has_reftable() {
            let out =
                run_quiet(command(self.gix.git_dir()).args(["symbolic-ref", "--quiet"]).arg(name.to_os_str_lossy()))?;
            return Ok(Some(out.trim_end().as_bstr().to_owned()).filter(|name| !name.is_empty()));
        }
        let found = self.gix.try_find_reference(name).map_err(|error| {
            Error::undecided(format!("{} cannot be read: {}", escape::quote_path(name), one_line(&error)))
        })?;
        Ok(found.and_then(|reference| reference.target().try_name().map(|name| name.as_bstr().to_owned())))
    }

    /// What stands in the place of a ref that [`Repo::refs`] does not list; `None` where nothing does.
    ///
    /// # Errors
    /// The place cannot be read.
    pub fn unlisted(&self, name: &BStr) -> Result<Option<String>> {
        let Ok(full) = gix::refs::FullName::try_from(name) else { return Ok(None) };
        let to = |target: &BStr| format!("a symbolic ref to {}", escape::quote_path(target));
        if self.has_reftable() {
            return Ok(self.symbolic_ref(name)?.map(|target| to(target.as_bstr())));
        }
        // Whoever pushes chose the name and hears this: no path of the server's.
        let unread = || {
            Error::undecided(format!("what stands in the place of {} cannot be read", escape::quote_path(name)))
                .help("an administrator looks with git for-each-ref, and at what stands there among the files")
        };
        let path = self.common_dir().join(name.to_os_str_lossy());
        let is_no_name = |error: std::io::Error| error.kind() == std::io::ErrorKind::InvalidFilename;
        if fs_err::symlink_metadata(&path).is_err_and(is_no_name) {
            return Ok(None);
        }
        if let Some(target) = loose::link(&path).map_err(|_| unread())? {
            return Ok(Some(to(target.as_bstr())));
        }
        let found = self.gix.try_find_reference(full.as_ref()).map_err(|_| unread())?;
        let found = found.filter(|reference| reference.name().as_bstr() == name);
        Ok(found.map(|reference| match reference.target().try_name() {
            Some(target) => to(target.as_bstr()),
            None => "behind a symbolic link".to_owned(),
        }))
    }

    /// Whether the ref keeps this value without its loose file, and nobody deletes it: that is done under the lock of the
    /// packed refs, and what Git takes away after it has packed a ref is not.
    ///
    /// # Errors
    /// The packed refs cannot be read.
    pub fn is_pruned(&self, name: &BStr, value: Oid) -> Result<bool> {
        let packed = self.common_dir().join("packed-refs");
        // A link would have its lock elsewhere.
        let is_file = fs_err::symlink_metadata(&packed).is_ok_and(|found| found.is_file());
        if self.has_reftable() || !is_file || packed.with_extension("lock").try_exists()? {
            return Ok(false);
        }
        let bad = |error: &dyn std::fmt::Display| {
            Error::undecided(format!("the packed refs cannot be read: {}", one_line(error)))
        };
        let Ok(full) = gix::refs::FullName::try_from(name) else { return Ok(false) };
        let Some(packed) = self.gix.refs.open_packed_buffer().map_err(|error| bad(&error))? else { return Ok(false) };
        let found = packed.try_find(full.as_ref()).map_err(|error| bad(&error))?;
        found.map_or(Ok(false), |found| Ok(from_gix(&found.target())? == value))
    }

    /// The names of the configured remotes.
    pub fn remotes(&self) -> Vec<BString> {
        self.gix.remote_names().into_iter().map(|name| name.to_owned()).collect()
    }

    /// The remote that the current branch is configured to go to (`branch.<name>.remote`).
    ///
    /// # Errors
    /// `HEAD` cannot be read.
    pub fn head_remote(&self) -> Result<Option<BString>> {
        let Some(head) = self.head()? else { return Ok(None) };
        let Some(short) = head.strip_prefix(b"refs/heads/") else { return Ok(None) };
        let key = format!("branch.{}.remote", short.as_bstr());
        Ok(self.gix.config_snapshot().string(key.as_str()))
    }

    /// The name of the remote whose fetch or push URL is `url`.
    pub fn remote_for_url(&self, url: &str) -> Option<BString> {
        let config = self.gix.config_snapshot();
        self.remotes().into_iter().find(|name| {
            [".url", ".pushurl"].iter().any(|key| {
                let key = format!("remote.{name}{key}");
                config.string(key.as_str()).is_some_and(|value| value.as_bstr() == url)
            })
        })
    }

    /// The object that a revision expression names (gitrevisions(7)).
    ///
    /// # Errors
    /// It names none, or more than one.
    pub fn resolve(&self, revision: &str) -> Result<Oid> {
        let bad = |error: &dyn std::fmt::Display| {
            let shown = escape::quote_path(revision.as_bytes());
            Error::usage(format!("{shown} names no object here: {}", one_line(error)))
                .help("git log --oneline --all shows what there is")
        };
        if self.has_reftable() {
            let out =
                run(command(self.gix.git_dir()).args(["rev-parse", "--verify", "--end-of-options"]).arg(revision))?;
            return Oid::from_hex(out.trim_end()).ok_or_else(|| bad(&"not found"));
        }
        let id = self.gix.rev_parse_single(revision).map_err(|error| bad(&error))?;
        from_gix(&id)
    }

    /// gix reads a reftable repository as one without refs, and says nothing: the worst answer for a gate.
    fn has_reftable(&self) -> bool {
        let storage = self.gix.config_snapshot().string("extensions.refStorage");
        storage.is_some_and(|value| value.as_bstr() != "files")
    }

    fn refs_by_git(&self) -> Result<RefMap> {
        let format = "--format=%(objectname) %(symref) %(refname)";
        let out = run(command(self.common_dir()).args(["for-each-ref", format]))?;
        let mut refs = RefMap::new();
        for line in out.lines() {
            let mut fields = line.splitn(3, |byte| *byte == b' ');
            let (Some(oid), Some(symref), Some(name)) = (fields.next(), fields.next(), fields.next()) else {
                return Err(Error::undecided("git for-each-ref gave a line that refgate cannot read"));
            };
            if symref.is_empty() {
                let oid = Oid::from_hex(oid).ok_or_else(|| Error::undecided("git for-each-ref gave no object name"))?;
                refs.insert(name.into(), oid);
            }
        }
        Ok(refs)
    }
}

fn run(command: &mut std::process::Command) -> Result<Vec<u8>> {
    answered(command, false)
}

/// For the commands whose `--quiet` says "there is none" by exit status 1 and no output.
fn run_quiet(command: &mut std::process::Command) -> Result<Vec<u8>> {
    answered(command, true)
}

fn answered(command: &mut std::process::Command, may_find_nothing: bool) -> Result<Vec<u8>> {
    let output = command.output().map_err(|error| {
        Error::undecided(format!("git cannot be started: {error}")).help(
            "the refs of this repository are in reftable format, which only git reads: put git on the hook's PATH",
        )
    })?;
    match output.status.code() {
        Some(0) => Ok(output.stdout),
        Some(1) if may_find_nothing && output.stdout.is_empty() => Ok(Vec::new()),
        _ => Err(Error::undecided(format!("git failed: {}", escape::escape(output.stderr.trim_end())))),
    }
}
