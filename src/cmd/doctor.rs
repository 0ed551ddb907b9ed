//! `refgate doctor`: everything that would let the gate be walked around, each with the command that mends it.

mod client;
mod find;
mod hook;
mod notify;
mod reach;
mod server;
mod sshd;

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::rules::print;
use crate::cli::{Doctor, Format};
use crate::env::Env;
use crate::error::Result;
use crate::escape;
use crate::report::human::shell_word;

/// How much a complaint weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// The gate can be walked around, or guards nothing.
    Problem,
    /// The gate holds; it would be safer, faster or clearer otherwise.
    Advice,
}

/// One thing that is not as it should be.
// Fields stand in alphabetical order, as in every JSON of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Complaint {
    /// Names the kind of thing, kebab-case, permanent.
    pub id: &'static str,
    /// The command or edit that mends it.
    pub mend: String,
    /// What is wrong, one sentence without a full stop; names in it are escaped already.
    pub what: String,
    /// How much it weighs.
    pub weight: Weight,
}

impl Complaint {
    fn problem(id: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { id, mend: mend.into(), what: what.into(), weight: Weight::Problem }
    }

    fn advice(id: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { weight: Weight::Advice, ..Self::problem(id, what, mend) }
    }
}

/// What was found in one repository.
#[derive(Serialize)]
struct Examined {
    complaints: Vec<Complaint>,
    kind: &'static str,
    repository: String,
}

#[derive(Serialize)]
struct ReportV1<'a> {
    repositories: &'a [Examined],
    schema: &'static str,
}

/// Runs the command. The exit status: 0 where no problem was found, 1 where one was.
///
/// # Errors
/// There is no repository, or nothing can be found out about it.
pub fn run(args: &Doctor, env: &Env) -> Result<u8> {
    let mut all = Vec::new();
    match &args.server {
        Some(root) => {
            let (repositories, unread) = find::repositories(root)?;
            all.extend(unread.into_iter().map(|(folder, error)| examined(&folder, "folder", Err(error))));
            for repository in repositories {
                all.push(examined(
                    &repository,
                    "server",
                    server::examine(&repository, args.sshd_config.as_deref(), env),
                ));
            }
        }
        None => {
            let (repository, guarded) = find::around(&args.repo, env)?;
            all.push(if guarded {
                examined(&repository, "server", server::examine(&repository, args.sshd_config.as_deref(), env))
            } else {
                examined(&repository, "client", client::examine(&repository, env))
            });
        }
    }
    let text = match args.format {
        Format::Human => human(&all),
        Format::Json => {
            let report = ReportV1 { repositories: &all, schema: "refgate.doctor/1" };
            // Plain structs with string keys cannot fail to serialize.
            serde_json::to_string(&report).unwrap_or_default() + "\n"
        }
    };
    print(&text)?;
    Ok(u8::from(count(&all, Weight::Problem) > 0))
}

fn examined(repository: &Path, kind: &'static str, complaints: Result<Vec<Complaint>>) -> Examined {
    let mut complaints = complaints.unwrap_or_else(|error| {
        let help = if error.help.is_empty() { "look for the cause, and ask again".into() } else { error.help };
        vec![Complaint::problem("unreadable", format!("this repository cannot be looked at: {}", error.message), help)]
    });
    complaints.sort_by_key(|one| one.weight);
    Examined { complaints, kind, repository: shown(repository) }
}

fn count(all: &[Examined], weight: Weight) -> usize {
    all.iter().flat_map(|one| &one.complaints).filter(|one| one.weight == weight).count()
}

fn human(all: &[Examined]) -> String {
    let mut text = String::new();
    for one in all {
        let _ = writeln!(text, "{} ({})", one.repository, one.kind);
        for complaint in &one.complaints {
            let note = if complaint.weight == Weight::Advice { " (advice)" } else { "" };
            let _ = writeln!(text, "  {}{note}", complaint.id);
            let _ = writeln!(text, "    what  {}", complaint.what);
            let _ = writeln!(text, "    mend  {}", complaint.mend);
        }
        if one.complaints.is_empty() {
            text.push_str("  nothing to mend\n");
        }
    }
    let (problems, advice) = (count(all, Weight::Problem), count(all, Weight::Advice));
    let of = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let _ = writeln!(
        text,
        "{}, {} in {}",
        of(problems, "problem", "problems"),
        of(advice, "piece of advice", "pieces of advice"),
        of(all.len(), "repository", "repositories"),
    );
    text
}

/// A path for people.
fn shown(path: &Path) -> String {
    escape::quote_path(path.as_os_str().as_encoded_bytes())
}

/// A path for a shell.
fn word(path: &Path) -> String {
    shell_word(path.as_os_str().as_encoded_bytes())
}
