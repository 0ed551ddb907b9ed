//! A record as canonical JSON: one line of ASCII, sorted keys, keys that have nothing to say left out. There is one
//! spelling of each record, so what is read is written again and held against the line: an unknown key, a key of another
//! event or another spelling comes out differently.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bstr::BString;
use serde::{Deserialize, Serialize};

use super::receipt::Hash;
use super::record::{
    Decided, Event, Found, Moved, Opened, Outcome, Problem, Record, Repaired, Reserved, Sealed, Settled, Update, Used,
};
use super::{RECORD_BYTES, damaged};
use crate::error::Result;
use crate::finding::Decision;
use crate::oid::{ObjectFormat, Oid};
use crate::report::json;

const SCHEMA: &str = "refgate.ledger/1";
/// No ledger grows so far, and every reader of JSON takes numbers up to here alike.
const LAST: u64 = 1 << 53;
const SHA256: &str = "sha256:";

type Text<'a> = Cow<'a, str>;

// Fields stand in alphabetical order: that is what makes the keys sorted.

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
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
    #[serde(borrow)]
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
    #[serde(borrow)]
    schema: Text<'a>,
    sequence: u64,
    time: jiff::Timestamp,
    #[serde(borrow)]
    tool: Text<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updates: Option<Vec<UpdateV1<'a>>>,
}

#[derive(Serialize, Deserialize)]
struct UpdateV1<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    class: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    counts: Cow<'a, BTreeMap<String, u64>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FoundV1<'a>>,
    new: Oid,
    old: Oid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<ProblemV1<'a>>,
    #[serde(rename = "ref", borrow)]
    name: Text<'a>,
    #[serde(rename = "ref_bytes", default, skip_serializing_if = "Option::is_none")]
    name_bytes: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    way: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
struct FoundV1<'a> {
    #[serde(borrow)]
    fingerprint: Text<'a>,
    #[serde(borrow)]
    message: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    path_bytes: Option<Text<'a>>,
    #[serde(borrow)]
    rule: Text<'a>,
    #[serde(borrow)]
    severity: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waived: Option<Text<'a>>,
}

#[derive(Serialize, Deserialize)]
struct UsedV1<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    justification: Text<'a>,
    new: Oid,
    old: Oid,
    #[serde(borrow)]
    principal: Text<'a>,
    #[serde(rename = "ref", borrow)]
    name: Text<'a>,
    #[serde(rename = "ref_bytes", default, skip_serializing_if = "Option::is_none")]
    name_bytes: Option<Text<'a>>,
    signatures: Vec<String>,
    statement: String,
}

#[derive(Serialize, Deserialize)]
struct HeldV1<'a> {
    #[serde(rename = "ref", borrow)]
    name: Text<'a>,
    #[serde(rename = "ref_bytes", default, skip_serializing_if = "Option::is_none")]
    name_bytes: Option<Text<'a>>,
    value: Oid,
}

#[derive(Serialize, Deserialize)]
struct ProblemV1<'a> {
    #[serde(borrow)]
    help: Text<'a>,
    #[serde(borrow)]
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

