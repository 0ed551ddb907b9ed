//! A person's remote, as the git that the person uses reaches it: with all of its configuration, keys and hooks. Nothing
//! here touches the work tree, the index or `HEAD`. No decision rests on what a server says in words.

use std::ffi::OsString;
use std::io::{BufReader, IsTerminal as _, Read, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use bstr::{BStr, BString, ByteSlice as _};
use memchr::memchr2;

use super::config::configured;
use crate::error::{Error, Result};
use crate::escape;
use crate::oid::Oid;
use crate::refs::RefMap;

/// More words than any server's answer has, in bytes. What comes after is not kept.
const MOST_WORDS: usize = 4 * 1024 * 1024;

/// What became of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Git says that every ref is where it should be.
    pub ok: bool,
    /// Git names a ref that was not taken, so the server, or Git in view of the server's refs, said no.
    pub rejected: bool,
    /// The lines that the server sent, escaped.
    pub answer: Vec<String>,
    /// Git's own words, escaped, in one line.
    pub said: String,
}

/// Fetches what a promotion rests on: every branch, into the remote-tracking refs, of which those go that the remote no
/// longer has, and the statements and the ledger, to where the server has them.
///
/// A ledger that does not follow the one that this clone knows is left where it is, and no reason to stop: a server that
/// lost its ledger must still take a rollback. What Git says of it comes back, for the person to hear.
///
/// # Errors
/// Git cannot fetch, or a statement here is another than the server's of the same name.
pub fn fetch(folder: &Path, remote: &BStr) -> Result<Option<String>> {
    let failed = |heard: &Heard| {
        let what = format!("git cannot fetch from {}: {}", escape::quote_path(remote), heard.all());
        Err(Error::undecided(what).help("git fetch says more; nothing was changed on the server"))
    };
    let heads = bstr::concat([b"+refs/heads/*:refs/remotes/", remote.as_bytes(), b"/*"]);
    let branches = fetched(folder, remote, "--prune", &[&heads])?;
    if branches.code != Some(0) {
        return failed(&branches);
    }
    // What was signed here and is not pushed yet must not go, so only branches are pruned.
    let ours: &[u8] = b"refs/refgate/*:refs/refgate/*";
    let mut all = fetched(folder, remote, "--no-prune", &[ours])?;
    if all.code != Some(0) && !all.diverges() {
        // Two that fetch into one clone at once are in each other's way.
        all = fetched(folder, remote, "--no-prune", &[ours])?;
    }
    match all.code {
        Some(0) => return Ok(None),
        _ if !all.diverges() => return failed(&all),
        _ => {}
    }
    let rest = fetched(folder, remote, "--no-prune", &[ours, b"^refs/refgate/ledger"])?;
    if rest.code == Some(0) { Ok(Some(all.all())) } else { failed(&rest) }
}

fn fetched(folder: &Path, remote: &BStr, prune: &str, refspecs: &[&[u8]]) -> Result<Heard> {
    let mut git = configured(folder);
    git.args(["-c", "color.remote=never", "fetch", "--no-tags", "--no-recurse-submodules"]);
    git.args(["--no-write-fetch-head", "--refmap=", prune, quiet(), "--"]).arg(word(remote));
    run(git.args(refspecs.iter().map(|refspec| word(refspec))))
}

/// The refs that the remote holds now, of those that a pattern of git ls-remote names.
///
/// # Errors
/// Git cannot ask.
pub fn listed<'p>(folder: &Path, remote: &BStr, patterns: impl IntoIterator<Item = &'p [u8]>) -> Result<RefMap> {
    let mut git = configured(folder);
    git.args(["-c", "color.remote=never", "ls-remote", "--quiet", "--"]).arg(word(remote));
    let heard = run(git.args(patterns.into_iter().map(word)))?;
    if heard.code != Some(0) {
        return Err(Error::undecided(format!("git cannot ask {}: {}", escape::quote_path(remote), heard.all())));
    }
    let line = |line: &[u8]| {
        let (oid, name) = line.split_once_str("\t")?;
        Some((BString::from(name), Oid::from_hex(oid)?))
    };
    let refs = heard.out.lines().map(line).collect::<Option<RefMap>>();
    refs.ok_or_else(|| Error::undecided("git ls-remote gave a line that refgate cannot read"))
}

/// Pushes, all or nothing.
///
/// # Errors
/// Git cannot be started.
pub fn push(folder: &Path, remote: &BStr, refspecs: &[BString]) -> Result<Pushed> {
    let mut git = configured(folder);
    git.args(["-c", "color.remote=never", "push", "--atomic", "--porcelain", "--no-follow-tags"]);
    git.args(["--recurse-submodules=no", quiet(), "--"]).arg(word(remote));
    let heard = run(git.args(refspecs.iter().map(|refspec| word(refspec))))?;
    Ok(Pushed {
        ok: heard.code == Some(0),
        rejected: heard.out.lines().any(|line| line.starts_with(b"!\t")),
        answer: heard.answer(),
        said: heard.own(),
    })
}

