//! Drift on generated code and contracts, held against a reference that knows nothing but sets of paths; and the survey on
//! files that are made to exhaust it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bstr::{BStr, BString, ByteSlice};
use proptest::prelude::*;
use refgate::drift::compare::listing;
use refgate::drift::config::{Config, Declares, Files, Held, Maps, Mode, Wanted};
use refgate::drift::contract::{Columns, Contract};
use refgate::drift::languages::Language;
use refgate::drift::resolve::Field;
use refgate::drift::shape::Sites;
use refgate::drift::survey::{Blob, Condition, Survey, Tree, fields, survey};
use refgate::drift::sync::sync;
use refgate::error::Result;
use refgate::glob::{Glob, GlobSet};
use refgate::oid::Oid;
use sha2::{Digest, Sha256};

pub(crate) const MAP: &str = "map.md";

/// Files in memory.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    pub(crate) files: BTreeMap<BString, Vec<u8>>,
    /// Where links stand.
    pub(crate) links: BTreeSet<BString>,
    limit: usize,
}

impl Memory {
    pub(crate) fn of<T: Into<Vec<u8>>>(files: impl IntoIterator<Item = (String, T)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path.into(), text.into())).collect();
        Self { files, links: BTreeSet::new(), limit: 64 << 20 }
    }
}

impl Tree for Memory {
    fn blob(&self, path: &BStr) -> Result<Option<Blob>> {
        Ok(self.files.get(path).map(|bytes| Blob {
            oid: Oid::from_bytes(&Sha256::digest(bytes)).unwrap(),
            bytes: (bytes.len() <= self.limit).then(|| bytes.clone()),
        }))
    }

    fn is_odd(&self, path: &BStr) -> Result<bool> {
        Ok(self.links.contains(path))
    }

    fn list(&self, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<BString>> {
        Ok(self.files.keys().filter(|path| wanted(path)).cloned().collect())
    }

    fn odd(&self, _: &dyn Fn(&[u8]) -> bool) -> Result<Vec<BString>> {
        Ok(Vec::new())
    }

    fn search(&self, wanted: &dyn Fn(&[u8]) -> bool, is_true: &(dyn Fn(&[u8]) -> bool + Sync)) -> Result<Vec<BString>> {
        let found = |(path, bytes): &(&BString, &Vec<u8>)| wanted(path) && (bytes.len() > self.limit || is_true(bytes));
        Ok(self.files.iter().filter(found).map(|(path, _)| path.clone()).collect())
    }

    fn folder(&self, folder: &BStr) -> Result<Vec<BString>> {
        let inside = |path: &&BString| path.strip_prefix(folder.as_bytes()).is_some_and(|name| !name.contains(&b'/'));
        Ok(self.files.keys().filter(inside).cloned().collect())
    }

    fn others(&self, folder: &BStr) -> Result<Vec<BString>> {
        let name = |path: &BString| {
            let rest = path.strip_prefix(folder.as_bytes())?;
            let end = rest.iter().position(|byte| *byte == b'/');
            let end = end.or_else(|| self.links.contains(path).then_some(rest.len()))?;
            path.get(..folder.len() + end).map(BString::from)
        };
        Ok(self.files.keys().chain(&self.links).filter_map(name).collect())
    }
}

pub(crate) fn globs(patterns: &[&str]) -> GlobSet {
    patterns.iter().map(|pattern| Glob::parse(pattern).unwrap()).collect()
}

fn config(language: Language) -> Config {
    let source = Declares {
        language,
        files: Files { paths: globs(&["model/**"]), exclude: GlobSet::default() },
        types: globs(&["**"]),
        names: BTreeMap::new(),
        kinds: Wanted::DEFAULT.into_iter().collect(),
    };
    let held = Held { path: MAP.into(), columns: Columns::default(), sources: vec![source], mappings: Vec::new() };
    Config { mode: Mode::Introduced, baseline: "baseline.txt".into(), contracts: vec![held] }
}

/// What stands behind a member.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Text,
    Listed,
    Number,
    Truth,
    Object(Members),
    Items(Box<Node>),
}

type Members = BTreeMap<&'static str, Node>;
type Types = BTreeMap<&'static str, Members>;
/// A type and a path.
type Name = (String, String);

