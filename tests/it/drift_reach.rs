//! Reading only what a change can be seen in finds what reading everything before it and after it finds: on small
//! repositories whose types inherit from, refer to, rename, hand on and hide each other across files.

mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bstr::BString;
use proptest::prelude::*;
use refgate::drift::config::{Config, Declares, Files, Held, Mode, Wanted};
use refgate::drift::contract::Columns;
use refgate::drift::languages::Language;
use refgate::drift::survey::{fields, survey};
use refgate::glob::GlobSet;

use crate::drift_model::{MAP, Memory, differing, globs};

/// Which choice of each pattern is taken; what is too large goes around.
type Choice = [u8; 4];

/// A file: its imports and its declarations.
#[derive(Clone, Debug)]
struct Text {
    imports: Vec<Choice>,
    declarations: Vec<Choice>,
}

type State = BTreeMap<usize, Text>;

const NAMES: [&str; 6] = ["A", "B", "C", "D", "E", "Lost"];

fn of<'a>(list: &[&'a str], choice: u8) -> &'a str {
    list[usize::from(choice) % list.len()]
}

/// The files of a language: some are the source's own, others are only imported. With each comes how others call it.
fn places(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::TypeScript => &[
            ("model/a.ts", "./a"),
            ("model/b.ts", "./b.js"),
            ("model/index.ts", "."),
            ("model/sub/index.ts", "./sub"),
            ("model/main.ts", "./main"),
            ("other/c.ts", "../other/c"),
            ("model/sub/deep.ts", "./sub/deep"),
            ("model/sub.ts", "./sub"),
        ],
        Language::Python => &[
            ("model/a.py", ".a"),
            ("model/b.py", "model.b"),
            ("model/__init__.py", "."),
            ("model/sub/__init__.py", ".sub"),
            ("model/main.py", ".main"),
            ("other/c.py", "other.c"),
            ("model/sub/deep.py", "sub.deep"),
            ("model/sub.py", ".sub"),
        ],
        Language::Rust => &[
            ("model/src/a.rs", "crate::a"),
            ("model/src/b.rs", "super::b"),
            ("model/src/lib.rs", "crate"),
            ("model/src/sub/mod.rs", "crate::sub"),
            ("model/src/sub/deep.rs", "crate::sub::deep"),
            ("other/src/lib.rs", "other"),
            ("model/src/a/inner.rs", "crate::a::inner"),
            ("model/src/sub.rs", "crate::sub"),
        ],
        _ => &[
            ("model/a.go", "x.com/r/model"),
            ("model/b.go", "x.com/r/model"),
            ("model/sub/c.go", "x.com/r/model/sub"),
            ("model/sub/d.go", "x.com/r/model/sub"),
            ("other/e.go", "x.com/r/other"),
            ("other/in/f.go", "x.com/r/other/in"),
            ("model/in/g.go", "x.com/r/model/in"),
            ("model/h.go", "x.com/r/model"),
        ],
    }
}

/// A name as a file may know it.
fn known(language: Language, choice: u8) -> String {
    let name = of(&NAMES, choice);
    match (language, choice / 6 % 8) {
        (_, 0) => "Q".to_owned(),
        (Language::Rust, 1) => format!("crate::sub::{name}"),
        (Language::Rust, 2) => format!("super::{name}"),
        (Language::Go, 1 | 2) => format!("sub.{name}"),
        (Language::Go, 3) => format!("in.{name}"),
        (_, 1) => format!("ns.{name}"),
        _ => name.to_owned(),
    }
}

