//! What a task lacks for its promotion: what the judge finds in the promotion of its tip, and what Git knows before. Must
//! not know how it is told.

use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};

use super::Work;
use crate::change::{ChangeSet, Push, Relation, Target};
use crate::cmd::check;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::{Finding, Severity};
use crate::git::{Uncommitted, uncommitted};
use crate::judge::judge;
use crate::oid::Oid;
use crate::provenance::task::{APPROVAL, APPROVED, FAILED, STATUS};
use crate::refs::{RefMap, RefUpdate};
use crate::report::human::shell_word;
use crate::rule::Family;
use crate::rules;
use crate::statement::approval;

/// What a person does for a task, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cmd) enum Step {
    /// Begins it.
    Start,
    /// Has the contract in the trace.
    Contract,
    /// Has the scope approved, and stays in it.
    Scope,
    /// Has the approval signed.
    Signature,
    /// Takes up what the server holds meanwhile.
    Merge,
    /// Keeps to all other rules with every commit.
    Change,
    /// Lets code and contract say the same.
    Drift,
    /// Adds audits and reviews.
    Artifacts,
    /// Writes the status.
    Status,
    /// Brings the branch to the server.
    Push,
    /// Has the checks run, which sign the very tree that is promoted: the status is part of it.
    Checks,
    /// Takes up what a hotfix left open.
    FollowUp,
}

impl Step {
    /// The word used in every output.
    pub(in crate::cmd) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Contract => "contract",
            Self::Scope => "scope",
            Self::Signature => "signature",
            Self::Merge => "merge",
            Self::Change => "change",
            Self::Drift => "drift",
            Self::Artifacts => "artifacts",
            Self::Status => "status",
            Self::Push => "push",
            Self::Checks => "checks",
            Self::FollowUp => "follow-up",
        }
    }

    /// The step at which a finding is mended.
    pub(in crate::cmd) fn of(rule: &str, file: Option<&BStr>) -> Self {
        match rule {
            "artifact-missing" => file.map_or(Self::Artifacts, Self::of_file),
            "approved-marker" => Self::Contract,
            "approval-invalid" | "out-of-scope" | "not-approved" | "schema-unlisted" => Self::Scope,
            "approval-unsigned" | "approval-signature" => Self::Signature,
            "merge-not-clean" | "octopus" => Self::Merge,
            "status-invalid" | "status-contradicted" => Self::Status,
            "check-missing" => Self::Checks,
            _ if rules::find(rule).is_some_and(|rule| rule.family == Family::Drift) => Self::Drift,
            _ => Self::Change,
        }
    }

    /// The step at which a file of the trace, by its path below the task's folder, is written.
    fn of_file(file: &BStr) -> Self {
        if file.starts_with(approval::FILE.as_bytes()) {
            Self::Signature
        } else if file.starts_with(b"contract/") {
            Self::Contract
        } else if file.starts_with(b"final/") {
            Self::Status
        } else {
            Self::Artifacts
        }
    }
}

/// One thing that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cmd) struct Item {
    /// When it is mended.
    pub(in crate::cmd) step: Step,
    /// A finding that is only reported keeps nothing from being promoted.
    pub(in crate::cmd) severity: Severity,
    /// The rule that found it.
    pub(in crate::cmd) rule: Option<&'static str>,
    /// The path that it is about.
    pub(in crate::cmd) path: Option<BString>,
    /// 1-based line in that file.
    pub(in crate::cmd) line: Option<u32>,
    /// What is wrong, one sentence without a full stop; names in it are escaped already.
    pub(in crate::cmd) what: String,
    /// The command or edit that mends it.
    pub(in crate::cmd) mend: String,
}

impl Item {
    pub(in crate::cmd) fn new(step: Step, what: impl Into<String>, mend: impl Into<String>) -> Self {
        let (what, mend) = (what.into(), mend.into());
        Self { step, severity: Severity::Enforce, rule: None, path: None, line: None, what, mend }
    }
}

/// What was found out about a task.
#[derive(Debug, Default)]
pub(in crate::cmd) struct Survey {
    /// What a command calls that tip: the branch, or the server's where none is here.
    pub(in crate::cmd) source: String,
    /// The tip that was judged.
    pub(in crate::cmd) tip: Option<Oid>,
    /// Where the task began.
    pub(in crate::cmd) base: Option<Oid>,
    /// The protected branch that it aims at, in full.
    pub(in crate::cmd) target: Option<BString>,
    /// The task is finished on its target.
    pub(in crate::cmd) promoted: bool,
    /// What is missing, in the order of the steps.
    pub(in crate::cmd) items: Vec<Item>,
}

