//! The git floor against git itself, on random histories: ranges, merge bases, tree diffs, merges and the staged tree.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use refgate::change::{ChangeSet, Need, Push, Touch, load};
use refgate::env::Env;
use refgate::git::{Repo, Side};
use refgate::oid::Oid;
use refgate::policy::parse::{Known, built_in};
use refgate::refs::{RefMap, RefUpdate};

use crate::corpus::process;

mod differences;
mod malformed;

/// A small generator with a seed of its own (xorshift64*), so that a failure names a history that can be had again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }
}

/// A bare repository with one branch for each commit: `refs/heads/c0` and so on.
struct History {
    folder: tempfile::TempDir,
    commits: Vec<String>,
}

type Files = BTreeMap<usize, Vec<usize>>;

impl History {
    fn random(seed: u64, size: usize) -> Self {
        Self::stored(seed, size, true, &[], honest)
    }

    /// One that is long enough for a second thread: all of it hangs together. Each object is in a file of its own, so
    /// that one can be taken away.
    fn long(seed: u64) -> Self {
        Self::stored(seed, 150, false, &["-c", "fastimport.unpackLimit=1000000"], honest)
    }

    /// With the committer dates that `date` makes up.
    fn dated(seed: u64, size: usize, date: impl Fn(&mut Dice, usize) -> usize) -> Self {
        Self::stored(seed, size, true, &[], date)
    }

    fn stored(
        seed: u64,
        size: usize,
        more_roots: bool,
        options: &[&str],
        date: impl Fn(&mut Dice, usize) -> usize,
    ) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let folder = tempfile::tempdir().unwrap();
        process::must(process::command("git").args(["init", "-q", "--bare", "-b", "c0"]).arg(folder.path()), b"")
            .unwrap();
        let mut stream = String::new();
        let mut trees: Vec<Files> = Vec::new();
        for number in 0..size {
            let parents = parents(&mut dice, number, more_roots);
            let mut files = parents.first().map(|parent| trees[*parent].clone()).unwrap_or_else(first_files);
            for _ in 0..=dice.roll(2) {
                edit(&mut dice, &mut files);
            }
            let date = date(&mut dice, number);
            write_commit(&mut stream, date, number, &parents, &files);
            trees.push(files);
        }
        let import = [options, &["fast-import", "--quiet", "--force"]].concat();
        process::must(&mut process::git(folder.path(), &import), stream.as_bytes()).unwrap();
        let names: Vec<String> = (0..size).map(|number| format!("c{number}")).collect();
        let args: Vec<&str> = std::iter::once("rev-parse").chain(names.iter().map(String::as_str)).collect();
        let commits = git(folder.path(), &args);
        Self { folder, commits }
    }

    fn repo(&self) -> Repo {
        Repo::discover(self.folder.path(), &Env::default()).unwrap()
    }

    fn pick(&self, dice: &mut Dice) -> &str {
        &self.commits[dice.roll(self.commits.len())]
    }
}

/// Dates wander by up to half a day either way, as those of honest clocks do.
fn honest(dice: &mut Dice, number: usize) -> usize {
    1_700_000_000 + number * 600 + dice.roll(43_200)
}

fn parents(dice: &mut Dice, number: usize, more_roots: bool) -> Vec<usize> {
    let count = match (number, dice.roll(20)) {
        (0, _) => 0,
        (_, 0) if more_roots => 0,
        (_, 0..=12) => 1,
        (_, 13..=18) => 2,
        _ => 3,
    };
    let near = |dice: &mut Dice| number - 1 - dice.roll(number.min(6));
    let mut parents: Vec<usize> = (0..count).map(|_| near(dice)).collect();
    let mut seen = HashSet::new();
    parents.retain(|parent| seen.insert(*parent));
    parents
}

fn first_files() -> Files {
    (0..6).map(|file| (file, (0..12).map(|line| file * 100 + line).collect())).collect()
}

