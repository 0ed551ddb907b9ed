use std::collections::BTreeSet;

use super::*;
use crate::drift::languages::Language;
use crate::drift::shape::Database;
use crate::error::Kind;
use crate::policy::server::parse_server;

const RULES: &[&str] = &["direct-push", "out-of-scope"];

fn known() -> Known<'static> {
    Known { rules: RULES, trunk: "refs/heads/main".into() }
}

fn read(text: &str) -> Policy {
    parse(text, "p.toml", known()).unwrap()
}

/// The policy, with `@@` where the error is due, is refused there.
#[track_caller]
fn refused(marked: &str, about: &str) {
    let (before, after) = marked.split_once("@@").unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    let error = parse(&format!("{before}{after}"), "p.toml", known()).unwrap_err();
    assert_eq!(error.kind, Kind::Undecided);
    let place = format!("p.toml:{line}:{column}: ");
    assert!(error.message.starts_with(&place) && error.message.contains(about), "{place}{about}\n{}", error.message);
    assert!(!error.help.is_empty() && !error.message.contains('\n'), "{error:?}");
}

#[test]
fn the_built_in_policy_is_what_an_empty_one_says() {
    let policy = built_in(known()).unwrap();
    assert_eq!((policy.task_prefix.as_str(), policy.emergency_prefix.as_str()), ("autoTest/", "hotfix/"));
    assert_eq!((policy.trace.as_str(), policy.trunk.to_string().as_str()), (".ai-stack-trace", "refs/heads/main"));
    assert_eq!(policy.artifacts, ARTIFACTS);
    assert!(policy.rules.is_empty() && policy.floor.is_empty() && policy.paths.owned.is_empty());
    assert!(policy.notes.is_empty() && policy.repository.is_none());
    assert_eq!((policy.limits.seconds, policy.limits.blob_bytes), (DEFAULT_SECONDS, DEFAULT_BLOB_BYTES));
    assert_eq!(policy.digest(), read("version = 1").digest());
}

#[test]
fn the_version_is_said_and_is_1() {
    refused("@@", "the policy must say `version = 1`");
    refused("@@[rules]\n", "the policy must say `version = 1`");
    refused("version = @@2", "reads policies of version 1");
    refused("version = @@\"1\"", "invalid type");
    refused("\n  version = @@0", "reads policies of version 1");
}

#[test]
fn what_is_no_toml_is_refused_where_it_stops() {
    refused("version = 1\n[rules@@\n", "");
    refused("version = 1\n@@version = 1\n", "duplicate key");
    refused("version = 1\nx = @@\n", "");
}

#[test]
fn a_name_for_a_type_that_does_not_count_is_refused() {
    let source = "version = 1\n[[drift.source]]\nlanguage = \"graphql\"\npaths = [\"api/**\"]\n";
    refused(
        &format!("{source}types = [\"Order\"]\nnames = {{ @@OrderDto = \"Order\" }}\n"),
        "does not let this type count",
    );
    for types in ["", "types = [\"Order*\"]\n"] {
        let _ = read(&format!("{source}{types}names = {{ OrderDto = \"Order\" }}\n"));
    }
}

#[test]
fn only_sql_has_a_dialect_and_it_is_a_known_one() {
    let source =
        |language: &str| format!("version = 1\n[[drift.source]]\nlanguage = \"{language}\"\npaths = [\"db/**\"]\n");
    refused(&format!("{}dialect = @@\"mysql\"\n", source("graphql")), "only a source whose language is `sql`");
    for name in ["", "MySQL", "postgres", "sql"] {
        let due = "write one of postgresql, mysql, sqlite";
        refused(&format!("{}dialect = @@\"{name}\"\n", source("sql")), due);
    }
    for database in Database::ALL {
        let policy = read(&format!("{}dialect = \"{}\"\n", source("sql"), database.name()));
        let language = policy.drift.unwrap().contracts[0].sources[0].language;
        assert_eq!(language, Language::Sql(Some(database)));
    }
}