/// Reads a line, without its line feed.
pub(super) fn parse(line: &[u8]) -> Result<Record> {
    if line.len() > RECORD_BYTES {
        return Err(damaged(format!("a record is longer than {RECORD_BYTES} bytes")));
    }
    let wire: RecordV1<'_> = serde_json::from_slice(line)
        .map_err(|error| damaged(format!("a line is no record: {}", crate::escape::one_line(&error.to_string()))))?;
    if wire.schema != SCHEMA {
        let schema = crate::escape::excerpt(&wire.schema);
        return Err(damaged(format!("a record has the schema \"{schema}\", which is not {SCHEMA}")));
    }
    if !(1..LAST).contains(&wire.sequence) {
        return Err(damaged("a record has a number that none can have"));
    }
    let record = from_wire(wire).ok_or_else(|| damaged("a record lacks what its event says"))?;
    if record.render() != line {
        return Err(damaged("a record is not written as refgate writes it"));
    }
    Ok(record)
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
        signatures: used.signatures.iter().map(|bytes| STANDARD.encode(bytes)).collect(),
        statement: STANDARD.encode(&used.statement),
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

fn from_wire(wire: RecordV1<'_>) -> Option<Record> {
    let previous = wire.previous?;
    let (sequence, time, tool) = (wire.sequence, wire.time, wire.tool.to_string());
    let pending = wire.pending.to_vec();
    let event = match &*wire.event {
        "opened" => Event::Opened(take_opened(wire)?),
        "accepted" => Event::Decided(take_decided(wire, Decision::Accept)?),
        "refused" => Event::Decided(take_decided(wire, Decision::Refuse)?),
        "undecided" => Event::Decided(take_decided(wire, Decision::Undecided)?),
        "override-reserved" => Event::Reserved(Reserved {
            decision: wire.decision?,
            id: wire.id?.into_owned(),
            moved: Moved { name: bytes(wire.name?, wire.name_bytes)?, old: wire.old?, new: wire.new? },
        }),
        "override-settled" => {
            Event::Settled(Settled { decision: wire.decision?, id: wire.id?.into_owned(), applied: wire.applied? })
        }
        "applied" => Event::Applied(take_outcome(wire)?),
        "lapsed" => Event::Lapsed(take_outcome(wire)?),
        "rolled-back" => Event::RolledBack(take_outcome(wire)?),
        "repaired" => Event::Repaired(Repaired {
            bytes: wire.bytes?,
            digest: undigested(wire.digest?)?,
            file: wire.file?.into_owned(),
        }),
        "sealed" => {
            Event::Sealed(Sealed { bytes: wire.bytes?, count: wire.count?, first: wire.first?, last: wire.last? })
        }
        _ => return None,
    };
    Some(Record { sequence, previous, time, tool, pending, event })
}

fn take_opened(wire: RecordV1<'_>) -> Option<Opened> {
    let held = |held: HeldV1<'_>| Some((bytes(held.name, held.name_bytes)?, held.value));
    let formats = [ObjectFormat::Sha1, ObjectFormat::Sha256];
    let format = wire.format?;
    Some(Opened {
        format: formats.into_iter().find(|known| known.name() == format)?,
        repository: owned(wire.repository),
        protected: wire.protected?.into_iter().map(held).collect::<Option<_>>()?,
        count: wire.count?,
        digest: undigested(wire.digest?)?,
    })
}

fn take_decided(wire: RecordV1<'_>, decision: Decision) -> Option<Decided> {
    Some(Decided {
        decision,
        actor: owned(wire.actor),
        input: optional(wire.input, undigested)?,
        policy: optional(wire.policy, undigested)?,
        problem: wire.problem.map(take_problem),
        bootstrap: wire.bootstrap,
        overrides: wire.overrides.into_iter().map(take_used).collect::<Option<_>>()?,
        updates: wire.updates?.into_iter().map(take_update).collect::<Option<_>>()?,
        omitted: wire.omitted,
    })
}

fn take_outcome(wire: RecordV1<'_>) -> Option<Outcome> {
    let moved = |update: UpdateV1<'_>| {
        Some(Moved { name: bytes(update.name, update.name_bytes)?, old: update.old, new: update.new })
    };
    let updates = wire.updates?.into_iter().map(moved).collect::<Option<_>>()?;
    Some(Outcome { decision: wire.decision?, observed: wire.observed, updates })
}

fn take_used(used: UsedV1<'_>) -> Option<Used> {
    Some(Used {
        id: used.id.into_owned(),
        principal: used.principal.into_owned(),
        justification: used.justification.into_owned(),
        moved: Moved { name: bytes(used.name, used.name_bytes)?, old: used.old, new: used.new },
        statement: STANDARD.decode(used.statement).ok()?,
        signatures: used.signatures.into_iter().map(|text| STANDARD.decode(text).ok()).collect::<Option<_>>()?,
    })
}

fn take_update(update: UpdateV1<'_>) -> Option<Update> {
    Some(Update {
        moved: Moved { name: bytes(update.name, update.name_bytes)?, old: update.old, new: update.new },
        class: update.class?.into_owned(),
        task: owned(update.task),
        source: owned(update.source),
        way: owned(update.way),
        problem: update.problem.map(take_problem),
        counts: update.counts.into_owned(),
        findings: update.findings.into_iter().map(take_found).collect::<Option<_>>()?,
    })
}

fn take_found(found: FoundV1<'_>) -> Option<Found> {
    Some(Found {
        rule: found.rule.into_owned(),
        severity: found.severity.into_owned(),
        fingerprint: found.fingerprint.into_owned(),
        message: found.message.into_owned(),
        path: match (found.path, found.path_bytes) {
            (None, None) => None,
            (path, encoded) => Some(bytes(path?, encoded)?),
        },
        waived: owned(found.waived),
    })
}

fn take_problem(problem: ProblemV1<'_>) -> Problem {
    Problem { message: problem.message.into_owned(), help: problem.help.into_owned() }
}

fn bytes(text: Text<'_>, encoded: Option<Text<'_>>) -> Option<BString> {
    match encoded {
        None => Some(text.into_owned().into()),
        Some(encoded) => STANDARD.decode(&*encoded).ok().map(BString::from),
    }
}

fn owned(text: Option<Text<'_>>) -> Option<String> {
    text.map(Cow::into_owned)
}

fn undigested(text: Text<'_>) -> Option<String> {
    text.strip_prefix(SHA256).map(str::to_owned)
}

/// Nothing stays nothing; something must be readable.
fn optional<'a, T>(text: Option<Text<'a>>, read: impl FnOnce(Text<'a>) -> Option<T>) -> Option<Option<T>> {
    text.map_or(Some(None), |text| read(text).map(Some))
}
