//! From a line to its record, and from nothing else than what the writer would have written: keys are asked for in their
//! order, values in their one spelling, and where a value could be spelled twice it is written again and compared.

use std::borrow::Cow;
use std::mem::take;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bstr::BString;

use super::line::{Keys, Line};
use super::{FoundV1, HeldV1, ProblemV1, RecordV1, SCHEMA, SHA256, Text, UpdateV1, UsedV1, put_moved};
use crate::error::Result;
use crate::escape;
use crate::finding::Decision;
use crate::ledger::receipt::Hash;
use crate::ledger::record::{
    Decided, Event, Found, Moved, Opened, Outcome, Problem, Record, Repaired, Reserved, Sealed, Settled, Update, Used,
};
use crate::ledger::{RECORD_BYTES, damaged};
use crate::oid::{ObjectFormat, Oid};
use crate::refs::RefMap;

/// No ledger grows so far, and every reader of JSON takes numbers up to here alike.
const LAST: u64 = 1 << 53;

/// Reads a line, without its line feed.
pub(in crate::ledger) fn parse(line: &[u8]) -> Result<Record> {
    if line.len() > RECORD_BYTES {
        return Err(damaged(format!("a record is longer than {RECORD_BYTES} bytes")));
    }
    let record = read(line).ok_or_else(|| damaged(flaw(line)))?;
    if !(1..LAST).contains(&record.sequence) {
        return Err(damaged("a record has a number that none can have"));
    }
    Ok(record)
}

fn read(line: &[u8]) -> Option<Record> {
    let mut line = Line::new(line)?;
    let wire = line.object(record).filter(|_| line.is_read())?;
    from_wire(wire)
}

/// Why a line is no record.
fn flaw(line: &[u8]) -> String {
    match serde_json::from_slice::<serde_json::Value>(line) {
        Err(error) => format!("a line is no record: {}", escape::one_line(&error.to_string())),
        Ok(value) => match value.get("schema").and_then(|schema| schema.as_str()) {
            Some(schema) if schema != SCHEMA => {
                format!("a record has the schema \"{}\", which is not {SCHEMA}", escape::excerpt(schema))
            }
            _ => "a record is not written as refgate writes it".to_owned(),
        },
    }
}

fn record<'a>(keys: &mut Keys<'_, 'a>) -> Option<RecordV1<'a>> {
    Some(RecordV1 {
        actor: keys.maybe("actor", Line::text)?,
        applied: keys.maybe("applied", Line::truth)?,
        bootstrap: keys.or_default("bootstrap", Line::truth)?,
        bytes: keys.maybe("bytes", Line::number)?,
        count: keys.maybe("count", Line::number)?,
        decision: keys.maybe("decision", Line::number)?,
        digest: keys.maybe("digest", Line::text)?,
        event: keys.one("event", Line::text)?,
        file: keys.maybe("file", Line::text)?,
        first: keys.maybe("first", Line::number)?,
        format: keys.maybe("format", Line::text)?,
        id: keys.maybe("id", Line::text)?,
        input: keys.maybe("input", Line::text)?,
        last: keys.maybe("last", Line::number)?,
        new: keys.maybe("new", oid)?,
        observed: keys.or_default("observed", Line::truth)?,
        old: keys.maybe("old", oid)?,
        omitted: keys.or_default("omitted", Line::number)?,
        overrides: keys.or_default("overrides", |line| line.list(|line| line.object(used)))?,
        pending: keys.one("pending", |line| line.list(Line::number))?.into(),
        policy: keys.maybe("policy", Line::text)?,
        previous: Some(keys.one("previous", hash)?),
        problem: keys.maybe("problem", problem)?,
        protected: keys.maybe("protected", |line| line.list(|line| line.object(held)))?,
        name: keys.maybe("ref", Line::text)?,
        name_bytes: keys.maybe("ref_bytes", Line::text)?,
        repository: keys.maybe("repository", Line::text)?,
        schema: keys.one("schema", Line::text).filter(|schema| schema == SCHEMA)?,
        sequence: keys.one("sequence", Line::number)?,
        time: keys.one("time", time)?,
        tool: keys.one("tool", Line::text)?,
        updates: keys.maybe("updates", |line| line.list(|line| line.object(update)))?,
    })
}

