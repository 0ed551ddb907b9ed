//! The command line of `refgate ledger`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Format, moment};

/// What a person asks of the ledger.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// List what was decided, newest first
    ///
    /// One line for each record, and one below it for each ref. Options that are given several times name alternatives;
    /// different options must all hold.
    Log(Log),
    /// Show one record, with its hash
    Show(Show),
    /// Say whether the ledger is what the gate wrote
    ///
    /// Reads every record: their spelling, the chain through them, the seals of full segments, outcomes of decisions, each
    /// override's single use, and whether refs went anywhere without a decision. What was cut off at the end, or rewritten
    /// from somewhere on, is found by a receipt that a pusher kept, or by a mirror: the one in this repository is always
    /// asked. Each commit of a mirror is held against the ledger record by record, and its signature against the keys of
    /// the role `ledger`, or of a file. docs/ledger.md says what cannot be found.
    ///
    /// Exit status: 0 intact, 1 damaged, 2 cannot be said.
    Verify(Verify),
    /// Say what all of it comes to, as one page
    ///
    /// How many pushes were let in and refused over time, by which rules, of whom and to which refs; overrides with their
    /// reasons, rollbacks and hotfixes, what is pending; and whether the ledger holds, and what that was held against. The
    /// page of `--html` needs no network and runs no script. Reads every record once and keeps little of it: of much the
    /// newest is shown, with the command that lists the rest.
    ///
    /// Exit status: as that of `refgate ledger verify`; what could be read is told in any case.
    Report(Report),
    /// Write the records out, oldest first
    ///
    /// The lines as they stand in the ledger, or a table with a row for each ref.
    Export(Export),
    /// Show the last records, and with -f those that are still to come
    Tail(Tail),
}

/// Which ledger.
#[derive(Debug, Args)]
pub struct Place {
    /// The repository, or any folder in it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
    /// A folder that sealed segments were moved to
    #[arg(long, value_name = "DIR")]
    pub archive: Vec<PathBuf>,
}

/// Which records.
#[derive(Debug, Args)]
pub struct Selection {
    /// Records on these refs: branches, full names, or patterns of either, like `release/*` or `refs/tags/*`
    #[arg(long = "ref", value_name = "GLOB")]
    pub refs: Vec<String>,
    /// Pushes of these people
    #[arg(long, value_name = "NAME")]
    pub actor: Vec<String>,
    /// Pushes in which these rules found something
    #[arg(long, value_name = "RULE")]
    pub rule: Vec<String>,
    /// Records of these kinds
    #[arg(long, value_enum)]
    pub decision: Vec<Kind>,
    /// Records on these tasks
    #[arg(long, value_name = "TASK")]
    pub task: Vec<String>,
    /// From then on: a day like 2026-11-21 (UTC), or a time like 2026-11-21T12:00:00Z (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = moment::first)]
    pub since: Option<jiff::Timestamp>,
    /// Up to then, the whole day: a day like 2026-11-21 (UTC), or a time like 2026-11-21T12:00:00Z (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = moment::last)]
    pub until: Option<jiff::Timestamp>,
}

/// The options of `refgate ledger log`.
#[derive(Debug, Args)]
pub struct Log {
    /// Which ledger.
    #[command(flatten)]
    pub place: Place,
    /// Which records.
    #[command(flatten)]
    pub selection: Selection,
    /// At most so many
    #[arg(short = 'n', long = "max-count", value_name = "COUNT")]
    pub count: Option<usize>,
    /// How to answer; in JSON the records stand as they do in the ledger, one a line
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The ledger began
    Opened,
    /// A push was let in
    Accepted,
    /// A push was refused
    Refused,
    /// A push could not be judged, and was refused
    Undecided,
    /// An override was kept for a push
    OverrideReserved,
    /// What became of that override
    OverrideSettled,
    /// Refs moved
    Applied,
    /// Refs that were let move did not
    Lapsed,
    /// A protected branch went back to what it was
    RolledBack,
    /// The end of an unfinished append was put aside
    Repaired,
    /// A segment was full
    Sealed,
}

impl Kind {
    /// The word in the record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
            Self::OverrideReserved => "override-reserved",
            Self::OverrideSettled => "override-settled",
            Self::Applied => "applied",
            Self::Lapsed => "lapsed",
            Self::RolledBack => "rolled-back",
            Self::Repaired => "repaired",
            Self::Sealed => "sealed",
        }
    }
}

/// The options of `refgate ledger show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The record's number, the beginning of its hash (at least 7 digits), or its receipt
    #[arg(value_name = "RECORD")]
    pub record: String,
    /// Which ledger.
    #[command(flatten)]
    pub place: Place,
    /// How to answer; in JSON the record stands as it does in the ledger
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The options of `refgate ledger verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Which ledger.
    #[command(flatten)]
    pub place: Place,
    /// A clone that fetched the mirror (`refs/refgate/ledger`)
    #[arg(long, value_name = "DIR")]
    pub mirror: Vec<PathBuf>,
    /// A receipt that a pusher kept
    #[arg(long, value_name = "NUMBER:HASH")]
    pub receipt: Vec<String>,
    /// The keys that may sign the mirror's ends (ssh-keygen(1), ALLOWED SIGNERS); then they must be signed [default: those
    /// of the role `ledger` in the server's policy]
    #[arg(long, value_name = "FILE")]
    pub allowed_signers: Option<PathBuf>,
    /// How to answer; in JSON refgate.ledger-report/1
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The options of `refgate ledger report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Which ledger.
    #[command(flatten)]
    pub place: Place,
    /// Write it as one page to this file, in its place once it is whole
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Which decisions: with a kind of `applied`, `lapsed`, `rolled-back` or of overrides, those that this became of.
    #[command(flatten)]
    pub selection: Selection,
    /// Hold the ledger against a clone that fetched the mirror (`refs/refgate/ledger`)
    #[arg(long, value_name = "DIR")]
    pub mirror: Vec<PathBuf>,
    /// Hold it against a receipt that a pusher kept
    #[arg(long, value_name = "NUMBER:HASH")]
    pub receipt: Vec<String>,
    /// What standard output gets; in JSON refgate.ledger-summary/1
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The options of `refgate ledger export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Which ledger.
    #[command(flatten)]
    pub place: Place,
    /// The first record
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub from: u64,
    /// The last record [default: the last one there is]
    #[arg(long, value_name = "NUMBER")]
    pub to: Option<u64>,
    /// As what
    #[arg(long, value_enum, default_value_t = Table::Json)]
    pub format: Table,
}

/// The forms of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// The records as they stand in the ledger, one a line
    Json,
    /// Comma-separated values with a line of names, a row for each ref; a value that a spreadsheet would take for a
    /// formula begins with '
    Csv,
}

/// The options of `refgate ledger tail`.
#[derive(Debug, Args)]
pub struct Tail {
    /// Which ledger.
    #[command(flatten)]
    pub place: Place,
    /// Go on with every record that is appended
    #[arg(short, long)]
    pub follow: bool,
    /// So many of the last records first
    #[arg(short = 'n', value_name = "COUNT", default_value_t = 10)]
    pub count: usize,
    /// How to answer; in JSON the records stand as they do in the ledger, one a line
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}