fn members() -> impl Strategy<Value = Members> {
    let leaf =
        prop_oneof![3 => Just(Node::Text), 1 => Just(Node::Listed), 1 => Just(Node::Number), 1 => Just(Node::Truth)];
    let name = || prop::sample::select(vec!["id", "email", "mail", "city", "note", "status", "line"]);
    let node = leaf.prop_recursive(3, 12, 4, move |inner| {
        let object = prop::collection::btree_map(name(), inner.clone(), 0..4).prop_map(Node::Object);
        prop_oneof![object, inner.prop_map(|node| Node::Items(Box::new(node)))]
    });
    prop::collection::btree_map(name(), node, 0..6)
}

fn types() -> impl Strategy<Value = Types> {
    prop::collection::btree_map(prop::sample::select(vec!["order", "basket", "user"]), members(), 1..4)
}

/// Code before and after, and which of all paths each contract lists.
fn states() -> impl Strategy<Value = ([Types; 2], [Vec<bool>; 2], bool)> {
    let lists = || prop::collection::vec(prop::bool::weighted(0.8), 64);
    (types(), types(), prop::collection::vec(any::<bool>(), 3), lists(), lists(), any::<bool>()).prop_map(
        |(before, other, kept, one, two, same)| {
            let mut after = other;
            for ((name, members), kept) in before.iter().zip(kept) {
                if kept {
                    after.insert(name, members.clone());
                }
            }
            ([before, after], [one, two], same)
        },
    )
}

/// Every path of a type's members with whether a contract must list it.
fn flat(members: &Members, above: &str, all: &mut BTreeMap<String, bool>) {
    for (name, node) in members {
        let path = if above.is_empty() { (*name).to_owned() } else { format!("{above}.{name}") };
        flat_node(node, path, all);
    }
}

fn flat_node(node: &Node, path: String, all: &mut BTreeMap<String, bool>) {
    all.insert(path.clone(), matches!(node, Node::Text | Node::Listed));
    match node {
        Node::Object(members) => flat(members, &path, all),
        Node::Items(item) => flat_node(item, format!("{path}[]"), all),
        _ => {}
    }
}

fn flat_types(types: &Types) -> BTreeMap<Name, bool> {
    let mut all = BTreeMap::new();
    for (ty, members) in types {
        let mut own = BTreeMap::new();
        flat(members, "", &mut own);
        all.extend(own.into_iter().map(|(path, wanted)| (((*ty).to_owned(), path), wanted)));
    }
    all
}

fn json(node: &Node) -> String {
    match node {
        Node::Text => "{\"type\": \"string\"}".to_owned(),
        Node::Listed => "{\"enum\": [\"a\", \"b\"]}".to_owned(),
        Node::Number => "{\"type\": \"number\"}".to_owned(),
        Node::Truth => "{\"type\": \"boolean\"}".to_owned(),
        Node::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, node)| format!("\"{name}\": {}", json(node))).collect();
            format!("{{\"type\": \"object\", \"properties\": {{{}}}}}", members.join(",\n"))
        }
        Node::Items(item) => format!("{{\"type\": \"array\", \"items\": {}}}", json(item)),
    }
}

fn typescript(node: &Node) -> String {
    match node {
        // `{}` is anything but nothing.
        Node::Object(members) if members.is_empty() => "{ none(): void }".to_owned(),
        Node::Text => "string".to_owned(),
        Node::Listed => "'a' | 'b'".to_owned(),
        Node::Number => "number".to_owned(),
        Node::Truth => "boolean".to_owned(),
        Node::Object(members) => {
            let members: String =
                members.iter().map(|(name, node)| format!("{name}: {};\n", typescript(node))).collect();
            format!("{{\n{members}}}")
        }
        Node::Items(item) => format!("({})[]", typescript(item)),
    }
}

fn state(language: Language, types: &Types, contract: &BTreeSet<Name>) -> Memory {
    let mut files: Vec<(String, String)> = Vec::new();
    for (ty, members) in types {
        let object = Node::Object(members.clone());
        files.push(match language {
            Language::TypeScript => {
                (format!("model/{ty}.ts"), format!("export interface {ty} {}\n", typescript(&object)))
            }
            _ => (format!("model/{ty}.json"), json(&object).replacen('{', &format!("{{\"title\": \"{ty}\", "), 1)),
        });
    }
    files.push((MAP.to_owned(), written(contract)));
    Memory::of(files)
}

fn written(contract: &BTreeSet<Name>) -> String {
    let mut text = "# Fields\n".to_owned();
    let mut last = "";
    for (ty, path) in contract {
        if ty != last {
            text.push_str(&format!("\n### `{ty}`\n\n"));
            last = ty;
        }
        text.push_str(&format!("- `{path}`\n"));
    }
    text
}