fn update<'a>(keys: &mut Keys<'_, 'a>) -> Option<UpdateV1<'a>> {
    Some(UpdateV1 {
        class: keys.maybe("class", Line::text)?,
        counts: Cow::Owned(
            keys.maybe("counts", |line| line.named(Line::number))?.map_or_else(Default::default, |counts| {
                counts.into_iter().map(|(rule, count)| (rule.into_owned(), count)).collect()
            }),
        ),
        findings: keys.or_default("findings", |line| line.list(|line| line.object(found)))?,
        new: keys.one("new", oid)?,
        old: keys.one("old", oid)?,
        problem: keys.maybe("problem", problem)?,
        name: keys.one("ref", Line::text)?,
        name_bytes: keys.maybe("ref_bytes", Line::text)?,
        source: keys.maybe("source", Line::text)?,
        task: keys.maybe("task", Line::text)?,
        way: keys.maybe("way", Line::text)?,
    })
}

fn found<'a>(keys: &mut Keys<'_, 'a>) -> Option<FoundV1<'a>> {
    Some(FoundV1 {
        fingerprint: keys.one("fingerprint", Line::text)?,
        message: keys.one("message", Line::text)?,
        path: keys.maybe("path", Line::text)?,
        path_bytes: keys.maybe("path_bytes", Line::text)?,
        rule: keys.one("rule", Line::text)?,
        severity: keys.one("severity", Line::text)?,
        waived: keys.maybe("waived", Line::text)?,
    })
}

fn used<'a>(keys: &mut Keys<'_, 'a>) -> Option<UsedV1<'a>> {
    Some(UsedV1 {
        id: keys.one("id", Line::text)?,
        justification: keys.one("justification", Line::text)?,
        new: keys.one("new", oid)?,
        old: keys.one("old", oid)?,
        principal: keys.one("principal", Line::text)?,
        name: keys.one("ref", Line::text)?,
        name_bytes: keys.maybe("ref_bytes", Line::text)?,
        signatures: keys.one("signatures", |line| line.list(Line::text))?,
        statement: keys.one("statement", Line::text)?,
    })
}

fn held<'a>(keys: &mut Keys<'_, 'a>) -> Option<HeldV1<'a>> {
    Some(HeldV1 {
        name: keys.one("ref", Line::text)?,
        name_bytes: keys.maybe("ref_bytes", Line::text)?,
        value: keys.one("value", oid)?,
    })
}

fn problem<'a>(line: &mut Line<'a>) -> Option<ProblemV1<'a>> {
    line.object(|keys| {
        Some(ProblemV1 { help: keys.one("help", Line::text)?, message: keys.one("message", Line::text)? })
    })
}

fn oid(line: &mut Line<'_>) -> Option<Oid> {
    Oid::from_hex(line.text()?.as_bytes())
}

fn hash(line: &mut Line<'_>) -> Option<Hash> {
    Hash::from_hex(&line.text()?)
}

fn time(line: &mut Line<'_>) -> Option<jiff::Timestamp> {
    let text = line.text()?;
    let time: jiff::Timestamp = text.parse().ok()?;
    (time.to_string() == text).then_some(time)
}

