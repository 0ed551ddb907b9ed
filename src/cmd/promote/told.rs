//! How a promotion is told, to people and to machines.

use std::fmt::Write as _;

use serde::Serialize;

use super::plan::{Next, Plan, checks};
use super::{Done, Outcome, Subject, receipt_in, short};
use crate::cli::Format;
use crate::cli::promote::Promote;
use crate::cmd::client::words;
use crate::cmd::task::Work;
use crate::cmd::task::status::{ItemV1, tell};
use crate::cmd::task::survey::{Item, Step};
use crate::error::Error;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::ledger::Hash;
use crate::oid::Oid;
use crate::policy::roles::RoleName;
use crate::report::human::shell_word;
use crate::report::json;
use crate::rules;

/// Every requirement, with a tick or with what is missing; and what would be pushed.
pub(super) fn plan(work: &Work, plan: &Plan, args: &Promote) -> String {
    let count = match (plan.promoted, plan.missing().count()) {
        (true, _) => "promoted already".to_owned(),
        (false, 0) => "nothing is missing".to_owned(),
        (false, 1) => "1 thing is missing".to_owned(),
        (false, count) => format!("{count} things are missing"),
    };
    let kind = if work.step.is_some() { "" } else { "task " };
    let mut text = format!("refgate: {kind}{} for {}: {count}\n", work.name, work.tracking(&plan.target.name));
    let again = again(work, args) + " --format json";
    if plan.promoted {
        tell(&mut text, &plan.items, &again);
        return text;
    }
    text.push('\n');
    let mut rest: Vec<&Item> = plan.items.iter().collect();
    let mut excused: Vec<&(Item, String)> = plan.waived.iter().collect();
    for (step, due, of_row) in rows(work, plan) {
        let is_here = |item: &Item| item.step == step && of_row(item);
        let (here, others): (Vec<&Item>, _) = rest.into_iter().partition(|item| is_here(item));
        let (waived, kept): (Vec<_>, _) = excused.into_iter().partition(|(item, _)| is_here(item));
        (rest, excused) = (others, kept);
        let waived: Vec<&str> = waived.iter().map(|(_, how)| how.as_str()).collect();
        let due = if waived.is_empty() { due } else { format!("waived: {}", waived.join("; ")) };
        row(&mut text, step, &due, &here, &again);
    }
    // What belongs to no row is missing all the same.
    for group in rest.chunk_by(|a, b| a.step == b.step) {
        if let Some(first) = group.first() {
            row(&mut text, first.step, "", group, &again);
        }
    }
    for (_, how) in excused {
        let _ = writeln!(text, "  waived: {how}");
    }
    if let Some(next) = plan.next.as_ref().filter(|next| next.merge) {
        if next.made {
            let _ = writeln!(text, "  the merge is {}", next.new);
        }
        let _ = writeln!(text, "  its tree is {}", next.tree);
    }
    text
}

/// Tells one requirement.
fn row(text: &mut String, step: Step, due: &str, items: &[&Item], again: &str) {
    let (mark, due) = match items.iter().map(|item| item.severity).max() {
        None => ("[ok]", due),
        Some(Severity::Enforce) => ("[x] ", ""),
        // What is only reported is no requirement, and none that is met.
        Some(Severity::Evaluate | Severity::Off) => ("[ok]", ""),
    };
    let _ = writeln!(text, "{}", format!("  {mark} {:<10} {due}", step.name()).trim_end());
    let items: Vec<Item> = items.iter().map(|item| (*item).clone()).collect();
    tell(text, &items, again);
}

/// The command that looks at it again, alone, and pushes nothing.
fn again(work: &Work, args: &Promote) -> String {
    let name = args.name.as_deref().unwrap_or(&work.name);
    let into = work.step.as_ref().map(short).or(args.into.as_ref().map(|into| into.as_bytes()));
    let into = into.map(|into| format!(" --into {}", shell_word(into))).unwrap_or_default();
    let how = match (args.merge, args.ff) {
        (true, _) => " --merge",
        (false, true) => " --ff",
        (false, false) => "",
    };
    format!("refgate promote {}{how}{into}{} --dry-run", shell_word(name.as_bytes()), words(&args.seen))
}

/// Tells whether an item of a step belongs to a row.
type OfRow = Box<dyn Fn(&Item) -> bool>;

