//! `refgate drift`: what is said of code and contract in real repositories, and that it is what the gate goes by.

use std::path::Path;

use serde_json::{Value, json};

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

mod explain;
mod mapped;
mod written;

const CONTRACT: &str = ".docs/reports/field-to-api-map.md";
const BASELINE: &str = ".docs/reports/drift-baseline.txt";
const SCHEMA: &str = "schema/order.schema.json";
const POLICY: &str = "[drift]\n[[drift.source]]\nlanguage = \"json-schema\"\npaths = [\"schema/**\"]\n\
                      [[drift.mapping]]\npaths = [\"src/map/**\"]\ndiscriminators = [\"kind\"]\n";

/// What `order.schema.json` says with these properties, one a line from line 2 on.
fn schema(properties: &[&str]) -> String {
    let lines: Vec<String> = properties
        .iter()
        .map(|property| match property.split_once(' ') {
            Some((name, kind)) => format!("\"{name}\": {{\"type\": \"{kind}\"}}"),
            None => format!("\"{property}\": {{\"type\": \"string\"}}"),
        })
        .collect();
    format!("{{\"title\": \"Order\", \"type\": \"object\", \"properties\": {{\n{}\n}}}}\n", lines.join(",\n"))
}

fn contract(paths: &[&str]) -> String {
    let items: String = paths.iter().map(|path| format!("- `{path}`\n")).collect();
    format!("# Fields\n\nProse that stays.\n\n## `Order`\n\n{items}")
}

/// A clone of a server whose main holds a policy, a contract and a source that agree.
fn scene() -> Sandbox {
    with(&schema(&["id", "total", "count integer"]), Some(&contract(&["id", "total"])))
}

fn with(schema: &str, contract: Option<&str>) -> Sandbox {
    with_more(schema, contract, &[])
}

/// And other files.
fn with_more(schema: &str, contract: Option<&str>, files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    let server = sandbox.server();
    sandbox.clone(&format!("file://{}", server.display()));
    sandbox.write(&[("refgate.toml", &format!("version = 1\n{POLICY}")), (SCHEMA, schema)]);
    sandbox.write(files);
    if let Some(contract) = contract {
        sandbox.write(&[(CONTRACT, contract)]);
    }
    sandbox.commit("base");
    sandbox.push(["main"]).must();
    sandbox
}

/// The program; the exit status and what it said.
fn drift(sandbox: &Sandbox, args: &[&str]) -> (i32, Said) {
    let mut command = process::command(REFGATE);
    let folder = sandbox.path().join("client");
    let output = command.env("HOME", sandbox.path().join("home")).current_dir(folder).arg("drift").args(args).output();
    let output = output.unwrap();
    (output.status.code().unwrap(), Said::new(output))
}

/// The answer in JSON, which holds to its schema.
fn json(sandbox: &Sandbox, schema: &str, args: &[&str]) -> (i32, Value) {
    let (code, said) = drift(sandbox, &[args, &["--format", "json"]].concat());
    let value: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}{}", said.stdout, said.stderr));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(schema);
    let schema: Value = serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}: {value}");
    assert_eq!(serde_json::to_string(&value).unwrap() + "\n", said.stdout, "the keys are sorted");
    (code, value)
}

fn check(sandbox: &Sandbox, args: &[&str]) -> (i32, Value) {
    let (code, verdict) = json(sandbox, "verdict.json", &[&["check"], args].concat());
    let decision = ["accept", "refuse", "undecided"][usize::try_from(code).unwrap()];
    assert_eq!(verdict["decision"], decision, "{verdict}");
    (code, verdict)
}

