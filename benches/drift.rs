//! Drift: a large schema against its contract beside a script that only compares the two sets, and thousands of source
//! files beside the bare parser.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::corpus::Fallible;
use crate::measure::Job;
use crate::repos::{Pair, commit, git, write_file};
use crate::{Asked, Limit, Row, hook};

const CONTRACT: &str = ".docs/reports/field-to-api-map.md";
/// Types of the schema, fields of each, and source files.
const FULL: [usize; 3] = [250, 30, 5_000];
const TINY: [usize; 3] = [3, 4, 20];
/// Types and fields of the schema whose contract lists every second string.
const LAGGING: [usize; 2] = [60, 60];
/// How many of the source files a change touches.
const CHANGED: usize = 10;
/// Of how many mapping files what they map is found.
const MAPPING: usize = 600;

pub(crate) fn rows(asked: &Asked, folder: &Path) -> Fallible<Vec<Row>> {
    let [types, fields, files] = if asked.tiny { TINY } else { FULL };
    let schema = Pair::of(&folder.join("schema"), "a schema and its contract", || schema_trunk(types, fields, 1))?;
    let [few, many] = if asked.tiny { [types, fields] } else { LAGGING };
    let lagging = Pair::of(&folder.join("lagging"), "a contract that lags behind", || schema_trunk(few, many, 2))?;
    let code = Pair::of(&folder.join("code"), &format!("{files} source files"), || code_trunk(files))?;
    let mapping = if asked.tiny { files } else { MAPPING };
    let maps = Pair::of(&folder.join("maps"), &format!("{mapping} mapping files"), || mapping_trunk(mapping))?;
    let maps_work = checked_out(&maps, folder, "maps")?;
    let (schema_work, code_work) = (checked_out(&schema, folder, "schema")?, checked_out(&code, folder, "code")?);
    let lagging_work = checked_out(&lagging, folder, "lagging")?;
    let kilobytes = size(&schema_work.join("packages/a/schema.json")) / 1000;
    let megabytes = (0..files).map(|number| source(number, false).len()).sum::<usize>() / 1_000_000;
    let push = code.push("autoTest/change", &code_change(files))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/drift-sets.mjs");
    let parser = asked.refgate.parent().ok_or("the binary has no folder")?.join("examples/parse");
    let absolute = ["drift", "check", "HEAD", "--mode", "absolute"];
    let script = script.to_string_lossy().into_owned();
    let (from, tip) = (code.base(), git(&code.client, &["rev-parse", "autoTest/change"], "")?);
    let row = |work: String, yardstick: &str, [ours, theirs]: [Job; 2], goal, pairs| Row {
        work,
        yardstick: yardstick.to_owned(),
        ours,
        theirs,
        goal,
        limit: None,
        memory: None,
        pairs,
    };
    Ok(vec![
        row(
            format!("drift check, absolute, of a schema of {kilobytes} KB"),
            "a Node script that compares the two sets",
            [
                Job::new(&asked.refgate, &absolute, &schema_work),
                Job::new("node", &[&script, "packages/a/schema.json", CONTRACT], &schema_work),
            ],
            Some(0.1),
            51,
        ),
        row(
            format!("drift check, absolute, of {} fields, of whose strings the contract lists half", few * many),
            "a Node script that compares the two sets",
            [
                Job::new(&asked.refgate, &absolute, &lagging_work).refuses(),
                Job::new("node", &[&script, "packages/a/schema.json", CONTRACT], &lagging_work),
            ],
            Some(0.1),
            51,
        ),
        row(
            format!("drift check, absolute, of {files} TypeScript files, {megabytes} MB"),
            "oxc's parser alone over the same files, on one thread",
            [Job::new(&asked.refgate, &absolute, &code_work), Job::new(&parser, &["src"], &code_work)],
            Some(2.0),
            9,
        ),
        row(
            format!("drift check, absolute, of {mapping} TypeScript files that map"),
            "oxc's parser alone over the same files, on one thread",
            [Job::new(&asked.refgate, &absolute, &maps_work), Job::new(&parser, &["src"], &maps_work)],
            None,
            21,
        ),
        Row {
            limit: Some(Limit::Whole(Duration::from_millis(30))),
            ..row(
                format!("pre-receive with drift of a change of {CHANGED} of these files"),
                "git diff-tree -r --raw",
                [
                    push.sees(hook(asked, "pre-receive", &code.server), &code.server).input(&push.updates),
                    push.sees(Job::new("git", &["diff-tree", "-r", "--raw", from, &tip], &code.server), &code.server),
                ],
                None,
                51,
            )
        },
    ])
}

fn size(path: &Path) -> u64 {
    fs_err::metadata(path).map(|metadata| metadata.len()).unwrap_or_default()
}

/// A clone of the server with its files.
fn checked_out(pair: &Pair, folder: &Path, name: &str) -> Fallible<PathBuf> {
    let work = folder.join(format!("{name}-work"));
    if !work.exists() {
        git(folder, &["clone", "-q", &pair.server.to_string_lossy(), &work.to_string_lossy()], "")?;
    }
    Ok(work)
}

fn begin() -> String {
    let mut stream = String::from("feature done\n");
    commit(&mut stream, "main", 0, &[]);
    stream
}

