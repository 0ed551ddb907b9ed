//! `refgate policy sign`: a person of the policy role lets exactly one change of the rules in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bstr::{BString, ByteSlice as _};
use jiff::Timestamp;

use super::person::{self, agree};
use super::rules::print;
use super::signing::{Desk, fingerprint, lifetime, shown};
use crate::change::{Need, Push, Target, load, owned_changes};
use crate::cli::sign::PolicySign;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::{ObjectKind, answer, command};
use crate::oid::Oid;
use crate::policy::Class;
use crate::policy::roles::RoleName;
use crate::refs::RefUpdate;
use crate::report::human::shell_word;
use crate::statement::place::{MOST_SIGNATURES, Place, SIGNATURE, STATEMENT};
use crate::statement::policy_change::{Change, Changes, File, PolicyChange, SCHEMA, key};
use crate::statement::{Lifetime, namespace, new_id};

/// For how many days a statement lets its change in, where nobody says otherwise: it is pushed when it is signed.
const DAYS: u32 = 7;

/// Runs the command.
///
/// # Errors
/// There is no change of the rules, or it is not signed.
pub fn sign(args: &PolicySign, env: &Env, now: Timestamp) -> Result<()> {
    let desk = Desk::open(&args.desk, env)?;
    let head = commit(&desk, &args.head, "--head")?;
    let (changes, target) = changes(&desk, args, head, now)?;
    if changes.is_empty() {
        return Err(Error::usage("no file that the policy owns differs between the trusted branch and the head").help(
            "commit the change first, or name its commit: --head REV; and --base REV, where it is not the last",
        ));
    }
    let sheet = match &args.add {
        Some(name) => Sheet::held(&desk, name, &changes, &target, now)?,
        None => Sheet::new(&desk, args, &changes, &target, now)?,
    };
    let statement = &sheet.statement;
    print(&format!(
        "{}reason: {}\nlets this in until {}, in repository {}\n",
        told(&desk, &changes)?,
        escape::printable(&statement.justification),
        statement.expires_at,
        escape::printable(&statement.repository),
    ))?;
    agree(args.yes, "Shall these rules hold?")?;
    let armored = desk.sign(namespace::POLICY, &sheet.bytes)?;
    let fingerprint_of = fingerprint(&armored)?;
    for other in &sheet.signatures {
        if fingerprint(&other.to_str_lossy())? == fingerprint_of {
            return Err(Error::usage(format!("{fingerprint_of} has signed this statement already")));
        }
    }
    let mut signatures = sheet.signatures.clone();
    signatures.push(armored.into_bytes());
    let all: Vec<&[u8]> = signatures.iter().map(Vec::as_slice).collect();
    let standing = desk.standing(RoleName::Policy, namespace::POLICY, &sheet.bytes, &all, now)?;
    let place = sheet.place();
    if args.add.is_some() {
        person::forget(&desk.repo, &place)?;
    }
    let deposited = desk.deposit(&place, &sheet.files(&signatures), &standing, now);
    if deposited.is_err() && args.add.is_some() {
        // What the first person signed is theirs.
        person::deposit(&desk.repo, &place, &sheet.files(&sheet.signatures))?;
    }
    deposited?;
    let update = update(&desk, args, head)?;
    print(&format!(
        "\nsigned by {fingerprint_of}\n{}next:\n  git push --atomic {} {} {}\n",
        standing.told(),
        desk.remote_word(),
        update,
        place.name(),
    ))
}

/// What brings the change: the branch that is checked out, where it can.
fn update(desk: &Desk, args: &PolicySign, head: Oid) -> Result<String> {
    let short = |name: &BString| shell_word(name.strip_prefix(b"refs/heads/").unwrap_or(name));
    if let Some(into) = &args.into {
        return Ok(format!("{head}:{}", shell_word(into.as_bytes())));
    }
    Ok(match desk.repo.head()?.filter(|_| args.head == "HEAD") {
        // What such a branch adds to itself is judged commit by commit, and the signature is on what comes of them all.
        Some(name) if desk.refs.contains_key(&name) && desk.policy.classify(name.as_bstr()) == Class::Branch => {
            format!("{}:{}", short(&name), shell_word(&[name.as_slice(), b"-rules"].concat()))
        }
        Some(name) => short(&name),
        None => format!("{head}:{}", shell_word(&desk.policy.trunk)),
    })
}