fn typescript(text: &Text) -> String {
    let mut out = String::from("import { z } from 'zod';\n");
    for [form, name, file, _] in &text.imports {
        let (name, from) = (of(&NAMES, *name), places(Language::TypeScript)[usize::from(*file) % 8].1);
        let _ = match form % 14 {
            0 => writeln!(out, "import {{ {name} as Q }} from '{from}';"),
            1 => writeln!(out, "import * as ns from '{from}';"),
            2 => writeln!(out, "export * from '{from}';"),
            3 => writeln!(out, "export {{ {name} }} from '{from}';"),
            4 => writeln!(out, "export {{ {name} as Lost }} from '{from}';"),
            5 => writeln!(out, "import Q from '{from}';"),
            6 => writeln!(out, "import {{ {name} }} from '@/{name}';"),
            7 => writeln!(
                out,
                "import {{ {name} }} from '{}\\x{:02x}';",
                &from[..from.len() - 1],
                from.as_bytes()[from.len() - 1]
            ),
            8 => writeln!(out, "export {{ {name} as D }};"),
            9 => writeln!(out, "export {{ {name} }};"),
            10 => writeln!(out, "export import Q = ns.{name};"),
            11 => writeln!(out, "export = {name};"),
            _ => writeln!(out, "import {{ {name} }} from '{from}';"),
        };
    }
    let mut seen = BTreeSet::new();
    for [form, name, base, member] in &text.declarations {
        let (name, base) = (of(&NAMES, *name), known(Language::TypeScript, *base));
        if !seen.insert(name) {
            continue;
        }
        let member =
            of(&["x: string", "y: number", "x: { y: string }", "s: 'a' | 'b'", "x?: boolean", "f(): void"], *member);
        let _ = match form % 16 {
            0 | 1 => writeln!(out, "export interface {name} extends {base} {{ {member} }}"),
            2 => writeln!(out, "export interface {name} {{ {member}; r: {base}; l: {base}[] }}"),
            3 => writeln!(out, "export type {name} = {base} & {{ {member} }};"),
            4 => writeln!(out, "export type {name} = Pick<{base}, 'x'>;"),
            5 => writeln!(out, "export type {name} = Omit<{base}, 'x'> & {{ {member} }};"),
            6 => writeln!(out, "export enum {name} {{ P = 'p' }}"),
            7 => writeln!(out, "export enum {name} {{ P }}"),
            8 => writeln!(out, "export type {name} = {base} | {{ {member} }};"),
            9 => writeln!(out, "export const {name} = {base}.extend({{ x: z.string() }});"),
            10 => writeln!(out, "export default interface {name} {{ {member} }}"),
            11 => writeln!(out, "interface {name} {{ r: \\u0041; {member} }}"),
            12 => writeln!(out, "interface {name} {{ {member} }}"),
            13 => writeln!(out, "declare module './a' {{ interface {name} {{ {member} }} }}"),
            14 => writeln!(out, "declare global {{ interface {name} {{ {member} }} }}"),
            _ => writeln!(out, "export type {name} = string;"),
        };
    }
    out
}

fn python(text: &Text) -> String {
    let mut out = String::from("from enum import Enum\nfrom pydantic import BaseModel\nfrom typing import Literal\n");
    for [form, name, file, _] in &text.imports {
        let (name, from) = (of(&NAMES, *name), places(Language::Python)[usize::from(*file) % 8].1);
        let _ = match form % 6 {
            0 => writeln!(out, "from {from} import {name} as Q"),
            1 => writeln!(out, "from {from} import *"),
            2 => writeln!(out, "from . import {} as ns", of(&["a", "b", "sub"], *file)),
            3 => writeln!(out, "import model.sub as ns"),
            _ => writeln!(out, "from {from} import {name}"),
        };
    }
    for [form, name, base, member] in &text.declarations {
        let (name, base) = (of(&NAMES, *name), known(Language::Python, *base));
        let member = of(&["x: str", "y: int", "x: 'bool'", "s: Literal['a', 'b']", "l: list[str]"], *member);
        let _ = match form % 7 {
            0 | 1 => writeln!(out, "class {name}({base}):\n    {member}"),
            2 => writeln!(out, "class {name}(BaseModel):\n    {member}\n    r: {base}"),
            3 => writeln!(out, "class {name}(BaseModel):\n    {member}\n    r: '{base} | None'"),
            4 => writeln!(out, "class {name}(str, Enum):\n    P = 'p'"),
            5 => writeln!(out, "{name} = {base}"),
            _ => writeln!(out, "class {name}(BaseModel):\n    {member}"),
        };
    }
    out
}