/// Finds out what the task lacks. `top` is the work tree in which its branch is checked out, if one is.
///
/// # Errors
/// Something could not be judged.
pub(in crate::cmd) fn survey(work: &Work, top: Option<&Path>, now: jiff::Timestamp) -> Result<Survey> {
    let branch = work.refname();
    let local = work.repo.refs()?.get(&branch).copied();
    let Some(tip) = local.or_else(|| work.refs.get(&branch).copied()) else {
        let what = format!("there is no branch {}", work.shell_branch());
        let items = vec![Item::new(Step::Start, what, format!("refgate task start {}", work.name))];
        return Ok(Survey { items, ..Survey::default() });
    };
    let set = work.facts(tip, now)?;
    let Some(target) = &set.target else {
        return Err(Error::undecided(format!("{} was not seen to hold a protected branch", work.server()))
            .help("git fetch, and look whether its trusted branch is there"));
    };
    let mut survey = Survey {
        source: if local.is_some() { work.shell_branch() } else { work.tracking(branch.as_slice()) },
        tip: Some(tip),
        base: set.base,
        target: Some(target.name.clone()),
        ..Survey::default()
    };
    if set.content.touched.is_empty() && set.finished.is_some() {
        survey.promoted = true;
        return Ok(survey);
    }
    let open = match top {
        Some(top) => uncommitted(top, Some(&work.folder()))?,
        None => Vec::new(),
    };
    survey.items.extend(not_committed(work, &open));
    if set.base == Some(tip) {
        let mend = format!("git add :/{} && git commit -m 'Begin {}'", work.folder(), work.name);
        let what = format!("{} holds every commit of the branch already", work.tracking(&target.name));
        survey.items.push(Item::new(Step::Start, what, mend));
    } else {
        let found = judged(work, &set, target, now)?;
        survey.items.extend(
            found.iter().filter(|found| !is_open(work, found, &open)).map(|found| item(work, &set, found, &open)),
        );
        survey.items.extend(behind(work, tip, target)?);
    }
    // The server takes nothing more of a task that is finished.
    if set.finished.is_none() {
        survey.items.extend(not_pushed(work, &set, tip)?);
    }
    survey.items.sort_by(|a, b| (a.step, b.severity).cmp(&(b.step, a.severity)));
    Ok(survey)
}

/// What the gate finds in the promotion, and in the push before it.
fn judged(work: &Work, set: &ChangeSet, target: &Target, now: jiff::Timestamp) -> Result<Vec<Finding>> {
    let Some(tip) = set.tip() else { return Err(Error::undecided("the task has no tip")) };
    // Where the target has moved on, the clean merge of both is what could be promoted: so all else shows already.
    let new = match work.repo.is_ancestor(target.tip, tip)? {
        true => tip,
        false => work.repo.merge_commit(target.tip, tip)?,
    };
    // Whatever else stands at the tip must not fare better or worse in the task's place.
    let mut held: RefMap = work.refs.clone();
    held.retain(|name, value| *value != tip || work.policy.is_protected(name.as_bstr()));
    held.insert(work.refname(), tip);
    let promotion = RefUpdate { name: target.name.clone(), old: target.tip, new };
    let mut found = findings(work, Push::new(held, vec![promotion], false).preview(), now)?;
    if work.refs.get(&work.refname()) != Some(&tip) {
        let mut refs = work.refs.clone();
        let push = check::update(&mut refs, &work.policy, work.refname(), tip);
        let on_the_way = findings(work, Push::new(refs, vec![push], false).preview(), now)?;
        let known = |one: &Finding| found.iter().any(|other| (one.rule, &one.path) == (other.rule, &other.path));
        let more: Vec<Finding> = on_the_way.into_iter().filter(|one| !known(one)).collect();
        found.extend(more);
    }
    Ok(found)
}

/// What the gate finds in a push.
pub(in crate::cmd) fn findings(work: &Work, push: Push, now: jiff::Timestamp) -> Result<Vec<Finding>> {
    let verdict = judge(&work.repo, &work.policy, &push, now);
    let problems =
        verdict.problem.into_iter().chain(verdict.updates.iter().filter_map(|update| update.problem.clone()));
    match problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(verdict.updates.into_iter().flat_map(|update| update.findings).collect()),
    }
}

/// A path's place below the task's folder.
fn below<'p>(work: &Work, path: &'p BStr) -> Option<&'p BStr> {
    Some(path.strip_prefix(work.folder().as_bytes())?.strip_prefix(b"/")?.as_bstr())
}

