//! The verdict for machines: `refgate.verdict/1`, canonical JSON (sorted keys, one line, no time, host or absolute
//! path). The wire structs are frozen apart from the program's own; docs/schema/verdict.json describes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::error::Error;
use crate::escape;
use crate::finding::{Finding, Override, UpdateVerdict, Verdict};
use crate::oid::Oid;

// Fields stand in alphabetical order: that is what makes the keys sorted.

#[derive(Serialize)]
struct VerdictV1<'a> {
    actor: Option<&'a str>,
    decision: &'static str,
    input: Option<String>,
    overrides: Vec<OverrideV1<'a>>,
    policy: Option<String>,
    problem: Option<ProblemV1<'a>>,
    schema: &'static str,
    updates: Vec<UpdateV1<'a>>,
}

#[derive(Serialize)]
struct OverrideV1<'a> {
    id: &'a str,
    justification: &'a str,
    principal: &'a str,
    #[serde(rename = "ref")]
    name: String,
}

#[derive(Serialize)]
pub(super) struct ProblemV1<'a> {
    help: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct UpdateV1<'a> {
    base: Option<Oid>,
    class: &'static str,
    commits: usize,
    findings: Vec<FindingV1<'a>>,
    new: Oid,
    old: Oid,
    problem: Option<ProblemV1<'a>>,
    #[serde(rename = "ref")]
    name: String,
    #[serde(rename = "ref_bytes", skip_serializing_if = "Option::is_none")]
    name_bytes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    restores: Option<Oid>,
    source: Option<String>,
    task: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    way: Option<&'static str>,
}

#[derive(Serialize)]
pub(super) struct FindingV1<'a> {
    column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contract: Option<ContractV1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    fingerprint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
    help: &'a str,
    line: Option<u32>,
    message: &'a str,
    name: &'static str,
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
    rule: &'static str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    waived: Option<&'a str>,
}

#[derive(Serialize)]
struct ContractV1 {
    line: Option<u32>,
    path: String,
}

/// The verdict as one line of JSON, with its line feed.
pub fn render(verdict: &Verdict) -> String {
    let wire = VerdictV1 {
        actor: verdict.actor.as_deref(),
        decision: verdict.decision.name(),
        input: verdict.input.as_ref().map(|digest| format!("sha256:{digest}")),
        overrides: verdict.overrides.iter().map(used).collect(),
        policy: verdict.policy.as_ref().map(|digest| format!("sha256:{digest}")),
        problem: verdict.problem.as_ref().map(problem),
        schema: "refgate.verdict/1",
        updates: verdict.updates.iter().map(update).collect(),
    };
    line(&wire)
}

/// A document as one line of ASCII, with its line feed. The keys are sorted when the fields of `wire` are.
pub fn line(wire: &impl Serialize) -> String {
    let mut line = Vec::new();
    write(&mut line, wire);
    line.push(b'\n');
    // It is ASCII.
    String::from_utf8(line).unwrap_or_default()
}

/// The same without its line feed, behind what stands in `out`.
pub fn write(out: &mut Vec<u8>, wire: &impl Serialize) {
    // Plain structs with string keys cannot fail to serialize, nor a vector to be written to.
    let _ = wire.serialize(&mut serde_json::Serializer::with_formatter(out, Ascii));
}

/// Printable ASCII. Other characters stand in strings only, where JSON has an escape for each: whoever prints a verdict to a terminal
/// prints nothing that the pusher could use there.
struct Ascii;

impl serde_json::ser::Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + std::io::Write>(&mut self, out: &mut W, text: &str) -> std::io::Result<()> {
        // Of the control characters JSON itself escapes all but this one.
        let is_plain = |c: char| c.is_ascii() && c != '\u{7f}';
        if text.bytes().all(|byte| is_plain(byte.into())) {
            return out.write_all(text.as_bytes());
        }
        let mut units = [0; 2];
        for c in text.chars() {
            if is_plain(c) {
                write!(out, "{c}")?;
            } else {
                c.encode_utf16(&mut units).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))?;
            }
        }
        Ok(())
    }
}

fn used(used: &Override) -> OverrideV1<'_> {
    OverrideV1 {
        id: &used.id,
        justification: &used.justification,
        principal: &used.principal,
        name: text(&used.name).0,
    }
}

fn update(update: &UpdateVerdict) -> UpdateV1<'_> {
    let (name, name_bytes) = text(&update.name);
    UpdateV1 {
        base: update.base,
        class: update.class,
        commits: update.commits,
        findings: update.findings.iter().map(finding).collect(),
        new: update.new,
        old: update.old,
        problem: update.problem.as_ref().map(problem),
        name,
        name_bytes,
        restores: update.restores,
        source: update.source.as_ref().map(|source| text(source).0),
        task: update.task.as_ref().map(|task| text(task).0),
        way: update.way,
    }
}

