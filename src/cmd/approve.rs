//! `refgate approve`: a person reads what a task may change, and signs it or takes it back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use bstr::{BString, ByteSlice as _};
use jiff::Timestamp;

use super::check;
use super::person::agree;
use super::rules::print;
use super::signing::{Desk, Standing, fingerprint, lifetime, read_plain, refusal, shown};
use super::task::write;
use crate::change::{ChangeSet, File, Need, Push, Task, load};
use crate::cli::sign::Approve;
use crate::digest::sha256;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::top;
use crate::oid::Oid;
use crate::policy::roles::RoleName;
use crate::provenance::approval::{Approval, Approver, Heading};
use crate::provenance::task::{APPROVAL, APPROVED, is_task_name};
use crate::refs::RefUpdate;
use crate::report::human::shell_word;
use crate::statement::approval::{FILE, SCHEMA, SignedApproval};
use crate::statement::place::{MOST_SIGNATURES, Place, SIGNATURE, STATEMENT};
use crate::statement::withdrawal::{self, Withdrawal};
use crate::statement::{Lifetime, namespace, new_id};

/// Runs the command.
///
/// # Errors
/// There is nothing to approve, the gate would refuse it, or it is not signed.
pub fn run(args: &Approve, env: &Env, now: Timestamp) -> Result<()> {
    let desk = Desk::open(&args.desk, env)?;
    if !is_task_name(&args.task) {
        let shown = escape::quote_path(args.task.as_bytes());
        return Err(Error::usage(format!("{shown} is no name of a task"))
            .help("begin with a letter or digit, and go on with these, `.`, `_` and `-`"));
    }
    let work = Work { desk, name: args.task.clone(), now };
    match &args.reason {
        Some(reason) if args.withdraw => work.withdraw(args, reason),
        _ => work.approve(args),
    }
}

/// A task that somebody approves.
struct Work {
    desk: Desk,
    name: String,
    now: Timestamp,
}

/// The approval as it was committed, and where it stands.
struct Contract<'a> {
    set: &'a ChangeSet,
    tip: Oid,
    base: Oid,
    approved: &'a [u8],
    approval: &'a [u8],
}

impl Work {
    fn branch(&self) -> String {
        format!("{}{}", self.desk.policy.task_prefix, self.name)
    }

    fn refname(&self) -> BString {
        format!("refs/heads/{}", self.branch()).into()
    }

    /// A file of the task, from the top of the work tree.
    fn path(&self, file: &str) -> String {
        format!("{}/{}/{file}", self.desk.policy.trace, self.name)
    }

    fn approve(&self, args: &Approve) -> Result<()> {
        let top = self.checked_out(args)?;
        let tip = self.desk.repo.refs()?.get(&self.refname()).copied();
        let branch = shell_word(self.branch().as_bytes());
        let tip = tip.ok_or_else(|| Error::usage(format!("the branch {branch} has no commit yet")))?;
        let set = self.facts(tip)?;
        let contract = self.contract(&set, tip)?;
        for (file, committed) in [(APPROVED, contract.approved), (APPROVAL, contract.approval)] {
            if read_plain(&top, &self.path(file))?.as_deref() != Some(committed) {
                let path = escape::quote_path(self.path(file).as_bytes());
                return Err(Error::usage(format!("{path} is not what was committed last"))
                    .help(format!("only what is committed is approved: git diff HEAD -- :/{path}")));
            }
        }
        let expected = self.expected(args, &contract)?;
        print(&self.told(&contract, &expected))?;
        if let Some(error) = self.problem(&contract) {
            return Err(error);
        }
        let sheet = Sheet::find(self, &top, &expected, args)?;
        print(&format!("\n{}", sheet.told()))?;
        agree(args.yes, "Do you approve this?")?;
        let armored = self.desk.sign(namespace::APPROVAL, sheet.bytes.as_bytes())?;
        let standing = sheet.seal(self, &armored)?;
        sheet.write(self, &top, &armored)?;
        let folder = shell_word(format!(":/{}", self.path("contract")).as_bytes());
        print(&format!(
            "\nsigned by {}\n{}next:\n  git add -A {folder} && git commit -m 'Approve {}' && git push {} {branch}\n",
            fingerprint(&armored)?,
            standing.told(),
            self.name,
            self.desk.remote_word(),
        ))
    }

