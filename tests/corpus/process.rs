//! Child processes in an environment of our own: nothing of the person's or the machine's configuration reaches Git.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::{Context, Fallible};

/// A command that sees `PATH`, a fixed clock zone and language, and fixed identities; nothing else.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("TZ", "UTC")
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_AUTHOR_NAME", "Fixture")
        .env("GIT_AUTHOR_EMAIL", "fixture@example.com")
        .env("GIT_AUTHOR_DATE", "1700000000 +0000")
        .env("GIT_COMMITTER_NAME", "Fixture")
        .env("GIT_COMMITTER_EMAIL", "fixture@example.com")
        .env("GIT_COMMITTER_DATE", "1700000000 +0000");
    command
}

/// `git` in a repository's Git directory.
pub(crate) fn git(git_dir: &Path, args: &[&str]) -> Command {
    let mut command = command("git");
    command.current_dir(git_dir).env("GIT_DIR", ".").args(args);
    command
}

/// Runs a command with the given standard input and keeps everything that it says.
pub(crate) fn run(command: &mut Command, stdin: &[u8]) -> Fallible<Output> {
    let what = describe(command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context(|| format!("cannot start {what}"))?;
    let mut pipe = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // A child that refuses early closes its end: what it said then tells more than the broken pipe.
            if let Some(pipe) = pipe.as_mut() {
                let _ = pipe.write_all(stdin);
            }
            drop(pipe);
        });
        child.wait_with_output().context(|| what)
    })
}

/// As [`run`], for commands that must succeed; their standard output.
pub(crate) fn must(command: &mut Command, stdin: &[u8]) -> Fallible<Vec<u8>> {
    let output = run(command, stdin)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(format!("{} ended with {}: {}", describe(command), output.status, String::from_utf8_lossy(&output.stderr)))
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