fn edit(dice: &mut Dice, files: &mut Files) {
    let file = dice.roll(8);
    match dice.roll(10) {
        0 => drop(files.remove(&file)),
        1 => {
            // A rename: the content moves, perhaps with one line changed.
            if let Some(mut content) = files.remove(&file) {
                if let Some(line) = content.first_mut().filter(|_| dice.roll(2) == 0) {
                    *line += 1000;
                }
                files.insert(20 + dice.roll(8), content);
            }
        }
        _ => {
            let content = files.entry(file).or_insert_with(|| (0..12).map(|line| file * 100 + line).collect());
            let place = dice.roll(content.len());
            content[place] = 10_000 + dice.roll(10_000);
        }
    }
}

fn write_commit(stream: &mut String, date: usize, number: usize, parents: &[usize], files: &Files) {
    let _ = write!(stream, "commit refs/heads/c{number}\nmark :{}\n", number + 1);
    let _ = write!(stream, "committer A <a@example.com> {date} +0000\ndata 1\nx\n");
    for (index, parent) in parents.iter().enumerate() {
        let _ = writeln!(stream, "{} :{}", if index == 0 { "from" } else { "merge" }, parent + 1);
    }
    stream.push_str("deleteall\n");
    for (file, lines) in files {
        let text = lines.iter().map(|line| format!("line {line}\n")).collect::<String>();
        let _ = write!(stream, "M 100644 inline dir{}/file{file}\ndata {}\n{text}\n", file % 3, text.len());
    }
    stream.push('\n');
}

fn git(repo: &Path, args: &[&str]) -> Vec<String> {
    let out = process::must(&mut process::git(repo, args), b"").unwrap();
    String::from_utf8(out).unwrap().lines().map(ToOwned::to_owned).collect()
}

fn oid(hex: &str) -> Oid {
    Oid::from_hex(hex.as_bytes()).unwrap()
}

const HISTORIES: u64 = 12;

#[test]
fn ranges_hold_what_is_reachable_from_the_tip_and_from_nothing_hidden() {
    for seed in 1..=HISTORIES {
        let history = History::random(seed, 40);
        for graph in [false, true] {
            if graph {
                git(history.folder.path(), &["commit-graph", "write", "--reachable"]);
            }
            let (repo, mut dice) = (history.repo(), Dice(seed));
            for _ in 0..40 {
                let tip = history.pick(&mut dice);
                let hidden: Vec<&str> = (0..dice.roll(4)).map(|_| history.pick(&mut dice)).collect();
                // Naively, from full lists: git's own `--not` has a commit too many where dates run backwards.
                let reachable = |from: &str| git(history.folder.path(), &["rev-list", from]);
                let taken: HashSet<String> = hidden.iter().flat_map(|from| reachable(from)).collect();
                let due: BTreeSet<Oid> =
                    reachable(tip).iter().filter(|hex| !taken.contains(*hex)).map(|hex| oid(hex)).collect();
                let hidden: Vec<Oid> = hidden.iter().map(|hex| oid(hex)).collect();
                let got = repo.range(&[oid(tip)], &hidden).unwrap();
                assert_eq!(got.len(), due.len(), "seed {seed}, graph {graph}: {tip} without {hidden:?}");
                assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), due, "seed {seed}, graph {graph}");
            }
        }
    }
}

#[test]
fn merge_bases_and_ancestry_are_git_s() {
    for seed in 1..=HISTORIES {
        let history = History::random(seed, 40);
        let (repo, mut dice) = (history.repo(), Dice(seed));
        for _ in 0..30 {
            let (a, b) = (history.pick(&mut dice), history.pick(&mut dice));
            let output = process::git(history.folder.path(), &["merge-base", "--all", a, b]).output().unwrap();
            let mut due: Vec<Oid> = String::from_utf8(output.stdout).unwrap().lines().map(oid).collect();
            due.sort();
            assert_eq!(repo.merge_bases(oid(a), oid(b)).unwrap(), due, "seed {seed}: {a} {b}");
            assert_eq!(repo.is_ancestor(oid(a), oid(b)).unwrap(), due.contains(&oid(a)), "seed {seed}: {a} {b}");
        }
    }
}

