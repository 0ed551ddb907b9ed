//! `refgate uninstall`: a repository is afterwards what it was before, whatever stood there, byte for byte.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::corpus::process;
use crate::support::{REFGATE, Said};

/// Quotes, a space and a line's end: what scripts fall over.
const ROOT: &str = "it's a\n\"root\"";

/// A repository before anything is installed.
struct Place {
    folder: tempfile::TempDir,
    /// `client` or `server`.
    role: &'static str,
    /// Where to install.
    at: PathBuf,
    env: Vec<(&'static str, PathBuf)>,
}

impl Place {
    fn new(role: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join(ROOT).join("repo");
        fs_err::create_dir_all(&at).unwrap();
        let place = Self { folder, role, at, env: Vec::new() };
        if role == "server" {
            place.git(&["init", "-q", "--bare", "-b", "main", "."]);
        } else {
            place.git(&["init", "-q", "-b", "main", "."]);
            place.git(&["commit", "-q", "--allow-empty", "-m", "first"]);
        }
        place
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join(ROOT)
    }

    fn command(&self, program: &str) -> std::process::Command {
        let mut command = process::command(program);
        command.current_dir(&self.at).env("HOME", self.root()).envs(self.env.iter().map(|(name, path)| (name, path)));
        if self.env.iter().any(|(name, _)| *name == "GIT_CONFIG_SYSTEM") {
            command.env_remove("GIT_CONFIG_NOSYSTEM");
        }
        command
    }

    fn git(&self, args: &[&str]) -> String {
        Said::new(self.command("git").args(args).output().unwrap()).must()
    }

    fn refgate(&self, args: &[&str]) -> Said {
        Said::new(self.command(REFGATE).args(args).output().unwrap())
    }

    fn install(&self) -> Said {
        self.refgate(&["install", self.role, "--repo", "."])
    }

    /// The repository's own folder.
    fn git_dir(&self) -> PathBuf {
        PathBuf::from(self.git(&["rev-parse", "--path-format=absolute", "--git-common-dir"]))
    }

    fn hook(&self, name: &str, text: &str, mode: u32) -> &Self {
        write(&self.git_dir().join("hooks").join(name), text, mode);
        self
    }

    /// A folder outside the repository, and a configuration that names it.
    fn shared(&mut self, variable: &'static str) {
        let (hooks, config) = (self.root().join("shared"), self.root().join("gitconfig"));
        write(&hooks.join("commit-msg"), "#!/bin/sh\n", 0o755);
        write(&hooks.join("pre-commit"), "#!/bin/sh\n", 0o755);
        write(&hooks.join("pre-receive"), "#!/bin/sh\n", 0o755);
        write(&hooks.join("post-merge"), "#!/bin/sh\n", 0o644);
        let mut git = self.command("git");
        git.args(["config", "--file"]).arg(&config).args(["core.hooksPath", "~/shared"]);
        Said::new(git.output().unwrap()).must();
        self.env.push((variable, config));
    }
}

fn write(path: &Path, text: &str, mode: u32) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, text).unwrap();
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Every entry below a folder, with its mode and what it holds.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let (mut all, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let found = fs_err::symlink_metadata(&path).unwrap();
            let holds = if found.is_symlink() {
                fs_err::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
            } else if found.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                fs_err::read(&path).unwrap()
            };
            all.insert(path, (found.permissions().mode(), holds));
        }
    }
    all
}

#[track_caller]
fn assert_same(shape: &str, before: &BTreeMap<PathBuf, (u32, Vec<u8>)>, after: &BTreeMap<PathBuf, (u32, Vec<u8>)>) {
    let differs: Vec<_> =
        before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).collect();
    assert!(differs.is_empty(), "{shape}: {differs:#?}");
}

