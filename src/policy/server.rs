//! The server's own word on its repository: `refgate/server.toml`.

mod notify;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bstr::BString;
use serde::Deserialize;
use toml::Spanned;

use super::parse::Place;
use crate::actor::ActorSource;
use crate::error::Result;
use crate::finding::Severity;
use crate::refs::is_well_formed;

pub use notify::{Notify, Occasion, Recipient};

/// The server's own word, `refgate/server.toml` in the repository's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The ref whose old tip is trusted, in full.
    pub trusted_ref: BString,
    /// The repository's immutable id.
    pub repository_id: String,
    /// Who says who pushes.
    pub actor: ActorSource,
    /// The URLs, or ends of their paths, that a push certificate may have been made for.
    pub urls: Vec<String>,
    /// The private key with which the server signs what it mirrors of its ledger.
    pub ledger_key: Option<PathBuf>,
    /// Whom the server tells what became of pushes.
    pub notify: Vec<Notify>,
    /// Severities that no policy can lower.
    pub floor: BTreeMap<String, Severity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServerFile {
    version: Spanned<i64>,
    trusted_ref: Spanned<String>,
    repository_id: Spanned<String>,
    actor: Option<Spanned<String>>,
    #[serde(default)]
    urls: Vec<Spanned<String>>,
    #[serde(default)]
    ledger: LedgerTable,
    #[serde(default)]
    notify: Vec<Spanned<notify::Raw>>,
    #[serde(default)]
    floor: BTreeMap<Spanned<String>, Severity>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct LedgerTable {
    key: Option<Spanned<PathBuf>>,
}

/// Reads `server.toml`.
///
/// # Errors
/// Anything that is not valid, as `name:line:column: what is wrong`.
pub fn parse_server(text: &str, name: &str, rules: &[&str]) -> Result<Server> {
    let place = Place::new(text, name);
    let file: ServerFile = toml::from_str(text).map_err(|error| place.error(error.span(), error.message()))?;
    if *file.version.get_ref() != 1 {
        return Err(place.error(Some(file.version.span()), "this refgate reads server files of version 1"));
    }
    let trusted = file.trusted_ref.get_ref();
    if !trusted.starts_with("refs/heads/") || !is_well_formed(trusted) {
        return Err(place.error(Some(file.trusted_ref.span()), "write a branch in full, like `refs/heads/main`"));
    }
    if file.repository_id.get_ref().trim().is_empty() {
        return Err(place.error(Some(file.repository_id.span()), "the repository needs an id"));
    }
    let actor = match file.actor {
        Some(text) => text.get_ref().parse().map_err(|message: String| place.error(Some(text.span()), &message))?,
        None => ActorSource::default(),
    };
    let plain = |url: &str| !url.trim_matches('/').is_empty() && url.chars().all(|c| c.is_ascii_graphic());
    if let Some(url) = file.urls.iter().find(|url| !plain(url.get_ref())) {
        return Err(place.error(Some(url.span()), "write a URL, or the end of its path, like `group/project`"));
    }
    if let Some(key) = file.ledger.key.as_ref().filter(|key| !key.get_ref().is_absolute()) {
        return Err(place.error(Some(key.span()), "write the absolute path of a private key"));
    }
    let mut floor = BTreeMap::new();
    for (rule, severity) in file.floor {
        if !rules.contains(&rule.get_ref().as_str()) {
            let message = format!("there is no rule `{}`; `refgate rules` lists them", rule.get_ref());
            return Err(place.error(Some(rule.span()), &message));
        }
        floor.insert(rule.into_inner(), severity);
    }
    Ok(Server {
        trusted_ref: file.trusted_ref.into_inner().into(),
        repository_id: file.repository_id.into_inner(),
        actor,
        urls: file.urls.into_iter().map(Spanned::into_inner).collect(),
        ledger_key: file.ledger.key.map(Spanned::into_inner),
        notify: notify::read(file.notify, &place)?,
        floor,
    })
}
