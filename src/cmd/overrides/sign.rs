//! `refgate override sign` and `import`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bstr::ByteSlice as _;

use super::super::client::View;
use super::super::person::{self, setting};
use super::super::rules::print;
use super::{artifacts, digests, files, judged, push_command, read, shown, signature_path, signatures};
use crate::cli::overrides::{Import, Sign};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::policy::Policy;
use crate::policy::roles::RoleName;
use crate::report::human::shell_word;
use crate::statement;
use crate::statement::namespace::OVERRIDE;
use crate::statement::place::Place;
use crate::statement::waiver::{Override, Waived};

/// Runs `refgate override sign`.
///
/// # Errors
/// The request cannot be read or does not fit what is judged here, the person says no, or the signature would not count.
pub fn run(args: &Sign, env: &Env, now: jiff::Timestamp) -> Result<()> {
    let mut statement = read(&args.file)?;
    let (repo, view) = View::open(&args.seen, env)?;
    let evidence = artifacts(&args.artifact)?;
    // Signed bytes stay as they are: whoever signs second signs the same.
    let first = signatures(&args.file)?.is_empty();
    if !first && args.reason.is_some() {
        return Err(Error::usage("somebody has signed this statement already, so its reason stands")
            .help("leave --reason out to sign the same, or ask for a new one: refgate override request"));
    }
    if first {
        fill_in(args, &mut statement, &repo, &view.policy, now)?;
        statement.artifacts = digests(&evidence);
    } else if statement.artifacts != digests(&evidence) {
        return Err(
            Error::usage("the statement lists other evidence than is given").help("name each with --artifact FILE")
        );
    }
    let told = match args.unseen {
        true => statement.findings.clone(),
        false => seen_here(args, &mut statement, first, env, now)?,
    };
    confirm(args, &statement, &told)?;
    let json = statement.to_json();
    let mut sealed = if first { Vec::new() } else { signatures(&args.file)? };
    sealed.push(person::sign(&repo, args.key.as_deref(), OVERRIDE, json.as_bytes())?.into_bytes());
    let short = counts(&view.policy, &json, &sealed, now)?;
    fs_err::write(&args.file, &json)?;
    for (index, signature) in sealed.iter().enumerate() {
        fs_err::write(signature_path(&args.file, index + 1), signature)?;
    }
    let place = Place::Override { id: statement.statement_id.clone() };
    if !first {
        person::forget(&repo, &place)?;
    }
    person::deposit(&repo, &place, &files(&json, &sealed, evidence))?;
    let unknown = match view.policy.trust.signers {
        Some(_) => "",
        None => "note: whose keys count is not known here; whether the signature counts, only the server will say\n",
    };
    let file = shell_word(args.file.as_os_str().as_encoded_bytes());
    let next = match short {
        Some(short) => format!("{short}: another person signs as well\n  refgate override sign {file}\n"),
        None => format!(
            "Push the change and the override together\n  {}\nor, from another clone, after refgate override import {file}\n",
            push_command(&repo, &statement, view.remote.as_ref())
        ),
    };
    print(&format!("Signed. {next}{unknown}"))
}

fn fill_in(args: &Sign, statement: &mut Override, repo: &Repo, policy: &Policy, now: jiff::Timestamp) -> Result<()> {
    let Some(reason) = args.reason.as_ref().filter(|reason| !reason.trim().is_empty()) else {
        return Err(Error::usage("an override needs a reason").help("--reason 'WHY', for those who read it in a year"));
    };
    if args.expires > policy.signing.longest_override() {
        let hours = policy.signing.override_hours;
        return Err(Error::usage(format!("the policy lets an override hold for {hours} hours at the most"))
            .help("--expires 2h"));
    }
    let now = statement::now(now);
    // Whoever asks could otherwise choose the name of another override that is still to be used.
    statement.statement_id = statement::new_id()?;
    statement.justification = reason.clone();
    statement.issued_at = Some(now);
    statement.expires_at = now.checked_add(args.expires).ok();
    statement.principal = match &args.principal {
        Some(principal) => principal.clone(),
        None => setting(repo, "user.email", "")?.map(|email| email.to_str_lossy().into_owned()).unwrap_or_default(),
    };
    statement.complete().map_err(|error| {
        Error::usage(format!("the statement would not be complete: {error}"))
            .help("--principal NAME says who you are in the signers' file")
    })
}