/// Files of the trace that the judge does not see yet, by the step that they belong to.
fn not_committed(work: &Work, open: &[Uncommitted]) -> Vec<Item> {
    let mut steps: std::collections::BTreeMap<Step, Vec<String>> = std::collections::BTreeMap::new();
    for file in open.iter().filter(|file| !file.ignored).filter_map(|file| below(work, file.path.as_bstr())) {
        steps.entry(Step::of_file(file)).or_default().push(escape::quote_path(file));
    }
    let mend = format!("git add :/{} && git commit", work.folder());
    let item = |(step, files): (Step, Vec<String>)| {
        let more = if files.len() > SHOWN { format!(" and {} more", files.len() - SHOWN) } else { String::new() };
        let named: Vec<String> = files.into_iter().take(SHOWN).collect();
        Item::new(step, format!("not committed: {}{more}", named.join(", ")), mend.clone())
    };
    steps.into_iter().map(item).collect()
}

/// How many files a sentence names.
const SHOWN: usize = 5;

/// Whether what a finding is about stands otherwise in the work tree: then it may be mended already.
fn is_open(work: &Work, finding: &Finding, open: &[Uncommitted]) -> bool {
    let Some(path) = finding.path.as_ref().filter(|path| below(work, path.as_bstr()).is_some()) else { return false };
    open.iter().any(|file| !file.ignored && (file.path == *path || is_artifact_in(file, path)))
}

/// Whether a file lies in the folder of an artifact, `path`, under a name that counts.
fn is_artifact_in(file: &Uncommitted, path: &BString) -> bool {
    let inside = file.path.strip_prefix(path.as_slice()).filter(|_| path.ends_with(b"/"));
    inside.is_some_and(|rest| !rest.split_str("/").any(|part| part.starts_with(b".")))
}

/// What is missing, by what the gate found. `open` is what is not committed.
pub(in crate::cmd) fn item(work: &Work, set: &ChangeSet, finding: &Finding, open: &[Uncommitted]) -> Item {
    let file = finding.path.as_ref().and_then(|path| below(work, path.as_bstr()));
    let step = Step::of(finding.rule, file);
    Item {
        step,
        severity: finding.severity,
        rule: Some(finding.rule),
        path: finding.path.clone(),
        line: finding.line,
        what: finding.words.message.clone(),
        mend: mend(work, set, finding, open).unwrap_or_else(|| finding.words.help.clone()),
    }
}

/// What mends a finding, where a command of the task's does, or where the gate's own words look back at a push.
fn mend(work: &Work, set: &ChangeSet, finding: &Finding, open: &[Uncommitted]) -> Option<String> {
    if finding.rule == "task-finished" {
        return set.target.as_ref().map(|target| go_on(work, target));
    }
    let path = finding.path.as_ref()?;
    let file = below(work, path.as_bstr());
    match (finding.rule, file.map(|file| file.as_bytes())) {
        ("status-invalid", _) => Some("refgate task finish".into()),
        ("status-contradicted", Some(file)) if file != FAILED.as_bytes() => Some("refgate task finish".into()),
        ("artifact-missing", Some(file)) if file == STATUS.as_bytes() => Some("refgate task finish".into()),
        ("artifact-missing", Some(file)) => {
            let ignored = open.iter().find(|one| one.ignored && (one.path == *path || is_artifact_in(one, path)));
            let shown = shell_word(path);
            Some(match (ignored, set.base) {
                (Some(ignored), _) => format!("git add --force :/{} && git commit", shell_word(&ignored.path)),
                (None, Some(base)) if file == APPROVED.as_bytes() => {
                    format!("printf 'APPROVED:%s:%s\\n' {} {base} > {shown}, and commit it", work.name)
                }
                _ if file == APPROVAL.as_bytes() => {
                    format!(
                        "a person writes {shown}: the line Task: {}, and the scope under ## APPROVED SCOPE",
                        work.name
                    )
                }
                _ if path.ends_with(b"/") => format!("write a file into {shown}, and commit it"),
                _ => format!("write {shown}, and commit it"),
            })
        }
        _ => None,
    }
}

/// The target holds what the task does not: a fast forward would drop it.
pub(in crate::cmd) fn behind(work: &Work, tip: Oid, target: &Target) -> Result<Option<Item>> {
    let new = work.repo.range(&[target.tip], &[tip])?.len();
    let branch = work.tracking(&target.name);
    let what = format!("{branch} holds {} that the task does not", commits(new));
    let mend = format!("{}git merge {branch}", work.switch()?);
    Ok((new > 0).then(|| Item::new(Step::Merge, what, mend)))
}

