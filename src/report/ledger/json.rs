//! What programs read of a ledger: `refgate.ledger-summary/1`, and `refgate.ledger-report/1` of its verification.

use serde::Serialize;

use super::tally::Most;
use super::{Move, NAMES, Row, Special, Tally, Told, Use};
use crate::ledger::verify::mirror::Held;
use crate::ledger::verify::{Problem, Report};
use crate::ledger::{Hash, Receipt};
use crate::report::json;

// Fields stand in alphabetical order: that is what makes the keys sorted.

/// The result of a verification.
#[derive(Debug, Serialize)]
pub struct ReportV1<'a> {
    first: u64,
    hash: Hash,
    last: u64,
    mirrors: Vec<MirrorV1<'a>>,
    more: u64,
    problems: Vec<ProblemV1<'a>>,
    records: u64,
    result: &'static str,
    schema: &'static str,
    unknown: &'a [String],
    warnings: &'a [String],
}

#[derive(Debug, Serialize)]
struct MirrorV1<'a> {
    commits: u64,
    first: u64,
    judged: bool,
    last: u64,
    place: &'a str,
    signatures: u64,
}

#[derive(Debug, Serialize)]
struct ProblemV1<'a> {
    kind: &'static str,
    message: &'a str,
    sequence: u64,
}

impl<'a> ReportV1<'a> {
    /// The document of a report, and of the mirrors that were held against the ledger.
    pub fn of(report: &'a Report, mirrors: &'a [Held]) -> Self {
        let mirror = |Held { place, seen, judged }: &'a Held| MirrorV1 {
            commits: seen.commits,
            first: seen.first,
            judged: *judged,
            last: seen.last.sequence,
            place,
            signatures: seen.signatures,
        };
        let problem = |problem: &'a Problem| ProblemV1 {
            kind: problem.kind.name(),
            message: &problem.message,
            sequence: problem.sequence,
        };
        Self {
            first: report.first,
            hash: report.last.hash,
            last: report.last.sequence,
            mirrors: mirrors.iter().map(mirror).collect(),
            more: report.more,
            problems: report.problems.iter().map(problem).collect(),
            records: report.records,
            result: report.word(),
            schema: "refgate.ledger-report/1",
            unknown: &report.unknown,
            warnings: &report.warnings,
        }
    }
}

#[derive(Serialize)]
struct SummaryV1<'a> {
    accepted: usize,
    actors: NamesV1<'a>,
    against: Vec<AgainstV1>,
    applied: usize,
    from: Option<jiff::Timestamp>,
    hotfixes: usize,
    lapsed: usize,
    overrides: Vec<UseV1<'a>>,
    overrides_left_out: usize,
    pending: Vec<PendingV1<'a>>,
    refs: NamesV1<'a>,
    refused: usize,
    repaired: usize,
    repository: Option<&'a str>,
    rollbacks: usize,
    rules: RulesV1<'a>,
    schema: &'static str,
    specials: Vec<SpecialV1<'a>>,
    specials_left_out: usize,
    to: Option<jiff::Timestamp>,
    undecided: usize,
    verification: ReportV1<'a>,
}

#[derive(Serialize)]
struct AgainstV1 {
    from: String,
    receipt: String,
}

#[derive(Serialize)]
struct NamesV1<'a> {
    names: Vec<NameV1<'a>>,
    others: CountsV1,
    too_low_by: usize,
}

#[derive(Serialize)]
struct NameV1<'a> {
    counts: CountsV1,
    name: &'a str,
}

#[derive(Serialize)]
struct CountsV1 {
    accepted: usize,
    all: usize,
    refused: usize,
    undecided: usize,
}

#[derive(Serialize)]
struct RulesV1<'a> {
    names: Vec<RuleV1<'a>>,
    too_low_by: usize,
}

#[derive(Serialize)]
struct RuleV1<'a> {
    alone: usize,
    refused: usize,
    reported: usize,
    rule: &'a str,
    waived: usize,
}