/// Judges the update again: a request is written by whoever wants it signed.
fn seen_here(
    args: &Sign,
    statement: &mut Override,
    first: bool,
    env: &Env,
    now: jiff::Timestamp,
) -> Result<BTreeSet<Waived>> {
    let unseen = |error: Error| Error {
        help: "fetch the commits first, or sign with --unseen what cannot be looked at here".to_owned(),
        ..error
    };
    let head = statement.new_oid.to_string();
    let judged =
        judged(&args.seen, Some(statement.name.clone()), head, Some(statement.old_oid), env, now).map_err(unseen)?;
    let Some(update) = judged.told.verdict.updates.first() else {
        return Err(Error::undecided("the update cannot be judged here").help("fetch the commits first"));
    };
    if let Some(problem) = &update.problem {
        return Err(unseen(problem.clone()));
    }
    let mut told = BTreeSet::new();
    for mut waived in statement.findings.clone() {
        let same = |finding: &&crate::finding::Finding| {
            finding.refuses() && finding.rule == waived.rule && finding.fingerprint == waived.fingerprint
        };
        let Some(finding) = update.findings.iter().find(same) else {
            let rule = escape::printable(&waived.rule);
            return Err(Error::usage(format!("the request names a finding of {rule} that is none, judged here"))
                .help("git fetch, and let the request be written anew; or --unseen, where you trust it"));
        };
        let place = finding.path.as_ref().map(|path| format!("{}: ", escape::quote_path(path))).unwrap_or_default();
        waived.message = format!("{place}{}", finding.words.message);
        told.insert(waived);
    }
    if first {
        statement.findings.clone_from(&told);
    }
    Ok(told)
}

/// Shows what is signed, in words of this judge where it could look, and asks.
fn confirm(args: &Sign, statement: &Override, told: &BTreeSet<Waived>) -> Result<()> {
    let mut page = String::new();
    let plain = escape::printable;
    let _ = writeln!(page, "You waive, once, for a push by {}:", plain(&statement.pusher));
    let _ = writeln!(
        page,
        "  {} from {} to {}",
        escape::quote_path(statement.name.as_bytes()),
        statement.old_oid.short(),
        statement.new_oid.short()
    );
    let task = statement.task.as_deref().map(|task| format!(", task {}", plain(task))).unwrap_or_default();
    let _ = writeln!(page, "  in the repository {}{task}", plain(&statement.repository));
    if args.unseen {
        page.push_str("  in the words of whoever asks, for nothing could be looked at here:\n");
    }
    for waived in told {
        let _ = writeln!(page, "  {}: {}", plain(&waived.rule), escape::one_line(&waived.message));
    }
    let until = statement.expires_at.map(|time| time.to_string()).unwrap_or_default();
    let _ = writeln!(
        page,
        "  because: {}\n  as {}, until {until}",
        escape::one_line(&statement.justification),
        plain(&statement.principal)
    );
    for name in statement.artifacts.keys() {
        let _ = writeln!(page, "  with {}", plain(name));
    }
    print(&page)?;
    person::agree(args.yes, "Sign it?")
}

/// Whether the signatures would count, as far as that can be said here: `None`, or what is still missing.
fn counts(policy: &Policy, json: &str, sealed: &[Vec<u8>], now: jiff::Timestamp) -> Result<Option<String>> {
    let (trust, mut signing) = (&policy.trust, policy.signing.clone());
    if trust.signers.is_none() || !signing.roles.contains_key(&RoleName::Override) {
        // The server's own folder may say more than the trusted ref does.
        return Ok(None);
    }
    let signatures: Vec<&[u8]> = sealed.iter().map(Vec::as_slice).collect();
    let people = |signing: &_| trust.people(signing, RoleName::Override, OVERRIDE, json.as_bytes(), &signatures, now);
    let Err(short) = people(&signing) else { return Ok(None) };
    if let Some(role) = signing.roles.get_mut(&RoleName::Override) {
        role.threshold = 1;
    }
    match people(&signing) {
        Ok(_) => Ok(Some(short)),
        Err(why) => Err(Error::usage(format!("the signature would not count: {why}"))
            .help("sign with a key that the signers' file gives to a person of the override role: --key FILE")),
    }
}

/// Runs `refgate override import`.
///
/// # Errors
/// The statement or what stands beside it cannot be read, or its evidence is another.
pub fn import(args: &Import, env: &Env) -> Result<()> {
    let statement = read(&args.file)?;
    statement.complete().map_err(|error| {
        Error::usage(format!("{} is not signed yet: {error}", shown(&args.file))).help("refgate override sign FILE")
    })?;
    let (sealed, evidence) = (signatures(&args.file)?, artifacts(&args.artifact)?);
    if sealed.is_empty() {
        return Err(Error::usage("no signature stands beside the statement").help("copy FILE.sig as well"));
    }
    if statement.artifacts != digests(&evidence) {
        return Err(
            Error::usage("the statement lists other evidence than is given").help("name each with --artifact FILE")
        );
    }
    let repo = Repo::discover(&args.repo, env)?;
    let place = Place::Override { id: statement.statement_id.clone() };
    person::deposit(&repo, &place, &files(&statement.to_json(), &sealed, evidence))?;
    let remote = repo.head_remote()?.or_else(|| repo.remotes().into_iter().next());
    print(&format!(
        "Push the change and the override together\n  {}\n",
        push_command(&repo, &statement, remote.as_ref())
    ))
}
