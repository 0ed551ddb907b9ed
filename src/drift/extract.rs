//! Reads files on threads whose stacks fit them: parsers call themselves for each level of nesting, and a hostile file is
//! nothing but nesting. A reader that goes no deeper than a bound needs none of that, and a thread's own memory is
//! dear: a few files of such are read where they are asked for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use bstr::{BStr, ByteSlice};

use super::languages::{Language, Source, stack_for};
use super::shape::{Lends, Loans, Module, Sites};
use crate::error::{Error, Result};

/// The largest file that is read, whatever the policy says.
pub const MAX_BYTES: usize = 64 << 20;
/// Fewer files than this are not worth a second thread.
const MANY: usize = 16;

/// A file to read.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// What it is written in.
    pub language: Language,
    /// Where it stands.
    pub path: &'a BStr,
    /// What it says.
    pub bytes: &'a [u8],
    /// Which of its places are mapping sites.
    pub sites: &'a Sites,
    /// What is known of the constants that it has from other files.
    pub lent: &'a Loans,
}

impl Job<'_> {
    fn read(&self) -> Module {
        if self.bytes.len() > MAX_BYTES {
            return Module::unread(0, format!("the file is larger than {MAX_BYTES} bytes"));
        }
        match self.bytes.to_str() {
            // What holds a folder open for Git declares nothing.
            Ok(text) if !self.language.is_code() && text.trim().is_empty() => Module::default(),
            Ok(text) => self.hinted(self.language.read_with(&self.source(text), self.lent)),
            Err(error) => {
                Module::unread(u32::try_from(error.valid_up_to()).unwrap_or(u32::MAX), "the bytes are no UTF-8")
            }
        }
    }

    /// What was read, with a word on files that are of another language by their names: a source's `src/models/**` has them.
    fn hinted(&self, mut module: Module) -> Module {
        let is_named_so = !self.language.is_code() || Language::of_code(self.path) == Some(self.language);
        if let (false, Some(unread)) = (is_named_so, module.unread.first_mut()) {
            let language = self.language.name();
            unread.reason = format!("{}; its name is of no file of {language}: `exclude` it", unread.reason);
        }
        module
    }

    fn lends(&self) -> Lends {
        let text = self.bytes.to_str().ok().filter(|text| text.len() <= MAX_BYTES);
        text.map_or_else(Lends::unknown, |text| self.language.lends_of(&self.source(text)))
    }

    fn source<'s>(&'s self, text: &'s str) -> Source<'s> {
        Source { path: self.path, text, sites: self.sites }
    }
}

/// Reads files, in order, on two threads where there are many.
///
/// # Errors
/// No thread could be started, or a parser broke down: then nothing is known of the files.
pub fn extract(jobs: &[Job<'_>]) -> Result<Vec<Module>> {
    if jobs.len() < MANY && jobs.iter().all(|job| job.language.is_bounded()) {
        return Ok(jobs.iter().map(Job::read).collect());
    }
    on_threads(jobs, |job| job.read())
}

/// What a file gives to others.
///
/// # Errors
/// As for [`extract`].
pub fn lends(job: &Job<'_>) -> Result<Lends> {
    Ok(on_threads(std::slice::from_ref(job), |job| job.lends())?.pop().unwrap_or_else(Lends::unknown))
}

fn on_threads<T: Send>(jobs: &[Job<'_>], read: impl Fn(&Job<'_>) -> T + Sync) -> Result<Vec<T>> {
    let Some(largest) = jobs.iter().map(|job| job.bytes.len().min(MAX_BYTES)).max() else { return Ok(Vec::new()) };
    let stack = stack_for(largest);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((place, job)) = take(&next, jobs) {
            done.push((place, read(job)));
        }
        done
    };
    let threads = if jobs.len() < MANY { 1 } else { 2 };
    let mut done = BTreeMap::new();
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for _ in 0..threads {
            let thread = std::thread::Builder::new().name("drift".into()).stack_size(stack);
            running.push(thread.spawn_scoped(scope, work).map_err(|error| broken(&error))?);
        }
        for thread in running {
            done.extend(thread.join().map_err(|_| broken(&"a parser broke down"))?);
        }
        Ok::<(), Error>(())
    })?;
    Ok(done.into_values().collect())
}

/// Does two things at once, the second on a thread of its own; after the first where there is no room for a thread.
///
/// # Errors
/// The thread broke down.
pub fn beside<A, B: Send>(own: impl FnOnce() -> A, other: impl Fn() -> B + Sync) -> Result<(A, B)> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(stack_for(0)).spawn_scoped(scope, &other);
        let own = own();
        let other = match thread {
            Ok(thread) => thread
                .join()
                .map_err(|_| Error::undecided("a thread of refgate's own ended early").help("please report it"))?,
            Err(_) => other(),
        };
        Ok((own, other))
    })
}

fn take<'j, 'a>(next: &AtomicUsize, jobs: &'j [Job<'a>]) -> Option<(usize, &'j Job<'a>)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    jobs.get(place).map(|job| (place, job))
}

fn broken(error: &dyn std::fmt::Display) -> Error {
    Error::undecided(format!("the sources of drift cannot be read: {error}"))
        .help("give the process more memory, or lower limits.blob_bytes in the policy")
}
