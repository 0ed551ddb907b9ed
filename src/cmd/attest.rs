//! `refgate attest`: the result of a check, signed for the tree that was checked.

mod junit;
mod report;
mod sarif;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use jiff::Timestamp;

use super::overrides::{artifacts, digests};
use super::rules::print;
use super::signing::{Desk, fingerprint};
use crate::cli::sign::{self, Attest};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::{ObjectKind, answer, configured, found};
use crate::oid::Oid;
use crate::policy::roles::RoleName;
use crate::statement::check::{Bound, Check, Outcome, Tests};
use crate::statement::dsse::{Envelope, IN_TOTO, Sealed};
use crate::statement::place::{ARTIFACTS, ENVELOPE, Place, is_check_name};
use crate::statement::{namespace, new_id};
use report::{Report, worse};

/// Runs the command.
///
/// # Errors
/// A report cannot be read or contradicts what is said, the tree is not the one that was checked, or nothing is signed.
pub fn run(args: &Attest, env: &Env, now: Timestamp) -> Result<()> {
    if !is_check_name(&args.check) {
        let shown = escape::quote_path(args.check.as_bytes());
        return Err(Error::usage(format!("{shown} is no name of a check"))
            .help("a check's name has letters, digits and . _ - within"));
    }
    let desk = Desk::open(&args.desk, env)?;
    let tree = tree(&desk, args)?;
    let files: Vec<PathBuf> = [&args.junit, &args.sarif, &args.artifact].into_iter().flatten().cloned().collect();
    let retained = artifacts(&files)?;
    let report = reports(args, &retained)?;
    let outcome = outcome(args.result, report.as_ref())?;
    let tests = report.map_or_else(Tests::default, |report| Tests {
        passed: report.passed.into_iter().collect(),
        warned: report.warned.into_iter().collect(),
        failed: report.failed.into_iter().collect(),
    });
    let bound = Bound {
        artifacts: digests(&retained),
        issued_at: crate::statement::now(now),
        repository: desk.repository.clone(),
        statement_id: new_id()?,
        supersedes: args.supersede.iter().cloned().collect(),
    };
    let check = Check { check: args.check.clone(), tree, outcome, tests, bound };
    let place = Place::Check { tree, check: check.check.clone(), id: check.bound.statement_id.clone() };
    let payload = check.to_json();
    // What cannot be read again would be signed for nothing: --supersede is the one text that nobody has looked at.
    Check::parse(payload.as_bytes()).map_err(|error| {
        Error::usage(format!("the statement would be none: {error}"))
            .help("--supersede takes the id that refgate attest and the gate name, 32 hex digits")
    })?;
    let (envelope, signer) = seal(&desk, payload)?;
    let signed = envelope.signed();
    let armored: Vec<&[u8]> = envelope.signatures.iter().map(|sealed| sealed.armored.as_bytes()).collect();
    let standing = desk.standing(RoleName::Check, namespace::CHECK, &signed, &armored, now)?;
    let mut files: BTreeMap<String, Vec<u8>> = [(ENVELOPE.to_owned(), envelope.to_json().into_bytes())].into();
    files.extend(retained.into_iter().map(|(name, bytes)| (format!("{ARTIFACTS}{name}"), bytes)));
    desk.deposit(&place, &files, &standing, now)?;
    let mut out = format!("{} {} for the tree {tree}\nsigned by {signer}\n", args.check, outcome.name());
    out += &standing.told();
    let of_a_step = desk.policy.promotions.iter().any(|step| step.checks.contains(&args.check));
    if !of_a_step && !desk.policy.signing.checks.contains(&args.check) {
        out += "note: the policy seen here does not ask for this check (checks.required)\n";
    }
    let name = place.name();
    if args.push {
        push(&desk, args, &name)?;
        return print(&format!("{out}pushed {name}\n"));
    }
    print(&format!("{out}next:\n  git push {} {name}\n", desk.remote_word()))
}

/// The root tree that was checked.
fn tree(desk: &Desk, args: &Attest) -> Result<Oid> {
    let folder = &args.desk.seen.repo;
    if args.rev == "HEAD"
        && found(configured(folder).args(["rev-parse", "--is-inside-work-tree"]))?
            .is_some_and(|inside| inside == "true")
    {
        let mut status = configured(folder);
        status.env("GIT_OPTIONAL_LOCKS", "0");
        let changed = answer(status.args(["status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=no"]))?;
        if let Some(first) = changed.split(|byte| *byte == 0).find_map(|entry| entry.get(3..)) {
            let path = escape::quote_path(first);
            return Err(Error::usage(format!("{path} is not as it was committed, so what was checked is not HEAD"))
                .help(
                    "commit or restore it (git status), and run the check again; or name what was checked: --rev REV",
                ));
        }
    }
    match desk.repo.peel(desk.repo.resolve(&args.rev)?)? {
        (ObjectKind::Commit, commit) => Ok(desk.repo.commit(commit)?.tree),
        _ => Err(Error::usage("--rev names no commit")),
    }
}

