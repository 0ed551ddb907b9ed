//! `refgate drift fields`: what the sources declare, and what of them could not be read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::{State, count, file, place};
use crate::cli::Format;
use crate::cli::drift::Look;
use crate::cmd::rules::print;
use crate::drift::survey::{self, Listed, Unread};
use crate::env::Env;
use crate::error::Result;
use crate::escape;
use crate::report::json;

/// Runs the command.
///
/// # Errors
/// Something cannot be read.
pub fn run(args: &Look, env: &Env) -> Result<()> {
    let state = State::of(&args.state, env)?;
    let (fields, unread) = survey::fields(&state.config, &state.tree()?)?;
    print(&match args.format {
        Format::Human => human(&state, &fields, &unread),
        Format::Json => json::line(&wire(&fields, &unread)),
    })
}

fn human(state: &State, fields: &[Listed], unread: &[Unread]) -> String {
    let mut types: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
    for declared in fields {
        types.entry(&declared.field.ty).or_default().push(declared);
    }
    let blind = match unread.len() {
        0 => String::new(),
        some => format!("; {} could not be read", count(some, "place")),
    };
    let (all, of) = (count(fields.len(), "field"), count(types.len(), "type"));
    let mut text = format!("refgate: {all} in {of}, of {}{blind}\n", state.name());
    for (ty, fields) in types {
        let _ = writeln!(text, "\n  {}", escape::printable(ty));
        let paths: Vec<String> = fields.iter().map(|one| escape::printable(&one.field.path.to_string())).collect();
        let width = paths.iter().map(String::len).max().unwrap_or_default().min(40);
        for (Listed { language, field, place: at }, path) in fields.into_iter().zip(paths) {
            let at = place(&at.file, at.line, at.column);
            let _ = writeln!(text, "    {path:width$}  {:8} {at}  {}", field.kind_name(), language.name());
        }
    }
    if !unread.is_empty() {
        text.push_str("\n  could not be read\n");
    }
    for Unread { place: at, reason } in unread {
        let _ = writeln!(text, "    {}  {}", place(&at.file, at.line, at.column), escape::one_line(reason));
    }
    text
}

// Fields stand in alphabetical order: that is what makes the keys sorted.

#[derive(Serialize)]
struct FieldsV1<'a> {
    fields: Vec<FieldV1<'a>>,
    unread: Vec<UnreadV1<'a>>,
}

#[derive(Serialize)]
struct FieldV1<'a> {
    column: u32,
    enumerated: bool,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_bytes: Option<String>,
    kind: &'static str,
    line: u32,
    path: String,
    source: &'static str,
    #[serde(rename = "type")]
    ty: &'a str,
}

#[derive(Serialize)]
struct UnreadV1<'a> {
    column: u32,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_bytes: Option<String>,
    line: u32,
    reason: &'a str,
}

fn wire<'a>(fields: &'a [Listed], unread: &'a [Unread]) -> FieldsV1<'a> {
    let field = |Listed { language, field, place: at }: &'a Listed| {
        let (file, file_bytes) = file(&at.file);
        FieldV1 {
            column: at.column,
            enumerated: field.enumerated,
            file,
            file_bytes,
            kind: field.kind.name(),
            line: at.line,
            path: field.path.to_string(),
            source: language.name(),
            ty: &field.ty,
        }
    };
    let blind = |Unread { place, reason }: &'a Unread| {
        let (file, file_bytes) = file(&place.file);
        UnreadV1 { column: place.column, file, file_bytes, line: place.line, reason }
    };
    FieldsV1 { fields: fields.iter().map(field).collect(), unread: unread.iter().map(blind).collect() }
}
