//! `refgate task status`: what is missing, and what mends it, for people and for machines.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::survey::{Item, Survey, survey};
use super::{Work, follow_up};
use crate::cli::Format;
use crate::cli::task::Status;
use crate::cmd::answer;
use crate::cmd::client::words;
use crate::cmd::rules::print;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::Severity;
use crate::git::top;
use crate::oid::Oid;
use crate::report::human::shell_word;
use crate::report::json;

/// Runs the command. The exit status: 0 where nothing is missing, 1 where something is.
///
/// # Errors
/// Something could not be judged.
pub fn run(args: &Status, env: &Env, now: jiff::Timestamp) -> Result<u8> {
    let work = Work::open(&args.seen, args.name.as_deref(), env)?;
    // The push of the task and its promotion are judged, and the server takes so long for each at the most.
    let seconds = work.policy.limits.seconds.saturating_mul(2);
    let late = Error::undecided(format!("nothing could be said within {seconds} seconds")).help(
        "have limits.seconds raised in the policy, or try it: --policy FILE; refgate check judges one push alone",
    );
    answer::limit(seconds, late);
    let top = if work.is_current()? { Some(top(&args.seen.repo)?) } else { None };
    let mut survey = survey(&work, top.as_deref(), now)?;
    survey.items.extend(follow_up::items(&work, survey.tip)?);
    let text = match args.format {
        Format::Human => human(&work, &survey, &again(&work, args)),
        Format::Json => json::line(&wire(&work, &survey)),
    };
    let code = u8::from(survey.lacks_anything());
    answer::claim(code);
    print(&text)?;
    Ok(code)
}

impl Survey {
    fn lacks_anything(&self) -> bool {
        self.items.iter().any(|item| item.severity == Severity::Enforce)
    }
}

/// The command that promotes the task, once nothing is missing.
fn promotion(work: &Work, survey: &Survey) -> Option<String> {
    let target = survey.target.as_ref().filter(|_| !survey.promoted && !survey.lacks_anything())?;
    let target = shell_word(target.strip_prefix(b"refs/heads/").unwrap_or(target));
    let source = &survey.source;
    Some(match &work.remote {
        Some(remote) => {
            // Results that were signed here and are not pushed yet: for those that are, Git does nothing.
            let statements = statements(work).unwrap_or_default();
            let atomic = if statements.is_empty() { "" } else { "--atomic " };
            format!("git push {atomic}{} {source}:{target}{statements}", shell_word(remote))
        }
        None => format!("git switch {target} && git merge --ff-only {source}"),
    })
}

/// The results of checks in this repository for what is promoted, each behind a space.
fn statements(work: &Work) -> Option<String> {
    let tree = work.repo.tree_of(work.repo.resolve(&work.branch).ok()?).ok()??;
    let folder = format!("refs/refgate/checks/{tree}/");
    let results = work.refs.keys().filter(|name| name.starts_with(folder.as_bytes()));
    Some(results.map(|name| format!(" {}", shell_word(name))).collect())
}

/// The command that tells everything.
fn again(work: &Work, args: &Status) -> String {
    format!("refgate task status {}{} --format json", work.name, words(&args.seen))
}

/// How many things that one rule found at one step, or none, are told one by one.
const SHOWN: usize = 20;

fn human(work: &Work, survey: &Survey, again: &str) -> String {
    let target = survey.target.as_ref().map(|target| work.tracking(target));
    let target = target.map(|target| format!(" for {target}")).unwrap_or_default();
    let missing = survey.items.iter().filter(|item| item.severity == Severity::Enforce).count();
    let count = match (survey.promoted, missing) {
        (true, _) => "promoted already".to_owned(),
        (false, 0) => "nothing is missing".to_owned(),
        (false, 1) => "1 thing is missing".to_owned(),
        (false, count) => format!("{count} things are missing"),
    };
    let mut text = format!("refgate: task {}{target}: {count}\n", work.name);
    for items in survey.items.chunk_by(|a, b| a.step == b.step) {
        if let Some(first) = items.first() {
            let _ = writeln!(text, "\n  {}", first.step.name());
        }
        tell(&mut text, items, again);
    }
    if let Some(promotion) = promotion(work, survey) {
        let _ = writeln!(text, "\n  promotion\n    do    {promotion}");
    }
    text
}

