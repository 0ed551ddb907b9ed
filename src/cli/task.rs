//! The command line of `refgate task`.

use clap::{Args, Subcommand};

use super::{Format, Seen};

/// What a person does with a task.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Begin a task: its branch, and its trace folder with a template of the approval
    ///
    /// Creates the task branch at the base and switches to it, as `git switch -c` would: what is changed and not
    /// committed comes along where Git can carry it. Then writes the marker `contract/APPROVED`, the template
    /// `contract/approval.md` and the folders of the artifacts, and says what comes next. Nothing is overwritten. As
    /// long as a placeholder of the template stands, the gate refuses the promotion.
    Start(Start),
    /// Say what is still missing for the promotion, in the order in which a person does it
    ///
    /// Judges the promotion of the task's tip with the engine, the policy and the view of the server that `refgate
    /// check` uses (`git fetch` renews that), and adds what Git knows: files of the trace that are not committed, a
    /// branch that is not pushed, a target that has moved on. Each line comes with what mends it. Where nothing is
    /// missing, the last line is the promotion, and the server accepts it. Of much the first are shown, with the command
    /// that tells all; what takes more than twice the policy's `limits.seconds` is given up.
    ///
    /// Exit status: 0 nothing is missing, 1 something is, 2 could not be decided.
    Status(Status),
    /// Write final/status.json, to which the gate then holds the task
    ///
    /// The status names the base, the content without the trace, each changed path and the digest of each artifact, all
    /// as of the last commit: any change after it is refused until the task is finished again. So it is written only
    /// when everything else is committed and every artifact is there. Commits nothing; prints the commands.
    Finish(Finish),
}

/// The options of `refgate task start`.
#[derive(Debug, Args)]
pub struct Start {
    /// The task's name: letters and digits, then also `.`, `_` and `-`
    pub name: String,
    /// Where the task begins: a branch of the remote, or a commit that one of its protected branches holds [default:
    /// the remote's trusted branch]
    #[arg(long, value_name = "REF")]
    pub base: Option<String>,
    /// From where the task is looked at.
    #[command(flatten)]
    pub seen: Seen,
}

/// The options of `refgate task status`.
#[derive(Debug, Args)]
pub struct Status {
    /// The task's name [default: the current branch's]
    pub name: Option<String>,
    /// From where the task is looked at.
    #[command(flatten)]
    pub seen: Seen,
    /// How to answer; JSON is one line of refgate.task-status/1
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The options of `refgate task finish`.
#[derive(Debug, Args)]
pub struct Finish {
    /// The task's name [default: the current branch's]
    pub name: Option<String>,
    /// A command that was run to test the work, for `testsRun`; may be given again
    #[arg(long, value_name = "COMMAND")]
    pub tests_run: Vec<String>,
    /// Something that a reader should know, for `warnings`; may be given again
    #[arg(long, value_name = "TEXT")]
    pub warning: Vec<String>,
    /// From where the task is looked at.
    #[command(flatten)]
    pub seen: Seen,
}
