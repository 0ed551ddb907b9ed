//! What the commands that sign have in common: for which repository, with which key, whether the signature would count
//! at the server, and how the statement gets there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bstr::BString;
use jiff::{SignedDuration, Timestamp};

use super::client::View;
use super::person;
use super::task::is_folder;
use crate::change::Push;
use crate::cli::sign;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::judge::judge;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::policy::roles::RoleName;
use crate::refs::{RefMap, RefUpdate};
use crate::report::human::shell_word;
use crate::sign::Signature;
use crate::statement::Lifetime;
use crate::statement::place::Place;

/// Where a person or a machine sits down to sign.
pub(super) struct Desk {
    pub(super) repo: Repo,
    pub(super) policy: Policy,
    /// What the server was last seen to hold.
    pub(super) refs: RefMap,
    pub(super) remote: Option<BString>,
    /// The immutable id of the repository.
    pub(super) repository: String,
    key: Option<PathBuf>,
}

/// Whether a statement would count at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It would.
    Counts,
    /// Each signature counts, and there are too few of them: how many, one sentence.
    Fewer(String),
    /// Nobody can tell here: why, one sentence.
    Unknown(String),
}

impl Standing {
    /// The line that a person is told.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Counts => String::new(),
            Self::Fewer(why) => format!("note: {why}; it lets nothing in before the others have signed, too\n"),
            Self::Unknown(why) => format!("note: {why}; whether the signature counts, only the server will say\n"),
        }
    }
}

impl Desk {
    pub(super) fn open(args: &sign::Desk, env: &Env) -> Result<Self> {
        let (repo, View { refs, policy, remote }) = View::open(&args.seen, env)?;
        let repository = args.repository.clone().or_else(|| policy.repository_id.clone()).ok_or_else(|| {
            Error::usage("which repository this is cannot be told: the policy has no repository_id").help(
                "name the id that stands in refgate/server.toml on the server: --repository ID; or write it into \
                 refgate.toml as repository_id",
            )
        })?;
        if repository.trim().is_empty() || repository.chars().any(escape::is_hidden) {
            return Err(Error::usage("--repository is empty or holds characters that nobody sees"));
        }
        if policy.repository_id.as_ref().is_some_and(|known| *known != repository) {
            return Err(Error::usage("--repository is not the id that the policy has").help("leave --repository out"));
        }
        Ok(Self { repo, policy, refs, remote, repository, key: args.key.clone() })
    }

    /// The remote as a command takes it.
    pub(super) fn remote_word(&self) -> String {
        self.remote.as_ref().map_or("REMOTE".to_owned(), |remote| shell_word(remote))
    }

    /// The armored signature of the key over these bytes.
    pub(super) fn sign(&self, namespace: &str, message: &[u8]) -> Result<String> {
        person::sign(&self.repo, self.key.as_deref(), namespace, message)
    }

    /// Holds signatures against the role and the signers, as the server will.
    ///
    /// # Errors
    /// A signature does not count.
    pub(super) fn standing(
        &self,
        role: RoleName,
        namespace: &str,
        message: &[u8],
        signatures: &[&[u8]],
        now: Timestamp,
    ) -> Result<Standing> {
        let (trust, signing) = (&self.policy.trust, &self.policy.signing);
        if trust.signers.is_none() {
            return Ok(Standing::Unknown("the server's signers are not known here".to_owned()));
        }
        if !signing.roles.contains_key(&role) {
            return Ok(Standing::Unknown(format!("the policy seen here names nobody for the role `{}`", role.name())));
        }
        let mut alone = signing.clone();
        if let Some(role) = alone.roles.get_mut(&role) {
            role.threshold = 1;
        }
        let counts = trust.people(&alone, role, namespace, message, signatures, now);
        counts.map_err(|why| {
            let help =
                format!("sign with a key of somebody whom the policy names in roles.{}: --key FILE", role.name());
            Error::usage(format!("the signature would not count: {why}")).help(help)
        })?;
        match trust.people(signing, role, namespace, message, signatures, now) {
            Ok(_) => Ok(Standing::Counts),
            Err(why) => Ok(Standing::Fewer(why)),
        }
    }