fn rust(text: &Text) -> String {
    let mut out = String::from("use serde::Serialize;\n");
    for [form, name, file, _] in &text.imports {
        let (name, from) = (of(&NAMES, *name), places(Language::Rust)[usize::from(*file) % 8].1);
        let _ = match form % 4 {
            0 => writeln!(out, "use {from}::{name} as Q;"),
            1 => writeln!(out, "pub use {from}::*;"),
            _ => writeln!(out, "pub use {from}::{name};"),
        };
    }
    for [form, name, base, member] in &text.declarations {
        let (name, base) = (of(&NAMES, *name), known(Language::Rust, *base));
        let member = of(&["x: String", "y: u8", "l: Vec<String>", "x: bool"], *member);
        let _ = match form % 8 {
            0 | 1 => writeln!(
                out,
                "#[derive(Serialize)]\npub struct {name} {{ pub {member}, #[serde(flatten)] pub m: {base} }}"
            ),
            2 => writeln!(out, "#[derive(Serialize)]\npub struct {name} {{ pub {member}, pub r: {base} }}"),
            3 => writeln!(out, "#[derive(Serialize)]\npub enum {name} {{ P, R }}"),
            4 => writeln!(out, "pub struct {name} {{ pub {member}, pub r: {base} }}"),
            5 => writeln!(out, "impl Serialize for {base} {{}}"),
            6 => writeln!(out, "crate::own!({base});"),
            _ => writeln!(out, "pub type {name} = {base};"),
        };
    }
    out
}

fn go(text: &Text, path: &str) -> String {
    let folder = path.rsplit('/').nth(1).unwrap();
    let mut out = format!("package {folder}\n");
    for [form, _, file, _] in &text.imports {
        let from = places(Language::Go)[usize::from(*file) % 8].1;
        let _ = match form % 3 {
            0 => writeln!(out, "import . \"{from}\""),
            1 => writeln!(out, "import Q \"{from}\""),
            _ => writeln!(out, "import \"{from}\""),
        };
    }
    for [form, name, base, member] in &text.declarations {
        let (name, base) = (of(&NAMES, *name), known(Language::Go, *base));
        let members = ["X string `json:\"x\"`", "Y int", "L []string", "X bool `json:\"x\"`", "Z int `yaml:\"-\"`"];
        let member = of(&members, *member);
        let _ = match form % 7 {
            0 | 1 => writeln!(out, "type {name} struct {{\n {base}\n {member}\n}}"),
            2 => writeln!(out, "type {name} struct {{\n {member}\n R *{base} `json:\"r\"`\n}}"),
            3 => writeln!(out, "type {name} = {base}"),
            4 => writeln!(out, "func (o {name}) MarshalJSON() ([]byte, error) {{ return nil, nil }}"),
            5 => writeln!(out, "func (o *{name}) MarshalYAML() (any, error) {{ return nil, nil }}"),
            _ => writeln!(out, "type {name} string"),
        };
    }
    out
}

fn written(language: Language, state: &State) -> Vec<(String, String)> {
    let file = |(number, text): (&usize, &Text)| {
        let (path, _) = places(language)[*number];
        let text = match language {
            Language::TypeScript => typescript(text),
            Language::Python => python(text),
            Language::Rust => rust(text),
            _ => go(text, path),
        };
        (path.to_owned(), text)
    };
    // Some repositories of Go say what module they are.
    let module = ("go.mod".to_owned(), "module x.com/r\n".to_owned());
    let module = Some(module).filter(|_| language == Language::Go && state.contains_key(&6));
    state.iter().map(file).chain(module).collect()
}

pub(crate) fn config(language: Language, types: &[&str]) -> Config {
    let source = Declares {
        language,
        files: Files { paths: globs(&["model/**"]), exclude: GlobSet::default() },
        types: globs(types),
        names: BTreeMap::new(),
        kinds: Wanted::DEFAULT.into_iter().collect(),
    };
    let held = Held { path: MAP.into(), columns: Columns::default(), sources: vec![source], mappings: Vec::new() };
    Config { mode: Mode::Introduced, baseline: "baseline.txt".into(), contracts: vec![held] }
}

/// Lists some of what the code declares.
fn contract(config: &Config, tree: &Memory, picks: &[bool]) -> String {
    let (declared, _) = fields(config, tree).unwrap();
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (one, _) in declared.iter().zip(picks.iter().cycle()).filter(|(_, pick)| **pick) {
        paths.entry(one.field.ty.to_string()).or_default().insert(one.field.path.to_string());
    }
    let mut text = "# Fields\n".to_owned();
    for (ty, paths) in paths {
        let _ = write!(text, "\n### `{ty}`\n\n");
        for path in paths {
            let _ = writeln!(text, "- `{path}`");
        }
    }
    text
}