#[test]
fn a_patch_that_no_code_can_name_is_refused() {
    let mapping = "version = 1\n[[drift.mapping]]\npaths = [\"src/**\"]\npatches = ";
    for name in ["", ".set", "patch.", "patch..set", "set()", "client.patch(id).set", "*.set", "a set", "set.this"] {
        refused(&format!("{mapping}[\"set\", @@\"{name}\"]\n"), "write the name of a method");
    }
    let _ = read(&format!("{mapping}[\"set\", \"patch.set\", \"this.client.set\", \"$set\"]\n"));
}

#[test]
fn tables_of_one_mapping_have_their_paths_at_one_place() {
    let mapping = "version = 1\n[[drift.mapping]]\npaths = [\"src/**\"]\ntables = ";
    for name in ["A.*", "*.path", "A.*.", "A.*.a.b", "A.*.*", "A.*.a*"] {
        refused(&format!("{mapping}[@@\"{name}\"]\n"), "write the name of a table");
    }
    for pair in ["[\"A\", @@\"B.*.path\"]", "[\"A.*.path\", @@\"B.*.field\"]", "[\"A.*.path\", @@\"B\"]"] {
        refused(&format!("{mapping}{pair}\n"), "a [[drift.mapping]] of their own");
    }
    let policy = read(&format!("{mapping}[\"A.*.path\", \"B.*.path\"]\n"));
    let sites = &policy.drift.unwrap().contracts[0].mappings[0].sites;
    assert!(sites.tables.contains("A") && sites.tables.contains("B"));
    assert_eq!(sites.table_member.as_deref(), Some("path"));
}

#[test]
fn an_unknown_key_is_refused_at_every_level() {
    refused("version = 1\n@@verison = 1", "unknown field `verison`");
    refused("version = 1\n[@@branch]\n", "unknown field `branch`");
    refused(
        "version = 1\n[[signatures]]\nrefs = [\"main\"]\npush = true\n@@nonsense = 1\n",
        "unknown field `nonsense`",
    );
    for table in ["branches", "tags", "notes", "trace", "paths", "limits"] {
        refused(&format!("version = 1\n\n[{table}]\n  @@nonsense = 1\n"), "unknown field `nonsense`");
    }
}

#[test]
fn a_rule_exists_stands_once_and_has_a_severity() {
    let policy = read("version = 1\n[rules]\ndirect-push = \"evaluate\"\nout-of-scope = \"off\"\n");
    assert_eq!(policy.rules["direct-push"], Severity::Evaluate);
    assert_eq!(policy.rules["out-of-scope"], Severity::Off);
    refused("version = 1\n[rules]\ndirect-push = \"off\"\n@@direct-psuh = \"off\"", "there is no rule `direct-psuh`");
    refused("version = 1\n[rules]\ndirect-push = \"off\"\n@@direct-push = \"off\"", "duplicate key");
    refused("version = 1\n[rules]\ndirect-push = @@\"on\"", "unknown variant `on`");
    refused("version = 1\n[rules]\ndirect-push = @@\"Off\"", "unknown variant `Off`");
    refused("version = 1\n[rules]\ndirect-push = @@false", "");
}

#[test]
fn a_value_of_another_type_is_refused() {
    refused("version = 1\nrepository = @@7", "invalid type");
    refused("version = 1\n[branches]\nprotected = @@\"main\"", "invalid type");
    refused("version = 1\n[branches]\nprotected = [@@1]", "invalid type");
    refused("version = 1\n[limits]\nseconds = @@\"30\"", "invalid type");
    refused("version = 1\n[limits]\nseconds = @@-1", "");
    refused("version = 1\n[limits]\nseconds = @@1.5", "invalid type");
    refused("version = 1\ntrace = @@\".trace\"", "invalid type");
}

