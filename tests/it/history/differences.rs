//! What changes between two trees and along a history, held against `git diff-tree` and against one commit after the other.

use super::*;

#[test]
fn differences_are_those_of_diff_tree() {
    for seed in 1..=HISTORIES {
        let history = History::random(seed, 20);
        let (repo, mut dice) = (history.repo(), Dice(seed));
        for _ in 0..20 {
            let (a, b) = (history.pick(&mut dice), history.pick(&mut dice));
            let due = git(history.folder.path(), &["diff-tree", "-r", "--no-renames", "--name-only", a, b]);
            let mut got = Vec::new();
            let tree = |hex| Some(repo.commit(oid(hex)).unwrap().tree);
            repo.diff(tree(a), tree(b), &mut |path, _, _| {
                got.push(path.to_string());
                Ok(())
            })
            .unwrap();
            assert_eq!(got, due, "seed {seed}: {a} {b}");
        }
    }
}

/// What a push of all commits up to `tip` to a new branch touches, as the judge loads it: with two threads.
fn loaded(repo: &Repo, tip: Oid) -> refgate::error::Result<Vec<ChangeSet>> {
    let known = Known { rules: &[], trunk: "refs/heads/main".into() };
    let policy = built_in(known).unwrap();
    let update = RefUpdate { name: "refs/heads/topic".into(), old: Oid::zero(tip.format()), new: tip };
    let push = Push::new(RefMap::new(), vec![update], false);
    let needs = |_| BTreeSet::from([Need::Content]);
    load(repo, &policy, &push, &needs, jiff::Timestamp::UNIX_EPOCH).unwrap().next().unwrap()
}

/// The same, one commit after the other: the net change, then each commit against its parent, and merges against the
/// same merge made afresh.
fn one_by_one(repo: &Repo, tip: Oid, commits: &[Oid]) -> refgate::error::Result<BTreeMap<BString, Touch>> {
    let mut touched = BTreeMap::<BString, Touch>::new();
    let note = |touched: &mut BTreeMap<BString, Touch>, path: &BStr, commit: Option<Oid>, old: Side, new: Side| {
        let touch = touched.entry(path.to_owned()).or_default();
        touch.commit = touch.commit.or(commit);
        touch.old_modes.extend(old.map(|entry| entry.mode));
        touch.modes.extend(new.map(|entry| entry.mode));
        touch.added |= old.is_none() && new.is_some();
        if commit.is_none() {
            touch.net = Some((old, new));
        }
    };
    let diff = |touched: &mut _, commit, old, new| {
        repo.diff(old, Some(new), &mut |path, old, new| {
            note(touched, path, commit, old, new);
            Ok(())
        })
    };
    diff(&mut touched, None, None, repo.node(tip)?.tree)?;
    for id in commits {
        let node = repo.node(*id)?;
        let mut sides = Vec::new();
        match node.parents.as_slice() {
            [] => sides.push(None),
            [ours, theirs] => {
                let merged = repo.merge(*ours, *theirs)?;
                merged.conflicts.iter().for_each(|path| note(&mut touched, path.as_bstr(), Some(*id), None, None));
                sides.push(Some(merged.tree));
            }
            parents => {
                for parent in parents {
                    sides.push(Some(repo.node(*parent)?.tree));
                }
            }
        }
        sides.into_iter().try_for_each(|side| diff(&mut touched, Some(*id), side, node.tree))?;
    }
    Ok(touched)
}

/// The last commit, and all that it reaches, newest first.
fn whole(history: &History) -> (Oid, Vec<Oid>) {
    let tip = oid(history.commits.last().unwrap());
    let commits = history.repo().range(&[tip], &[]).unwrap();
    assert!(commits.len() > 64, "{} commits are too few for a second thread", commits.len());
    (tip, commits)
}

