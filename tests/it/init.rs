//! `refgate init`: what it finds in real repositories, where it writes, and what it leaves alone.

use std::path::Path;

use crate::corpus::process;
use crate::support::{REFGATE, Said};

fn said(command: &mut std::process::Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { ok: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn init(folder: &Path, args: &[&str]) -> Said {
    said(process::command(REFGATE).current_dir(folder).arg("init").args(args))
}

fn git(folder: &Path, args: &[&str]) -> String {
    said(process::command("git").current_dir(folder).args(args)).must()
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = folder.join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
}

/// The lines that are in force.
fn in_force(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with('[')).collect()
}

/// A repository with two commits' worth of a team's habits.
fn busy() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("a busy ").tempdir().unwrap();
    let top = folder.path();
    git(top, &["init", "-q", "-b", "main", "."]);
    write(
        top,
        &[
            ("prisma/schema.prisma", "model A {}\n"),
            ("db/migrations/1.sql", "select 1;\n"),
            ("db/migrations/2.sql", "select 2;\n"),
            ("api/\u{fc}.graphql", "type A\n"),
            ("scripts/backfill-prices.ts", "run()\n"),
            (".github/workflows/gate.yml", "run: refgate check\n"),
            (".github/workflows/test.yml", "run: make test\n"),
            (".ai-stack-trace/old-task/final/status.json", "{}\n"),
            (".ai-stack-trace/new-task/contract/APPROVED", "x\n"),
        ],
    );
    git(top, &["add", "-A"]);
    git(top, &["commit", "-q", "-m", "Start"]);
    for branch in ["develop", "release/1", "work/new-task", "fix/a", "fix/b"] {
        git(top, &["branch", branch]);
    }
    folder
}

#[test]
fn in_an_empty_repository_it_writes_the_default() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "-b", "trunk", "."]);
    let told = init(folder.path(), &[]).must();
    assert!(told.contains("trunk (always protected)"), "{told}");
    assert!(told.contains("refgate install server --repo DIR --policy refgate.toml"), "{told}");
    let text = fs_err::read_to_string(folder.path().join("refgate.toml")).unwrap();
    assert_eq!(in_force(&text), ["version = 1"]);
    assert!(text.contains("refgate install server --repo DIR --policy refgate.toml"), "{text}");
}

#[test]
fn it_proposes_what_it_sees_and_check_takes_it() {
    let folder = busy();
    let below = folder.path().join("db/migrations");
    let told = init(&below, &[]).must();
    let text = fs_err::read_to_string(folder.path().join("refgate.toml")).unwrap();
    let expected = [
        "version = 1",
        "protected = [\"release/*\", \"develop\"]",
        "task = \"work/\"",
        "owned = [\".github/workflows/gate.yml\"]",
    ];
    assert_eq!(in_force(&text), expected, "{text}");
    for part in ["4, like \"api/\\303\\274.graphql\"", "1, like scripts/backfill-prices.ts", "fix/ (2), work/ (1)"] {
        assert!(text.contains(part) && told.contains(part), "{part}:\n{text}\n{told}");
    }
    assert!(text.contains("Here it holds 2 tasks."), "{text}");
    let check = ["check", "--policy", "refgate.toml", "--ref", "topic"];
    let _ = said(process::command(REFGATE).current_dir(folder.path()).args(check)).must();
}

#[test]
fn a_clone_and_a_linked_worktree_show_the_same_and_each_gets_its_own() {
    let (folder, place) = (busy(), tempfile::tempdir().unwrap());
    let (clone, linked) = (place.path().join("clone"), place.path().join("linked"));
    git(folder.path(), &["checkout", "-q", "develop"]);
    git(folder.path(), &["worktree", "add", "-q", linked.to_str().unwrap(), "fix/a"]);
    git(place.path(), &["clone", "-q", folder.path().to_str().unwrap(), clone.to_str().unwrap()]);
    let from_clone = init(&clone, &["--print"]).must();
    assert!(from_clone.contains("default branch (develop)"), "its remote's HEAD says so:\n{from_clone}");
    assert!(from_clone.contains("\"main\""), "{from_clone}");
    let told = init(&linked, &[]).must();
    assert!(told.contains("main (always protected)"), "{told}");
    assert!(linked.join("refgate.toml").is_file() && !folder.path().join("refgate.toml").exists());
}

