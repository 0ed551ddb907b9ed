//! `refgate override`: [`request`] writes down what would have to be waived, [`sign`](mod@sign) lets another person waive
//! it, [`list`](mod@list) shows what there is. The server's rule `override-invalid` has the last word on all of it.

mod list;
mod request;
mod sign;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use super::check::{self, Judged};
use crate::cli::Check;
use crate::cli::Seen;
use crate::digest::sha256;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::oid::Oid;
use crate::report::human::shell_word;
use crate::statement::place::{ARTIFACTS, MOST_SIGNATURES, Place, STATEMENT};
use crate::statement::waiver::Override;

pub use list::{list, show, verify};
pub use request::run as request;
pub use sign::{import, run as sign};

/// The largest statement, in bytes.
const MOST: u64 = 1024 * 1024;
/// The largest artifact, in bytes: what the gate takes.
const MOST_ARTIFACT: u64 = 16 * 1024 * 1024;

/// Judges the update that an override is for.
fn judged(
    seen: &Seen,
    name: Option<String>,
    head: String,
    old: Option<Oid>,
    env: &Env,
    now: jiff::Timestamp,
) -> Result<Judged> {
    let args = Check {
        name,
        base: None,
        head,
        staged: false,
        seen: seen.clone(),
        overrides: Vec::new(),
        event: None,
        actor: None,
        at: None,
        format: crate::cli::Format::Human,
    };
    check::judged(&args, old, env, now, &|_| ())
}

fn read(file: &Path) -> Result<Override> {
    let bytes = bounded(file, MOST)?;
    Override::parse(&bytes).map_err(|error| {
        Error::usage(format!("{} is no override: {error}", shown(file))).help("refgate override request writes one")
    })
}

fn bounded(file: &Path, most: u64) -> Result<Vec<u8>> {
    let length = fs_err::metadata(file)?.len();
    if length > most {
        return Err(Error::usage(format!("{} is larger than {most} bytes", shown(file))));
    }
    Ok(fs_err::read(file)?)
}

/// Evidence by the name that it has inside the statement.
pub(super) fn artifacts(files: &[PathBuf]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut named = BTreeMap::new();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).filter(|name| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "._-+@ ".contains(c);
            name.chars().all(plain) && !name.starts_with(['.', ' ', '-'])
        });
        let Some(name) = name else {
            return Err(Error::usage(format!("{} has a name that no artifact can have", shown(file)))
                .help("copy it to a name of letters, digits and . _ - + @"));
        };
        if named.insert(name.to_owned(), bounded(file, MOST_ARTIFACT)?).is_some() {
            return Err(Error::usage(format!("two artifacts are called {name}")).help("rename one of them"));
        }
    }
    Ok(named)
}

/// The signatures beside a statement's file.
fn signatures(file: &Path) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for number in 1..=MOST_SIGNATURES {
        let path = signature_path(file, number);
        if path.exists() {
            found.push(bounded(&path, MOST)?);
        }
    }
    Ok(found)
}

fn signature_path(file: &Path, number: usize) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(match number {
        1 => ".sig".to_owned(),
        number => format!(".{number}.sig"),
    });
    name.into()
}

/// The files of the statement's ref.
fn files(json: &str, signatures: &[Vec<u8>], artifacts: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::from([(STATEMENT.to_owned(), json.as_bytes().to_vec())]);
    for (index, signature) in signatures.iter().enumerate() {
        let path = signature_path(Path::new(STATEMENT), index + 1);
        files.insert(path.to_string_lossy().into_owned(), signature.clone());
    }
    files.extend(artifacts.into_iter().map(|(name, content)| (format!("{ARTIFACTS}{name}"), content)));
    files
}

pub(super) fn digests(artifacts: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, String> {
    artifacts.iter().map(|(name, content)| (name.clone(), sha256(content))).collect()
}

/// The one command that pushes the change with its override.
fn push_command(repo: &Repo, statement: &Override, remote: Option<&bstr::BString>) -> String {
    let remote = remote.map_or("REMOTE".to_owned(), |remote| shell_word(remote));
    let (old, new) = (statement.old_oid, statement.new_oid);
    let back = !old.is_zero() && !new.is_zero() && !repo.is_ancestor(old, new).unwrap_or(true);
    let new = if new.is_zero() { String::new() } else { format!("{}{new}", if back { "+" } else { "" }) };
    let update = shell_word(statement.name.as_bytes());
    let place = Place::Override { id: statement.statement_id.clone() }.name();
    format!("git push --atomic {remote} {new}:{update} {}", shell_word(&place))
}

fn shown(path: &Path) -> String {
    escape::quote_path(path.as_os_str().as_encoded_bytes().as_bstr())
}
