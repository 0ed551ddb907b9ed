//! What a repository shows of a field contract and of the files that declare its fields. A source is proposed where it
//! declares what the contract lists; of two that declare the same type, the one that has more of it. What no file at a
//! usual place declares is looked for in the files that the contract's own headings name.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice as _};

use crate::change::drift::Stored;
use crate::drift::compare::{Fields, stands};
use crate::drift::config::{Config, Declares, Files, Held, Mode, Wanted};
use crate::drift::contract::{Columns, Contract};
use crate::drift::languages::Language;
use crate::drift::shape::Database;
use crate::drift::survey::{Tree as _, databases, fields};
use crate::error::Result;
use crate::git::Repo;
use crate::glob::{Glob, GlobSet};
use crate::oid::Oid;
use crate::policy::{CONTRACT_FILE, Policy};

/// Where files that declare fields usually stand, whether each of them is a source by itself, and in what they are
/// written.
const USUAL: &[(&str, bool, Language)] = &[
    ("packages/**/schema.json", true, Language::SanitySchema),
    ("{,schema/,sanity/,studio/}schema.json", true, Language::SanitySchema),
    ("**/*.schema.json", false, Language::JsonSchema),
    (
        "{,api/,apis/,doc/,docs/,openapi/,public/,schema/,schemas/,spec/,specs/,swagger/}{openapi,swagger}*.{json,yaml,yml}",
        true,
        Language::OpenApi,
    ),
    ("packages/**/{openapi,swagger}*.{json,yaml,yml}", true, Language::OpenApi),
    ("**/*.graphql", false, Language::GraphQl),
    ("{,packages/*/,apps/*/}prisma/schema.prisma", true, Language::Prisma),
    ("{proto,protos}/**/*.proto", false, Language::Protobuf),
    ("**/migrations/**/*.sql", false, Language::Sql(None)),
];
/// What others wrote.
const FOREIGN: &str = "**/{node_modules,vendor,third_party}/**";
/// So many sources are looked at, and of those that no contract speaks of
const MOST: usize = 200;
/// so many are written down: more than that nobody reads through.
const MOST_NOTED: usize = 12;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Drift {
    /// There is a contract, with this many fields.
    pub(super) contract: Option<usize>,
    /// What may declare its fields, those first that are taken.
    pub(super) sources: Vec<Source>,
    /// How many were found beyond those that are looked at.
    pub(super) unseen: usize,
}

/// Files that declare fields.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) language: Language,
    /// Which files, as a glob.
    pub(super) paths: String,
    /// The types that the contract speaks of, where these are few of those that are declared.
    pub(super) types: Vec<String>,
    /// How many places of it cannot be read.
    pub(super) unread: usize,
    /// Why it is not taken; empty where it is.
    pub(super) beside: String,
}

impl Drift {
    /// The sources that are taken: without a contract none, for every change of one would be refused.
    pub(super) fn taken(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| self.contract.is_some() && source.beside.is_empty())
    }

    /// Everything in a line for a person.
    pub(super) fn line(&self) -> String {
        let taken: Vec<String> =
            self.taken().map(|source| format!("{} ({})", source.paths, source.language.name())).collect();
        let fields = |count| format!("{count} {} in {CONTRACT_FILE}", if count == 1 { "field" } else { "fields" });
        let told = match (self.contract, taken.as_slice()) {
            (Some(count), []) => format!("{}, which no file at a usual place declares", fields(count)),
            (Some(count), taken) => format!("{}, declared in {}", fields(count), taken.join(", ")),
            (None, _) => match self.sources.len() {
                0 => "none".to_owned(),
                count => format!("none; what may declare fields is written as a comment ({count})"),
            },
        };
        if self.unseen == 0 { told } else { format!("{told}; not looked at: {} more", self.unseen) }
    }
}

/// Looks at a tree.
pub(super) fn at(repo: &Repo, policy: &Policy, root: Oid) -> Result<Drift> {
    let tree = Stored::new(repo, root, policy);
    let mut sources = candidates(&tree)?;
    let bytes = tree.blob(CONTRACT_FILE.into())?.and_then(|blob| blob.bytes);
    let Some(bytes) = bytes else {
        let unseen = cut(&mut sources, MOST_NOTED);
        tell_dialects(&tree, &mut sources)?;
        return Ok(Drift { contract: None, sources, unseen });
    };
    let mut unseen = cut(&mut sources, MOST);
    tell_dialects(&tree, &mut sources)?;
    let contract = Contract::parse(&bytes, &Columns::default());
    let mut owners = BTreeMap::new();
    let mut sources = rated(&tree, &contract, sources, &mut owners)?;
    let mut named = named(&tree, &contract, &owners)?;
    unseen = unseen.saturating_add(cut(&mut named, MOST));
    tell_dialects(&tree, &mut named)?;
    sources.extend(rated(&tree, &contract, named, &mut owners)?.into_iter().filter(|source| source.beside.is_empty()));
    let (mut taken, mut beside): (Vec<Source>, Vec<Source>) =
        sources.into_iter().partition(|source| source.beside.is_empty());
    // Those that are not taken were looked at.
    cut(&mut beside, MOST_NOTED);
    taken.append(&mut beside);
    Ok(Drift { contract: Some(contract.entries.len()), sources: taken, unseen })
}

