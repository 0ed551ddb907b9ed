//! `refgate ledger report`: what all of a ledger comes to, as a page and in short.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::super::rules::print;
use super::against::Against;
use super::filter::Filter;
use crate::cli::Format;
use crate::cli::ledger::Report;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::ledger::verify::verify_each;
use crate::report::ledger::{self as report, Choice, Overview, Told};

/// Runs the command; the exit status, which is that of the verification.
///
/// # Errors
/// The ledger, the refs or a mirror cannot be read, or the page cannot be written.
pub fn run(args: &Report, env: &Env, now: jiff::Timestamp) -> Result<u8> {
    let filter = Filter::new(&args.selection)?;
    let against = Against::gather(&args.place, &args.mirror, &args.receipt, None, env)?;
    let mut overview = Overview::default();
    let mut verified = verify_each(&against.reader, &against.known(), &mut |receipt, record| {
        let chosen = Choice { kind: filter.wants(&record.event), rest: filter.passes_but_for_its_kind(record) };
        overview.take(receipt, record, chosen);
    })?;
    let mirrors = against.hold(&mut verified)?;
    overview.finish();
    let told = Told {
        name: name(against.repo.common_dir()),
        now,
        asked: (filter.words(), filter.kinds()),
        against: against.receipts,
        verified,
        mirrors,
        overview,
    };
    if let Some(file) = &args.html {
        put(file, &report::html::render(&told))
            .map_err(|error| error.help("name a file in a folder where you may write"))?;
    }
    print(&match args.format {
        Format::Human => report::human::render(&told),
        Format::Json => report::json::render(&told),
    })?;
    Ok(told.verified.exit_code())
}

/// Writes a file as a whole or not at all, for whomever the account lets read what it writes.
fn put(path: &Path, text: &str) -> Result<()> {
    if fs_err::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        let shown = escape::quote_path(path.as_os_str().as_encoded_bytes());
        return Err(Error::usage(format!("{shown} is there and is no plain file")));
    }
    let path = std::path::absolute(path)?;
    let mut file = tempfile::Builder::new()
        .prefix(".refgate-")
        .permissions(std::fs::Permissions::from_mode(0o666))
        .tempfile_in(path.parent().unwrap_or(Path::new("/")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

/// What people call the repository: its folder, or of a clone the folder around that.
fn name(folder: &Path) -> String {
    let folder = fs_err::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let named = folder.file_name().filter(|name| *name != ".git").or_else(|| folder.parent()?.file_name());
    escape::quote_path(named.unwrap_or(folder.as_os_str()).as_encoded_bytes())
}
