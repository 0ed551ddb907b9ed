//! A bare repository made by hand, into which a target puts one hostile file at a time.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use refgate::env::Env;
use refgate::git::Repo;
use refgate::oid::Oid;

pub(crate) struct Place {
    folder: tempfile::TempDir,
    repo: RefCell<Rc<Repo>>,
    used: Cell<u32>,
}

thread_local! {
    static PLACE: Place = Place::new();
}

/// Runs with the place of this thread.
pub(crate) fn with<T>(run: impl FnOnce(&Place) -> T) -> T {
    PLACE.with(run)
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["objects", "refs"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(folder.path().join("config"), "[core]\n\trepositoryformatversion = 0\n\tbare = true\n").unwrap();
        let repo = RefCell::new(open(folder.path()));
        Self { folder, repo, used: Cell::new(0) }
    }

    /// The repository; opened afresh now and then, for what it keeps in memory grows.
    pub(crate) fn repo(&self) -> Rc<Repo> {
        self.used.set(self.used.get() + 1);
        if self.used.get().is_multiple_of(512) {
            self.repo.replace(open(self.folder.path()));
        }
        Rc::clone(&self.repo.borrow())
    }

    /// A file beside the repository's own.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A loose object of that kind, under a name of no meaning: nobody compares it with the content.
    pub(crate) fn object(&self, kind: &str, body: &[u8]) -> Oid {
        let hex = format!("{:040x}", u128::from(self.used.get()) + 1);
        let folder = self.folder.path().join("objects").join(&hex[..2]);
        fs::create_dir_all(&folder).unwrap();
        let whole = [format!("{kind} {}\0", body.len()).as_bytes(), body].concat();
        fs::write(folder.join(&hex[2..]), stored(&whole)).unwrap();
        Oid::from_hex(hex.as_bytes()).unwrap()
    }
}

fn open(folder: &Path) -> Rc<Repo> {
    Rc::new(Repo::discover(folder, &Env::default()).unwrap())
}

/// A zlib stream (RFC 1950) of stored blocks: nothing is compressed, so nothing but the content varies.
fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks = bytes.chunks(0xffff).collect::<Vec<_>>();
    for (number, block) in blocks.iter().enumerate() {
        let length = u16::try_from(block.len()).unwrap();
        out.push(u8::from(number + 1 == blocks.len()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    let (mut a, mut b) = (1u32, 0u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65521;
        b = (b + a) % 65521;
    }
    out.extend((b << 16 | a).to_be_bytes());
    out
}
