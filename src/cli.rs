//! The command line: structs only, whose doc comments are the help.

pub mod drift;
pub mod ledger;
pub mod moment;
pub mod notify;
pub mod overrides;
pub mod promote;
pub mod replay;
pub mod rollback;
mod seen;
pub mod sign;
pub mod task;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::actor::ActorSource;
use overrides::Override;
pub use seen::Seen;

/// Decides whether a Git ref may move.
#[derive(Debug, Parser)]
#[command(name = "refgate", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what the server would say, before pushing
    ///
    /// Judges one ref update with the engine and the policy that the server uses. Without options it judges a push of
    /// HEAD to the current branch, against what the remote was last seen to hold (`git fetch` renews that). A task
    /// branch that only this clone has yet is taken as pushed when its promotion is judged.
    ///
    /// Exit status: 0 accepted, 1 refused, 2 could not decide.
    Check(Check),
    /// Run as a Git hook; Git calls this
    ///
    /// The same judge as in `check`, with the updates that Git hands to that hook. Exit status: 0 accepted, 1 refused,
    /// 2 could not decide, which Git takes for a refusal too.
    Hook(Hook),
    /// Work on a task, from its branch to its promotion
    #[command(subcommand)]
    Task(task::Task),
    /// Promote a task, or a branch along a chain: show what is there and what is missing, build the merge, push
    ///
    /// Fetches, judges the promotion with the engine, the policy and the view of the server that `refgate check` uses,
    /// and shows each requirement. Where nothing is missing, pushes the protected branch with the statements and
    /// overrides that were made here for this promotion, all or nothing, and shows what the server answered. The branch
    /// moves by fast forward where the task goes straight on from it, else by the clean merge of its tip and the task's,
    /// committed as you would commit it. Work tree, index, `HEAD` and your branches stay as they are.
    ///
    /// Exit status: 0 promoted (in a dry run: nothing is missing), 1 something is missing or the server refused, 2 could
    /// not tell.
    Promote(promote::Promote),
    /// Bring back what a protected branch held before, by a signed commit on top of it
    ///
    /// Fetches, and makes a commit whose parent is the branch's tip and whose tree is that of an earlier commit, but for
    /// traces, the policy and what it owns, signers, contracts and the files of CI and hooks: these stay as they are.
    /// Says which paths come back and which stay, signs the commit with your SSH key, judges it, and pushes it. A person of
    /// the role `rollback` must sign; nothing else is asked, whatever else is blocked. Work tree, index, `HEAD` and your
    /// branches stay as they are.
    ///
    /// Exit status: 0 rolled back (in a dry run: it would be), 1 the gate refuses, 2 could not tell.
    Rollback(rollback::Rollback),
    /// Look at what code and contract say of each other
    #[command(subcommand)]
    Drift(drift::Drift),
    /// Explain a rule: what it refuses, why, an example, the fix
    Explain(Explain),
    /// List the rules
    Rules(Rules),
    /// Write a commented starter policy
    ///
    /// Looks at the repository (branches, and of the files that Git tracks schemas, workflows, traces) and writes
    /// `refgate.toml` at the top of the work tree, with every key that there is.
    Init(Init),
    /// Put the gate in front of a repository, or the same judge before your own commits and pushes
    #[command(subcommand)]
    Install(Install),
    /// Take everything back that install changed in a repository
    ///
    /// Hooks that stood there before return to their places, the configuration to what it was, byte for byte where
    /// nobody else changed it since. What somebody did change is kept and named. Exit status: 2 when that is a hook,
    /// for then nobody knows what it does.
    Uninstall(Uninstall),
    /// Print the completions for a shell
    Completions(Completions),
    /// Print the manual page, or write one for every command
    Man(Man),
    /// Find what would let the gate be walked around
    ///
    /// Looks at a clone's hooks, or with `--server` at every repository at and below a folder: whether Git runs the
    /// gate's hook, what Git itself checks, who may sign, who reaches the repository as files, what sshd lets clients
    /// bring. Each complaint comes with the command that mends it. Changes nothing. Run it as the account that receives
    /// the pushes: that account's Git configuration counts.
    ///
    /// Exit status: 0 no problem, 1 a problem, 2 nothing could be found out.
    Doctor(Doctor),
    /// Sign the approval of a task, or take it back
    ///
    /// Shows the scope that the committed `contract/approval.md` approves, what it does not, and whatever the gate would
    /// find wrong with it; asks; then writes `contract/approval.json` beside it and the signature,
    /// `contract/approval.json.sig`. Where a person has signed it already, a second one adds `approval.json.2.sig`.
    /// Commits nothing; prints the commands.
    Approve(sign::Approve),
    /// Sign the result of a check for a tree, in CI
    ///
    /// Reads the reports that are named, derives the outcome, and puts it as an in-toto test result in a signed DSSE
    /// envelope behind a ref of its own in this repository, with the reports. What cannot be read, and a report without
    /// a test, is never a pass. Prints the push; `--push` makes it. docs/checks.md says how to keep the key away from
    /// the code that is checked.
    Attest(sign::Attest),
    /// Sign changes of the rules
    #[command(subcommand)]
    Policy(sign::Policy),
    /// Look at SSH signatures as the gate does
    #[command(subcommand)]
    Sig(Sig),
    /// Let another person waive what refuses a push, once, by signature
    #[command(subcommand)]
    Override(Override),
    /// Judge a branch's past as if the policy had been there
    ///
    /// Goes through the branch's first-parent chain and judges each step as a push to the branch, protected, by the
    /// engine and the policy that judge today (or --policy), and tells what would have been refused, by which rules, and
    /// which of them to begin with as `evaluate`. Git does not record pushes: docs/replay.md says what is assumed of
    /// them. Changes nothing.
    ///
    /// Exit status: 0 every step could be judged (1 with --exit-code where one would be refused), 2 one could not.
    Replay(replay::Replay),
    /// Look at what the gate decided, and whether its record of that is whole
    #[command(subcommand)]
    Ledger(ledger::Ledger),
    /// Tell whom `[[notify]]` in a server's server.toml names what the ledger says that they were not told yet
    ///
    /// The hooks start this after they have answered, so that no push waits for it; run it by hand to try a recipient, or
    /// after one was out of reach. What cannot be delivered in three attempts is left out, and noted in
    /// `refgate/notify/failures.log`. docs/notify.md has the events.
    ///
    /// Exit status: 0 everything was delivered, 1 something was not, 2 nothing could be told.
    Notify(notify::Notify),
    /// Show real pushes meet the gate, in a throw-away repository
    ///
    /// Makes a bare server and a clone in a temporary folder, installs the hook, pushes, and prints each push with its
    /// verdict. Exit status: 0 when every answer was right.
    Demo,
}

