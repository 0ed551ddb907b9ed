//! What a rule is: data, and one pure function from facts to violations.

use bstr::{BStr, BString, ByteSlice};

use crate::change::{ChangeSet, Need, Push, Relation, Task, WayKind};
use crate::entry::Mode;
use crate::error::Result;
use crate::escape;
use crate::finding::{Severity, Words};
use crate::policy::{Class, PathKind, Policy};
use crate::refs::Action;

/// A rule. Its id is permanent: policies, overrides and scripts name it.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case; names the thing that is caught.
    pub id: &'static str,
    /// A title for people.
    pub name: &'static str,
    /// The family that `refgate rules` lists it under.
    pub family: Family,
    /// One sentence without a full stop.
    pub summary: &'static str,
    /// The page that `refgate explain` shows.
    pub docs: Docs,
    /// What a finding does unless the policy says otherwise.
    pub severity: Severity,
    /// No policy changes the severity: what the rule guards every other decision rests on.
    pub fixed: bool,
    /// The version of refgate that brought the rule.
    pub since: &'static str,
    /// The classes of refs that it looks at.
    pub classes: &'static [Class],
    /// The facts that it reads beyond the update itself.
    pub needs: &'static [Need],
    /// The rule's one function.
    pub check: fn(&Ctx<'_>) -> Result<Vec<Violation>>,
}

/// What no way into a protected branch leaves unasked: evidence stays, however the branch moves.
const ALWAYS: &[&str] = &["trace-frozen", "trace-foreign"];

impl Rule {
    /// Whether the rule is asked of a change that comes by this way. What stands on a protected branch was judged when it
    /// got there, by every rule on its content and on how it came about; a step of a chain does not ask these again.
    pub fn is_asked(&self, way: Option<WayKind>) -> bool {
        match way {
            _ if ALWAYS.contains(&self.id) => true,
            Some(WayKind::Step) => !matches!(self.family, Family::Scope | Family::Provenance | Family::Drift),
            // Its signed label stands in their place.
            Some(WayKind::Hotfix) => !matches!(self.family, Family::Scope | Family::Provenance),
            // All that a valid one brings back stood there before, and an invalid one is refused by its own rule.
            Some(WayKind::Rollback) => {
                matches!(self.family, Family::Refs | Family::Signatures | Family::Policy)
                    || matches!(self.id, "rollback-invalid" | "check-missing")
            }
            Some(WayKind::Task | WayKind::Branch) | None => true,
        }
    }
}

/// The families of rules, in the order of their listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// What may happen to a ref, whatever it points to.
    Refs,
    /// What a path may be called and be.
    Paths,
    /// What a person approved.
    Scope,
    /// What shows how the work came about.
    Provenance,
    /// Whether code and contract still say the same.
    Drift,
    /// The ways into a protected branch.
    Promotion,
    /// What is signed, and by whom.
    Signatures,
    /// The rules themselves.
    Policy,
}

impl Family {
    /// The word used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refs => "refs",
            Self::Paths => "paths",
            Self::Scope => "scope",
            Self::Provenance => "provenance",
            Self::Drift => "drift",
            Self::Promotion => "promotion",
            Self::Signatures => "signatures",
            Self::Policy => "policy",
        }
    }
}

/// The parts of a rule's page; plain Markdown.
#[derive(Clone, Copy, Debug)]
pub struct Docs {
    /// What is refused, exactly.
    pub refuses: &'static str,
    /// One sentence, shown with every finding.
    pub why: &'static str,
    /// What it looks like.
    pub example: &'static str,
    /// How to mend it.
    pub fix: &'static str,
    /// Whether and how it can be waived.
    pub waiver: Waiver,
}

/// What can let a finding pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiver {
    /// An override, for one update and once.
    Override,
    /// An override with the policy's label for hotfixes, likewise.
    Hotfix,
    /// The policy role's signature on the change itself.
    PolicyRole,
    /// Nothing.
    Never,
}

/// The waiver of most rules.
pub const BY_OVERRIDE: Waiver = Waiver::Override;
/// The waiver of rules that none can have.
pub const NEVER: Waiver = Waiver::Never;

impl Waiver {
    /// Whether an override can waive a finding; which label it then has, `override-invalid` asks.
    pub const fn is_by_override(self) -> bool {
        matches!(self, Self::Override | Self::Hotfix)
    }

    /// What the rule's page says of it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Override => {
                "An override for this one update, signed by a person of the override role: `refgate override request`."
            }
            Self::Hotfix => {
                "An override for this one update with the policy's label for hotfixes, signed by a person of the override role: `refgate override request` writes it so."
            }
            Self::PolicyRole => {
                "The policy role's signature on exactly this change (`refgate policy sign`). An override cannot."
            }
            Self::Never => "Never: it protects what every other decision rests on.",
        }
    }
}

