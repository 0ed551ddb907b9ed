//! What `drift baseline` and `drift sync` write.

use super::*;

#[test]
fn a_baseline_holds_what_stands_and_only_shrinks() {
    let page = contract(&["id", "total"]) + "- `a..b`\n\n## `Lost`\n\n- `x`\n";
    let files = [
        ("src/map/order.ts", "export const order = { kind: 'Order', id: 1, sum: 3 };\n"),
        ("schema/broken.schema.json", "{\"title\": \"Broken\", \n"),
    ];
    let sandbox = with_more(&schema(&["id", "note", "more"]), Some(&page), &files);
    let absolute = &["--mode", "absolute"][..];
    assert_eq!(check(&sandbox, absolute).0, 1);
    let (code, said) = drift(&sandbox, &["baseline", "--check"]);
    assert_eq!((code, said.stdout.contains("would change")), (1, true), "{}", said.stdout);
    assert!(!sandbox.path().join("client").join(BASELINE).exists());
    let said = must(&sandbox, &["baseline"]);
    assert!(
        said.contains("Wrote .docs/reports/drift-baseline.txt: ") && said.contains("has mode introduced"),
        "{said}"
    );
    let wrote = lines(&sandbox, BASELINE);
    for begin in [
        "added Order.more .docs/reports/field-to-api-map.md",
        "added Order.note ",
        "contract-invalid ",
        "noncanonical Order.sum src/map/order.ts",
        "removed Order.total ",
        "source-unread ",
        "unnamed src/map/order.ts ",
    ] {
        assert!(wrote.iter().any(|line| line.starts_with(begin)), "{begin}: {wrote:#?}");
    }
    sandbox.git(["add", "-A"]).must();
    let first = pairs(&[("baseline-grown", "")]);
    assert_eq!(found(&check(&sandbox, absolute).1), first, "all is held, and nobody listed the file itself");
    assert_eq!(drift(&sandbox, &["baseline", "--check"]).0, 0);
    // What comes with a first baseline is not held by it, wherever it has a line.
    stage(&sandbox, &[("src/map/more.ts", "export const more = { kind: 'Order', nope: 3 };\n")]);
    let kept = lines(&sandbox, BASELINE);
    fs_err::remove_file(sandbox.path().join("client").join(BASELINE)).unwrap();
    sandbox.git(["rm", "-q", "--cached", BASELINE]).must();
    must(&sandbox, &["baseline"]);
    sandbox.git(["add", "-A"]).must();
    let open: Vec<_> = found(&check(&sandbox, absolute).1);
    assert!(open.contains(&("noncanonical-path".to_owned(), "Order.nope".to_owned())), "{open:?}");
    sandbox.git(["rm", "-qf", "src/map/more.ts", BASELINE]).must();
    must(&sandbox, &["baseline"]);
    sandbox.git(["add", "-A"]).must();
    assert_eq!(lines(&sandbox, BASELINE), kept);
    // One is mended, and another comes.
    stage(&sandbox, &[(SCHEMA, &schema(&["id", "note", "later"]))]);
    // The line of what is mended is told beside the file.
    let grown = pairs(&[("baseline-grown", ""), ("baseline-grown", ""), ("field-added", "Order.later")]);
    assert_eq!(found(&check(&sandbox, absolute).1), grown);
    assert_eq!(drift(&sandbox, &["baseline", "--check"]).0, 1);
    let said = must(&sandbox, &["baseline"]);
    assert!(
        said.contains("1 mended") && said.contains("a baseline never grows") && said.contains("added Order.later"),
        "{said}"
    );
    let due: Vec<String> = wrote.into_iter().filter(|line| !line.starts_with("added Order.more ")).collect();
    assert_eq!(lines(&sandbox, BASELINE), due);
    sandbox.git(["rm", "-qf", CONTRACT]).must();
    refused(&sandbox, &["baseline"], "there is no contract");
}

#[test]
fn sync_brings_the_contract_to_the_sources_and_keeps_the_prose() {
    let sandbox = with(&schema(&["id", "note", "count integer"]), Some(&contract(&["id", "gone", "count"])));
    let absolute = &["--mode", "absolute"][..];
    assert_eq!(check(&sandbox, absolute).0, 1);
    let diff = must(&sandbox, &["sync"]);
    let due = format!(
        "--- a/{CONTRACT}\n+++ b/{CONTRACT}\n@@ -5,5 +5,5 @@\n ## `Order`\n \n - `id`\n-- `gone`\n+- `note`\n - `count`\n"
    );
    assert_eq!(diff, due);
    let path = sandbox.path().join("client").join(CONTRACT);
    fs_err::write(&path, "edited\n").unwrap();
    refused(&sandbox, &["sync", "--write"], "not staged");
    sandbox.git(["checkout", "-q", "--", CONTRACT]).must();
    let said = must(&sandbox, &["sync", "--write"]);
    assert!(said.contains("under Schema changes"), "{said}");
    assert_eq!(fs_err::read_to_string(&path).unwrap(), contract(&["id", "note", "count"]));
    sandbox.git(["add", "-A"]).must();
    assert!(must(&sandbox, &["sync"]).contains("nothing to change"));
    let (_, verdict) = check(&sandbox, absolute);
    assert!(
        !found(&verdict).iter().any(|(rule, _)| rule.starts_with("field-") && rule != "field-removed"),
        "{verdict}"
    );
    stage(&sandbox, &[("schema/broken.schema.json", "{\"title\": \"Broken\", \n")]);
    refused(&sandbox, &["sync"], "schema/broken.schema.json:");
}

#[test]
fn what_sync_cannot_mend_is_told_beside_the_diff() {
    let text = contract(&["id", "gone"]).replace("## `Order`", "## `Ghost`\n\nProse of it.\n\n- `x`\n\n## `Order`");
    let sandbox = with(&schema(&["id", "note"]), Some(&text));
    let (code, output) = drift(&sandbox, &["sync"]);
    assert_eq!(code, 0);
    assert!(output.stdout.starts_with("--- a/"), "{}", output.stdout);
    let due = format!("refgate: left for people: {CONTRACT}:5: the type `Ghost` lists no fields\n");
    assert_eq!(output.stderr, due);
}

#[test]
fn sync_tells_of_fields_that_no_contract_can_name() {
    let sandbox = with(&schema(&["id", "note"]), Some(&contract(&["id", "note"])));
    let odd = format!("{{\"$defs\": {{\"an order\": {}}}}}", schema(&["id"]));
    stage(&sandbox, &[("schema/odd.schema.json", &odd)]);
    let (code, output) = drift(&sandbox, &["sync"]);
    assert_eq!((code, output.stdout.contains("lists all that it can")), (0, true), "{}", output.stdout);
    let said = output.stderr;
    assert!(said.contains("no contract can spell") && said.contains("an order") && said.lines().count() == 1, "{said}");
}

#[test]
fn sync_writes_a_first_contract() {
    let sandbox = with(&schema(&["id", "note", "count integer"]), None);
    assert!(must(&sandbox, &["sync"]).starts_with("--- /dev/null\n"));
    must(&sandbox, &["sync", "--write"]);
    let text = fs_err::read_to_string(sandbox.path().join("client").join(CONTRACT)).unwrap();
    assert_eq!(text, "# Field contract\n\n## `Order`\n\n- `id`\n- `note`\n");
    sandbox.git(["add", "-A"]).must();
    assert_eq!(check(&sandbox, &["--mode", "absolute"]).0, 1, "the change of the contract is not approved");
    assert_eq!(json(&sandbox, "drift-contract.json", &["contract"]).0, 0);
}