/// Leaves the first of the sources, and says how many the others were.
fn cut(sources: &mut Vec<Source>, most: usize) -> usize {
    let others = sources.len().saturating_sub(most);
    sources.truncate(most);
    others
}

/// Sources with what they declare of the contract's types; each type is owned by the first that has it.
fn rated(
    tree: &Stored<'_>,
    contract: &Contract,
    sources: Vec<Source>,
    owners: &mut BTreeMap<String, String>,
) -> Result<Vec<Source>> {
    let mut rated: Vec<(usize, BTreeSet<String>, Source)> = Vec::new();
    for mut source in sources {
        let (declared, unread) = fields(&alone(&source), tree)?;
        source.unread = unread.len();
        let all = Fields::of(declared.iter().map(|one| &one.field));
        let score = contract.entries.iter().filter(|entry| stands(entry, &all)).count();
        let types: BTreeSet<&str> = all.types().collect();
        let spoken: BTreeSet<&str> = contract.entries.iter().map(|entry| entry.ty.as_str()).collect();
        let listed: BTreeSet<&str> = if score > 0 { &types & &spoken } else { BTreeSet::new() };
        if source.language.is_code() || listed.len().saturating_mul(4) < types.len() {
            source.types = listed.iter().map(|ty| (*ty).to_owned()).collect();
        }
        rated.push((score, listed.into_iter().map(ToOwned::to_owned).collect(), source));
    }
    rated.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.paths.cmp(&b.2.paths)));
    let mut sources = Vec::new();
    for (_, listed, mut source) in rated {
        let shared = listed.iter().find_map(|ty| Some((ty, owners.get(ty)?)));
        source.beside = match shared {
            _ if listed.is_empty() => "it declares nothing that the contract lists".to_owned(),
            Some((ty, owner)) => format!("{ty} is taken from {owner}, and two that differ would contradict each other"),
            None => String::new(),
        };
        if source.beside.is_empty() {
            owners.extend(listed.into_iter().map(|ty| (ty, source.paths.clone())));
        }
        sources.push(source);
    }
    Ok(sources)
}

/// The files at usual places, as sources.
fn candidates(tree: &Stored<'_>) -> Result<Vec<Source>> {
    let mut globs: BTreeMap<String, Language> = BTreeMap::new();
    let foreign = Glob::parse(FOREIGN).ok();
    for (pattern, each, language) in USUAL.iter().filter(|(.., language)| language.is_built_in()) {
        let Ok(usual) = Glob::parse(pattern) else { continue };
        let is_foreign = |path: &[u8]| foreign.as_ref().is_some_and(|foreign| foreign.matches(path));
        for path in tree.list(&|path| usual.matches(path) && !is_foreign(path))? {
            if *language == Language::SanitySchema && !is_array(tree, path.as_bstr())? {
                continue;
            }
            let glob = if *each { plain(&path) } else { family(&path, *language) };
            if let Some(glob) = glob {
                globs.entry(glob).or_insert(*language);
            }
        }
    }
    Ok(globs.into_iter().map(source).collect())
}

/// The files that the contract's headings name for types that nothing else declares; where there are several in one
/// folder, all of their kind.
fn named(tree: &Stored<'_>, contract: &Contract, owners: &BTreeMap<String, String>) -> Result<Vec<Source>> {
    let open = contract.sections.iter().filter(|section| !owners.contains_key(&section.ty));
    let wanted: BTreeSet<&[u8]> = open.filter_map(|section| Some(section.source.as_deref()?.as_bytes())).collect();
    let mut folders: BTreeMap<(String, Language), Vec<String>> = BTreeMap::new();
    for path in tree.list(&|path| wanted.contains(path))? {
        let Some(language) = language(tree, path.as_bstr())?.filter(|language| language.is_built_in()) else {
            continue;
        };
        let alone = matches!(language, Language::SanitySchema | Language::JsonSchema | Language::OpenApi);
        let all = if alone { plain(&path) } else { family(&path, language) };
        if let (Some(all), Some(one)) = (all, plain(&path)) {
            folders.entry((all, language)).or_default().push(one);
        }
    }
    let globs = folders.into_iter().map(|((all, language), mut paths)| {
        let only = paths.pop().filter(|_| paths.is_empty());
        (only.unwrap_or(all), language)
    });
    Ok(globs.map(source).collect())
}

/// What a file is written in, by its ending; a JSON file by what it looks like.
fn language(tree: &Stored<'_>, path: &BStr) -> Result<Option<Language>> {
    let is = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending.as_bytes()));
    Ok(match path {
        _ if is(&[".graphql", ".gql"]) => Some(Language::GraphQl),
        _ if is(&[".proto"]) => Some(Language::Protobuf),
        _ if is(&[".prisma"]) => Some(Language::Prisma),
        _ if is(&[".sql"]) => Some(Language::Sql(None)),
        _ if is(&[".yaml", ".yml"]) => Some(Language::OpenApi),
        _ if is(&[".json"]) && is_array(tree, path)? => Some(Language::SanitySchema),
        _ if is(&[".json"]) => Some(Language::JsonSchema),
        _ => Language::of_code(path),
    })
}

