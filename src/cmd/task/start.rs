//! `refgate task start`: the branch of a task and the template of its trace.

use std::fmt::Write as _;

use bstr::{BString, ByteSlice as _};

use super::{Work, is_folder, write};
use crate::change::{Push, is_finished};
use crate::cli::task::Start;
use crate::cmd::check;
use crate::cmd::client::branch;
use crate::cmd::rules::print;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::Severity;
use crate::fold::fold;
use crate::git::{ObjectKind, switch_to_new, top, uncommitted};
use crate::judge::judge;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::policy::roles::RoleName;
use crate::provenance::approval::Heading;
use crate::provenance::task::{APPROVAL, APPROVED, STATUS};
use crate::report::human::shell_word;
use crate::rule::Family;
use crate::rules;

/// What keeps an empty folder in Git. Its name begins with a dot, so it is no artifact.
const KEEP: &str = ".gitkeep";

/// Runs the command.
///
/// # Errors
/// The task cannot begin there, or stands already; Git cannot switch; a file cannot be written.
pub fn run(args: &Start, env: &Env, now: jiff::Timestamp) -> Result<()> {
    let work = Work::open(&args.seen, Some(&args.name), env)?;
    let top = top(&args.seen.repo)?;
    let base = base(&work, args.base.as_deref())?;
    is_free(&work)?;
    begins_at(&work, base, now)?;
    let folder = work.folder();
    if is_folder(&top.join(&work.policy.trace))? && is_folder(&top.join(&folder))? {
        return Err(Error::usage(format!("{folder} stands in the work tree already, and start overwrites nothing"))
            .help("move it away first, or choose another name"));
    }
    let switched = switch_to_new(&top, &work.branch, base);
    // A post-checkout hook of the person's that fails comes too late to keep Git from switching.
    if !work.is_current()? {
        switched?;
    }
    for (path, text) in template(&work.policy, &work.name, base) {
        write(&top, &format!("{folder}/{path}"), &text, false)?;
    }
    let ignored = uncommitted(&top, Some(&folder))?.iter().any(|one| one.ignored);
    print(&told(&work, base, ignored))
}

/// The commit to begin at: a branch as the server holds it, else what the revision names here.
fn base(work: &Work, wanted: Option<&str>) -> Result<Oid> {
    let theirs = match wanted {
        Some(wanted) => work.refs.get(&branch(wanted)),
        None => work.refs.get(&work.policy.trunk),
    };
    let found = match (theirs, wanted) {
        (Some(oid), _) => *oid,
        (None, Some(wanted)) => work.repo.resolve(wanted)?,
        (None, None) => {
            let trunk = escape::quote_path(&work.policy.trunk);
            return Err(Error::undecided(format!("{} was not seen to hold {trunk}", work.server()))
                .help("git fetch, or name the place: --base REF"));
        }
    };
    match work.repo.peel(found)? {
        (ObjectKind::Commit, oid) => Ok(oid),
        _ => Err(Error::usage("--base names no commit").help("name a branch of the remote, or a commit on it")),
    }
}

/// Nobody has used the name: not for a branch, and not for a task that is finished.
fn is_free(work: &Work) -> Result<()> {
    let taken = |what: String, help: String| Err(Error::usage(what).help(help));
    // In any spelling: where case does not count, two of them are one file.
    let wanted = work.refname();
    let same = |name: &&BString| fold(name) == fold(&wanted);
    let local = work.repo.refs()?;
    let here = local.keys().find(same).map(|name| ("this repository".to_owned(), name));
    if let Some((place, name)) = here.or_else(|| work.refs.keys().find(same).map(|name| (work.server(), name))) {
        let branch = shell_word(name.strip_prefix(b"refs/heads/").unwrap_or(name));
        return taken(
            format!("{place} holds the branch {branch} already"),
            format!("go on with it: git switch {branch}; or choose another name"),
        );
    }
    for (name, tip) in work.refs.iter().filter(|(name, _)| work.policy.is_protected(name.as_bstr())) {
        if let (ObjectKind::Commit, tip) = work.repo.peel(*tip)?
            && is_finished(&work.repo, &work.policy, work.name.as_str().into(), tip)?
        {
            let message = format!("the task {} is finished on {} already", work.name, escape::quote_path(name));
            return taken(message, "choose another name: a finished task takes no more work".into());
        }
    }
    Ok(())
}

