//! A record as canonical JSON: one line of ASCII, sorted keys, keys that have nothing to say left out. There is one
//! spelling of each record, and [`read`] takes no other.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bstr::BString;
use serde::Serialize;

use super::receipt::Hash;
use super::record::{
    Decided, Event, Found, Moved, Opened, Problem, Record, Repaired, Reserved, Sealed, Settled, Update, Used,
};
use crate::oid::Oid;
use crate::report::json;

mod line;
mod read;

pub(super) use read::parse;

const SCHEMA: &str = "refgate.ledger/1";
const SHA256: &str = "sha256:";

type Text<'a> = Cow<'a, str>;

// Fields stand in alphabetical order: that is what makes the keys sorted.

#[derive(Default, PartialEq, Eq, Serialize)]
struct RecordV1<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<bool>,
    #[serde(skip_serializing_if = "is_false")]
    bootstrap: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Text<'a>>,
    event: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Oid>,
    #[serde(skip_serializing_if = "is_false")]
    observed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Oid>,
    #[serde(skip_serializing_if = "is_zero")]
    omitted: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overrides: Vec<UsedV1<'a>>,
    pending: Cow<'a, [u64]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Text<'a>>,
    previous: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemV1<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protected: Option<Vec<HeldV1<'a>>>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    name: Option<Text<'a>>,
    #[serde(rename = "ref_bytes", skip_serializing_if = "Option::is_none")]
    name_bytes: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<Text<'a>>,
    schema: Text<'a>,
    sequence: u64,
    time: jiff::Timestamp,
    tool: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updates: Option<Vec<UpdateV1<'a>>>,
}

#[derive(PartialEq, Eq, Serialize)]
struct UpdateV1<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<Text<'a>>,
    #[serde(skip_serializing_if = "is_empty")]
    counts: Cow<'a, BTreeMap<String, u64>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FoundV1<'a>>,
    new: Oid,
    old: Oid,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemV1<'a>>,
    #[serde(rename = "ref")]
    name: Text<'a>,
    #[serde(rename = "ref_bytes", skip_serializing_if = "Option::is_none")]
    name_bytes: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    way: Option<Text<'a>>,
}

#[derive(PartialEq, Eq, Serialize)]
struct FoundV1<'a> {
    fingerprint: Text<'a>,
    message: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<Text<'a>>,
    rule: Text<'a>,
    severity: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waived: Option<Text<'a>>,
}

#[derive(PartialEq, Eq, Serialize)]
struct UsedV1<'a> {
    id: Text<'a>,
    justification: Text<'a>,
    new: Oid,
    old: Oid,
    principal: Text<'a>,
    #[serde(rename = "ref")]
    name: Text<'a>,
    #[serde(rename = "ref_bytes", skip_serializing_if = "Option::is_none")]
    name_bytes: Option<Text<'a>>,
    signatures: Vec<Text<'a>>,
    statement: Text<'a>,
}

#[derive(PartialEq, Eq, Serialize)]
struct HeldV1<'a> {
    #[serde(rename = "ref")]
    name: Text<'a>,
    #[serde(rename = "ref_bytes", skip_serializing_if = "Option::is_none")]
    name_bytes: Option<Text<'a>>,
    value: Oid,
}

#[derive(PartialEq, Eq, Serialize)]
struct ProblemV1<'a> {
    help: Text<'a>,
    message: Text<'a>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[expect(clippy::ptr_arg, reason = "serde asks so")]
fn is_empty(counts: &Cow<'_, BTreeMap<String, u64>>) -> bool {
    counts.is_empty()
}

/// The record as its one line, without the line feed.
pub(super) fn render(record: &Record) -> Vec<u8> {
    let mut line = Vec::with_capacity(1024);
    json::write(&mut line, &to_wire(record));
    line
}