pub(super) fn finding(finding: &Finding) -> FindingV1<'_> {
    let (path, path_bytes) = finding.path.as_ref().map(|path| text(path)).unzip();
    FindingV1 {
        column: finding.column,
        contract: finding
            .words
            .field
            .as_ref()
            .map(|field| ContractV1 { line: field.contract_line, path: text(&field.contract).0 }),
        field: finding.words.field.as_ref().map(|field| field.field.as_str()),
        fingerprint: &finding.fingerprint,
        from: finding.words.field.as_ref().and_then(|field| field.from.as_deref()),
        help: &finding.words.help,
        line: finding.line,
        message: &finding.words.message,
        name: finding.name,
        path,
        path_bytes: path_bytes.flatten(),
        rule: finding.rule,
        severity: finding.severity.name(),
        to: finding.words.field.as_ref().and_then(|field| field.to.as_deref()),
        waived: finding.waived.as_deref(),
    }
}

pub(super) fn problem(error: &Error) -> ProblemV1<'_> {
    ProblemV1 { help: &error.help, message: &error.message }
}

/// UTF-8 as it is; anything else escaped, with its bytes in base64 beside it.
pub fn text(bytes: &[u8]) -> (String, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (escape::escape(bytes), Some(STANDARD.encode(bytes))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::finding::{Decision, Field, Said, Severity, Words};

    fn oid(byte: u8) -> Oid {
        Oid::from_bytes(&[byte; 20]).unwrap()
    }

    fn finding(path: Option<&[u8]>, line: Option<u32>) -> Finding {
        Finding {
            rule: "path-name",
            name: "Path that misleads",
            why: "Because.",
            severity: Severity::Evaluate,
            words: Words::new("the path is not UTF-8", "rename it"),
            path: path.map(Into::into),
            line,
            column: None,
            fingerprint: "0f".repeat(32),
            waived: None,
            baseline: None,
        }
    }

    fn update(name: &[u8], findings: Vec<Finding>) -> UpdateVerdict {
        let (old, new, base) = (oid(0), oid(2), Some(oid(1)));
        UpdateVerdict {
            name: name.into(),
            old,
            new,
            class: "branch",
            base,
            commits: 3,
            findings,
            problem: None,
            source: None,
            task: None,
            way: None,
            restores: None,
        }
    }

    /// Everything that a verdict can hold, once.
    fn full() -> Verdict {
        let sha256 = Oid::from_bytes(&[7; 32]).unwrap();
        let undecided = UpdateVerdict {
            new: sha256,
            way: Some("rollback"),
            restores: Some(oid(3)),
            base: None,
            problem: Some(Error::undecided("an object is missing").help("push again")),
            ..update(b"refs/heads/\xff", Vec::new())
        };
        let findings = vec![
            finding(None, None),
            finding(Some("caf\u{e9}\n\"\\".as_bytes()), Some(7)),
            Finding {
                severity: Severity::Enforce,
                column: Some(2),
                words: Words::later(|| Said {
                    message: "the path is not UTF-8".into(),
                    help: "rename it".into(),
                    field: Some(Field {
                        field: "Order.total".into(),
                        from: Some("Order.total".into()),
                        to: Some("Order.sum".into()),
                        contract: "map.md".into(),
                        contract_line: Some(7),
                    }),
                }),
                ..finding(Some(b"a\xff\x1b"), Some(1))
            },
        ];
        Verdict {
            policy: Some("c".repeat(64)),
            decision: Decision::Refuse,
            actor: Some("alice".into()),
            input: Some("ab".repeat(32)),
            problem: Some(Error::malformed("a line is cut off")),
            overrides: vec![Override {
                id: "0f".repeat(16),
                principal: "bob".into(),
                justification: "the site is down".into(),
                name: "refs/heads/main".into(),
                old: oid(0),
                new: oid(2),
            }],
            updates: vec![update("refs/heads/caf\u{e9}".as_bytes(), findings), undecided],
            bootstrap: true,
            again: None,
        }
    }

    fn bare(decision: Decision) -> Verdict {
        Verdict {
            decision,
            actor: None,
            input: None,
            policy: None,
            problem: None,
            overrides: Vec::new(),
            updates: Vec::new(),
            bootstrap: false,
            again: None,
        }
    }

    fn read(verdict: &Verdict) -> Value {
        serde_json::from_str(&render(verdict)).unwrap()
    }

    /// The keys of every object in the text, in the order written, without trusting a map to keep it.
    fn keys(text: &str) -> Vec<Vec<String>> {
        let (mut open, mut done, mut rest) = (Vec::new(), Vec::new(), text);
        while let Some(first) = rest.chars().next() {
            let mut taken = 1;
            match first {
                '{' => open.push(Vec::new()),
                '}' => done.extend(open.pop()),
                '"' => {
                    let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                    let string = strings.next().unwrap().unwrap();
                    taken = strings.byte_offset();
                    if rest[taken..].starts_with(':') {
                        open.last_mut().unwrap().push(string);
                    }
                }
                _ => taken = first.len_utf8(),
            }
            rest = &rest[taken..];
        }
        done
    }

    #[test]
    fn keys_are_sorted_at_every_level_and_all_stands_on_one_line() {
        let text = render(&full());
        assert_eq!(text.find('\n'), Some(text.len() - 1));
        let objects = keys(&text);
        assert!(objects.len() >= 7, "{objects:?}");
        for object in objects {
            assert!(object.is_sorted() && !object.is_empty(), "{object:?}");
        }
    }

    #[test]
    fn the_same_verdict_is_the_same_bytes() {
        assert_eq!(render(&full()), render(&full()));
    }

    #[test]
    fn a_path_that_is_no_utf_8_has_its_bytes_beside_it_and_no_other_has() {
        let verdict = read(&full());
        let findings = &verdict["updates"][0]["findings"];
        assert_eq!((&findings[0]["path"], findings[0].get("path_bytes")), (&Value::Null, None));
        assert_eq!((&findings[1]["path"], findings[1].get("path_bytes")), (&json!("caf\u{e9}\n\"\\"), None));
        assert_eq!((&findings[2]["path"], &findings[2]["path_bytes"]), (&json!(r"a\377\033"), &json!("Yf8b")));
        assert_eq!(verdict["updates"][0].get("ref_bytes"), None);
        let strange = &verdict["updates"][1];
        assert_eq!((&strange["ref"], &strange["ref_bytes"]), (&json!(r"refs/heads/\377"), &json!("cmVmcy9oZWFkcy//")));
    }

    #[test]
    fn what_is_not_there_is_null() {
        let expected = json!({
            "actor": null, "decision": "accept", "input": null, "overrides": [], "policy": null, "problem": null,
            "schema": "refgate.verdict/1", "updates": [],
        });
        assert_eq!(read(&bare(Decision::Accept)), expected);
    }

    fn schema() -> Value {
        serde_json::from_str(include_str!("../../docs/schema/verdict.json")).unwrap()
    }

    #[track_caller]
    fn is_valid(value: &Value) -> bool {
        jsonschema::validator_for(&schema()).unwrap().is_valid(value)
    }

    #[test]
    fn every_verdict_fits_the_published_schema() {
        assert!(jsonschema::meta::is_valid(&schema()));
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let verdicts = [full(), bare(Decision::Accept), bare(Decision::Refuse), bare(Decision::Undecided)];
        for verdict in &verdicts {
            let errors: Vec<_> = validator.iter_errors(&read(verdict)).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new());
        }
    }

    #[test]
    fn the_schema_refuses_what_no_verdict_is() {
        let spoilt = |change: &dyn Fn(&mut Value)| {
            let mut value = read(&full());
            change(&mut value);
            is_valid(&value)
        };
        assert!(spoilt(&|_| ()));
        assert!(!spoilt(&|value| value["more"] = json!(1)));
        assert!(!spoilt(&|value| value["decision"] = json!("accepted")));
        assert!(!spoilt(&|value| value["schema"] = json!("refgate.verdict/2")));
        assert!(!spoilt(&|value| value["updates"][0]["more"] = json!(1)));
        assert!(!spoilt(&|value| value["updates"][0]["new"] = json!("abc")));
        assert!(!spoilt(&|value| value["updates"][0]["class"] = json!("trunk")));
        assert!(!spoilt(&|value| value["updates"][1]["problem"]["more"] = json!(1)));
        assert!(!spoilt(&|value| value["updates"][0]["findings"][0]["more"] = json!(1)));
        assert!(!spoilt(&|value| value["updates"][0]["findings"][0]["severity"] = json!("off")));
        assert!(!spoilt(&|value| value["updates"][0]["findings"][1]["line"] = json!(0)));
        for key in ["actor", "decision", "input", "problem", "schema", "updates"] {
            assert!(!spoilt(&|value| drop(value.as_object_mut().unwrap().remove(key))), "{key}");
        }
    }

    #[test]
    fn the_schema_describes_every_field_and_allows_no_other() {
        let mut objects = 0;
        visit(&schema(), &mut |value| {
            let Some(properties) = value.get("properties").and_then(Value::as_object) else { return };
            objects += 1;
            assert_eq!(value["additionalProperties"], json!(false), "{value}");
            for (name, property) in properties {
                let text = property["description"].as_str().unwrap_or_default();
                assert!(text.ends_with('.') && text.is_ascii(), "{name}: {text}");
            }
        });
        assert_eq!(objects, 6);
    }

    #[test]
    fn every_field_of_the_schema_is_one_that_is_written() {
        let (schema, text) = (schema(), render(&full()));
        let written: std::collections::BTreeSet<String> = keys(&text).into_iter().flatten().collect();
        visit(&schema, &mut |value| {
            for name in value.get("properties").and_then(Value::as_object).into_iter().flat_map(|map| map.keys()) {
                assert!(written.contains(name), "{name} is described and never written");
            }
        });
    }

    fn visit(value: &Value, seen: &mut dyn FnMut(&Value)) {
        seen(value);
        match value {
            Value::Object(map) => map.values().for_each(|value| visit(value, seen)),
            Value::Array(items) => items.iter().for_each(|value| visit(value, seen)),
            _ => {}
        }
    }
}
