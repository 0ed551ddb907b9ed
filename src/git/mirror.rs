//! A ref that only the server moves, one commit at a time: the ledger's. By git's own fast-import, which writes the
//! objects and moves the ref in one process, in any format of objects and refs, and only forward.

use std::io::Write as _;
use std::process::Stdio;

use bstr::{BStr, BString, ByteSlice as _};

use super::repo::{Repo, command};
use crate::error::{Error, Result};
use crate::oid::Oid;

impl Repo {
    /// Puts a commit that holds `files` on top of what the ref `name` held at `old`. No decision rests on it.
    ///
    /// # Errors
    /// Git fails, or the ref stands elsewhere meanwhile.
    pub fn advance(
        &self,
        name: &BStr,
        old: Option<Oid>,
        files: &[(&str, &[u8])],
        message: &str,
        now: jiff::Timestamp,
    ) -> Result<()> {
        let mut git = command(self.common_dir());
        git.args(["fast-import", "--quiet", "--done", "--date-format=raw"]);
        git.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let failed = |why: &str| Error::undecided(format!("{} does not move: {why}", name.to_str_lossy()));
        let mut process = git.spawn().map_err(|error| failed(&format!("git cannot be started: {error}")))?;
        // What git says of a stream that it does not take is more than that it closed it.
        let written = process.stdin.take().map(|mut input| input.write_all(&stream(name, old, files, message, now)));
        let output = process.wait_with_output()?;
        let said = output.stderr.lines().next().unwrap_or_default().to_str_lossy().into_owned();
        match (output.status.success(), written) {
            (true, Some(Ok(()))) => Ok(()),
            (true, _) => Err(failed("git did not take all of it")),
            (false, _) => Err(failed(&crate::escape::one_line(&said))),
        }
    }
}

/// git-fast-import(1).
fn stream(name: &BStr, old: Option<Oid>, files: &[(&str, &[u8])], message: &str, now: jiff::Timestamp) -> BString {
    let mut stream = BString::default();
    let mut line = |text: String| stream.extend(text.bytes());
    line(format!("commit {name}\ncommitter refgate <refgate> {} +0000\n", now.as_second()));
    line(format!("data {}\n{message}\n", message.len()));
    line(old.map(|old| format!("from {old}\n")).unwrap_or_default());
    line("deleteall\n".to_owned());
    for (path, content) in files {
        stream.extend(format!("M 100644 inline {path}\ndata {}\n", content.len()).bytes());
        stream.extend_from_slice(content);
        stream.push(b'\n');
    }
    stream.extend(b"done\n");
    stream
}