/// The options of `refgate check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The ref to update: `main`, `autoTest/x` or a full name [default: the current branch]
    #[arg(long = "ref", value_name = "REFNAME")]
    pub name: Option<String>,
    /// Take this as the old tip of the protected branch that the change aims at [default: the remote's]
    #[arg(long, value_name = "REV")]
    pub base: Option<String>,
    /// The new value of the ref; a branch that only the remote has may be named too
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    pub head: String,
    /// Judge what is staged, as the commit that it would become
    #[arg(long, conflicts_with = "head")]
    pub staged: bool,
    /// Judge the push together with this override, by its id; may be given again
    #[arg(long = "override", value_name = "ID")]
    pub overrides: Vec<String>,
    /// In CI: the event as GitHub describes it; the policy's override label in it asks for the overrides that were fetched
    #[arg(long, value_name = "FILE", requires = "actor")]
    pub event: Option<PathBuf>,
    /// In CI: who pushed, as the forge says; overrides are then held against it
    #[arg(long, value_name = "NAME")]
    pub actor: Option<String>,
    /// Judge as of then: a day like 2026-11-21 (UTC), or a time like 2026-11-21T12:00:00Z (RFC 3339)
    /// [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment::first)]
    pub at: Option<jiff::Timestamp>,
    /// From where it is looked at.
    #[command(flatten)]
    pub seen: Seen,
    /// How to answer
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// The options of `refgate hook`.
#[derive(Debug, Args)]
pub struct Hook {
    /// How to answer
    #[arg(long, value_enum, default_value_t = Format::Human, global = true)]
    pub format: Format,
    /// Judge as of then: a day like 2026-11-21 (UTC), or a time like 2026-11-21T12:00:00Z (RFC 3339)
    /// [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment::first, global = true)]
    pub at: Option<jiff::Timestamp>,
    /// The hook's name.
    #[command(subcommand)]
    pub name: HookName,
}

