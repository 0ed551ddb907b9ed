//! `refgate rollback`: one signed commit on top of a protected branch that brings back what stood there. The tree is made by
//! the judge's own function, so that the two cannot differ.

mod receipt;

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use bstr::{BString, ByteSlice as _};

use super::check::head;
use super::client::{View, branch};
use super::promote::{Outcome, fetch, push, receipt_in, refspec_word, remote_of, told};
use super::rules::print;
use crate::change::{self, Push};
use crate::cli::rollback::Rollback;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::finding::Decision;
use crate::git::{ObjectKind, Repo, Signing, commit};
use crate::judge::judge;
use crate::oid::Oid;
use crate::policy::roles::RoleName;
use crate::refs::RefUpdate;
use crate::report::human::{Colour, render, shell_word};
use crate::statement::place::Place;

/// How many paths are named.
const SHOWN: usize = 10;

/// Runs the command; the exit status.
///
/// # Errors
/// There is nothing to bring back, the commit cannot be made or signed, or nobody knows what became of the push.
pub fn run(args: &Rollback, env: &Env, now: jiff::Timestamp) -> Result<u8> {
    let remote = remote_of(&args.seen.repo, args.seen.remote.as_deref(), env)?;
    fetch(&args.seen.repo, remote.as_bstr())?;
    let (repo, view) = View::open(&args.seen, env)?;
    let (update, back, words) = made(args, &repo, &view, &remote)?;
    print(&words)?;
    // What CI said of that tree goes along: a branch of a chain asks for it.
    let results = results(&view, &update.name, back).into_iter().map(|(name, oid)| (name.clone(), oid));
    let moves = std::iter::once((update.name.clone(), update.new)).chain(results);
    let refspec = |(name, oid): (BString, Oid)| bstr::concat([oid.to_string().as_bytes(), b":", &name]).into();
    let refspecs: Vec<BString> = moves.map(refspec).collect();
    let verdict = judge(&repo, &view.policy, &Push::new(view.refs, vec![update.clone()], false).preview(), now);
    if verdict.decision != Decision::Accept {
        let colour = if std::io::stdout().is_terminal() && !env.no_color { Colour::Yes } else { Colour::No };
        print(&render(&verdict, &[], colour))?;
        return Ok(verdict.decision.exit_code());
    }
    if args.dry_run {
        let words: Vec<String> = refspecs.iter().map(|refspec| refspec_word(refspec)).collect();
        let command = format!("git push --atomic {} {}", shell_word(&remote), words.join(" "));
        print(&format!("\n  dry run, nothing was pushed\n    do    {command}\n"))?;
        return Ok(0);
    }
    let (outcome, answer) = push(&args.seen.repo, remote.as_bstr(), &refspecs, &update)?;
    print(&end(&outcome, &answer, &update, &remote))?;
    Ok(u8::from(outcome != Outcome::Promoted))
}

/// Makes the commit; the push of it, the tree that comes back, and what the push does, for the person to read.
fn made(args: &Rollback, repo: &Repo, view: &View, remote: &BString) -> Result<(RefUpdate, Oid, String)> {
    let name = args.branch.as_deref().map_or_else(|| view.policy.trunk.clone(), branch);
    let shown = escape::quote_path(&name);
    let tip = view.refs.get(&name).filter(|_| view.policy.is_protected(name.as_bstr())).copied();
    let Some(tip) = tip else {
        return Err(Error::usage(format!("{} holds no protected branch {shown}", shell_word(remote)))
            .help("--branch names one"));
    };
    let to = match &args.to {
        Some(named) => match named.parse() {
            Ok(receipt) => receipt::taken(repo, &view.refs, receipt, name.as_bstr())?,
            Err(_) => commit_of(repo, named, remote)?,
        },
        None => change::Rollback::before(repo, &view.policy, tip, &|tree| was_checked(view, &name, tree))?.ok_or_else(
            || Error::usage(format!("{shown} stood nowhere before")).help("git log --first-parent shows its commits"),
        )?,
    };
    let tree = change::Rollback::tree(repo, &view.policy, tip, to)?;
    let short = escape::escape(name.strip_prefix(b"refs/heads/").unwrap_or(&name));
    let message = message(&args.reason, &name, &short, to)?;
    let (brought, count) = paths(repo, repo.commit(tip)?.tree, tree)?;
    if count == 0 {
        let what = format!("{short} stands as it did at {}, but for what a rollback leaves as it is", to.short());
        return Err(Error::usage(what).help("--to names another commit"));
    }
    let (kept, left) = paths(repo, repo.commit(to)?.tree, tree)?;
    repo.keep(tree)?;
    let new = commit(&args.seen.repo, tree, &[tip], &message, Signing::Ssh(args.key.as_deref())).map_err(unsigned)?;
    let mut told = format!("refgate: {short} goes forward from {} and back to {}\n", tip.short(), to.short());
    let _ = writeln!(told, "  brought back: {}", named(&brought, count));
    if left > 0 {
        let _ = writeln!(told, "  left as it is: {}", named(&kept, left));
    }
    let _ = writeln!(told, "  the commit is {new}");
    if !view.policy.signing.roles.contains_key(&RoleName::Rollback) {
        let _ = writeln!(
            told,
            "  note: who has the role rollback is not known here, so only the server will say whether it counts"
        );
    }
    Ok((RefUpdate { name, old: tip, new }, repo.commit(to)?.tree, told))
}