/// The task would begin there in the judge's eyes too, and the server takes a branch of that name.
fn begins_at(work: &Work, base: Oid, now: jiff::Timestamp) -> Result<()> {
    let set = work.facts(base, now)?;
    if set.base != Some(base) {
        let began = set.base.map_or("nowhere".to_owned(), |base| format!("at {}", base.short()));
        let message = format!(
            "no protected branch of {} holds {}, so the task would be taken to begin {began}",
            work.server(),
            base.short()
        );
        let help = format!("begin at {}, or promote that first", work.tracking(&work.policy.trunk));
        return Err(Error::usage(message).help(help));
    }
    if set.task.is_some_and(|task| task.not_a_folder.is_some() || !task.entries.is_empty()) {
        return Err(Error::usage(format!("{} holds {} already", base.short(), work.folder()))
            .help("choose another name: that folder is another task's"));
    }
    let mut refs = work.refs.clone();
    let update = check::update(&mut refs, &work.policy, work.refname(), base);
    let verdict = judge(&work.repo, &work.policy, &Push::new(refs, vec![update], false).preview(), now);
    if let Some(problem) = verdict.first_problem() {
        return Err(problem.clone());
    }
    let mut findings = verdict.updates.iter().flat_map(|update| &update.findings);
    // What drifts there already is for the task to mend, or to put into the baseline.
    let drifts = |rule| rules::find(rule).is_some_and(|rule| rule.family == Family::Drift);
    match findings.find(|finding| finding.severity == Severity::Enforce && !drifts(finding.rule)) {
        Some(finding) => {
            let (server, branch) = (work.server(), work.shell_branch());
            let message = format!("{server} would refuse {branch} ({}): {}", finding.rule, finding.words.message);
            Err(Error::usage(message).help(finding.words.help.clone()))
        }
        None => Ok(()),
    }
}

/// The files to begin with, by their paths below the task's folder.
fn template(policy: &Policy, name: &str, base: Oid) -> Vec<(String, String)> {
    let mut files = vec![
        (APPROVED.to_owned(), format!("APPROVED:{name}:{base}\n")),
        (APPROVAL.to_owned(), approval(policy, name, base)),
    ];
    for artifact in &policy.artifacts {
        // Of an artifact that is a file only the folder is there, and none where another file makes it.
        let folder = artifact.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = format!("{folder}/{KEEP}");
        let made = |(path, _): &(String, String)| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        if !folder.is_empty() && folder != "final" && !files.iter().any(made) {
            files.push((path, String::new()));
        }
    }
    files
}

/// The approval for a person to fill in. A placeholder in angle brackets is HTML to whoever reads Markdown, and the gate
/// takes no approval with HTML in it.
fn approval(policy: &Policy, name: &str, base: Oid) -> String {
    let mut text = format!("# Approval\n\nTask: {name}\n");
    if let Some(repository) = &policy.repository {
        let _ = writeln!(text, "Repository: {repository}");
    }
    let _ = write!(text, "Base SHA: {base}\nDate: <YYYY-MM-DD>\n\n## APPROVED SCOPE\n\n");
    for heading in Heading::ALL {
        let _ = write!(text, "- {}:\n  - <path-in-backticks-or-NONE>\n", heading.label());
    }
    text.push_str("\n## EXPLICITLY NOT APPROVED\n\n- <path-in-backticks-or-NONE>\n");
    if let Some(drift) = &policy.drift {
        // Who approves work on mappings has the contract before them: contract-unreferenced asks for its name.
        let contracts: Vec<String> =
            drift.contracts.iter().map(|held| format!("`{}`", escape::escape(&held.path))).collect();
        let _ = write!(
            text,
            "\n## DRIFT ACKNOWLEDGEMENTS\n\nFields and mappings follow {}. What diverges on purpose is listed here.\n",
            contracts.join(" and ")
        );
    }
    text.push_str("\n## HUMAN APPROVAL\n\nName: <name>\n");
    text
}

