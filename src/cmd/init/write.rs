//! The text of a starter policy: every key with what it means and its default, commented out where the default is
//! fine. Defaults come from the built-in policy itself, so that this page cannot disagree with it.

mod drift;

use std::fmt::Write as _;

use super::look::Found;
use crate::glob::{Glob, GlobSet};
use crate::policy::roles::{Presence, RoleName};
use crate::policy::{POLICY_FILE, POLICY_FOLDER, Policy};
use crate::rules::ALL;

/// Whether the team has hardware keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// The roles that let most through ask for one.
    Hardware,
    /// They take any key, and the policy says so in so many words.
    Any,
}

/// The widest line.
const WIDTH: usize = 100;

/// The policy file for a repository where this was found; `default` is the built-in policy.
pub(super) fn text(found: &Found, default: &Policy, keys: Keys) -> String {
    let mut page = Page(String::new());
    head(&mut page);
    branches(&mut page, found, default);
    promotion(&mut page, found);
    trace(&mut page, found, default);
    paths(&mut page, found, default);
    roles(&mut page, default, keys);
    drift::write(&mut page, &found.drift);
    rules(&mut page);
    signatures(&mut page);
    limits(&mut page, default);
    page.0
}

fn head(page: &mut Page) {
    page.note(
        "The policy of refgate: which refs may move, and what must be true first. A key that is commented out shows \
         its default; a key that does not exist is an error.",
    );
    page.note("");
    page.note(
        "A push is judged by the copy that the server's default branch held before it, so no push can loosen the \
         rules that judge it. The very first push into an empty server may bring this file. After that a push that \
         changes it is refused (refgate explain policy-changed), and an administrator puts a new one in force:",
    );
    page.note("    refgate install server --repo DIR --policy refgate.toml");
    page.0.push_str("\nversion = 1\n");
    page.gap("The name that an approval must give as `Repository:` [default: any]");
    page.key("repository", Is::Default, Value::Text("example".into()));
    page.gap(
        "The repository's id, as refgate install server printed it: signed statements are bound to it. The server goes \
         by its own word; clones and CI, which cannot see that, go by this.",
    );
    page.key("repository_id", Is::Default, Value::Text("id".into()));
}

fn roles(page: &mut Page, default: &Policy, keys: Keys) {
    let signing = &default.signing;
    page.table("roles");
    page.note(
        "Who may sign what, by the names in the signers' file (allowed_signers in the gate's folder on the server, else \
         .refgate/allowed_signers on the default branch). `threshold` is how many different people must sign; \
         `presence` is \"any\", \"required\" (a hardware key that was touched) or \"verified\" (one with a PIN).",
    );
    page.note("Overrides and changes of the policy need a hardware key unless this says otherwise:");
    let is = if keys == Keys::Any { Is::Found } else { Is::Default };
    let presence = if keys == Keys::Any { Presence::Any } else { Presence::Required };
    page.key("presence", is, Value::Text(presence.name().to_owned()));
    for (role, what) in [
        (RoleName::Approve, "Approvals of tasks; without anybody here, any approval counts"),
        (RoleName::Override, "Overrides of findings"),
        (RoleName::Check, "Results of checks: the keys of CI jobs"),
        (RoleName::Policy, "Changes of the policy, the signers and all else that the policy owns"),
        (RoleName::Release, "Releases"),
        (RoleName::Ledger, "Witnesses of the ledger"),
        (RoleName::Rollback, "Rollbacks, by the signature on the commit; without anybody here there are none"),
    ] {
        page.gap(what);
        page.key(
            role.name(),
            Is::Default,
            Value::Plain("{ principals = [\"alice@example.com\"], threshold = 1 }".into()),
        );
    }
    page.table("approvals");
    page.note("How long a signed approval holds at the most, in days.");
    page.key("days", Is::Default, Value::Number(signing.approval_days.into()));
    page.table("overrides");
    page.note("How long an override holds at the most, in hours.");
    page.key("hours", Is::Default, Value::Number(signing.override_hours.into()));
    page.gap("What every override must be labelled.");
    page.key("label", Is::Default, Value::Text(signing.override_label.clone()));
    page.table("hotfix");
    page.note("What the override must be labelled that lets a hotfix in without provenance and scope.");
    page.key("label", Is::Default, Value::Text(signing.hotfix_label.clone()));
    page.table("checks");
    page.note("The checks that must have passed for the very tree that is promoted, signed by the check role.");
    page.key("required", Is::Default, Value::List(signing.checks.iter().cloned().collect()));
}