/// Whether results for the tree are known, where only they show that the branch stood there.
fn was_checked(view: &View, name: &BString, tree: Oid) -> bool {
    let policy = &view.policy;
    let has = |check| of_check(view, tree, check).next().is_some();
    !policy.takes_steps(name.as_bstr()) || policy.checks_into(name.as_bstr(), None).into_iter().all(has)
}

/// The results for the tree that the branch asks for of a rollback.
fn results<'v>(view: &'v View, name: &BString, tree: Oid) -> Vec<(&'v BString, Oid)> {
    let checks = view.policy.checks_into(name.as_bstr(), None);
    let wanted = checks.into_iter().filter(|_| view.policy.takes_steps(name.as_bstr()));
    wanted.flat_map(|check| of_check(view, tree, check)).collect()
}

fn of_check<'v>(view: &'v View, tree: Oid, check: &str) -> impl Iterator<Item = (&'v BString, Oid)> + use<'v> {
    let prefix = BString::from(Place::checks(tree, check));
    let found = view.refs.range(prefix.clone()..).take_while(move |(name, _)| name.starts_with(&prefix));
    found.map(|(name, oid)| (name, *oid))
}

fn commit_of(repo: &Repo, rev: &str, remote: &BString) -> Result<Oid> {
    match repo.peel(head(repo, rev, Some(remote))?)? {
        (ObjectKind::Commit, oid) => Ok(oid),
        _ => Err(Error::usage("--to names no commit").help("name one at which the branch stood")),
    }
}

/// What a person can do about a commit that Git did not make.
fn unsigned(error: Error) -> Error {
    // Git says so of a name and an address that it does not know.
    let unnamed = error.message.contains("ident name") || error.message.contains("tell me who you are");
    let help = match (unnamed, error.help.as_str()) {
        (true, _) => "say who you are: git config user.name NAME, git config user.email ADDRESS".to_owned(),
        (false, how) => {
            let who = "a person of the role rollback signs it: git config user.signingKey FILE, or --key FILE";
            [who, how].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join("\n  ")
        }
    };
    error.help(help)
}

/// What the commit says. The line that makes it a rollback stands there once.
fn message(reason: &str, name: &BString, short: &str, to: Oid) -> Result<String> {
    let reason = reason.trim();
    let hidden = |c: char| c != '\n' && escape::is_hidden(c);
    let line = change::Rollback::LINE;
    if reason.is_empty() || reason.chars().any(hidden) || reason.lines().any(|said| said.starts_with(line)) {
        return Err(Error::usage("the reason is empty, holds what nobody sees, or a line that is the gate's own")
            .help("--reason TEXT says in plain words why the branch goes back"));
    }
    let name = name.to_str().map_err(|_| Error::usage("the branch's name is no UTF-8"))?;
    Ok(format!("Roll {short} back to {}\n\n{reason}\n\n{line} {name} {to}\n", to.short()))
}

/// The first paths at which two trees differ, and how many there are.
fn paths(repo: &Repo, old: Oid, new: Oid) -> Result<(Vec<BString>, usize)> {
    let (mut first, mut count) = (Vec::new(), 0);
    repo.diff(Some(old), Some(new), &mut |path, _, _| {
        count += 1;
        if count <= SHOWN {
            first.push(path.to_owned());
        }
        Ok(())
    })?;
    Ok((first, count))
}

fn named(first: &[BString], count: usize) -> String {
    let names: Vec<String> = first.iter().map(|path| escape::quote_path(path)).collect();
    let more = if count > first.len() { format!(" and {} more", count - first.len()) } else { String::new() };
    format!("{}{more}", names.join(", "))
}

/// What became of it.
fn end(outcome: &Outcome, answer: &[String], update: &RefUpdate, remote: &BString) -> String {
    let (server, branch) = (shell_word(remote), escape::quote_path(&update.name));
    let mut text = told::answer(&server, answer);
    let _ = match outcome {
        Outcome::Promoted => {
            writeln!(text, "refgate: rolled back: {branch} from {} to {}", update.old.short(), update.new.short())
        }
        Outcome::Overtaken(_) => {
            writeln!(text, "refgate: another process was faster: {branch} has moved meanwhile; look, and run it again")
        }
        _ => writeln!(text, "refgate: REFUSED: {server} did not take it, nothing moved"),
    };
    if let Some(receipt) = receipt_in(answer) {
        let _ = writeln!(text, "receipt {receipt}");
    }
    text
}