/// What stands on the branch here and came after the promotion: nothing takes it up by itself.
pub(in crate::cmd) fn since(work: &Work, target: &Target, tip: Oid) -> Result<Option<Item>> {
    let held = work.refs.get(&work.refname()).copied();
    let known: Vec<Oid> = [target.tip].into_iter().chain(held).collect();
    let count = work.repo.range(&[tip], &known)?.len();
    let what = format!("{} here is {} ahead of what was promoted", work.shell_branch(), commits(count));
    let item = Item { severity: Severity::Evaluate, ..Item::new(Step::Start, what, go_on(work, target)) };
    Ok((count > 0).then_some(item))
}

/// How work goes on that was added to a task after its end.
fn go_on(work: &Work, target: &Target) -> String {
    let (branch, main) = (work.shell_branch(), work.tracking(&target.name));
    let base = match target.name == work.policy.trunk {
        true => String::new(),
        false => format!(" --base {}", shell_word(target.name.strip_prefix(b"refs/heads/").unwrap_or(&target.name))),
    };
    format!(
        "a finished task takes no more; a task of its own does: refgate task start <task>{base} && \
         git cherry-pick {main}..{branch}"
    )
}

/// A number of commits in words.
pub(in crate::cmd) fn commits(count: usize) -> String {
    if count == 1 { "a commit".into() } else { format!("{count} commits") }
}

/// The server does not hold the tip yet.
pub(in crate::cmd) fn not_pushed(work: &Work, set: &ChangeSet, tip: Oid) -> Result<Option<Item>> {
    let Some(remote) = work.remote.as_ref().map(|remote| shell_word(remote)) else { return Ok(None) };
    let branch = work.shell_branch();
    let push = |what: String, mend: String| Ok(Some(Item::new(Step::Push, what, mend)));
    let Some(held) = work.refs.get(&work.refname()).copied() else {
        return push(format!("{remote} does not hold {branch} yet"), format!("git push -u {remote} {branch}"));
    };
    if held == tip {
        return Ok(None);
    }
    let tracking = work.tracking(work.branch.as_bytes());
    if work.repo.is_ancestor(tip, held)? {
        let what =
            format!("{tracking} is {} ahead of the branch here", commits(work.repo.range(&[held], &[tip])?.len()));
        return Ok(Some(Item::new(Step::Merge, what, format!("{}git merge --ff-only {tracking}", work.switch()?))));
    }
    if set.relation == Relation::FastForward {
        let new = commits(work.repo.range(&[tip], &[held])?.len());
        return push(format!("{remote} lacks {new} of {branch}"), format!("git push {remote} {branch}"));
    }
    let mend = format!("git push --force-with-lease {remote} {branch}, or {}git merge {tracking}", work.switch()?);
    push(format!("{tracking} holds other commits than {branch}"), mend)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Class;

    #[test]
    fn what_the_gate_finds_is_mended_at_the_step_of_its_rule_and_by_file_where_one_rule_has_several() {
        for (rule, file, step) in [
            ("artifact-missing", Some(APPROVED), Step::Contract),
            ("artifact-missing", Some("codex/audit/"), Step::Artifacts),
            ("artifact-missing", Some("plan.md"), Step::Artifacts),
            ("artifact-missing", Some(STATUS), Step::Status),
            ("artifact-missing", None, Step::Artifacts),
            ("approved-marker", Some(APPROVED), Step::Contract),
            ("schema-unlisted", None, Step::Scope),
            ("approval-signature", Some(approval::FILE), Step::Signature),
            ("check-missing", None, Step::Checks),
            ("merge-not-clean", None, Step::Merge),
            ("path-name", None, Step::Change),
            ("field-added", Some("src/a.ts"), Step::Drift),
            ("status-contradicted", Some(STATUS), Step::Status),
        ] {
            assert_eq!(Step::of(rule, file.map(BStr::new)), step, "{rule} {file:?}");
        }
        assert_eq!(Step::of_file("contract/approval.json.sig".into()), Step::Signature);
        assert_eq!(Step::of_file("contract/approval.md".into()), Step::Contract);
    }

    #[test]
    fn a_rule_that_has_a_step_of_its_own_is_there_and_looks_at_promotions() {
        let own = crate::rules::ALL.iter().filter(|rule| Step::of(rule.id, None) != Step::Change);
        let own: Vec<_> = own.collect();
        assert!(own.len() >= 10, "{own:?}");
        assert!(own.iter().all(|rule| rule.classes.contains(&Class::Protected)), "{own:?}");
    }
}
