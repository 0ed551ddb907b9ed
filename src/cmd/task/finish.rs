//! `refgate task finish`: the status of a task, bound to what was committed.

use std::collections::BTreeSet;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};
use serde_json::{Value, json};

use super::survey::{Item, Step, survey};
use super::{Work, write};
use crate::change::{ChangeSet, Task, is_required};
use crate::cli::task::Finish;
use crate::cmd::rules::print;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::Severity;
use crate::fold::fold;
use crate::git::{Repo, uncommitted};
use crate::oid::Oid;
use crate::provenance::status::{Binding, SCHEMA, Status};
use crate::provenance::task::{FAILED, STATUS};

/// Runs the command.
///
/// # Errors
/// The task is not at its end, or the status cannot be written.
pub fn run(args: &Finish, env: &Env, now: jiff::Timestamp) -> Result<()> {
    let work = Work::open(&args.seen, args.name.as_deref(), env)?;
    let top = work.checked_out(&args.seen)?;
    let survey = survey(&work, Some(&top), now)?;
    if survey.promoted {
        return Err(Error::usage(format!("the task {} is promoted already", work.name))
            .help("there is nothing to finish; refgate task start begins another task"));
    }
    let Some(tip) = survey.tip.filter(|tip| survey.base != Some(*tip)) else {
        return Err(Error::usage("the branch has no commit of its own yet").help("commit the work first"));
    };
    all_committed(&work, &top)?;
    no_failure(&work, &top)?;
    nothing_missing(&survey.items)?;
    let set = work.facts(tip, now)?;
    let Some(task) = &set.task else { return Err(Error::undecided("the branch is no task's")) };
    let text = text(&work, &set, task, tip, args)?;
    let path = format!("{}/{STATUS}", work.folder());
    write(&top, &path, &text, true)?;
    let after = |item: &&Item| item.severity == Severity::Enforce && item.step < Step::Status;
    print(&told(&work, task, survey.items.iter().filter(after).count()))
}

/// The status speaks of the last commit, so nothing may wait to be committed but the status itself and what stands
/// beside it and binds nothing.
fn all_committed(work: &Work, top: &Path) -> Result<()> {
    let folder = format!("{}/", work.folder());
    let beside = |path: &BString| {
        let file = path.strip_prefix(folder.as_bytes()).map(BStr::new);
        file.is_some_and(|file| file.starts_with(b"final/") && (file == STATUS || !is_required(&work.policy, file)))
    };
    let open = uncommitted(top, None)?;
    let open: Vec<&BString> = open.iter().map(|one| &one.path).filter(|path| !beside(path)).collect();
    let Some(first) = open.first() else { return Ok(()) };
    let more = if open.len() > 1 { format!(" and {} more", open.len() - 1) } else { String::new() };
    let message = format!("not committed: {}{more}", escape::quote_path(first));
    Err(Error::usage(message).help("commit what belongs to the task, and git stash -u or ignore the rest; then finish"))
}

/// A report of failure stands in nobody's way who has not succeeded. In any spelling, as the gate sees it.
fn no_failure(work: &Work, top: &Path) -> Result<()> {
    let (folder, name) = FAILED.rsplit_once('/').unwrap_or(("", FAILED));
    let folder = format!("{}/{folder}", work.folder());
    let entries = match fs_err::read_dir(top.join(&folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let found = entry?.file_name();
        if fold(found.as_encoded_bytes()) == fold(name.as_bytes()) {
            let path = format!("{folder}/{name}");
            return Err(Error::usage(format!("{path} reports a failure"))
                .help(format!("find out which is true; once the task has succeeded: git rm -f :/{path}")));
        }
    }
    Ok(())
}

/// What the status gives digests of is there.
fn nothing_missing(items: &[Item]) -> Result<()> {
    let missing = |item: &&Item| {
        let status = item.path.as_ref().is_some_and(|path| path.ends_with(STATUS.as_bytes()));
        item.rule == Some("artifact-missing") && item.severity == Severity::Enforce && !status
    };
    let missing: Vec<&Item> = items.iter().filter(missing).collect();
    let Some(first) = missing.first() else { return Ok(()) };
    let paths: Vec<String> =
        missing.iter().filter_map(|item| item.path.as_ref()).map(|path| escape::quote_path(path)).collect();
    Err(Error::usage(format!("{}: {}", first.what, paths.join(", "))).help(first.mend.clone()))
}

/// The status: canonical JSON, which says the same of the same commit.
fn text(work: &Work, set: &ChangeSet, task: &Task, tip: Oid, args: &Finish) -> Result<String> {
    let Some(base) = set.base else {
        return Err(
            Error::usage("the task shares no history with its target").help("begin it anew: refgate task start")
        );
    };
    let changed = task.net.iter().map(|path| named(path.as_bstr())).collect::<Result<BTreeSet<String>>>()?;
    let required = task.entries.iter().filter(|(path, _)| *path != STATUS && is_required(&work.policy, path.as_bstr()));
    let artifacts = required.map(|(path, entry)| Ok((named(path.as_bstr())?, entry.oid))).collect::<Result<_>>()?;
    let binding = Binding { base, tree: task.tree, artifacts };
    let mut status = json!({
        "artifacts": binding.artifacts,
        "base": base,
        "branch": work.branch,
        "commitSha": last_change(&work.repo, task, tip)?,
        "filesChanged": changed,
        "schema": SCHEMA,
        "status": "SUCCESS",
        "task": work.name,
        "tree": task.tree,
    });
    for (field, values) in [("testsRun", &args.tests_run), ("warnings", &args.warning)] {
        if let (false, Some(fields)) = (values.is_empty(), status.as_object_mut()) {
            fields.insert(field.into(), Value::from(values.as_slice()));
        }
    }
    let text = format!("{status:#}\n");
    // Read back as the gate will read it: what it would refuse must never be committed.
    let unfit = |why: String| {
        Error::usage(format!("the status would not hold: {why}")).help("rename the file that it is about")
    };
    match Status::parse(text.as_bytes()) {
        Ok(read) if read.binding.as_ref() == Some(&binding) => Ok(text),
        Ok(_) => Err(unfit("it reads otherwise than it was written".into())),
        Err(error) => Err(unfit(error.to_string())),
    }
}

fn named(path: &BStr) -> Result<String> {
    path.to_str().map(str::to_owned).map_err(|_| {
        Error::usage(format!("{} is not UTF-8, so no JSON can name it", escape::quote_path(path)))
            .help("rename it, in every commit of the task: git rebase -i")
    })
}

/// The last commit that changed anything outside the trace: before it, the content was another.
fn last_change(repo: &Repo, task: &Task, tip: Oid) -> Result<Oid> {
    let mut at = tip;
    while let Some(parent) = repo.node(at)?.parents.first().filter(|parent| task.settled.contains(*parent)) {
        at = *parent;
    }
    Ok(at)
}

fn told(work: &Work, task: &Task, missing: usize) -> String {
    let (folder, name) = (work.folder(), &work.name);
    let count = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let changed = count(task.net.len(), "changed path", "changed paths");
    let besides = match missing {
        0 => String::new(),
        missing => format!("Besides, {} missing: refgate task status\n", count(missing, "thing is", "things are")),
    };
    format!(
        "Wrote {folder}/{STATUS}: SUCCESS, {changed}.\n\
         Any other change from now on has to be finished again. Next:\n  \
         git add --force :/{folder}/{STATUS} && git commit -m 'Finish {name}'\n  \
         refgate task status\n{besides}",
    )
}