    /// The top of the work tree in which the task's branch is checked out.
    fn checked_out(&self, args: &Approve) -> Result<std::path::PathBuf> {
        if self.desk.repo.head()?.as_ref() != Some(&self.refname()) {
            let branch = shell_word(self.branch().as_bytes());
            return Err(Error::usage(format!("{branch} is not checked out here")).help(format!("git switch {branch}")));
        }
        top(&args.desk.seen.repo)
    }

    /// What the server would load for a push of the task's branch: its base is the one that the gate will compare.
    fn facts(&self, tip: Oid) -> Result<ChangeSet> {
        let desk = &self.desk;
        let mut refs = desk.refs.clone();
        let update = check::update(&mut refs, &desk.policy, self.refname(), tip);
        let push = Push::new(refs, vec![update], false);
        let needs = |_| BTreeSet::from([Need::Content, Need::Task]);
        let sets = load(&desk.repo, &desk.policy, &push, &needs, self.now)?.next().transpose()?.unwrap_or_default();
        sets.into_iter().next().ok_or_else(|| Error::undecided("there is nothing to approve"))
    }

    fn contract<'a>(&self, set: &'a ChangeSet, tip: Oid) -> Result<Contract<'a>> {
        let (Some(task), Some(base), true) = (&set.task, set.base, set.target.is_some()) else {
            return Err(Error::usage("the task shares no history with a protected branch")
                .help("git fetch, or begin it anew on the branch that it shall reach"));
        };
        if base == tip {
            return Err(Error::usage("the branch has no commit of its own yet")
                .help("commit contract/APPROVED and contract/approval.md first"));
        }
        Ok(Contract { set, tip, base, approved: self.file(task, APPROVED)?, approval: self.file(task, APPROVAL)? })
    }

    fn file<'a>(&self, task: &'a Task, file: &str) -> Result<&'a [u8]> {
        let path = || escape::quote_path(self.path(file).as_bytes());
        match task.files.get(file.as_bytes().as_bstr()) {
            Some(File::Content(bytes)) => Ok(bytes),
            Some(File::NotAFile(mode)) => Err(Error::usage(format!("{} is {}", path(), mode.name()))),
            Some(File::TooLarge) => Err(Error::usage(format!("{} is larger than limits.blob_bytes", path()))),
            None => Err(Error::usage(format!("{} is not committed", path())).help("write it, and commit it")),
        }
    }

    /// What there is to sign.
    fn expected(&self, args: &Approve, contract: &Contract<'_>) -> Result<SignedApproval> {
        let most = self.desk.policy.signing.approval_days;
        let Lifetime { issued, expires } = lifetime(args.days, most, most, self.now)?;
        Ok(SignedApproval {
            acknowledgements: Vec::new(),
            approval: sha256(contract.approval),
            approved: sha256(contract.approved),
            base: contract.base,
            expires_at: expires,
            issued_at: issued,
            repository: self.desk.repository.clone(),
            schema: SCHEMA.to_owned(),
            task: self.name.clone(),
        })
    }

    /// Why the gate would refuse the approval: as if the task were promoted to where it began, so that nothing but the
    /// task itself is looked at.
    fn problem(&self, contract: &Contract<'_>) -> Option<Error> {
        let path = escape::quote_path(self.path(APPROVAL).as_bytes());
        // Whatever severity the policy gives the rule: what can be read in two ways nobody can sign.
        if let Some(problem) = Approval::parse(contract.approval).problems.into_iter().next() {
            let message = format!("{path}:{}: {} (approval-invalid)", problem.line, problem.message);
            return Some(Error::usage(message).help(problem.help));
        }
        let target = contract.set.target.as_ref()?;
        let mut refs = self.desk.refs.clone();
        refs.retain(|name, value| *value != contract.tip || self.desk.policy.is_protected(name.as_bstr()));
        refs.insert(self.refname(), contract.tip);
        refs.insert(target.name.clone(), contract.base);
        let promotion = RefUpdate { name: target.name.clone(), old: contract.base, new: contract.tip };
        let rules = |rule: &str| ["approval-invalid", "approved-marker"].contains(&rule);
        refusal(&self.desk, Push::new(refs, vec![promotion], false), &rules, self.now)
    }

    /// The scope, for the person who signs.
    fn told(&self, contract: &Contract<'_>, expected: &SignedApproval) -> String {
        let approval = Approval::parse(contract.approval);
        let mut out = format!(
            "task {} in repository {}\nbegins on {}, is at {}\nmarker {}\n",
            self.name,
            escape::printable(&self.desk.repository),
            expected.base,
            contract.tip,
            escape::printable(contract.approved.to_str_lossy().trim_end()),
        );
        if let Some(Approver::Named(name)) = &approval.approver {
            let _ = writeln!(out, "approver, as the file says: {}", escape::printable(&name.value));
        }
        out += "\nIt may change:\n";
        let entries = approval.scope.map(|scope| scope.entries).unwrap_or_default();
        for heading in Heading::ALL {
            let mut under = entries.iter().filter(|entry| entry.heading == heading).peekable();
            if under.peek().is_some() {
                let _ = writeln!(out, "  {}", heading.label());
            }
            for entry in under {
                let _ = writeln!(out, "    {}  (line {})", escape::printable(entry.glob.as_str()), entry.line);
            }
        }
        if entries.is_empty() {
            out += "  nothing\n";
        }
        if !approval.not_approved.is_empty() {
            out += "It may not change:\n";
        }
        for line in &approval.not_approved {
            let _ = writeln!(out, "    {}  (line {})", escape::printable(line.value.as_str()), line.line);
        }
        if !approval.problems.is_empty() {
            out += "What is wrong with it:\n";
        }
        for problem in &approval.problems {
            out += &shown(&format!("line {}: {}", problem.line, problem.message), "    ");
        }
        if let Some(task) = &contract.set.task {
            let _ = writeln!(out, "So far it changes {} files outside the trace.", task.net.len());
        }
        out
    }

    fn withdraw(&self, args: &Approve, reason: &str) -> Result<()> {
        let bytes = self.approved_bytes()?;
        let approval = SignedApproval::parse(&bytes)
            .map_err(|error| Error::usage(format!("the signed approval cannot be read: {error}")))?;
        let statement = Withdrawal {
            approval: sha256(&bytes),
            issued_at: crate::statement::now(self.now),
            justification: reason.to_owned(),
            repository: self.desk.repository.clone(),
            schema: withdrawal::SCHEMA.to_owned(),
            statement_id: new_id()?,
            task: self.name.clone(),
        };
        let text = statement.to_json();
        Withdrawal::parse(text.as_bytes()).map_err(|error| Error::usage(format!("--reason: {error}")))?;
        print(&format!(
            "task {}: the approval of {}, which holds until {}, counts no more, for ever\nreason: {}\n",
            self.name,
            approval.issued_at,
            approval.expires_at,
            escape::printable(reason)
        ))?;
        agree(args.yes, "Do you take it back?")?;
        let armored = self.desk.sign(namespace::APPROVAL, text.as_bytes())?;
        let standing = match self.desk.standing(
            RoleName::Approve,
            namespace::APPROVAL,
            text.as_bytes(),
            &[armored.as_bytes()],
            self.now,
        )? {
            // One person is enough to take an approval back.
            Standing::Fewer(_) => Standing::Counts,
            other => other,
        };
        let place = Place::Withdrawal { approval: statement.approval, id: statement.statement_id };
        let files: BTreeMap<String, Vec<u8>> = [
            (STATEMENT.to_owned(), text.into_bytes()),
            (format!("{STATEMENT}{SIGNATURE}"), armored.clone().into_bytes()),
        ]
        .into();
        self.desk.deposit(&place, &files, &standing, self.now)?;
        print(&format!(
            "\nsigned by {}\n{}next:\n  git push {} {}\n",
            fingerprint(&armored)?,
            standing.told(),
            self.desk.remote_word(),
            place.name()
        ))
    }

    /// The signed approval as it stands on the task's branch, here or as the server was last seen, or where the task was
    /// promoted.
    fn approved_bytes(&self) -> Result<Vec<u8>> {
        let (repo, policy) = (&self.desk.repo, &self.desk.policy);
        let local = repo.refs()?.get(&self.refname()).copied();
        let seen = self.desk.refs.get(&self.refname()).copied();
        let protected = self.desk.refs.iter().filter(|(name, _)| policy.is_protected(name.as_bstr()));
        let tips = local.into_iter().chain(seen).chain(protected.map(|(_, tip)| *tip));
        let path = self.path(FILE);
        for tip in tips {
            let (_, commit) = repo.peel(tip)?;
            let found = repo.find(repo.commit(commit)?.tree, path.as_str().into())?;
            if let Some(entry) = found.filter(|entry| entry.mode.is_file())
                && let Some(bytes) = repo.blob(entry.oid, policy.limits.blob_bytes)?
            {
                return Ok(bytes);
            }
        }
        Err(Error::usage(format!("{} stands on no branch that is known here", escape::quote_path(path.as_bytes())))
            .help("git fetch, and name the task as its branch has it"))
    }
}