/// Takes what belongs to the event out of what was read. What is left is a key of another event.
fn from_wire(mut wire: RecordV1<'_>) -> Option<Record> {
    take(&mut wire.schema);
    let previous = wire.previous.take()?;
    let (sequence, time, tool) = (take(&mut wire.sequence), take(&mut wire.time), take(&mut wire.tool).into_owned());
    let pending = take(&mut wire.pending).into_owned();
    let event = match &*take(&mut wire.event) {
        "opened" => Event::Opened(take_opened(&mut wire)?),
        "accepted" => Event::Decided(take_decided(&mut wire, Decision::Accept)?),
        "refused" => Event::Decided(take_decided(&mut wire, Decision::Refuse)?),
        "undecided" => Event::Decided(take_decided(&mut wire, Decision::Undecided)?),
        "override-reserved" => Event::Reserved(Reserved {
            decision: wire.decision.take()?,
            id: wire.id.take()?.into_owned(),
            moved: Moved {
                name: bytes(wire.name.take()?, wire.name_bytes.take())?,
                old: wire.old.take()?,
                new: wire.new.take()?,
            },
        }),
        "override-settled" => Event::Settled(Settled {
            decision: wire.decision.take()?,
            id: wire.id.take()?.into_owned(),
            applied: wire.applied.take()?,
        }),
        "applied" => Event::Applied(take_outcome(&mut wire)?),
        "lapsed" => Event::Lapsed(take_outcome(&mut wire)?),
        "rolled-back" => Event::RolledBack(take_outcome(&mut wire)?),
        "repaired" => Event::Repaired(Repaired {
            bytes: wire.bytes.take()?,
            digest: undigested(wire.digest.take()?)?,
            file: wire.file.take()?.into_owned(),
        }),
        "sealed" => Event::Sealed(Sealed {
            bytes: wire.bytes.take()?,
            count: wire.count.take()?,
            first: wire.first.take()?,
            last: wire.last.take()?,
        }),
        _ => return None,
    };
    (wire == RecordV1::default()).then_some(Record { sequence, previous, time, tool, pending, event })
}

fn take_opened(wire: &mut RecordV1<'_>) -> Option<Opened> {
    let held = |held: HeldV1<'_>| Some((bytes(held.name, held.name_bytes)?, held.value));
    let formats = [ObjectFormat::Sha1, ObjectFormat::Sha256];
    let format = wire.format.take()?;
    let protected = wire.protected.take()?.into_iter().map(held).collect::<Option<Vec<_>>>()?;
    let sorted = protected.is_sorted_by(|(before, _), (name, _)| before < name);
    Some(Opened {
        format: formats.into_iter().find(|known| known.name() == format)?,
        repository: owned(wire.repository.take()),
        protected: Some(RefMap::from_iter(protected)).filter(|_| sorted)?,
        count: wire.count.take()?,
        digest: undigested(wire.digest.take()?)?,
    })
}

fn take_decided(wire: &mut RecordV1<'_>, decision: Decision) -> Option<Decided> {
    Some(Decided {
        decision,
        actor: owned(wire.actor.take()),
        input: optional(wire.input.take(), undigested)?,
        policy: optional(wire.policy.take(), undigested)?,
        problem: wire.problem.take().map(take_problem),
        bootstrap: take(&mut wire.bootstrap),
        overrides: take(&mut wire.overrides).into_iter().map(take_used).collect::<Option<_>>()?,
        updates: wire.updates.take()?.into_iter().map(take_update).collect::<Option<_>>()?,
        omitted: take(&mut wire.omitted),
    })
}

fn take_outcome(wire: &mut RecordV1<'_>) -> Option<Outcome> {
    // Nothing is said of an update here but its ref and its two values.
    let moved = |update: UpdateV1<'_>| {
        let moved =
            Moved { name: bytes(update.name.clone(), update.name_bytes.clone())?, old: update.old, new: update.new };
        (put_moved(&moved) == update).then_some(moved)
    };
    let updates = wire.updates.take()?.into_iter().map(moved).collect::<Option<_>>()?;
    Some(Outcome { decision: wire.decision.take()?, observed: take(&mut wire.observed), updates })
}

fn take_used(used: UsedV1<'_>) -> Option<Used> {
    let decoded = |text: Text<'_>| STANDARD.decode(&*text).ok();
    Some(Used {
        id: used.id.into_owned(),
        principal: used.principal.into_owned(),
        justification: used.justification.into_owned(),
        moved: Moved { name: bytes(used.name, used.name_bytes)?, old: used.old, new: used.new },
        statement: decoded(used.statement)?,
        signatures: used.signatures.into_iter().map(decoded).collect::<Option<_>>()?,
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

/// The bytes stand beside the text where they are no UTF-8, and there only.
fn bytes(text: Text<'_>, encoded: Option<Text<'_>>) -> Option<BString> {
    let Some(encoded) = encoded else { return Some(text.into_owned().into()) };
    let bytes = STANDARD.decode(&*encoded).ok()?;
    (super::text(&bytes) == (text, Some(encoded))).then(|| bytes.into())
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