fn branches(page: &mut Page, found: &Found, default: &Policy) {
    page.table("branches");
    page.note(&format!(
        "Branches that move by promotion only, beside the default branch ({}), which always does. Short names; `*` is \
         any name without a slash, `**` any at all.",
        found.trunk_name()
    ));
    if !found.covered.is_empty() {
        page.note(&format!("Protected by the default already: {}.", found.covered.line()));
    }
    if !found.protected.is_empty() {
        page.note("Found here: all but those of the default; take out what is no long-lived branch of yours.");
    }
    page.list("protected", &default.protected, found.protected.iter());
    page.gap("What the names of task branches begin with; the rest of the name is the task's.");
    if !found.prefixes.is_empty() {
        page.note(&format!("Folders of branches seen here: {}.", found.prefix_line()));
    }
    match &found.task_prefix {
        Some(prefix) => page.key("task", Is::Found, Value::Text(prefix.clone())),
        None => page.key("task", Is::Default, Value::Text(default.task_prefix.clone())),
    }
    page.gap("What the names of emergency branches begin with; what they bring needs a signed label.");
    page.key("emergency", Is::Default, Value::Text(default.emergency_prefix.clone()));

    page.table("tags");
    page.note("Release tags: only on commits that a protected branch contains. (No tag at all can be moved.)");
    page.list("release", &default.release_tags, []);

    page.table("notes");
    page.note("Notes that may be pushed: what follows refs/notes/. None by default.");
    page.list("allow", &default.notes, []);
}

fn promotion(page: &mut Page, found: &Found) {
    page.tables("promotion");
    page.note(
        "Chains of protected branches. What `into` names takes what stands at the tip of what `from` names and, beside \
         hotfixes and rollbacks, nothing else; `checks` are needed for this step beside checks.required. There may be \
         several of these tables. None by default: every protected branch takes tasks.",
    );
    page.key("from", Is::Default, Value::List(vec![found.trunk_name()]));
    page.key("into", Is::Default, Value::List(vec!["release/*".to_owned()]));
    page.key("checks", Is::Default, Value::List(vec!["e2e".to_owned()]));
}

fn trace(page: &mut Page, found: &Found, default: &Policy) {
    page.table("trace");
    page.note("The folder at the top of the repository that holds a folder for each task.");
    page.note(&match found.tasks.len() {
        0 => "There is none here yet.".to_owned(),
        count => format!("Here it holds {count} tasks."),
    });
    page.key("folder", Is::Default, Value::Text(default.trace.clone()));
    page.gap(
        "What a task's folder must hold before the task is promoted. A name that ends in a slash is a folder with at \
         least one file in it that is not empty.",
    );
    page.key("artifacts", Is::Default, Value::List(default.artifacts.clone()));
}

