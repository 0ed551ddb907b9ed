//! The object stores behind a repository, as one list.
//!
//! gix reads neither the quarantine variables of a push nor nested relative alternates (it resolves those against the
//! wrong folder). Both are met the same way: a small overlay object directory whose `info/alternates` names every
//! store by its absolute path. In a quarantine the overlay has a dot name, which git does not migrate, so nothing of
//! it is left whether the push is accepted, refused or killed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;
use gix::odb::pack::cache;

use super::repo::one_line;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;

/// A chain of alternates longer than this is a loop or an attack; git stops at 5.
const MAX_DEPTH: usize = 8;

/// Bytes of delta bases that are kept where trees of a whole history are walked.
const PACK_CACHE: usize = 24 * 1024 * 1024;
/// The same where blobs are read once, file by file: the deltas of one chain share bases, and memory that is touched for the
/// first time costs more than unpacking. A tenth of this, and every chain is followed anew for each of its blobs.
const PASSING_CACHE: usize = 2 * 1024 * 1024;
/// Bytes of whole objects that are kept.
const OBJECT_CACHE: usize = 8 * 1024 * 1024;
/// Blobs of so many bytes are not among them.
const LARGE: usize = 64 * 1024;

/// Every object store of a repository, absolute, each once, nearest first.
pub(super) struct Sources {
    dirs: Vec<PathBuf>,
    overlay: bool,
}

impl Sources {
    /// Collects the stores from the environment of a hook and from `info/alternates`, recursively.
    pub(super) fn find(objects_dir: &Path, env: &Env) -> Result<Self> {
        let mut found = Self { dirs: Vec::new(), overlay: false };
        let mut seen = HashSet::new();
        if let Some(quarantine) = &env.object_directory {
            found.overlay = true;
            found.add(Path::new(quarantine), &mut seen, 0)?;
        }
        if let Some(list) = &env.alternates {
            found.overlay = true;
            for entry in split_env(list.as_encoded_bytes())? {
                found.add(&entry, &mut seen, 0)?;
            }
        }
        found.add(objects_dir, &mut seen, 0)?;
        Ok(found)
    }

    fn add(&mut self, dir: &Path, seen: &mut HashSet<PathBuf>, depth: usize) -> Result<()> {
        let shown = || escape::quote_path(dir.as_os_str().as_encoded_bytes());
        if depth > MAX_DEPTH {
            return Err(Error::undecided(format!("the alternates of {} go deeper than {MAX_DEPTH}", shown()))
                .help("mend objects/info/alternates"));
        }
        let dir = fs_err::canonicalize(dir).map_err(|error| {
            Error::undecided(format!("an object directory cannot be reached: {error}"))
                .help("a container or sandbox around the hook must show it the same paths as git; mend info/alternates")
        })?;
        if !seen.insert(dir.clone()) {
            return Ok(());
        }
        let list = match fs_err::read(dir.join("info/alternates")) {
            Ok(list) => list,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        self.dirs.push(dir.clone());
        let entries = gix::odb::alternate::parse(&list).map_err(|error| {
            Error::undecided(format!("the alternates of {} cannot be read: {}", shown(), one_line(&error)))
        })?;
        for entry in entries {
            self.overlay = true;
            self.add(&dir.join(entry), seen, depth + 1)?;
        }
        Ok(())
    }
}

/// Keeps objects that are asked for again, but for large blobs: those rarely are, and a copy costs as much as reading one.
struct Kept(cache::object::MemoryCappedHashmap);

impl cache::Object for Kept {
    fn put(&mut self, id: gix::ObjectId, kind: gix::objs::Kind, data: &[u8]) {
        if kind != gix::objs::Kind::Blob || data.len() < LARGE {
            self.0.put(id, kind, data);
        }
    }

