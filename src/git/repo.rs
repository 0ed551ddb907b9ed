//! Opening a repository the way a gate must: isolated from configuration of the user and the system, without replace
//! refs and grafts, quarantine and every alternate included.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use bstr::BString;
use gix::ObjectId;

use super::odb;
use super::walk::Node;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::oid::{ObjectFormat, Oid};

/// An open repository. Objects written through it (merges, the staged tree) stay in memory.
pub struct Repo {
    pub(super) gix: gix::Repository,
    pub(super) graph: OnceCell<Option<gix::commitgraph::Graph>>,
    pub(super) shallow: OnceCell<HashSet<Oid>>,
    pub(super) nodes: RefCell<HashMap<Oid, Arc<Node>>>,
    /// In a handle that numbered a stretch of history ([`Repo::number`]): the newest date of what is below it.
    pub(super) below: Option<i64>,
    pub(super) format: ObjectFormat,
    objects_dir: PathBuf,
    // Holds the overlay object directory of a repository with alternates; removed when the repository is closed.
    overlay: Option<Arc<tempfile::TempDir>>,
}

impl Repo {
    /// Opens the repository that Git started a hook in: `GIT_DIR`, else the one around the current directory.
    ///
    /// # Errors
    /// No repository there, or one in a format that gix cannot read.
    pub fn open_hook(env: &Env) -> Result<Self> {
        match &env.git_dir {
            Some(dir) => Self::open_git_dir(Path::new(dir), env),
            None => Self::discover(Path::new("."), env),
        }
    }

    /// Opens the repository at or above `path`.
    ///
    /// # Errors
    /// As [`Repo::open_hook`].
    pub fn discover(path: &Path, env: &Env) -> Result<Self> {
        // Absolute, because gix takes a relative path that ends in `..` for another place.
        let path = &fs_err::canonicalize(path)?;
        let (found, _) = gix::discover::upwards(path).map_err(|error| open_error(path, &error))?;
        // Whoever owns it: gix would leave a stranger's configuration out, and with it the remotes; nothing that it
        // names is ever run here.
        let (git_dir, _) = found.into_repository_and_work_tree_directories();
        let repo = options().open_path_as_is(true).open(git_dir).map_err(|error| open_error(path, &error))?;
        Self::new(repo.to_thread_local(), env)
    }

    fn open_git_dir(path: &Path, env: &Env) -> Result<Self> {
        // Absolute, because gix takes a bare `.` for a work tree, and Git starts its hooks with `GIT_DIR=.`.
        let whole = fs_err::canonicalize(path)?;
        let repo = options().open_path_as_is(true).open(whole).map_err(|error| open_error(path, &error))?;
        Self::new(repo.to_thread_local(), env)
    }

    fn new(mut gix: gix::Repository, env: &Env) -> Result<Self> {
        let format = match gix.object_hash() {
            gix::hash::Kind::Sha1 => ObjectFormat::Sha1,
            gix::hash::Kind::Sha256 => ObjectFormat::Sha256,
            _ => return Err(Error::undecided("this repository's object format is neither sha1 nor sha256")),
        };
        known_extensions(&gix)?;
        let objects_dir = gix.common_dir().join("objects");
        let sources = odb::Sources::find(&objects_dir, env)?;
        let (handle, overlay) = odb::open(&sources, env, gix.object_hash())?;
        gix.objects = gix::odb::memory::Proxy::new(handle, gix.object_hash());
        Ok(Self {
            gix,
            graph: OnceCell::new(),
            shallow: OnceCell::new(),
            nodes: RefCell::default(),
            below: None,
            format,
            objects_dir,
            overlay: overlay.map(Arc::new),
        })
    }