#[test]
fn a_pattern_is_good_and_stands_once_in_its_list() {
    for list in ["schema", "backfill", "documentation", "not_documentation", "owned"] {
        let head = format!("version = 1\n[paths]\n{list} = ");
        refused(&format!("{head}[\"a\", @@\"/b\"]"), "begins with `/`");
        refused(&format!("{head}[\n  \"a\",\n  @@\"\",\n]"), "the pattern is empty");
        refused(&format!("{head}[@@\"a{{b,c\"]"), "braces");
        refused(&format!("{head}[\"a\", \"b\", @@\"a\"]"), "stands in this list already");
    }
    refused("version = 1\n[paths]\nnot_documentation = [\"A.md\", @@\"a.md\"]", "stands in this list already");
    // Another list may hold it too.
    read("version = 1\n[paths]\nschema = [\"a\"]\nbackfill = [\"a\"]\n");
}

#[test]
fn a_pattern_for_refs_can_match_some() {
    for (table, list) in [("branches", "protected"), ("tags", "release"), ("notes", "allow")] {
        let head = format!("version = 1\n[{table}]\n{list} = [\"ok/*\", @@");
        refused(&format!("{head}\"refs/heads/main\"]"), "write the short name");
        for never in ["a b", "a..b", "a~b", "a^", "a:b", "a?", "a[b]", "a@{b", "a.", "a/", "a.lock", "a\\\\b", "a\\tb"]
        {
            refused(&format!("{head}\"{never}\"]"), "no ref name can match this pattern");
        }
        refused(&format!("{head}\"a//b\"]"), "empty segment");
    }
}

#[test]
fn prefixes_are_folders_of_branch_names() {
    assert_eq!(read("version = 1\n[branches]\ntask = \"work/ai/\"").task_prefix, "work/ai/");
    for key in ["task", "emergency"] {
        for bad in ["", "/", "autoTest", "/a/", "a//", "a b/", "a*/", "../", "caf\u{e9}/"] {
            refused(&format!("version = 1\n[branches]\n{key} = @@\"{bad}\""), "ends in a slash");
        }
    }
}

#[test]
fn the_trace_is_one_folder_and_its_artifacts_lie_in_it() {
    let policy = read("version = 1\n[trace]\nfolder = \".trace\"\nartifacts = [\"a/b.md\", \"audit/\"]");
    assert_eq!((policy.trace.as_str(), policy.artifacts), (".trace", vec!["a/b.md".to_owned(), "audit/".into()]));
    assert!(read("version = 1\n[trace]\nartifacts = []").artifacts.is_empty());
    for bad in ["", ".", "..", "a/b", "a/", ".git", "a b", "a*"] {
        refused(&format!("version = 1\n[trace]\nfolder = @@\"{bad}\""), "the name of one folder");
    }
    for bad in ["", "/", "/a", "a//b", "../a", "a/..", ".hidden", "a/*", "a\\\\b", "a//", "{a,b}"] {
        refused(&format!("version = 1\n[trace]\nartifacts = [\"ok\", @@\"{bad}\"]"), "inside the task's folder, once");
    }
    refused("version = 1\n[trace]\nartifacts = [\"a\", \"b/\", @@\"a\"]", "once");
}

#[test]
fn a_limit_is_at_least_one() {
    let limits = read("version = 1\n[limits]\nseconds = 1\nblob_bytes = 2").limits;
    assert_eq!((limits.seconds, limits.blob_bytes), (1, 2));
    refused("version = 1\n[limits]\nseconds = @@0", "a limit of 0");
    refused("version = 1\n[limits]\nblob_bytes = @@0", "a limit of 0");
}

#[test]
fn columns_count_characters() {
    refused(
        "version = 1\nrepository = \"caf\u{e9}\"\n[paths]\nschema = [\"\u{e9}\u{e9}\", @@\"/b\"]",
        "begins with `/`",
    );
}

#[test]
fn a_written_list_takes_the_default_s_place_but_for_what_is_never_documentation() {
    let policy = read("version = 1\n[paths]\nschema = [\"x\"]\nnot_documentation = [\"Secret.MD\"]\n");
    assert!(policy.paths.schema.matches(b"x") && !policy.paths.schema.matches(b"a.sql"));
    assert!(policy.paths.backfill.matches(b"scripts/backfill-a"));
    for never in ["secret.md", "agents.md", "a/requirements.txt"] {
        assert!(policy.paths.not_documentation.matches(never.as_bytes()), "{never}");
    }
    assert!(read("version = 1\n[branches]\nprotected = []").protected.is_empty());
}