type Shape = (&'static str, fn(&mut Place));

const CLIENTS: &[Shape] = &[
    ("plain", |_| {}),
    ("without a folder for hooks", |place| fs_err::remove_dir_all(place.git_dir().join("hooks")).unwrap()),
    ("hooks of others", |place| {
        place.hook("pre-commit", "#!/bin/sh\nexit 0", 0o700).hook("pre-push", "#!/bin/sh\n", 0o644);
    }),
    ("a linked hook, and one that leads nowhere", |place| {
        let hooks = place.hook("real", "#!/bin/sh\n", 0o755).git_dir().join("hooks");
        fs_err::os::unix::fs::symlink("real", hooks.join("pre-commit")).unwrap();
        fs_err::os::unix::fs::symlink("nowhere", hooks.join("pre-push")).unwrap();
    }),
    ("a worktree", |place| {
        place.git(&["worktree", "add", "-q", "-b", "side", "../side"]);
        place.at = place.root().join("side");
    }),
    ("a submodule", |place| {
        let other = place.folder.path().join("other");
        place.git(&["init", "-q", other.to_str().unwrap()]);
        place.git(&["-C", other.to_str().unwrap(), "commit", "-q", "--allow-empty", "-m", "x"]);
        let url = other.to_str().unwrap();
        place.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", url, "sub"]);
        place.at = place.at.join("sub");
    }),
    ("a path of its own", |place| {
        write(&place.at.join("team/pre-commit"), "#!/bin/sh\n", 0o755);
        place.git(&["config", "core.hooksPath", "team"]);
    }),
    ("a path of a worktree's own", |place| {
        place.git(&["config", "extensions.worktreeConfig", "true"]);
        place.git(&["config", "--worktree", "core.hooksPath", "~/elsewhere"]);
    }),
    ("the account's path", |place| place.shared("GIT_CONFIG_GLOBAL")),
    ("the machine's path", |place| place.shared("GIT_CONFIG_SYSTEM")),
    ("a linked folder for hooks", |place| {
        let (hooks, shared) = (place.git_dir().join("hooks"), place.root().join("linked"));
        fs_err::rename(&hooks, &shared).unwrap();
        write(&shared.join("pre-push"), "#!/bin/sh\n", 0o755);
        fs_err::os::unix::fs::symlink(&shared, &hooks).unwrap();
    }),
    ("a remote", |place| {
        place.git(&["remote", "add", "origin", "https://example.com/shop.git"]);
    }),
    ("a remote of one branch, with a comment and a line of the person's own", |place| {
        place.git(&["remote", "add", "-t", "main", "it's-\"up\"", "https://example.com/shop.git"]);
        let config = place.git_dir().join("config");
        let text = fs_err::read_to_string(&config).unwrap() + "\tfetch = +refs/pull/*:refs/pull/* # mine\n\n";
        fs_err::write(&config, text).unwrap();
    }),
    ("a remote that brings the ledger already", |place| {
        place.git(&["remote", "add", "origin", "https://example.com/shop.git"]);
        let line = "refs/refgate/ledger*:refs/refgate/ledger*";
        place.git(&["config", "--add", "remote.origin.fetch", line]);
    }),
    ("a remote that fetches nothing by itself, and a mirror", |place| {
        place.git(&["config", "remote.origin.url", "https://example.com/shop.git"]);
        place.git(&["remote", "add", "--mirror=fetch", "copy", "https://example.com/copy.git"]);
    }),
    ("husky", |place| {
        write(&place.at.join(".husky/_/h"), "#!/bin/sh\n", 0o644);
        write(&place.at.join(".husky/pre-commit"), "exit 0\n", 0o644);
        place.git(&["config", "core.hooksPath", ".husky/_"]);
    }),
];

const SERVERS: &[Shape] = &[
    ("plain", |_| {}),
    ("a hook of another", |place| {
        place.hook("pre-receive", "#!/bin/sh\ncat >/dev/null", 0o750);
    }),
    ("a hook that does not run", |place| {
        place.hook("pre-receive", "#!/bin/sh\n", 0o600);
    }),
    ("weak settings", |place| {
        place.git(&["config", "receive.fsckObjects", "no"]);
        place.git(&["config", "receive.maxInputSize", "0"]);
        let config = place.git_dir().join("config");
        let text = fs_err::read_to_string(&config).unwrap() + "# mine\n[receive] advertisePushOptions = off ; no\n";
        fs_err::write(&config, text).unwrap();
    }),
    ("packs", |place| {
        let tree = place.git(&["hash-object", "-w", "-t", "tree", "/dev/null"]);
        let commit = place.git(&["commit-tree", "-m", "x", &tree]);
        place.git(&["update-ref", "refs/heads/main", &commit]);
        place.git(&["repack", "-q", "-a", "-d"]);
    }),
    ("the account's path", |place| place.shared("GIT_CONFIG_GLOBAL")),
    ("the machine's path", |place| place.shared("GIT_CONFIG_SYSTEM")),
    ("a policy that the administrator put there", |place| {
        write(&place.git_dir().join("refgate/policy.toml"), "version = 1\n", 0o640);
    }),
];

#[test]
fn after_uninstall_everything_is_what_it_was() {
    for (role, shapes) in [("client", CLIENTS), ("server", SERVERS)] {
        for (shape, make) in shapes {
            let mut place = Place::new(role);
            make(&mut place);
            let before = snapshot(place.folder.path());
            let said = place.install().must();
            assert!(said.contains("wrote "), "{shape}: {said}");
            let installed = snapshot(place.folder.path());
            let again = place.install().must();
            assert!(again.starts_with("Nothing to change: "), "{shape}: {again}");
            assert_same(shape, &installed, &snapshot(place.folder.path()));

            // An older refgate installs, then this one again.
            let hook = if role == "client" { "pre-commit" } else { "pre-receive" };
            let text = said.lines().find(|line| line.contains("wrote ") && line.contains(hook));
            assert!(text.is_some(), "{shape}: {said}");
            for (path, (_, holds)) in &installed {
                let ours = String::from_utf8_lossy(holds).contains("# refgate shim 2 (pre-");
                if ours && path.ends_with(hook) {
                    write(path, "#!/bin/sh\n# refgate shim 1 (x): old.\nexec refgate\n", 0o755);
                }
            }
            assert!(place.install().must().contains("wrote "), "{shape}");
            assert_same(shape, &installed, &snapshot(place.folder.path()));

            let said = place.refgate(&["uninstall"]).must();
            assert!(said.contains("taken out"), "{shape}: {said}");
            assert_same(shape, &before, &snapshot(place.folder.path()));
            assert!(place.refgate(&["uninstall"]).must().starts_with("Nothing of refgate's"), "{shape}");
        }
    }
}

#[test]
fn an_installation_of_the_first_version_goes_too() {
    let place = Place::new("server");
    let before = snapshot(place.folder.path());
    place.install().must();
    let git_dir = place.git_dir();
    fs_err::copy(git_dir.join("config"), git_dir.join("keep")).unwrap();
    fs_err::remove_file(git_dir.join("refgate-installed.toml")).unwrap();
    write(&git_dir.join("hooks/pre-receive"), "#!/bin/sh\n# refgate shim 1 (pre-receive): old.\n", 0o755);
    place.refgate(&["uninstall"]).must();
    let after = snapshot(place.folder.path());
    assert!(!git_dir.join("hooks/pre-receive").exists() && !git_dir.join("refgate/server.toml").exists());
    assert_eq!(after.len(), before.len() + 1, "only the copy is more");
}

#[test]
fn what_somebody_changed_since_is_kept_and_named() {
    let place = Place::new("server");
    let policy = place.root().join("policy");
    write(&policy, "version = 1\n", 0o644);
    place.hook("pre-receive", "#!/bin/sh\nexit 0\n", 0o755);
    place.refgate(&["install", "server", "--repo", ".", "--policy", policy.to_str().unwrap()]).must();
    let git_dir = place.git_dir();
    place.git(&["config", "receive.denyDeletes", "true"]);
    write(&git_dir.join("refgate/policy.toml"), "version = 1\n# mine\n", 0o644);
    write(&git_dir.join("refgate/notes"), "mine", 0o644);
    let hook = git_dir.join("hooks/pre-receive");
    let edited = fs_err::read_to_string(&hook).unwrap() + "exit 0\n";
    write(&hook, &edited, 0o755);

    let said = place.refgate(&["uninstall"]);
    assert!(
        !said.ok && said.stderr.contains("pre-receive") && said.stderr.contains("move them away"),
        "{}",
        said.stderr
    );
    for words in ["policy.toml", "it holds notes, policy.toml"] {
        assert!(said.stdout.contains(words), "{words}: {}", said.stdout);
    }
    assert_eq!(fs_err::read_to_string(&hook).unwrap(), edited);
    let config = fs_err::read_to_string(git_dir.join("config")).unwrap();
    assert!(config.contains("denyDeletes = true") && !config.contains("fsckObjects"), "{config}");
    assert!(!config.contains("certNonceSeed"), "{config}");

    fs_err::remove_file(&hook).unwrap();
    place.refgate(&["uninstall"]).must();
    assert_eq!(fs_err::read_to_string(&hook).unwrap(), "#!/bin/sh\nexit 0\n");
    assert!(!git_dir.join("refgate-installed.toml").exists());
}

#[test]
fn an_installation_that_cannot_be_finished_changes_nothing() {
    type Hinder = fn(&Place);
    let hindered: [(&str, &str, Hinder); 7] = [
        ("client", "a folder where a hook goes", |place| {
            fs_err::create_dir(place.git_dir().join("hooks/pre-push")).unwrap()
        }),
        ("client", "a folder where the record goes", |place| {
            place.hook("pre-commit", "#!/bin/sh\n", 0o755);
            fs_err::create_dir(place.git_dir().join("refgate-installed.toml")).unwrap();
        }),
        ("client", "the second name is taken", |place| {
            place.hook("pre-push", "#!/bin/sh\n", 0o755).hook("pre-push.before-refgate", "mine", 0o755);
        }),
        ("client", "a file where the folder goes", |place| {
            fs_err::remove_dir_all(place.git_dir().join("hooks")).unwrap();
            write(&place.git_dir().join("hooks"), "", 0o644);
        }),
        ("server", "a locked configuration", |place| {
            place.hook("pre-receive", "#!/bin/sh\n", 0o755);
            write(&place.git_dir().join("config.lock"), "", 0o644);
        }),
        ("server", "a read-only configuration", |place| {
            let config = place.git_dir().join("config");
            fs_err::set_permissions(config, std::fs::Permissions::from_mode(0o444)).unwrap();
        }),
        ("server", "a linked configuration", |place| {
            let config = place.git_dir().join("config");
            fs_err::rename(&config, place.root().join("config")).unwrap();
            fs_err::os::unix::fs::symlink(place.root().join("config"), config).unwrap();
        }),
    ];
    for (role, what, hinder) in hindered {
        let place = Place::new(role);
        hinder(&place);
        let before = snapshot(place.folder.path());
        let said = place.install();
        assert!(!said.ok && said.stderr.starts_with("refgate: "), "{what}: {}", said.stderr);
        assert_same(what, &before, &snapshot(place.folder.path()));
    }
}

#[test]
fn a_key_in_an_included_file_is_not_overruled_in_silence() {
    let place = Place::new("server");
    write(&place.git_dir().join("more"), "[receive]\n\tfsckObjects = false\n", 0o644);
    place.git(&["config", "include.path", "more"]);
    let before = snapshot(place.folder.path());
    let said = place.install();
    assert!(!said.ok && said.stderr.contains("receive.fsckObjects is false in "), "{}", said.stderr);
    assert_same("include", &before, &snapshot(place.folder.path()));
}

#[test]
fn an_installation_that_was_killed_can_be_finished_and_taken_back() {
    for finish in [false, true] {
        let place = Place::new("client");
        place.hook("pre-commit", "#!/bin/sh\nexit 0\n", 0o755);
        let before = snapshot(place.folder.path());
        place.install().must();
        let (hooks, record) = (place.git_dir().join("hooks"), place.git_dir().join("refgate-installed.toml"));
        let text = fs_err::read(&record).unwrap();
        place.refgate(&["uninstall"]).must();
        // Killed with the record written and the second name given, before the shim took the first.
        fs_err::write(&record, text).unwrap();
        fs_err::hard_link(hooks.join("pre-commit"), hooks.join("pre-commit.before-refgate")).unwrap();
        if finish {
            place.install().must();
            let text = fs_err::read_to_string(hooks.join("pre-commit")).unwrap();
            assert!(text.contains("# refgate shim 2") && text.contains(".before-refgate"), "{text}");
        }
        place.refgate(&["uninstall"]).must();
        assert_same(if finish { "finished" } else { "taken back" }, &before, &snapshot(place.folder.path()));
    }
}

#[test]
fn a_repository_that_was_moved_is_still_restored() {
    let mut place = Place::new("client");
    place.shared("GIT_CONFIG_GLOBAL");
    let moved = place.root().join("moved");
    fs_err::rename(&place.at, &moved).unwrap();
    let before = snapshot(place.folder.path());
    fs_err::rename(&moved, &place.at).unwrap();
    place.install().must();
    fs_err::rename(&place.at, &moved).unwrap();
    place.at = moved;
    // Git looks for the hooks where the repository was; installing again mends that.
    place.install().must();
    let hooks = place.git(&["rev-parse", "--git-path", "hooks"]);
    assert!(hooks.ends_with("moved/.git/refgate-hooks"), "{hooks}");
    assert!(!place.root().join("repo").exists());
    place.refgate(&["uninstall"]).must();
    assert_same("moved", &before, &snapshot(place.folder.path()));
}