    fn get(&mut self, id: &gix::ObjectId, out: &mut Vec<u8>) -> Option<gix::objs::Kind> {
        self.0.get(id, out)
    }
}

/// Opens one store, which keeps the bases of deltas: a walk over many objects meets them again and again. `limit` is the
/// most bytes that it takes for any object, where blobs are only passed over.
pub(super) fn at(dir: &Path, hash: gix::hash::Kind, limit: Option<usize>) -> Result<gix::odb::Handle> {
    let options = gix::odb::store::init::Options { alloc_limit_bytes: limit, ..Default::default() };
    let mut handle = gix::odb::at_opts(dir.to_owned(), hash, [], options)
        .map_err(|error| Error::undecided(format!("the object store cannot be opened: {}", one_line(&error))))?;
    let kept = if limit.is_some() { PASSING_CACHE } else { PACK_CACHE };
    handle.set_pack_cache(move || Box::new(cache::lru::MemoryCappedHashmap::new(kept)));
    Ok(handle)
}

/// Opens all stores as one; the second value keeps a temporary overlay alive.
pub(super) fn open(
    sources: &Sources,
    env: &Env,
    hash: gix::hash::Kind,
) -> Result<(gix::odb::Handle, Option<tempfile::TempDir>)> {
    let at = |dir: &Path| {
        let mut handle = at(dir, hash, None)?;
        handle.set_object_cache(|| Box::new(Kept(cache::object::MemoryCappedHashmap::new(OBJECT_CACHE))));
        Ok::<_, Error>(handle)
    };
    match sources.dirs.first() {
        Some(only) if !sources.overlay => Ok((at(only)?, None)),
        _ => {
            let overlay = overlay_dir(env)?;
            let info = overlay.path().join("info");
            fs_err::create_dir(&info)?;
            let mut list = Vec::new();
            for dir in &sources.dirs {
                list.extend(quote(dir.as_os_str().as_encoded_bytes()));
                list.push(b'\n');
            }
            fs_err::write(info.join("alternates"), list)?;
            Ok((at(overlay.path())?, Some(overlay)))
        }
    }
}

fn overlay_dir(env: &Env) -> Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".refgate-odb.");
    let made = match &env.quarantine {
        Some(quarantine) => builder.tempdir_in(quarantine),
        None => builder.tempdir(),
    };
    made.map_err(|error| {
        Error::undecided(format!("no room for the overlay object directory: {error}"))
            .help("refgate needs a writable quarantine in a push, and a writable temporary folder elsewhere")
    })
}

/// Splits `GIT_ALTERNATE_OBJECT_DIRECTORIES`: entries are separated by `:` unless they are C-quoted.
fn split_env(list: &[u8]) -> Result<Vec<PathBuf>> {
    let mut entries = Vec::new();
    let mut rest = list;
    while !rest.is_empty() {
        let (entry, after) = if rest.starts_with(b"\"") {
            let (entry, used) = gix::quote::ansi_c::undo(rest.as_bstr()).map_err(|_| bad_alternates(rest))?;
            (entry.into_owned(), rest.get(used..).unwrap_or_default())
        } else {
            let end = rest.find_byte(b':').unwrap_or(rest.len());
            let (entry, after) = rest.split_at(end);
            (entry.as_bstr().to_owned(), after)
        };
        if !entry.is_empty() {
            entries.push(gix::path::from_bstr(entry.as_bstr()).map_err(|_| bad_alternates(rest))?.into_owned());
        }
        rest = match after.strip_prefix(b":") {
            Some(more) => more,
            None if after.is_empty() => after,
            None => return Err(bad_alternates(after)),
        };
    }
    Ok(entries)
}

/// A path with a line feed or a leading quote must be quoted to survive in `info/alternates`.
fn quote(path: &[u8]) -> Vec<u8> {
    if path.starts_with(b"\"") || path.contains(&b'\n') {
        format!("\"{}\"", escape::escape(path)).into_bytes()
    } else {
        path.to_vec()
    }
}

fn bad_alternates(rest: &[u8]) -> Error {
    Error::undecided(format!("a list of alternate object directories cannot be read at {}", escape::quote_path(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_split_at_colons_outside_quotes() {
        let paths = split_env(br#"/a:"/with:colon\"s":/b c::/d"#).unwrap();
        assert_eq!(paths, ["/a", "/with:colon\"s", "/b c", "/d"].map(PathBuf::from));
        assert!(split_env(br#""/unclosed"#).is_err());
        assert!(split_env(br#""/a"b"#).is_err());
    }

    #[test]
    fn nested_relative_alternates_resolve_against_their_own_folder() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name).join("objects");
        for (name, list) in [("a", "../../b/objects\n"), ("b", "# pool\n../../c/objects\n"), ("c", "")] {
            fs_err::create_dir_all(at(name).join("info")).unwrap();
            fs_err::write(at(name).join("info/alternates"), list).unwrap();
        }
        let found = Sources::find(&at("a"), &Env::default()).unwrap();
        let expected: Vec<PathBuf> = ["a", "b", "c"].map(|name| at(name).canonicalize().unwrap()).into();
        assert_eq!(found.dirs, expected);
        assert!(found.overlay);
    }

    #[test]
    fn a_loop_ends_and_a_missing_store_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let objects = root.path().join("objects");
        fs_err::create_dir_all(objects.join("info")).unwrap();
        fs_err::write(objects.join("info/alternates"), "../objects\n").unwrap();
        assert_eq!(Sources::find(&objects, &Env::default()).unwrap().dirs.len(), 1);
        fs_err::write(objects.join("info/alternates"), "/no/such/store\n").unwrap();
        assert!(Sources::find(&objects, &Env::default()).is_err());
    }
}
