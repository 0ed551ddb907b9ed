//! Which values of a branch came by one push, and from where: nothing records it, so it is assumed from what is there.

use std::collections::{BTreeSet, HashMap};

use bstr::{BStr, BString, ByteSlice as _};

use super::chain::{Chain, Made};
use crate::entry::{Entry, Mode};
use crate::error::Result;
use crate::git::Repo;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::provenance::approved::Marker;
use crate::report::replay::Assumed;

/// More bytes than a marker has.
const MARKER: u64 = 1024;

/// What is judged as one push of the branch.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// The value before; `None` for the branch's first one.
    pub(super) old: Option<Oid>,
    /// The value after.
    pub(super) new: Oid,
    /// How many values of the branch's chain it covers.
    pub(super) commits: usize,
    /// The branches that the server is taken to have held at `tip`.
    pub(super) sources: Vec<BString>,
    /// The tip of these branches.
    pub(super) tip: Oid,
    /// What that rests on.
    pub(super) assumed: Assumed,
}

/// The tasks whose traces a value brings.
#[derive(Debug, Default)]
struct Brought {
    /// Their `final/status.json` was not there before.
    finished: BTreeSet<BString>,
    /// Their folder was not there before.
    begun: BTreeSet<BString>,
}

/// Makes steps of a chain.
pub(super) fn steps(repo: &Repo, policy: &Policy, chain: &Chain) -> Vec<Step> {
    let mut values = vec![chain.start];
    values.extend(chain.values.iter().map(|(value, _)| Some(*value)));
    let places = values.iter().enumerate().filter_map(|(place, value)| Some(((*value)?, place))).collect();
    let mut grouped = Grouped { repo, policy, values, places, begun: HashMap::new(), steps: Vec::new(), done: 0 };
    let traces = traces(repo, policy, &grouped.values);
    for (place, ((new, made), traces)) in (1..).zip(chain.values.iter().zip(traces.windows(2))) {
        // What cannot be read brings nothing here; the judge will say that of the step.
        let brought = match traces {
            [before, after] if before != after => grouped.brought(*before, *after).unwrap_or_default(),
            _ => Brought::default(),
        };
        grouped.value(place, *new, made, &brought);
    }
    grouped.one_by_one(grouped.values.len());
    grouped.steps
}

/// The trace folder of each value.
fn traces(repo: &Repo, policy: &Policy, values: &[Option<Oid>]) -> Vec<Option<Oid>> {
    let trace = |repo: &Repo, value: Option<Oid>| {
        let root = repo.node(value?).ok()?.tree;
        folder(repo, root, policy.trace.as_bytes().as_bstr()).ok()?
    };
    super::halved(repo, values, |repo, values| values.iter().map(|value| trace(repo, *value)).collect())
}

fn folder(repo: &Repo, tree: Oid, path: &BStr) -> Result<Option<Oid>> {
    let is_tree = |entry: &Entry| entry.mode == Mode::Tree;
    Ok(repo.find(tree, path)?.filter(is_tree).map(|entry| entry.oid))
}

struct Grouped<'a> {
    repo: &'a Repo,
    policy: &'a Policy,
    /// The value before all steps, and every further one.
    values: Vec<Option<Oid>>,
    places: HashMap<Oid, usize>,
    /// Where the folder of a task was first seen.
    begun: HashMap<BString, usize>,
    steps: Vec<Step>,
    /// The value that the last step ends in.
    done: usize,
}

impl Grouped<'_> {
    fn value(&mut self, place: usize, new: Oid, made: &Made, brought: &Brought) {
        self.begun.extend(brought.begun.iter().map(|task| (task.clone(), place)));
        match made {
            // The first value of all is part of no task.
            _ if self.values.get(place - 1).copied().flatten().is_none() => self.one_by_one(place + 1),
            Made::Merge(theirs, named) => {
                self.one_by_one(place);
                let tasks = if brought.finished.is_empty() { &brought.begun } else { &brought.finished };
                let (sources, assumed) = match named {
                    _ if !tasks.is_empty() => (self.branches(tasks), Assumed::Trace),
                    Some(name) => (vec![bstr::concat([b"refs/heads/", name.as_slice()]).into()], Assumed::Message),
                    None => (Vec::new(), Assumed::Nothing),
                };
                self.push(place - 1, place, (sources, *theirs), assumed);
            }
            Made::Octopus => self.one_by_one(place + 1),
            Made::Here | Made::Back => {
                if *made == Made::Back {
                    // Another branch took up the value before, so that one was the branch's own then.
                    self.one_by_one(place);
                }
                if !brought.finished.is_empty() {
                    let begin = self.begin(&brought.finished, place);
                    self.one_by_one(begin + 1);
                    self.push(begin, place, (self.branches(&brought.finished), new), Assumed::FastForward);
                }
            }
        }
    }

    /// The place of the value that the tasks began at: the base that the marker names, where the branch had that value,
    /// else the one before the folder came, and never one before the last step.
    fn begin(&self, tasks: &BTreeSet<BString>, place: usize) -> usize {
        let places = tasks.iter().map(|task| {
            let base = self.base(task.as_bstr(), place).and_then(|base| self.places.get(&base).copied());
            base.or_else(|| self.begun.get(task).map(|begun| begun - 1)).unwrap_or(self.done)
        });
        places.min().unwrap_or(self.done).clamp(self.done, place - 1)
    }

    /// The base that the task's marker names in full.
    fn base(&self, task: &BStr, place: usize) -> Option<Oid> {
        let root = self.repo.node((*self.values.get(place)?)?).ok()?.tree;
        let path = bstr::concat([self.policy.trace.as_bytes(), b"/", task, b"/contract/APPROVED"]);
        let entry = self.repo.find(root, path.as_bstr()).ok()??;
        let bytes = self.repo.blob(entry.oid, MARKER).ok()??;
        Oid::from_hex(Marker::parse(&bytes).ok()?.oid.as_bytes())
    }

    fn branches(&self, tasks: &BTreeSet<BString>) -> Vec<BString> {
        let branch = |task: &BString| bstr::concat([b"refs/heads/", self.policy.task_prefix.as_bytes(), task]).into();
        tasks.iter().map(branch).collect()
    }

    /// Gives each value before `end` a step of its own that has none yet.
    fn one_by_one(&mut self, end: usize) {
        for place in self.done + 1..end {
            let Some(new) = self.values.get(place).copied().flatten() else { continue };
            self.push(place - 1, place, (Vec::new(), new), Assumed::Nothing);
        }
    }

    fn push(&mut self, from: usize, to: usize, (sources, tip): (Vec<BString>, Oid), assumed: Assumed) {
        let old = self.values.get(from).copied().flatten();
        if let Some(new) = self.values.get(to).copied().flatten() {
            self.steps.push(Step { old, new, commits: to - from, sources, tip, assumed });
            self.done = to;
        }
    }

    fn brought(&self, old: Option<Oid>, new: Option<Oid>) -> Result<Brought> {
        let mut brought = Brought::default();
        let mut touched = BTreeSet::new();
        self.repo.diff(old, new, &mut |path, before, after| {
            if let Some((task, rest)) = path.split_once_str("/")
                && before.is_none()
                && after.is_some()
            {
                touched.insert(BString::from(task));
                if rest == b"final/status.json" {
                    brought.finished.insert(task.into());
                }
            }
            Ok(())
        })?;
        for task in touched {
            if old.map(|old| folder(self.repo, old, task.as_bstr())).transpose()?.flatten().is_none() {
                brought.begun.insert(task);
            }
        }
        Ok(brought)
    }
}