#[test]
fn equal_policies_have_one_digest_however_they_are_written() {
    let one = "version = 1\nrepository = \"a\"\n[branches]\ntask = \"t/\"\nprotected = [\"a\", \"b\"]\n\
               [rules]\ndirect-push = \"off\"\nout-of-scope = \"evaluate\"\n";
    let other = "# a policy\n\nrules = { out-of-scope = 'evaluate', \"direct-push\" = \"off\" }\nrepository = \"\\u0061\"\n\
                 version = 0x1\nbranches = { protected = [ 'a',\n 'b', ], task = 't/' }\n";
    assert_eq!(read(one).digest(), read(other).digest());
    let defaults = "version = 1\n[branches]\ntask = \"autoTest/\"\nemergency = \"hotfix/\"\nprotected = [\"release/*\"]\n\
                    [tags]\nrelease = [\"v*\"]\n[trace]\nfolder = \".ai-stack-trace\"\n[limits]\nblob_bytes = 1048576\n";
    assert_eq!(read(defaults).digest(), read("version = 1").digest());
}

#[test]
fn whatever_is_changed_changes_the_digest() {
    let texts = [
        "",
        "repository = \"a\"",
        "[branches]\nprotected = []",
        "[branches]\nprotected = [\"a\"]",
        "[branches]\nprotected = [\"a\", \"b\"]",
        "[branches]\ntask = \"a/\"",
        "[branches]\nemergency = \"a/\"",
        "[tags]\nrelease = [\"a\"]",
        "[notes]\nallow = [\"a\"]",
        "[trace]\nfolder = \"a\"",
        "[trace]\nartifacts = [\"a\"]",
        "[trace]\nartifacts = [\"a\", \"b\"]",
        "[paths]\nschema = [\"a\"]",
        "[paths]\nbackfill = [\"a\"]",
        "[paths]\ndocumentation = [\"a\"]",
        "[paths]\nnot_documentation = [\"a\"]",
        "[paths]\nowned = [\"a\"]",
        "[rules]\ndirect-push = \"off\"",
        "[rules]\ndirect-push = \"evaluate\"",
        "[rules]\nout-of-scope = \"off\"",
        "[limits]\nblob_bytes = 7",
    ];
    let mut digests: BTreeSet<String> =
        texts.iter().map(|text| read(&format!("version = 1\n{text}")).digest()).collect();
    assert_eq!(digests.len(), texts.len());
    let mut policy = read("version = 1");
    policy.floor.insert("direct-push".into(), Severity::Enforce);
    digests.insert(policy.digest());
    let elsewhere = Known { trunk: "refs/heads/trunk".into(), ..known() };
    digests.insert(parse("version = 1", "p.toml", elsewhere).unwrap().digest());
    assert_eq!(digests.len(), texts.len() + 2);
    assert!(digests.iter().all(|digest| digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())));
}

#[test]
fn the_server_s_own_word_is_read_as_strictly() {
    let good =
        "version = 1\ntrusted_ref = \"refs/heads/main\"\nrepository_id = \"r1\"\n[floor]\ndirect-push = \"enforce\"\n";
    let server = parse_server(good, "s.toml", RULES).unwrap();
    assert_eq!((server.trusted_ref.to_string().as_str(), server.repository_id.as_str()), ("refs/heads/main", "r1"));
    assert_eq!(server.floor["direct-push"], Severity::Enforce);
    assert_eq!(server.actor, ActorSource::None);
    let named = good.replace("[floor]", "actor = \"remote-user\"\n[floor]");
    assert_eq!(parse_server(&named, "s.toml", RULES).unwrap().actor, ActorSource::RemoteUser);
    for (from, to, due) in [
        ("version = 1", "version = 2", "s.toml:1:11: this refgate reads"),
        ("refs/heads/main", "main", "s.toml:2:15: write a branch in full"),
        ("refs/heads/main", "refs/heads/a..b", "s.toml:2:15: write a branch in full"),
        ("refs/heads/main", "refs/heads/a b", "s.toml:2:15: write a branch in full"),
        ("\"r1\"", "\" \"", "s.toml:3:17: the repository needs an id"),
        ("direct-push", "direct-pull", "s.toml:5:1: there is no rule `direct-pull`"),
        ("[floor]", "actor = \"REMOTE_USER\"\n[floor]", "s.toml:4:9: write none, remote-user"),
        ("[floor]", "[flor]", "s.toml:4:2: unknown field `flor`"),
        ("repository_id = \"r1\"\n", "", "missing field `repository_id`"),
    ] {
        let error = parse_server(&good.replace(from, to), "s.toml", RULES).unwrap_err();
        assert!(error.message.contains(due), "{due}\n{}", error.message);
    }
}

