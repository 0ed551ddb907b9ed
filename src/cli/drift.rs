//! The command line of `refgate drift`.

use clap::{Args, Subcommand, ValueEnum};

use super::{Format, Seen, moment};

/// What a person asks of code and contract.
#[derive(Debug, Subcommand)]
pub enum Drift {
    /// Say what the rules of drift find, and nothing else
    ///
    /// The judge of `refgate check` with its policy, base and words, but only the findings of the drift family. Looks at
    /// what is staged, as the pre-commit hook does, and in a bare repository at HEAD: what is not staged does not count.
    ///
    /// Exit status: 0 accepted, 1 refused, 2 could not decide.
    Check(Check),
    /// List every field of the types that count, and what could not be read
    ///
    /// All kinds of fields are listed, whatever `kinds` says. Looks at what is staged, as the pre-commit hook does, and
    /// in a bare repository at HEAD.
    Fields(Look),
    /// List what the contract says, and all that is wrong with it
    ///
    /// Looks at what is staged, as the pre-commit hook does, and in a bare repository at HEAD.
    ///
    /// Exit status: 0 nothing is wrong, 1 something is, 2 could not look.
    Contract(Look),
    /// Say where a field is declared, written, documented, retired and acknowledged, and what is found on it
    ///
    /// Looks at what is staged, as the pre-commit hook does, and in a bare repository at HEAD.
    ///
    /// Exit status: 0 something is known of it, 1 nothing is, 2 could not look.
    Explain(Explain),
    /// Write an acknowledgement of drift, for a person to approve
    ///
    /// Prints the item for the section `## DRIFT ACKNOWLEDGEMENTS` of the task's approval, or with `--code` the comment
    /// for the code that diverges; the approver is left blank, and as long as it is, the gate refuses as before. The
    /// drift must be there, in what is staged.
    Ack(Ack),
    /// Write down the drift that stands, to begin with
    ///
    /// Writes the file that the policy names (`baseline`) in the work tree: a line for each finding of `refgate drift
    /// check --mode absolute` on what is staged. In mode `absolute` these refuse nothing from then on. Where there is a
    /// baseline already, what is mended is taken out, and nothing is added.
    ///
    /// Exit status of `--check`: 0 the file is as it would be written, 1 it is not, 2 could not look.
    Baseline(Baseline),
    /// Show what the contract would be if it followed the sources
    ///
    /// Prints a diff of the contract's field lists to what the staged sources declare: fields of the wanted kinds come
    /// in, entries without a field go, and all prose stays byte for byte. Sources that cannot be read whole are not
    /// followed. Code aligns to the contract and not the contract to the code, so a person reviews this, and no hook
    /// ever runs it.
    Sync(Sync),
}

/// Which state is looked at.
#[derive(Debug, Args)]
pub struct State {
    /// A branch or a commit [default: what is staged; HEAD in a bare repository]
    #[arg(value_name = "REV")]
    pub rev: Option<String>,
    /// Look at what is staged, as the commit that it would become
    #[arg(long, conflicts_with = "rev")]
    pub staged: bool,
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
}

/// The options of `refgate drift fields` and `refgate drift contract`.
#[derive(Debug, Args)]
pub struct Look {
    /// What is looked at.
    #[command(flatten)]
    pub state: State,
    /// How to answer
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The options of `refgate drift check`.
#[derive(Debug, Args)]
pub struct Check {
    /// What is judged.
    #[command(flatten)]
    pub state: State,
    /// Which drift is refused [default: the policy's]
    #[arg(long, value_enum)]
    pub mode: Option<Mode>,
    /// Take this as the old tip of the protected branch that the change aims at [default: the remote's]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// Judge as of then: a day like 2026-11-21 (UTC), or a time like 2026-11-21T12:00:00Z (RFC 3339)
    /// [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment::first)]
    pub at: Option<jiff::Timestamp>,
    /// How to answer
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// Which drift is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// What the change adds
    Introduced,
    /// Any that stands
    Absolute,
}

/// The options of `refgate drift explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The field as findings name it, like `order.items[].sku`; behind a type with a dot in it comes `#`
    #[arg(value_name = "TYPE.PATH")]
    pub field: String,
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
}

/// The options of `refgate drift ack`.
#[derive(Debug, Args)]
pub struct Ack {
    /// The field as findings name it, like `order.items[].sku`; behind a type with a dot in it comes `#`
    #[arg(value_name = "TYPE.PATH")]
    pub field: String,
    /// Which drift of the field is meant [default: the one that is found]
    #[arg(long, value_enum)]
    pub rule: Option<Divergence>,
    /// The path after a rename, below the same type
    #[arg(long, value_name = "PATH")]
    pub to: Option<String>,
    /// Why the drift is meant
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// The last day on which it counts, like 2027-01-31 (UTC)
    #[arg(long, value_name = "DATE", value_parser = moment::day)]
    pub expires: Option<jiff::civil::Date>,
    /// Print the comment for the code that diverges
    #[arg(long)]
    pub code: bool,
    /// Write the item into the approval of the task, in the work tree
    #[arg(long, conflicts_with = "code")]
    pub write: bool,
    /// The task [default: the current branch's]
    #[arg(long, value_name = "NAME", requires = "write")]
    pub task: Option<String>,
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
}

/// What is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Divergence {
    /// A field that the contract does not list
    Added,
    /// A field that the contract lists and the code has no longer
    Removed,
    /// A field under another name
    Renamed,
    /// Code that maps to a path that the contract does not know
    Noncanonical,
}

/// The options of `refgate drift baseline`.
#[derive(Debug, Args)]
pub struct Baseline {
    /// Write nothing; say whether the file is as it would be written
    #[arg(long)]
    pub check: bool,
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
}

/// The options of `refgate drift sync`.
#[derive(Debug, Args)]
pub struct Sync {
    /// Write the contract in the work tree instead of printing the diff
    #[arg(long)]
    pub write: bool,
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
}
