//! A clone as a witness of its server's ledger: what `refgate install client` adds to a remote, what fetches make of it, and
//! what is left of it afterwards.

use std::path::PathBuf;

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

const LINE: &str = "refs/refgate/ledger*:refs/refgate/ledger*";
const MIRROR: &str = "refs/refgate/ledger";

/// A server with a gate and one push on its ledger, and a person's clone that knows nothing of it yet.
struct Scene {
    sandbox: Sandbox,
    server: PathBuf,
    clone: PathBuf,
}

impl Scene {
    fn new(options: &[&str]) -> Self {
        let sandbox = Sandbox::new();
        let server = sandbox.server();
        let url = format!("file://{}", server.display());
        sandbox.clone(&url);
        sandbox.write(&[("README.md", "# One\n")]);
        sandbox.commit("first");
        sandbox.push(["main"]).must();
        let clone = sandbox.path().join("clone");
        let args = ["clone", "-q"].into_iter().chain(options.iter().copied());
        sandbox.git_in(sandbox.path(), args.chain([url.as_str(), "clone"])).must();
        Self { sandbox, server, clone }
    }

    fn git(&self, args: &[&str]) -> Said {
        self.sandbox.git_in(&self.clone, args.iter().copied())
    }

    fn refgate(&self, args: &[&str]) -> (i32, Said) {
        let mut command = process::command(REFGATE);
        command.env("HOME", self.sandbox.path().join("home")).current_dir(&self.clone).args(args);
        let output = command.output().unwrap();
        (output.status.code().unwrap(), Said::new(output))
    }

    fn install(&self, args: &[&str]) -> String {
        let (code, said) = self.refgate(&[&["install", "client"], args].concat());
        assert_eq!(code, 0, "{}", said.stderr);
        said.stdout
    }

    fn lines(&self, remote: &str) -> Vec<String> {
        let said = self.git(&["config", "--get-all", &format!("remote.{remote}.fetch")]);
        said.stdout.lines().map(str::to_owned).collect()
    }

    fn on_server(&self, args: &[&str]) -> String {
        Said::new(process::git(&self.server, args).output().unwrap()).must()
    }

