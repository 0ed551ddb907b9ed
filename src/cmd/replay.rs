//! `refgate replay`: a branch's past, judged as if the policy had been there. It is one push after the other to the one
//! judge; what is no longer known of these pushes is assumed ([`steps`]), and the page docs/replay.md says how.

mod chain;
mod merged;
mod steps;

use std::collections::BTreeMap;

use bstr::{BString, ByteSlice as _};
use chain::{Chain, Point, Span};
use steps::Step;

use super::client::{View, branch};
use super::progress::Progress;
use super::rules::print;
use crate::change::{Certificate, Push};
use crate::cli::replay::{Replay as Args, ReplayFormat};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::{Decision, Severity};
use crate::git::{Headline, ObjectKind, Repo};
use crate::glob::Glob;
use crate::judge::decide;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::refs::{RefMap, RefUpdate};
use crate::report::human::shell_word;
use crate::report::replay::{self as report, Assumed, Counts, Replay};
use crate::rules;

/// From this many steps on a second thread pays for its start and its caches.
const WORTH_A_THREAD: usize = 64;
/// What the main thread has by default, in bytes: trees may be nested deep.
const STACK: usize = 8 * 1024 * 1024;
/// How many findings of one step are kept; all are counted.
const KEPT: usize = 50;

/// Runs the command. The exit status: 0 where every step could be judged, 2 where one could not; with `--exit-code` 1
/// where one would be refused.
///
/// # Errors
/// The branch, the policy or the span cannot be told.
pub fn run(args: &Args, env: &Env) -> Result<u8> {
    let (mut repo, view) = View::open(&args.seen, env)?;
    let mut notes = Vec::new();
    if view.remote.is_some() && view.policy.trust.signers.is_none() {
        notes.push("whose keys count is not known here, so what rests on signatures is told as refused: on the server it is not".to_owned());
    }
    let (name, tip) = tip(&repo, &view, &args.name, &mut notes)?;
    let View { refs, policy, .. } = view;
    let policy = guarding(policy, &refs, &name, &mut notes);
    let chain = chain(&repo, &policy, &refs, args, (&name, tip))?;
    let values: Vec<Oid> = chain.values.iter().map(|(value, _)| *value).collect();
    // Where that fails, as in a shallow clone, each step says by itself what it lacks.
    let _ = repo.number(&values, chain.start);
    let steps = steps::steps(&repo, &policy, &chain);
    // Nobody knows what else stood there then; statements are about what they name and not about a time.
    let refs = refs.into_iter().filter(|(name, _)| name.starts_with(b"refs/refgate/")).collect();
    let seat = Seat { policy: &policy, name: &name, refs: &refs };
    let progress = Progress::of("replayed", steps.len());
    let mut told = Replay {
        from: chain.start,
        to: values.last().copied().or(chain.cut.as_ref().and(chain.start)),
        policy: policy.digest(),
        kept: kept(&policy),
        steps: halved(&repo, &steps, |repo, steps| seat.judge_each(repo, steps, &progress)),
        name: name.clone(),
        notes,
    };
    drop(progress);
    if let (Some(error), Some(border)) = (chain.cut, chain.start) {
        told.from = None;
        // It came from somewhere, and that is gone.
        let step =
            Step { old: None, new: border, commits: 1, sources: Vec::new(), tip: border, assumed: Assumed::Nothing };
        told.steps.insert(0, report::Step { problem: Some(error), ..unjudged(&repo, &step) });
    }
    print(&match args.format {
        ReplayFormat::Human => report::human::render(&told),
        ReplayFormat::Json => report::json::render(&told),
        ReplayFormat::Html => report::html::render(&told),
    })?;
    let summary = told.summary();
    Ok(match (summary.undecided, summary.refused) {
        (1.., _) => Decision::Undecided.exit_code(),
        (0, 1..) if args.exit_code => Decision::Refuse.exit_code(),
        _ => Decision::Accept.exit_code(),
    })
}

/// The branch and what it holds: on the server, as far as that was seen, else here.
fn tip(repo: &Repo, view: &View, asked: &str, notes: &mut Vec<String>) -> Result<(BString, Oid)> {
    let mut name = branch(asked);
    if let Some(remote) = &view.remote
        && !view.refs.contains_key(&name)
        && let Some(rest) = asked.as_bytes().strip_prefix(remote.as_slice()).and_then(|rest| rest.strip_prefix(b"/"))
    {
        name = bstr::concat([b"refs/heads/", rest]).into();
    }
    let held = match view.refs.get(&name) {
        Some(held) => Some(*held),
        None => repo.refs()?.get(&name).copied(),
    };
    let shown = escape::quote_path(asked.as_bytes());
    let Some(held) = held.filter(|_| name.starts_with(b"refs/heads/")) else {
        return Err(Error::usage(format!("{shown} is no branch that is known here"))
            .help("name a branch; git branch --all lists them, and git fetch brings those of the server"));
    };
    if let (Some(remote), false) = (&view.remote, view.refs.contains_key(&name)) {
        notes.push(format!("{} was not seen to hold this branch, so it is this clone's", shell_word(remote)));
    }
    match repo.peel(held)? {
        (ObjectKind::Commit, commit) => Ok((name, commit)),
        _ => Err(Error::undecided(format!("{shown} holds no commit")).help("name another branch")),
    }
}

/// The policy, with the branch among those that it protects.
fn guarding(mut policy: Policy, refs: &RefMap, name: &BString, notes: &mut Vec<String>) -> Policy {
    if policy.is_protected(name.as_bstr()) {
        return policy;
    }
    notes.push("as if the policy protected the branch, which it does not".to_owned());
    let short = name.strip_prefix(b"refs/heads/").unwrap_or_default().to_str().ok();
    let glob = short.filter(|short| !short.contains(['*', '{', '}'])).and_then(|short| Glob::parse(short).ok());
    match glob {
        Some(glob) if refs.contains_key(&policy.trunk) => {
            policy.protected = policy.protected.iter().cloned().chain([glob]).collect();
        }
        _ => policy.trunk.clone_from(name),
    }
    policy
}

