//! The floors of the house: imports point down the stair, files stay small, and one room alone touches the Git library.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The stair, top first. A room imports from lower floors, and from rooms of its own floor. What stands neither here nor
/// in [`BESIDE`] is a leaf: it imports leaves only.
const STAIR: &[&[&str]] = &[
    &["main"],
    &["cmd"],
    &["judge"],
    &["engine"],
    &["rules"],
    &["rule"],
    &["change", "install", "policy"],
    &["git"],
    &["drift", "sign", "statement"],
];

/// Rooms beside the stair: they import leaves and each other.
const BESIDE: &[&str] = &["report", "ledger", "release", "gates", "provenance"];

/// The lowest floor that may import from the rooms beside the stair.
const RULES: usize = 4;

const MOST_LINES: usize = 500;

#[test]
fn imports_point_down_the_stair() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room_of(&path);
        if room == "lib" {
            continue;
        }
        for (line, target) in imports(&text) {
            if !allowed(&room, &target) {
                wrong.push(format!("src/{}:{line}: `{room}` imports `{target}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "these imports point up the stair:\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_small() {
    let long = |folder: &'static str| {
        let files = below(folder).into_iter().map(|(path, text)| (path, text.lines().count()));
        let long = files.filter(|(_, lines)| *lines >= MOST_LINES);
        long.map(move |(path, lines)| format!("{folder}/{}: {lines} lines", path.display()))
    };
    let long = ["src", "tests", "benches"].into_iter().flat_map(long).collect::<Vec<_>>();
    assert!(long.is_empty(), "{MOST_LINES} lines or more:\n{}", long.join("\n"));
}

#[test]
fn one_room_alone_touches_the_git_library() {
    let wrong = sources().into_iter().filter(|(path, text)| room_of(path) != "git" && mentions(text, "gix"));
    let wrong = wrong.map(|(path, _)| format!("src/{}", path.display())).collect::<Vec<_>>();
    assert!(wrong.is_empty(), "only src/git.rs and src/git/ may mention gix:\n{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_lists_paths_and_no_comments() {
    let text =
        "use crate::a::B;\n// use crate::no;\nuse crate::{\n    b::{C, D},\n    e,\n};\nfn f() { crate::g::h() }\n";
    let seen = imports(text).into_iter().map(|(_, room)| room).collect::<Vec<_>>();
    assert_eq!(seen, ["a", "b", "e", "g"]);
    assert!(allowed("rules", "provenance") && !allowed("rule", "provenance") && !allowed("git", "change"));
    assert!(allowed("change", "drift") && !allowed("drift", "git") && !allowed("drift", "policy"));
    assert!(allowed("report", "finding") && !allowed("report", "engine") && allowed("release", "gates"));
    assert!(allowed("ledger", "report") && !allowed("ledger", "git") && !allowed("ledger", "policy"));
    assert!(allowed("path", "escape") && !allowed("path", "git") && !allowed("path", "sign"));
    assert!(allowed("policy", "sign") && !allowed("sign", "git") && !allowed("report", "sign"));
}

fn allowed(from: &str, to: &str) -> bool {
    let floor = |room: &str| STAIR.iter().position(|rooms| rooms.contains(&room));
    let beside = |room: &str| BESIDE.contains(&room);
    match (floor(from), floor(to)) {
        _ if from == to => true,
        (Some(from), Some(to)) => from <= to,
        (Some(from), None) => !beside(to) || from <= RULES,
        (None, Some(_)) => false,
        (None, None) => beside(from) || !beside(to),
    }
}

/// The top-level module that a file below `src/` belongs to.
fn room_of(path: &Path) -> String {
    let first = path.components().next().map(|part| part.as_os_str().to_string_lossy().into_owned());
    first.unwrap_or_default().trim_end_matches(".rs").to_owned()
}

/// The rooms that a source names behind `crate::`, with the line.
fn imports(text: &str) -> Vec<(usize, String)> {
    let code = without_comments(text);
    let mut found = Vec::new();
    for (start, _) in code.match_indices("crate::") {
        if code[..start].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == '$') {
            continue;
        }
        let line = code[..start].matches('\n').count() + 1;
        let rest = &code[start + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => found.extend(heads(list).into_iter().map(|head| (line, head))),
            None => found.push((line, head(rest))),
        }
    }
    found
}

/// The first names of a braced list, up to its closing brace.
fn heads(list: &str) -> Vec<String> {
    let mut depth = 0usize;
    let mut items = vec![String::new()];
    for character in list.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            _ if depth == 0 => items.last_mut().unwrap().push(character),
            _ => {}
        }
    }
    items.iter().map(|item| head(item.trim())).filter(|head| !head.is_empty()).collect()
}

fn head(path: &str) -> String {
    path.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect()
}

fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect()
}

fn mentions(text: &str, word: &str) -> bool {
    let code = without_comments(text);
    code.match_indices(word).any(|(start, _)| {
        let edge = |character: Option<char>| character.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        edge(code[..start].chars().next_back()) && edge(code[start + word.len()..].chars().next())
    })
}

/// The program's own sources.
fn sources() -> BTreeMap<PathBuf, String> {
    below("src")
}

/// Every Rust source below a folder, by its path there.
fn below(folder: &str) -> BTreeMap<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs_err::read_to_string(&path).unwrap();
                found.insert(path.strip_prefix(&root).unwrap().to_owned(), text);
            }
        }
    }
    assert!(!found.is_empty(), "no sources");
    found
}
