//! `refgate drift ack`: an acknowledgement of drift that was found, whole but for the approver, whom only a person names.

use bstr::{BString, ByteSlice as _};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{State, check};
use crate::cli::drift::{Ack, Divergence as Asked};
use crate::cmd::rules::print;
use crate::cmd::task;
use crate::drift::acknowledgement::{
    Acknowledgement, Divergence, Draft, dotted, draft, in_approval, in_code, with_item, write_field,
};
use crate::drift::config::Mode;
use crate::drift::path::FieldPath;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::Finding;
use crate::git::top;
use crate::provenance::approval::Approval;
use crate::provenance::task::APPROVAL;

/// Runs the command.
///
/// # Errors
/// No such drift is found, or what is asked for cannot be written.
pub fn run(args: &Ack, env: &Env, now: Timestamp) -> Result<()> {
    let (ty, path) = super::field(&args.field)?;
    let state = State::open(&args.seen, None, env)?;
    let (divergence, contract) = found(&state, args, &ty, &path, now)?;
    let divergence = if args.code { Divergence::Unspecified } else { divergence };
    let contract = contract.to_str_lossy();
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let text = draft(
        &divergence,
        &Draft { ty: &ty, path: &path, contract: &contract, reason: &args.reason, expires: args.expires, today },
    );
    reads_back(&text, args, &(ty, path), today)?;
    if !args.write {
        return print(&text);
    }
    let file = write(&state, args, &text)?;
    print(&format!(
        "Wrote the acknowledgement into {file}:\n  {text}It counts for nothing until a person who may approve it writes \
         the name behind `approved by`.\n"
    ))
}

/// The drift of the field that is asked for, with its contract.
fn found(state: &State, args: &Ack, ty: &str, path: &FieldPath, now: Timestamp) -> Result<(Divergence, BString)> {
    // As findings name it.
    let name = dotted(ty, path);
    let verdict = check::verdict(state, Mode::Absolute, None, now)?;
    if let Some(problem) = verdict.first_problem() {
        return Err(problem.clone());
    }
    let findings = || verdict.updates.iter().flat_map(|update| &update.findings);
    let mut kinds = Vec::new();
    for finding in findings() {
        let contract = finding.words.field.as_ref().map(|field| field.contract.clone()).unwrap_or_default();
        kinds.extend(divergences(finding, ty, &name).into_iter().map(|kind| (kind, contract.clone())));
    }
    let mut renamed =
        findings().filter_map(|finding| finding.words.field.as_ref()).filter(|field| field.to.as_ref() == Some(&name));
    let is_half = args.rule.is_none() && kinds.iter().all(|(kind, _)| *kind == Divergence::Added);
    if let Some(field) = renamed.next().filter(|_| is_half) {
        let (shown, old) = (escape::printable(&write_field(ty, path)), escape::printable(&field.field));
        return Err(Error::usage(format!(
            "{shown} is what {old} is called now, and a rename is acknowledged by the old name"
        ))
        .help("refgate drift ack OLD; with --rule added, this half of it alone"));
    }
    let to = args.to.as_ref().map(|to| FieldPath::parse(to)).transpose();
    let to = to.map_err(|reason| Error::usage(format!("--to names no path: {}", escape::one_line(&reason))))?;
    let fits = |(kind, _): &&(Divergence, BString)| {
        let asked = args.rule.is_none_or(|rule| Some(rule.word()) == kind.word());
        let target = to.as_ref().is_none_or(|to| *kind == Divergence::Renamed { to: to.clone() });
        asked && target
    };
    kinds.iter().find(fits).cloned().ok_or_else(|| {
        let shown = escape::printable(&write_field(ty, path));
        let words: Vec<&str> = kinds.iter().filter_map(|(kind, _)| kind.word()).collect();
        let others = if words.is_empty() { String::new() } else { format!(", but these: {}", words.join(", ")) };
        let what = args.rule.map(|rule| format!("{} ", rule.word())).unwrap_or_default();
        Error::usage(format!("no {what}drift of {shown} is found that nobody acknowledged{others}")).help(
            "refgate drift check --mode absolute shows all there is; refgate drift explain, what is said of the field",
        )
    })
}

