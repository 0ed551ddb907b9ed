//! What a person's command leaves in the repository: trees that were made in memory, and commits in the person's name.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use bstr::ByteSlice as _;

use super::config::configured;
use super::repo::{Repo, from_gix, to_gix};
use super::tree::Entries;
use crate::error::{Error, Result};
use crate::escape;
use crate::oid::Oid;

impl Repo {
    /// Writes a tree that was made in memory, and what was made with it, into the repository's own store.
    ///
    /// # Errors
    /// Git cannot write there.
    pub fn keep(&self, tree: Oid) -> Result<()> {
        let memory = self.gix.objects.clone().take_object_memory().unwrap_or_default();
        let folder = tempfile::Builder::new().prefix("refgate-tree-").tempdir()?;
        let mut files: BTreeMap<&str, Vec<Oid>> = BTreeMap::new();
        let (mut open, mut seen) = (vec![tree], BTreeSet::from([tree]));
        while let Some(oid) = open.pop() {
            let Some((kind, bytes)) = memory.get(&to_gix(oid)) else { continue };
            fs_err::write(folder.path().join(oid.to_string()), bytes)?;
            match kind {
                gix::objs::Kind::Tree => {
                    files.entry("tree").or_default().push(oid);
                    for entry in Entries::new(self, oid, bytes) {
                        open.extend(Some(from_gix(entry?.oid)?).filter(|oid| seen.insert(*oid)));
                    }
                }
                _ => files.entry("blob").or_default().push(oid),
            }
        }
        // Blobs come first by their name: nothing is ever named before it is there.
        for (kind, oids) in files {
            let paths: String = oids.iter().map(|oid| format!("{oid}\n")).collect();
            let mut git = configured(folder.path());
            git.arg("--git-dir").arg(self.common_dir());
            git.args(["hash-object", "-w", "--no-filters", "--stdin-paths", "-t", kind]);
            if fed(&mut git, paths.as_bytes())? != paths.trim_end() {
                return Err(Error::undecided("git wrote other objects than were made"));
            }
        }
        Ok(())
    }
}

/// How a commit is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing<'k> {
    /// Not at all.
    Never,
    /// As Git is configured to sign.
    AsConfigured,
    /// With an SSH key, which is what the gate reads: this one, else the one that Git would sign with.
    Ssh(Option<&'k Path>),
}

/// Makes a commit as the person who works in `folder`: author and committer are who Git says they are.
///
/// # Errors
/// Git does not know the person, or cannot sign or write.
pub fn commit(folder: &Path, tree: Oid, parents: &[Oid], message: &str, signing: Signing<'_>) -> Result<Oid> {
    let mut git = configured(folder);
    git.args(["-c", "i18n.commitEncoding=UTF-8"]);
    if let Signing::Ssh(key) = signing {
        git.args(["-c", "gpg.format=ssh"]);
        if let Some(key) = key {
            let mut setting = OsString::from("user.signingKey=");
            setting.push(fs_err::canonicalize(key)?);
            git.arg("-c").arg(setting);
        }
    }
    git.args(["commit-tree", if signing == Signing::Never { "--no-gpg-sign" } else { "--gpg-sign" }]);
    for parent in parents {
        git.args(["-p", &parent.to_string()]);
    }
    let made = fed(git.args(["-F", "-", &tree.to_string()]), message.as_bytes()).map_err(|error| {
        let help = signing_help(&error.message).unwrap_or_default();
        error.help(help)
    })?;
    Oid::from_hex(made.as_bytes()).ok_or_else(|| Error::undecided("git commit-tree named no commit"))
}

/// What to look at where Git's own words, which are all that it has for it, say that it could not sign, or could not say
/// whose signature it saw.
pub fn signing_help(words: &str) -> Option<&'static str> {
    let of_signing = [
        "failed to sign",
        "failed to get the ssh fingerprint",
        "Couldn't load public key",
        "Load key ",
        "No private key found",
        "No secret key",
        "cannot run gpg",
        "cannot run ssh-keygen",
        "signing failed",
        "ssh-keygen -Y sign",
        "user.signingKey",
        "user.signingkey",
        "gpg.ssh.defaultKeyCommand",
        "gpg.format",
    ];
    // A hook may not be startable either.
    let unstarted = words.contains("cannot exec") && words.contains("failed to write commit object");
    if unstarted || of_signing.iter().any(|said| words.contains(said)) {
        return Some(
            "Git signs here and could not: git config --get-regexp '^(gpg|user.signingkey)' says by what and with which \
             key; of an SSH key (gpg.format ssh) the file must be there, and its private half beside it or in the agent \
             (ssh-add -L); of an OpenPGP key gpg --list-secret-keys must list it",
        );
    }
    words.contains("gpg.ssh.allowedSignersFile").then_some(
        "git config gpg.ssh.allowedSignersFile FILE names the signers by which Git itself looks at SSH signatures; the \
         gate reads its own, so nothing is refused for want of it",
    )
}

/// What git answers to what it is given to read, without the last line's end.
fn fed(git: &mut Command, input: &[u8]) -> Result<String> {
    let failed = |error: std::io::Error| Error::usage(format!("git cannot be run: {error}"));
    git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = git.spawn().map_err(failed)?;
    let input = input.to_vec();
    let stdin = child.stdin.take();
    // Git may answer before it has read all.
    let feed = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&input)).transpose());
    let output = child.wait_with_output().map_err(failed)?;
    if !output.status.success() {
        return Err(Error::usage(format!("git failed: {}", escape::one_line(&output.stderr.to_str_lossy()))));
    }
    feed.join().map_err(|_| Error::undecided("git was not given all"))?.map_err(failed)?;
    Ok(output.stdout.trim_end().to_str_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_of_signatures_comes_with_what_to_look_at() {
        let allowed =
            "error: gpg.ssh.allowedSignersFile needs to be configured and exist for ssh signature verification";
        assert!(signing_help(allowed).unwrap().starts_with("git config gpg.ssh.allowedSignersFile FILE"));
        for words in [
            "error: Couldn't load public key /k.pub: No such file or directory?; fatal: failed to write commit object",
            "fatal: failed to get the ssh fingerprint for key '/k.pub': Success",
            "error: gpg failed to sign the data:; gpg: skipped \"a\": No secret key",
            "fatal: cannot exec '/none': No such file or directory; fatal: failed to sign the push certificate",
            "fatal: cannot exec '/none': No such file or directory; error: ; fatal: failed to write commit object",
            "error: either user.signingkey or gpg.ssh.defaultKeyCommand needs to be configured",
            &format!("{allowed}; fatal: failed to sign the push certificate"),
        ] {
            assert!(signing_help(words).unwrap().contains("ssh-add -L"), "{words}");
        }
        let hook =
            "fatal: cannot exec '.git/hooks/pre-push': No such file or directory; error: failed to push some refs";
        for words in ["", "fatal: bad object", "fatal: failed to write commit object", hook] {
            assert_eq!(signing_help(words), None, "{words}");
        }
    }
}