fn commit(desk: &Desk, revision: &str, option: &str) -> Result<Oid> {
    match desk.repo.peel(desk.repo.resolve(revision)?)? {
        (ObjectKind::Commit, commit) => Ok(commit),
        _ => Err(Error::usage(format!("{option} names no commit"))),
    }
}

/// What the judge takes for the change of the rules: as on a branch that the server does not have yet, so that its whole
/// change counts; or in the step of a chain.
fn changes(desk: &Desk, args: &PolicySign, head: Oid, now: Timestamp) -> Result<(Changes, Target)> {
    let mut refs = desk.refs.clone();
    if let Some(base) = &args.base {
        refs.insert(desk.policy.trunk.clone(), commit(desk, base, "--base")?);
    }
    if !refs.contains_key(&desk.policy.trunk) {
        return Err(Error::undecided("the trusted branch was not seen on the server").help("git fetch"));
    }
    let update = match &args.into {
        Some(into) => {
            let name = BString::from(format!("refs/heads/{into}"));
            let old =
                refs.get(&name).copied().filter(|_| desk.policy.is_protected(name.as_bstr())).ok_or_else(|| {
                    Error::usage("--into names no protected branch that was seen on the server").help("git fetch")
                })?;
            RefUpdate { name, old, new: head }
        }
        None => {
            let name = BString::from("refs/heads/refgate-policy-sign");
            refs.remove(&name);
            RefUpdate { name, old: Oid::zero(head.format()), new: head }
        }
    };
    let push = Push::new(refs, vec![update], false);
    let needs = |_| BTreeSet::from([Need::Content]);
    let sets = load(&desk.repo, &desk.policy, &push, &needs, now)?.next().transpose()?.unwrap_or_default();
    let found = sets.first().and_then(|set| Some((owned_changes(&desk.policy, &set.content), set.target.clone()?)));
    found.ok_or_else(|| Error::undecided("there is nothing to look at"))
}

/// A statement, and the signatures that stand on it.
struct Sheet {
    statement: PolicyChange,
    bytes: Vec<u8>,
    signatures: Vec<Vec<u8>>,
}

impl Sheet {
    fn new(desk: &Desk, args: &PolicySign, changes: &Changes, target: &Target, now: Timestamp) -> Result<Self> {
        let Lifetime { issued, expires } = lifetime(args.days, DAYS, desk.policy.signing.approval_days, now)?;
        let statement = PolicyChange {
            changes: changes.clone(),
            expires_at: expires,
            issued_at: issued,
            justification: args.reason.clone().unwrap_or_default(),
            repository: desk.repository.clone(),
            schema: SCHEMA.to_owned(),
            statement_id: new_id()?,
            target: target.name.to_string(),
            target_oid: target.tip,
        };
        let bytes = statement.to_json().into_bytes();
        PolicyChange::parse(&bytes).map_err(|error| Error::usage(format!("--reason: {error}")))?;
        Ok(Self { statement, bytes, signatures: Vec::new() })
    }