/// Some of all paths that the two states have, and some that neither has.
fn listed(all: &BTreeSet<Name>, picks: &[bool]) -> BTreeSet<Name> {
    let ghosts = [("order", "ghost"), ("user", "city.ghost"), ("basket", "line[].ghost"), ("nobody", "id")];
    let ghosts = ghosts.into_iter().zip(picks.iter().rev()).filter(|(_, pick)| !**pick).map(|(name, _)| name);
    let picked = all.iter().zip(picks.iter().cycle()).filter(|(_, pick)| **pick).map(|(name, _)| name.clone());
    picked.chain(ghosts.map(|(ty, path)| (ty.to_owned(), path.to_owned()))).collect()
}

/// What must be found: the added and the removed.
#[derive(Debug, Default, PartialEq)]
struct Sets {
    added: BTreeSet<Name>,
    removed: BTreeSet<Name>,
}

/// One state of the world: its paths, whether each must be listed, and what the contract lists.
struct World<'w> {
    types: &'w Types,
    code: BTreeMap<Name, bool>,
    contract: &'w BTreeSet<Name>,
}

impl World<'_> {
    fn added(&self) -> BTreeSet<Name> {
        let wanted = self.code.iter().filter(|(name, wanted)| **wanted && !self.contract.contains(*name));
        wanted.map(|(name, _)| name.clone()).collect()
    }
}

fn reference(mode: Mode, before: &World<'_>, after: &World<'_>) -> Sets {
    let declared = |ty: &str| before.types.contains_key(ty) || after.types.contains_key(ty);
    let gone = |name: &&Name| !after.code.contains_key(*name);
    let was_gone = |name: &Name| before.contract.contains(name) && !before.code.contains_key(name);
    let mut sets = Sets::default();
    let old = if mode == Mode::Introduced { before.added() } else { BTreeSet::new() };
    sets.added = after.added().difference(&old).cloned().collect();
    let listed = after.contract.iter().filter(|(ty, _)| declared(ty)).filter(gone);
    sets.removed.extend(listed.filter(|name| mode == Mode::Absolute || !was_gone(name)).cloned());
    let from_both = before.contract.difference(after.contract).filter(|name| before.code.contains_key(*name));
    sets.removed.extend(from_both.filter(gone).cloned());
    sets
}

