//! Who asks for what stands in the ledger whatever becomes of the push: also where no verdict names it.

use std::fmt::Write as _;

use super::*;

const WHO: &str = "FORGE_USER";

impl Scene {
    /// A server that is told who pushes.
    fn named() -> Self {
        let scene = Self::new();
        assert!(scene.push("refs/heads/topic").ok);
        let file = scene.server.join("refgate/server.toml");
        let text = fs_err::read_to_string(&file).unwrap();
        let line = format!("actor = \"env:{WHO}\"\n");
        let named = text.split_inclusive('\n').map(|old| if old.starts_with("actor = ") { &line } else { old });
        let named: String = named.collect();
        assert_ne!(text, named);
        fs_err::write(file, named).unwrap();
        scene
    }

    /// What the hook says to these lines from mallory, and the record of it.
    fn asks(&self, lines: &str) -> (String, Value) {
        let mut hook = process::command(REFGATE);
        hook.args(["hook", "pre-receive", "--guarded"])
            .current_dir(&self.server)
            .env("GIT_DIR", ".")
            .env(WHO, "mallory");
        let output = process::run(&mut hook, lines.as_bytes()).unwrap();
        assert!(!output.status.success());
        (String::from_utf8(output.stderr).unwrap(), self.records().pop().unwrap())
    }

    /// A line that takes main to a commit that only a promotion may take it to.
    fn evil(&self) -> String {
        format!("{} {} refs/heads/main\n", self.on_server(&["rev-parse", "main"]), self.sandbox.rev("HEAD"))
    }
}

fn refs(record: &Value) -> Vec<&str> {
    record["updates"].as_array().unwrap().iter().map(|update| update["ref"].as_str().unwrap()).collect()
}

#[test]
fn a_name_that_no_file_can_have_is_refused_with_all_that_was_asked_for() {
    let scene = Scene::named();
    let (long, tip) = (format!("refs/heads/{}", "y".repeat(300)), scene.on_server(&["rev-parse", "main"]));
    let lines = scene.evil() + &format!("{} {tip} {long}\n", "0".repeat(40));
    let (said, record) = scene.asks(&lines);
    assert!(said.contains("REFUSED") && said.contains("ref-name"), "{said}");
    assert!(!said.contains(&scene.server.display().to_string()), "{said}");
    assert_eq!((&record["event"], &record["actor"]), (&"refused".into(), &"mallory".into()));
    assert_eq!(refs(&record), ["refs/heads/main", &long]);
}

#[test]
fn what_could_not_be_judged_has_the_name_and_the_refs_beside_the_reason() {
    let scene = Scene::named();
    scene.on_server(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    let (said, record) = scene.asks(&(scene.evil() + &scene.evil().replace("/main", "/alias")));
    assert!(said.contains("a symbolic ref to refs/heads/main"), "{said}");
    assert_eq!((&record["event"], &record["actor"]), (&"undecided".into(), &"mallory".into()));
    assert_eq!(refs(&record), ["refs/heads/main", "refs/heads/alias"]);
    let main = &record["updates"][0];
    let due = [
        ("class", "protected"),
        ("old", &scene.on_server(&["rev-parse", "main"])),
        ("new", &scene.sandbox.rev("HEAD")),
    ];
    due.iter().for_each(|(key, value)| assert_eq!(main[key], *value, "{record}"));
    // Lines that nobody can read name no ref, and still somebody wrote them.
    let (_, record) = scene.asks("no line\n");
    assert_eq!((&record["actor"], refs(&record).len()), (&"mallory".into(), 0));
    assert!(record["problem"].is_object(), "{record}");
}

#[test]
fn what_took_too_long_has_them_too_and_what_there_is_no_room_for_is_counted() {
    let scene = Scene::named();
    fs_err::write(scene.server.join("refgate/policy.toml"), "version = 1\n[limits]\nseconds = 1\n").unwrap();
    let (zero, tip) = ("0".repeat(40), scene.on_server(&["rev-parse", "main"]));
    let mut lines = (0..20_000).fold(String::new(), |mut lines, number| {
        let _ = writeln!(lines, "{zero} {tip} refs/heads/n{number}");
        lines
    });
    lines += &scene.evil();
    let (said, record) = scene.asks(&lines);
    assert!(said.contains("no decision was reached within 1 seconds"), "{said}");
    assert_eq!((&record["event"], &record["actor"]), (&"undecided".into(), &"mallory".into()));
    let named = refs(&record);
    assert_eq!((named[0], named.len() as u64 + record["omitted"].as_u64().unwrap()), ("refs/heads/main", 20_001));
    scene.verifies(&[]);
}
