//! The receiving repository: its refs before the push, nothing but the objects they reach, and a hook at the door.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::build::{Built, Update};
use super::case::{Format, ServerKind};
use super::{Context, Fallible, process};

/// A repository that receives.
pub(crate) struct Server {
    /// What the client names.
    pub(crate) url: PathBuf,
    /// The repository's Git directory.
    pub(crate) git_dir: PathBuf,
    /// The folder that holds all of it, work tree included.
    root: PathBuf,
    format: Format,
}

/// Makes an empty bare repository without asking Git's templates or configuration.
pub(crate) fn init(git_dir: &Path, format: Format, reftable: bool) -> Fallible<()> {
    if reftable {
        let object_format = format!("--object-format={}", format.name());
        let mut command = process::command("git");
        command.args(["init", "-q", "--bare", "--template=", "--ref-format=reftable", "-b", "main", &object_format]);
        process::must(command.arg(git_dir), b"").context(|| "reftable needs Git 2.45 or newer".into())?;
        return Ok(());
    }
    for folder in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "hooks", "info"] {
        write_dir(&git_dir.join(folder))?;
    }
    write(&git_dir.join("HEAD"), b"ref: refs/heads/main\n")?;
    let version = match format {
        Format::Sha1 => "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
        Format::Sha256 => {
            "[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n"
        }
    };
    write(&git_dir.join("config"), version.as_bytes())
}

impl Server {
    /// A server of the given shape that holds the case's refs.
    pub(crate) fn create(folder: &Path, kind: ServerKind, built: &Built) -> Fallible<Self> {
        let root = folder.join("server");
        let git_dir = if kind == ServerKind::NonBare { root.join(".git") } else { root.clone() };
        init(&git_dir, built.format, kind == ServerKind::Reftable)?;
        let mut url = root.clone();
        let mut pool = git_dir.clone();
        match kind {
            ServerKind::Symlink => {
                url = folder.join("link");
                fs_err::os::unix::fs::symlink(&root, &url).map_err(|error| error.to_string())?;
            }
            ServerKind::Alternates => {
                pool = folder.join("pool.git");
                init(&pool, built.format, false)?;
                let objects = format!("{}\n", pool.join("objects").display());
                write(&git_dir.join("objects/info/alternates"), objects.as_bytes())?;
            }
            ServerKind::NonBare => {
                process::must(&mut process::git(&git_dir, &["config", "core.bare", "false"]), b"")?;
            }
            ServerKind::Bare | ServerKind::Reftable => {}
        }
        let settings = "[receive]\n\tautogc = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";
        let config = git_dir.join("config");
        let text = fs_err::read_to_string(&config).map_err(|error| error.to_string())?;
        write(&config, format!("{text}{settings}").as_bytes())?;

        let server = Self { url, git_dir, root, format: built.format };
        if !built.refs.is_empty() {
            let tips = built.refs.iter().map(|(_, oid)| format!("{oid}\n")).collect::<String>();
            unpack(&pool, &pack(&built.store, tips.as_bytes())?)?;
            server.write_refs(kind, &built.refs)?;
        }
        if kind == ServerKind::NonBare && !built.refs.is_empty() {
            let mut command = process::command("git");
            command.current_dir(&server.root).args(["reset", "-q", "--hard"]);
            process::must(&mut command, b"")?;
        }
        Ok(server)
    }

    fn write_refs(&self, kind: ServerKind, refs: &[(Vec<u8>, String)]) -> Fallible<()> {
        let mut text = Vec::new();
        for (name, oid) in refs {
            match kind {
                ServerKind::Reftable => {
                    text.extend_from_slice(b"create ");
                    text.extend_from_slice(name);
                    text.extend_from_slice(format!(" {oid}\n").as_bytes());
                }
                _ => {
                    text.extend_from_slice(format!("{oid} ").as_bytes());
                    text.extend_from_slice(name);
                    text.push(b'\n');
                }
            }
        }
        if kind == ServerKind::Reftable {
            return process::must(&mut process::git(&self.git_dir, &["update-ref", "--stdin"]), &text).map(|_| ());
        }
        write(&self.git_dir.join("packed-refs"), &text)
    }