#[test]
fn what_the_file_says_is_escaped_in_messages() {
    for text in ["version = 1\n[rules]\n\"\\u001b[2J\\u00e9\" = \"off\"\n", "version = 1\n\"caf\u{e9}\" = \"off\"\n"] {
        let error = parse(text, "p.toml", known()).unwrap_err();
        assert!(error.message.chars().all(|c| (' '..='~').contains(&c)), "{}", error.message);
    }
}

#[test]
fn no_two_policies_share_a_digest() {
    let differ = [
        "version = 1",
        "version = 1\nrepository = \"\"",
        "version = 1\n[limits]\nseconds = 1",
        "version = 1\n[limits]\nblob_bytes = 1",
        "version = 1\n[trace]\nartifacts = [\"a\", \"b\"]",
        "version = 1\n[trace]\nartifacts = [\"a,b\"]",
    ];
    let digests: BTreeSet<String> = differ.iter().map(|text| read(text).digest()).collect();
    assert_eq!(digests.len(), differ.len());
    refused("version = 1\n[trace]\nartifacts = [@@\"a\\nb\"]", "write a file, or a folder");
}

#[test]
fn prefixes_and_folders_that_lead_nowhere_are_refused() {
    refused("version = 1\n[branches]\ntask = \"x/\"\nemergency = @@\"x/\"", "folders of their own");
    refused("version = 1\n[branches]\ntask = \"x/y/\"\nemergency = @@\"x/\"", "folders of their own");
    refused("version = 1\n[branches]\ntask = @@\"-x/\"", "like `autoTest/`");
    for folder in ["a.", ".GIT", "..", ""] {
        refused(&format!("version = 1\n[trace]\nfolder = @@\"{folder}\""), "one folder");
    }
    let server = "version = 1\ntrusted_ref = \"refs/heads/\"\nrepository_id = \"x\"";
    assert!(parse_server(server, "server.toml", RULES).is_err());
}

#[test]
fn lists_that_forbid_hold_in_any_spelling() {
    let policy = read("version = 1\n[paths]\nowned = [\"GOVERNANCE.md\"]\nnot_documentation = [\"Stra\u{df}e.md\"]");
    assert!(policy.is_owned("governance.md".into()) && policy.is_owned("GOVERNANCE.md".into()));
    for path in ["stra\u{df}e.md", "STRASSE.md"] {
        assert_eq!(policy.kind_of(path.into()), super::super::PathKind::Runtime, "{path}");
    }
}

