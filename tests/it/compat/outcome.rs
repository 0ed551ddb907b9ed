//! What came of a push, as the pusher reads it.

use std::fmt;
use std::path::Path;

/// What came of one push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    /// The rules that refused it.
    Refused(Vec<String>),
    /// The reason why refgate could not decide.
    Undecided(String),
    /// Git itself did not let the push through, in its own words.
    Git(String),
}

impl Outcome {
    /// Reads what `git push` said. `folder` stands for a different place in every run and is cut out.
    pub(super) fn read(ok: bool, stderr: &str, folder: &Path) -> Self {
        let told: Vec<&str> = stderr.lines().map(|line| line.strip_prefix("remote: ").unwrap_or(line)).collect();
        let told: Vec<&str> = told.iter().map(|line| line.trim_end()).collect();
        let has = |start: &str| told.iter().any(|line| line.starts_with(start));
        if ok {
            assert!(has("refgate: accepted"), "a push went through without the gate's word:\n{stderr}");
            return Self::Accepted;
        }
        if has("refgate: REFUSED") {
            let rules = told.iter().filter_map(|line| line.strip_prefix("  ")).filter(|line| is_rule(line));
            return Self::Refused(rules.map(str::to_owned).collect());
        }
        if has("refgate: UNDECIDED") {
            return Self::Undecided(plain(&block(&told, "    what "), folder));
        }
        Self::Git(plain(&first_words(stderr), folder))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Refused(rules) => write!(f, "refused by `{}`", rules.join("`, `")),
            Self::Undecided(reason) => write!(f, "undecided: \"{reason}\""),
            Self::Git(words) => write!(f, "Git refuses: \"{words}\""),
        }
    }
}

/// What came of the three pushes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) direct: Outcome,
    pub(super) task: Outcome,
    pub(super) promotion: Outcome,
}

impl Seen {
    /// The cell of the table.
    pub(super) fn cell(&self) -> String {
        let Self { direct, task, promotion } = self;
        let rightly = *direct == Outcome::Refused(vec!["direct-push".into()]);
        if rightly && [task, promotion].iter().all(|push| **push == Outcome::Accepted) {
            return "judged".into();
        }
        if direct == task && task == promotion {
            return direct.to_string();
        }
        format!("direct push {direct}; task branch {task}; promotion {promotion}")
    }

    /// What no shape may lead to, whatever the page says: the unapproved push let in, or a reason that is empty.
    pub(super) fn wrong(&self) -> Option<String> {
        if self.direct == Outcome::Accepted {
            return Some("the direct push was accepted".into());
        }
        let silent = |push: &&Outcome| match push {
            Outcome::Accepted => false,
            Outcome::Refused(rules) => rules.is_empty(),
            Outcome::Undecided(words) | Outcome::Git(words) => words.is_empty() || words.contains("panicked"),
        };
        let silent = [&self.direct, &self.task, &self.promotion].into_iter().find(silent);
        silent.map(|push| format!("a push ended without a reason: {push:?}"))
    }
}

/// The line of Git's that says why: what the server answered, else the first `fatal:` or `error:`.
pub(super) fn first_words(stderr: &str) -> String {
    let rejected = stderr.lines().find_map(|line| line.strip_prefix(" ! [")?.rsplit_once(" (")?.1.strip_suffix(')'));
    let lines = || stderr.lines().map(|line| line.strip_prefix("remote: ").unwrap_or(line).trim());
    let said = |start: &'static str| lines().find_map(move |line| line.strip_prefix(start));
    rejected.or_else(|| said("fatal: ")).or_else(|| said("error: ")).unwrap_or_default().to_owned()
}

/// A finding's block as one line: the words behind `label` and on the lines that carry on from there.
fn block(told: &[&str], label: &str) -> String {
    let mut lines = told.iter().skip_while(|line| !line.starts_with(label));
    let first = lines.next().and_then(|line| line.strip_prefix(label)).unwrap_or_default();
    let rest = lines.take_while(|line| line.starts_with("         ")).map(|line| line.trim());
    [first].into_iter().chain(rest).collect::<Vec<_>>().join(" ")
}

fn is_rule(line: &str) -> bool {
    line.contains('-') && line.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Without what differs from run to run: the folder and object names; and fit for a table's cell.
fn plain(words: &str, folder: &Path) -> String {
    let words = words.replace(&*folder.to_string_lossy(), "<folder>").replace('|', "\\|");
    let hidden = words.split(' ').map(|word| {
        let (oid, rest) = word.split_at(word.bytes().take_while(u8::is_ascii_hexdigit).count());
        if matches!(oid.len(), 40 | 64) { format!("<oid>{rest}") } else { word.to_owned() }
    });
    hidden.collect::<Vec<_>>().join(" ")
}
