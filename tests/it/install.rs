//! `refgate install server`: the branch that it trusts, and the hook's place where Git really looks.

use std::path::PathBuf;

use crate::corpus::process;
use crate::support::{REFGATE, Said, Sandbox};

/// A bare repository whose `HEAD` names `head`, with a branch for each of `branches`.
fn bare(sandbox: &Sandbox, head: &str, branches: &[&str]) -> PathBuf {
    let server = sandbox.path().join("x.git");
    let mut init = process::command("git");
    Said::new(init.args(["init", "-q", "--bare", "-b", head]).arg(&server).output().unwrap()).must();
    if !branches.is_empty() {
        sandbox.clone(&server.display().to_string());
        sandbox.write(&[("src/a.rs", "one\n")]);
        sandbox.commit("base");
        for branch in branches {
            sandbox.push([format!("main:refs/heads/{branch}").as_str()]).must();
        }
    }
    server
}

fn install(sandbox: &Sandbox, args: &[&str]) -> Said {
    let mut command = process::command(REFGATE);
    command.current_dir(sandbox.path()).args(["install", "server", "--repo", "x.git"]).args(args);
    Said::new(command.output().unwrap())
}

fn configure(sandbox: &Sandbox, key: &str, value: &str) {
    let mut git = process::command("git");
    git.current_dir(sandbox.path()).args(["--git-dir", "x.git", "config", key, value]);
    Said::new(git.output().unwrap()).must();
}

#[test]
fn a_head_that_names_no_branch_is_refused_while_there_are_branches() {
    let sandbox = Sandbox::new();
    let server = bare(&sandbox, "master", &["main", "other"]);
    let said = install(&sandbox, &[]);
    assert!(!said.ok && !server.join("refgate").exists(), "{}", said.stderr);
    for words in ["refs/heads/master, which does not exist", "main, other", "--trusted-ref"] {
        assert!(said.stderr.contains(words), "{words}: {}", said.stderr);
    }
    let wrong = install(&sandbox, &["--trusted-ref", "trunk"]);
    assert!(!wrong.ok && wrong.stderr.contains("refs/heads/trunk does not exist"), "{}", wrong.stderr);
    let said = install(&sandbox, &["--trusted-ref", "main"]);
    assert!(said.ok && said.stdout.contains("\n  trusted ref: refs/heads/main "), "{}{}", said.stdout, said.stderr);
    sandbox.write(&[("src/a.rs", "two\n")]);
    sandbox.commit("direct");
    let pushed = sandbox.push(["main"]);
    assert!(!pushed.ok && pushed.stderr.contains("direct-push"), "{}", pushed.stderr);
}

#[test]
fn an_empty_repository_shows_what_it_will_trust() {
    let sandbox = Sandbox::new();
    bare(&sandbox, "master", &[]);
    let said = install(&sandbox, &[]).must();
    assert!(said.contains("trusted ref: refs/heads/master"), "{said}");
    let said = install(&sandbox, &["--trusted-ref", "refs/heads/main"]).must();
    assert!(said.contains("trusted ref: refs/heads/main"), "{said}");
    assert!(!install(&sandbox, &["--trusted-ref", "refs/tags/v1"]).ok);
}

#[test]
fn another_trusted_ref_keeps_the_id_the_floor_and_who_is_told() {
    let sandbox = Sandbox::new();
    let server = bare(&sandbox, "main", &["main", "next"]);
    install(&sandbox, &[]).must();
    let file = server.join("refgate/server.toml");
    let told = "[[notify]]\non = [\"promotion\", \"refusal\"]\ncommand = [\"/bin/tell\", \"a b\"]\n\
                [[notify]]\non = [\"rollback\"]\nurl = \"https://example.com/x\"\nsecret_file = \"/s\"\n";
    let before = fs_err::read_to_string(&file).unwrap() + "direct-push = \"enforce\"\n";
    let before = before.replace("\n\n# Severities", &format!("\n{told}\n# Severities"));
    fs_err::write(&file, &before).unwrap();
    install(&sandbox, &[]).must();
    assert_eq!(fs_err::read_to_string(&file).unwrap(), before, "nothing is asked for, so nothing changes");
    let said = install(&sandbox, &["--trusted-ref", "next"]).must();
    assert!(said.contains("trusted ref: refs/heads/next"), "{said}");
    let after = fs_err::read_to_string(&file).unwrap();
    assert_eq!(after, before.replace("refs/heads/main", "refs/heads/next"));
}

