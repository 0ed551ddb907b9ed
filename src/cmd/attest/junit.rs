//! JUnit's XML, as test runners write it: there is no standard, so a failure counts wherever it stands.
//!
//! Owns what such a report comes to. Must not know where it came from, nor what is done with the outcome.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::report::{Report, text};
use crate::escape;
use crate::statement::check::Outcome;

/// Deeper than any test runner nests.
const MAX_DEPTH: usize = 32;

/// A test case that is being read.
struct Case {
    name: String,
    depth: usize,
    failed: bool,
    skipped: bool,
}

/// What is known half way.
struct Reading {
    report: Report,
    /// How many elements stand around.
    depth: usize,
    /// Whether the root is closed.
    closed: bool,
    case: Option<Case>,
    ran: usize,
    failures: usize,
    /// What the suites say of themselves, at most.
    claimed: usize,
}

/// Reads a report.
///
/// # Errors
/// Why it is none, as a part of a sentence that begins with the file.
pub(super) fn read(bytes: &[u8], allow_empty: bool) -> Result<Report, String> {
    let mut reader = Reader::from_str(text(bytes)?);
    reader.config_mut().enable_all_checks(true);
    let mut reading =
        Reading { report: Report::new(), depth: 0, closed: false, case: None, ran: 0, failures: 0, claimed: 0 };
    loop {
        let event = reader.read_event().map_err(|error| format!("is no XML: {}", shown(&error)))?;
        match event {
            Event::Start(element) => reading.open(&element)?,
            Event::Empty(element) => {
                reading.open(&element)?;
                reading.close();
            }
            Event::End(_) => reading.close(),
            Event::Text(text) => reading.text(text.trim_ascii().is_empty())?,
            Event::CData(_) => reading.text(false)?,
            Event::GeneralRef(reference) => {
                reading.text(false)?;
                known(&reference)?;
            }
            Event::DocType(_) => return Err("has a document type, which no test runner writes".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    reading.end(allow_empty)
}

/// No entity has a meaning but XML's own five and characters by their number: so nothing ever expands.
fn known(reference: &str) -> Result<(), String> {
    match reference {
        "amp" | "lt" | "gt" | "quot" | "apos" => Ok(()),
        number if number.starts_with('#') => Ok(()),
        other => Err(format!("names the entity {}, which is not declared", escape::excerpt(other))),
    }
}

fn shown(error: &dyn std::fmt::Display) -> String {
    escape::excerpt(&error.to_string())
}

impl Reading {
    fn open(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        if self.closed {
            return Err("is no XML: something follows the root element".to_owned());
        }
        let name = element.local_name();
        let name = name.as_ref();
        if self.depth == 0 && !matches!(name, "testsuites" | "testsuite") {
            return Err(format!("is no JUnit report: it begins with <{}>", escape::excerpt(name)));
        }
        if self.depth == MAX_DEPTH {
            return Err(format!("is nested more than {MAX_DEPTH} levels deep"));
        }
        let attributes = attributes(element)?;
        let value = |key: &str| attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        match name {
            "testsuites" | "testsuite" => self.claim(&value)?,
            "testcase" => {
                if self.case.is_some() {
                    return Err("has a test case within a test case".to_owned());
                }
                let name = value("name").unwrap_or_default();
                let name = match value("classname") {
                    Some(class) if !class.is_empty() => format!("{class}.{name}"),
                    _ => name.to_owned(),
                };
                self.case = Some(Case { name, depth: self.depth, failed: false, skipped: false });
            }
            "failure" | "error" => {
                self.failures += 1;
                match &mut self.case {
                    Some(case) => case.failed = true,
                    // A suite that could not even begin.
                    None => self.report.add(Outcome::Failed, value("message").unwrap_or("outside of any test")),
                }
            }
            "skipped" => {
                if let Some(case) = &mut self.case {
                    case.skipped = true;
                }
            }
            _ => {}
        }
        self.depth += 1;
        Ok(())
    }

    /// What a suite says of itself: where it counts more failures than it shows, they count too.
    fn claim<'v>(&mut self, value: &dyn Fn(&str) -> Option<&'v str>) -> Result<(), String> {
        for key in ["failures", "errors"] {
            let Some(text) = value(key) else { continue };
            let number = text.trim().parse().map_err(|_| format!("says {key}=\"{}\"", escape::excerpt(text)))?;
            self.claimed = self.claimed.max(number);
        }
        Ok(())
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.closed |= self.depth == 0;
        if let Some(case) = self.case.take_if(|case| case.depth == self.depth) {
            match (case.failed, case.skipped) {
                (true, _) => self.report.add(Outcome::Failed, &case.name),
                (false, true) => return,
                (false, false) => self.report.add(Outcome::Passed, &case.name),
            }
            self.ran += 1;
        }
    }

    fn text(&self, is_blank: bool) -> Result<(), String> {
        if self.depth == 0 && !is_blank {
            return Err("is no XML: text stands outside the root element".to_owned());
        }
        Ok(())
    }

    fn end(mut self, allow_empty: bool) -> Result<Report, String> {
        if !self.closed {
            return Err("is no XML: it ends within an element".to_owned());
        }
        if self.claimed > self.failures {
            let message = format!("{} failures that the report counts and does not show", self.claimed - self.failures);
            self.report.add(Outcome::Failed, &message);
        }
        if self.ran == 0 && self.report.outcome == Outcome::Passed && !allow_empty {
            return Err("holds no test that ran; where that is meant so: --allow-empty".to_owned());
        }
        // A test that failed in one run did not pass in another.
        let failed = self.report.failed.clone();
        self.report.passed.retain(|name| !failed.contains(name));
        Ok(self.report)
    }
}

/// The attributes of an element, each once.
fn attributes(element: &BytesStart<'_>) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    for attribute in element.attributes() {
        let attribute = attribute.map_err(|error| format!("is no XML: {}", shown(&error)))?;
        let name = attribute.key.as_ref().to_owned();
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| format!("is no XML: {}", shown(&error)))?;
        found.push((name, value.into_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
