//! `refgate override request`.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use super::super::person::setting;
use super::super::rules::print;
use super::{judged, shown};
use crate::cli::overrides::Request;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::finding::{Finding, UpdateVerdict};
use crate::policy::Policy;
use crate::report::human::shell_word;
use crate::rule::Waiver;
use crate::rules;
use crate::statement::new_id;
use crate::statement::waiver::{Override, SCHEMA, Waived};

/// Runs the command.
///
/// # Errors
/// The update cannot be judged, nothing refuses it, or something does that cannot be waived.
pub fn run(args: &Request, env: &Env, now: jiff::Timestamp) -> Result<()> {
    let judged = judged(&args.seen, args.name.clone(), args.head.clone(), None, env, now)?;
    let Some(update) = judged.told.verdict.updates.first() else {
        return Err(judged.told.verdict.problem.unwrap_or_else(|| Error::undecided("there is nothing to judge")));
    };
    if let Some(problem) = &update.problem {
        return Err(problem.clone());
    }
    let (findings, label) = waivable(update, &judged.policy, args)?;
    let repository = args.repository.clone().or_else(|| judged.policy.repository_id.clone()).ok_or_else(|| {
        Error::usage("the repository's id is not known here")
            .help("the server's refusal prints it; name it with --repository ID, or write repository_id in the policy")
    })?;
    let pusher = match &args.pusher {
        Some(pusher) => pusher.clone(),
        None => setting(&judged.repo, "user.email", "")?.map(|email| email.to_str_lossy().into_owned()).ok_or_else(
            || Error::usage("who will push is not known here").help("the server's refusal says it: --pusher NAME"),
        )?,
    };
    let statement = Override {
        artifacts: Default::default(),
        expires_at: None,
        findings,
        issued_at: None,
        justification: String::new(),
        label,
        new_oid: update.new,
        new_tree: if update.new.is_zero() { None } else { judged.repo.tree_of(update.new)? },
        object_format: update.new.format().name().to_owned(),
        old_oid: update.old,
        policy_digest: args.policy_digest.clone().unwrap_or_else(|| judged.policy.digest()),
        principal: String::new(),
        pusher,
        name: update.name.to_str().map_err(|_| Error::usage("the ref's name is not UTF-8"))?.to_owned(),
        repository,
        schema: SCHEMA.to_owned(),
        statement_id: new_id()?,
        task: update.task.as_ref().map(ToString::to_string),
    };
    let is_elsewhere = args.seen.policy.is_none() && statement.policy_digest != judged.policy.digest();
    let note = match is_elsewhere {
        true => {
            format!("note: the server judges by another policy than is known here, and may find more\n  {SERVERS}\n")
        }
        false => String::new(),
    };
    let file = write(args.output.clone(), judged.repo.common_dir(), &statement)?;
    let (count, file) = (statement.findings.len(), shell_word(file.as_os_str().as_encoded_bytes()));
    print(&format!(
        "Wrote {file}: {count} {} to waive on {}.\n{note}\
         Next: another person reads and signs it\n  refgate override sign {file} --reason 'WHY' --expires 2h\n",
        if count == 1 { "finding" } else { "findings" },
        shell_word(statement.name.as_bytes()),
    ))
}

/// What helps where the server's own folder holds a policy, or signers, that nobody else sees.
const SERVERS: &str = "whoever runs the server has its policy: --policy FILE judges by that one";

/// The findings that refuse the update, all of which can be waived, as far as one label does: a hotfix's own, else the one
/// of every other override.
fn waivable(update: &UpdateVerdict, policy: &Policy, args: &Request) -> Result<(BTreeSet<Waived>, String)> {
    let or_by_theirs = |help: &str| match args.seen.policy {
        Some(_) => help.to_owned(),
        None => format!("{help}; where the server found more, {SERVERS}"),
    };
    let refusing: Vec<&Finding> = update.findings.iter().filter(|finding| finding.refuses()).collect();
    if refusing.is_empty() {
        return Err(Error::usage("nothing refuses this update, as far as can be seen from here")
            .help(or_by_theirs("git fetch shows what the server holds now; then push")));
    }
    let waiver = |finding: &Finding| rules::find(finding.rule).map_or(Waiver::Never, |rule| rule.docs.waiver);
    if let Some(never) = refusing.iter().find(|finding| !waiver(finding).is_by_override()) {
        return Err(Error::usage(format!("{} cannot be waived: {}", never.rule, never.words.message))
            .help(never.words.help.clone()));
    }
    let (hotfix, rest): (Vec<&Finding>, Vec<&Finding>) =
        refusing.into_iter().partition(|finding| waiver(finding) == Waiver::Hotfix);
    let signing = &policy.signing;
    let (taken, label) = match args.others || hotfix.is_empty() {
        true => (rest, &signing.override_label),
        false => (hotfix, &signing.hotfix_label),
    };
    if taken.is_empty() {
        let what = "the hotfix's own label waives all that refuses this update, as far as can be seen from here";
        return Err(Error::usage(what).help(or_by_theirs("leave --others out")));
    }
    let waived = taken.into_iter().map(|finding| Waived {
        fingerprint: finding.fingerprint.clone(),
        message: finding.words.message.clone(),
        rule: finding.rule.to_owned(),
    });
    Ok((waived.collect(), label.clone()))
}

/// Where requests stand that nobody named a place for: in Git's own folder no commit takes them up.
const FOLDER: &str = "refgate-overrides";

fn write(output: Option<PathBuf>, common_dir: &Path, statement: &Override) -> Result<PathBuf> {
    let short = statement.statement_id.get(..8).unwrap_or_default();
    let failed = |path: &Path, error: std::io::Error| {
        Error::usage(format!("{} cannot be written: {error}", shown(path)))
            .help("name another place with --output FILE")
    };
    let path = match output {
        Some(path) => path,
        None => {
            let folder = common_dir.join(FOLDER);
            fs_err::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
            folder.join(format!("override-{short}.json"))
        }
    };
    let mut options = fs_err::OpenOptions::new();
    let file = options.write(true).create_new(true).open(&path);
    file.map_err(|error| failed(&path, error))?.write_all(statement.to_json().as_bytes())?;
    Ok(path)
}