    /// Puts a statement behind its ref. Where it should count, the judge is asked about its push; what it refuses is
    /// taken away again.
    pub(super) fn deposit(
        &self,
        place: &Place,
        files: &BTreeMap<String, Vec<u8>>,
        standing: &Standing,
        now: Timestamp,
    ) -> Result<Oid> {
        let commit = person::deposit(&self.repo, place, files)?;
        if *standing != Standing::Counts {
            return Ok(commit);
        }
        let name = place.name();
        let mut refs = self.refs.clone();
        refs.remove(&name);
        let update = RefUpdate { name, old: Oid::zero(commit.format()), new: commit };
        match refusal(self, Push::new(refs, vec![update], false), &|_| true, now) {
            None => Ok(commit),
            Some(error) => {
                person::forget(&self.repo, place)?;
                Err(error)
            }
        }
    }
}

/// Why the judge would refuse a push; `None` where it would not. `rules` says whose refusals are asked for.
pub(super) fn refusal(desk: &Desk, push: Push, rules: &dyn Fn(&str) -> bool, now: Timestamp) -> Option<Error> {
    let verdict = judge(&desk.repo, &desk.policy, &push.preview(), now);
    if let Some(problem) = verdict.problem {
        return Some(problem);
    }
    let updates = verdict.updates.into_iter();
    updates
        .flat_map(|update| {
            let findings = update.findings.into_iter().filter(|found| found.refuses() && rules(found.rule));
            let told = findings.map(|found| {
                let place = match (&found.path, found.line) {
                    (Some(path), Some(line)) => format!("{}:{line}: ", escape::quote_path(path)),
                    (Some(path), None) => format!("{}: ", escape::quote_path(path)),
                    (None, _) => String::new(),
                };
                Error::usage(format!("{place}{} ({})", found.words.message, found.rule)).help(&found.words.help)
            });
            update.problem.into_iter().chain(told)
        })
        .next()
}

/// From now on for some days, and for no longer than the policy allows.
pub(super) fn lifetime(days: Option<u32>, usual: u32, most: u32, now: Timestamp) -> Result<Lifetime> {
    if let Some(days) = days.filter(|days| *days > most) {
        return Err(Error::usage(format!("{days} days are more than the policy allows")).help(format!("--days {most}")));
    }
    let issued = crate::statement::now(now);
    let days = SignedDuration::from_hours(i64::from(days.unwrap_or(usual.min(most))) * 24);
    let expires = issued.checked_add(days).map_err(|error| Error::usage(error.to_string()))?;
    Ok(Lifetime { issued, expires })
}

/// The fingerprint of the key that made a signature.
pub(super) fn fingerprint(armored: &str) -> Result<String> {
    let signature = Signature::parse(armored.as_bytes()).map_err(|refusal| {
        Error::usage(format!("what the key signed cannot be used: {refusal}")).help(refusal.help())
    })?;
    Ok(signature.key().fingerprint())
}

/// The most bytes of a file that is read from a work tree.
const MOST: u64 = 1024 * 1024;

/// A file as it stands in the work tree; `None` where there is none.
///
/// # Errors
/// Something else stands there, or a link on the way: an agent's work tree may hold any.
pub(super) fn read_plain(top: &Path, path: &str) -> Result<Option<Vec<u8>>> {
    let place = folder(top, path)?;
    let shown = || escape::quote_path(path.as_bytes());
    match fs_err::symlink_metadata(&place) {
        Ok(found) if found.is_file() && found.len() <= MOST => Ok(Some(fs_err::read(place)?)),
        Ok(found) if found.is_file() => Err(Error::usage(format!("{} has more than {MOST} bytes", shown()))),
        Ok(_) => Err(Error::usage(format!("{} is no plain file", shown())).help("move it away")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The place of a file below the work tree, all of whose folders are folders and no links.
fn folder(top: &Path, path: &str) -> Result<PathBuf> {
    let mut place = top.to_owned();
    let mut names = path.split('/').peekable();
    while let Some(name) = names.next() {
        place.push(name);
        if names.peek().is_some() && !is_folder(&place)? {
            let shown = escape::quote_path(place.as_os_str().as_encoded_bytes());
            return Err(Error::usage(format!("there is no folder {shown}")).help("restore it: git status"));
        }
    }
    Ok(place)
}

/// Text of somebody else's, line by line, indented and without anything that a terminal would not show.
pub(super) fn shown(text: &str, indent: &str) -> String {
    text.lines().map(|line| format!("{indent}{}\n", escape::printable(line))).collect()
}