/// An array of types as `sanity schema extract` writes it, and the contract that lists each `listed`-th of its strings.
fn schema_trunk(types: usize, fields: usize, listed: usize) -> String {
    let mut strings = 0;
    let (mut schema, mut contract) = (Vec::new(), String::from("# Fields\n"));
    for number in 0..types {
        let mut attributes = String::new();
        let _ = write!(contract, "\n## `schemas/document{number}.ts`\n\n### `document{number}`\n\n");
        for field in 0..fields {
            let comma = if field == 0 { "" } else { ",\n" };
            strings += usize::from(field % 3 != 0);
            let mut list = |path: &str| {
                if strings % listed == 0 {
                    let _ = writeln!(contract, "- `{path}`");
                }
            };
            let value = match field % 3 {
                0 => "{ \"type\": \"number\" }".to_owned(),
                1 => {
                    list(&format!("field{field}"));
                    "{ \"type\": \"string\" }".to_owned()
                }
                _ => {
                    list(&format!("field{field}.inner"));
                    "{ \"type\": \"object\", \"attributes\": { \"inner\": { \"type\": \"objectAttribute\", \
                     \"value\": { \"type\": \"string\" }, \"optional\": true } } }"
                        .to_owned()
                }
            };
            let _ = write!(
                attributes,
                "{comma}      \"field{field}\": {{ \"type\": \"objectAttribute\", \"value\": {value}, \"optional\": true }}"
            );
        }
        schema.push(format!(
            "  {{\n    \"name\": \"document{number}\",\n    \"type\": \"document\",\n    \"attributes\": {{\n{attributes}\n    }}\n  }}"
        ));
    }
    let mut stream = begin();
    let policy =
        "version = 1\n[drift]\n[[drift.source]]\nlanguage = \"sanity-schema\"\npaths = [\"packages/*/schema.json\"]\n";
    write_file(&mut stream, "refgate.toml", policy);
    write_file(&mut stream, "packages/a/schema.json", &format!("[\n{}\n]\n", schema.join(",\n")));
    write_file(&mut stream, CONTRACT, &contract);
    stream.push_str("done\n");
    stream
}

/// Source files of which every hundredth declares a type that the contract lists.
fn code_trunk(files: usize) -> String {
    let mut stream = begin();
    let policy = "version = 1\n[drift]\n[[drift.source]]\nlanguage = \"typescript\"\npaths = [\"src/**\"]\ntypes = [\"Model*00\"]\n";
    write_file(&mut stream, "refgate.toml", policy);
    let mut contract = String::from("# Fields\n");
    for number in (100..files).step_by(100) {
        let _ = write!(contract, "\n## `{}`\n\n### `Model{number}`\n\n", path(number));
        (0..20).filter(|field| field % 3 != 0).for_each(|field| {
            let _ = writeln!(contract, "- `field{field}`");
        });
    }
    write_file(&mut stream, CONTRACT, &contract);
    for number in 0..files {
        write_file(&mut stream, &path(number), &source(number, false));
    }
    stream.push_str("done\n");
    stream
}

/// The same files as mapping files, each with a path of a schema's that it has from a constant.
fn mapping_trunk(files: usize) -> String {
    let mut stream = begin();
    let policy = "version = 1\n[drift]\n[[drift.source]]\nlanguage = \"json-schema\"\npaths = [\"model.json\"]\n\
                  [[drift.mapping]]\npaths = [\"src/**\"]\nfunctions = { mapField = 1 }\n";
    write_file(&mut stream, "refgate.toml", policy);
    let schema = "{\"title\": \"Order\", \"type\": \"object\", \"properties\": {\"id\": {\"type\": \"string\"}}}\n";
    write_file(&mut stream, "model.json", schema);
    write_file(&mut stream, CONTRACT, "# Fields\n\n## `model.json`\n\n### `Order`\n\n- `id`\n");
    for number in 0..files {
        let text = source(number, false);
        let maps = "const PATHS = { id: 'Order.id' } as const;\n\nexport const id = mapField(PATHS.id);\n";
        write_file(&mut stream, &path(number), &format!("// The fields are those of {CONTRACT}\n{text}\n{maps}"));
    }
    stream.push_str("done\n");
    stream
}

fn code_change(files: usize) -> String {
    let mut stream = String::from("feature done\n");
    commit(&mut stream, "autoTest/change", 1, &["refs/heads/main^0"]);
    for number in (0..files).step_by(files / CHANGED).take(CHANGED) {
        write_file(&mut stream, &path(number), &source(number, true));
    }
    stream.push_str("done\n");
    stream
}

fn path(number: usize) -> String {
    format!("src/part{:02}/model{number}.ts", number / 100)
}

/// A module as such code is: imports, an interface, functions over it. A change adds a field that no contract asks for.
fn source(number: usize, changed: bool) -> String {
    let mut text = format!("import {{ helper }} from './helper';\n\nexport interface Model{number} {{\n");
    for field in 0..20 {
        let ty = if field % 3 == 0 { "number" } else { "string | null" };
        let _ = writeln!(text, "  /** What the field number {field} holds. */\n  field{field}: {ty};");
    }
    if changed {
        text.push_str("  revision: number;\n");
    }
    text.push_str("}\n");
    for function in 0..18 {
        let _ = write!(
            text,
            "\nexport function work{function}(items: Model{number}[], factor = {function}): number {{\n  \
             let total = 0;\n  for (const item of items) {{\n    \
             const part = helper(item.field{function} ?? null, `${{item.field1}}-${{factor}}`);\n    \
             if (part !== undefined && part.length > 3) {{ total += part.length * factor; }}\n  }}\n  return total;\n}}\n"
        );
    }
    text
}