fn to_wire(record: &Record) -> RecordV1<'_> {
    let mut wire = RecordV1 {
        event: record.event.name().into(),
        pending: Cow::Borrowed(&record.pending),
        previous: Some(record.previous),
        schema: SCHEMA.into(),
        sequence: record.sequence,
        time: record.time,
        tool: record.tool.as_str().into(),
        ..RecordV1::default()
    };
    match &record.event {
        Event::Opened(opened) => put_opened(&mut wire, opened),
        Event::Decided(decided) => put_decided(&mut wire, decided),
        Event::Reserved(Reserved { decision, id, moved }) => {
            (wire.decision, wire.id) = (Some(*decision), Some(id.as_str().into()));
            (wire.old, wire.new) = (Some(moved.old), Some(moved.new));
            let (name, bytes) = text(&moved.name);
            (wire.name, wire.name_bytes) = (Some(name), bytes);
        }
        Event::Settled(Settled { decision, id, applied }) => {
            (wire.decision, wire.id) = (Some(*decision), Some(id.as_str().into()));
            wire.applied = Some(*applied);
        }
        Event::Applied(outcome) | Event::Lapsed(outcome) | Event::RolledBack(outcome) => {
            wire.decision = Some(outcome.decision);
            wire.observed = outcome.observed;
            wire.updates = Some(outcome.updates.iter().map(put_moved).collect());
        }
        Event::Repaired(Repaired { bytes, digest, file }) => {
            wire.bytes = Some(*bytes);
            wire.digest = Some(digested(digest));
            wire.file = Some(file.as_str().into());
        }
        Event::Sealed(Sealed { bytes, count, first, last }) => {
            (wire.bytes, wire.count) = (Some(*bytes), Some(*count));
            (wire.first, wire.last) = (Some(*first), Some(*last));
        }
    }
    wire
}

fn put_opened<'a>(wire: &mut RecordV1<'a>, opened: &'a Opened) {
    let held = |(name, value): (&'a BString, &Oid)| {
        let (name, name_bytes) = text(name);
        HeldV1 { name, name_bytes, value: *value }
    };
    wire.count = Some(opened.count);
    wire.digest = Some(digested(&opened.digest));
    wire.format = Some(opened.format.name().into());
    wire.protected = Some(opened.protected.iter().map(held).collect());
    wire.repository = opened.repository.as_deref().map(Into::into);
}

fn put_decided<'a>(wire: &mut RecordV1<'a>, decided: &'a Decided) {
    wire.actor = decided.actor.as_deref().map(Into::into);
    wire.bootstrap = decided.bootstrap;
    wire.input = decided.input.as_deref().map(digested);
    wire.omitted = decided.omitted;
    wire.overrides = decided.overrides.iter().map(put_used).collect();
    wire.policy = decided.policy.as_deref().map(digested);
    wire.problem = decided.problem.as_ref().map(put_problem);
    wire.updates = Some(decided.updates.iter().map(put_update).collect());
}

fn put_used(used: &Used) -> UsedV1<'_> {
    let (name, name_bytes) = text(&used.moved.name);
    UsedV1 {
        id: used.id.as_str().into(),
        justification: used.justification.as_str().into(),
        new: used.moved.new,
        old: used.moved.old,
        principal: used.principal.as_str().into(),
        name,
        name_bytes,
        signatures: used.signatures.iter().map(|bytes| STANDARD.encode(bytes).into()).collect(),
        statement: STANDARD.encode(&used.statement).into(),
    }
}

fn put_moved(moved: &Moved) -> UpdateV1<'_> {
    let (name, name_bytes) = text(&moved.name);
    UpdateV1 {
        class: None,
        counts: Cow::Owned(BTreeMap::new()),
        findings: Vec::new(),
        new: moved.new,
        old: moved.old,
        problem: None,
        name,
        name_bytes,
        source: None,
        task: None,
        way: None,
    }
}

fn put_update(update: &Update) -> UpdateV1<'_> {
    UpdateV1 {
        class: Some(update.class.as_str().into()),
        counts: Cow::Borrowed(&update.counts),
        findings: update.findings.iter().map(put_found).collect(),
        problem: update.problem.as_ref().map(put_problem),
        source: update.source.as_deref().map(Into::into),
        task: update.task.as_deref().map(Into::into),
        way: update.way.as_deref().map(Into::into),
        ..put_moved(&update.moved)
    }
}

fn put_found(found: &Found) -> FoundV1<'_> {
    let (path, path_bytes) = found.path.as_ref().map(|path| text(path)).unzip();
    FoundV1 {
        fingerprint: found.fingerprint.as_str().into(),
        message: found.message.as_str().into(),
        path,
        path_bytes: path_bytes.flatten(),
        rule: found.rule.as_str().into(),
        severity: found.severity.as_str().into(),
        waived: found.waived.as_deref().map(Into::into),
    }
}

fn put_problem(problem: &Problem) -> ProblemV1<'_> {
    ProblemV1 { help: problem.help.as_str().into(), message: problem.message.as_str().into() }
}

/// UTF-8 as it is; anything else escaped, with its bytes in base64 beside it.
fn text(bytes: &[u8]) -> (Text<'_>, Option<Text<'_>>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), None),
        Err(_) => {
            let (text, bytes) = json::text(bytes);
            (text.into(), bytes.map(Into::into))
        }
    }
}

fn digested(hex: &str) -> Text<'_> {
    format!("{SHA256}{hex}").into()
}

#[cfg(test)]
mod tests;
