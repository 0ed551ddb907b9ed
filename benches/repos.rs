//! The repositories that are measured, made by `git fast-import` and the same each time: a client that holds
//! everything, a server that holds the trunk, and for each push a quarantine as `git receive-pack` would make it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::measure::Job;
use crate::corpus::{Fallible, process};

/// How much is made.
pub(crate) struct Size {
    /// Paths of the middling and of the large repository.
    pub(crate) paths: [usize; 2],
    /// New commits in the long push.
    pub(crate) commits: usize,
    /// New commits in the push with merges, of which each third is one.
    pub(crate) merging: usize,
    /// Refs in the broad push.
    pub(crate) refs: usize,
}

/// A client and its server.
pub(crate) struct Pair {
    pub(crate) client: PathBuf,
    pub(crate) server: PathBuf,
    folder: PathBuf,
    base: String,
}

/// A push that has reached the server and waits for the hook.
pub(crate) struct Push {
    quarantine: PathBuf,
    /// The lines for the hook.
    pub(crate) updates: PathBuf,
    /// The tips alone, as `git rev-list --stdin` reads them.
    pub(crate) tips: PathBuf,
}

impl Push {
    /// A job on the server that sees the quarantine, as a hook does.
    pub(crate) fn sees(&self, job: Job, server: &Path) -> Job {
        job.env("GIT_DIR", ".")
            .env("GIT_OBJECT_DIRECTORY", &self.quarantine)
            .env("GIT_QUARANTINE_PATH", &self.quarantine)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", server.join("objects"))
    }
}

const EPOCH: usize = 1_700_000_000;

impl Pair {
    /// Makes the two below `folder`, with `paths` paths on the trunk, or takes them as an earlier run left them.
    pub(crate) fn make(folder: &Path, paths: usize) -> Fallible<Self> {
        Self::of(folder, &format!("{paths} paths"), || trunk(paths))
    }

    /// Makes the two with a trunk of one's own.
    pub(crate) fn of(folder: &Path, what: &str, trunk: impl FnOnce() -> String) -> Fallible<Self> {
        let (client, server) = (folder.join("client"), folder.join("server.git"));
        let done = folder.join("done");
        if !done.exists() {
            eprintln!("making a repository with {what}");
            let _ = fs_err::remove_dir_all(folder);
            fs_err::create_dir_all(folder).map_err(|error| error.to_string())?;
            git(folder, &["init", "-q", "-b", "main", "client"], "")?;
            git(folder, &["init", "-q", "--bare", "-b", "main", "server.git"], "")?;
            git(&client, &["fast-import", "--quiet"], &trunk())?;
            git(&client, &["push", "-q", "../server.git", "main"], "")?;
            git(&server, &["repack", "-adq"], "")?;
            git(&server, &["multi-pack-index", "write"], "")?;
            fs_err::write(&done, "").map_err(|error| error.to_string())?;
        }
        let base = git(&client, &["rev-parse", "main"], "")?;
        Ok(Self { client, server, folder: folder.to_owned(), base })
    }

    /// Pushes what `stream` makes on top of the trunk: everything below `refs/heads/<name>`.
    pub(crate) fn push(&self, name: &str, stream: &str) -> Fallible<Push> {
        let file = |ending: &str| self.folder.join(format!("{}.{ending}", name.replace('/', "-")));
        let push = Push { updates: file("updates"), tips: file("tips"), quarantine: file("incoming") };
        if push.updates.exists() {
            return Ok(push);
        }
        eprintln!("making the push {name}");
        git(&self.client, &["fast-import", "--quiet", "--force"], stream)?;
        let refs = format!("refs/heads/{name}");
        let lines = git(&self.client, &["for-each-ref", "--format=%(objectname) %(refname)", &refs], "")?;
        let tips = lines.lines().filter_map(|line| line.split(' ').next());
        let tips: String = tips.map(|tip| format!("{tip}\n")).collect();
        // As `git push` sends new work and `git receive-pack` takes it; the deltas that fast-import made are no model.
        let args = ["pack-objects", "--revs", "--stdout", "--thin", "--delta-base-offset", "--no-reuse-delta", "-q"];
        let wanted = format!("{tips}^{}\n", self.base);
        let pack = must(git_command(&self.client, &args), wanted.as_bytes())?;
        fs_err::create_dir_all(push.quarantine.join("pack")).map_err(|error| error.to_string())?;
        let mut taking = git_command(&self.server, &["index-pack", "--stdin", "--fix-thin"]);
        taking
            .env("GIT_OBJECT_DIRECTORY", &push.quarantine)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.server.join("objects"));
        must(taking, &pack)?;
        let zero = "0".repeat(self.base.len());
        let updates: String = lines.lines().map(|line| format!("{zero} {line}\n")).collect();
        fs_err::write(&push.tips, tips).map_err(|error| error.to_string())?;
        fs_err::write(&push.updates, updates).map_err(|error| error.to_string())?;
        Ok(push)
    }

    /// A finished task that the server holds on its branch, and the push that takes it up into the trunk.
    pub(crate) fn promote(&self, task: &str, files: &[(String, String)]) -> Fallible<Push> {
        let branch = format!("autoTest/{task}");
        let mut stream = String::from("feature done\n");
        commit(&mut stream, &branch, 1, &["refs/heads/main^0"]);
        files.iter().for_each(|(path, text)| write_file(&mut stream, path, text));
        stream.push_str("done\n");
        let push = self.push(&branch, &stream)?;
        git(&self.client, &["push", "-q", "../server.git", &branch], "")?;
        let update = format!("{} {} refs/heads/main\n", self.base, git(&self.client, &["rev-parse", &branch], "")?);
        fs_err::write(&push.updates, update).map_err(|error| error.to_string())?;
        Ok(push)
    }

    /// The trunk's commit.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// A clone of the server on a branch of its own, with `count` changed files staged.
    pub(crate) fn staged(&self, count: usize, paths: usize) -> Fallible<PathBuf> {
        let (work, done) = (self.folder.join("work"), self.folder.join("staged"));
        if done.exists() {
            return Ok(work);
        }
        let _ = fs_err::remove_dir_all(&work);
        git(&self.folder, &["clone", "-q", "server.git", "work"], "")?;
        git(&work, &["checkout", "-q", "-b", "topic"], "")?;
        for number in 0..count {
            let path = some(number, paths);
            fs_err::write(work.join(&path), "changed\n").map_err(|error| error.to_string())?;
            git(&work, &["add", &path], "")?;
        }
        fs_err::write(&done, "").map_err(|error| error.to_string())?;
        Ok(work)
    }
}

