//! What people sign for and against what was refused: overrides, the same ones again, and approvals that are taken back.

use std::collections::BTreeSet;

use super::graph::in_trace;
use super::state::{
    APPROVER, Decision, Findings, Object, Push, STRANGER, Statement, Update, WAIVERS, Waivable, Waiver, place_of,
    waiver_of,
};
use super::steps::People;

impl People<'_> {
    /// What was refused last, with what another person signs for it.
    pub(super) fn waive(&mut self) -> Option<Vec<Update>> {
        // Of each update only the last answer: an override names what that found.
        let mut asked: Vec<&Update> = Vec::new();
        let mut candidates = Vec::new();
        for past in self.model.past.iter().rev().take(12) {
            let mut moves = past.push.updates.iter().zip(&past.verdict.updates);
            let Some((update, judged)) = moves.find(|(update, _)| !update.is_statement()) else { continue };
            let others = moves.any(|(update, _)| !update.is_statement());
            let open = update.commit().is_some() && !judged.refusing.is_empty() && !asked.contains(&update);
            if open && !others && past.verdict.decision == Decision::Refuse {
                candidates.push((past.push.clone(), update.clone(), judged.refusing.clone()));
            }
            asked.extend(past.push.updates.iter());
        }
        let can_be =
            |(_, _, found): &(Push, Update, Findings)| found.iter().all(|(rule, _)| waiver_of(rule) != Waivable::Never);
        if self.dice.chance(85) {
            candidates.retain(can_be);
        }
        let (push, update, found) = self.dice.pick(&candidates)?;
        let pusher = push.actor?;
        let mut updates: Vec<Update> = vec![update.clone()];
        updates.extend(push.updates.iter().filter(|other| other.is_statement() && !self.is_override(other)).cloned());
        let all = self.dice.chance(10);
        for label in [Waivable::Override, Waivable::Hotfix] {
            let own =
                found.iter().filter(|(rule, _)| waiver_of(rule) == label || all && waiver_of(rule) == Waivable::Never);
            let findings: Findings = own.cloned().collect();
            if findings.is_empty() {
                continue;
            }
            let by = match self.dice.roll(20) {
                0 => pusher,
                1 => "carol",
                2 | 3 => WAIVERS[1],
                _ => WAIVERS[usize::from(pusher == WAIVERS[0])],
            };
            let (expired, update) = (self.dice.chance(4), update.clone());
            let waiver = Waiver { update, findings, hotfix: label == Waivable::Hotfix, pusher, by, expired };
            updates.push(self.bring(Statement::Override(waiver)));
        }
        Some(updates)
    }

    fn is_override(&self, update: &Update) -> bool {
        matches!(update.new, Some(Object::Statement(id)) if matches!(self.model.statements[id], Statement::Override(_)))
    }

    pub(super) fn overrides(&self) -> Vec<(usize, Waiver)> {
        let all = self.model.statements.iter().enumerate().filter_map(|(id, statement)| match statement {
            Statement::Override(waiver) => Some((id, waiver.clone())),
            _ => None,
        });
        all.collect()
    }

    /// An override that was made for an earlier push, again.
    pub(super) fn replay(&mut self) -> Option<Vec<Update>> {
        let used: BTreeSet<usize> = self.model.past.iter().flat_map(|past| past.verdict.used.clone()).collect();
        let mut all = self.overrides();
        if self.dice.chance(80) {
            all.retain(|(id, _)| used.contains(id));
        }
        let back =
            |(_, waiver): &(usize, Waiver)| self.model.refs.get(&waiver.update.name).copied() == waiver.update.old;
        if self.dice.chance(70) && all.iter().any(back) {
            all.retain(back);
        }
        let (_, chosen) = self.dice.pick(&all)?;
        let mut update = chosen.update.clone();
        let siblings = self.overrides().into_iter().filter(|(_, other)| other.update == update);
        let mut updates: Vec<Update> = siblings
            .map(|(id, _)| Update { name: place_of(id), old: None, new: Some(Object::Statement(id)) })
            .collect();
        if self.dice.chance(20) {
            update.old = self.model.refs.get(&update.name).copied();
        }
        updates.insert(0, update);
        Some(updates)
    }

    pub(super) fn withdraw(&mut self) -> Option<Vec<Update>> {
        let (name, tip) = self.dice.pick(&self.branches("autoTest/"))?;
        let task = name.strip_prefix("autoTest/").unwrap().to_owned();
        let approval = self.model.graph.tree(tip).get(&in_trace(&task, "contract/approval.json"))?.clone();
        let by = if self.dice.chance(85) { APPROVER } else { STRANGER };
        let number = self.tick();
        Some(vec![self.bring(Statement::Withdrawal { task, approval, number, by })])
    }
}