#[test]
fn the_base_of_a_task_is_the_first_commit_of_its_first_parent_chain_that_the_target_contains() {
    for seed in 1..=HISTORIES {
        let history = History::random(seed, 40);
        let (repo, mut dice) = (history.repo(), Dice(seed));
        for _ in 0..30 {
            let (tip, target) = (history.pick(&mut dice), history.pick(&mut dice));
            let contained: HashSet<String> = git(history.folder.path(), &["rev-list", target]).into_iter().collect();
            let chain = git(history.folder.path(), &["rev-list", "--first-parent", tip]);
            let due = chain.iter().find(|commit| contained.contains(*commit)).map(|hex| oid(hex));
            let inside: HashSet<Oid> = repo.range(&[oid(tip)], &[oid(target)]).unwrap().into_iter().collect();
            assert_eq!(repo.first_parent_outside(oid(tip), &inside).unwrap(), due, "seed {seed}: {tip} {target}");
        }
    }
}

/// Who descends from whom, and the answers spelled out over whole sets.
struct Naive(BTreeMap<Oid, Vec<Oid>>);

impl Naive {
    fn of(history: &History) -> Self {
        let lines = git(history.folder.path(), &["rev-list", "--parents", "--all"]);
        let commits = lines.iter().map(|line| line.split(' ').map(oid));
        Self(commits.map(|mut names| (names.next().unwrap(), names.collect())).collect())
    }

    fn reachable<'t>(&self, tips: impl IntoIterator<Item = &'t Oid>) -> BTreeSet<Oid> {
        let (mut found, mut left) = (BTreeSet::new(), tips.into_iter().copied().collect::<Vec<_>>());
        while let Some(commit) = left.pop() {
            if found.insert(commit) {
                left.extend(&self.0[&commit]);
            }
        }
        found
    }

    fn range(&self, tips: &[Oid], hidden: &[Oid]) -> BTreeSet<Oid> {
        &self.reachable(tips) - &self.reachable(hidden)
    }

    /// The common ancestors that no other common ancestor descends from.
    fn bases(&self, a: Oid, b: Oid) -> Vec<Oid> {
        let common = &self.reachable([&a]) & &self.reachable([&b]);
        let below = self.reachable(common.iter().flat_map(|commit| &self.0[commit]));
        (&common - &below).into_iter().collect()
    }
}

/// Facts of a move of main, less what names an object of the push itself.
fn moved(repo: &Repo, old: Oid, new: Oid) -> (BTreeMap<BString, Touch>, BTreeMap<Oid, i64>, usize) {
    let policy = built_in(Known { rules: &[], trunk: "refs/heads/main".into() }).unwrap();
    let refs = RefMap::from([("refs/heads/main".into(), old)]);
    let update = RefUpdate { name: "refs/heads/main".into(), old, new };
    let push = Push::new(refs, vec![update], false);
    let needs = |_| BTreeSet::from([Need::Content]);
    let now = jiff::Timestamp::from_second(repo.node(new).unwrap().time).unwrap();
    let sets = load(repo, &policy, &push, &needs, now).unwrap().next().unwrap().unwrap();
    let content = &sets[0].content;
    // Which of two commits beside each other comes first is open, and so which one is named.
    let named = |touch: &Touch| Touch { commit: touch.commit.map(|_| new), ..touch.clone() };
    let touched = content.touched.iter().map(|(path, touch)| (path.clone(), named(touch))).collect();
    (touched, content.behind.clone(), content.commits)
}

