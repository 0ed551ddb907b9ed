//! `refgate demo` as a newcomer runs it, and as it must not go wrong: inside another repository, inside a hook, with
//! odd paths, without git, with a gate that does not answer. Whatever happens, nothing is left behind.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::corpus::process;
use crate::support::{REFGATE, Said};

/// A temporary folder whose path holds a space and a quote, to be found empty again.
struct Temporary(tempfile::TempDir);

impl Temporary {
    fn new() -> Self {
        Self(tempfile::Builder::new().prefix("it's a ").tempdir().unwrap())
    }

    fn demo(&self, change: impl FnOnce(&mut std::process::Command)) -> Said {
        let mut command = process::command(REFGATE);
        command.arg("demo").env("TMPDIR", self.0.path());
        change(&mut command);
        let said = said(&mut command);
        let left = fs_err::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        assert!(left.is_empty(), "left behind: {left:?}\n{}", said.stderr);
        said
    }
}

fn said(command: &mut std::process::Command) -> Said {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { ok: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn every_push_gets_the_answer_that_is_due_and_a_newcomer_can_read_it() {
    let text = Temporary::new().demo(|_| {}).must();
    let pushes = text
        .lines()
        .filter(|line| {
            line.starts_with("    $ git push ") || line.starts_with("    $ refgate ") && !line.contains(" install ")
        })
        .count();
    assert!(pushes >= 12, "only {pushes} pushes:\n{text}");
    assert_eq!(text.matches("[ok] as it should be").count(), pushes, "{text}");
    assert!(!text.contains("WRONG"), "{text}");
    let rules = [
        "direct-push",
        "out-of-scope",
        "artifact-missing",
        "approved-marker",
        "path-mode",
        "trace-frozen",
        "merge-not-clean",
        "protected-rewind",
        "protected-deletion",
        "tag-moved",
        "policy-changed",
        "emergency-label",
        "path-collision",
    ];
    for rule in rules {
        assert!(text.lines().any(|line| line == format!("      {rule}")), "no push is refused by {rule}:\n{text}");
    }
    for scene in [
        "first push of main",
        "fast forward",
        "    $ refgate promote shipping",
        "[ok] merge      a clean merge into origin/main",
        "Documentation goes on to main",
        "rename",
        "main refs/refgate/overrides/*",
        "refgate: rolled back: refs/heads/main",
    ] {
        assert!(text.contains(scene), "no scene tells of {scene:?}:\n{text}");
    }
    let last = text.lines().last().unwrap();
    assert!(last.starts_with(&format!("{pushes} of {pushes} pushes got the right answer.")), "{last}");
    assert!(last.contains("refgate init") && last.contains("refgate install server --repo DIR"), "{last}");
    for line in text.lines() {
        assert!(line.len() <= 100 && line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line:?}");
    }
}

#[test]
fn a_repository_around_it_or_a_hook_above_it_changes_nothing_and_is_not_changed() {
    let around = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let mut git = process::command("git");
        said(git.current_dir(around.path()).args(args)).must()
    };
    git(&["init", "-q", "-b", "main", "."]);
    git(&["commit", "-q", "--allow-empty", "-m", "Mine"]);
    let before = snapshot(around.path());
    let inside = Temporary::new().demo(|command| {
        let dir = around.path().join(".git");
        command.current_dir(around.path()).env("GIT_DIR", &dir).env("GIT_WORK_TREE", around.path());
        command.env("GIT_INDEX_FILE", dir.join("index")).env("GIT_OBJECT_DIRECTORY", dir.join("objects"));
        command.env("GIT_QUARANTINE_PATH", dir.join("objects")).env("GIT_COMMON_DIR", &dir);
        command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "core.hooksPath").env("GIT_CONFIG_VALUE_0", "/");
    });
    // The time is part of what a receipt is a digest of, and keys and statements are new each time.
    let told = |said: Said| {
        let is_digest = |word: &str| word.len() >= 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let plain = |line: &str| {
            let words =
                line.split(|c: char| !c.is_ascii_alphanumeric()).map(|word| if is_digest(word) { "" } else { word });
            words.collect::<Vec<_>>().join(" ")
        };
        said.must().lines().map(plain).collect::<Vec<_>>()
    };
    assert_eq!(told(inside), told(Temporary::new().demo(|_| {})), "the transcript is the same everywhere");
    assert_eq!(snapshot(around.path()), before);
}

#[test]
fn without_git_it_says_so() {
    let said = Temporary::new().demo(|command| {
        command.env("PATH", "/nonexistent");
    });
    assert!(!said.ok && said.stderr.contains("git cannot be started"), "{}", said.stderr);
    assert!(said.stderr.contains("install git"), "{}", said.stderr);
}

#[test]
fn a_server_that_lets_everything_through_is_a_failure() {
    let fake = tempfile::tempdir().unwrap();
    let git = fake.path().join("git");
    let path = std::env::var("PATH").unwrap();
    let script =
        "#!/bin/sh\n[ \"$1\" = push ] && rm -f ../server.git/hooks/pre-receive\nPATH=$REAL_PATH exec git \"$@\"\n";
    fs_err::write(&git, script).unwrap();
    fs_err::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = Temporary::new().demo(|command| {
        command.env("PATH", format!("{}:{path}", fake.path().display())).env("REAL_PATH", &path);
    });
    assert!(!said.ok, "{}", said.stdout);
    assert!(said.stdout.contains("WRONG: expected accepted"), "{}", said.stdout);
    assert!(said.stdout.contains("WRONG: expected REFUSED with direct-push"), "{}", said.stdout);
}

/// Every file below a folder with its content.
fn snapshot(folder: &Path) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(snapshot(&path));
        } else {
            found.insert(path.clone(), fs_err::read(&path).unwrap());
        }
    }
    found
}