    /// The statement that somebody else has signed, on its ref in this repository.
    fn held(desk: &Desk, name: &str, changes: &Changes, target: &Target, now: Timestamp) -> Result<Self> {
        let shown = escape::quote_path(name.as_bytes());
        let wrong = |why: &str| Error::usage(format!("{shown} {why}")).help("let it be signed anew, without --add");
        let place = Place::parse(name.into()).filter(|place| matches!(place, Place::PolicyChange { .. }));
        let place = place.ok_or_else(|| wrong("is no ref of a statement on the rules"))?;
        let tip = desk.repo.refs()?.get(&place.name()).copied();
        let tip =
            tip.ok_or_else(|| Error::usage(format!("{shown} is not here")).help("fetch it from who signed it"))?;
        let tree = commit(desk, &tip.to_string(), "--add").and_then(|tip| desk.repo.commit(tip))?.tree;
        let read = |file: &str| -> Result<Option<Vec<u8>>> {
            let entry = desk.repo.find(tree, file.into())?.filter(|entry| entry.mode.is_file());
            Ok(entry.map(|entry| desk.repo.blob(entry.oid, desk.policy.limits.blob_bytes)).transpose()?.flatten())
        };
        let bytes = read(STATEMENT)?.ok_or_else(|| wrong("holds no statement"))?;
        let statement = PolicyChange::parse(&bytes).map_err(|error| wrong(&format!("holds no statement: {error}")))?;
        if statement.changes != *changes {
            return Err(wrong("is about another change than the one that is shown here"));
        }
        if target.name != statement.target.as_str() || target.tip != statement.target_oid {
            return Err(wrong("is for where the branch stood before"));
        }
        if statement.repository != desk.repository {
            return Err(wrong("is for another repository"));
        }
        statement.lifetime().holds(now, desk.policy.signing.longest_approval()).map_err(|why| wrong(&why))?;
        let files = (1..=MOST_SIGNATURES).map(|number| read(&signature(number)));
        let signatures: Vec<Vec<u8>> = files.collect::<Result<Vec<_>>>()?.into_iter().map_while(|file| file).collect();
        let sheet = Self { statement, bytes, signatures };
        if sheet.place() != place {
            return Err(wrong(&format!("holds a statement that belongs at {}", sheet.place().name())));
        }
        if sheet.signatures.is_empty() || sheet.signatures.len() == MOST_SIGNATURES {
            return Err(wrong(&format!("has {} signatures", sheet.signatures.len())));
        }
        Ok(sheet)
    }

    fn place(&self) -> Place {
        Place::PolicyChange { key: key(&self.statement.changes), id: self.statement.statement_id.clone() }
    }

    fn files(&self, signatures: &[Vec<u8>]) -> BTreeMap<String, Vec<u8>> {
        let sealed = signatures.iter().enumerate().map(|(number, armored)| (signature(number + 1), armored.clone()));
        sealed.chain([(STATEMENT.to_owned(), self.bytes.clone())]).collect()
    }
}

/// The file of a signature, by its number.
fn signature(number: usize) -> String {
    match number {
        1 => format!("{STATEMENT}{SIGNATURE}"),
        _ => format!("{STATEMENT}.{number}{SIGNATURE}"),
    }
}

/// What becomes of each file, for the person who signs.
fn told(desk: &Desk, changes: &Changes) -> Result<String> {
    let mut out = String::new();
    for (path, Change { old, new }) in changes {
        let what = match (old, new) {
            (None, Some(new)) => format!("is new, {}", new.mode),
            (Some(_), None) => "goes away".to_owned(),
            (Some(old), Some(new)) if old.mode != new.mode => format!("changes from {} to {}", old.mode, new.mode),
            _ => "changes".to_owned(),
        };
        // Escaped already, as it is signed.
        let _ = writeln!(out, "{path} {what}");
        out += &difference(desk, old.as_ref(), new.as_ref())?;
        out.push('\n');
    }
    Ok(out)
}

fn difference(desk: &Desk, old: Option<&File>, new: Option<&File>) -> Result<String> {
    let is_text = |file: &File| file.mode != "160000" && file.mode != "40000";
    match (old, new) {
        (Some(old), Some(new)) if is_text(old) && is_text(new) => {
            // Isolated, and told to take nothing of what the repository says for how to show a file.
            let mut git = command(desk.repo.common_dir());
            git.args(["diff", "--no-color", "--no-ext-diff", "--no-textconv", "--text"]);
            let diff = answer(git.args([old.oid.to_string(), new.oid.to_string()]))?;
            let hunks = diff.find("@@").map_or(&[][..], |at| diff.get(at..).unwrap_or_default());
            Ok(shown(&hunks.to_str_lossy(), "    "))
        }
        (old, new) => {
            let mut out = String::new();
            for (file, sign) in [(old, "    -"), (new, "    +")] {
                let Some(file) = file else { continue };
                if !is_text(file) {
                    let _ = writeln!(out, "{sign}{} {}", file.mode, file.oid);
                    continue;
                }
                match desk.repo.blob(file.oid, desk.policy.limits.blob_bytes)? {
                    Some(bytes) => out += &shown(&bytes.to_str_lossy(), sign),
                    None => _ = writeln!(out, "{sign}more than limits.blob_bytes; look at it: git show {}", file.oid),
                }
            }
            Ok(out)
        }
    }
}
