//! Which copy of the policy is trusted. On a server: the file in the repository's own folder, else the old tip of the
//! trusted ref, else the built-in policy. On a client: what it last saw of the server's trusted ref. Never what is
//! being pushed.

use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice};

use super::parse::{Known, built_in, parse};
use super::roles::Trust;
use super::server::{Server, parse_server};
use super::{POLICY_FILE, POLICY_FOLDER, Policy};
use crate::digest::sha256;
use crate::entry::Mode;
use crate::error::{Error, Result};
use crate::git::Repo;
use crate::refs::RefMap;
use crate::sign::{Revoked, Signers};

/// The largest policy, in bytes.
pub const MAX_POLICY: u64 = 1024 * 1024;

/// The name of the folder that an installed gate owns inside the repository's own folder.
pub const FOLDER: &str = "refgate";

/// The folder that an installed gate owns inside the repository's own folder.
pub fn server_folder(repo: &Repo) -> PathBuf {
    repo.common_dir().join(FOLDER)
}

/// The server's own word; `None` where no gate is installed.
///
/// # Errors
/// The file cannot be read or is not valid.
pub fn server(folder: &Path, rules: &[&str]) -> Result<Option<Server>> {
    let path = folder.join("server.toml");
    read(&path)?.map(|text| parse_server(&text, &shown(&path), rules)).transpose()
}

/// The policy that judges pushes into this repository, whose refs are `refs`.
///
/// # Errors
/// The policy in force cannot be read or is not valid, or the gate's folder stands without the server's own word: then
/// nothing can be decided.
pub fn for_server(repo: &Repo, refs: &RefMap, rules: &[&str]) -> Result<Policy> {
    let folder = server_folder(repo);
    let server = server(&folder, rules)?;
    if server.is_none() && folder.try_exists()? {
        // Its floor would be gone without a sound. Where nothing was ever installed there was none, and the built-in
        // policy judges.
        return Err(damaged());
    }
    let trunk = match &server {
        Some(server) => server.trusted_ref.clone(),
        None => client_trunk(repo.head()?.filter(|head| refs.is_empty() || refs.contains_key(head)), refs),
    };
    let known = Known { rules, trunk: trunk.as_bstr() };
    let path = folder.join("policy.toml");
    let mut policy = match read(&path)? {
        Some(text) => parse(&text, &shown(&path), known)?,
        None => at_trunk(repo, refs, known)?,
    };
    policy.trust = trust(repo, refs, trunk.as_bstr(), Some(&folder))?;
    if let Some(server) = server {
        policy.floor = server.floor;
        policy.actor = server.actor;
        policy.urls = server.urls;
        policy.repository_id = Some(server.repository_id);
    } else {
        // Whoever has no gate of their own has no word on which repository this is.
        policy.repository_id = policy.repository_id.filter(|_| refs.contains_key(&trunk));
    }
    Ok(policy)
}

/// The file of signers, in the gate's folder or in the policy's at the trusted ref.
pub const SIGNERS: &str = "allowed_signers";
/// The file of revocations, likewise: a KRL, or public keys line by line.
pub const REVOKED: &str = "revoked";

/// Whose keys are whose. The signers of the gate's own folder replace those of the trusted ref; a revocation in either
/// place counts.
///
/// # Errors
/// A file cannot be read or is not valid: then nobody's signature can be judged, nor its lack.
pub fn trust(repo: &Repo, refs: &RefMap, trunk: &BStr, folder: Option<&Path>) -> Result<Trust> {
    let mut trust = Trust::default();
    let own = |name: &str| folder.map(|folder| bytes(&folder.join(name))).transpose().map(Option::flatten);
    let signers = match own(SIGNERS)? {
        Some(bytes) => Some(bytes),
        None => trusted_file(repo, refs, trunk, SIGNERS)?,
    };
    if let Some(bytes) = signers {
        trust.digests.push(format!("{SIGNERS} {}", sha256(&bytes)));
        trust.signers = Some(Signers::parse(&bytes, SIGNERS)?);
    }
    for bytes in [own(REVOKED)?, trusted_file(repo, refs, trunk, REVOKED)?].into_iter().flatten() {
        trust.digests.push(format!("{REVOKED} {}", sha256(&bytes)));
        trust.revoked.push(Revoked::parse(&bytes, REVOKED)?);
    }
    Ok(trust)
}

