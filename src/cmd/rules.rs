//! `refgate rules` and `refgate explain`: what the rules say of themselves. docs/rules.md is rendered from here.

use std::fmt::Write as _;
use std::io::Write as _;

use serde::Serialize;

use crate::cli::{Explain, ListFormat, Rules};
use crate::error::{Error, Result};
use crate::escape;
use crate::rule::Rule;
use crate::rules::{ALL, find};

/// Runs `refgate rules`.
///
/// # Errors
/// The list cannot be written.
pub fn list(args: &Rules) -> Result<()> {
    let text = match args.format {
        ListFormat::Human => human(),
        ListFormat::Json => json()?,
        ListFormat::Markdown => markdown(),
    };
    print(&text)
}

/// Runs `refgate explain`.
///
/// # Errors
/// There is no such rule, or the page cannot be written.
pub fn explain(args: &Explain) -> Result<()> {
    let rule = find(&args.rule).ok_or_else(|| {
        let shown = escape::quote_path(args.rule.as_bytes());
        Error::usage(format!("there is no rule {shown}")).help("refgate rules lists them")
    })?;
    print(&page(rule, "#"))
}

pub(super) fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever pipes into `head` has read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

fn human() -> String {
    let width = ALL.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
    let mut out = String::new();
    let mut family = None;
    for rule in ALL {
        if family.replace(rule.family) != Some(rule.family) {
            let _ = writeln!(out, "{}{}", if out.is_empty() { "" } else { "\n" }, rule.family.name());
        }
        let _ = writeln!(out, "  {:width$}  {:8}  {}", rule.id, rule.severity.name(), rule.summary);
    }
    out
}

#[derive(Serialize)]
struct RuleV1 {
    family: &'static str,
    id: &'static str,
    name: &'static str,
    severity: &'static str,
    since: &'static str,
    summary: &'static str,
}

fn json() -> Result<String> {
    let rules: Vec<RuleV1> = ALL
        .iter()
        .map(|rule| RuleV1 {
            family: rule.family.name(),
            id: rule.id,
            name: rule.name,
            severity: rule.severity.name(),
            since: rule.since,
            summary: rule.summary,
        })
        .collect();
    let json = serde_json::to_string_pretty(&rules).map_err(|error| Error::usage(error.to_string()))?;
    Ok(json + "\n")
}

fn markdown() -> String {
    let mut out = String::from(
        "# The rules\n\n<!-- Rendered by `refgate rules --format markdown`; a test compares. -->\n\n\
         `enforce` refuses the push, `evaluate` only reports, `off` switches a rule off; `[rules]` in the policy\n\
         sets each, and `[floor]` in the server's folder holds what no policy can lower.\n\n\
         | Rule | Family | Severity | Refuses |\n|---|---|---|---|\n",
    );
    for rule in ALL {
        let (id, family, severity) = (rule.id, rule.family.name(), rule.severity.name());
        let _ = writeln!(out, "| [`{id}`](#{id}) | {family} | {severity} | {} |", rule.summary);
    }
    for rule in ALL {
        let _ = write!(out, "\n{}", page(rule, "##"));
    }
    out
}

fn page(rule: &Rule, heading: &str) -> String {
    let docs = rule.docs;
    let mut out = format!(
        "{heading} {}\n\n{}. Family {}, severity {}{}, since {}.\n",
        rule.id,
        rule.name,
        rule.family.name(),
        rule.severity.name(),
        if rule.fixed { " (no policy changes it)" } else { "" },
        rule.since
    );
    let parts = [
        ("Refuses", docs.refuses),
        ("Why", docs.why),
        ("Example", docs.example),
        ("Fix", docs.fix),
        ("Override", docs.waiver.text()),
    ];
    for (title, text) in parts {
        let _ = write!(out, "\n**{title}.** {text}\n");
    }
    out
}