/// What is asked for, in the order in which it is done, and what is said where it is there.
fn rows(work: &Work, plan: &Plan) -> Vec<(Step, String, OfRow)> {
    let Some(next) = &plan.next else { return Vec::new() };
    let target = work.tracking(&plan.target.name);
    let merge = match next.merge {
        true => format!("a clean merge into {target}"),
        false => format!("a fast forward of {target}"),
    };
    let mut rows: Vec<(Step, String, OfRow)> = Vec::new();
    let mut row = |step, due: &str| {
        // What goes on along a chain was judged when it came there.
        let is_of_step = matches!(step, Step::Merge | Step::Change);
        if is_asked(work, step) && (is_of_step || work.step.is_none()) {
            rows.push((step, due.to_owned(), Box::new(|_| true)));
        }
    };
    row(Step::Contract, "the marker and the approval are there");
    row(Step::Scope, "every changed path is approved");
    row(Step::Signature, "the approval is signed");
    row(Step::Merge, &merge);
    row(Step::Change, "every commit and path is as it should be");
    row(Step::Drift, "code and contract say the same");
    row(Step::Artifacts, "every audit and review is there");
    row(Step::Status, "the task says that it is finished");
    row(Step::Push, &format!("{} holds the task", work.server()));
    for check in checks(work, &plan.target).into_iter().filter(|_| is_asked(work, Step::Checks)) {
        let begin = format!("the check {check} ");
        let due = format!("{check} has a result for the tree {}", next.tree.short());
        rows.push((Step::Checks, due, Box::new(move |item| item.what.starts_with(&begin))));
    }
    rows
}

/// Whether the policy lets anything of a step keep a task from being promoted.
fn is_asked(work: &Work, step: Step) -> bool {
    let enforced = |rule: &crate::rule::Rule| {
        Step::of(rule.id, None) == step && work.policy.severity(rule.id, rule.severity) == Severity::Enforce
    };
    match step {
        // A conflict does whatever the policy says, and so does what the server lacks.
        Step::Merge | Step::Push => true,
        Step::Signature if !work.policy.signing.roles.contains_key(&RoleName::Approve) => false,
        Step::Drift if work.policy.drift.is_none() => false,
        _ => rules::ALL.iter().any(|rule| enforced(rule)),
    }
}

/// What the server answered, below a line that says so.
pub(in crate::cmd) fn answer(server: &str, lines: &[String]) -> String {
    let heading = if lines.is_empty() { String::new() } else { format!("\n  {server} answered\n") };
    heading + &answered(lines)
}

fn answered(lines: &[String]) -> String {
    let line = |line: &String| format!("    {line}").trim_end().to_owned() + "\n";
    lines.iter().map(line).collect()
}

/// What became of it.
pub(super) fn end(done: &Done) -> String {
    let mut text = String::new();
    let target = done.work.tracking(&done.plan.target.name);
    text.push_str(&answer(&done.work.server(), &done.answer));
    let command = done.command.as_deref().unwrap_or_default();
    let _ = match &done.outcome {
        Outcome::Already | Outcome::Missing => Ok(()),
        Outcome::Ready => writeln!(text, "\n  dry run, nothing was pushed\n    do    {command}"),
        Outcome::Promoted => writeln!(text, "refgate: promoted: {}", moved(done)),
        Outcome::Refused => writeln!(text, "refgate: REFUSED: {} did not take it, nothing moved", done.work.server()),
        Outcome::Overtaken(_) if done.is_good() => {
            writeln!(text, "refgate: another process was faster, and promoted it: {}", moved(done))
        }
        Outcome::Overtaken(_) => {
            writeln!(text, "refgate: another process was faster: {target} has moved meanwhile; run it again")
        }
    };
    if let Some(receipt) = receipt_in(&done.answer) {
        let _ = writeln!(text, "receipt {receipt}");
    }
    text
}

fn moved(done: &Done) -> String {
    let new = done.plan.next.as_ref().map_or_else(String::new, |next| next.new.short());
    format!("{} from {} to {new}", done.work.tracking(&done.plan.target.name), done.plan.target.tip.short())
}

/// One of many: a line on what became of it, and below it what it lacks or what the server answered.
pub(super) fn one(done: &Done, args: &Promote) -> String {
    if args.format == Format::Json {
        return json(done, args.dry_run);
    }
    let receipt = receipt_in(&done.answer).map(|receipt| format!(", receipt {receipt}"));
    let said = match &done.outcome {
        Outcome::Already => "promoted already".to_owned(),
        Outcome::Missing => missing(&done.plan),
        Outcome::Ready => format!("lacks nothing: {}", done.command.as_deref().unwrap_or_default()),
        Outcome::Promoted => format!("promoted: {}{}", moved(done), receipt.unwrap_or_default()),
        Outcome::Overtaken(_) => "another process was faster; the next run looks at it again".to_owned(),
        Outcome::Refused => {
            let server = done.work.server();
            format!("REFUSED: {server} did not take it, nothing moved\n{}", answered(&done.answer).trim_end())
        }
    };
    let more = match &done.outcome {
        Outcome::Missing => format!("  what mends it: {}\n", again(&done.work, args)),
        _ => String::new(),
    };
    format!("{}: {}\n{more}", Subject::of(&done.work).name(), said.trim_end())
}