fn paths(page: &mut Page, found: &Found, default: &Policy) {
    let paths = &default.paths;
    page.table("paths");
    page.note(
        "Globs over whole paths, case-sensitive: `*` within a name, `**` across folders, a slash at the end for a \
         whole folder, `{a,b}` for a choice. A list that is written here replaces the default.",
    );
    page.gap("Schema files: a change must be listed under `Schema changes` in the approval.");
    page.note(&format!("Tracked here: {}.", found.schema.line()));
    page.list("schema", &paths.schema, []);
    page.gap("Backfill scripts: likewise under `Backfill scripts`.");
    page.note(&format!("Tracked here: {}.", found.backfill.line()));
    page.list("backfill", &paths.backfill, []);
    page.gap("Documentation: may go to a protected branch from any branch, without a task.");
    page.list("documentation", &paths.documentation, []);
    page.gap(
        "Never documentation, whatever the name: files that instruct agents, build tools or the gate. What is written \
         here comes on top of these, which always hold, in any case:",
    );
    for glob in &paths.not_documentation {
        page.note(&format!("    {glob}"));
    }
    page.key("not_documentation", Is::Default, Value::List(Vec::new()));
    page.gap(&format!(
        "Files that only the policy role may change, beside {POLICY_FILE} and {POLICY_FOLDER}/, which it always owns: \
         CI workflows and hooks that run refgate."
    ));
    if !found.callers.is_empty() {
        page.note("Found here: files that call refgate.");
    }
    page.list("owned", &paths.owned, found.callers.iter());
}

fn rules(page: &mut Page) {
    page.table("rules");
    page.note(
        "`enforce` refuses the push, `evaluate` only reports (for the time of adoption), `off` switches a rule off. \
         The server's own [floor] can forbid to lower one. `refgate explain RULE` says more.",
    );
    for rule in ALL {
        page.gap(rule.summary);
        page.key(rule.id, Is::Default, Value::Text(rule.severity.name().to_owned()));
    }
}

fn signatures(page: &mut Page) {
    page.tables("signatures");
    page.note(
        "What must be signed on these refs, with SSH keys of the signers (allowed_signers in the server's folder, else \
         .refgate/allowed_signers on the default branch). There may be several of these tables; where a ref is met by \
         more than one, each counts. Branches by their short names, tags in full.",
    );
    page.key("refs", Is::Default, Value::List(["main", "release/*", "refs/tags/v*"].map(str::to_owned).into()));
    page.gap("The push itself: git push --signed");
    page.key("push", Is::Default, Value::Flag(true));
    page.gap("Every new commit: git commit -S");
    page.key("commits", Is::Default, Value::Flag(true));
    page.gap("Tags, which are then annotated: git tag -s");
    page.key("tags", Is::Default, Value::Flag(true));
    page.gap("What a signature must show: `any` key, `required` a touched hardware key, `verified` one with a PIN.");
    page.key("presence", Is::Default, Value::Text(Presence::Any.name().to_owned()));
    page.gap("The only people whose signatures count there [default: everybody whom the signers name]");
    page.key("signers", Is::Default, Value::List(vec!["alice@example.com".to_owned()]));
}

fn limits(page: &mut Page, default: &Policy) {
    page.table("limits");
    page.note("Seconds after which a decision is given up, which refuses the push.");
    page.key("seconds", Is::Default, Value::Number(default.limits.seconds));
    page.gap("The largest file that refgate reads of a push, in bytes.");
    page.key("blob_bytes", Is::Default, Value::Number(default.limits.blob_bytes));
}

/// Whether a key is written to be in force.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    /// The default is fine: commented out.
    Default,
    /// Something was found that the default does not know.
    Found,
}

enum Value {
    Text(String),
    Number(u64),
    Flag(bool),
    List(Vec<String>),
    /// As it stands in the file.
    Plain(String),
}

struct Page(String);

impl Page {
    fn table(&mut self, name: &str) {
        let _ = writeln!(self.0, "\n[{name}]");
    }

    /// The head of a table that there may be several of, and that nobody has by default.
    fn tables(&mut self, name: &str) {
        let _ = writeln!(self.0, "\n#[[{name}]]");
    }

    /// A comment after an empty line.
    fn gap(&mut self, text: &str) {
        self.0.push('\n');
        self.note(text);
    }

