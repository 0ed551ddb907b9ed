//! What else can stand behind a hook: other managers of client hooks, and a gate in a few lines of shell.

use std::path::Path;
use std::process::Command;

use crate::Row;
use crate::corpus::{Context, Fallible};
use crate::measure::Job;

/// Writes a `pre-receive` such as many servers have: it goes through the new commits and looks at paths and objects.
/// It does far less than refgate; its path.
pub(crate) fn shell_hook(folder: &Path) -> Fallible<String> {
    let path = folder.join("pre-receive.sh");
    let text = r#"zero=0000000000000000000000000000000000000000
while read -r old new ref; do
    case $ref in
    refs/heads/*|refs/tags/*) ;;
    *) echo "$ref: no such namespace" >&2; exit 1 ;;
    esac
    [ "$new" = $zero ] && continue
    [ "$(git cat-file -t "$new")" = commit ] || exit 1
    for commit in $(git rev-list "$new" --not --all); do
        if git diff-tree --root -r --no-commit-id --name-only "$commit" | grep -q '^\.ai-stack-trace/'; then
            git cat-file blob "$commit:.ai-stack-trace/APPROVED" >/dev/null || exit 1
        fi
    done
done
"#;
    fs_err::write(&path, text).map_err(|error| error.to_string())?;
    Ok(path.display().to_string())
}

/// Installs the managers below `folder` and compares each one's fastest way to run a hook that does nothing with
/// refgate's real one, in the same client.
pub(crate) fn rows(folder: &Path, client: &Path, ours: &Job) -> Fallible<Vec<Row>> {
    fs_err::create_dir_all(folder).map_err(|error| error.to_string())?;
    let (node, venv) = (folder.join("node"), folder.join("venv"));
    // Its install script would put hooks into whatever repository stands around here.
    install("npm", &["install", "--silent", "--ignore-scripts", "--prefix", &node.display().to_string(), "lefthook"])?;
    install("python3", &["-m", "venv", &venv.display().to_string()])?;
    let pip = venv.join("bin/pip").display().to_string();
    install(&pip, &["install", "--quiet", "--disable-pip-version-check", "prek", "pre-commit"])?;
    let lefthook = native_lefthook(&node)?;
    let (yml, yaml) = (folder.join("lefthook.yml"), folder.join("pre-commit.yaml"));
    fs_err::write(&yml, "pre-commit:\n  jobs:\n    - run: 'true'\n").map_err(|error| error.to_string())?;
    let hook = "{id: nothing, name: nothing, entry: 'true', language: system, always_run: true, pass_filenames: false}";
    fs_err::write(&yaml, format!("repos:\n  - repo: local\n    hooks:\n      - {hook}\n"))
        .map_err(|error| error.to_string())?;
    let yaml = yaml.display().to_string();
    let jobs = [
        ("lefthook run pre-commit, the native binary", lefthook, vec!["run", "pre-commit", "--force"]),
        ("prek run", venv.join("bin/prek"), vec!["run", "--config", &yaml]),
        ("pre-commit run", venv.join("bin/pre-commit"), vec!["run", "--config", &yaml]),
    ];
    let row = |(name, program, args): (&str, std::path::PathBuf, Vec<&str>)| Row {
        work: "pre-commit of 10 staged files".to_owned(),
        yardstick: format!("{name}, with one hook that does nothing"),
        ours: ours.clone(),
        theirs: Job::new(program, &args, client).env("HOME", folder).env("LEFTHOOK_CONFIG", &yml),
        goal: Some(1.0),
        limit: None,
        memory: None,
        pairs: 21,
    };
    Ok(jobs.into_iter().map(row).collect())
}

/// In the person's own environment, which knows the way to the registries.
fn install(program: &str, args: &[&str]) -> Fallible<()> {
    let status = Command::new(program).args(args).status().context(|| format!("cannot start {program}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program} {} ended with {status}", args.join(" "))) }
}

/// The package `lefthook` is a wrapper in JavaScript; the program itself is in a package for each platform.
fn native_lefthook(node: &Path) -> Fallible<std::path::PathBuf> {
    let modules = fs_err::read_dir(node.join("node_modules")).map_err(|error| error.to_string())?;
    let mut programs = modules.filter_map(|entry| Some(entry.ok()?.path().join("bin/lefthook")));
    let native = |path: &std::path::PathBuf| path.is_file() && path.to_string_lossy().contains("lefthook-");
    programs.find(native).ok_or_else(|| "npm brought no native lefthook for this platform".to_owned())
}