/// What is missing, a line for each step.
fn missing(plan: &Plan) -> String {
    let mut items: Vec<&Item> = plan.missing().collect();
    items.sort_by_key(|item| item.step);
    let mut text = match items.len() {
        1 => "lacks 1 thing\n".to_owned(),
        count => format!("lacks {count} things\n"),
    };
    for step in items.chunk_by(|a, b| a.step == b.step) {
        let Some(first) = step.first() else { continue };
        let path = first.path.as_ref().map(|path| format!(": {}", quote_path(path))).unwrap_or_default();
        let more = if step.len() > 1 { format!("; and {} more", step.len() - 1) } else { String::new() };
        let _ = writeln!(text, "  {:<10} {}{path}{more}", first.step.name(), first.what);
    }
    text
}

/// One of many of which nobody knows.
pub(super) fn problem(subject: &Subject, error: &Error, args: &Promote) -> String {
    match args.format {
        Format::Human => {
            let help: String = error.help.lines().map(|line| format!("  {}\n", line.trim_start())).collect();
            format!("{}: UNDECIDED: {}\n{help}", subject.name(), error.message)
        }
        Format::Json => {
            let target = match subject {
                Subject::Task(_) => None,
                Subject::Step { into, .. } => Some(json::text(into).0),
            };
            json::line(&PromotionV1 {
                outcome: "undecided",
                target,
                ..PromotionV1::of(subject, Some(error), args.dry_run)
            })
        }
    }
}

// Fields stand in alphabetical order: that is what makes the keys sorted.

#[derive(Serialize)]
struct PromotionV1<'a> {
    answer: &'a [String],
    command: Option<&'a str>,
    dry_run: bool,
    items: Vec<ItemV1<'a>>,
    merge: Option<bool>,
    missing: usize,
    new: Option<Oid>,
    old: Option<Oid>,
    outcome: &'static str,
    problem: Option<ProblemV1<'a>>,
    receipt: Option<ReceiptV1>,
    schema: &'static str,
    source: Option<String>,
    statements: Vec<String>,
    target: Option<String>,
    task: Option<&'a str>,
    tip: Option<Oid>,
    tree: Option<Oid>,
    waived: Vec<&'a str>,
}

#[derive(Serialize)]
struct ProblemV1<'a> {
    help: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct ReceiptV1 {
    hash: Hash,
    sequence: u64,
}

impl<'a> PromotionV1<'a> {
    fn of(subject: &'a Subject, error: Option<&'a Error>, dry_run: bool) -> Self {
        let (task, source) = match subject {
            Subject::Task(name) => (name.as_deref(), None),
            Subject::Step { from, .. } => (None, Some(format!("refs/heads/{from}"))),
        };
        Self {
            answer: &[],
            command: None,
            dry_run,
            items: Vec::new(),
            merge: None,
            missing: 0,
            new: None,
            old: None,
            outcome: "",
            problem: error.map(|error| ProblemV1 { help: &error.help, message: &error.message }),
            receipt: None,
            schema: "refgate.promotion/1",
            source,
            statements: Vec::new(),
            target: None,
            task,
            tip: None,
            tree: None,
            waived: Vec::new(),
        }
    }
}

/// The promotion as one line of JSON.
pub(super) fn json(done: &Done, dry_run: bool) -> String {
    let plan = &done.plan;
    let receipt = receipt_in(&done.answer);
    let next = plan.next.as_ref();
    json::line(&PromotionV1 {
        answer: &done.answer,
        command: done.command.as_deref(),
        items: plan.items.iter().map(ItemV1::from).collect(),
        merge: next.map(|next| next.merge),
        missing: plan.missing().count(),
        new: next.filter(|next| next.made).map(|next| next.new),
        old: Some(plan.target.tip),
        outcome: done.outcome.name(),
        receipt: receipt.map(|found| ReceiptV1 { hash: found.hash, sequence: found.sequence }),
        statements: next.iter().flat_map(|next| &next.statements).map(|one| json::text(&one.name).0).collect(),
        target: Some(json::text(&plan.target.name).0),
        tip: plan.tip,
        tree: next.map(|next: &Next| next.tree),
        waived: plan.waived.iter().map(|(_, how)| how.as_str()).collect(),
        ..PromotionV1::of(&Subject::of(&done.work), None, dry_run)
    })
}
