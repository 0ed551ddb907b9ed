//! Pages that are rendered from the code are what the code renders. `REFGATE_BLESS=1` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use clap::{CommandFactory as _, Parser as _};

use crate::support::Sandbox;

#[test]
fn the_page_of_the_rules_is_what_the_program_prints() {
    let sandbox = Sandbox::new();
    sandbox.clone("file:///nowhere");
    let page = sandbox.refgate(["rules", "--format", "markdown"]);
    assert!(page.ok, "{}", page.stderr);
    compare("docs/rules.md", &page.stdout);
}

#[test]
fn the_page_of_the_command_line_is_what_the_help_says() {
    let mut page = String::from(
        "# The command line\n\n<!-- Rendered from the help texts; `REFGATE_BLESS=1 cargo test --test it docs` writes it. -->\n",
    );
    // The width must not depend on whoever runs the test.
    let mut command = refgate::cli::Cli::command().term_width(100);
    command.build();
    describe(&command, "refgate", &mut page);
    compare("docs/cli.md", &page);
}

#[test]
fn every_path_that_the_prose_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for page in pages() {
        let text = fs_err::read_to_string(root.join(page)).unwrap();
        for name in text.split('`').skip(1).step_by(2) {
            let path = name.split_whitespace().next().unwrap_or_default();
            let ours = ["src/", "tests/", "docs/", "hooks/", "install/", "fixtures/", ".ci/"];
            let example = path.contains(['<', '*', '{']);
            if ours.iter().any(|folder| path.starts_with(folder)) && !example && !root.join(path).exists() {
                wrong.push(format!("{page}: {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "the prose names what is not there:\n{}", wrong.join("\n"));
}

#[test]
fn every_command_of_ours_that_the_prose_names_can_be_typed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts: Vec<(String, String)> =
        pages().iter().map(|page| ((*page).to_owned(), fs_err::read_to_string(root.join(page)).unwrap())).collect();
    for rule in refgate::rules::ALL {
        let docs = rule.docs;
        texts.push((rule.id.to_owned(), [docs.refuses, docs.fix, docs.example, docs.waiver.text()].join("\n")));
    }
    let (mut seen, mut wrong) = (0, Vec::new());
    for (place, text) in &texts {
        let spans = text.split('`').skip(1).step_by(2).filter(|span| !span.contains('\n'));
        for line in text.lines().map(str::trim).chain(spans) {
            let line = line
                .split(" #")
                .next()
                .unwrap_or_default()
                .split(" > ")
                .next()
                .unwrap_or_default()
                .split(" && ")
                .next()
                .unwrap_or_default()
                .trim();
            // What stands for any hook, and what names the program and no command, is not to be typed.
            if !line.starts_with("refgate ")
                || ["refgate hook NAME", "refgate hook"].contains(&line)
                || line.ends_with('.')
            {
                continue;
            }
            seen += 1;
            let bare = !line.contains(" -");
            if let Err(error) = refgate::cli::Cli::try_parse_from(line.split_whitespace()) {
                if bare && error.kind() == clap::error::ErrorKind::MissingRequiredArgument {
                    // The name of a command, not a call of it.
                    continue;
                }
                wrong.push(format!("{place}: {line}\n{error}"));
            }
        }
    }
    assert!(seen > 20, "only {seen} commands were found");
    assert!(wrong.is_empty(), "these cannot be typed:\n{}", wrong.join("\n"));
}

#[test]
fn every_command_has_a_manual_page_and_every_shell_its_completions() {
    let sandbox = Sandbox::new();
    sandbox.clone("file:///nowhere");
    let page = sandbox.refgate(["man"]).must();
    assert!(page.contains(".TH refgate 1") && page.contains("refgate\\-uninstall(1)"), "{page}");
    sandbox.refgate(["man", "--out", "man/man1"]).must();
    let folder = sandbox.path().join("client/man/man1");
    let mut pages: Vec<_> =
        fs_err::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    pages.sort();
    assert!(!pages.iter().any(|page| page.contains("help")), "{pages:?}");
    for page in ["refgate.1", "refgate-check.1", "refgate-install-server.1", "refgate-hook-pre-push.1"] {
        assert!(pages.iter().any(|there| there == page), "{page}: {pages:?}");
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(sandbox.refgate(["completions", shell]).must().contains("uninstall"), "{shell}");
    }
}

/// The pages that people read.
fn pages() -> [&'static str; 17] {
    [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/checks.md",
        "docs/drift.md",
        "docs/ledger.md",
        "docs/mappings.md",
        "docs/notify.md",
        "docs/policy.md",
        "docs/promotion.md",
        "docs/renames.md",
        "docs/replay.md",
        "docs/signatures.md",
        "docs/trace.md",
        "fixtures/README.md",
        "install/README.md",
    ]
}

fn describe(command: &clap::Command, name: &str, page: &mut String) {
    let help = command.clone().render_long_help().to_string();
    let help = help.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let _ = write!(page, "\n## {name}\n\n```text\n{}\n```\n", help.trim());
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        describe(sub, &format!("{name} {}", sub.get_name()), page);
    }
}

fn compare(file: &str, rendered: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("REFGATE_BLESS").is_some() {
        fs_err::write(&path, rendered).unwrap();
    }
    let kept = fs_err::read_to_string(&path).unwrap_or_default();
    assert!(kept == rendered, "{file} is not what the code renders: REFGATE_BLESS=1 cargo test --test it docs");
}
