//! Mapping files that have constants from other files: a change of those alone is seen in them.

use std::collections::BTreeSet;
use std::time::Instant;

use refgate::drift::config::{Config, Files, Held, Maps, Mode};
use refgate::drift::contract::Columns;
use refgate::drift::shape::Sites;
use refgate::drift::survey::survey;
use refgate::glob::GlobSet;

use crate::drift_model::{MAP, Memory, SOON, differing, globs};

const CONTRACT: &str = "## `model.json`\n\n### `order`\n\n- `id`\n- `email`\n";
const FILE: &str = "export const PATHS = { id: 'order.id' } as const\n";
const MAPPING: &str = "import { PATHS } from '../paths'\nmapField(PATHS.id)\n";

fn config() -> Config {
    let sites = Sites { functions: vec![("mapField".to_owned(), 1)], ..Sites::default() };
    let files = Files { paths: globs(&["map/**"]), exclude: GlobSet::default() };
    let maps = Maps { files, sites, names_contract: false, ignored: GlobSet::default() };
    let held = Held { path: MAP.into(), columns: Columns::default(), sources: Vec::new(), mappings: vec![maps] };
    Config { mode: Mode::Introduced, baseline: "baseline.txt".into(), contracts: vec![held] }
}

fn memory(files: &[(&str, &str)]) -> Memory {
    let files = files.iter().filter(|(_, text)| !text.is_empty());
    let files = files.map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let own = [(MAP, CONTRACT), ("map/order.ts", MAPPING)].map(|(path, text)| (path.to_owned(), text.to_owned()));
    Memory::of(own.into_iter().chain(files))
}

/// What a change of files beside the mapping brings, and what stands after it.
fn found(before: &[(&str, &str)], after: &[(&str, &str)]) -> [BTreeSet<String>; 2] {
    [Mode::Introduced, Mode::Absolute].map(|mode| {
        let (old, new) = (memory(before), memory(after));
        let changed = differing(&old, &new);
        let survey = survey(&config(), mode, Some(&old), &new, &changed).unwrap();
        let drifts = survey.drifts.iter().map(|drift| drift.key());
        drifts.chain(survey.unread.iter().map(|one| format!("unread {}", one.place.file))).collect()
    })
}

#[test]
fn a_change_of_constants_is_seen_in_the_files_that_have_them() {
    let drift = "noncanonical order.secret map/order.ts map.md";
    let unread = "unread map/order.ts";
    let secret = FILE.replace("order.id", "order.secret");
    let plain = FILE.replace(" as const", "");
    for (name, before, after, brings, stands) in [
        ("the same", vec![("paths.ts", FILE)], vec![("paths.ts", FILE), ("other.ts", FILE)], "", ""),
        ("another path", vec![("paths.ts", FILE)], vec![("paths.ts", &secret)], drift, drift),
        ("a path that stood", vec![("paths.ts", &secret)], vec![("paths.ts", &secret), ("other.ts", FILE)], "", drift),
        ("not constant any more", vec![("paths.ts", FILE)], vec![("paths.ts", &plain)], unread, unread),
        ("gone", vec![("paths.ts", FILE)], vec![("paths.ts", "")], unread, unread),
        ("one of two", vec![("paths.ts", FILE)], vec![("paths.ts", FILE), ("paths.js", &secret)], unread, unread),
        ("in a folder", vec![("paths.ts", FILE)], vec![("paths/index.ts", &secret)], drift, drift),
        (
            "led elsewhere",
            vec![("paths/index.ts", FILE)],
            vec![("paths/index.ts", FILE), ("paths/package.json", "{\"main\": \"x.js\"}")],
            unread,
            unread,
        ),
        ("a comment", vec![("paths.ts", FILE)], vec![("paths.ts", &format!("// more\n{FILE}"))], "", ""),
    ] {
        let due = [brings, stands].map(|due| Some(due.to_owned()).filter(|due| !due.is_empty()).into_iter().collect());
        assert_eq!(found(&before, &after), due, "{name}");
    }
}