/// What the reports come to; `None` without one. What is read is what is retained.
fn reports(args: &Attest, retained: &BTreeMap<String, Vec<u8>>) -> Result<Option<Report>> {
    let bytes = |file: &Path| {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        retained.get(name).map(Vec::as_slice).unwrap_or_default()
    };
    let failed = |file: &Path, why: String| {
        let shown = escape::quote_path(file.as_os_str().as_encoded_bytes());
        Error::usage(format!("{shown} {why}")).help("let the tool write its report again; nothing was signed")
    };
    let mut all: Option<Report> = None;
    let mut take = |report| all.get_or_insert_with(Report::new).merge(report);
    for file in &args.junit {
        take(junit::read(bytes(file), args.allow_empty).map_err(|why| failed(file, why))?);
    }
    for (file, level) in args.sarif.iter().zip(std::iter::repeat(args.fail_on)) {
        let level = level.ok_or_else(|| Error::usage("--sarif needs --fail-on LEVEL"))?;
        take(sarif::read(bytes(file), level).map_err(|why| failed(file, why))?);
    }
    Ok(all)
}

/// What is said may be worse than what was reported, and never better.
fn outcome(said: Option<sign::Outcome>, report: Option<&Report>) -> Result<Outcome> {
    let said = said.map(|said| match said {
        sign::Outcome::Passed => Outcome::Passed,
        sign::Outcome::Warned => Outcome::Warned,
        sign::Outcome::Failed => Outcome::Failed,
    });
    let reported = report.map(|report| report.outcome);
    match (said, reported) {
        (None, None) => Err(Error::usage("there is no result")
            .help("name a report, --junit FILE or --sarif FILE --fail-on LEVEL, or the result: --result passed")),
        (None, Some(only)) | (Some(only), None) => Ok(only),
        (Some(said), Some(reported)) if worse(said, reported) == said => Ok(said),
        (Some(said), Some(reported)) => {
            Err(Error::usage(format!("--result says {}, and the reports say {}", said.name(), reported.name()))
                .help("leave --result out, and the reports decide"))
        }
    }
}

/// The envelope, and the fingerprint of the key that signed it.
fn seal(desk: &Desk, payload: String) -> Result<(Envelope, String)> {
    let mut envelope =
        Envelope { payload: payload.into_bytes(), payload_type: IN_TOTO.to_owned(), signatures: Vec::new() };
    let armored = desk.sign(namespace::CHECK, &envelope.signed())?;
    let keyid = fingerprint(&armored)?;
    envelope.signatures.push(Sealed { keyid: keyid.clone(), armored });
    Ok((envelope, keyid))
}

fn push(desk: &Desk, args: &Attest, name: &bstr::BString) -> Result<()> {
    let Some(remote) = &desk.remote else {
        return Err(Error::usage("there is no remote to push to").help("--remote NAME"));
    };
    let name = name.to_str_lossy();
    let mut git = configured(&args.desk.seen.repo);
    answer(git.args(["push", "--quiet", "--"]).arg(&*remote.to_os_str_lossy()).arg(format!("{name}:{name}")))
        .map(|_| ())
        .map_err(|error| Error { help: format!("it stands on {name} here: git push again"), ..error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_never_better_than_what_was_reported() {
        use crate::cli::sign::Outcome as Said;
        let reported = |outcome| Some(Report { outcome, ..Report::new() });
        for (said, report, expected) in [
            (None, None, None),
            (Some(Said::Passed), None, Some(Outcome::Passed)),
            (None, reported(Outcome::Warned), Some(Outcome::Warned)),
            (Some(Said::Failed), reported(Outcome::Passed), Some(Outcome::Failed)),
            (Some(Said::Warned), reported(Outcome::Passed), Some(Outcome::Warned)),
            (Some(Said::Warned), reported(Outcome::Warned), Some(Outcome::Warned)),
            (Some(Said::Passed), reported(Outcome::Warned), None),
            (Some(Said::Passed), reported(Outcome::Failed), None),
            (Some(Said::Warned), reported(Outcome::Failed), None),
        ] {
            assert_eq!(outcome(said, report.as_ref()).ok(), expected, "{said:?} {report:?}");
        }
    }
}