#[test]
fn the_hook_stands_where_a_relative_hooks_path_of_the_repository_leads() {
    let sandbox = Sandbox::new();
    let server = bare(&sandbox, "main", &["main"]);
    configure(&sandbox, "core.hooksPath", "gate/hooks");
    install(&sandbox, &[]).must();
    assert!(server.join("gate/hooks/pre-receive").is_file());
    sandbox.write(&[("src/a.rs", "two\n")]);
    sandbox.commit("direct");
    let pushed = sandbox.push(["main"]);
    assert!(!pushed.ok && pushed.stderr.contains("direct-push"), "{}", pushed.stderr);
}

#[test]
fn the_account_s_own_hooks_path_stays_and_the_gate_stands_before_it() {
    let sandbox = Sandbox::new();
    let server = bare(&sandbox, "main", &["main"]);
    let (config, hooks) = (sandbox.path().join("gitconfig"), sandbox.path().join("all hooks"));
    fs_err::write(&config, format!("[core]\n\thooksPath = {}\n", hooks.display())).unwrap();
    executable(&hooks.join("pre-receive"), "#!/bin/sh\necho \"theirs: $(cat)\" >&2\n");
    let mut command = process::command(REFGATE);
    command.env("GIT_CONFIG_GLOBAL", &config).env("GIT_DIR", "/nowhere");
    Said::new(command.args(["install", "server", "--repo"]).arg(&server).output().unwrap()).must();
    let text = fs_err::read_to_string(hooks.join("pre-receive")).unwrap();
    assert!(!text.contains("refgate") && server.join("refgate-hooks/pre-receive").is_file());
    sandbox.write(&[("src/a.rs", "two\n")]);
    sandbox.commit("direct");
    // A server is often moved; what stands there must go on standing.
    fs_err::rename(&server, sandbox.path().join("y.git")).unwrap();
    fs_err::os::unix::fs::symlink("y.git", &server).unwrap();
    let pushed = sandbox.push(["main"]);
    assert!(!pushed.ok && pushed.stderr.contains("direct-push"), "{}", pushed.stderr);
    let pushed = sandbox.push(["HEAD:topic"]);
    assert!(pushed.ok && pushed.stderr.contains(" refs/heads/topic"), "{}", pushed.stderr);
}

#[test]
fn a_hook_that_stood_there_runs_after_the_gate_and_may_refuse() {
    let sandbox = Sandbox::new();
    let server = bare(&sandbox, "main", &["main"]);
    executable(&server.join("hooks/pre-receive"), "#!/bin/sh\necho \"theirs: $(cat)\" >&2\ntest ! -e no\n");
    let said = install(&sandbox, &[]).must();
    assert!(said.contains("pre-receive.before-refgate, the hook that stood there, runs after it"), "{said}");
    sandbox.write(&[("src/a.rs", "two\n")]);
    let tip = sandbox.commit("direct");
    let pushed = sandbox.push(["main"]);
    assert!(!pushed.ok && pushed.stderr.contains("direct-push") && !pushed.stderr.contains("theirs"));
    let pushed = sandbox.push(["HEAD:topic"]);
    assert!(pushed.ok && pushed.stderr.contains(&format!("theirs: {} {tip} refs/heads/topic", "0".repeat(40))));
    fs_err::write(server.join("no"), "").unwrap();
    assert!(!sandbox.push(["HEAD:other"]).ok);
    fs_err::remove_file(server.join("hooks/pre-receive.before-refgate")).unwrap();
    let pushed = sandbox.push(["HEAD:other"]);
    assert!(!pushed.ok && pushed.stderr.contains("the hook that ran here before, is missing"), "{}", pushed.stderr);
}