#[test]
fn a_change_of_constants_is_seen_through_the_files_that_hand_them_on() {
    let drift = "noncanonical order.secret map/order.ts map.md";
    let unread = "unread map/order.ts";
    let secret = FILE.replace("order.id", "order.secret");
    let star = ("paths/index.ts", "export * from './orders'\n");
    let named = ("paths/index.ts", "export { PATHS } from './orders'\n");
    let listed = ("paths/index.ts", "import { PATHS } from './orders'\nexport { PATHS }\n");
    let default = ("paths/made.ts", "import { PATHS } from './orders'\nexport default PATHS\n");
    let again = ("paths/index.ts", "export { default as PATHS } from './made'\n");
    let twice = ("paths/index.ts", "export * from './more'\n");
    let more = ("paths/more.ts", "export * from './orders'\n");
    let part = ("paths/index.ts", "import * as all from './orders'\nexport const PATHS = all.PATHS\n");
    let (old, new) = (("paths/orders.ts", FILE), ("paths/orders.ts", &*secret));
    let other = ("paths/other.ts", "export const OTHER = 'order.id'\n");
    let both = ("paths/index.ts", "export * from './orders'\nexport * from './other'\n");
    let clash = ("paths/other.ts", "export const PATHS = { id: 'order.secret' } as const\n");
    for (name, before, after, brings, stands) in [
        ("a star", vec![star, old], vec![star, new], drift, drift),
        ("a name", vec![named, old], vec![named, new], drift, drift),
        ("a list", vec![listed, old], vec![listed, new], drift, drift),
        ("a default", vec![again, default, old], vec![again, default, new], drift, drift),
        ("a part", vec![part, old], vec![part, new], "", unread),
        ("two of them", vec![twice, more, old], vec![twice, more, new], drift, drift),
        ("the same", vec![star, old], vec![star, old, other], "", ""),
        ("gone", vec![star, old], vec![star], unread, unread),
        ("another barrel", vec![star, old, other], vec![both, new, other], drift, drift),
        ("one of two", vec![both, old, other], vec![both, old, clash], unread, unread),
        ("in a circle", vec![star, old], vec![star, ("paths/orders.ts", "export * from './index'\n")], unread, unread),
    ] {
        let due = [brings, stands].map(|due| Some(due.to_owned()).filter(|due| !due.is_empty()).into_iter().collect());
        assert_eq!(found(&before, &after), due, "{name}");
    }
}

#[test]
fn many_files_share_what_one_large_file_gives() {
    let members = (0..3_000).map(|number| format!("id{number}: 'order.id'")).collect::<Vec<_>>().join(", ");
    let names = (0..2_000).map(|number| format!("export const N{number} = 'order.id'\n")).collect::<String>();
    let large = format!("export const PATHS = {{ {members} }} as const\n{names}");
    let mapping = "import { PATHS } from '../paths'\nimport * as all from '../paths'\n\
                   mapField(PATHS.id7)\nmapField(all.PATHS.id7)\nmapField(all.N7)\n";
    let files = (0..200).map(|number| (format!("map/{number}.ts"), mapping)).collect::<Vec<_>>();
    let files = files.iter().map(|(path, text)| (path.as_str(), *text));
    let files = files.chain([("paths.ts", &*large), ("map/order.ts", mapping)]).collect::<Vec<_>>();
    let started = Instant::now();
    assert_eq!(found(&[], &files), [BTreeSet::new(), BTreeSet::new()]);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn one_constant_under_many_names_is_had_once() {
    let members = (0..1_500).map(|number| format!("i{number}: 'order.id'")).collect::<Vec<_>>().join(", ");
    let named = (0..1_500).map(|number| format!("PATHS as a{number}")).collect::<Vec<_>>().join(", ");
    let own = (0..1_500).map(|number| format!("a7 as b{number}")).collect::<Vec<_>>().join(", ");
    let large = format!("const PATHS = {{ {members} }} as const\nexport {{ {named} }}\n");
    let calls = (0..1_500).map(|number| format!("mapField(all.a{number}.i{number})\nmapField(b{number}.i7)\n"));
    let calls = calls.collect::<String>();
    let mapping = format!("import * as all from '../paths'\nimport {{ {own} }} from '../paths'\n{calls}");
    let files = [("paths.ts", &*large), ("map/order.ts", &*mapping)];
    let started = Instant::now();
    let due = BTreeSet::from(["unread map/order.ts".to_owned()]);
    assert_eq!(found(&[], &files), [due.clone(), due]);
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[test]
fn a_file_of_the_very_name_takes_the_place_of_one_with_an_ending() {
    let mapping = ("map/order.ts", "import { PATHS } from '../paths.json'\nmapField(PATHS.id)\n");
    let (file, data) = (("paths.json.ts", FILE), ("paths.json", "{}\n"));
    let due = BTreeSet::from(["unread map/order.ts".to_owned()]);
    assert_eq!(found(&[mapping, file], &[mapping, file, data]), [due.clone(), due]);
    assert_eq!(found(&[mapping, file, data], &[mapping, file]), [BTreeSet::new(), BTreeSet::new()]);
}

#[test]
fn a_link_in_the_place_of_constants_is_not_followed() {
    let (old, mut new) = (memory(&[("paths.ts", FILE)]), memory(&[]));
    new.links.insert("paths.ts".into());
    let changed = differing(&old, &new);
    let survey = survey(&config(), Mode::Introduced, Some(&old), &new, &changed).unwrap();
    assert_eq!(survey.unread.iter().map(|one| one.place.file.to_string()).collect::<Vec<_>>(), ["map/order.ts"]);
}