    /// A comment, broken at spaces; one that begins with spaces stays as it is, and so does a word of any length.
    fn note(&mut self, text: &str) {
        if text.is_empty() || text.starts_with(' ') {
            let _ = writeln!(self.0, "{}", format!("# {text}").trim_end());
            return;
        }
        let mut line = String::from("#");
        for word in text.split(' ') {
            if line.len() + 1 + word.len() > WIDTH && line.len() > 1 {
                let _ = writeln!(self.0, "{line}");
                line = String::from("#");
            }
            line.push(' ');
            line.push_str(word);
        }
        let _ = writeln!(self.0, "{line}");
    }

    /// A list of globs: the default, and what was found beside it.
    fn list<'f>(&mut self, name: &str, default: &GlobSet, found: impl IntoIterator<Item = &'f String>) {
        let mut globs: Vec<String> = default.iter().map(|glob: &Glob| glob.as_str().to_owned()).collect();
        let known = globs.len();
        globs.extend(found.into_iter().cloned());
        let is = if globs.len() > known { Is::Found } else { Is::Default };
        self.key(name, is, Value::List(globs));
    }

    fn key(&mut self, name: &str, is: Is, value: Value) {
        let mark = if is == Is::Default { "#" } else { "" };
        let text = |text: String| toml::Value::String(text).to_string();
        let value = match value {
            Value::Text(value) => text(value),
            Value::Number(value) => value.to_string(),
            Value::Plain(value) => value,
            Value::Flag(value) => value.to_string(),
            Value::List(values) => {
                let values: Vec<String> = values.into_iter().map(text).collect();
                let line = format!("[{}]", values.join(", "));
                if mark.len() + name.len() + 3 + line.len() <= WIDTH {
                    line
                } else {
                    let lines: String = values.iter().map(|value| format!("{mark}    {value},\n")).collect();
                    format!("[\n{lines}{mark}]")
                }
            }
        };
        let _ = writeln!(self.0, "{mark}{name} = {value}");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bstr::ByteSlice as _;

    use super::super::{default_policy, policy};
    use super::*;
    use crate::drift::config::{Mode, Wanted};
    use crate::policy::CONTRACT_FILE;
    use crate::policy::drift::BASELINE;
    use crate::policy::parse::{Known, parse};

    fn read(text: &str) -> Result<Policy, crate::error::Error> {
        let ids = crate::rules::ids();
        parse(text, POLICY_FILE, Known { rules: &ids, trunk: b"refs/heads/main".as_bstr() })
    }

    fn plain() -> String {
        policy(&Found::nothing(), Keys::Hardware).unwrap()
    }

    /// The text with every key in force.
    fn uncommented(text: &str) -> String {
        let mut list = false;
        let mut out = String::new();
        for line in text.lines() {
            let is_key = |rest: &str| !rest.starts_with(' ') && rest.contains(" = ") || rest.starts_with('[');
            let key = line.strip_prefix('#').filter(|rest| list || is_key(rest));
            list = key.is_some_and(|key| if list { key != "]" } else { key.ends_with('[') });
            out.extend([key.unwrap_or(line), "\n"]);
        }
        out
    }

    #[test]
    fn where_nothing_was_found_it_is_the_built_in_policy() {
        assert_eq!(read(&plain()).unwrap().digest(), default_policy().digest());
    }

    #[test]
    fn every_default_that_it_shows_is_the_default() {
        let text = uncommented(&plain());
        let mut policy = read(&text).unwrap();
        assert_eq!(policy.repository.take().as_deref(), Some("example"));
        assert_eq!(policy.repository_id.take().as_deref(), Some("id"));
        assert_eq!(std::mem::take(&mut policy.signing.roles).len(), 7);
        assert_eq!(std::mem::take(&mut policy.signatures).len(), 1);
        assert_eq!(std::mem::take(&mut policy.promotions).len(), 1);
        let drift = policy.drift.take().unwrap();
        assert_eq!((drift.mode, drift.baseline.to_string()), (Mode::Introduced, BASELINE.to_owned()));
        assert_eq!(drift.contracts[0].path, CONTRACT_FILE);
        let (source, mapping) = (&drift.contracts[0].sources[0], &drift.contracts[0].mappings[0]);
        assert_eq!(source.kinds, Wanted::DEFAULT.into());
        assert!(source.types.matches(b"a/b") && mapping.names_contract && mapping.ignored.matches(b"_key"));
        let severities = std::mem::take(&mut policy.rules);
        assert_eq!(policy.digest(), default_policy().digest());
        assert_eq!(policy.limits.seconds, default_policy().limits.seconds);
        assert_eq!(severities, ALL.iter().map(|rule| (rule.id.to_owned(), rule.severity)).collect());
    }

    #[test]
    fn every_key_that_the_parser_knows_is_shown() {
        let keys = |table: &str| -> BTreeSet<String> {
            // The parser itself names the keys that it would have taken.
            let error = read(&format!("version = 1\n{table}\nno-such-key = 1\n")).unwrap_err().message;
            let (_, expected) = error.split_once("expected").unwrap();
            expected.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
        };
        let text = uncommented(&plain());
        for table in keys("").iter().filter(|key| !["version", "repository", "repository_id"].contains(&key.as_str())) {
            let table = match table.as_str() {
                "signatures" => "[signatures]",
                "promotion" => "[promotion]",
                table => table,
            };
            let (_, section) = text.split_once(&format!("\n[{table}]\n")).unwrap_or_else(|| panic!("no [{table}]"));
            let own = section.split("\n[").next().unwrap();
            // Its keys are the rules, which another test holds.
            let all = if table == "rules" { BTreeSet::new() } else { keys(&format!("[{table}]")) };
            for key in &all {
                if table == "drift" && ["contract", "source", "mapping"].contains(&key.as_str()) {
                    let (_, below) = section.split_once(&format!("\n[[drift.{key}]]\n")).unwrap();
                    let below = below.split("\n[").next().unwrap();
                    for inner in keys(&format!("[[drift.{key}]]")) {
                        assert!(
                            below.contains(&format!("\n{inner} = ")),
                            "[[drift.{key}]] does not show {inner}:\n{below}"
                        );
                    }
                } else {
                    assert!(own.contains(&format!("\n{key} = ")), "[{table}] does not show {key}:\n{own}");
                }
            }
        }
        assert!(text.contains("\nversion = ") && text.contains("\nrepository = "));
    }

    #[test]
    fn what_was_found_is_in_force_beside_the_default() {
        let found = Found {
            protected: ["develop".to_owned()].into(),
            callers: [".github/workflows/it's \"odd\".yml".to_owned()].into(),
            task_prefix: Some("task/".into()),
            ..Found::nothing()
        };
        let policy = read(&policy(&found, Keys::Hardware).unwrap()).unwrap();
        for branch in ["develop", "release/1"] {
            assert!(policy.protected.matches(branch.as_bytes()), "{branch}");
        }
        assert!(policy.is_owned(".github/workflows/it's \"odd\".yml".into()));
        assert_eq!(policy.task_prefix, "task/");
    }

    #[test]
    fn without_hardware_keys_the_policy_says_so() {
        let text = policy(&Found::nothing(), Keys::Any).unwrap();
        assert!(text.contains("\npresence = \"any\"\n") && plain().contains("\n#presence = \"required\"\n"));
        let role = format!("{text}\n").replace("#override = ", "override = ");
        assert_eq!(read(&role).unwrap().signing.roles[&RoleName::Override].presence, Presence::Any);
    }

    #[test]
    fn lines_are_ascii_and_fit() {
        let long: Vec<_> =
            plain().lines().filter(|line| line.len() > WIDTH || !line.is_ascii()).map(str::to_owned).collect();
        assert!(long.is_empty(), "{long:#?}");
    }
}