/// All that a rule can see.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    /// The policy in force.
    pub policy: &'a Policy,
    /// The whole push.
    pub push: &'a Push,
    /// The change to judge.
    pub change: &'a ChangeSet,
    /// When the judging began.
    pub now: jiff::Timestamp,
}

/// What a rule found, before the engine adds what the rule says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What is wrong, and what mends it.
    pub words: Words,
    /// The path that it is about.
    pub path: Option<BString>,
    /// 1-based.
    pub line: Option<u32>,
    /// 1-based, in bytes.
    pub column: Option<u32>,
    /// Tells findings of one rule on one path apart, and stays the same when wording or lines change.
    pub key: String,
    /// The line of a drift baseline that excuses it, where one can.
    pub baseline: Option<String>,
}

impl Violation {
    /// A violation by the ref as a whole.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::of(Words::new(message, help))
    }

    /// A violation by the ref as a whole, that says this.
    pub fn of(words: Words) -> Self {
        Self { words, path: None, line: None, column: None, key: String::new(), baseline: None }
    }

    /// Says which path it is about.
    #[must_use]
    pub fn at(mut self, path: impl Into<BString>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Says which line of the path it is about.
    #[must_use]
    pub fn line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// Says which column of the line; none where the whole line is meant (0).
    #[must_use]
    pub fn column(mut self, column: u32) -> Self {
        self.column = (column > 0).then_some(column);
        self
    }

    /// Says which line of a drift baseline excuses it.
    #[must_use]
    pub fn baseline(mut self, line: String) -> Self {
        self.baseline = Some(line);
        self
    }

    /// Tells it apart from the rule's other findings on the same path.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }
}

impl<'a> Ctx<'a> {
    /// The full ref name, escaped.
    pub fn ref_name(&self) -> String {
        escape::quote_path(&self.change.update.name)
    }

    /// The ref name less `refs/heads/` or `refs/tags/`, escaped.
    pub fn short_name(&self) -> String {
        let name: &[u8] = &self.change.update.name;
        let short = name.strip_prefix(b"refs/heads/").or(name.strip_prefix(b"refs/tags/")).unwrap_or(name);
        escape::quote_path(short)
    }

    /// The short name of the trusted branch, escaped.
    pub fn trunk(&self) -> String {
        let name: &[u8] = &self.policy.trunk;
        escape::quote_path(name.strip_prefix(b"refs/heads/").unwrap_or(name))
    }

    /// The day on which the judging began, in UTC.
    pub fn today(&self) -> jiff::civil::Date {
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// What the update does to its ref.
    pub fn action(&self) -> Action {
        self.change.update.action()
    }

    /// Whether the server holds another value than the update claims; then nothing else about it can be said.
    pub fn is_stale(&self) -> bool {
        match self.change.held {
            Some(held) => held != self.change.update.old,
            None => !self.change.update.old.is_zero(),
        }
    }

    /// Whether the update takes a protected branch forward; only then is there a promotion to judge.
    pub fn is_promotion(&self) -> bool {
        self.change.class == Class::Protected
            && self.change.relation == Relation::FastForward
            && self.action() == Action::Move
            && !self.is_stale()
    }

    /// Whether the change touches documentation only, as plain files, in the end and in every commit.
    pub fn is_documentation_only(&self) -> bool {
        self.not_documentation().is_none()
    }

    /// The first path of the change that is no documentation, or that was or becomes anything but a plain file.
    pub fn not_documentation(&self) -> Option<&'a BStr> {
        let mut touched = self.change.content.touched.iter();
        let found = touched.find(|(path, touch)| {
            let mut modes = touch.modes.iter().chain(&touch.old_modes);
            self.policy.kind_of(path.as_bstr()) != PathKind::Documentation || modes.any(|mode| *mode != Mode::File)
        });
        found.map(|(path, _)| path.as_bstr())
    }

    /// The path of a file in the folder of the change's task.
    pub fn trace_path(&self, task: &BStr, file: &str) -> BString {
        let mut path = BString::from(self.policy.trace.as_str());
        path.push(b'/');
        path.extend_from_slice(task);
        path.push(b'/');
        path.extend_from_slice(file.as_bytes());
        path
    }

    /// A task's name, escaped, as a command takes it.
    pub fn task_word(&self, task: &Task) -> String {
        escape::quote_path(&task.name)
    }

    /// The task whose provenance the change must show: it is promoted as that task, and not documentation alone.
    pub fn promoted_task(&self) -> Option<&'a Task> {
        let by_task = self.change.way.as_ref().is_some_and(|way| way.task.is_some());
        if !self.is_promotion() || !by_task || self.is_documentation_only() {
            return None;
        }
        self.change.task.as_deref()
    }
}

#[cfg(test)]
pub(crate) mod testing;