    /// Puts a hook at the door: a shell command whose output and exit status are kept beside the repository.
    pub(crate) fn guard(&self, hook: &str) -> Fallible<Guard> {
        let said = self.root.with_extension("said");
        let status = self.root.with_extension("status");
        let shim = format!(
            "#!/bin/sh\n{hook} >'{}'\nstatus=$?\necho $status >'{}'\nexit $status\n",
            said.display(),
            status.display()
        );
        let path = self.git_dir.join("hooks/pre-receive");
        write_dir(&self.git_dir.join("hooks"))?;
        write(&path, shim.as_bytes())?;
        make_executable(&path)?;
        Ok(Guard { said, status })
    }

    /// Another copy of the server, with the pushed objects in it but no ref moved: what a judge without Git's
    /// quarantine sees.
    pub(crate) fn copy_with_pack(&self, folder: &Path, pack: Option<&[u8]>) -> Fallible<PathBuf> {
        let copy = folder.join("copy");
        copy_folder(&self.root, &copy)?;
        let below = self.git_dir.strip_prefix(&self.root).map_err(|error| error.to_string())?;
        let git_dir = if below.as_os_str().is_empty() { copy } else { copy.join(below) };
        if let Some(pack) = pack {
            unpack(&git_dir, pack)?;
        }
        Ok(git_dir)
    }

    /// What the server holds at each of these refs now.
    pub(crate) fn values(&self, updates: &[Update]) -> Fallible<Vec<String>> {
        let mut command = process::git(&self.git_dir, &["for-each-ref", "--format=%(objectname) %(refname)"]);
        let output = process::must(&mut command, b"")?;
        let lines = output.split(|byte| *byte == b'\n').filter_map(|line| {
            let space = line.iter().position(|byte| *byte == b' ')?;
            Some((&line[space + 1..], String::from_utf8_lossy(&line[..space]).into_owned()))
        });
        let held = lines.collect::<std::collections::HashMap<_, _>>();
        let zero = self.format.zero();
        Ok(updates.iter().map(|update| held.get(&update.name[..]).unwrap_or(&zero).clone()).collect())
    }
}

/// Where the hook's words and exit status are kept.
pub(crate) struct Guard {
    said: PathBuf,
    status: PathBuf,
}

impl Guard {
    /// The hook's standard output and exit status; `None` when Git never started it.
    pub(crate) fn heard(&self) -> Option<(String, i32)> {
        let status = fs_err::read_to_string(&self.status).ok()?.trim().parse().ok()?;
        let said = fs_err::read(&self.said).unwrap_or_default();
        Some((String::from_utf8_lossy(&said).into_owned(), status))
    }
}

/// A pack of what the revisions reach; lines as `git pack-objects --revs` reads them.
pub(crate) fn pack(store: &Path, revisions: &[u8]) -> Fallible<Vec<u8>> {
    let args = ["pack-objects", "--revs", "--stdout", "-q", "--threads=1", "--window=0"];
    process::must(&mut process::git(store, &args), revisions)
}

fn unpack(git_dir: &Path, pack: &[u8]) -> Fallible<()> {
    process::must(&mut process::git(git_dir, &["index-pack", "--stdin", "--threads=1"]), pack).map(|_| ())
}

fn copy_folder(from: &Path, to: &Path) -> Fallible<()> {
    write_dir(to)?;
    for entry in fs_err::read_dir(from).map_err(|error| error.to_string())? {
        let entry = entry.map_err(|error| error.to_string())?;
        let target = to.join(entry.file_name());
        if entry.file_type().map_err(|error| error.to_string())?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs_err::copy(entry.path(), target).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

/// Lets everyone run a file.
pub(crate) fn make_executable(path: &Path) -> Fallible<()> {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())
}

fn write(path: &Path, bytes: &[u8]) -> Fallible<()> {
    fs_err::write(path, bytes).map_err(|error| error.to_string())
}

fn write_dir(path: &Path) -> Fallible<()> {
    fs_err::create_dir_all(path).map_err(|error| error.to_string())
}
