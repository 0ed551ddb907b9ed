//! Mapping files that have constants from other files: a change of those alone is seen in them.

use std::collections::BTreeSet;

use refgate::drift::config::{Config, Files, Held, Maps, Mode};
use refgate::drift::contract::Columns;
use refgate::drift::shape::Sites;
use refgate::drift::survey::survey;
use refgate::glob::GlobSet;

use crate::drift_model::{MAP, Memory, differing, globs};

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
    Memory::of(files.chain([(MAP.to_owned(), CONTRACT.to_owned()), ("map/order.ts".to_owned(), MAPPING.to_owned())]))
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
fn a_link_in_the_place_of_constants_is_not_followed() {
    let (old, mut new) = (memory(&[("paths.ts", FILE)]), memory(&[]));
    new.links.insert("paths.ts".into());
    let changed = differing(&old, &new);
    let survey = survey(&config(), Mode::Introduced, Some(&old), &new, &changed).unwrap();
    assert_eq!(survey.unread.iter().map(|one| one.place.file.to_string()).collect::<Vec<_>>(), ["map/order.ts"]);
}