/// Trees that are alike before and behind one place, whose bytes can be cut where no entry begins.
#[test]
fn differences_are_those_of_diff_tree_wherever_trees_begin_to_be_alike_again() {
    let history = History::random(1, 2);
    let (folder, mut dice) = (history.folder.path(), Dice(7));
    let blobs: Vec<String> = (0..4)
        .map(|number: usize| {
            let text = number.to_string();
            let out =
                process::must(&mut process::git(folder, &["hash-object", "-w", "--stdin"]), text.as_bytes()).unwrap();
            String::from_utf8(out).unwrap().trim().to_owned()
        })
        .collect();
    let tree = |files: &BTreeMap<String, usize>| {
        let lines: String =
            files.iter().map(|(name, blob)| format!("100644 blob {}\t{name}\n", blobs[*blob])).collect();
        let out = process::must(&mut process::git(folder, &["mktree"]), lines.as_bytes()).unwrap();
        String::from_utf8(out).unwrap().trim().to_owned()
    };
    let mut seen = 0;
    for round in 0..160_usize {
        let mut old: BTreeMap<String, usize> =
            (0..dice.roll(30)).map(|number| (format!("n{number}{}", "-".repeat(round % 64)), dice.roll(4))).collect();
        let mut new = old.clone();
        // One entry's bytes end as another whole one's.
        for name in ["m", "100644 m", "x100644 m", "m100644 z"] {
            let files = if dice.roll(2) == 0 { &mut old } else { &mut new };
            files.insert(name.to_owned(), 0);
        }
        if let Some(name) = new.keys().nth(dice.roll(30)).cloned() {
            match dice.roll(3) {
                0 => drop(new.remove(&name)),
                _ => drop(new.insert(name, dice.roll(4))),
            }
        }
        let (old, new) = (tree(&old), tree(&new));
        for (a, b) in [(&old, &new), (&new, &old)] {
            let due = git(folder, &["diff-tree", "-r", "--no-renames", "--raw", "--no-abbrev", a, b]);
            let mut got = Vec::new();
            history
                .repo()
                .diff(Some(oid(a)), Some(oid(b)), &mut |path, old, new| {
                    let zero = Oid::zero(oid(a).format());
                    let side = |side: Side| side.map_or(("000000", zero), |entry| ("100644", entry.oid));
                    let ((old_mode, old_oid), (new_mode, new_oid)) = (side(old), side(new));
                    let letter = if old.is_none() {
                        'A'
                    } else if new.is_none() {
                        'D'
                    } else {
                        'M'
                    };
                    got.push(format!(":{old_mode} {new_mode} {old_oid} {new_oid} {letter}\t{path}"));
                    Ok(())
                })
                .unwrap();
            assert_eq!(got, due, "round {round}");
            seen += got.len();
        }
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn two_threads_find_what_one_finds() {
    for seed in 1..=HISTORIES / 2 {
        let history = History::long(seed);
        let (repo, (tip, commits)) = (history.repo(), whole(&history));
        match (loaded(&repo, tip), one_by_one(&repo, tip, &commits)) {
            (Ok(sets), Ok(due)) => {
                let content = &sets[0].content;
                assert_eq!(content.touched, due, "seed {seed}");
                assert_eq!(content.commits, commits.len(), "seed {seed}");
            }
            (Err(got), Err(due)) => assert_eq!(got, due, "seed {seed}"),
            (got, due) => panic!("seed {seed}: {got:?} instead of {due:?}"),
        }
    }
}

#[test]
fn two_threads_stumble_where_one_does() {
    for seed in 1..=4 {
        let history = History::long(seed);
        let (mut dice, (tip, commits)) = (Dice(seed), whole(&history));
        // In the older half, then in both.
        let half = commits.len() / 2;
        let places = [1 + dice.roll(half - 1), half + dice.roll(half)];
        for missing in [&places[1..], &places[..]] {
            for place in missing {
                let tree = history.repo().commit(commits[*place]).unwrap().tree.to_string();
                let _ = fs_err::remove_file(history.folder.path().join("objects").join(&tree[..2]).join(&tree[2..]));
            }
            let (got, due) = (loaded(&history.repo(), tip), one_by_one(&history.repo(), tip, &commits));
            let (Err(got), Err(due)) = (got, due) else { panic!("seed {seed}: a missing tree was not missed") };
            assert_eq!(got, due, "seed {seed}");
        }
    }
}