/// Rule and field of each finding.
fn found(verdict: &Value) -> Vec<(String, String)> {
    let findings =
        verdict["updates"].as_array().unwrap().iter().flat_map(|update| update["findings"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings.map(|finding| (text(&finding["rule"]), text(&finding["field"]))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(rule, field)| ((*rule).to_owned(), (*field).to_owned())).collect()
}

fn stage(sandbox: &Sandbox, files: &[(&str, &str)]) {
    sandbox.write(files);
    sandbox.git(["add", "-A"]).must();
}

#[test]
fn a_bare_clone_is_looked_at_by_its_own_branches() {
    let sandbox = scene();
    let bare = sandbox.path().join("bare.git");
    sandbox.git(["clone", "-q", "--bare", ".", &bare.display().to_string()]).must();
    let output = process::command(REFGATE)
        .env("HOME", sandbox.path().join("home"))
        .args(["drift", "check", "--mode", "absolute", "--repo"])
        .arg(&bare)
        .output()
        .unwrap();
    let said = Said::new(output);
    assert!(said.ok && said.stdout.contains("refgate: accepted"), "{}{}", said.stdout, said.stderr);
}

#[test]
fn check_finds_what_is_staged_and_says_it_as_refgate_check_does() {
    let sandbox = scene();
    assert_eq!(check(&sandbox, &[]).0, 0);
    sandbox.git(["switch", "-q", "-c", "topic"]).must();
    let grown = schema(&["id", "total", "count integer", "note"]);
    sandbox.write(&[(SCHEMA, &grown)]);
    assert_eq!(check(&sandbox, &[]).0, 0, "what is not staged does not count");
    sandbox.git(["add", "-A"]).must();
    let (code, verdict) = check(&sandbox, &[]);
    assert_eq!((code, found(&verdict)), (1, pairs(&[("field-added", "Order.note")])));
    let finding = &verdict["updates"][0]["findings"][0];
    assert_eq!((finding["path"].as_str(), finding["line"].as_u64()), (Some(SCHEMA), Some(5)), "{finding}");
    assert_eq!(finding["contract"]["path"], CONTRACT);
    let whole = sandbox.refgate(["check", "--staged", "--format", "json"]);
    let whole: Value = serde_json::from_str(&whole.stdout).unwrap();
    assert_eq!(whole["updates"][0]["findings"][0], *finding);
    let (code, said) = drift(&sandbox, &["check"]);
    assert_eq!(code, 1);
    for words in ["REFUSED", "drift alone, mode introduced, of what is staged", "field-added", "Order.note"] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    assert_eq!(check(&sandbox, &["HEAD"]).0, 0);
    sandbox.commit("Note");
    assert_eq!(check(&sandbox, &["topic"]).0, 1);
    assert_eq!(check(&sandbox, &["main"]).0, 0);
    assert_eq!(check(&sandbox, &["topic", "--base", "HEAD"]).0, 0, "nothing is new to itself");
    assert!(!drift(&sandbox, &["check", "topic"]).1.stdout.contains("of no branch"));
    sandbox.git(["switch", "-q", "--detach"]).must();
    assert!(drift(&sandbox, &["check", "HEAD"]).1.stdout.contains("of no branch, so no approval counts"));
}

/// The lines of an answer that are to be copied.
fn copied<'s>(said: &'s Said, begins: &str) -> Vec<&'s str> {
    said.stdout.lines().map(str::trim).filter(|line| line.starts_with(begins)).collect()
}

#[test]
fn what_a_refusal_shows_can_be_pasted_as_it_stands() {
    let long = "a_name_that_no_line_of_a_terminal_would_leave_whole_beside_all_the_other_words_of_an_acknowledgement";
    let table = "## `Order`\n\n| Field | API Path | Note |\n|---|---|---|\n| `id` | `order.id` | |\n";
    for (contract, begins) in [(contract(&["id"]), "- `"), (table.to_owned(), "| `"), ("# None\n".to_owned(), "")] {
        let sandbox = with(&schema(&[]), Some(&contract));
        sandbox.git(["switch", "-q", "-c", "topic"]).must();
        stage(&sandbox, &[(SCHEMA, &schema(&["id", "note", long]))]);
        let (code, said) = drift(&sandbox, &["check"]);
        assert_eq!(code, 1, "{}", said.stdout);
        let lines = match begins {
            "" => [copied(&said, "## `"), copied(&said, "- `")].concat(),
            _ => copied(&said, begins),
        };
        assert!(lines.iter().any(|line| line.contains(&format!("`{long}`"))), "{}", said.stdout);
        stage(&sandbox, &[(CONTRACT, &format!("{contract}{}\n", lines.join("\n")))]);
        let (code, said) = drift(&sandbox, &["check"]);
        assert_eq!(code, 0, "{}", said.stdout);
    }
}