/// What was found, with renames taken apart again.
fn found(survey: &Survey, due: &Sets, after: &World<'_>) -> Sets {
    let mut sets = Sets::default();
    for drift in &survey.drifts {
        let name = || (drift.ty.clone(), drift.path.as_ref().unwrap().to_string());
        match &drift.condition {
            Condition::Added { .. } => assert!(sets.added.insert(name()), "twice: {drift:?}"),
            Condition::Removed { .. } => assert!(sets.removed.insert(name()), "twice: {drift:?}"),
            Condition::Renamed { to: (ty, Some(path)), listed, .. } => {
                assert!(sets.removed.insert(name()), "twice: {drift:?}");
                if !listed {
                    assert!(sets.added.insert((ty.clone(), path.to_string())), "twice: {drift:?}");
                }
            }
            Condition::Renamed { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    for drift in &survey.drifts {
        // The type's finding stands for those of its fields that both names have and that the contract must know or does.
        if let Condition::Renamed { to: (ty, None), .. } = &drift.condition {
            for (_, path) in due.removed.iter().filter(|(gone, _)| *gone == drift.ty) {
                let now = (ty.clone(), path.clone());
                if due.added.contains(&now) || after.contract.contains(&now) {
                    sets.removed.insert((drift.ty.clone(), path.clone()));
                    sets.added.extend(due.added.get(&now).cloned());
                }
            }
        }
    }
    sets
}

pub(crate) fn differing(before: &Memory, after: &Memory) -> BTreeSet<BString> {
    let paths =
        before.files.keys().chain(after.files.keys()).filter(|path| before.files.get(*path) != after.files.get(*path));
    paths.chain(before.links.symmetric_difference(&after.links)).cloned().collect()
}

fn holds(language: Language, code: &[Types; 2], picks: &[Vec<bool>; 2], same: bool) {
    if !language.is_built_in() {
        return;
    }
    let [old, new] = [flat_types(&code[0]), flat_types(&code[1])];
    let all: BTreeSet<Name> = old.keys().chain(new.keys()).cloned().collect();
    let first = listed(&all, &picks[0]);
    let second = if same { first.clone() } else { listed(&all, &picks[1]) };
    let before = World { types: &code[0], code: old, contract: &first };
    let after = World { types: &code[1], code: new, contract: &second };
    let [base, head] = [state(language, before.types, &first), state(language, after.types, &second)];
    let changed = differing(&base, &head);
    for mode in [Mode::Introduced, Mode::Absolute] {
        let seen = survey(&config(language), mode, Some(&base), &head, &changed).unwrap();
        assert!(seen.unread.is_empty(), "{:?}", seen.unread);
        let due = reference(mode, &before, &after);
        assert_eq!(found(&seen, &due, &after), due, "{language:?} {mode:?} {:?}", seen.drifts);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_sets_are_those_of_a_naive_reference((code, picks, same) in states()) {
        holds(Language::JsonSchema, &code, &picks, same);
    }

    #[test]
    fn reading_only_what_changed_finds_the_same((code, picks, same) in states()) {
        holds(Language::TypeScript, &code, &picks, same);
    }

    #[test]
    fn a_contract_that_was_synced_has_no_drift((code, picks, _) in states()) {
        let all: BTreeSet<Name> = flat_types(&code[0]).into_keys().collect();
        let old = written(&listed(&all, &picks[0]));
        let config = config(Language::JsonSchema);
        let mut tree = state(Language::JsonSchema, &code[1], &BTreeSet::new());
        let (declared, unread) = fields(&config, &tree).unwrap();
        assert_eq!(unread, []);
        let contract = Contract::parse(old.as_bytes(), &Columns::default());
        let kinds: BTreeSet<Wanted> = Wanted::DEFAULT.into_iter().collect();
        let declared: Vec<(Field, bool)> =
            declared.into_iter().map(|one| (one.field.clone(), Wanted::any(&kinds, &one.field))).collect();
        let keep = listing(&contract, &declared);
        let new = sync(&old, &contract, &keep);
        tree.files.insert(MAP.into(), new.clone().into_bytes());
        let seen = survey(&config, Mode::Absolute, None, &tree, &BTreeSet::new()).unwrap();
        assert_eq!(seen.drifts, [], "{new}");
        assert_eq!(sync(&new, &Contract::parse(new.as_bytes(), &Columns::default()), &keep), new);
    }
}

/// What an absolute look at one file says that cannot be read, and how long it took.
fn unread(language: Language, path: &str, text: impl Into<Vec<u8>>, limit: usize) -> (Vec<String>, Duration) {
    let mut tree = Memory::of([(MAP.to_owned(), b"# Fields\n\n### `order`\n\n- `id`\n".to_vec())]);
    tree.files.insert(path.into(), text.into());
    tree.limit = limit;
    let started = Instant::now();
    let seen = survey(&config(language), Mode::Absolute, None, &tree, &BTreeSet::new()).unwrap();
    let told = seen.unread.iter().map(|unread| {
        let place = &unread.place;
        format!("{}:{}:{} {}", place.file, place.line, place.column, unread.reason)
    });
    (told.collect(), started.elapsed())
}

pub(crate) const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let (told, took) = unread(Language::JsonSchema, "model/order.json", vec![b'['; 50 << 20], 1 << 20);
    assert_eq!(told, ["model/order.json:1:1 the file is larger than limits.blob_bytes of the policy"]);
    assert!(took < SOON, "{took:?}");
}

#[test]
fn nesting_without_an_end_is_told_with_its_place() {
    let deep = format!("{}1{}", "{\"properties\": {\"a\": ".repeat(10_000), "}}".repeat(10_000));
    for language in [Language::JsonSchema, Language::SanitySchema] {
        let (told, took) = unread(language, "model/order.json", deep.as_str(), 1 << 20);
        assert!(told.len() == 1 && told[0].starts_with("model/order.json:1:"), "{told:?}");
        assert!(took < SOON, "{took:?}");
    }
}

#[test]
fn a_name_of_any_length_is_told_by_its_place() {
    let text = format!(
        "{{\"title\": \"order\", \"properties\": {{\"id\": {{}}, \"{}\": {{\"type\": \"string\"}}}}}}",
        "x".repeat(900_000)
    );
    let (told, _) = unread(Language::JsonSchema, "model/order.json", text.as_str(), 1 << 20);
    assert!(told.len() == 1 && told[0].contains("model/order.json:1:") && told[0].contains("1000 bytes"), "{told:?}");
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    let text = r##"{"title": "order", "type": "object", "properties": {
        "id": {"type": "string"}, "parent": {"$ref": "#"},
        "left": {"$ref": "#/$defs/a"}, "none": {"$ref": "#/$defs/c"}},
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}, "c": {"$ref": "#/$defs/c"}}}"##;
    let started = Instant::now();
    let tree = Memory::of([("model/order.json".to_owned(), text)]);
    let (declared, unread) = fields(&config(Language::JsonSchema), &tree).unwrap();
    let paths: Vec<String> = declared.iter().map(|one| format!("{}.{}", one.field.ty, one.field.path)).collect();
    for due in ["order.id", "order.parent", "order.left", "order.none"] {
        assert!(paths.iter().any(|path| path == due), "{due} is not among {paths:?}");
    }
    assert!(paths.len() < 10, "{paths:?} {unread:?}");
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn an_unterminated_template_is_told_with_its_place() {
    if Language::TypeScript.is_built_in() {
        let text = format!("export interface order {{ id: string }}\nconst a = `{}", "${`".repeat(20_000));
        let (told, took) = unread(Language::TypeScript, "model/order.ts", text, 1 << 20);
        assert!(!told.is_empty() && told.iter().all(|told| told.starts_with("model/order.ts:2:")), "{told:?}");
        assert!(took < SOON, "{took:?}");
    }
}