/// A file of the policy's folder at the trusted ref.
fn trusted_file(repo: &Repo, refs: &RefMap, trunk: &BStr, name: &str) -> Result<Option<Vec<u8>>> {
    let Some(tip) = refs.get(trunk) else { return Ok(None) };
    let path = format!("{POLICY_FOLDER}/{name}");
    let Some(entry) = repo.find(repo.commit(*tip)?.tree, path.as_str().into())? else { return Ok(None) };
    let help = "an administrator sets the signers with refgate install server --repo DIR --signers FILE";
    if entry.mode != Mode::File {
        return Err(Error::undecided(format!("{path} at the trusted ref is {}", entry.mode.name())).help(help));
    }
    let content = repo.blob(entry.oid, MAX_POLICY)?;
    let large = || Error::undecided(format!("{path} at the trusted ref is larger than {MAX_POLICY} bytes")).help(help);
    content.map(Some).ok_or_else(large)
}

/// Where a gate was installed and its own word is gone.
pub fn damaged() -> Error {
    Error::undecided("the gate of this repository is damaged: refgate/server.toml is missing")
        .help("an administrator installs it again: refgate install server --repo DIR")
}

/// The policy as a client knows it: `refs` is what it last saw of the server.
///
/// # Errors
/// As [`for_server`].
pub fn for_client(repo: &Repo, refs: &RefMap, trunk: &BStr, rules: &[&str]) -> Result<Policy> {
    Ok(Policy { trust: trust(repo, refs, trunk, None)?, ..at_trunk(repo, refs, Known { rules, trunk })? })
}

/// A policy file that a person names.
///
/// # Errors
/// The file cannot be read or is not valid.
pub fn from_file(path: &Path, trunk: &BStr, rules: &[&str]) -> Result<Policy> {
    parse(&fs_err::read_to_string(path)?, &shown(path), Known { rules, trunk })
}

fn at_trunk(repo: &Repo, refs: &RefMap, known: Known<'_>) -> Result<Policy> {
    let Some(tip) = refs.get(known.trunk) else { return built_in(known) };
    let commit = repo.commit(*tip)?;
    let Some(entry) = repo.find(commit.tree, POLICY_FILE.into())? else { return built_in(known) };
    if entry.mode != Mode::File {
        return Err(Error::undecided(format!("{POLICY_FILE} at the trusted ref is {}", entry.mode.name()))
            .help("an administrator sets the policy with refgate install server --repo DIR --policy FILE"));
    }
    let bytes = repo.blob(entry.oid, MAX_POLICY)?.ok_or_else(|| {
        Error::undecided(format!("{POLICY_FILE} at the trusted ref is larger than {MAX_POLICY} bytes"))
    })?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let help = "an administrator sets the policy with refgate install server --repo DIR --policy FILE";
        Error::undecided(format!("{POLICY_FILE} at the trusted ref is not UTF-8: {error}")).help(help)
    })?;
    parse(text, POLICY_FILE, known)
}

/// The branch that a client takes for the trusted ref: what the remote's `HEAD` said at the clone, else the usual
/// names, else the only branch there is.
pub fn client_trunk(remote_head: Option<BString>, refs: &RefMap) -> BString {
    let usual = ["refs/heads/main", "refs/heads/master"].map(BString::from);
    remote_head
        .or_else(|| usual.into_iter().find(|name| refs.contains_key(name)))
        .or_else(|| {
            let mut branches = refs.keys().filter(|name| name.starts_with(b"refs/heads/"));
            branches.next().filter(|_| branches.next().is_none()).cloned()
        })
        .unwrap_or_else(|| "refs/heads/main".into())
}

fn read(path: &Path) -> Result<Option<String>> {
    let text = |bytes| {
        String::from_utf8(bytes).map_err(|error| Error::undecided(format!("{} is not UTF-8: {error}", shown(path))))
    };
    bytes(path)?.map(text).transpose()
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs_err::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        // A link that leads nowhere is no missing file: somebody put a policy there.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && fs_err::symlink_metadata(path).is_err() => {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Only the file's name: where the server keeps it is no pusher's business.
fn shown(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