/// The hooks that refgate can be.
#[derive(Debug, Subcommand)]
pub enum HookName {
    /// Judge what is about to be committed
    PreCommit {
        /// Judge with this policy file instead of the server's
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Judge what is about to be pushed; reads Git's lines on standard input
    PrePush {
        /// The remote's name, or its URL when it has none
        remote: String,
        /// The remote's URL
        url: String,
        /// Judge pushes to this remote only and let others go; may be given again
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Judge with this policy file instead of the server's
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Judge a push on the server; reads Git's lines on standard input
    PreReceive {
        /// A gate was installed here: without its folder nothing is decided
        #[arg(long)]
        guarded: bool,
    },
    /// Judge one ref of a push on the server
    Update {
        /// The full ref name
        name: std::ffi::OsString,
        /// The value before
        old: String,
        /// The value after
        new: String,
    },
    /// Write down which refs a push moved; reads Git's lines on standard input and never fails
    PostReceive,
    /// Hold up refs that move past the gate; reads Git's lines on standard input
    ReferenceTransaction {
        /// How far Git is: it can be held up where it says `prepared`
        state: String,
    },
}

/// The options of `refgate explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The rule's id, as findings show it
    pub rule: String,
}

/// The options of `refgate rules`.
#[derive(Debug, Args)]
pub struct Rules {
    /// How to list them
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// The options of `refgate init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The repository, or any folder in it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
    /// Print the policy instead of writing it
    #[arg(long)]
    pub print: bool,
    /// Let any SSH key sign overrides and changes of the policy, not only hardware keys that were touched
    #[arg(long)]
    pub no_hardware_keys: bool,
}

/// Where to install.
#[derive(Debug, Subcommand)]
pub enum Install {
    /// Install the gate as the pre-receive hook of a server's repository
    ///
    /// Says each thing that it changes. The folder `refgate` inside the repository's own folder is the gate's: its word
    /// on the repository (`server.toml`), the policy and the signers. A pre-receive hook that stands there already is
    /// kept and runs after the gate. Into an empty repository the first push of the default branch is let in, once.
    /// Running it again renews the hook and, while the repository is empty, that first push; the repository's id never
    /// changes. Run it as the account that receives the pushes: that account's Git configuration says where hooks are.
    Server(InstallServer),
    /// Install the judge as the pre-commit and pre-push hooks of a clone
    ///
    /// The hooks go where Git looks for them: in the clone, or where its own `core.hooksPath` leads. Hooks that stand
    /// there already are kept and run afterwards. A folder that the account or the machine names for all repositories
    /// is left alone: the clone gets one of its own before it, from which the shared hooks still run. Under husky they
    /// go to the folder whose hooks husky runs. A fetch from the server keeps what its ledger said, by a line
    /// `remote.<name>.fetch` of the first `--remote`, else of origin, else of the only remote: whoever rewrites the ledger
    /// cannot rewrite that. `refgate uninstall` takes everything back.
    Client(InstallClient),
}

/// The options of `refgate install client`.
#[derive(Debug, Args)]
pub struct InstallClient {
    /// The clone, or any folder in it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
    /// Judge with this policy file instead of the server's
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Judge pushes to this remote only; may be given again [default: pushes to any]
    #[arg(long, value_name = "NAME")]
    pub remote: Vec<String>,
}

/// The options of `refgate install server`.
#[derive(Debug, Args)]
pub struct InstallServer {
    /// The repository that pushes arrive at
    #[arg(long, value_name = "DIR")]
    pub repo: PathBuf,
    /// The branch to trust: always protected, and its old tip holds the policy [default: the one that HEAD names]
    #[arg(long, value_name = "BRANCH")]
    pub trusted_ref: Option<String>,
    /// Who says who pushes: none, remote-user, gitolite, ssh, push-certificate, env:NAME [default: as before, else none]
    ///
    /// `remote-user` is the web server's authenticated user (REMOTE_USER), `gitolite` is GL_USER, `ssh` is REFGATE_ACTOR,
    /// which sshd sets for the key, `push-certificate` is whoever signed the push (`git push --signed`), `env:NAME` the
    /// variable that a forge sets for its hooks. Once a source is named, a push by nobody is not let in.
    #[arg(long, value_name = "SOURCE")]
    pub actor: Option<ActorSource>,
    /// The policy that judges; from then on the one in the repository does not count
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The people who may sign (ssh-keygen(1), ALLOWED SIGNERS)
    #[arg(long, value_name = "FILE")]
    pub signers: Option<PathBuf>,
    /// The keys that no longer count: a KRL, or public keys line by line
    #[arg(long, value_name = "FILE")]
    pub revoked: Option<PathBuf>,
    /// The largest push that Git takes, like `512m` or `2g`, or `none` [default: 1g where nothing is set]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_input_size: Option<u64>,
    /// Also hold up protected refs that are moved past the gate, as by `git update-ref` on the server
    ///
    /// Installs the hook `reference-transaction`, which Git runs for every change of a ref: some milliseconds each. It stays
    /// until refgate uninstall. docs/ledger.md says what it does not see.
    #[arg(long)]
    pub reference_transaction: bool,
}

/// What to do with a signature.
#[derive(Debug, Subcommand)]
pub enum Sig {
    /// Say whether a signature counts, and if not why; the signed bytes come on standard input
    ///
    /// Asks what `ssh-keygen -Y verify` asks, with the same letters, and prints the same line when the signature counts.
    /// Where refgate is stricter, docs/signatures.md lists it.
    ///
    /// Exit status: 0 it counts, 1 it does not, 2 a file could not be read or is malformed.
    Verify(SigVerify),
}

/// The options of `refgate sig verify`.
#[derive(Debug, Args)]
pub struct SigVerify {
    /// Who may sign (ssh-keygen(1), ALLOWED SIGNERS)
    #[arg(short = 'f', long, value_name = "FILE")]
    pub signers: PathBuf,
    /// Who is said to have signed: one name, no pattern
    #[arg(short = 'I', long, value_name = "NAME")]
    pub principal: String,
    /// What the signature must have been made for
    #[arg(short = 'n', long, value_name = "NAMESPACE")]
    pub namespace: String,
    /// The signature
    #[arg(short = 's', long, value_name = "FILE")]
    pub signature: PathBuf,
    /// Keys that count no more: a revocation list of ssh-keygen's, or public keys; may be given again
    #[arg(short = 'r', long, value_name = "FILE")]
    pub revoked: Vec<PathBuf>,
    /// Verify as of then: a day like 2026-11-21 (UTC), or a time like 2026-11-21T12:00:00Z (RFC 3339)
    /// [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment::first)]
    pub at: Option<jiff::Timestamp>,
}

/// The options of `refgate uninstall`.
#[derive(Debug, Args)]
pub struct Uninstall {
    /// The repository, or any folder in it
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub repo: PathBuf,
}

/// The options of `refgate completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// The options of `refgate man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Write refgate.1 and a page for every command into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// How long something holds: minutes, hours or days.
fn lifetime(text: &str) -> Result<jiff::SignedDuration, String> {
    let wrong = || "write it like 30m, 2h or 1d".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let number = number.parse::<u32>().ok().filter(|number| (1..=1000).contains(number)).ok_or_else(wrong)?;
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return Err(wrong()),
    };
    Ok(jiff::SignedDuration::from_mins(i64::from(number) * minutes))
}

