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

/// An event is made shorter until it is no longer than this, in bytes: receivers bound what they take, and curl takes lines
/// of 100 KiB, in which each quotation mark is written with a backslash.
const MOST: usize = 48 * 1024;
/// The longest account of a problem, in characters: it may quote what was pushed.
const MOST_PROBLEM: usize = 2000;
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
    /// What a record tells, if anything; why nobody knows, where the decision is in a segment that was moved away.
    ///
    /// # Errors
    /// The record of the decision cannot be read.
    pub(super) fn event(&self, entry: &Entry) -> Result<Option<std::result::Result<Event, String>>> {
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
        let gone = || Ok(Some(Err(format!("the decision, record {decision}, is not in the ledger any more"))));
        let Some(deciding) = self.reader.find(decision)? else { return gone() };
        let record::Event::Decided(decided) = &deciding.record.event else { return gone() };
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
        Ok(Some(Ok(self.message(entry, &fact))))
    }

    fn message(&self, entry: &Entry, fact: &Fact<'_>) -> Event {
        let record = entry.receipt();
        let problem =
            fact.decided.problem.as_ref().map(|problem| problem.message.chars().take(MOST_PROBLEM).collect::<String>());
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
            problem: problem.as_deref(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Record;
    use crate::ledger::record::{Event as Said, Used};
    use crate::oid::ObjectFormat;

    fn decided(refs: usize, name: &str) -> Decided {
        let moved = |number| Moved {
            name: format!("{name}{number}").into(),
            old: Oid::zero(ObjectFormat::Sha1),
            new: Oid::from_bytes(&[1; 20]).unwrap(),
        };
        let update = |number| Update {
            moved: moved(number),
            class: "branch".into(),
            task: None,
            source: None,
            way: None,
            problem: None,
            counts: [("direct-push".to_owned(), 1)].into(),
            findings: Vec::new(),
        };
        let used = Used {
            id: "1f".into(),
            principal: "robin".into(),
            justification: "because".into(),
            moved: moved(0),
            statement: b"the statement".to_vec(),
            signatures: vec![b"a signature".to_vec()],
        };
        Decided {
            decision: Decision::Refuse,
            actor: None,
            input: None,
            policy: None,
            problem: None,
            bootstrap: false,
            overrides: vec![used],
            updates: (0..refs).map(update).collect(),
            omitted: 0,
        }
    }

    fn message(decided: &Decided) -> Event {
        let folder = tempfile::tempdir().unwrap();
        let reader = crate::ledger::Ledger::open(folder.path()).read(&[]).unwrap();
        let on = BTreeSet::new();
        let teller = Teller { reader: &reader, repository: "shop", on: &on };
        let record = Record {
            sequence: 1,
            previous: Hash::ZERO,
            time: jiff::Timestamp::UNIX_EPOCH,
            tool: String::new(),
            pending: Vec::new(),
            event: Said::Decided(decided.clone()),
        };
        let entry = Entry { line: record.render(), record };
        let (updates, overrides) = (decided.updates.iter().collect(), decided.overrides.iter().collect());
        let fact = Fact { occasion: Occasion::Refusal, decided, receipt: entry.receipt(), updates, overrides };
        teller.message(&entry, &fact)
    }

    #[test]
    fn an_event_is_bounded_whatever_was_pushed_and_says_what_it_leaves_out() {
        let read = |event: &Event| serde_json::from_str::<serde_json::Value>(&event.body).unwrap();
        let few = message(&decided(3, "refs/heads/x"));
        assert_eq!((&read(&few)["omitted"], few.id.len()), (&0.into(), 64));
        let many = message(&decided(5000, "refs/heads/x"));
        assert_eq!((&read(&many)["omitted"], read(&many)["updates"].as_array().unwrap().len()), (&4900.into(), 100));
        let long = "\u{1}".repeat(3000);
        let some = message(&decided(50, &format!("refs/heads/{long}")));
        assert!(some.body.len() <= MOST, "{}", some.body.len());
        assert_eq!(read(&some)["updates"].as_array().unwrap().len(), 1);
        let none = message(&decided(2, &"\u{1}".repeat(100_000)));
        assert!(none.body.len() <= MOST && none.body.is_ascii(), "{}", none.body.len());
        assert_eq!(read(&none)["omitted"], 3);
        let problem = crate::ledger::record::Problem { message: "\"".repeat(100_000), help: String::new() };
        let told =
            message(&Decided { problem: Some(problem), ..decided(50, &format!("refs/heads/{}", "\"".repeat(400))) });
        // As curl reads it, every mark is two.
        assert!(
            told.body.len() <= MOST && super::super::post::quoted(&told.body).len() < 100 * 1024,
            "{}",
            told.body.len()
        );
        for body in [&few.body, &some.body] {
            assert!(!body.contains("statement") && !body.contains("signature"), "{body}");
        }
    }
}