fn git_command(folder: &Path, args: &[&str]) -> std::process::Command {
    let mut command = process::command("git");
    command.current_dir(folder).args(args);
    command
}

fn must(mut command: std::process::Command, input: &[u8]) -> Fallible<Vec<u8>> {
    process::must(&mut command, input)
}

/// Runs git in a folder; what it said.
pub(crate) fn git(folder: &Path, args: &[&str], input: &str) -> Fallible<String> {
    let said = must(git_command(folder, args), input.as_bytes())?;
    Ok(String::from_utf8_lossy(&said).trim_end().to_owned())
}

/// A hundred files a folder, a hundred folders a folder, as large repositories have it.
fn path(number: usize) -> String {
    format!("src/a{:03}/b{:02}/file{:02}.rs", number / 10_000, number / 100 % 100, number % 100)
}

fn trunk(paths: usize) -> String {
    let mut stream = String::from("feature done\n");
    for blob in 1..=50 {
        let text = format!("fn number() -> u32 {{\n    {blob}\n}}\n").repeat(blob % 7 + 1);
        let _ = write!(stream, "blob\nmark :{blob}\ndata {}\n{text}\n", text.len());
    }
    commit(&mut stream, "main", 0, &[]);
    write_file(&mut stream, "docs/guide.md", "Read this.\n");
    for number in 0..paths {
        // Mixed, so that no two folders are the same tree.
        let blob = number.wrapping_mul(2_654_435_761) / 128 % 50 + 1;
        let _ = writeln!(stream, "M 100644 :{blob} {}", path(number));
    }
    stream.push_str("\ndone\n");
    stream
}

pub(crate) fn commit(stream: &mut String, branch: &str, number: usize, parents: &[&str]) {
    let (date, text) = (EPOCH + number * 60, format!("Change number {number}\n"));
    let _ = write!(stream, "commit refs/heads/{branch}\nmark :{}\n", 1000 + number);
    let _ = write!(stream, "committer A <a@example.com> {date} +0000\ndata {}\n{text}", text.len());
    for (index, parent) in parents.iter().enumerate() {
        let _ = writeln!(stream, "{} {parent}", if index == 0 { "from" } else { "merge" });
    }
}

pub(crate) fn write_file(stream: &mut String, path: &str, text: &str) {
    let _ = write!(stream, "M 100644 inline {path}\ndata {}\n{text}\n", text.len());
}

/// Some file of the trunk, another one for each number.
fn some(number: usize, paths: usize) -> String {
    path(number.wrapping_mul(2_654_435_761) % paths)
}

/// `count` commits in a row on the trunk, each with one, two or three files changed.
pub(crate) fn history(name: &str, count: usize, paths: usize) -> String {
    let mut stream = String::from("feature done\n");
    for number in 1..=count {
        let before = format!(":{}", 999 + number);
        commit(&mut stream, name, number, &[if number == 1 { "refs/heads/main^0" } else { &before }]);
        for file in 0..=number % 3 {
            write_file(&mut stream, &some(number * 3 + file, paths), &format!("let change = {number};\n"));
        }
    }
    stream.push_str("done\n");
    stream
}

/// `count` commits: a change, another one beside it, and the merge of the two, again and again.
pub(crate) fn merges(name: &str, count: usize, paths: usize) -> String {
    let mut stream = String::from("feature done\n");
    for number in (1..count).step_by(3) {
        let mark = |number: usize| format!(":{}", 1000 + number);
        let before = if number == 1 { "refs/heads/main^0".to_owned() } else { mark(number - 1) };
        for side in [number, number + 1] {
            commit(&mut stream, name, side, &[&before]);
            write_file(&mut stream, &some(side, paths), &format!("let change = {side};\n"));
        }
        commit(&mut stream, name, number + 2, &[&mark(number), &mark(number + 1)]);
        write_file(&mut stream, &some(number + 1, paths), &format!("let change = {};\n", number + 1));
    }
    stream.push_str("done\n");
    stream
}

/// `count` branches, each one commit away from the trunk.
pub(crate) fn branches(name: &str, count: usize, paths: usize) -> String {
    let mut stream = String::from("feature done\n");
    for number in 1..=count {
        commit(&mut stream, &format!("{name}/b{number:05}"), number, &["refs/heads/main^0"]);
        write_file(&mut stream, &some(number, paths), &format!("let change = {number};\n"));
    }
    stream.push_str("done\n");
    stream
}