/// What acknowledgements of a field a finding could do with.
fn divergences(finding: &Finding, ty: &str, name: &str) -> Vec<Divergence> {
    let Some(field) = &finding.words.field else { return Vec::new() };
    let is_own = field.field == name;
    match finding.rule {
        "field-added" if is_own => vec![Divergence::Added],
        "field-removed" if is_own => vec![Divergence::Removed],
        "noncanonical-path" if is_own => vec![Divergence::NonCanonical],
        "field-renamed" if is_own => {
            // Only within one type is a rename acknowledged as one.
            let below = |to: &String| FieldPath::parse(to.strip_prefix(ty)?.strip_prefix('.')?).ok();
            let to = field.to.as_ref().and_then(below);
            to.map(|to| Divergence::Renamed { to }).into_iter().chain([Divergence::Removed]).collect()
        }
        "field-renamed" if field.to.as_deref() == Some(name) => vec![Divergence::Added],
        _ => Vec::new(),
    }
}

/// What is written must say what was asked for, and lack the approver alone.
fn reads_back(text: &str, args: &Ack, field: &(String, FieldPath), today: Date) -> Result<()> {
    let (given, problems) = match args.code {
        true => in_code(text),
        false => in_approval(format!("## DRIFT ACKNOWLEDGEMENTS\n\n{text}").as_bytes()),
    };
    let is_whole = |one: &Acknowledgement| {
        one.fields == [field.clone()]
            && one.approved_by.as_deref().is_none_or(str::is_empty)
            && (one.date, one.expires) == (Some(today), args.expires)
            && one.flaws() == 1
    };
    let plain = !args.reason.chars().any(|c| escape::is_hidden(c) || c == '<');
    match given.as_slice() {
        [one] if problems.is_empty() && plain && is_whole(one) => Ok(()),
        _ => Err(Error::usage("the acknowledgement would not be read as it is meant").help(
            "write the reason in plain words, without `approved by`, dates behind a semicolon, or HTML; let it expire later \
             than today",
        )),
    }
}

/// Writes the item into the approval in the work tree; the file's name for people.
fn write(state: &State, args: &Ack, item: &str) -> Result<String> {
    let task = match &args.task {
        Some(task) if crate::provenance::task::is_task_name(task) => task.clone(),
        Some(task) => {
            return Err(Error::usage(format!("{} is no name of a task", escape::quote_path(task.as_bytes())))
                .help("begin with a letter or digit, and go on with these, `.`, `_` and `-`"));
        }
        None => task::current(&state.repo, &state.policy)?,
    };
    let top = top(&args.seen.repo)?;
    let path = format!("{}/{task}/{APPROVAL}", state.policy.trace);
    let shown = escape::quote_path(path.as_bytes());
    let old = super::work_file(&top, &path)?.ok_or_else(|| {
        Error::usage(format!("there is no {shown} in the work tree")).help("refgate task start begins a task with one")
    })?;
    let problems = |text: &str| Approval::parse(text.as_bytes()).problems.len();
    let new = with_item(&old, item).filter(|new| {
        let count = |text: &str| in_approval(text.as_bytes()).0.len();
        problems(new) <= problems(&old) && count(new) == count(&old).saturating_add(1)
    });
    let new = new.ok_or_else(|| {
        Error::undecided(format!("{shown} cannot be added to"))
            .help("leave --write out, and paste the line below the heading ## DRIFT ACKNOWLEDGEMENTS")
    })?;
    task::write(&top, &path, &new, true)?;
    Ok(shown)
}

impl Asked {
    /// The word that acknowledgements use.
    const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Renamed => "renamed",
            Self::Noncanonical => "noncanonical",
        }
    }
}