/// Says of sources of SQL which database they are for, where their files or the tool that wrote them show it.
fn tell_dialects(tree: &Stored<'_>, sources: &mut [Source]) -> Result<()> {
    for source in sources.iter_mut().filter(|source| source.language == Language::Sql(None)) {
        let left = databases(&alone(source), tree)?;
        let said = recorded(tree, &source.paths)?.filter(|database| left.contains(database));
        let only = left.first().copied().filter(|_| left.len() == 1);
        source.language = Language::Sql(said.or(only));
    }
    Ok(())
}

/// The database that Prisma or Drizzle wrote down beside the migrations that they made.
fn recorded(tree: &Stored<'_>, paths: &str) -> Result<Option<Database>> {
    let folder = paths.split("*").next().unwrap_or_default();
    for (name, key, between) in [("migration_lock.toml", "provider", b"="), ("meta/_journal.json", "\"dialect\"", b":")]
    {
        let blob = tree.blob(format!("{folder}{name}").as_str().into())?;
        let text = blob.and_then(|blob| blob.bytes).unwrap_or_default();
        let said = text.lines().find_map(|line| {
            let value = line.trim().strip_prefix(key.as_bytes())?.trim_start().strip_prefix(between)?;
            Database::named(value.trim_with(|c| matches!(c, ' ' | '"' | ',')).to_str().ok()?)
        });
        if said.is_some() {
            return Ok(said);
        }
    }
    Ok(None)
}

fn source((paths, language): (String, Language)) -> Source {
    Source { language, paths, types: Vec::new(), unread: 0, beside: String::new() }
}

/// What `sanity schema extract` writes is an array; other files of that name are objects.
fn is_array(tree: &Stored<'_>, path: &BStr) -> Result<bool> {
    let bytes = tree.blob(path)?.and_then(|blob| blob.bytes).unwrap_or_default();
    Ok(bytes.trim_start().starts_with(b"["))
}

/// A path as the glob that means it alone.
fn plain(path: &BString) -> Option<String> {
    let text = path.to_str().ok()?;
    Glob::parse(text)
        .is_ok_and(|glob| glob.matches(path) && !text.contains(['*', '?', '[', '{']))
        .then(|| text.to_owned())
}

/// The files of one kind that stand together: those of a folder, and migrations of the folder that is called so.
fn family(path: &BString, language: Language) -> Option<String> {
    let text = plain(path)?;
    let (folder, name) = text.rsplit_once('/').unwrap_or(("", &text));
    let ending = if language == Language::JsonSchema { "schema.json" } else { name.rsplit_once('.')?.1 };
    Some(match (language, folder.split_once("migrations")) {
        (Language::Sql(_), Some((above, _))) => format!("{above}migrations/**/*.{ending}"),
        (Language::Protobuf, _) => format!("{}/**/*.{ending}", folder.split('/').next().unwrap_or_default()),
        _ if folder.is_empty() => format!("*.{ending}"),
        _ => format!("{folder}/*.{ending}"),
    })
}

/// A source by itself.
fn alone(source: &Source) -> Config {
    let globs = |patterns: &[&str]| -> GlobSet { patterns.iter().filter_map(|one| Glob::parse(one).ok()).collect() };
    let declares = Declares {
        language: source.language,
        files: Files { paths: globs(&[&source.paths]), exclude: GlobSet::default() },
        types: globs(&["**"]),
        names: BTreeMap::new(),
        kinds: Wanted::DEFAULT.into_iter().collect(),
    };
    let held =
        Held { path: CONTRACT_FILE.into(), columns: Columns::default(), sources: vec![declares], mappings: Vec::new() };
    Config { mode: Mode::Introduced, baseline: BString::default(), contracts: vec![held] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_place_is_a_pattern() {
        for (pattern, ..) in USUAL {
            assert!(Glob::parse(pattern).is_ok(), "{pattern}");
        }
        assert!(Glob::parse(FOREIGN).unwrap().matches(b"node_modules/a/x.schema.json"));
    }

    #[test]
    fn files_that_stand_together_are_one_source() {
        for (path, language, due) in [
            ("db/migrations/2024/1.sql", Language::Sql(None), "db/migrations/**/*.sql"),
            ("migrations/1.sql", Language::Sql(None), "migrations/**/*.sql"),
            ("proto/shop/v1/order.proto", Language::Protobuf, "proto/**/*.proto"),
            ("schema/order.schema.json", Language::JsonSchema, "schema/*.schema.json"),
            ("order.schema.json", Language::JsonSchema, "*.schema.json"),
            ("api/types.graphql", Language::GraphQl, "api/*.graphql"),
        ] {
            let glob = family(&path.into(), language).unwrap();
            assert_eq!(glob, due);
            assert!(Glob::parse(&glob).unwrap().matches(path.as_bytes()), "{glob}");
        }
        assert_eq!(plain(&"a/[x].json".into()), None);
    }
}