/// The branch's values in the span that is asked for.
fn chain(repo: &Repo, policy: &Policy, refs: &RefMap, args: &Args, (name, tip): (&BString, Oid)) -> Result<Chain> {
    let point = |text: &Option<String>, ends| text.as_ref().map(|text| Point::read(repo, text, ends)).transpose();
    let span = Span {
        branch: name.strip_prefix(b"refs/heads/").unwrap_or_default().as_bstr(),
        tip,
        since: point(&args.since, false)?,
        until: point(&args.until, true)?,
        trunk: refs.get(&policy.trunk).copied().filter(|_| *name != policy.trunk),
    };
    let mut chain = Chain::find(repo, span)?;
    if chain.start.is_none() && *name != policy.trunk && !chain.values.is_empty() {
        // Only the first push of the trusted ref is one that the gate lets in.
        chain.start = Some(chain.values.remove(0).0);
    }
    Ok(chain)
}

/// The rules that no policy lowers, so that there is no trying them out.
fn kept(policy: &Policy) -> std::collections::BTreeSet<&'static str> {
    let floored = |id: &str| policy.floor.get(id).is_some_and(|floor| *floor == Severity::Enforce);
    rules::ALL.iter().filter(|rule| rule.fixed || floored(rule.id)).map(|rule| rule.id).collect()
}

/// Does the work in order, the newer half of much in a thread of its own.
fn halved<T: Sync, R: Send>(repo: &Repo, all: &[T], work: impl Fn(&Repo, &[T]) -> Vec<R> + Sync) -> Vec<R> {
    if all.len() < WORTH_A_THREAD {
        return work(repo, all);
    }
    let (older, newer) = all.split_at(all.len() / 2);
    let (other, work) = (repo.fork(), &work);
    std::thread::scope(|scope| {
        let there = move || work(&other, newer);
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, there);
        let mut done = work(repo, older);
        let rest = thread.ok().and_then(|thread| thread.join().ok());
        // No room for a thread; slower is still right.
        done.extend(rest.unwrap_or_else(|| work(repo, newer)));
        done
    })
}

/// What all steps have in common.
#[derive(Clone, Copy)]
struct Seat<'a> {
    policy: &'a Policy,
    name: &'a BString,
    /// The signed statements.
    refs: &'a RefMap,
}

impl Seat<'_> {
    fn judge_each(self, repo: &Repo, steps: &[Step], progress: &Progress) -> Vec<report::Step> {
        let mut push = self.push(self.refs.clone(), Vec::new(), false);
        let judged = steps.iter().map(|step| self.judge(repo, &mut push, step));
        judged.inspect(|_| progress.step()).collect()
    }

    /// A push of which only the server of then would know who signed it.
    fn push(self, refs: RefMap, updates: Vec<RefUpdate>, bootstrap: bool) -> Push {
        Push::new(refs, updates, bootstrap).certified(Certificate::Unseen)
    }

    /// Judges one step; `push` has what all have in common and gets it back.
    fn judge(self, repo: &Repo, push: &mut Push, step: &Step) -> report::Step {
        let mut told = unjudged(repo, step);
        let Ok(now) = jiff::Timestamp::from_second(told.time) else {
            told.problem = Some(Error::undecided("the commit's date is beyond the years of any calendar"));
            return told;
        };
        let verdict = match step.old {
            Some(old) => {
                push.refs.insert(self.name.clone(), old);
                push.refs.extend(step.sources.iter().map(|source| (source.clone(), step.tip)));
                push.updates = vec![RefUpdate { name: self.name.clone(), old, new: step.new }];
                let verdict = decide(repo, self.policy, push, now);
                for source in &step.sources {
                    push.refs.remove(source);
                }
                verdict
            }
            None => {
                let (name, old) = (self.name.clone(), Oid::zero(step.new.format()));
                let first = self.push(RefMap::new(), vec![RefUpdate { name, old, new: step.new }], true);
                decide(repo, self.policy, &first, now)
            }
        };
        repo.forget_merges();
        told.decision = verdict.decision;
        told.problem = verdict.problem;
        for update in verdict.updates {
            told.source = update.source.or(told.source);
            told.task = update.task.or(told.task);
            told.problem = update.problem.or(told.problem);
            for finding in &update.findings {
                let counts: &mut Counts = told.rules.entry(finding.rule).or_default();
                *if finding.refuses() { &mut counts.refusing } else { &mut counts.reported } += 1;
            }
            told.left_out = update.findings.len().saturating_sub(KEPT);
            told.findings = update.findings;
            told.findings.truncate(KEPT);
            told.findings.shrink_to_fit();
        }
        told
    }
}

/// A step as it is told before anything is decided of it.
fn unjudged(repo: &Repo, step: &Step) -> report::Step {
    // The border of a shallow clone is no node to walk over, and still a commit.
    let time = repo.node(step.new).map(|node| node.time).or_else(|_| repo.commit(step.new).map(|commit| commit.time));
    let Headline { author, subject } = repo.headline(step.new).unwrap_or_default();
    report::Step {
        old: step.old,
        new: step.new,
        time: time.unwrap_or_default(),
        author,
        subject,
        commits: step.commits,
        source: step.sources.first().cloned(),
        assumed: step.assumed,
        task: None,
        decision: Decision::Undecided,
        findings: Vec::new(),
        left_out: 0,
        rules: BTreeMap::new(),
        problem: None,
    }
}