/// Tells the items of one step, those that are mended in one way together. `again` is the command that tells all of them
/// where there are more than a person reads.
pub(in crate::cmd) fn tell(text: &mut String, items: &[Item], again: &str) {
    let mut counts: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for group in items.chunk_by(alike) {
        let Some(first) = group.first() else { continue };
        let count = counts.entry(first.rule).or_default();
        let mut shown = group.iter().take(SHOWN.saturating_sub(*count)).peekable();
        *count += group.len();
        if shown.peek().is_none() {
            continue;
        }
        while let Some(item) = shown.next() {
            told(text, item, shown.peek().is_some_and(|next| next.what == item.what));
        }
        let _ = writeln!(text, "    mend  {}", first.mend.replace('\n', "\n          "));
    }
    for (rule, count) in counts.into_iter().filter(|(_, count)| *count > SHOWN) {
        let (more, rule) = (count - SHOWN, rule.unwrap_or("these"));
        let _ = writeln!(text, "    ... and {more} more of {rule}; see all of them with\n          {again}");
    }
}

/// What is mended in one way is told together.
fn alike(a: &Item, b: &Item) -> bool {
    (a.step, a.severity, a.rule, &a.mend) == (b.step, b.severity, b.rule, &b.mend)
}

/// Tells one item; where the next says the same of another place, its words follow there.
fn told(text: &mut String, item: &Item, again: bool) {
    if let Some(path) = &item.path {
        let line = item.line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(text, "    at    {}{line}", escape::quote_path(path));
    }
    if again {
        return;
    }
    let rule = item.rule.map(|rule| format!(" ({rule})")).unwrap_or_default();
    let note = if item.severity == Severity::Enforce { "" } else { " (reported only)" };
    let _ = writeln!(text, "    what  {}{rule}{note}", item.what);
}

// Fields stand in alphabetical order: that is what makes the keys sorted.

#[derive(Serialize)]
struct StatusV1<'a> {
    base: Option<Oid>,
    branch: &'a str,
    items: Vec<ItemV1<'a>>,
    missing: usize,
    promoted: bool,
    promotion: Option<String>,
    schema: &'static str,
    target: Option<String>,
    task: &'a str,
    tip: Option<Oid>,
}

/// An item as every format has it.
#[derive(Serialize)]
pub(in crate::cmd) struct ItemV1<'a> {
    line: Option<u32>,
    mend: &'a str,
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    rule: Option<&'static str>,
    severity: &'static str,
    step: &'static str,
    what: &'a str,
}

impl<'a> From<&'a Item> for ItemV1<'a> {
    fn from(item: &'a Item) -> Self {
        let (path, path_bytes) = item.path.as_ref().map(|path| json::text(path)).unzip();
        Self {
            line: item.line,
            mend: &item.mend,
            path,
            path_bytes: path_bytes.flatten(),
            rule: item.rule,
            severity: item.severity.name(),
            step: item.step.name(),
            what: &item.what,
        }
    }
}

fn wire<'a>(work: &'a Work, survey: &'a Survey) -> StatusV1<'a> {
    StatusV1 {
        base: survey.base,
        branch: &work.branch,
        items: survey.items.iter().map(ItemV1::from).collect(),
        missing: survey.items.iter().filter(|item| item.severity == Severity::Enforce).count(),
        promoted: survey.promoted,
        promotion: promotion(work, survey),
        schema: "refgate.task-status/1",
        target: survey.target.as_ref().map(|target| json::text(target).0),
        task: &work.name,
        tip: survey.tip,
    }
}
