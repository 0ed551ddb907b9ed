//! What people do next, drawn from one word of random bits and the state of things: mostly what makes sense, and now and
//! then anything else.

use std::collections::BTreeSet;

use super::graph::{Back, Blob, Id, POLICY, Person, Tree, WORKFLOW, changes, in_trace, put, trace_of};
use super::state::{
    APPROVER, CI, MAIN, Model, Object, PUSHERS, Push, ROLLER, RULER, STRANGER, Statement, Update, Waiver, checks_of,
    place_of, source_of,
};
use super::ways::due;

/// Random choices from one word (splitmix64).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(super) fn roll(&mut self, sides: usize) -> usize {
        usize::try_from(self.word() % sides as u64).unwrap()
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.roll(100) < percent
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.roll(from.len())].clone())
    }
}

/// People at work on one server.
pub(super) struct People<'m> {
    pub(super) model: &'m mut Model,
    pub(super) dice: Dice,
    /// What is drawn is never drawn twice.
    pub(super) number: &'m mut u32,
}

impl People<'_> {
    /// The next push; `None` where what was drawn makes none.
    pub(super) fn next(&mut self) -> Option<Push> {
        let mut updates = self.step()?;
        if self.dice.chance(6) {
            for update in self.step().unwrap_or_default() {
                if !updates.iter().any(|other| other.name == update.name) {
                    updates.push(update);
                }
            }
        }
        if self.dice.chance(4) {
            let place = self.dice.roll(updates.len());
            let other = self.dice.pick(&self.model.refs.values().copied().collect::<Vec<_>>());
            let update = &mut updates[place];
            update.old =
                if update.is_statement() { None } else { other.filter(|other| matches!(other, Object::Commit(_))) };
        }
        let nothing = |update: &Update| {
            update.old == update.new || update.new.is_none() && !self.model.refs.contains_key(&update.name)
        };
        if updates.is_empty() || updates.iter().any(nothing) {
            return None;
        }
        let actor = self.overridden(&updates).or_else(|| self.dice.pick(&PUSHERS));
        Some(Push { actor: actor.filter(|_| !self.dice.chance(2)), updates })
    }

    /// Who must push what brings an override, mostly.
    fn overridden(&mut self, updates: &[Update]) -> Option<Person> {
        let pusher = updates.iter().find_map(|update| match update.new? {
            Object::Statement(id) => match &self.model.statements[id] {
                Statement::Override(waiver) => Some(waiver.pusher),
                _ => None,
            },
            Object::Commit(_) => None,
        })?;
        Some(if self.dice.chance(94) { pusher } else { "erin" })
    }

    fn step(&mut self) -> Option<Vec<Update>> {
        match self.dice.roll(100) {
            0..14 => self.begin(),
            14..30 => self.go_on(),
            30..35 => self.branch("topic/"),
            35..41 => self.branch("hotfix/"),
            41..64 => self.promote(),
            64..69 => self.check(),
            69..75 => self.roll_back(),
            75..87 => self.waive(),
            87..92 => self.replay(),
            92..94 => self.withdraw(),
            94..96 => self.delete(),
            96..98 => self.direct(),
            _ => self.rewind(),
        }
    }

    pub(super) fn tick(&mut self) -> u32 {
        *self.number += 1;
        *self.number
    }

    fn to(&self, name: &str, new: Id) -> Vec<Update> {
        let old = self.model.refs.get(name).copied();
        vec![Update { name: name.to_owned(), old, new: Some(Object::Commit(new)) }]
    }

    pub(super) fn bring(&mut self, statement: Statement) -> Update {
        self.model.statements.push(statement);
        let id = self.model.statements.len() - 1;
        Update { name: place_of(id), old: None, new: Some(Object::Statement(id)) }
    }

    pub(super) fn branches(&self, prefix: &str) -> Vec<(String, Id)> {
        let there = self.model.refs.iter().filter(|(name, _)| name.starts_with(prefix));
        there
            .filter_map(|(name, object)| match object {
                Object::Commit(id) => Some((name.clone(), *id)),
                Object::Statement(_) => None,
            })
            .collect()
    }

    fn edit(&mut self, tree: &mut Tree, odd: usize) {
        let path = if self.dice.chance(odd) {
            ["lib/x.rs", "docs/a.md", WORKFLOW, POLICY, POLICY][self.dice.roll(5)]
        } else {
            ["src/a.rs", "src/b.rs", "src/c.rs", "src/d.rs"][self.dice.roll(4)]
        };
        let blob = Blob::Text(self.tick());
        tree.insert(path.to_owned(), blob);
    }

    /// Writes the trace of a task that goes on from `tip` with this tree; `flaws` in a hundred are wrong somewhere.
    fn trace(&mut self, tree: &mut Tree, task: &str, tip: Id, flaws: usize) -> Option<()> {
        let main = self.model.tip(MAIN)?;
        let base = self.model.graph.began(tip, [main])?;
        let common = self.model.graph.common(main, tip)?.clone();
        let outside: BTreeSet<String> =
            changes(&common, tree).into_keys().filter(|path| trace_of(path).is_none()).collect();
        let flaw = if self.dice.chance(flaws) { self.dice.roll(9) } else { 9 };
        let named = if flaw == 0 { 0 } else { base };
        let wide = flaw != 1 && outside.iter().any(|path| !path.starts_with("src/"));
        let number = self.tick();
        let marker = Blob::Marker(named);
        let approval = Blob::Approval { base: named, wide, number };
        let by = if flaw == 2 { "erin" } else { APPROVER };
        let signed = Blob::Signed { base: named, of: vec![marker.clone(), approval.clone()], by, number };
        let mut files = outside;
        if flaw == 3 {
            files.insert("src/none.rs".to_owned());
        }
        let success = flaw != 4;
        let mut add = |file: &str, blob: Blob| put(tree, &in_trace(task, file), Some(blob));
        add("contract/APPROVED", marker);
        add("contract/approval.md", approval);
        if flaw != 5 {
            add("contract/approval.json.sig", Blob::Seal(Box::new(signed.clone())));
            add("contract/approval.json", signed);
        }
        for (place, file) in
            ["codex/audit/report.md", "claude/review/report.md", "gemini/audit/report.md"].into_iter().enumerate()
        {
            if flaw != 6 || place != 1 {
                add(file, Blob::Text(number));
            }
        }
        if flaw != 7 {
            add("final/status.json", Blob::Status { success, files, number });
        }
        if flaw == 8 {
            put(
                tree,
                &in_trace(task, "contract/approval.md"),
                Some(Blob::Approval { base: named, wide: true, number: number + 1 }),
            );
            self.tick();
        }
        Some(())
    }

    fn begin(&mut self) -> Option<Vec<Update>> {
        let main = self.model.tip(MAIN)?;
        let base = match self.dice.roll(20) {
            0 => self.model.tip("staging")?,
            1 => self.dice.pick(&self.model.graph.first_parents(main).collect::<Vec<_>>())?,
            _ => main,
        };
        let again = self.branches("autoTest/");
        let name = match self.dice.pick(&again) {
            Some((name, _)) if self.dice.chance(8) => name,
            _ => format!("autoTest/t{}", self.tick()),
        };
        let task = name.strip_prefix("autoTest/").unwrap().to_owned();
        let (mut tip, mut tree) = (base, self.model.graph.tree(base).clone());
        for _ in 0..self.dice.roll(2) {
            self.edit(&mut tree, 25);
            tip = self.model.graph.add(&[tip], tree.clone(), None);
        }
        self.edit(&mut tree, 25);
        if self.dice.chance(85) {
            self.trace(&mut tree, &task, tip, 20)?;
        }
        let new = self.model.graph.add(&[tip], tree, None);
        let mut updates = self.to(&name, new);
        self.rule_change(&mut updates, MAIN, new);
        Some(updates)
    }

    /// The policy role's word, mostly, where a change needs it.
    fn rule_change(&mut self, updates: &mut Vec<Update>, target: &str, new: Id) {
        let Some(tip) = self.model.tip(target) else { return };
        let Some(common) = self.model.graph.common(tip, new) else { return };
        let (old, now) = (common.get(POLICY).cloned(), self.model.graph.tree(new).get(POLICY).cloned());
        if old != now && self.dice.chance(85) {
            let by = if self.dice.chance(90) { RULER } else { "bob" };
            let statement = Statement::Rules { old, new: now, branch: target.to_owned(), tip, by };
            updates.push(self.bring(statement));
        }
    }

    fn go_on(&mut self) -> Option<Vec<Update>> {
        let (name, tip) = self.dice.pick(&self.branches("autoTest/"))?;
        let task = name.strip_prefix("autoTest/").unwrap().to_owned();
        let mut tree = self.model.graph.tree(tip).clone();
        let mut parents = vec![tip];
        match self.dice.roll(10) {
            0 => self.edit(&mut tree, 20),
            1..4 => {
                let main = self.model.tip(MAIN)?;
                if self.model.graph.holds(tip, main) {
                    return None;
                }
                let merged = self.model.graph.merge(tip, main)?;
                tree = merged.tree;
                parents.push(main);
                if self.dice.chance(10) {
                    self.edit(&mut tree, 10);
                }
                if self.dice.chance(80) {
                    // The base stays; what changed may not.
                    let joined = self.model.graph.add(&parents, tree.clone(), None);
                    parents = vec![joined];
                    self.trace(&mut tree, &task, joined, 10)?;
                }
            }
            4 => {
                let base = self.model.graph.began(tip, [self.model.tip(MAIN)?])?;
                tree = self.model.graph.tree(base).clone();
                self.edit(&mut tree, 10);
                parents = vec![base];
                self.trace(&mut tree, &task, base, 20)?;
            }
            5 => {
                let folders: BTreeSet<String> =
                    self.model.graph.tree(tip).keys().filter_map(|path| trace_of(path)).map(str::to_owned).collect();
                let other = self.dice.pick(&folders.into_iter().collect::<Vec<_>>())?;
                let blob = Blob::Text(self.tick());
                tree.insert(in_trace(&other, "note.md"), blob);
            }
            _ => {
                if self.dice.chance(50) {
                    self.edit(&mut tree, 15);
                }
                self.trace(&mut tree, &task, tip, 15)?;
            }
        }
        let new = self.model.graph.add(&parents, tree, None);
        let mut updates = self.to(&name, new);
        self.rule_change(&mut updates, MAIN, new);
        Some(updates)
    }

    fn branch(&mut self, prefix: &str) -> Option<Vec<Update>> {
        let there = self.branches(prefix);
        let (name, tip) = match self.dice.pick(&there) {
            Some(found) if self.dice.chance(30) => found,
            _ => {
                let from = if self.dice.chance(80) { MAIN } else { "staging" };
                (format!("{prefix}b{}", self.tick()), self.model.tip(from)?)
            }
        };
        let mut tree = self.model.graph.tree(tip).clone();
        if prefix == "topic/" && self.dice.chance(75) {
            let blob = Blob::Text(self.tick());
            tree.insert(["docs/a.md", "docs/b.md"][self.dice.roll(2)].to_owned(), blob);
        } else {
            self.edit(&mut tree, 12);
        }
        let new = self.model.graph.add(&[tip], tree, None);
        Some(self.to(&name, new))
    }

    fn promote(&mut self) -> Option<Vec<Update>> {
        let into = ["main", "main", "main", "main", "main", "staging", "staging", "staging", "prod"][self.dice.roll(9)];
        let source = match source_of(into) {
            _ if self.dice.chance(12) => self.dice.pick(&self.branches(""))?.0,
            Some(_) if self.dice.chance(10) => self.dice.pick(&self.branches("hotfix/"))?.0,
            Some(source) => source.to_owned(),
            None => {
                let prefix =
                    ["autoTest/", "autoTest/", "autoTest/", "autoTest/", "topic/", "hotfix/"][self.dice.roll(6)];
                let fresh = |(_, tip): &(String, Id)| {
                    self.model.tip(into).is_some_and(|held| !self.model.graph.holds(held, *tip))
                };
                let waiting: Vec<_> = self.branches(prefix).into_iter().filter(fresh).collect();
                self.dice.pick(&waiting)?.0
            }
        };
        let tip = self.model.tip(&source)?;
        let new = match self.model.tip(into) {
            Some(held) if self.model.graph.holds(held, tip) => return None,
            Some(held) if !self.model.graph.holds(tip, held) || self.dice.chance(30) => self.merge(held, tip)?,
            _ => tip,
        };
        let mut updates = self.to(into, new);
        self.results(&mut updates, into, new);
        self.rule_change(&mut updates, into, new);
        Some(updates)
    }

    fn merge(&mut self, held: Id, tip: Id) -> Option<Id> {
        let merged = self.model.graph.merge(held, tip)?;
        let mut tree = merged.tree;
        if self.dice.chance(5) {
            self.edit(&mut tree, 10);
        }
        let parents = if self.dice.chance(97) { [held, tip] } else { [tip, held] };
        Some(self.model.graph.add(&parents, tree, None))
    }

    /// The results that a promotion lacks, mostly.
    fn results(&mut self, updates: &mut Vec<Update>, into: &str, new: Id) {
        let without = Push { actor: None, updates: Vec::new() };
        for (_, check) in self.model.checks(&without, into, new) {
            if self.dice.chance(85) {
                let check = checks_of(into).iter().copied().find(|name| *name == check).unwrap();
                let statement = self.result(check, new, false);
                updates.push(self.bring(statement));
            }
        }
    }

    fn result(&mut self, check: &'static str, of: Id, failed: bool) -> Statement {
        let tree = self.model.graph.tree(of).clone();
        let earlier = self.model.statements.iter().enumerate().filter(|(_, statement)| match statement {
            Statement::Check { check: other, tree: of, .. } => *other == check && *of == tree,
            _ => false,
        });
        let earlier: BTreeSet<usize> = earlier.map(|(id, _)| id).collect();
        let supersedes = if self.dice.chance(70) { earlier } else { BTreeSet::new() };
        let by = if self.dice.chance(96) { CI } else { STRANGER };
        Statement::Check { check, tree, failed, supersedes, by }
    }

    fn check(&mut self) -> Option<Vec<Update>> {
        let (_, tip) = self.dice.pick(&self.branches(""))?;
        let check = ["tests", "tests", "e2e"][self.dice.roll(3)];
        let failed = self.dice.chance(50);
        let statement = self.result(check, tip, failed);
        Some(vec![self.bring(statement)])
    }

    fn roll_back(&mut self) -> Option<Vec<Update>> {
        let branch = if self.dice.chance(75) { MAIN } else { "staging" };
        let held = self.model.tip(branch)?;
        let chain: Vec<Id> = self.model.graph.first_parents(held).skip(1).take(6).collect();
        let mut to = self.dice.pick(&chain)?;
        let by = match self.dice.roll(20) {
            0 => None,
            1 => Some("bob"),
            2 => Some(STRANGER),
            _ => Some(ROLLER),
        };
        let now = self.model.graph.tree(held).clone();
        let mut named = branch;
        let mut tree = due(self.model.graph.tree(to), &now);
        match self.dice.roll(20) {
            0 => named = if branch == MAIN { "staging" } else { MAIN },
            1 => self.edit(&mut tree, 30),
            2 | 3 => tree = self.model.graph.tree(to).clone(),
            4 => to = self.dice.pick(&self.branches(""))?.1,
            _ => {}
        }
        let back = Back { branch: named.to_owned(), to, by };
        let new = self.model.graph.add(&[held], tree, Some(back));
        Some(self.to(branch, new))
    }

    fn delete(&mut self) -> Option<Vec<Update>> {
        let (name, old) = self
            .dice
            .pick(&self.model.refs.iter().map(|(name, object)| (name.clone(), *object)).collect::<Vec<_>>())?;
        Some(vec![Update { name, old: Some(old), new: None }])
    }

    fn direct(&mut self) -> Option<Vec<Update>> {
        let branch = [MAIN, MAIN, "staging"][self.dice.roll(3)];
        let held = self.model.tip(branch)?;
        let mut tree = self.model.graph.tree(held).clone();
        self.edit(&mut tree, 30);
        let new = self.model.graph.add(&[held], tree, None);
        let mut updates = self.to(branch, new);
        self.results(&mut updates, branch, new);
        Some(updates)
    }

    /// Back to where an override was used, or anywhere.
    fn rewind(&mut self) -> Option<Vec<Update>> {
        let stands =
            |(_, waiver): &(usize, Waiver)| self.model.refs.get(&waiver.update.name).copied() == waiver.update.new;
        let used: Vec<_> = self.overrides().into_iter().filter(stands).collect();
        if let Some((_, Waiver { update, .. })) = self.dice.pick(&used)
            && let Some(Object::Commit(old)) = update.old
        {
            return Some(self.to(&update.name, old));
        }
        let held = self.model.tip(MAIN)?;
        let back = self.dice.pick(&self.model.graph.first_parents(held).skip(1).collect::<Vec<_>>())?;
        Some(self.to(MAIN, back))
    }
}