/// What git is told of its progress: a person sees it, a log does not.
fn quiet() -> &'static str {
    if std::io::stderr().is_terminal() { "--progress" } else { "--no-progress" }
}

fn word(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

/// What a git process said.
struct Heard {
    code: Option<i32>,
    out: Vec<u8>,
    words: Vec<u8>,
}

impl Heard {
    /// What came from the other side. Git pads the lines, to wipe a progress meter that may stand there.
    fn answer(&self) -> Vec<String> {
        let lines = self.words.lines().filter_map(|line| line.strip_prefix(b"remote:"));
        let shown =
            |line: &[u8]| escape::printable(line.strip_prefix(b" ").unwrap_or(line).trim_end().to_str_lossy().as_ref());
        lines.filter(|line| !line.contains(&b'\r')).map(shown).collect()
    }

    fn own(&self) -> String {
        let lines = self.words.lines().filter(|line| !line.starts_with(b"remote:") && !line.contains(&b'\r'));
        let lines: Vec<_> = lines.map(|line| line.to_str_lossy()).filter(|line| !line.trim().is_empty()).collect();
        escape::one_line(&lines.join("; "))
    }

    /// A ref of the remote is no fast forward of the one that is here: git is asked to speak English.
    fn diverges(&self) -> bool {
        self.words.lines().any(|line| line.starts_with(b" ! [rejected]") && line.contains_str("(non-fast-forward)"))
    }

    fn all(&self) -> String {
        let answer = self.answer().join("; ");
        if answer.is_empty() { self.own() } else { format!("{}; {answer}", self.own()) }
    }
}

/// Runs git and keeps what it says. Its progress goes on to a person who watches.
fn run(git: &mut Command) -> Result<Heard> {
    let failed = |error: std::io::Error| {
        Error::usage(format!("git cannot be started: {error}")).help("install git, and put it on the PATH")
    };
    git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = git.spawn().map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let read = std::thread::spawn(move || {
        let mut out = Vec::new();
        stdout.map(|mut stdout| stdout.read_to_end(&mut out)).transpose().map(|_| out)
    });
    let mut words = Vec::new();
    if let Some(stderr) = stderr {
        words = listen(BufReader::new(stderr))?;
    }
    let code = child.wait()?.code();
    let out = read.join().map_err(|_| Error::undecided("what git said was lost"))??;
    Ok(Heard { code, out, words })
}

/// Reads to the end, piece by piece: pieces end where a line does, or where a meter goes back to its beginning.
fn listen(mut from: impl std::io::BufRead) -> Result<Vec<u8>> {
    let watched = std::io::stderr().is_terminal();
    let (mut words, mut piece) = (Vec::new(), Vec::new());
    loop {
        let some = from.fill_buf()?;
        if some.is_empty() {
            return Ok([words, piece].concat());
        }
        let end = memchr2(b'\r', b'\n', some);
        let (taken, _) = some.split_at(end.map_or(some.len(), |end| end + 1));
        let room = MOST_WORDS.saturating_sub(words.len() + piece.len());
        piece.extend(taken.iter().take(room));
        let length = taken.len();
        from.consume(length);
        if end.is_some() {
            let meter = piece.ends_with(b"\r");
            // What the server answers is told when all is done.
            if watched && (meter || !piece.starts_with(b"remote:")) {
                let text = escape::printable(piece.trim_end().to_str_lossy().as_ref());
                write!(std::io::stderr(), "{text}{}", if meter { '\r' } else { '\n' })?;
            }
            if !meter {
                words.append(&mut piece);
            }
            piece.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(words: &str) -> Heard {
        Heard { code: Some(1), out: Vec::new(), words: listen(words.as_bytes()).unwrap() }
    }

    #[test]
    fn the_servers_lines_and_gits_own_are_told_apart_and_meters_are_neither() {
        let words = "remote: Counting: 1%\rremote: Counting: 100%, done.\nWriting: 5%\rWriting: 100%\n\
                     remote: refgate: REFUSED        \nremote:         \nremote:   rule\u{1b}[31m\n\
                     error: failed to push some refs\n";
        let heard = heard(words);
        assert_eq!(heard.answer(), ["Counting: 100%, done.", "refgate: REFUSED", "", "  rule\\033[31m"]);
        assert_eq!(heard.own(), "Writing: 100%; error: failed to push some refs");
    }

    #[test]
    fn what_has_no_end_is_kept_to_a_bound() {
        assert_eq!(heard("fatal: no line").own(), "fatal: no line");
        let long = "x".repeat(MOST_WORDS * 2);
        assert_eq!(heard(&long).words.len(), MOST_WORDS);
        let many = "remote: y\n".repeat(MOST_WORDS / 5);
        assert_eq!(heard(&many).words.len(), MOST_WORDS);
    }
}