/// A number of bytes as Git writes it; 0 for none.
fn size(text: &str) -> Result<u64, String> {
    if text == "none" {
        return Ok(0);
    }
    let lower = text.to_ascii_lowercase();
    let units = [("k", 1 << 10), ("m", 1 << 20), ("g", 1 << 30)];
    let unit = units.iter().find_map(|(unit, bytes)| lower.strip_suffix(unit).map(|number| (number, *bytes)));
    let (number, bytes) = unit.unwrap_or((&lower, 1));
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let size = number.parse().ok().filter(|_| plain).and_then(|number: u64| number.checked_mul(bytes));
    // Git reads it as a signed number.
    size.filter(|size| (1..=i64::MAX as u64).contains(size)).ok_or_else(|| "write it like 512m, 2g or none".to_owned())
}

/// The options of `refgate doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The repository, or any folder in it
    #[arg(long, value_name = "DIR", default_value = ".", conflicts_with = "server")]
    pub repo: PathBuf,
    /// Look at every repository at and below this folder, as servers
    #[arg(long, value_name = "ROOT")]
    pub server: Option<PathBuf>,
    /// What sshd reads (sshd_config(5)) [default: /etc/ssh/sshd_config, where there is one]
    #[arg(long, value_name = "FILE")]
    pub sshd_config: Option<PathBuf>,
    /// How to answer
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

/// How a verdict is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people; hooks write it to standard error, `check` to standard output
    Human,
    /// One line of JSON, on standard output; a verdict is refgate.verdict/1
    Json,
}

/// How rules are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A line for each rule
    Human,
    /// An array of objects
    Json,
    /// The page docs/rules.md
    Markdown,
}
