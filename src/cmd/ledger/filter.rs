//! Which records the options ask for.

use super::page;
use crate::cli::ledger::Selection;
use crate::error::{Error, Result};
use crate::escape;
use crate::glob::Glob;
use crate::ledger::Record;
use crate::ledger::record::{Event, Update};
use crate::report::human::shell_word;

/// What the options ask for.
pub(super) struct Filter<'a> {
    asked: &'a Selection,
    refs: Vec<Glob>,
}

impl<'a> Filter<'a> {
    pub(super) fn new(asked: &'a Selection) -> Result<Self> {
        let parse = |pattern: &String| {
            let whole = if pattern.is_empty() || pattern.starts_with("refs/") {
                pattern.clone()
            } else {
                format!("refs/heads/{pattern}")
            };
            Glob::parse(&whole).map_err(|error| Error::usage(format!("--ref {}: {error}", escape::excerpt(pattern))))
        };
        Ok(Self { asked, refs: asked.refs.iter().map(parse).collect::<Result<_>>()? })
    }

    pub(super) fn passes(&self, record: &Record) -> bool {
        self.wants(&record.event) && self.passes_but_for_its_kind(record)
    }

    /// Whether records of this kind are asked for.
    pub(super) fn wants(&self, event: &Event) -> bool {
        self.asked.decision.is_empty() || self.asked.decision.iter().any(|kind| kind.name() == event.name())
    }

    pub(super) fn passes_but_for_its_kind(&self, record: &Record) -> bool {
        let Selection { actor, rule, task, since, until, .. } = self.asked;
        let decided = match &record.event {
            Event::Decided(decided) => Some(decided),
            _ => None,
        };
        let updates: &[Update] = decided.map_or(&[], |decided| &decided.updates);
        let any =
            |words: &[String], word: Option<&str>| word.is_some_and(|word| words.iter().any(|asked| asked == word));
        (actor.is_empty() || any(actor, decided.and_then(|decided| decided.actor.as_deref())))
            && (task.is_empty() || updates.iter().any(|update| any(task, update.task.as_deref())))
            && (rule.is_empty()
                || updates.iter().any(|update| rule.iter().any(|rule| update.counts.contains_key(rule))))
            && (self.refs.is_empty()
                || page::refs(&record.event).iter().any(|moved| self.refs.iter().any(|glob| glob.matches(&moved.name))))
            && since.is_none_or(|since| record.time >= since)
            && until.is_none_or(|until| record.time <= until)
    }

    /// The options as they are typed, but for `--decision`: each word for a shell.
    pub(super) fn words(&self) -> Vec<String> {
        let Selection { refs, actor, rule, task, since, until, .. } = self.asked;
        let named = [("--ref", refs), ("--actor", actor), ("--rule", rule), ("--task", task)];
        let named = named.into_iter().flat_map(|(name, words)| words.iter().map(move |word| (name, word.clone())));
        let times = [("--since", since), ("--until", until)];
        let times = times.into_iter().filter_map(|(name, time)| time.map(|time| (name, time.to_string())));
        named.chain(times).map(|(name, word)| format!("{name} {}", shell_word(word.as_bytes()))).collect()
    }

    /// The kinds that are asked for.
    pub(super) fn kinds(&self) -> Vec<String> {
        self.asked.decision.iter().map(|kind| format!("--decision {}", kind.name())).collect()
    }
}
