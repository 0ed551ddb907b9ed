//! Every idiom in `fixtures/drift/<language>/` with the fields, the unread places and the mapping sites that it has.
//! `REFGATE_BLESS=1` writes what is found; whoever does so reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};
use refgate::drift::languages::{Language, Source};
use refgate::drift::lent::{MOST_ROUNDS, lent};
use refgate::drift::migrations::fold;
use refgate::drift::packages::{Packages, is_named};
use refgate::drift::resolve::{Files, resolve};
use refgate::drift::shape::{Database, Loans, Module, Site, Sites, When};
use refgate::glob::{Glob, GlobSet};
use serde::Deserialize;

/// A stack like that of the thread that reads sources.
const STACK: usize = 64 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default = "everything")]
    types: Vec<String>,
    #[serde(default = "everything")]
    read: Vec<String>,
    dialect: Option<String>,
    files: BTreeMap<String, String>,
    #[serde(default)]
    sites: RawSites,
    expect: Option<Expect>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawSites {
    functions: BTreeMap<String, usize>,
    tables: Vec<String>,
    table_member: Option<String>,
    discriminators: Vec<String>,
    types: Vec<String>,
    patches: Vec<String>,
}

#[derive(Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
struct Expect {
    fields: String,
    unread: String,
    sites: String,
}

fn everything() -> Vec<String> {
    vec!["**".to_owned()]
}

fn globs(patterns: &[String]) -> GlobSet {
    patterns.iter().map(|pattern| Glob::parse(pattern).unwrap()).collect()
}

/// All files, and which of them are the source's.
struct Read(BTreeMap<BString, Module>, GlobSet, Packages);

impl Files for Read {
    fn is_own(&self, path: &BStr) -> bool {
        self.1.matches(path)
    }

    fn module(&self, path: &BStr) -> Option<(&BStr, &Module)> {
        self.0.get_key_value(path).map(|(path, module)| (path.as_bstr(), module))
    }

    fn folder(&self, folder: &BStr) -> Vec<&BStr> {
        let inside = |path: &&BStr| path.strip_prefix(folder.as_bytes()).is_some_and(|name| !name.contains(&b'/'));
        self.0.keys().map(|path| path.as_bstr()).filter(inside).collect()
    }

    fn leads_on(&self, _: &BStr) -> bool {
        false
    }

    fn has_links(&self, _: &BStr) -> bool {
        false
    }

    fn packages(&self) -> &Packages {
        &self.2
    }
}