    /// What the doctor says of the witness.
    fn complaints(&self) -> Vec<String> {
        let (_, said) = self.refgate(&["doctor", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
        let all = report["repositories"][0]["complaints"].as_array().unwrap().iter();
        let ids = all.map(|one| one["id"].as_str().unwrap().to_owned());
        ids.filter(|id| id.starts_with("witness-")).collect()
    }

    fn witness(&self) -> Option<String> {
        let said = self.git(&["rev-parse", "-q", "--verify", MIRROR]);
        said.ok.then(|| said.stdout.trim().to_owned())
    }

    /// Somebody with the server's disk writes the mirror anew.
    fn rewrite(&self) {
        let anew = self.on_server(&["commit-tree", "-m", "anew", &format!("{MIRROR}^{{tree}}")]);
        self.on_server(&["update-ref", MIRROR, &anew]);
    }
}

#[test]
fn the_line_is_about_the_ref_that_the_server_writes() {
    assert_eq!((refgate::install::REFSPEC, refgate::ledger::MIRROR), (LINE, MIRROR));
}

#[test]
fn a_fetch_brings_the_ledger_and_refuses_one_that_was_written_anew() {
    for options in [&[][..], &["--single-branch", "--branch", "main"], &["--depth", "1"], &["--origin", "up"]] {
        let scene = Scene::new(options);
        let remote = scene.git(&["remote"]).must();
        assert_eq!((scene.witness(), scene.complaints()), (None, vec!["witness-missing".to_owned()]), "{options:?}");
        let before = scene.lines(&remote);
        let said = scene.install(&[]);
        assert!(said.contains(&format!("added    remote.{remote}.fetch = {LINE} ")), "{said}");
        assert_eq!(scene.lines(&remote), [before, vec![LINE.to_owned()]].concat());
        assert_eq!(scene.complaints(), [""; 0]);

        scene.git(&["fetch", "-q"]).must();
        let known = scene.witness().expect("the mirror is here");
        assert_eq!(known, scene.on_server(&["rev-parse", MIRROR]));
        scene.sandbox.commit("second");
        scene.sandbox.push(["main:refs/heads/autoTest/t1"]).must();
        scene.git(&["pull", "-q"]).must();
        let known = scene.witness().unwrap();
        assert_eq!(known, scene.on_server(&["rev-parse", MIRROR]));
        let place = scene.clone.display().to_string();
        let server = scene.server.display().to_string();
        let verify = ["ledger", "verify", "--repo", &server, "--mirror", &place];
        assert_eq!(scene.refgate(&verify).0, 0);

        scene.rewrite();
        for command in [&["fetch"][..], &["fetch", "--all"], &["pull"], &["remote", "update"], &["fetch", "--prune"]] {
            let said = scene.git(command);
            assert!(!said.ok && said.stderr.contains("(non-fast-forward)"), "{command:?}: {}", said.stderr);
            assert_eq!(scene.witness().as_ref(), Some(&known), "{command:?}");
        }
        // The ledger is cut off, and the server's mirror with it: the clone still knows better.
        scene.on_server(&["update-ref", "-d", MIRROR]);
        let segment = scene.server.join("refgate/ledger/00000001.jsonl");
        let text = fs_err::read_to_string(&segment).unwrap();
        let (kept, _) = text.trim_end().rsplit_once('\n').unwrap();
        fs_err::write(&segment, format!("{kept}\n")).unwrap();
        scene.git(&["fetch", "-q"]).must();
        let (code, said) = scene.refgate(&verify);
        assert!(code == 1 && said.stdout.contains("but the mirror in "), "{}", said.stdout);
    }
}

#[test]
fn a_server_without_a_ledger_is_fetched_from_as_ever() {
    let scene = Scene::new(&[]);
    scene.on_server(&["update-ref", "-d", MIRROR]);
    scene.install(&[]);
    scene.git(&["fetch", "-q"]).must();
    scene.git(&["pull", "-q"]).must();
    assert_eq!(scene.witness(), None);
    assert!(scene.install(&[]).starts_with("Nothing to change: "));
    assert_eq!(scene.lines("origin").len(), 2);
}

#[test]
fn one_remote_alone_is_asked_and_a_line_of_the_person_s_own_is_enough() {
    let scene = Scene::new(&[]);
    scene.git(&["remote", "add", "fork", "https://example.com/fork.git"]).must();
    scene.install(&[]);
    assert_eq!((scene.lines("origin").len(), scene.lines("fork").len()), (2, 1));
    scene.refgate(&["uninstall"]).1.must();
    scene.install(&["--remote", "fork"]);
    assert_eq!((scene.lines("origin").len(), scene.lines("fork").len()), (1, 2), "the one whose pushes are judged");
    scene.refgate(&["uninstall"]).1.must();

    scene.git(&["remote", "rename", "origin", "up"]).must();
    assert_eq!(scene.complaints(), [""; 0], "which of two is the server nobody knows");
    assert!(!scene.install(&[]).contains(".fetch"));
    scene.refgate(&["uninstall"]).1.must();

    scene.git(&["config", "--add", "remote.up.fetch", &format!("{MIRROR}:{MIRROR}")]).must();
    assert!(scene.install(&[]).contains("kept     a fetch from up brings the server's ledger along"));
    scene.refgate(&["uninstall"]).1.must();
    assert_eq!(scene.lines("up").len(), 2, "what was not added is not taken out");
}

#[test]
fn the_line_alone_is_taken_out_of_a_configuration_that_somebody_changed() {
    let scene = Scene::new(&[]);
    scene.install(&[]);
    for line in ["refs/refgate/ledger-of-mine*:refs/refgate/ledger-of-mine*", "+refs/notes/*:refs/notes/*"] {
        scene.git(&["config", "--add", "remote.origin.fetch", line]).must();
    }
    scene.git(&["config", "fetch.parallel", "4"]).must();
    // Installed once more, the line is still ours.
    scene.install(&["--remote", "origin"]);
    scene.refgate(&["uninstall"]).1.must();
    let due = [
        "+refs/heads/*:refs/remotes/origin/*",
        "refs/refgate/ledger-of-mine*:refs/refgate/ledger-of-mine*",
        "+refs/notes/*:refs/notes/*",
    ];
    assert_eq!(scene.lines("origin"), due);
    assert_eq!(scene.git(&["config", "fetch.parallel"]).must(), "4");
}

#[test]
fn a_witness_that_gives_way_is_told() {
    let scene = Scene::new(&[]);
    scene.install(&[]);
    scene.git(&["config", "fetch.prune", "true"]).must();
    assert_eq!(scene.complaints(), ["witness-pruned"]);
    scene.git(&["fetch", "-q"]).must();
    let (_, said) = scene.refgate(&["doctor"]);
    let mend = format!("git config --add remote.origin.fetch {MIRROR}:{MIRROR}");
    assert!(said.stdout.contains(&mend), "{}", said.stdout);
    scene.git(&mend.split(' ').skip(1).collect::<Vec<_>>()).must();
    assert_eq!(scene.complaints(), [""; 0]);
    let known = scene.witness();
    scene.on_server(&["update-ref", "-d", MIRROR]);
    assert!(!scene.git(&["fetch"]).ok, "a mirror that is gone shows");
    assert_eq!(scene.witness(), known);

    scene.git(&["config", "--add", "remote.origin.fetch", "+refs/*:refs/*"]).must();
    assert_eq!(scene.complaints(), ["witness-forced"]);
}