#[test]
fn a_stretch_that_was_numbered_is_walked_as_it_was_before() {
    let (mut behind, mut begun_later) = (0, 0);
    for seed in 1..=HISTORIES {
        // Dates go back by up to three days, so that some commits are older than they may be.
        let history = match seed % 2 {
            0 => History::random(seed, 60),
            _ => History::dated(seed, 60, |dice, number| honest(dice, number) - dice.roll(3 * 86_400)),
        };
        let naive = Naive::of(&history);
        for graph in [false, true] {
            if graph {
                git(history.folder.path(), &["commit-graph", "write", "--reachable"]);
            }
            let (plain, mut numbered, mut dice) = (history.repo(), history.repo(), Dice(seed));
            let chain = git(
                history.folder.path(),
                &["rev-list", "--first-parent", "--reverse", history.commits.last().unwrap()],
            );
            let chain: Vec<Oid> = chain.iter().map(|hex| oid(hex)).collect();
            let start = dice.roll(chain.len());
            let base = start.checked_sub(1).map(|place| chain[place]);
            begun_later += usize::from(base.is_some());
            numbered.number(&chain[start..], base).unwrap();
            let other = numbered.fork();
            for pair in chain[start.saturating_sub(1)..].windows(2) {
                let (old, new) = (pair[0], pair[1]);
                let context = format!("seed {seed}, graph {graph}: {old} {new}");
                for repo in [&numbered, &other] {
                    let got: BTreeSet<Oid> = repo.range(&[new], &[old]).unwrap().into_iter().collect();
                    assert_eq!(got, naive.range(&[new], &[old]), "{context}");
                    assert!(repo.is_ancestor(old, new).unwrap() && !repo.is_ancestor(new, old).unwrap(), "{context}");
                }
                let (got, due) = (moved(&numbered, old, new), moved(&plain, old, new));
                behind += usize::from(!due.1.is_empty());
                assert_eq!(got, due, "{context}");
                numbered.forget_merges();
            }
        }
    }
    assert!(behind > 10 && begun_later > 10, "{behind} {begun_later}");
}

/// Dates that mean nothing at all, over histories that criss-cross, merge three lines at once and have several roots.
#[test]
fn whatever_the_dates_say_no_new_commit_is_missed_and_with_a_graph_none_is_too_many() {
    for (seed, size) in [(1, 40), (2, 40), (3, 40), (4, 40), (5, 40), (6, 700), (7, 700)] {
        let history = History::dated(seed, size, |dice, _| dice.roll(2_000_000_000));
        let naive = Naive::of(&history);
        for graph in [false, true] {
            if graph {
                git(history.folder.path(), &["commit-graph", "write", "--reachable"]);
            }
            let (repo, mut dice) = (history.repo(), Dice(seed));
            for _ in 0..60 {
                let pick = |dice: &mut Dice| oid(history.pick(dice));
                let tips: Vec<Oid> = (0..=dice.roll(2)).map(|_| pick(&mut dice)).collect();
                let hidden: Vec<Oid> = (0..dice.roll(4)).map(|_| pick(&mut dice)).collect();
                let (due, walked) = (naive.range(&tips, &hidden), repo.range(&tips, &hidden).unwrap());
                let got: BTreeSet<Oid> = walked.iter().copied().collect();
                let context = format!("seed {seed}, graph {graph}: {tips:?} without {hidden:?}");
                assert_eq!(got.len(), walked.len(), "a commit stands twice, {context}");
                assert!(got.is_superset(&due), "a commit is missed, {context}");
                assert!(got.is_subset(&naive.reachable(&tips)), "a commit comes from nowhere, {context}");
                assert!(!graph || got == due, "a commit too many, {context}");
                let (a, b) = (pick(&mut dice), pick(&mut dice));
                let (due, got) = (naive.bases(a, b), repo.merge_bases(a, b).unwrap());
                let common = &naive.reachable([&a]) & &naive.reachable([&b]);
                let context = format!("seed {seed}, graph {graph}: {a} {b}");
                assert!(due.iter().all(|base| got.contains(base)), "a base is missed, {context}");
                assert!(got.iter().all(|base| common.contains(base)), "no common ancestor, {context}");
                assert!(!graph || got == due, "a base too many, {context}");
                assert!(!repo.is_ancestor(a, b).unwrap() || due.contains(&a), "no ancestor, {context}");
            }
        }
    }
}