/// The bytes to sign, and the signatures that stand on them already.
struct Sheet {
    bytes: String,
    signatures: Vec<String>,
    /// Something else stood there, which is replaced.
    anew: bool,
}

impl Sheet {
    /// Takes what stands in the work tree where it says what a person would sign now, and else begins anew.
    fn find(work: &Work, top: &Path, expected: &SignedApproval, args: &Approve) -> Result<Self> {
        let standing = read_plain(top, &work.path(FILE))?;
        let anew = Self { bytes: expected.to_json(), signatures: Vec::new(), anew: standing.is_some() };
        let Some(bytes) = standing else { return Ok(anew) };
        let Ok(found) = SignedApproval::parse(&bytes) else { return Ok(anew) };
        let as_due = SignedApproval { issued_at: found.issued_at, expires_at: found.expires_at, ..expected.clone() };
        let holds = found.lifetime().holds(work.now, work.desk.policy.signing.longest_approval());
        let files = (1..=MOST_SIGNATURES).map(|number| read_plain(top, &work.path(&signature(number))));
        let files = files.collect::<Result<Vec<_>>>()?;
        let signatures = files.iter().map_while(Option::as_ref).map(|armored| armored.to_str_lossy().into_owned());
        let signatures: Vec<String> = signatures.collect();
        // A signature that does not count spoils those that do.
        let all: Vec<&[u8]> = signatures.iter().map(String::as_bytes).collect();
        let count = !all.is_empty() && all.len() == files.iter().flatten().count();
        let count = count
            && match work.desk.standing(RoleName::Approve, namespace::APPROVAL, &bytes, &all, work.now) {
                Ok(Standing::Unknown(_)) => args.add,
                Ok(Standing::Counts | Standing::Fewer(_)) => true,
                Err(_) => false,
            };
        if found != as_due || holds.is_err() || !count {
            return Ok(anew);
        }
        if args.days.is_some() {
            return Err(Error::usage(format!("it is signed already, until {}", found.expires_at))
                .help(format!("leave --days out to add your signature, or begin anew: rm {}", work.path(FILE))));
        }
        let bytes = String::from_utf8(bytes).map_err(|_| Error::usage("the signed approval is no UTF-8"))?;
        Ok(Self { bytes, signatures, anew: false })
    }