#[test]
fn a_pasted_acknowledgement_counts_once_somebody_approved_it() {
    let sandbox = with(&schema(&["id", "total", "gone"]), Some(&contract(&["id", "total", "gone"])));
    sandbox.git(["switch", "-q", "-c", "autoTest/t1"]).must();
    let mapping = format!("// FIELD MAPPING CONTRACT {CONTRACT}\nexport const made = {{ kind: 'Order', nope: 1 }};\n");
    stage(&sandbox, &[(SCHEMA, &schema(&["id", "total"])), ("src/map/a.ts", &mapping)]);
    let (code, said) = drift(&sandbox, &["check"]);
    let lines = [copied(&said, "- removed"), copied(&said, "- noncanonical")].concat();
    assert_eq!((code, lines.len()), (1, 2), "{}", said.stdout);
    assert!(said.stdout.contains("was declared at schema/order.schema.json:4:1"), "{}", said.stdout);
    for (approver, due) in [("approved by ;", 1), ("approved by Dana;", 0)] {
        let items = lines.join("\n").replace("approved by ;", approver);
        let approval =
            format!("# Approval\n\nTask: t1\n\nHeld against {CONTRACT}.\n\n## DRIFT ACKNOWLEDGEMENTS\n\n{items}\n");
        stage(&sandbox, &[(".ai-stack-trace/t1/contract/approval.md", &approval)]);
        let (code, said) = drift(&sandbox, &["check"]);
        assert_eq!(code, due, "{}", said.stdout);
    }
}

#[test]
fn the_policy_of_the_page_is_one() {
    let page = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/drift.md")).unwrap();
    let (toml, _) = page.split_once("```toml\n").unwrap().1.split_once("```").unwrap();
    let sandbox = scene();
    let order = "export interface OrderDto { id: string }\nexport interface CustomerView { name: string }\n";
    stage(&sandbox, &[("page.toml", &format!("version = 1\n{toml}")), ("src/models/order.ts", order)]);
    let (code, listed) = json(&sandbox, "drift-fields.json", &["fields", "--policy", "page.toml"]);
    let fields = listed["fields"].as_array().unwrap();
    let names: Vec<_> = fields.iter().map(|field| (field["type"].as_str(), field["path"].as_str())).collect();
    assert_eq!((code, names), (0, vec![(Some("Order"), Some("id")), (Some("CustomerView"), Some("name"))]), "{listed}");
}

#[test]
fn other_rules_are_not_asked() {
    let sandbox = scene();
    sandbox.write(&[("src/direct.rs", "on main\n")]);
    sandbox.commit("Direct");
    assert!(!sandbox.refgate(["check"]).ok, "a direct push is refused");
    assert_eq!(check(&sandbox, &["HEAD"]), (0, check(&sandbox, &["main"]).1));
    assert_eq!(check(&sandbox, &["HEAD"]).1["updates"][0]["ref"], "refs/heads/main");
}

#[test]
fn mode_absolute_finds_what_stood_before() {
    let sandbox = with(&schema(&["id", "note", "more"]), Some(&contract(&["id", "gone"])));
    assert_eq!(check(&sandbox, &[]).0, 0);
    assert_eq!(check(&sandbox, &["--mode", "introduced"]).0, 0);
    for rev in [&["--mode", "absolute"][..], &["HEAD", "--mode", "absolute"], &["main", "--mode", "absolute"]] {
        let (code, verdict) = check(&sandbox, rev);
        let due =
            pairs(&[("field-added", "Order.note"), ("field-added", "Order.more"), ("field-removed", "Order.gone")]);
        assert_eq!((code, found(&verdict)), (1, due), "{rev:?}");
    }
    let server = sandbox.path().join("server.git");
    let (code, said) = drift(&sandbox, &["check", "--mode", "absolute", "--repo", server.to_str().unwrap()]);
    assert_eq!(code, 1, "{}{}", said.stdout, said.stderr);
    assert!(!said.stdout.contains("staged"), "{}", said.stdout);
}