#[derive(Serialize)]
struct UseV1<'a> {
    actor: Option<&'a str>,
    id: &'a str,
    justification: &'a str,
    outcome: &'static str,
    principal: &'a str,
    receipt: String,
    #[serde(rename = "ref")]
    name: &'a str,
    time: jiff::Timestamp,
}

#[derive(Serialize)]
struct PendingV1<'a> {
    actor: Option<&'a str>,
    left_out: usize,
    receipt: String,
    refs: Vec<&'a str>,
    time: jiff::Timestamp,
}

#[derive(Serialize)]
struct SpecialV1<'a> {
    actor: Option<&'a str>,
    new: String,
    old: String,
    outcome: &'static str,
    receipt: String,
    #[serde(rename = "ref")]
    name: &'a str,
    time: jiff::Timestamp,
    way: Option<&'a str>,
}

/// The document, one line with its line feed.
pub fn render(told: &Told) -> String {
    let overview = &told.overview;
    let [accepted, refused, undecided] = overview.decisions;
    let against = |(from, receipt): &(String, Receipt)| AgainstV1 { from: from.clone(), receipt: receipt.to_string() };
    json::line(&SummaryV1 {
        accepted,
        actors: names(&overview.actors),
        against: told.against.iter().map(against).collect(),
        applied: overview.applied,
        from: overview.span.map(|(from, _)| from),
        hotfixes: overview.hotfixes,
        lapsed: overview.lapsed,
        overrides: overview.uses.newest().map(used).collect(),
        overrides_left_out: overview.uses.left_out(),
        pending: overview.pending.iter().rev().map(pending).collect(),
        refs: names(&overview.refs),
        refused,
        repaired: overview.repaired,
        repository: overview.repository.as_deref(),
        rollbacks: overview.rollbacks,
        rules: rules(&overview.rules),
        schema: "refgate.ledger-summary/1",
        specials: overview.specials.newest().map(special).collect(),
        specials_left_out: overview.specials.left_out(),
        to: overview.span.map(|(_, to)| to),
        undecided,
        verification: ReportV1::of(&told.verified, &told.mirrors),
    })
}

fn names(tally: &Tally<4>) -> NamesV1<'_> {
    let counts = |[all, accepted, refused, undecided]: [usize; 4]| CountsV1 { accepted, all, refused, undecided };
    let Most { names, others, short } = tally.most(NAMES);
    let names = names.into_iter().map(|(name, of)| NameV1 { counts: counts(of), name }).collect();
    NamesV1 { names, others: counts(others), too_low_by: short }
}

fn rules(tally: &Tally<4>) -> RulesV1<'_> {
    let Most { names, short, .. } = tally.most(NAMES);
    let rule =
        |(rule, [refused, alone, reported, waived]): (_, [usize; 4])| RuleV1 { alone, refused, reported, rule, waived };
    RulesV1 { names: names.into_iter().map(rule).collect(), too_low_by: short }
}

fn used(used: &Use) -> UseV1<'_> {
    UseV1 {
        actor: used.actor.as_deref(),
        id: &used.id,
        justification: &used.reason,
        outcome: used.state.name(),
        principal: &used.principal,
        receipt: used.receipt.to_string(),
        name: &used.moved.name,
        time: used.time,
    }
}

fn pending(row: &Row) -> PendingV1<'_> {
    PendingV1 {
        actor: row.actor.as_deref(),
        left_out: row.left_out,
        receipt: row.receipt.to_string(),
        refs: row.moves.iter().map(|moved| moved.name.as_str()).collect(),
        time: row.time,
    }
}

fn special(special: &Special) -> SpecialV1<'_> {
    let Move { name, old, new, way, .. } = &special.moved;
    SpecialV1 {
        actor: special.actor.as_deref(),
        new: new.to_string(),
        old: old.to_string(),
        outcome: special.state.name(),
        receipt: special.receipt.to_string(),
        name,
        time: special.time,
        way: way.as_deref(),
    }
}
