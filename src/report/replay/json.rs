//! A replay for machines: `refgate.replay/1`, in the same canonical form as a verdict. docs/schema/replay.json describes it.

use serde::Serialize;

use super::{Replay, RuleSummary, Step};
use crate::oid::Oid;
use crate::report::json::{FindingV1, ProblemV1, finding, line, problem, text};

// Fields stand in alphabetical order: that is what makes the keys sorted.

#[derive(Serialize)]
struct ReplayV1<'a> {
    accepted: usize,
    from: Option<Oid>,
    notes: &'a [String],
    paths: Vec<PathV1>,
    people: Vec<PersonV1>,
    policy: String,
    #[serde(rename = "ref")]
    name: String,
    #[serde(rename = "ref_bytes", skip_serializing_if = "Option::is_none")]
    name_bytes: Option<String>,
    refused: usize,
    rules: Vec<RuleV1>,
    schema: &'static str,
    steps: Vec<StepV1<'a>>,
    to: Option<Oid>,
    undecided: usize,
}

#[derive(Serialize)]
struct PathV1 {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    steps: usize,
}

#[derive(Serialize)]
struct PersonV1 {
    author: String,
    steps: usize,
}

#[derive(Serialize)]
struct RuleV1 {
    alone: usize,
    lowers: bool,
    refused: usize,
    reported: usize,
    rule: &'static str,
}

#[derive(Serialize)]
struct StepV1<'a> {
    assumed: &'static str,
    author: String,
    commits: usize,
    date: Option<String>,
    decision: &'static str,
    findings: Vec<FindingV1<'a>>,
    left_out: usize,
    new: Oid,
    old: Option<Oid>,
    problem: Option<ProblemV1<'a>>,
    source: Option<String>,
    subject: String,
    task: Option<String>,
}

/// The replay as one line of JSON, with its line feed.
pub fn render(replay: &Replay) -> String {
    let summary = replay.summary();
    let (name, name_bytes) = text(&replay.name);
    let path = |(path, steps): &(bstr::BString, usize)| {
        let (path, path_bytes) = text(path);
        PathV1 { path, path_bytes, steps: *steps }
    };
    line(&ReplayV1 {
        accepted: summary.accepted,
        from: replay.from,
        notes: &replay.notes,
        paths: summary.paths.iter().map(path).collect(),
        people: summary.people.iter().map(|(name, steps)| PersonV1 { author: text(name).0, steps: *steps }).collect(),
        policy: format!("sha256:{}", replay.policy),
        name,
        name_bytes,
        refused: summary.refused,
        rules: summary.rules.iter().map(rule).collect(),
        schema: "refgate.replay/1",
        steps: replay.steps.iter().map(step).collect(),
        to: replay.to,
        undecided: summary.undecided,
    })
}

fn rule(sum: &RuleSummary) -> RuleV1 {
    let RuleSummary { rule, refused, alone, reported, lowers } = *sum;
    RuleV1 { alone, lowers, refused, reported, rule }
}

fn step(step: &Step) -> StepV1<'_> {
    StepV1 {
        assumed: step.assumed.name(),
        author: text(&step.author).0,
        commits: step.commits,
        date: jiff::Timestamp::from_second(step.time).ok().map(|time| time.to_string()),
        decision: step.decision.name(),
        findings: step.findings.iter().map(finding).collect(),
        left_out: step.left_out,
        new: step.new,
        old: step.old,
        problem: step.problem.as_ref().map(problem),
        source: step.source.as_ref().map(|source| text(source).0),
        subject: text(&step.subject).0,
        task: step.task.as_ref().map(|task| text(task).0),
    }
}
