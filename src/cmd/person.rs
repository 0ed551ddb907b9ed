//! A person at work on signed statements: signing with their own key, as `git commit -S` does with SSH keys
//! (gpg-interface.c of Git), and putting a statement where it can be pushed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bstr::{BString, ByteSlice as _};

use crate::error::{Error, Result};
use crate::escape;
use crate::git::{Repo, answer, configured, settings};
use crate::oid::Oid;
use crate::statement::place::Place;

/// Signs a message with the person's own key: the armored signature. `key` names a key's file instead of Git's
/// `user.signingKey`; a public key's file lets an agent or a hardware key sign.
///
/// # Errors
/// There is no key to sign with, or `ssh-keygen` (Git's `gpg.ssh.program`) does not sign.
pub fn sign(repo: &Repo, key: Option<&Path>, namespace: &str, message: &[u8]) -> Result<String> {
    let folder = tempfile::Builder::new().prefix("refgate-sign-").tempdir()?;
    let file = folder.path().join("statement");
    fs_err::write(&file, message)?;
    let (key, literal) = match key {
        Some(key) => (fs_err::canonicalize(key)?, false),
        None => own_key(repo, folder.path())?,
    };
    let program = setting(repo, "gpg.ssh.program", "path")?.unwrap_or_else(|| "ssh-keygen".into());
    let mut keygen = keygen(&program.to_os_str_lossy());
    keygen.args(["-Y", "sign", "-n", namespace, "-f"]).arg(&key);
    if literal {
        // The private half is in the agent.
        keygen.arg("-U");
    }
    let output = keygen.arg(&file).stdout(Stdio::null()).output().map_err(|error| {
        let program = escape::quote_path(&program);
        Error::usage(format!("{program} cannot be started: {error}"))
            .help("install OpenSSH 8.9 or newer; git config gpg.ssh.program names another program, where it is set")
    })?;
    let signature = file.with_extension("sig");
    if !output.status.success() || !signature.exists() {
        let said = escape::one_line(&output.stderr.to_str_lossy());
        return Err(Error::usage(format!("ssh-keygen did not sign: {said}")).help(
            "ssh-add -L lists the keys that the agent has; git config user.signingKey names yours, or --key FILE does",
        ));
    }
    Ok(fs_err::read_to_string(signature)?)
}

#[expect(clippy::disallowed_methods, reason = "the person's own program signs, as it does for git")]
fn keygen(program: &std::ffi::OsStr) -> Command {
    Command::new(program)
}

/// The key that Git would sign with, and whether it is written out in the configuration.
fn own_key(repo: &Repo, folder: &Path) -> Result<(PathBuf, bool)> {
    let named = match setting(repo, "user.signingKey", "path")? {
        Some(key) => Some(key),
        None => default_key(repo)?,
    };
    let Some(named) = named else {
        return Err(Error::usage("there is no key to sign with")
            .help("git config user.signingKey ~/.ssh/id_ed25519.pub, or name one with --key FILE"));
    };
    let literal = named.strip_prefix(b"key::").or(named.starts_with(b"ssh-").then_some(named.as_slice()));
    match literal {
        Some(key) => {
            let file = folder.join("key.pub");
            fs_err::write(&file, [key, b"\n"].concat())?;
            Ok((file, true))
        }
        None => Ok((PathBuf::from(named.to_os_str_lossy().into_owned()), false)),
    }
}

/// The first key that Git's `gpg.ssh.defaultKeyCommand` prints.
fn default_key(repo: &Repo) -> Result<Option<BString>> {
    let Some(command) = setting(repo, "gpg.ssh.defaultKeyCommand", "")? else { return Ok(None) };
    let mut shell = keygen("sh".as_ref());
    let output = shell.arg("-c").arg(&*command.to_os_str_lossy()).stderr(Stdio::inherit()).output()?;
    let key = output.stdout.split(|byte| *byte == b'\n').next().map(BString::from).filter(|line| !line.is_empty());
    key.map(Some)
        .ok_or_else(|| Error::usage("gpg.ssh.defaultKeyCommand printed no key").help("name one with --key FILE"))
}

/// The value in effect of a key of Git's configuration.
pub fn setting(repo: &Repo, key: &str, kind: &str) -> Result<Option<BString>> {
    let all = settings(&mut configured(repo.common_dir()), key, kind)?;
    Ok(all.into_iter().next_back().map(|setting| setting.value).filter(|value| !value.is_empty()))
}

/// Puts a statement into the local repository: its files, by path (`statement.json`, `artifacts/report.xml`), as a commit
/// without parents behind its own new ref. Answers the commit.
///
/// # Errors
/// Git fails, or the ref is there already.
pub fn deposit(repo: &Repo, place: &Place, files: &BTreeMap<String, Vec<u8>>) -> Result<Oid> {
    let mut top = BString::default();
    let mut below: BTreeMap<&str, BString> = BTreeMap::new();
    for (path, content) in files {
        let blob = git(repo, &["hash-object", "-w", "--stdin"], content)?;
        let (entries, name) = match path.split_once('/') {
            Some((folder, name)) => (below.entry(folder).or_default(), name),
            None => (&mut top, path.as_str()),
        };
        entries.extend_from_slice(format!("100644 blob {blob}\t{name}\0").as_bytes());
    }
    for (folder, entries) in below {
        let tree = git(repo, &["mktree", "-z"], &entries)?;
        top.extend_from_slice(format!("040000 tree {tree}\t{folder}\0").as_bytes());
    }
    let tree = git(repo, &["mktree", "-z"], &top)?;
    let name = place.name();
    let message = format!("{name}\n");
    let commit = git(repo, &["commit-tree", &tree.to_string()], message.as_bytes())?;
    let zero = Oid::zero(commit.format()).to_string();
    // The update is the last thing: a ref stands behind a whole statement or not at all.
    let mut update = configured(repo.common_dir());
    answer(update.args(["update-ref", &name.to_str_lossy(), &commit.to_string(), &zero]))?;
    Ok(commit)
}

/// Takes back a statement that was put there and not pushed yet.
///
/// # Errors
/// Git fails.
pub fn forget(repo: &Repo, place: &Place) -> Result<()> {
    let mut update = configured(repo.common_dir());
    answer(update.args(["update-ref", "-d", &place.name().to_string()])).map(|_| ())
}

/// Asks the person at the terminal; `yes` was said beforehand.
///
/// # Errors
/// They say no, or nobody is there to ask.
pub fn agree(yes: bool, question: &str) -> Result<()> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Error::usage("nobody is at a terminal to say yes").help("--yes, where it was read before"));
    }
    let mut out = std::io::stderr();
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut line = String::new();
    std::io::stdin().lock().take(16).read_line(&mut line)?;
    match line.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Error::usage("nothing was signed")),
    }
}

/// A git process that takes content and answers an object's name.
fn git(repo: &Repo, args: &[&str], input: &[u8]) -> Result<Oid> {
    let mut git = configured(repo.common_dir());
    // Whoever signs stands in the statement; the commit is only its envelope.
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "refgate").env(format!("GIT_{role}_EMAIL"), "refgate@localhost");
    }
    let failed = |error: std::io::Error| Error::usage(format!("git cannot be run: {error}"));
    git.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = git.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    let oid = Oid::from_hex(output.stdout.trim()).filter(|_| output.status.success());
    oid.ok_or_else(|| Error::usage(format!("git failed: {}", escape::one_line(&output.stderr.to_str_lossy()))))
}