#[test]
fn signatures_are_asked_for_where_they_can_be() {
    let head = "version = 1\n[[signatures]]\n";
    for (text, about) in [
        ("refs = @@[]\npush = true", "name at least one ref"),
        ("refs = @@[\"main\"]", "say what must be signed there"),
        ("refs = @@[\"main\"]\npush = false\nsigners = [\"a\"]", "say what must be signed there"),
        ("refs = @@[\"main\"]\ntags = true", "write them in full, like `refs/tags/v*`"),
        ("refs = [\"main\", @@\"refs/heads/main\"]\npush = true", "write the short name"),
        ("refs = [\"main\", @@\"main\"]\npush = true", "stands in this list already"),
        ("refs = [@@\"{refs/tags/v,main}\"]\npush = true", "at the beginning of the pattern"),
        ("refs = [@@\"{main,refs/tags/v}\"]\npush = true", "at the beginning of the pattern"),
        ("refs = [@@\"a b\"]\npush = true", "no ref name can match this pattern"),
        ("refs = [@@\"/a\"]\npush = true", "empty segment"),
        ("refs = [\"main\", @@\"refs/notes/*\"]\ncommits = true", "on branches and tags only"),
        ("refs = [\"main\", @@\"refs/**\"]\ncommits = true", "on branches and tags only"),
        ("refs = [\"main\"]\npush = @@1", "invalid type"),
        ("refs = [\"main\"]\npush = true\npresence = @@\"yes\"", "unknown variant `yes`"),
        ("refs = [\"main\"]\npush = true\nsigners = @@[]", "nobody could sign"),
        ("refs = [\"main\"]\npush = true\nsigners = [\"a\", @@\"a\"]", "stands in this list already"),
        ("refs = [\"main\"]\npush = true\nsigners = [@@\"*@example.com\"]", "no pattern"),
        ("refs = [\"main\"]\npush = true\nsigners = [@@\"a,b\"]", "no pattern"),
        ("refs = [\"main\"]\npush = true\nsigners = [@@\"\"]", "no pattern"),
    ] {
        refused(&format!("{head}{text}"), about);
    }
    refused("version = 1\n@@[[signatures]]\npush = true", "missing field `refs`");
    let policy = read(&format!(
        "{head}refs = [\"main\", \"refs/notes/**\"]\npush = true\n[[signatures]]\nrefs = [\"release/*\", \"refs/tags/v*\"]\ncommits = true\ntags = true\npresence = \"verified\"\nsigners = [\"b\", \"a\"]"
    ));
    let met = |name: &str| {
        policy.signatures_on(name.into()).map(|table| (table.push, table.commits, table.tags)).collect::<Vec<_>>()
    };
    for name in ["refs/heads/main", "refs/heads/main/x", "refs/notes/a/b"] {
        assert_eq!(met(name), [(true, false, false)], "{name}");
    }
    for name in ["refs/heads/release/1", "refs/heads/release/1/x", "refs/tags/v1"] {
        assert_eq!(met(name), [(false, true, true)], "{name}");
    }
    for name in
        ["refs/heads/Main", "refs/heads/release", "refs/tags/x", "refs/tags/main", "main", "refs/heads/refs/heads/main"]
    {
        assert_eq!(met(name), [], "{name}");
    }
}

#[test]
fn what_is_asked_of_signatures_is_part_of_the_digest() {
    let digest = |text: &str| read(&format!("version = 1\n{text}")).digest();
    let table = |more: &str| digest(&format!("[[signatures]]\nrefs = [\"main\", \"refs/tags/a\"]\n{more}"));
    let all: BTreeSet<String> = [
        digest(""),
        table("push = true"),
        table("commits = false\npush = true\npresence = \"required\""),
        table("push = true\npresence = \"verified\""),
        table("push = true\nsigners = [\"a\"]"),
        table("push = true\nsigners = [\"a\", \"b\"]"),
        table("push = true\ntags = true"),
    ]
    .into();
    assert_eq!(all.len(), 7);
    assert_eq!(table("push = true"), table("push = true\ncommits = false\npresence = \"any\""));
}

#[test]
fn a_server_says_what_it_is_called() {
    let server = |urls: &str| {
        let text = format!("version = 1\ntrusted_ref = \"refs/heads/main\"\nrepository_id = \"x\"\nurls = {urls}\n");
        parse_server(&text, "s.toml", RULES)
    };
    assert_eq!(
        server("[\"https://a.example/b\", \"group/project\"]").unwrap().urls,
        ["https://a.example/b", "group/project"]
    );
    for bad in ["[\"\"]", "[\"/\"]", "[\"a b\"]", "[\"a\", \"caf\u{e9}\"]"] {
        let error = server(bad).unwrap_err();
        assert!(
            error.message.starts_with("s.toml:4:") && error.message.contains("the end of its path"),
            "{bad}: {error}"
        );
    }
}