#[test]
fn very_much_drift_takes_no_longer_than_it_must() {
    let schema = |prefix: &str| {
        let fields: Vec<String> = (0..30_000).map(|n| format!("\"{prefix}{n}\": {{\"type\": \"string\"}}")).collect();
        format!("{{\"title\": \"order\", \"type\": \"object\", \"properties\": {{{}}}}}", fields.join(",\n"))
    };
    let contract: BTreeSet<Name> = (0..30_000).map(|n| ("order".to_owned(), format!("old{n}"))).collect();
    let tree = |prefix: &str| {
        Memory::of([("model/order.json".to_owned(), schema(prefix)), (MAP.to_owned(), written(&contract))])
    };
    let [base, head] = [tree("old"), tree("new")];
    let started = Instant::now();
    let seen = survey(&config(Language::JsonSchema), Mode::Introduced, Some(&base), &head, &differing(&base, &head));
    let took = started.elapsed();
    assert_eq!(seen.unwrap().drifts.len(), 60_000);
    assert!(took < Duration::from_secs(90), "{took:?}");
}

/// A file of two mappings that was not there before, held against a contract.
fn mapped(contract: String, code: String) -> (Survey, Duration) {
    let sites = Sites { functions: vec![("map".to_owned(), 1)], ..Sites::default() };
    let files = Files { paths: globs(&["src/**"]), exclude: GlobSet::default() };
    let maps = Maps { files, sites, names_contract: false, ignored: GlobSet::default() };
    let tables = Sites { tables: BTreeSet::from(["TABLE".to_owned()]), ..maps.sites.clone() };
    let other = Maps { sites: tables, ..maps.clone() };
    let mut config = config(Language::JsonSchema);
    config.contracts.iter_mut().for_each(|held| held.mappings = vec![maps.clone(), other.clone()]);
    let base = Memory::of([(MAP.to_owned(), contract)]);
    let mut head = base.clone();
    head.files.insert("src/map.ts".into(), code.into());
    let started = Instant::now();
    let seen = survey(&config, Mode::Introduced, Some(&base), &head, &differing(&base, &head)).unwrap();
    (seen, started.elapsed())
}

#[test]
fn many_mappings_and_many_types_take_no_longer_than_they_must() {
    if Language::TypeScript.is_built_in() {
        let contract = (0..10_000).map(|n| format!("### `T{n}`\n- `f{n}`\n")).collect();
        let (seen, took) = mapped(contract, (0..30_000).map(|n| format!("map(\"x{n}\");\n")).collect());
        assert_eq!(seen.drifts.len(), 30_000);
        assert!(took < SOON, "{took:?}");
    }
}

#[test]
fn of_many_comments_that_cannot_be_read_the_first_are_told() {
    let contract = "### `order`\n- `id`\n".to_owned();
    let (seen, took) = mapped(contract, "/* DRIFT ACKNOWLEDGEMENT */\n".repeat(38_000));
    assert_eq!(seen.unclear.len(), 201);
    assert!(took < SOON, "{took:?}");
}