/// Where git merges cleanly, we do, and the trees are equal; where git conflicts, we say so. The two may differ only
/// on renames, and there by refusing: a merge that we call clean is one that git makes too.
#[test]
fn a_merge_is_clean_only_where_git_makes_the_same_one() {
    let (mut clean, mut stricter) = (0, 0);
    for seed in 1..=HISTORIES {
        let history = History::random(seed, 30);
        let (repo, mut dice) = (history.repo(), Dice(seed));
        for _ in 0..25 {
            let (a, b) = (history.pick(&mut dice), history.pick(&mut dice));
            let args = ["merge-tree", "--write-tree", "--allow-unrelated-histories", "--no-messages", a, b];
            let output = process::git(history.folder.path(), &args).output().unwrap();
            let git_clean = output.status.success();
            let tree = String::from_utf8(output.stdout).unwrap().lines().next().unwrap().to_owned();
            let ours = match repo.merge(oid(a), oid(b)) {
                Ok(merged) => merged.conflicts.is_empty().then_some(merged.tree),
                // Several merge bases that have nothing in common themselves: undecided, and so refused.
                Err(error) if error.message.contains("No common ancestor") => None,
                Err(error) => panic!("seed {seed}: {a} {b}: {error}"),
            };
            match (git_clean, ours) {
                (true, Some(ours)) => {
                    clean += 1;
                    stricter += usize::from(ours != oid(&tree));
                }
                (true, None) => stricter += 1,
                (false, Some(ours)) => panic!("seed {seed}: {a} {b}: git conflicts, we make {ours}"),
                (false, None) => {}
            }
        }
    }
    eprintln!("{clean} clean merges, {stricter} that git makes and we refuse or make otherwise");
    assert!(clean > 50 && stricter * 20 <= clean, "{stricter} of {clean} merges differ from git's");
}

#[test]
fn the_staged_tree_is_what_git_writes() {
    for (seed, version) in [(1, "2"), (2, "3"), (3, "4")] {
        let folder = tempfile::tempdir().unwrap();
        let work = |args: &[&str]| {
            let mut command = process::command("git");
            let out = process::must(command.arg("-C").arg(folder.path()).args(args), b"").unwrap();
            String::from_utf8(out).unwrap().trim_end().to_owned()
        };
        work(&["init", "-q", "-b", "main", "."]);
        work(&["config", "index.version", version]);
        let mut dice = Dice(seed);
        for round in 0..6 {
            for _ in 0..5 {
                let path = folder.path().join(format!("d{}/e{}", dice.roll(3), dice.roll(3)));
                fs_err::create_dir_all(&path).unwrap();
                fs_err::write(path.join(format!("f{}", dice.roll(4))), format!("{}", dice.roll(1000))).unwrap();
            }
            fs_err::write(folder.path().join("later"), "x").unwrap();
            work(&["add", "-A", "--", "."]);
            work(&["rm", "-q", "--cached", "later"]);
            work(&["add", "--intent-to-add", "later"]);
            let repo = Repo::discover(folder.path(), &Env::default()).unwrap();
            let staged = repo.staged_commit(&Env::default()).unwrap();
            let tree = repo.commit(staged).unwrap().tree;
            assert_eq!(tree, oid(&work(&["write-tree"])), "seed {seed}, round {round}, index version {version}");
            if round % 2 == 0 {
                work(&["-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "-qm", "x"]);
            }
        }
    }
}