#[test]
fn what_is_staged_counts_before_the_first_commit() {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "-b", "main", "."]);
    write(folder.path(), &[("a.proto", "syntax\n"), ("b.proto", "not added\n")]);
    git(folder.path(), &["add", "a.proto"]);
    let told = init(folder.path(), &[]).must();
    assert!(told.contains("1, like a.proto"), "{told}");
    assert!(told.contains("Not looked at, for no commit holds them yet: 1 file (b.proto).\n"), "{told}");
}

#[test]
fn what_git_does_not_track_is_named_and_what_it_ignores_is_not() {
    let folder = busy();
    let top = folder.path();
    write(top, &[(".gitignore", "/build/\n"), ("build/x.proto", "syntax\n")]);
    git(top, &["add", ".gitignore"]);
    git(top, &["commit", "-q", "-m", "Ignore"]);
    write(top, &[("prisma/schema.prisma", "model B {}\n")]);
    assert!(!init(top, &[]).must().contains("Not looked at"), "all that is tracked was looked at");
    fs_err::remove_file(top.join("refgate.toml")).unwrap();
    write(top, &[("a.proto", "a\n"), ("b/\u{fc}.proto", "b\n"), ("c.proto", "c\n"), ("d.proto", "d\n")]);
    git(top, &["init", "-q", "z"]);
    git(top, &["add", "a.proto"]);
    let told = init(&top.join("db"), &[]).must();
    assert!(told.contains("yet: 5 files (a.proto, \"b/\\303\\274.proto\", c.proto, ...).\n"), "{told}");
    assert!(told.contains("having looked at the branches and the files that Git tracks:"), "{told}");
}

#[test]
fn an_existing_policy_is_never_overwritten() {
    let folder = busy();
    let path = folder.path().join("refgate.toml");
    fs_err::write(&path, "mine\n").unwrap();
    let refused = init(folder.path(), &[]);
    assert!(!refused.ok && refused.stderr.contains("exists already"), "{}", refused.stderr);
    assert_eq!(fs_err::read_to_string(&path).unwrap(), "mine\n");
    fs_err::remove_file(&path).unwrap();
    fs_err::os::unix::fs::symlink("elsewhere", &path).unwrap();
    assert!(!init(folder.path(), &[]).ok, "a link that leads nowhere is somebody's too");
    assert!(!folder.path().join("elsewhere").exists());
    assert!(init(folder.path(), &["--print"]).must().contains("protected = [\"release/*\", \"develop\"]"));
}

#[test]
fn a_bare_repository_gets_it_printed() {
    let place = tempfile::tempdir().unwrap();
    let (full, empty) = (place.path().join("full.git"), place.path().join("empty.git"));
    git(place.path(), &["clone", "-q", "--bare", busy().path().to_str().unwrap(), full.to_str().unwrap()]);
    git(place.path(), &["init", "-q", "--bare", "-b", "main", empty.to_str().unwrap()]);
    let text = init(place.path(), &["--print", "--repo", full.to_str().unwrap()]).must();
    assert!(in_force(&text).contains(&"protected = [\"release/*\", \"develop\"]"), "{text}");
    let plain = init(place.path(), &["--print", "--repo", empty.to_str().unwrap()]).must();
    assert_eq!(in_force(&plain), ["version = 1"]);
    assert_eq!(init(place.path(), &["--print"]).must(), plain, "outside of any repository it is the plain default");
    for folder in [full.as_path(), place.path()] {
        let refused = init(folder, &[]);
        assert!(!refused.ok && !refused.stderr.is_empty() && !folder.join("refgate.toml").exists());
    }
}

const CONTRACT: (&str, &str) = (".docs/reports/field-to-api-map.md", "# Fields\n\n## `order`\n\n- `id`\n- `total`\n");

/// A repository with these files and a contract; what init writes there.
fn with_contract(files: &[(&str, &str)]) -> (tempfile::TempDir, String) {
    with_files(&[files, &[CONTRACT]].concat())
}

fn with_files(files: &[(&str, &str)]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path();
    git(top, &["init", "-q", "-b", "main", "."]);
    write(top, files);
    git(top, &["add", "-A"]);
    git(top, &["commit", "-q", "-m", "Start"]);
    let told = init(top, &[]).must();
    assert!(told.contains("field contract"), "{told}");
    let text = fs_err::read_to_string(top.join("refgate.toml")).unwrap();
    (folder, text)
}