#[test]
fn what_a_gate_needs_is_set_and_said_and_what_is_right_is_kept() {
    let sandbox = Sandbox::new();
    let server = bare(&sandbox, "main", &["main"]);
    configure(&sandbox, "receive.fsckObjects", "false");
    let config = || fs_err::read_to_string(server.join("config")).unwrap();
    let said = install(&sandbox, &[]).must();
    for words in [
        "set      receive.fsckObjects = true (was false)",
        "set      receive.advertisePushOptions = true",
        "set      receive.certNonceSeed (a new secret",
        "set      receive.maxInputSize = 1g; Git refuses",
        "\"pack exceeds maximum allowed size\"",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let seed = config().split("certNonceSeed = ").nth(1).unwrap().lines().next().unwrap().to_owned();
    assert!(seed.len() == 64 && !said.contains(&seed), "{said}");
    assert!(!fs_err::read_to_string(server.join("refgate-installed.toml")).unwrap().contains(&seed));
    let again = install(&sandbox, &[]).must();
    assert!(
        again.starts_with("Nothing to change: ") && again.contains("kept     receive.maxInputSize = 1g"),
        "{again}"
    );
    let said = install(&sandbox, &["--max-input-size", "512M"]).must();
    assert!(said.contains("receive.maxInputSize = 512m (was 1073741824)") && config().contains("= 512m"), "{said}");
    assert!(install(&sandbox, &[]).must().starts_with("Nothing to change: "));
    let said = install(&sandbox, &["--max-input-size", "none"]).must();
    assert!(said.contains("no limit") && config().contains("maxInputSize = 0"), "{said}");
    for wrong in ["0", "-1", "1t", "g", "9223372036854775808"] {
        assert!(!install(&sandbox, &[&format!("--max-input-size={wrong}")]).ok, "{wrong}");
    }
    install(&sandbox, &["--max-input-size", "1"]).must();
    sandbox.write(&[("src/a.rs", "two\n")]);
    sandbox.commit("direct");
    let pushed = sandbox.push(["HEAD:topic"]);
    assert!(!pushed.ok && pushed.stderr.contains("pack exceeds maximum allowed size"), "{}", pushed.stderr);
}

#[test]
fn git_is_told_of_the_signers_where_the_gate_s_folder_has_them() {
    let sandbox = Sandbox::new();
    let server = bare(&sandbox, "main", &["main"]);
    let key = "gpg.ssh.allowedSignersFile";
    assert!(!install(&sandbox, &[]).must().contains(key));
    let before = fs_err::read_to_string(server.join("config")).unwrap();
    fs_err::write(sandbox.path().join("signers"), "# nobody yet\n").unwrap();
    let said = install(&sandbox, &["--signers", "signers"]).must();
    assert!(said.contains(&format!("set      {key} = refgate/allowed_signers")), "{said}");
    let said = install(&sandbox, &[]).must();
    assert!(said.starts_with("Nothing to change: "), "{said}");
    assert!(said.contains(&format!("kept     {key} = refgate/allowed_signers")), "{said}");
    configure(&sandbox, key, "/theirs");
    assert!(install(&sandbox, &[]).must().contains(&format!("kept     {key} = /theirs")), "it is theirs");
    configure(&sandbox, key, "refgate/allowed_signers");
    let mut uninstall = process::command(REFGATE);
    Said::new(uninstall.current_dir(sandbox.path()).args(["uninstall", "--repo", "x.git"]).output().unwrap()).must();
    let after = fs_err::read_to_string(server.join("config")).unwrap();
    assert!(!after.contains("allowedSignersFile") && before.contains("certNonceSeed"), "{after}");
}

#[test]
fn settings_of_the_account_count() {
    let sandbox = Sandbox::new();
    let server = bare(&sandbox, "main", &["main"]);
    let config = sandbox.path().join("gitconfig");
    let text = "[transfer]\n\tfsckObjects = 1\n[receive]\n\tmaxInputSize = 3g\n\tadvertisePushOptions = no\n";
    fs_err::write(&config, text).unwrap();
    let mut command = process::command(REFGATE);
    command.env("GIT_CONFIG_GLOBAL", &config).args(["install", "server", "--repo"]).arg(&server);
    let said = Said::new(command.output().unwrap()).must();
    for words in [
        "kept     receive.fsckObjects",
        "kept     receive.maxInputSize = 3g",
        "advertisePushOptions = true (was false)",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!fs_err::read_to_string(server.join("config")).unwrap().contains("fsckObjects"));
}

fn executable(path: &std::path::Path, text: &str) {
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, text).unwrap();
    fs_err::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_repository_can_be_named_from_beside_it() {
    let sandbox = Sandbox::new();
    let server = bare(&sandbox, "main", &["main"]);
    let mut command = process::command(REFGATE);
    command.current_dir(sandbox.path().join("client")).args(["install", "server", "--repo", "../x.git"]);
    Said::new(command.output().unwrap()).must();
    assert!(server.join("hooks/pre-receive").is_file());
}

#[test]
fn a_hook_of_a_damaged_installation_is_undecided_and_says_so() {
    let sandbox = Sandbox::new();
    let server = bare(&sandbox, "main", &["main"]);
    install(&sandbox, &[]).must();
    fs_err::remove_file(server.join("refgate/server.toml")).unwrap();
    let (zero, tip) = ("0".repeat(40), sandbox.rev("main"));
    let line = format!("{zero} {tip} refs/heads/new\n");
    for args in [&["pre-receive"][..], &["update", "refs/heads/new", &zero, &tip]] {
        let mut command = process::command(REFGATE);
        command.current_dir(&server).env("GIT_DIR", ".").arg("hook").args(args);
        let output = process::run(&mut command, line.as_bytes()).unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("refgate install server --repo DIR"), "{said}");
    }
}

