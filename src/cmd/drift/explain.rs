//! `refgate drift explain`: all that is said of one field, and where.

use std::fmt::Write as _;

use bstr::ByteSlice as _;

use super::{State, place};
use crate::change::drift::between;
use crate::cli::drift::Explain;
use crate::cmd::rules::print;
use crate::drift::acknowledgement::{Acknowledgement, dotted, in_approval, write_field};
use crate::drift::compare::Known;
use crate::drift::config::{Mode, Wanted};
use crate::drift::path::FieldPath;
use crate::drift::shape::Form;
use crate::drift::survey::{self, Listed, Mapping, Survey, Tree as _};
use crate::env::Env;
use crate::error::Result;
use crate::escape;
use crate::provenance::task::APPROVAL;

/// What is said of a field: the word for it, and each place with its words.
type Said = Vec<(&'static str, Vec<String>)>;

/// Runs the command. The exit status: 0 where anything is known of the field, 1 where nothing is.
///
/// # Errors
/// It is no field, or something cannot be read.
pub fn run(args: &Explain, env: &Env, now: jiff::Timestamp) -> Result<u8> {
    let (ty, path) = super::field(&args.field)?;
    let state = State::open(&args.seen, None, env)?;
    let name = write_field(&ty, &path);
    let mut said: Said = vec![("declared", declared(&state, &ty, &path)?)];
    let nearest = documented(&state, &ty, &path, &mut said)?;
    said.push(("written", written(&state, &ty, &path)?));
    let root = state.repo.commit(state.commit)?.tree;
    let survey = between(&state.repo, &state.policy, Some(root), root, Some(Mode::Absolute))?.unwrap_or_default();
    let (mut places, approved) = acknowledged(&state, &survey, &ty, &path)?;
    let is_approved = !approved.is_empty();
    places.extend(approved);
    said.push(("acknowledged", places));
    let [_, baseline] = &survey.baseline;
    let lines = baseline.iter().flatten().filter(|line| line.split(' ').any(|word| word == name));
    said.push(("in the baseline", lines.map(|line| escape::printable(line)).collect()));
    let is_known = said.iter().any(|(_, places)| !places.is_empty());
    // As findings name it; what the server holds tells a rename as refgate drift check tells it.
    let dotted = dotted(&ty, &path);
    let mut found = Vec::new();
    for finding in state.standing(state.drift_alone(), state.held(), now)? {
        let Some(field) = &finding.words.field else { continue };
        if field.field == dotted || field.to.as_ref() == Some(&dotted) {
            found.push(format!("{}: {}", finding.rule, finding.words.message));
        }
    }
    let is_found = !found.is_empty();
    said.push(("found", found));
    let mut text = format!("refgate: {}, of {}\n\n", escape::printable(&name), state.name());
    for (word, places) in &said {
        let none = ["no".to_owned()];
        let places = if places.is_empty() { none.as_slice() } else { places };
        for (at, place) in places.iter().enumerate() {
            let _ = writeln!(text, "  {:15}  {place}", if at == 0 { word } else { "" });
        }
    }
    if is_found && is_approved {
        text.push_str("\n  what the approval acknowledges counts where its task is judged: refgate drift check\n");
    }
    if let Some(nearest) = nearest.filter(|_| !is_known) {
        let _ = writeln!(text, "\n  the nearest path of the contract is {}", escape::printable(&nearest));
    }
    print(&text)?;
    Ok(u8::from(!is_known))
}

fn declared(state: &State, ty: &str, path: &FieldPath) -> Result<Vec<String>> {
    let (all, _) = survey::fields(&state.config, &state.tree()?)?;
    let own = all.iter().filter(|one| *one.field.ty == *ty && one.field.path == *path);
    let sources: Vec<_> = state.config.contracts.iter().flat_map(|held| &held.sources).collect();
    let told = own.map(|Listed { language, field, place: at }| {
        let counts = sources.iter().any(|source| {
            source.language == *language && source.files.has(&at.file) && Wanted::any(&source.kinds, field)
        });
        let free = if counts { "" } else { "; `kinds` of its source leaves out that a contract must list it" };
        format!("{}  {} ({}){free}", place(&at.file, at.line, at.column), field.kind_name(), language.name())
    });
    Ok(told.collect())
}

/// Where contracts list the field, and where they retire it; returns the path that is most like it.
fn documented(state: &State, ty: &str, path: &FieldPath, said: &mut Said) -> Result<Option<String>> {
    let (mut listed, mut retired, mut nearest) = (Vec::new(), Vec::new(), None);
    for (file, contract) in super::contract::contracts(state)? {
        for entry in contract.entries.iter().filter(|entry| entry.ty == ty && entry.path.covers(path)) {
            let by = if entry.path == *path { String::new() } else { format!("  by {}", entry.path) };
            listed.push(format!("{}{}", place(file, entry.line, 0), escape::printable(&(by + &entry.target.behind()))));
        }
        for one in contract.retired.iter().filter(|one| one.ty == ty && (one.from == *path || one.to == *path)) {
            let words = format!("{} -> {}", one.from, one.to);
            retired.push(format!("{}  {}", place(file, one.line, 0), escape::printable(&words)));
        }
        nearest = nearest.or_else(|| Known::of(Some(&contract)).nearest(ty, path).to(ty, path));
    }
    said.push(("in the contract", listed));
    said.push(("retired", retired));
    Ok(nearest)
}

fn written(state: &State, ty: &str, path: &FieldPath) -> Result<Vec<String>> {
    let mut places = Vec::new();
    for (one, at) in survey::written(&state.config, &state.tree()?)? {
        let Ok(own) = FieldPath::parse(&one.path) else { continue };
        let is = match &one.ty {
            Some(named) => named == ty && own == *path,
            None => own == *path || own.split_type().is_some_and(|(named, below)| named == ty && below == *path),
        };
        if is {
            let form = match one.form {
                Mapping::Site(Form::Call) => "an argument of a mapping function",
                Mapping::Site(Form::Table) => "a value of a mapping table",
                Mapping::Site(Form::Literal) => "a key of an object",
                Mapping::Site(Form::Patch) => "a path in a patch",
                Mapping::Claim => "a claim of the file's header",
            };
            places.push(format!("{}  {form}", place(&at.file, at.line, at.column)));
        }
    }
    Ok(places)
}

/// In code and in contracts; and in the approval of the task whose branch is looked at.
fn acknowledged(state: &State, survey: &Survey, ty: &str, path: &FieldPath) -> Result<(Vec<String>, Vec<String>)> {
    let told = |file: &[u8], one: &Acknowledgement| {
        let is = one.fields.iter().any(|(own, below)| own == ty && below == path);
        let by = one.approved_by.as_deref().filter(|by| !by.is_empty()).unwrap_or("nobody");
        let what = one.divergence.word().unwrap_or("diverging");
        is.then(|| format!("{}  {what}; approved by {}", place(file, one.line, 0), escape::one_line(by)))
    };
    let places = survey.given.iter().filter_map(|given| told(&given.file, &given.acknowledgement)).collect();
    let mut approved = Vec::new();
    let task = state.branch.as_ref().and_then(|name| state.policy.task_of(name.as_bstr()));
    if let Some(task) = task {
        let file = format!("{}/{task}/{APPROVAL}", state.policy.trace);
        let bytes = state.tree()?.blob(file.as_str().into())?.and_then(|blob| blob.bytes).unwrap_or_default();
        approved.extend(in_approval(&bytes).0.iter().filter_map(|one| told(file.as_bytes(), one)));
    }
    Ok((places, approved))
}
