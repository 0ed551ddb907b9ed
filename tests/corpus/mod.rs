//! The corpus: cases in `fixtures/cases/**.toml`, each a server, a push and the verdict that is due.
//!
//! `case` is the file format, `spell` its escapes, `tree`, `trace`, `sign` and `build` make the objects, `server` and `wire`
//! are the two ends of a push, `run` plays a case against a hook, `expect` compares what came out with what is due.
//! Nothing in here knows `refgate`'s rules; the integration test and the `score` example both stand on it.

pub(crate) mod build;
pub(crate) mod case;
pub(crate) mod expect;
pub(crate) mod process;
pub(crate) mod run;
pub(crate) mod server;
pub(crate) mod sign;
pub(crate) mod spell;
pub(crate) mod trace;
pub(crate) mod tree;
pub(crate) mod wire;

use std::path::{Path, PathBuf};

/// A result whose error is a sentence for the person who reads the test log.
pub(crate) type Fallible<T> = Result<T, String>;

/// Adds what was being done to an error.
pub(crate) trait Context<T> {
    fn context(self, doing: impl FnOnce() -> String) -> Fallible<T>;
}

impl<T, E: std::fmt::Display> Context<T> for Result<T, E> {
    fn context(self, doing: impl FnOnce() -> String) -> Fallible<T> {
        self.map_err(|error| format!("{}: {error}", doing()))
    }
}

/// One case file, parsed.
pub(crate) struct Loaded {
    /// The folder below `fixtures/cases`.
    pub(crate) area: String,
    /// The path below the repository's root, for messages.
    pub(crate) file: String,
    pub(crate) case: case::Case,
}

/// Every case below `fixtures/cases`, sorted by path. A file that does not parse is an error of its own.
pub(crate) fn load_all() -> Vec<Result<Loaded, String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("fixtures/cases"), &mut files);
    files.sort();
    files.iter().map(|path| load(root, path)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs_err::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
}

fn load(root: &Path, path: &Path) -> Result<Loaded, String> {
    let file = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let text = fs_err::read_to_string(path).map_err(|error| error.to_string())?;
    let case = toml::from_str(&text).context(|| file.clone())?;
    let area = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    Ok(Loaded { area, file, case })
}
