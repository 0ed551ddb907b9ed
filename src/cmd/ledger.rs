//! `refgate ledger log`, `show`, `verify`, `report`, `export` and `tail`: what was written down, for people and programs.

use std::io::Write;
use std::time::Duration;

use filter::Filter;

use crate::cli::Format;
use crate::cli::ledger::{Export, Log, Place, Show, Table, Tail};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::git::Repo;
use crate::ledger::read::Follower;
use crate::ledger::{Entry, FOLDER, Ledger, Reader, Receipt};
use crate::policy::load::server_folder;

mod against;
mod csv;
mod filter;
mod page;
mod report;
mod verify;

pub use report::run as report;
pub use verify::run as verify;

/// How long `tail` waits before it looks again.
const PAUSE: Duration = Duration::from_millis(250);

/// The ledger of a repository, and its segments as they stand.
fn open(place: &Place, env: &Env) -> Result<(Repo, Ledger, Reader)> {
    let repo = Repo::discover(&place.repo, env)?;
    let ledger = Ledger::open(&server_folder(&repo).join(FOLDER));
    let reader = ledger.read(&place.archive)?;
    Ok((repo, ledger, reader))
}

fn none() -> Error {
    Error::usage("there is no ledger in this repository").help(
        "a server's gate begins one with the first push that it judges; run this where the server's repository is",
    )
}

/// Runs `refgate ledger log`.
///
/// # Errors
/// The ledger cannot be read, or a pattern is none.
pub fn log(args: &Log, env: &Env) -> Result<()> {
    let (_, _, reader) = open(&args.place, env)?;
    if reader.is_empty() {
        return Err(none());
    }
    let filter = Filter::new(&args.selection)?;
    let mut out = Out::new(args.format);
    let wanted = |entry: &Result<Entry>| entry.as_ref().map_or(true, |entry| filter.passes(&entry.record));
    for entry in reader.newest_first()?.filter(wanted).take(args.count.unwrap_or(usize::MAX)) {
        if !out.put(&entry?)? {
            break;
        }
    }
    Ok(())
}

/// Runs `refgate ledger show`.
///
/// # Errors
/// There is not one such record, or it is not what the receipt says.
pub fn show(args: &Show, env: &Env) -> Result<()> {
    let (_, _, reader) = open(&args.place, env)?;
    if reader.is_empty() {
        return Err(none());
    }
    let entry = find(&reader, &args.record)?;
    match args.format {
        Format::Human => super::rules::print(&page::whole(&entry)),
        Format::Json => Out::new(Format::Json).put(&entry).map(drop),
    }
}

fn find(reader: &Reader, named: &str) -> Result<Entry> {
    let gone = || Error::usage("there is no such record").help("refgate ledger log");
    if let Ok(receipt) = named.parse::<Receipt>() {
        let entry = reader.find(receipt.sequence)?.ok_or_else(gone)?;
        return if entry.receipt() == receipt {
            Ok(entry)
        } else {
            let help = "refgate ledger verify --receipt RECEIPT says what else does not hold";
            Err(Error::undecided(format!("record {} is not what the receipt says", receipt.sequence)).help(help))
        };
    }
    if let Ok(sequence) = named.parse() {
        // Seven digits and more may be the beginning of a hash, but a number is what people write.
        if let Some(entry) = reader.find(sequence)? {
            return Ok(entry);
        }
    }
    if !crate::oid::Oid::is_abbreviation(named) {
        return Err(gone());
    }
    let mut found = reader.hashed(&named.to_ascii_lowercase())?;
    match (found.pop(), found.is_empty()) {
        (Some(entry), true) => Ok(entry),
        (Some(_), false) => Err(Error::usage("several hashes begin so").help("write more of it")),
        (None, _) => Err(gone()),
    }
}

/// Runs `refgate ledger export`.
///
/// # Errors
/// The ledger cannot be read.
pub fn export(args: &Export, env: &Env) -> Result<()> {
    let (_, _, reader) = open(&args.place, env)?;
    if reader.is_empty() {
        return Err(none());
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut put = |bytes: &[u8]| heard(out.write_all(bytes));
    if args.format == Table::Csv && !put(csv::HEAD.as_bytes())? {
        return Ok(());
    }
    for entry in reader.from(args.from)? {
        let entry = entry?;
        if args.to.is_some_and(|to| entry.record.sequence > to) {
            break;
        }
        let more = match args.format {
            Table::Json => put(&[entry.line.as_slice(), b"\n"].concat())?,
            Table::Csv => put(csv::rows(&entry).as_bytes())?,
        };
        if !more {
            return Ok(());
        }
    }
    heard(out.flush()).map(drop)
}

/// Runs `refgate ledger tail`.
///
/// # Errors
/// The ledger cannot be read.
pub fn tail(args: &Tail, env: &Env) -> Result<()> {
    let (_, ledger, reader) = open(&args.place, env)?;
    if reader.is_empty() && !args.follow {
        return Err(none());
    }
    let mut follower = Follower::after(&ledger, &reader)?;
    let mut last = reader.newest_first()?.take(args.count).collect::<Result<Vec<_>>>()?;
    last.reverse();
    let mut out = Out::new(args.format);
    loop {
        for entry in &last {
            if !out.put(entry)? {
                return Ok(());
            }
        }
        if !args.follow {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
        last = follower.more()?;
    }
}

/// Records on standard output, until nobody reads it.
struct Out(Format);

impl Out {
    const fn new(format: Format) -> Self {
        Self(format)
    }

    /// Whether anybody still reads.
    fn put(&mut self, entry: &Entry) -> Result<bool> {
        let mut out = std::io::stdout().lock();
        heard(match self.0 {
            Format::Human => out.write_all(page::short(&entry.record).as_bytes()),
            Format::Json => out.write_all(&[entry.line.as_slice(), b"\n"].concat()),
        })
    }
}

/// Whether anybody read it: whoever pipes into `head` has read enough.
fn heard(written: std::io::Result<()>) -> Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}