fn told(work: &Work, base: Oid, ignored: bool) -> String {
    let (folder, branch) = (work.folder(), work.shell_branch());
    let held = work.refs.iter().find(|(name, value)| **value == base && work.policy.is_protected(name.as_bstr()));
    let held = held.map(|(name, _)| format!(", where {} stands", work.tracking(name))).unwrap_or_default();
    let force = if ignored { "--force " } else { "" };
    let written = [APPROVED, APPROVAL, STATUS];
    let artifacts = work.policy.artifacts.iter().filter(|name| !written.contains(&name.as_str()));
    let artifacts: Vec<String> = artifacts.map(|name| shell_word(name.as_bytes())).collect();
    let artifacts =
        if artifacts.is_empty() { String::new() } else { format!(", and the artifacts: {}", artifacts.join(", ")) };
    let mut next = vec![
        format!(
            "a person fills in {folder}/{APPROVAL}: every <placeholder>, with a path or glob\n     in backticks, or NONE, \
             in each item of the scope"
        ),
        format!("git add {force}:/{folder} && git commit -m 'Begin {}'", work.name),
        format!("do and commit the work{artifacts}"),
        "refgate task finish".to_owned(),
    ];
    if work.policy.signing.roles.contains_key(&RoleName::Approve) {
        let sign = format!("a person of the approve role signs it: refgate approve {}", work.name);
        next.insert(2, sign + ", and commits that");
    }
    let next: Vec<String> = next.iter().zip(1..).map(|(step, number)| format!("  {number}. {step}\n")).collect();
    format!(
        "Switched to the new branch {branch} at {}{held}.\n\
         Wrote {folder}/ with the marker {APPROVED} and the template {APPROVAL}.\n\
         Next:\n{}\
         At any time, refgate task status says what is still missing.\n",
        base.short(),
        next.concat(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drift::acknowledgement::in_approval;
    use crate::policy::parse::{Known, parse};
    use crate::provenance::approval::{Approval, Approver};

    fn policy(text: &str) -> Policy {
        let text = format!("version = 1\n{text}");
        parse(&text, "test", Known { rules: &crate::rules::ids(), trunk: "refs/heads/main".into() }).unwrap()
    }

    fn paths(text: &str) -> Vec<String> {
        let base = Oid::from_hex("ab".repeat(20).as_bytes()).unwrap();
        template(&policy(text), "t1", base).into_iter().map(|(path, _)| path).collect()
    }

    #[test]
    fn every_placeholder_alone_is_a_problem_and_without_any_the_approval_holds() {
        let base = Oid::from_hex("ab".repeat(20).as_bytes()).unwrap();
        let text = approval(&policy("repository = \"example\"\n"), "t1", base);
        let places: Vec<usize> = text.match_indices('<').map(|(at, _)| at).collect();
        assert_eq!(places.len(), 7, "{text}");
        let filled = |kept: Option<usize>| {
            let mut out = text.clone();
            for at in places.iter().rev().filter(|at| Some(**at) != kept) {
                let end = out[*at..].find('>').unwrap() + at;
                let value = match &out[at + 1..end] {
                    "YYYY-MM-DD" => "2026-11-01",
                    "name" => "Dana Reviewer",
                    _ => "`src/**`",
                };
                let value = if out[..*at].ends_with("Schema changes:\n  - ") { "NONE" } else { value };
                out.replace_range(*at..=end, value);
            }
            Approval::parse(out.as_bytes())
        };
        for at in &places {
            assert!(!filled(Some(*at)).problems.is_empty(), "{}", &text[*at..]);
        }
        let approval = filled(None);
        assert_eq!(approval.problems, []);
        assert_eq!(approval.task.unwrap().value, "t1");
        assert_eq!(approval.repository.unwrap().value, "example");
        assert_eq!(approval.base.unwrap().value, base.to_string());
        assert_eq!(approval.date.unwrap().value, "2026-11-01");
        assert!(matches!(approval.approver, Some(Approver::Named(name)) if name.value == "Dana Reviewer"));
        let headings: Vec<_> = approval.scope.unwrap().entries.into_iter().map(|entry| entry.heading).collect();
        assert_eq!(headings, [Heading::Runtime, Heading::Backfill, Heading::Documentation]);
        assert_eq!(approval.not_approved.len(), 1);
    }

    #[test]
    fn where_fields_are_held_the_template_names_the_contract_and_has_room_for_what_diverges() {
        let base = Oid::from_hex("ab".repeat(20).as_bytes()).unwrap();
        let drift = "[[drift.contract]]\npath = \"docs/map.md\"\n[[drift.source]]\nlanguage = \"sanity-schema\"\n\
                     paths = [\"schema.json\"]\n";
        let text = approval(&policy(drift), "t1", base);
        assert!(text.contains("## DRIFT ACKNOWLEDGEMENTS\n\nFields and mappings follow `docs/map.md`."), "{text}");
        let item = "- removed `order.mail`: nobody reads it; approved by alice; 2026-11-21\n";
        for (text, count) in
            [(text.clone(), 0), (text.replace("listed here.\n", &format!("listed here.\n\n{item}")), 1)]
        {
            let (given, unclear) = in_approval(text.as_bytes());
            assert_eq!((given.len(), unclear), (count, Vec::new()), "{text}");
        }
        assert_eq!(text.matches('<').count(), approval(&policy(""), "t1", base).matches('<').count());
    }

    #[test]
    fn the_template_has_a_folder_for_each_artifact_and_nothing_that_counts_as_one() {
        let contract = [APPROVED, APPROVAL];
        let with = |more: &[&str]| -> Vec<String> { contract.iter().chain(more).map(ToString::to_string).collect() };
        let keep = ["codex/audit/.gitkeep", "claude/review/.gitkeep", "gemini/audit/.gitkeep"];
        assert_eq!(paths(""), with(&keep));
        let own = "[trace]\nartifacts = [\"plan.md\", \"audit/\", \"audit/log.txt\", \"audit/deep/\", \"final/x.md\", \"contract/y\"]\n";
        assert_eq!(paths(own), with(&["audit/.gitkeep", "audit/deep/.gitkeep"]));
    }
}