fn holds(language: Language, [before, after]: &[State; 2], types: u8, picks: &[bool]) {
    if !language.is_built_in() {
        return;
    }
    let config = config(language, [&["**"][..], &["A", "B"], &["A", "C", "E"]][usize::from(types) % 3]);
    let [mut base, mut head] = [before, after].map(|state| Memory::of(written(language, state)));
    let map = contract(&config, &base, picks);
    for tree in [&mut base, &mut head] {
        tree.files.insert(MAP.into(), map.clone().into_bytes());
    }
    let mut changed = differing(&base, &head);
    let partly = survey(&config, Mode::Introduced, Some(&base), &head, &changed).unwrap();
    // A change of the baseline has everything read.
    changed.insert(BString::from("baseline.txt"));
    let whole = survey(&config, Mode::Introduced, Some(&base), &head, &changed).unwrap();
    assert_eq!((&partly.drifts, &partly.unread), (&whole.drifts, &whole.unread), "{map}\n{before:#?}\n{after:#?}");
}

/// What a change of files brings: fields, and reasons why something could not be read.
pub(crate) fn brings(
    language: Language,
    types: &[&str],
    before: &[(&str, &str)],
    after: &[(&str, &str)],
) -> Vec<String> {
    let of = |files: &[(&str, &str)]| {
        let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let mut tree = Memory::of(files);
        tree.files.insert(MAP.into(), b"# Fields\n\n### `Order`\n\n- `r`\n- `id`\n".to_vec());
        tree
    };
    let (base, mut head) = (of(before), of(before));
    head.files.extend(of(after).files);
    let config = config(language, types);
    let seen = survey(&config, Mode::Introduced, Some(&base), &head, &differing(&base, &head)).unwrap();
    let fields = seen.drifts.iter().map(|drift| drift.field());
    fields.chain(seen.unread.iter().map(|unread| unread.reason.clone())).collect()
}

fn text() -> impl Strategy<Value = Text> {
    let some = |most| proptest::collection::vec(any::<Choice>(), 0..most);
    (some(4), some(4)).prop_map(|(imports, declarations)| Text { imports, declarations })
}

/// A state, and another in which few files are others, new or gone, and few declarations of the others.
fn states() -> impl Strategy<Value = [State; 2]> {
    let base = proptest::collection::btree_map(0_usize..8, text(), 2..8);
    let edits = proptest::collection::vec((0_usize..8, text(), any::<[u8; 3]>()), 1..3);
    (base, edits).prop_map(|(base, edits)| {
        let mut head = base.clone();
        for (file, text, [how, at, choice]) in edits {
            match (how % 6, head.get_mut(&file)) {
                (0, Some(_)) => drop(head.remove(&file)),
                (1, _) | (_, None) => drop(head.insert(file, text)),
                (2, Some(old)) => {
                    let count = old.imports.len().max(1);
                    if let Some(import) = old.imports.get_mut(usize::from(at) % count) {
                        import[usize::from(choice) % 3] = choice;
                    }
                }
                (_, Some(old)) => {
                    let count = old.declarations.len().max(1);
                    if let Some(declaration) = old.declarations.get_mut(usize::from(at) % count) {
                        declaration[usize::from(choice) % 4] = choice;
                    }
                }
            }
        }
        [base, head]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_typescript_no_more_is_read_than_a_change_can_be_seen_in(
        code in states(), types in any::<u8>(), picks in proptest::collection::vec(any::<bool>(), 8),
    ) {
        holds(Language::TypeScript, &code, types, &picks);
    }

    #[test]
    fn of_python_no_more_is_read_than_a_change_can_be_seen_in(
        code in states(), types in any::<u8>(), picks in proptest::collection::vec(any::<bool>(), 8),
    ) {
        holds(Language::Python, &code, types, &picks);
    }

    #[test]
    fn of_rust_no_more_is_read_than_a_change_can_be_seen_in(
        code in states(), types in any::<u8>(), picks in proptest::collection::vec(any::<bool>(), 8),
    ) {
        holds(Language::Rust, &code, types, &picks);
    }

    #[test]
    fn of_go_no_more_is_read_than_a_change_can_be_seen_in(
        code in states(), types in any::<u8>(), picks in proptest::collection::vec(any::<bool>(), 8),
    ) {
        holds(Language::Go, &code, types, &picks);
    }
}