const SANITY: &str = r#"[{"name": "order", "type": "document", "attributes": {
  "id": {"type": "objectAttribute", "value": {"type": "string"}},
  "total": {"type": "objectAttribute", "value": {"type": "string"}}}}]"#;

#[test]
fn a_contract_and_the_file_that_declares_its_fields_are_held_together_at_once() {
    let (folder, text) = with_contract(&[("packages/studio/schema.json", SANITY), ("schema.json", "{}")]);
    assert_eq!(
        in_force(&text),
        ["version = 1", "language = \"sanity-schema\"", "paths = [\"packages/studio/schema.json\"]"]
    );
    let drift = |args: &[&str]| {
        let mut command = process::command(REFGATE);
        said(command.current_dir(folder.path()).arg("drift").args(args).args(["--policy", "refgate.toml"]))
    };
    let _ = drift(&["check", "--mode", "absolute"]).must();
    assert!(drift(&["sync"]).must().contains("nothing to change"));
    let changed = SANITY.replace("total", "totals");
    write(folder.path(), &[("packages/studio/schema.json", &changed)]);
    git(folder.path(), &["add", "-A"]);
    let said = drift(&["check"]);
    assert!(!said.ok && said.stdout.contains("order.total"), "{}{}", said.stdout, said.stderr);
}

#[test]
fn of_two_sources_of_one_type_the_one_that_has_more_is_taken_and_it_is_said() {
    let graphql = "type order { id: String }\ntype other { x: String }\n";
    let openapi = "openapi: 3.0.0\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents:\n  schemas:\n    invoice:\n      type: object\n      properties:\n        number: {type: string}\n";
    let (_folder, text) = with_contract(&[
        ("packages/studio/schema.json", SANITY),
        ("api/schema.graphql", graphql),
        ("openapi.yaml", openapi),
        ("node_modules/x/y.schema.json", "{}"),
    ]);
    assert_eq!(
        in_force(&text),
        ["version = 1", "language = \"sanity-schema\"", "paths = [\"packages/studio/schema.json\"]"]
    );
    for words in [
        "# Not taken: order is taken from packages/studio/schema.json",
        "#paths = [\"api/*.graphql\"]",
        "# Not taken: it declares nothing that the contract lists.",
        "#paths = [\"openapi.yaml\"]",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("node_modules"), "{text}");
}

#[test]
fn of_many_declared_types_those_count_that_the_contract_speaks_of() {
    let graphql = "type order { id: String total: String }\ntype a { x: String }\ntype b { x: String }\ntype c { x: String }\ntype d { x: String }\n";
    let (_folder, text) = with_contract(&[("schema.graphql", graphql)]);
    let due = ["version = 1", "language = \"graphql\"", "paths = [\"*.graphql\"]", "types = [\"order\"]"];
    assert_eq!(in_force(&text), due);
}

#[test]
fn code_is_found_where_the_contract_names_it() {
    let contract = "# Fields\n\n## `src/models/order.ts`\n\n### `Order`\n\n- `id`\n- `total`\n\n\
                    ## `src/models/customer.ts`\n\n### `Customer`\n\n- `email`\n\n## `app/models.py`\n\n### `Cart`\n\n\
                    - `sku`\n\n## `src/gone.ts`\n\n### `order`\n\n- `id`\n- `total`\n";
    let order = "export interface Order { id: string; total: string; count: number }\ninterface Other { x: string }\n";
    let cart = "from pydantic import BaseModel\n\nclass Cart(BaseModel):\n    sku: str\n";
    let (folder, text) = with_files(&[
        (CONTRACT.0, contract),
        ("packages/studio/schema.json", SANITY),
        ("src/models/order.ts", order),
        ("src/models/customer.ts", "export type Customer = { email?: string | null };\n"),
        ("src/models/other.ts", "export interface Customers { all: string }\n"),
        ("app/models.py", cart),
        ("app/order.py", cart),
    ]);
    let sources = [
        ["language = \"sanity-schema\"", "paths = [\"packages/studio/schema.json\"]"].as_slice(),
        &["language = \"typescript\"", "paths = [\"src/models/*.ts\"]", "types = [\"Customer\", \"Order\"]"],
        &["language = \"python\"", "paths = [\"app/models.py\"]", "types = [\"Cart\"]"],
    ];
    assert_eq!(in_force(&text), [&["version = 1"], sources.concat().as_slice()].concat());
    let mut command = process::command(REFGATE);
    let check = ["drift", "check", "--mode", "absolute", "--policy", "refgate.toml"];
    let _ = said(command.current_dir(folder.path()).args(check)).must();
}