#[test]
fn every_idiom_is_read_as_its_language_means_it() {
    let (mut wrong, mut count) = (Vec::new(), BTreeMap::new());
    for language in Language::ALL.into_iter().filter(|language| language.is_built_in()) {
        for path in cases(language) {
            *count.entry(language.name()).or_insert(0) += 1;
            let text = fs_err::read_to_string(&path).unwrap();
            let case: Case = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let language = case.dialect.as_ref().map_or(language, |dialect| Language::Sql(Database::named(dialect)));
            let found = run(language, &case);
            if std::env::var_os("REFGATE_BLESS").is_some() {
                fs_err::write(&path, blessed(&text, &found)).unwrap();
            } else if case.expect.as_ref() != Some(&found) {
                let due = case.expect.unwrap_or_default();
                wrong.push(format!("{}:\ndue {due:#?}\nfound {found:#?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} idioms are read otherwise:\n{}", wrong.len(), wrong.join("\n"));
    println!("{count:?}");
}

fn cases(language: Language) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/drift").join(language.name());
    let entries = fs_err::read_dir(folder).into_iter().flatten();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

fn source<'s>(path: &'s str, text: &'s str, sites: &'s Sites) -> Source<'s> {
    Source { path: path.into(), text, sites }
}

fn run(language: Language, case: &Case) -> Expect {
    let raw = &case.sites;
    let sites = Sites {
        functions: raw.functions.iter().map(|(name, at)| (name.clone(), *at)).collect(),
        tables: raw.tables.iter().cloned().collect(),
        table_member: raw.table_member.clone(),
        discriminators: raw.discriminators.iter().cloned().collect(),
        types: raw.types.iter().cloned().collect(),
        patches: raw.patches.iter().cloned().collect(),
    };
    let none = Sites::default();
    // One file alone that an import may mean.
    let lenders = |from: &[BString]| {
        let there = |path: &BString| case.files.get_key_value(path.to_str().unwrap());
        let found: BTreeMap<_, _> = from.iter().filter_map(there).collect();
        let lends = |(path, text): (&String, &String)| {
            (BString::from(path.as_str()), Arc::new(language.lends_of(&source(path, text, &none))))
        };
        Ok((found.len() == 1).then(|| found.into_iter().next().map(lends)).flatten())
    };
    let read = || {
        let module = |(path, text): (&String, &String)| {
            let (mut module, mut known) = (language.read(&source(path, text, &sites)), Loans::new());
            for _ in 0..MOST_ROUNDS {
                let found = lent(&module.wanted, &lenders).unwrap();
                if found == known {
                    break;
                }
                module = language.read_with(&source(path, text, &sites), &found);
                known = found;
            }
            (BString::from(path.as_str()), module)
        };
        case.files.iter().filter(|(path, _)| !is_named(BStr::new(path))).map(module).collect()
    };
    let modules: BTreeMap<BString, Module> = std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read).unwrap().join().unwrap()
    });
    let own = globs(&case.read);
    let modules = if matches!(language, Language::Sql(_)) { folded(modules, &own) } else { modules };
    let named = case.files.iter().filter(|(path, _)| is_named(BStr::new(path)));
    let mut packages = Packages::default();
    named.for_each(|(path, text)| packages.add(path.as_str().into(), Some(text.as_bytes())));
    let files = Read(modules, own, packages);
    let own: Vec<(&BStr, &Module)> = files.0.iter().map(|(path, module)| (path.as_bstr(), module)).collect();
    let own: Vec<_> = own.into_iter().filter(|(path, _)| files.is_own(path)).collect();
    let declared = resolve(&own, &globs(&case.types), &|_, _| true, &files);
    let place = |file: &BStr, at: u32| {
        let text = &case.files[file.to_str().unwrap()];
        let before = text.get(..at as usize).unwrap_or_else(|| panic!("{file}: offset {at} is within a character"));
        let column = before.rsplit('\n').next().unwrap().len() + 1;
        format!("{file}:{}:{column}", before.matches('\n').count() + 1)
    };
    let fields = declared.fields.iter().map(|field| {
        let enumerated = if field.enumerated { " enumerated" } else { "" };
        let identity = field.identity.map(|number| format!(" = {number}")).unwrap_or_default();
        let kind = field.kind.name();
        let place = place(field.file.as_bstr(), field.at);
        format!("{place} {}.{} {kind}{enumerated}{identity}\n", field.ty, field.path)
    });
    let unread = declared.unread.iter().map(|blind| {
        assert!(blind.reason.chars().all(|c| (' '..='~').contains(&c)), "{:?}", blind.reason);
        format!("{} {}\n", place(blind.file.as_bstr(), blind.at), blind.reason)
    });
    let said = |file: &BStr, site: &Site| {
        let ty = site.ty.as_ref().map(|ty| format!("{ty}.")).unwrap_or_default();
        format!("{} {:?} {ty}{}", place(file, site.at), site.form, site.path)
    };
    let mut sites = String::new();
    for (file, module) in &own {
        module.sites.iter().for_each(|site| sites += &format!("{}\n", said(file, site)));
        for part in &module.if_known {
            let when = part.when.iter().map(|when| match when {
                When::Knows { ty, members } => format!("if {ty}.{} is known", members.join(", ")),
                When::KnowsAny { ty, members } => format!("if one of {ty}.{} is known", members.join(", ")),
                When::HasNo(ty) => format!("if nothing is known of {ty}"),
            });
            let known = when.collect::<Vec<_>>().join(" and ");
            part.sites.iter().for_each(|site| sites += &format!("{} {known}\n", said(file, site)));
            part.unread.iter().for_each(|one| sites += &format!("{} {} {known}\n", place(file, one.at), one.reason));
        }
    }
    Expect { fields: fields.collect(), unread: unread.collect(), sites }
}

/// The source's files with the tables that are there after all migrations.
fn folded(mut modules: BTreeMap<BString, Module>, source: &GlobSet) -> BTreeMap<BString, Module> {
    let own: Vec<_> = modules.iter().filter(|(path, _)| source.matches(path)).collect();
    let own: Vec<(BString, &Module)> = own.into_iter().map(|(path, module)| (path.clone(), module)).collect();
    let (folded, paths) = (fold(&own), own.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>());
    let read = folded.modules(&own);
    modules.extend(paths.into_iter().zip(read));
    modules
}

/// The case with what was found in the place of what was expected.
fn blessed(text: &str, found: &Expect) -> String {
    let kept = text.split("\n[expect]").next().unwrap().trim_end();
    let part = |name: &str, text: &str| match text.is_empty() {
        true => format!("{name} = ''\n"),
        false => format!("{name} = '''\n{text}'''\n"),
    };
    format!(
        "{kept}\n\n[expect]\n{}{}{}",
        part("fields", &found.fields),
        part("unread", &found.unread),
        part("sites", &found.sites)
    )
}
