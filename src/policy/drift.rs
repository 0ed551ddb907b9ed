//! `[drift]`: which contracts there are, what declares the fields that are held against each, and what maps to it.

use std::collections::{BTreeMap, BTreeSet};

use bstr::BString;
use serde::Deserialize;
use toml::Spanned;

use super::CONTRACT_FILE;
use super::parse::{Patterns, Place};
use crate::drift::config::{Config, Declares, Files, Held, Maps, Mode, Wanted};
use crate::drift::contract::Columns;
use crate::drift::languages::Language;
use crate::drift::shape::{Database, Sites};
use crate::error::Result;

/// Where the drift that a project began with is written down, unless the policy says otherwise.
pub const BASELINE: &str = ".docs/reports/drift-baseline.txt";
/// Members that systems add of themselves: `_id`, `_key`.
pub const IGNORED: &[&str] = &["_*"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDrift {
    mode: Option<RawMode>,
    kinds: Option<BTreeSet<Wanted>>,
    baseline: Option<Spanned<String>>,
    #[serde(default)]
    contract: Vec<RawContract>,
    #[serde(default)]
    source: Vec<RawSource>,
    #[serde(default)]
    mapping: Vec<RawMapping>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawMode {
    Introduced,
    Absolute,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawContract {
    path: Spanned<String>,
    field_column: Option<String>,
    target_column: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    language: Spanned<String>,
    dialect: Option<Spanned<String>>,
    paths: Patterns,
    exclude: Patterns,
    types: Patterns,
    #[serde(default)]
    names: BTreeMap<Spanned<String>, String>,
    kinds: Option<BTreeSet<Wanted>>,
    contract: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMapping {
    paths: Patterns,
    exclude: Patterns,
    #[serde(default)]
    functions: BTreeMap<Spanned<String>, Spanned<u32>>,
    #[serde(default)]
    tables: BTreeSet<Spanned<String>>,
    #[serde(default)]
    discriminators: BTreeSet<String>,
    #[serde(default)]
    types: BTreeSet<String>,
    #[serde(default)]
    patches: BTreeSet<Spanned<String>>,
    ignore: Patterns,
    names_contract: Option<bool>,
    contract: Option<Spanned<String>>,
}

/// Reads the table. Without one nothing is held against anything.
pub(super) fn read(place: &Place<'_>, raw: Option<Spanned<RawDrift>>) -> Result<Option<Config>> {
    let Some(raw) = raw else { return Ok(None) };
    let span = raw.span();
    let raw = raw.into_inner();
    if raw.source.is_empty() && raw.mapping.is_empty() {
        return Err(place.error(Some(span), "[drift] needs a [[drift.source]] or a [[drift.mapping]]"));
    }
    let mut contracts: Vec<Held> = Vec::new();
    for contract in raw.contract {
        let path = file(place, &contract.path)?;
        if contracts.iter().any(|other| other.path == path) {
            return Err(place.error(Some(contract.path.span()), "this contract stands in the policy already"));
        }
        let columns = Columns { field: contract.field_column, target: contract.target_column };
        contracts.push(Held { path, columns, sources: Vec::new(), mappings: Vec::new() });
    }
    if contracts.is_empty() {
        let path = CONTRACT_FILE.into();
        contracts.push(Held { path, columns: Columns::default(), sources: Vec::new(), mappings: Vec::new() });
    }
    let kinds = raw.kinds.unwrap_or_else(|| Wanted::DEFAULT.into_iter().collect());
    for source in raw.source {
        let contract = source.contract.clone();
        let source = declares(place, source, &kinds)?;
        held(place, &mut contracts, contract)?.sources.push(source);
    }
    for mapping in raw.mapping {
        let contract = mapping.contract.clone();
        let mapping = maps(place, mapping)?;
        held(place, &mut contracts, contract)?.mappings.push(mapping);
    }
    let mode = match raw.mode {
        Some(RawMode::Absolute) => Mode::Absolute,
        Some(RawMode::Introduced) | None => Mode::Introduced,
    };
    let baseline = raw.baseline.map(|path| file(place, &path)).transpose()?.unwrap_or_else(|| BASELINE.into());
    Ok(Some(Config { mode, baseline, contracts }))
}

/// The contract that a source or a mapping names; where there is only one, it need not.
fn held<'c>(place: &Place<'_>, contracts: &'c mut [Held], named: Option<Spanned<String>>) -> Result<&'c mut Held> {
    let Some(named) = named else {
        return match contracts {
            [only] => Ok(only),
            _ => {
                Err(place.error(None, "there are several contracts, so each source and mapping says `contract = ...`"))
            }
        };
    };
    let path = named.get_ref().as_str();
    let found = contracts.iter_mut().find(|held| held.path == path);
    found.ok_or_else(|| place.error(Some(named.span()), "there is no [[drift.contract]] with this path"))
}

fn declares(place: &Place<'_>, raw: RawSource, kinds: &BTreeSet<Wanted>) -> Result<Declares> {
    let language = language(place, &raw.language, raw.dialect.as_ref())?;
    if language.is_code() && raw.types.is_none() {
        let message = "say which types count: `types = [\"Order\", ...]`, or [\"**\"] for all";
        return Err(place.error(Some(raw.language.span()), message));
    }
    let span = raw.language.span();
    let types = place.globs(raw.types, &["**"])?;
    if let Some(name) = raw.names.keys().find(|name| !types.matches(name.get_ref().as_bytes())) {
        return Err(place.error(Some(name.span()), "`types` does not let this type count; say both as the files do"));
    }
    Ok(Declares {
        language,
        files: files(place, raw.paths, raw.exclude, span)?,
        types,
        names: raw.names.into_iter().map(|(name, theirs)| (name.into_inner(), theirs)).collect(),
        kinds: raw.kinds.unwrap_or_else(|| kinds.clone()),
    })
}

/// The language that a source names; of SQL with the database, if it names one.
fn language(place: &Place<'_>, name: &Spanned<String>, dialect: Option<&Spanned<String>>) -> Result<Language> {
    let Some(language) = Language::named(name.get_ref()) else {
        let all: Vec<&str> = Language::ALL.iter().map(|language| language.name()).collect();
        return Err(place.error(Some(name.span()), &format!("write one of {}", all.join(", "))));
    };
    if !language.is_built_in() {
        let name_of = name.get_ref();
        let message = format!("this refgate was built without `{name_of}`; build it with `--features {name_of}`");
        return Err(place.error(Some(name.span()), &message));
    }
    let Some(dialect) = dialect else { return Ok(language) };
    if !matches!(language, Language::Sql(_)) {
        return Err(place.error(Some(dialect.span()), "only a source whose language is `sql` has a dialect"));
    }
    let database = Database::named(dialect.get_ref()).ok_or_else(|| {
        let all = Database::ALL.map(Database::name).join(", ");
        place.error(Some(dialect.span()), &format!("write one of {all}"))
    })?;
    Ok(Language::Sql(Some(database)))
}

fn maps(place: &Place<'_>, raw: RawMapping) -> Result<Maps> {
    let mut functions = Vec::new();
    for (name, argument) in raw.functions {
        let span = argument.span();
        let argument = place
            .at_most(Some(argument), 1, 32)
            .map_err(|_| place.error(Some(span), "write which argument is a path of the contract, from 1 on"))?;
        functions.push((name.into_inner(), usize::try_from(argument).unwrap_or(usize::MAX)));
    }
    if let Some(patch) = raw.patches.iter().find(|patch| !is_name(patch.get_ref())) {
        let message = "write the name of a method, with its receiver if need be: `set`, `patch.set`, `this.client.set`";
        return Err(place.error(Some(patch.span()), message));
    }
    let patches = raw.patches.into_iter().map(Spanned::into_inner).collect();
    let (tables, table_member) = tables(place, raw.tables)?;
    let discriminators = raw.discriminators;
    Ok(Maps {
        files: files(place, raw.paths, raw.exclude, 0..0)?,
        sites: Sites { functions, tables, table_member, discriminators, types: raw.types, patches },
        names_contract: raw.names_contract.unwrap_or(true),
        ignored: place.globs(raw.ignore, IGNORED)?,
    })
}

/// The names of tables, and the member that is the path of each entry: `FIELD_MAP.*.path`.
fn tables(place: &Place<'_>, raw: BTreeSet<Spanned<String>>) -> Result<(BTreeSet<String>, Option<String>)> {
    let (mut names, mut first) = (BTreeSet::new(), None);
    for table in raw {
        let (name, member) = match table.get_ref().split_once(".*.") {
            Some((name, member)) => (name, Some(member)),
            None => (table.get_ref().as_str(), None),
        };
        if name.contains('*') || member.is_some_and(|member| !is_name(member) || member.contains('.')) {
            let message =
                "write the name of a table, or with the member of its entries that is a path: `FIELDS.*.path`";
            return Err(place.error(Some(table.span()), message));
        }
        if *first.get_or_insert(member.map(str::to_owned)) != member.map(str::to_owned) {
            let message = "tables whose entries have their paths elsewhere need a [[drift.mapping]] of their own";
            return Err(place.error(Some(table.span()), message));
        }
        names.insert(name.to_owned());
    }
    Ok((names, first.flatten()))
}

/// Whether code can have a name, with dots between its parts. The keys of some queries begin with `$`.
fn is_name(name: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '-'));
    name.split('.').all(is_part) && !name.ends_with(".this") && name != "this"
}

fn files(place: &Place<'_>, paths: Patterns, exclude: Patterns, span: std::ops::Range<usize>) -> Result<Files> {
    if paths.as_ref().is_none_or(Vec::is_empty) {
        return Err(place.error(Some(span), "say which files: `paths = [\"src/**\"]`"));
    }
    Ok(Files { paths: place.globs(paths, &[])?, exclude: place.globs(exclude, &[])? })
}

/// A path to one file.
fn file(place: &Place<'_>, path: &Spanned<String>) -> Result<BString> {
    let text = path.get_ref();
    let odd = |part: &str| part.is_empty() || part == "." || part == ".." || part.eq_ignore_ascii_case(".git");
    if text.split('/').any(odd) || text.contains(['*', '\\', '{']) || text.chars().any(char::is_control) {
        return Err(place.error(Some(path.span()), "write the path of one file from the top of the repository"));
    }
    Ok(text.as_str().into())
}

/// All that the table says, for the policy's digest.
pub(super) fn all(config: Option<&Config>) -> serde_json::Value {
    serde_json::Value::from(config.map(|config| format!("{config:?}")))
}
