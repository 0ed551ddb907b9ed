//! What somebody is told, made from the ledger's records alone: `refgate.event/1`, docs/schema/notify.json. What a pusher
//! chose (names of refs, reasons) stands in strings of ASCII JSON and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::error::Result;
use crate::finding::Decision;
use crate::ledger::record::{self, Decided, Moved, Outcome, Settled, Update, Used};
use crate::ledger::{Entry, Hash, Reader, Receipt};
use crate::oid::Oid;
use crate::policy::Class;
use crate::policy::server::Occasion;
use crate::report::json;

/// An event is made shorter until it is no longer than this, in bytes: receivers bound what they take.
const MOST: usize = 64 * 1024;
/// So many refs, and overrides, are named at most.
const COUNTS: [usize; 4] = [100, 10, 1, 0];
/// The way in of a rollback.
const ROLLBACK: &str = "rollback";

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The same for every attempt, and for no other event.
    pub(super) id: String,
    /// One line of JSON.
    pub(super) body: String,
}

/// Makes the events that one recipient wants.
pub(super) struct Teller<'a> {
    pub(super) reader: &'a Reader,
    pub(super) repository: &'a str,
    pub(super) on: &'a BTreeSet<Occasion>,
}

/// What happened.
struct Fact<'a> {
    occasion: Occasion,
    decided: &'a Decided,
    receipt: Receipt,
    updates: Vec<&'a Update>,
    overrides: Vec<&'a Used>,
}

impl Teller<'_> {
    /// What a record tells, if anything.
    ///
    /// # Errors
    /// The record of the decision cannot be read.
    pub(super) fn event(&self, entry: &Entry) -> Result<Option<Event>> {
        let (occasion, decision) = match &entry.record.event {
            record::Event::Decided(decided) if decided.decision != Decision::Accept => {
                (Occasion::Refusal, entry.record.sequence)
            }
            record::Event::Applied(outcome) => (Occasion::Promotion, outcome.decision),
            record::Event::RolledBack(outcome) => (Occasion::Rollback, outcome.decision),
            record::Event::Settled(Settled { decision, applied: true, .. }) => (Occasion::Override, *decision),
            _ => return Ok(None),
        };
        if !self.on.contains(&occasion) {
            return Ok(None);
        }
        let Some(deciding) = self.reader.find(decision)? else { return Ok(None) };
        let record::Event::Decided(decided) = &deciding.record.event else { return Ok(None) };
        let of = |moved: &[Moved], wanted: &dyn Fn(&Update) -> bool| -> Vec<&Update> {
            decided.updates.iter().filter(|update| moved.contains(&update.moved) && wanted(update)).collect()
        };
        let is_back = |update: &Update| update.way.as_deref() == Some(ROLLBACK);
        let (updates, overrides) = match &entry.record.event {
            record::Event::Applied(Outcome { updates, .. }) => {
                let is_taken = |update: &Update| update.class == Class::Protected.name() && !is_back(update);
                (of(updates, &is_taken), decided.overrides.iter().collect())
            }
            record::Event::RolledBack(Outcome { updates, .. }) => (of(updates, &is_back), Vec::new()),
            record::Event::Settled(Settled { id, .. }) => {
                let used: Vec<&Used> = decided.overrides.iter().filter(|used| used.id == *id).collect();
                let moved: Vec<Moved> = used.iter().map(|used| used.moved.clone()).collect();
                (of(&moved, &|_| true), used)
            }
            _ => (decided.updates.iter().collect(), Vec::new()),
        };
        if updates.is_empty() && matches!(occasion, Occasion::Promotion | Occasion::Rollback) {
            return Ok(None);
        }
        let fact = Fact { occasion, decided, receipt: deciding.receipt(), updates, overrides };
        Ok(Some(self.message(entry, &fact)))
    }

    fn message(&self, entry: &Entry, fact: &Fact<'_>) -> Event {
        let record = entry.receipt();
        let wire = |most| EventV1 {
            actor: fact.decided.actor.as_deref(),
            decision: match fact.decided.decision {
                Decision::Accept => "accepted",
                Decision::Refuse => "refused",
                Decision::Undecided => "undecided",
            },
            event: fact.occasion.name(),
            omitted: (fact.updates.len().saturating_sub(most) + fact.overrides.len().saturating_sub(most)) as u64
                + fact.decided.omitted,
            overrides: fact.overrides.iter().take(most).map(|used| UsedV1::from(*used)).collect(),
            problem: fact.decided.problem.as_ref().map(|problem| problem.message.as_str()),
            receipt: fact.receipt.to_string(),
            record: RecordV1 { hash: record.hash, sequence: record.sequence },
            repository: self.repository,
            schema: "refgate.event/1",
            time: entry.record.time,
            updates: fact.updates.iter().take(most).map(|update| UpdateV1::from(*update)).collect(),
        };
        let bodies = COUNTS.into_iter().map(|most| json::line(&wire(most)));
        let body = bodies.reduce(|body, shorter| if body.len() > MOST { shorter } else { body });
        Event { id: record.hash.to_string(), body: body.unwrap_or_default() }
    }
}

// Fields stand in alphabetical order: that is what makes the keys sorted.

#[derive(Serialize)]
struct EventV1<'a> {
    actor: Option<&'a str>,
    decision: &'static str,
    event: &'static str,
    omitted: u64,
    overrides: Vec<UsedV1<'a>>,
    problem: Option<&'a str>,
    receipt: String,
    record: RecordV1,
    repository: &'a str,
    schema: &'static str,
    time: jiff::Timestamp,
    updates: Vec<UpdateV1<'a>>,
}

#[derive(Serialize)]
struct RecordV1 {
    hash: Hash,
    sequence: u64,
}

#[derive(Serialize)]
struct UsedV1<'a> {
    id: &'a str,
    justification: &'a str,
    principal: &'a str,
    #[serde(rename = "ref")]
    name: String,
}

#[derive(Serialize)]
struct UpdateV1<'a> {
    class: &'a str,
    new: Oid,
    old: Oid,
    problem: Option<&'a str>,
    #[serde(rename = "ref")]
    name: String,
    #[serde(rename = "ref_bytes", skip_serializing_if = "Option::is_none")]
    name_bytes: Option<String>,
    rules: &'a BTreeMap<String, u64>,
    source: Option<&'a str>,
    task: Option<&'a str>,
    way: Option<&'a str>,
}

impl<'a> From<&'a Used> for UsedV1<'a> {
    fn from(used: &'a Used) -> Self {
        let name = json::text(&used.moved.name).0;
        Self { id: &used.id, justification: &used.justification, principal: &used.principal, name }
    }
}

impl<'a> From<&'a Update> for UpdateV1<'a> {
    fn from(update: &'a Update) -> Self {
        let (name, name_bytes) = json::text(&update.moved.name);
        Self {
            class: &update.class,
            new: update.moved.new,
            old: update.moved.old,
            problem: update.problem.as_ref().map(|problem| problem.message.as_str()),
            name,
            name_bytes,
            rules: &update.counts,
            source: update.source.as_deref(),
            task: update.task.as_deref(),
            way: update.way.as_deref(),
        }
    }
}