    fn told(&self) -> String {
        let until = SignedApproval::parse(self.bytes.as_bytes()).map(|approval| approval.expires_at.to_string());
        let until = until.unwrap_or_default();
        match (self.signatures.len(), self.anew) {
            (0, false) => format!("The approval holds until {until}.\n"),
            (0, true) => format!("The approval holds until {until}. What was signed before is replaced.\n"),
            (count, _) => format!("The approval holds until {until}, and has {count} signatures already.\n"),
        }
    }

    /// Whether it counts with one signature more.
    fn seal(&self, work: &Work, armored: &str) -> Result<Standing> {
        let key = fingerprint(armored)?;
        for other in &self.signatures {
            if fingerprint(other)? == key {
                return Err(Error::usage(format!("{key} has signed this approval already")));
            }
        }
        if self.signatures.len() == MOST_SIGNATURES {
            return Err(Error::usage(format!("it has {MOST_SIGNATURES} signatures already")));
        }
        let all = self.signatures.iter().map(String::as_bytes).chain([armored.as_bytes()]);
        let all: Vec<&[u8]> = all.collect();
        work.desk.standing(RoleName::Approve, namespace::APPROVAL, self.bytes.as_bytes(), &all, work.now)
    }

    fn write(&self, work: &Work, top: &Path, armored: &str) -> Result<()> {
        if self.signatures.is_empty() {
            for number in 1..=MOST_SIGNATURES {
                let stale = work.path(&signature(number));
                if read_plain(top, &stale)?.is_some() {
                    fs_err::remove_file(top.join(stale))?;
                }
            }
            write(top, &work.path(FILE), &self.bytes, true)?;
        }
        let path = work.path(&signature(self.signatures.len() + 1));
        write(top, &path, armored, false)
    }
}

/// The file of a signature, by its number.
fn signature(number: usize) -> String {
    match number {
        1 => format!("{FILE}{SIGNATURE}"),
        _ => format!("{FILE}.{number}{SIGNATURE}"),
    }
}