#[test]
fn the_first_commit_of_all_is_held_against_its_own_policy_file() {
    let sandbox = Sandbox::new();
    sandbox.clone("file:///nowhere");
    sandbox.git(["remote", "remove", "origin"]).must();
    stage(
        &sandbox,
        &[("p.toml", &format!("version = 1\n{POLICY}")), (SCHEMA, &schema(&["id"])), (CONTRACT, &contract(&["id"]))],
    );
    let (code, verdict) = check(&sandbox, &[]);
    assert_eq!(code, 2);
    assert!(verdict["problem"]["message"].as_str().unwrap().contains("no [drift]"), "{verdict}");
    assert_eq!(check(&sandbox, &["--policy", "p.toml"]).0, 0);
    stage(&sandbox, &[(SCHEMA, &schema(&["id", "note"]))]);
    assert_eq!(found(&check(&sandbox, &["--policy", "p.toml"]).1), pairs(&[("field-added", "Order.note")]));
}

#[test]
fn fields_lists_every_kind_and_what_could_not_be_read() {
    let sandbox = scene();
    let (code, listed) = json(&sandbox, "drift-fields.json", &["fields"]);
    let field = |path: &str, kind: &str, line: u32| {
        json!({"source": "json-schema", "type": "Order", "path": path, "kind": kind, "enumerated": false, "file": SCHEMA,
               "line": line, "column": 1})
    };
    let due = [field("id", "string", 2), field("total", "string", 3), field("count", "number", 4)];
    assert_eq!((code, &listed), (0, &json!({"fields": due, "unread": []})));
    stage(&sandbox, &[("schema/broken.schema.json", "{\"title\": \"Broken\", \n")]);
    let (code, listed) = json(&sandbox, "drift-fields.json", &["fields"]);
    assert_eq!((code, listed["fields"].as_array().unwrap().len()), (0, 3));
    let unread = &listed["unread"][0];
    assert_eq!((&unread["file"], unread["line"].is_u64()), (&json!("schema/broken.schema.json"), true), "{listed}");
    let (code, said) = drift(&sandbox, &["fields"]);
    assert_eq!(code, 0);
    for words in ["3 fields in 1 type,", "1 place could not be read", "schema/order.schema.json:4:1", "number"] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    assert_eq!(json(&sandbox, "drift-fields.json", &["fields", "HEAD"]).1["unread"], json!([]));
    let link = sandbox.path().join("client/schema/link.schema.json");
    std::os::unix::fs::symlink("order.schema.json", link).unwrap();
    sandbox.git(["add", "-A"]).must();
    let unread = json(&sandbox, "drift-fields.json", &["fields"]).1["unread"].clone();
    assert_eq!(unread[1]["reason"], "a link or a submodule stands in the place of a file", "{unread}");
}

#[test]
fn files_of_other_languages_are_told_by_their_names() {
    let sandbox = scene();
    let policy = format!(
        "version = 1\n{POLICY}[[drift.source]]\nlanguage = \"typescript\"\npaths = [\"src/models/**\"]\ntypes = [\"Order*\"]\n"
    );
    stage(&sandbox, &[("p.toml", &policy), ("schema/.gitkeep", "\n"), ("src/models/README.md", "# What is here\n")]);
    let unread = json(&sandbox, "drift-fields.json", &["fields", "--policy", "p.toml"]).1["unread"].clone();
    let [one] = unread.as_array().unwrap().as_slice() else { panic!("{unread}") };
    let reason = one["reason"].as_str().unwrap();
    assert_eq!(one["file"], "src/models/README.md");
    assert!(reason.ends_with("its name is of no file of typescript: `exclude` it"), "{reason}");
}

#[test]
fn contract_lists_entries_and_all_that_is_wrong() {
    let sandbox = scene();
    let entry =
        |path: &str, line: u32| json!({"type": "Order", "path": path, "target": null, "file": CONTRACT, "line": line});
    let (code, listed) = json(&sandbox, "drift-contract.json", &["contract"]);
    assert_eq!((code, listed), (0, json!({"entries": [entry("id", 7), entry("total", 8)], "problems": []})));
    let page = contract(&["id", "a..b"]) + "\n## `Lost`\n\n| Field | API Path |\n|---|---|\n| `x` | `y.z` |\n";
    stage(&sandbox, &[(CONTRACT, &page)]);
    let (code, listed) = json(&sandbox, "drift-contract.json", &["contract"]);
    assert_eq!(code, 1);
    assert_eq!(listed["entries"][1]["target"], "y.z", "{listed}");
    let lines: Vec<_> = listed["problems"].as_array().unwrap().iter().map(|problem| problem["line"].as_u64()).collect();
    assert_eq!(lines, [Some(8), Some(14)], "{listed}");
    let (code, said) = drift(&sandbox, &["contract"]);
    assert_eq!(code, 1);
    for words in ["2 problems", "-> y.z", "field-to-api-map.md:14", "which no source declares"] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    sandbox.git(["rm", "-qf", CONTRACT]).must();
    let (code, listed) = json(&sandbox, "drift-contract.json", &["contract"]);
    assert_eq!((code, listed["problems"][0]["file"].as_str()), (1, Some(CONTRACT)), "{listed}");
}

