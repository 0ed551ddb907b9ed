//! Where refs stand by what the ledger says: nothing moves without a decision.

use std::collections::BTreeMap;

use bstr::{BString, ByteSlice as _};

use crate::escape::quote_path;
use crate::ledger::record::{Moved, Opened, Outcome, digest_of, is_pushed};
use crate::oid::Oid;
use crate::refs::RefMap;

/// The refs that records speak of.
#[derive(Default)]
pub(super) struct Refs {
    refs: BTreeMap<BString, Ref>,
    opened: Option<(u64, String)>,
}

struct Ref {
    /// The value before the first record that speaks of it.
    first: Oid,
    /// The value that it had for certain.
    value: Oid,
    /// The decision that gave it.
    by: u64,
    /// The values that were accepted since, with the decision.
    accepted: Vec<(u64, Oid)>,
}

impl Ref {
    const fn at(value: Oid) -> Self {
        Self { first: value, value, by: 0, accepted: Vec::new() }
    }

    fn may_be(&self, value: Oid) -> bool {
        self.value == value || self.accepted.iter().any(|(_, accepted)| *accepted == value)
    }

    fn accept(&mut self, decision: u64, value: Oid) {
        if self.value != value && self.accepted.last().is_none_or(|(_, last)| *last != value) {
            self.accepted.push((decision, value));
        }
    }
}

impl Refs {
    pub(super) fn open(&mut self, opened: &Opened) {
        self.refs = opened.protected.iter().map(|(name, value)| (name.clone(), Ref::at(*value))).collect();
        self.opened = Some((opened.count, opened.digest.clone()));
    }

    /// An accepted update begins where the ref may be: the gate compared it with the ref.
    pub(super) fn accepted(&mut self, decision: u64, moved: &Moved) -> Option<String> {
        let Some(known) = self.refs.get_mut(&moved.name) else {
            let mut new = Ref::at(moved.old);
            new.accept(decision, moved.new);
            self.refs.insert(moved.name.clone(), new);
            return None;
        };
        let found = (!known.may_be(moved.old)).then(|| moved_to(&moved.name, known.value, moved.old));
        if found.is_some() {
            known.value = moved.old;
        }
        known.accept(decision, moved.new);
        found
    }

    pub(super) fn applied(&mut self, outcome: &Outcome) {
        for moved in &outcome.updates {
            let Some(known) = self.refs.get_mut(&moved.name) else { continue };
            if outcome.decision > known.by {
                (known.value, known.by) = (moved.new, outcome.decision);
                known.accepted.retain(|(decision, _)| *decision > outcome.decision);
            } else if known.value == moved.old {
                // Told after a newer one: it was made before that, or once that was taken back.
                known.accepted.push((outcome.decision, moved.new));
            }
        }
    }

    /// What the refs as they stand say against it. `whole`: the ledger is there from its beginning.
    pub(super) fn compare(&self, held: &RefMap, whole: bool) -> Vec<String> {
        let mut found = Vec::new();
        let mut first = held.clone();
        for (name, known) in &self.refs {
            let value = held.get(name).copied().unwrap_or(Oid::zero(known.value.format()));
            if !known.may_be(value) {
                found.push(moved_to(name, known.value, value));
            }
            if known.first.is_zero() {
                first.remove(name);
            } else {
                first.insert(name.clone(), known.first);
            }
        }
        first.retain(|name, _| is_pushed(name.as_bstr()));
        match &self.opened {
            Some(opened) if whole && *opened != digest_of(&first) => found.push(
                "a branch, a tag or a statement that no decision is about was made, moved or deleted since the ledger began"
                    .to_owned(),
            ),
            _ => {}
        }
        found
    }
}

fn moved_to(name: &BString, from: Oid, to: Oid) -> String {
    let place = |oid: Oid| if oid.is_zero() { "nothing".to_owned() } else { oid.short() };
    format!("{} went from {} to {} without a decision", quote_path(name), place(from), place(to))
}