#[test]
fn the_dialect_of_migrations_is_written_where_they_show_it() {
    let contract = "# Fields\n\n## `orders`\n\n- `orderId`\n- `customerName`\n";
    let neutral = "CREATE TABLE orders (orderId VARCHAR(10));\n";
    let ticks = "ALTER TABLE orders ADD COLUMN `customerName` TEXT;\n";
    let plain = "ALTER TABLE orders ADD COLUMN customerName TEXT;\n";
    let strict = "CREATE TABLE other (id INT) STRICT;\n";
    let engine = "CREATE TABLE other (id INT NOT NULL AUTO_INCREMENT, PRIMARY KEY (id)) ENGINE=InnoDB;\n";
    let lock = ("db/migrations/migration_lock.toml", "# Added by Prisma\nprovider = \"sqlite\"\n");
    let journal = ("db/migrations/meta/_journal.json", "{\n  \"version\": \"7\",\n  \"dialect\": \"mysql\",\n}");
    for (second, third, beside, dialect) in [
        (plain, engine, None, Some("mysql")),
        (plain, strict, None, Some("sqlite")),
        // Either of two.
        (ticks, "", None, None),
        (ticks, "", Some(lock), Some("sqlite")),
        (plain, "", Some(journal), Some("mysql")),
        // What is written down is not what the files are.
        (plain, engine, Some(lock), Some("mysql")),
    ] {
        let files = [
            (CONTRACT.0, contract),
            ("db/migrations/1.sql", neutral),
            ("db/migrations/2.sql", second),
            ("db/migrations/3.sql", third),
        ];
        let files: Vec<(&str, &str)> = files.into_iter().chain(beside).collect();
        let (folder, text) = with_files(&files);
        let dialect = dialect.map(|dialect| format!("dialect = \"{dialect}\""));
        let due = ["version = 1", "language = \"sql\"", "paths = [\"db/migrations/**/*.sql\"]"];
        let due: Vec<&str> = due.into_iter().chain(dialect.as_deref()).collect();
        assert_eq!(in_force(&text), due);
        let check = ["drift", "check", "--mode", "absolute", "--policy", "refgate.toml"];
        let said = said(process::command(REFGATE).current_dir(folder.path()).args(check));
        assert!(said.ok, "{}{}", said.stdout, said.stderr);
    }
}

#[test]
fn each_package_of_many_is_a_source() {
    let names: Vec<String> = (10..30).map(|at| format!("shop{at}")).collect();
    let files: Vec<(String, String)> = names
        .iter()
        .map(|name| (format!("packages/{name}/schema.json"), SANITY.replace("order", name)))
        .chain([(
            CONTRACT.0.to_owned(),
            names.iter().map(|name| format!("### `{name}`\n\n- `id`\n- `total`\n\n")).collect(),
        )])
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (folder, text) = with_files(&files);
    assert_eq!(in_force(&text).iter().filter(|line| line.starts_with("paths = ")).count(), names.len(), "{text}");
    let mut command = process::command(REFGATE);
    let check = ["drift", "check", "--mode", "absolute", "--policy", "refgate.toml"];
    let _ = said(command.current_dir(folder.path()).args(check)).must();
}

#[test]
fn a_contract_alone_and_sources_alone_are_an_example() {
    let (_folder, text) = with_contract(&[]);
    assert_eq!(in_force(&text), ["version = 1"]);
    assert!(text.contains("There is a contract here. Say what declares its fields"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "-b", "main", "."]);
    write(folder.path(), &[("proto/shop/order.proto", "syntax = \"proto3\";\nmessage Order { string id = 1; }\n")]);
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "-m", "Start"]);
    let told = init(folder.path(), &[]).must();
    assert!(told.contains("what may declare fields is written as a comment (1)"), "{told}");
    let text = fs_err::read_to_string(folder.path().join("refgate.toml")).unwrap();
    assert_eq!(in_force(&text), ["version = 1"]);
    assert!(text.contains("#paths = [\"proto/**/*.proto\"]") && text.contains("refgate drift sync"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q", "-b", "main", "."]);
    for at in 10..30 {
        write(folder.path(), &[(&format!("packages/p{at}/schema.json"), SANITY)]);
    }
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "-m", "Start"]);
    let told = init(folder.path(), &[]).must();
    assert!(told.contains("written as a comment (12); not looked at: 8 more"), "{told}");
}