const MAPPING: &str = "// FIELD MAPPING CONTRACT .docs/reports/field-to-api-map.md\n// Expected fields:\n\
                       // - Order.total\nexport const order = { kind: 'Order', id: 1, total: 2, sum: 3, zap: 4 };\n";

/// What a command says, without anything wrong.
fn must(sandbox: &Sandbox, args: &[&str]) -> String {
    let (code, said) = drift(sandbox, args);
    assert_eq!(code, 0, "{args:?}: {}{}", said.stdout, said.stderr);
    said.stdout
}

/// That a command stops, with these words.
fn refused(sandbox: &Sandbox, args: &[&str], why: &str) {
    let (code, said) = drift(sandbox, args);
    assert_eq!(code, 2, "{args:?}: {}", said.stdout);
    assert!(said.stderr.contains(why), "{args:?} must be refused by \"{why}\": {}", said.stderr);
    assert!(said.stderr.trim_end().contains('\n'), "{args:?} does not say what to do: {}", said.stderr);
}

/// The lines of a file in the work tree that are no comment.
fn lines(sandbox: &Sandbox, path: &str) -> Vec<String> {
    let text = fs_err::read_to_string(sandbox.path().join("client").join(path)).unwrap();
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// Where several fields came and went, only what stood there before tells which are one.
/// A task whose schema has one field more and another name for a second, all staged.
fn task() -> (Sandbox, &'static str) {
    let sandbox = scene();
    sandbox.refgate(["task", "start", "t1"]).must();
    stage(&sandbox, &[(SCHEMA, &schema(&["id", "sum", "count integer"])), ("src/map/order.ts", MAPPING)]);
    (sandbox, ".ai-stack-trace/t1/contract/approval.md")
}

#[test]
fn an_acknowledgement_is_whole_but_for_its_approver() {
    let (sandbox, approval) = task();
    let why = ["--reason", "the API calls it so"];
    let said = must(&sandbox, &[&["ack", "Order.total"], &why[..]].concat());
    assert!(
        said.starts_with("- renamed `Order.total` \u{2192} `Order.sum`: the API calls it so; approved by ; 20"),
        "{said}"
    );
    let removed =
        must(&sandbox, &[&["ack", "Order.total", "--rule", "removed", "--expires", "2999-01-31"], &why[..]].concat());
    assert!(
        removed.starts_with("- removed `Order.total`: ") && removed.ends_with("; expires 2999-01-31\n"),
        "{removed}"
    );
    let added = must(&sandbox, &[&["ack", "Order.sum", "--rule", "added"], &why[..]].concat());
    assert!(added.starts_with("- added `Order.sum`: "), "{added}");
    let code = must(&sandbox, &[&["ack", "Order.sum", "--code"], &why[..]].concat());
    assert!(code.contains(" * Fields: Order.sum\n") && code.contains(" * Approved by:\n"), "{code}");
    refused(&sandbox, &[&["ack", "Order.id"], &why[..]].concat(), "no drift of Order.id");
    refused(&sandbox, &[&["ack", "Order.total", "--rule", "added"], &why[..]].concat(), "but these: renamed, removed");
    refused(&sandbox, &[&["ack", "Order.total", "--to", "id"], &why[..]].concat(), "no drift of Order.total");
    for bad in ["", "-", "a; approved by me", "a <b>c</b>", "two\nlines", "x; 2026-01-01"] {
        refused(&sandbox, &["ack", "Order.total", "--reason", bad], "would not be read as it is meant");
    }
    refused(&sandbox, &[&["ack", "Order.total", "--expires", "2001-01-01"], &why[..]].concat(), "as it is meant");
    let said = must(&sandbox, &[&["ack", "Order.total", "--write"], &why[..]].concat());
    assert!(said.contains("It counts for nothing until a person"), "{said}");
    let page = fs_err::read_to_string(sandbox.path().join("client").join(approval)).unwrap();
    let (before, after) = page.split_once(" is listed here.\n\n- renamed `Order.total`").unwrap();
    assert!(
        before.contains("<path-in-backticks-or-NONE>\n\n## DRIFT ACKNOWLEDGEMENTS\n\n")
            && after.contains("\n\n## HUMAN APPROVAL"),
        "{page}"
    );
    sandbox.git(["add", "-A"]).must();
    let renamed = pairs(&[("field-renamed", "Order.total")]).remove(0);
    assert!(found(&check(&sandbox, &[]).1).contains(&renamed), "nobody approved it");
    let filled = page.replace("approved by ;", "approved by Dana Reviewer;");
    stage(&sandbox, &[(approval, &filled)]);
    let left = found(&check(&sandbox, &[]).1);
    assert!(!left.contains(&renamed), "{left:?}");
    let zap = pairs(&[("noncanonical-path", "Order.zap")]).remove(0);
    assert!(left.contains(&zap), "{left:?}");
    for (bad, why) in
        [("../x", "is no name of a task"), ("other", "there is no .ai-stack-trace/other/contract/approval.md")]
    {
        refused(&sandbox, &["ack", "Order.zap", "--write", "--task", bad, "--reason", "x"], why);
    }
    must(&sandbox, &["ack", "Order.zap", "--write", "--task", "t1", "--reason", "nothing declares it"]);
    let page = fs_err::read_to_string(sandbox.path().join("client").join(approval)).unwrap();
    assert_eq!(page.matches("## DRIFT ACKNOWLEDGEMENTS").count(), 1, "{page}");
    let filled = page.replace("approved by ;", "approved by Dana Reviewer;");
    stage(&sandbox, &[(approval, &filled)]);
    let left = found(&check(&sandbox, &[]).1);
    assert!(!left.contains(&zap) && !left.contains(&renamed), "{left:?}");
    // By itself the state drifts; it is the task that may.
    let said = must(&sandbox, &["explain", "Order.zap"]);
    for words in ["approved by Dana Reviewer", "found            noncanonical-path", "counts where its task is judged"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn where_nothing_is_held_against_a_contract_every_command_says_so() {
    let sandbox = Sandbox::new();
    sandbox.clone("file:///nowhere");
    sandbox.git(["remote", "remove", "origin"]).must();
    sandbox.commit("base");
    for args in [
        &["fields"][..],
        &["contract"],
        &["explain", "a.b"],
        &["ack", "a.b", "--reason", "x"],
        &["baseline"],
        &["sync"],
    ] {
        refused(&sandbox, args, "no [drift]");
    }
}

#[test]
fn a_promotion_is_judged_with_the_approval_of_its_task() {
    let (sandbox, approval) = task();
    must(&sandbox, &["ack", "Order.total", "--write", "--reason", "the API calls it so"]);
    let page = fs_err::read_to_string(sandbox.path().join("client").join(approval)).unwrap();
    sandbox.write(&[(approval, &page.replace("approved by ;", "approved by Dana Reviewer;"))]);
    sandbox.commit("Work");
    sandbox.git(["switch", "-q", "main"]).must();
    sandbox.git(["merge", "-q", "--ff-only", "autoTest/t1"]).must();
    let renamed = pairs(&[("field-renamed", "Order.total")]).remove(0);
    let (_, verdict) = check(&sandbox, &["main"]);
    assert!(!found(&verdict).contains(&renamed), "{verdict}");
    assert_eq!(
        (&verdict["updates"][0]["ref"], &verdict["updates"][0]["task"]),
        (&json!("refs/heads/main"), &json!("t1"))
    );
    let (_, verdict) = check(&sandbox, &["autoTest/t1"]);
    assert!(!found(&verdict).contains(&renamed), "{verdict}");
    sandbox.git(["branch", "-qm", "autoTest/t1", "other"]).must();
    assert!(found(&check(&sandbox, &["other"]).1).contains(&renamed), "only a task has an approval");
}