#[test]
fn a_hook_without_an_installation_judges_by_the_built_in_policy() {
    let sandbox = Sandbox::new();
    // HEAD names a branch that is not there, as it often does in repositories made without a care.
    let server = bare(&sandbox, "master", &["main"]);
    let base = sandbox.rev("main");
    sandbox.write(&[("src/a.rs", "two\n")]);
    let direct = sandbox.commit("direct");
    sandbox.push(["HEAD:refs/heads/topic"]).must();
    let mut hook = process::command(REFGATE);
    hook.current_dir(&server).env("GIT_DIR", ".").args(["hook", "pre-receive"]);
    let said = process::run(&mut hook, format!("{base} {direct} refs/heads/main\n").as_bytes()).unwrap();
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    assert!(String::from_utf8_lossy(&said.stderr).contains("direct-push"), "{said:?}");
}

#[test]
fn what_root_installs_belongs_to_whoever_owns_the_repository() {
    use std::os::unix::fs::MetadataExt as _;
    let sandbox = Sandbox::new();
    let server = sandbox.path().join("server.git");
    let mut init = process::command("git");
    Said::new(init.args(["init", "-q", "--bare"]).arg(&server).output().unwrap()).must();
    let mut chown = process::command("chown");
    // This test is root's: nobody else may give files away, and nobody else is asked to.
    Said::new(chown.args(["-R", "12345:12345"]).arg(&server).output().unwrap()).must();
    let mut install = process::command(REFGATE);
    let said = Said::new(install.args(["install", "server", "--repo"]).arg(&server).output().unwrap()).must();
    assert!(said.contains("user 12345 owns this repository"), "{said}");
    let mut folders = vec![server];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let found = fs_err::symlink_metadata(&path).unwrap();
            assert_eq!((found.uid(), found.gid()), (12345, 12345), "{}", path.display());
            seen += 1;
            folders.extend(found.is_dir().then_some(path));
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn a_gate_whose_folder_is_gone_is_damaged_and_not_absent() {
    let sandbox = Sandbox::new();
    let server = sandbox.server();
    sandbox.clone(&format!("file://{}", server.display()));
    sandbox.write(&[("README.md", "# One\n")]);
    sandbox.commit("first");
    sandbox.push(["main"]).must();
    let policy = server.join("refgate/policy.toml");
    std::os::unix::fs::symlink("/nowhere/policy.toml", &policy).unwrap();
    let said = sandbox.push(["main:refs/heads/new"]);
    assert!(!said.ok && said.stderr.contains("UNDECIDED") && said.stderr.contains("policy.toml"), "{}", said.stderr);
    fs_err::remove_file(&policy).unwrap();
    fs_err::rename(server.join("refgate"), server.join("elsewhere")).unwrap();
    let said = sandbox.push(["main:refs/heads/new"]);
    assert!(!said.ok && said.stderr.contains("the gate of this repository is damaged"), "{}", said.stderr);
}

#[test]
fn a_gate_that_is_installed_again_keeps_the_id_that_its_ledger_knows() {
    let sandbox = Sandbox::new();
    let server = sandbox.server();
    sandbox.clone(&format!("file://{}", server.display()));
    sandbox.write(&[("README.md", "# One\n")]);
    sandbox.commit("first");
    sandbox.push(["main"]).must();
    let file = server.join("refgate/server.toml");
    let before = fs_err::read_to_string(&file).unwrap();
    fs_err::remove_file(&file).unwrap();
    let again = process::command(REFGATE).args(["install", "server", "--repo"]).arg(&server).output().unwrap();
    Said::new(again).must();
    assert_eq!(fs_err::read_to_string(&file).unwrap(), before);
}

#[test]
fn what_the_first_uninstall_kept_the_second_does_not_take() {
    let sandbox = Sandbox::new();
    let server = sandbox.server();
    let file = server.join("refgate/server.toml");
    let text = fs_err::read_to_string(&file).unwrap() + "direct-push = \"enforce\"\n";
    fs_err::write(&file, &text).unwrap();
    for _ in 0..2 {
        let mut command = process::command(REFGATE);
        Said::new(command.args(["uninstall", "--repo"]).arg(&server).output().unwrap()).must();
        assert_eq!(fs_err::read_to_string(&file).unwrap(), text);
    }
}