    /// The same repository for another thread, which has caches of its own; it sees what was written in memory so far.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            gix: self.gix.clone(),
            graph: OnceCell::new(),
            shallow: self.shallow.clone(),
            nodes: self.nodes.clone(),
            below: self.below,
            format: self.format,
            objects_dir: self.objects_dir.clone(),
            overlay: self.overlay.clone(),
        }
    }

    /// The same for a thread that looks at every object once: none is kept, but for the bases of others.
    #[must_use]
    pub fn fork_to_pass(&self) -> Self {
        let mut fork = self.fork();
        fork.gix.objects.unset_object_cache();
        fork
    }

    /// Gives back what merges took in memory: whoever rebuilds thousands of them asks for none again.
    pub fn forget_merges(&self) {
        drop(self.gix.objects.reset_object_memory());
    }

    /// The hash function that names this repository's objects.
    pub fn format(&self) -> ObjectFormat {
        self.format
    }

    /// The repository's own folder: `.git`, or the bare repository itself; shared between linked worktrees.
    pub fn common_dir(&self) -> &Path {
        self.gix.common_dir()
    }

    /// The commit-graph, or `None` where there is none or it cannot be read: it only makes walks faster.
    pub(super) fn commit_graph(&self) -> Option<&gix::commitgraph::Graph> {
        let load = || gix::commitgraph::Graph::at(&self.objects_dir.join("info"), self.gix.object_hash(), None).ok();
        self.graph.get_or_init(load).as_ref()
    }

    /// The commits whose parents a shallow clone left behind.
    pub(super) fn shallow_commits(&self) -> Result<&HashSet<Oid>> {
        if let Some(known) = self.shallow.get() {
            return Ok(known);
        }
        let commits = match fs_err::read(self.common_dir().join("shallow")) {
            Ok(text) => text.split(|byte| *byte == b'\n').filter_map(Oid::from_hex).collect(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => HashSet::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(self.shallow.get_or_init(|| commits))
    }

    /// What to do about an object that is not there.
    pub(super) fn missing_help(&self) -> &'static str {
        let config = self.gix.config_snapshot();
        let promises = |name: &BString| config.boolean(format!("remote.{name}.promisor").as_str()) == Some(true);
        if config.string("extensions.partialClone").is_some() || self.remotes().iter().any(promises) {
            "this is a partial clone, and refgate fetches nothing: judge in a full clone (git clone without --filter)"
        } else if self.shallow_commits().is_ok_and(|commits| !commits.is_empty()) {
            "this is a shallow clone: git fetch --unshallow (in CI: fetch-depth: 0)"
        } else {
            // Git lets no push through to the hook that lacks an object, but for what a shallow client leaves out.
            "a push from a shallow clone lacks its history: git fetch --unshallow there and push again; where it is not \
             shallow, look for the damage with git fsck --full"
        }
    }
}

/// What `extensions.*` may say without a change to how objects and refs are read, or with one that is met here.
const EXTENSIONS: [&str; 10] = [
    "compatobjectformat",
    "noop",
    "noop-v1",
    "objectformat",
    "partialclone",
    "preciousobjects",
    "refstorage",
    "relativeworktrees",
    "submodulepathconfig",
    "worktreeconfig",
];

/// gix reads on where an extension is unknown to it. Git stops there, and so must whoever judges: a newer Git may keep
/// its objects or refs in a way that looks empty from here.
fn known_extensions(gix: &gix::Repository) -> Result<()> {
    let config = gix.config_snapshot();
    if config.integer("core.repositoryFormatVersion").unwrap_or_default() < 1 {
        return Ok(());
    }
    let sections = config.plumbing().sections_by_name("extensions").into_iter().flatten();
    let mut names = sections.flat_map(|section| section.value_names().collect::<Vec<_>>());
    match names.find(|name| EXTENSIONS.iter().all(|known| !name.eq_ignore_ascii_case(known))) {
        Some(name) => Err(Error::undecided(format!(
            "this repository's format has the extension {}, which refgate does not know",
            escape::quote_path(name.as_bytes())
        ))
        .help("a newer refgate may know it; git config --get-regexp ^extensions shows all of them")),
        None => Ok(()),
    }
}

/// Strict, because gix otherwise takes a configuration that cannot be read for an empty one: then it would know nothing
/// of reftable.
fn options() -> gix::open::Options {
    let options = gix::open::Options::isolated().strict_config(true);
    options.with(gix::sec::Trust::Full).config_overrides(["core.useReplaceRefs=false"])
}

fn open_error(path: &Path, error: &dyn std::fmt::Display) -> Error {
    let path = escape::quote_path(path.as_os_str().as_encoded_bytes());
    Error::undecided(format!("{path} cannot be opened as a Git repository: {}", one_line(error)))
        .help("run refgate inside a repository, or name one with --repo DIR")
}

/// gix's errors may run over several lines and hold any bytes; ours may not.
pub(super) fn one_line(error: &dyn std::fmt::Display) -> String {
    escape::one_line(&error.to_string())
}

pub(super) fn to_gix(oid: Oid) -> ObjectId {
    ObjectId::from_bytes_or_panic(oid.as_bytes())
}

pub(super) fn from_gix(oid: &gix::oid) -> Result<Oid> {
    Oid::from_bytes(oid.as_bytes()).ok_or_else(|| Error::undecided("an object name of unknown length"))
}

/// What would lead git to another repository than the one that is named: `git rev-parse --local-env-vars`, and the namespace.
const LOCAL_VARIABLES: [&str; 16] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// A `git` process on `repo`, isolated like the rest. Only for what gix cannot do (ARCHITECTURE.md lists each use).
#[expect(clippy::disallowed_methods, reason = "the one place that makes git processes")]
pub fn command(git_dir: &Path) -> Command {
    let mut command = Command::new("git");
    for name in LOCAL_VARIABLES {
        command.env_remove(name);
    }
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C");
    // A judge fetches nothing.
    command.env("GIT_NO_LAZY_FETCH", "1");
    // Where another account owns the repository, whoever started us has trusted it already, by configuration that this
    // process does not see. What it is asked for runs nothing that the repository names.
    command.args(["-c", "safe.directory=*", "--git-dir"]).arg(git_dir);
    command
}
