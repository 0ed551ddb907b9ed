//! SARIF 2.1.0 (OASIS Standard), as analysers write it.
//!
//! Owns what such a report comes to. Must not know where it came from, nor what is done with the outcome. What the
//! standard lets a producer leave open counts as the standard says; what it does not know is refused.

use serde_json::Value;

use super::report::{Report, text};
use crate::cli::sign::Level as FailOn;
use crate::escape;
use crate::statement::check::Outcome;
use crate::strict_json;

/// How bad a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    None,
    Note,
    Warning,
    Error,
}

/// Reads a report; a result of at least `fail_on` fails the check, one below is a warning.
///
/// # Errors
/// Why it is none, as a part of a sentence that begins with the file.
pub(super) fn read(bytes: &[u8], fail_on: FailOn) -> Result<Report, String> {
    let log = strict_json::parse_bounded(text(bytes)?.as_bytes()).map_err(|error| format!("is no JSON: {error}"))?;
    if log.get("version").and_then(Value::as_str) != Some("2.1.0") {
        return Err("is no SARIF 2.1.0: `version` does not say so".to_owned());
    }
    if log.get("inlineExternalProperties").is_some() {
        return Err("keeps parts outside its runs (inlineExternalProperties), which is not read".to_owned());
    }
    let runs = list(&log, "runs")?.ok_or("is no SARIF 2.1.0: it has no `runs`")?;
    if runs.is_empty() {
        return Err("holds no run".to_owned());
    }
    let fail_on = match fail_on {
        FailOn::Error => Level::Error,
        FailOn::Warning => Level::Warning,
        FailOn::Note => Level::Note,
    };
    let mut report = Report::new();
    for run in runs {
        look(run, fail_on, &mut report)?;
    }
    Ok(report)
}

fn look(run: &Value, fail_on: Level, report: &mut Report) -> Result<(), String> {
    if run.get("externalPropertyFileReferences").is_some() {
        return Err("keeps parts in other files (externalPropertyFileReferences), which are not read".to_owned());
    }
    for invocation in list(run, "invocations")?.into_iter().flatten() {
        match invocation.get("executionSuccessful") {
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => return Err("says that the tool itself failed".to_owned()),
            _ => return Err("does not say whether the tool itself succeeded (executionSuccessful)".to_owned()),
        }
    }
    // The standard: no results means that nobody looked for any.
    let results = list(run, "results")?.ok_or("has a run without `results`, so nothing was looked for")?;
    for result in results {
        if !result.is_object() {
            return Err("has a result that is no object".to_owned());
        }
        let level = level(run, result)?;
        if level == Level::None || is_gone(result)? || is_suppressed(result)? {
            continue;
        }
        let outcome = if level >= fail_on { Outcome::Failed } else { Outcome::Warned };
        report.add(outcome, rule_id(result).unwrap_or("a result without a rule"));
    }
    Ok(())
}

/// SARIF 2.1.0, 3.27.10: the result's own level, else that of its rule, else `warning`.
fn level(run: &Value, result: &Value) -> Result<Level, String> {
    let kind = match result.get("kind").map(|kind| kind.as_str().unwrap_or_default()) {
        None | Some("fail") => Level::Warning,
        Some("pass" | "open" | "informational" | "notApplicable" | "review") => Level::None,
        Some(other) => return Err(unknown("kind", other)),
    };
    if let Some(own) = result.get("level") {
        return parse_level(own);
    }
    if kind == Level::None {
        return Ok(Level::None);
    }
    let rule = rule(run, result)?;
    let mut level = match rule.and_then(|rule| rule.pointer("/defaultConfiguration/level")) {
        Some(default) => parse_level(default)?,
        None => Level::Warning,
    };
    // Which invocation a result is of, few tools say: the worst that any of them makes of the rule counts.
    let id = rule.and_then(|rule| rule.get("id")).and_then(Value::as_str).or(rule_id(result));
    for invocation in list(run, "invocations")?.into_iter().flatten() {
        for change in list(invocation, "ruleConfigurationOverrides")?.into_iter().flatten() {
            let of = change.pointer("/descriptor/id").and_then(Value::as_str);
            if let (true, Some(changed)) = (of.is_none() || of == id, change.pointer("/configuration/level")) {
                level = level.max(parse_level(changed)?);
            }
        }
    }
    Ok(level)
}

/// The rule of a result, where the report describes it.
fn rule<'r>(run: &'r Value, result: &Value) -> Result<Option<&'r Value>, String> {
    let index = |value: Option<&Value>| match value {
        None => Ok(None),
        Some(value) if value.as_i64() == Some(-1) => Ok(None),
        Some(value) => {
            value.as_u64().and_then(|index| usize::try_from(index).ok()).map(Some).ok_or("has an index that is none")
        }
    };
    let extension = index(result.pointer("/rule/toolComponent/index"))?;
    let tool = match extension {
        Some(number) => run.pointer(&format!("/tool/extensions/{number}")),
        None => run.pointer("/tool/driver"),
    };
    let tool = tool.ok_or("has a result of a tool that it does not describe")?;
    let rules = list(tool, "rules")?.map(Vec::as_slice).unwrap_or_default();
    let number = match index(result.get("ruleIndex"))? {
        Some(number) => Some(number),
        None => index(result.pointer("/rule/index"))?,
    };
    if let Some(number) = number {
        return rules
            .get(number)
            .map(Some)
            .ok_or_else(|| "has a result of a rule that it does not describe".to_owned());
    }
    let Some(id) = rule_id(result) else { return Ok(None) };
    let named = |id: &str| rules.iter().find(|rule| rule.get("id").and_then(Value::as_str) == Some(id));
    // 3.27.5: behind a slash stands which part of the rule it was.
    Ok(named(id).or_else(|| id.rsplit_once('/').and_then(|(rule, _)| named(rule))))
}

fn rule_id(result: &Value) -> Option<&str> {
    result.get("ruleId").or_else(|| result.pointer("/rule/id")).and_then(Value::as_str)
}

/// SARIF 2.1.0, 3.27.24: a result of an earlier run that is no longer there.
fn is_gone(result: &Value) -> Result<bool, String> {
    match result.get("baselineState").map(|state| state.as_str().unwrap_or_default()) {
        None | Some("new" | "unchanged" | "updated") => Ok(false),
        Some("absent") => Ok(true),
        Some(other) => Err(unknown("baselineState", other)),
    }
}

/// SARIF 2.1.0, 3.27.23: suppressed where there are suppressions and none of them is rejected or still looked at.
fn is_suppressed(result: &Value) -> Result<bool, String> {
    let suppressions = list(result, "suppressions")?.map(Vec::as_slice).unwrap_or_default();
    let mut all = !suppressions.is_empty();
    for suppression in suppressions {
        match suppression.get("kind").and_then(Value::as_str) {
            Some("inSource" | "external") => {}
            other => return Err(unknown("suppressions[].kind", other.unwrap_or_default())),
        }
        match suppression.get("status").map(|status| status.as_str().unwrap_or_default()) {
            None | Some("accepted") => {}
            Some("underReview" | "rejected") => all = false,
            Some(other) => return Err(unknown("suppressions[].status", other)),
        }
    }
    Ok(all)
}

fn parse_level(value: &Value) -> Result<Level, String> {
    match value.as_str() {
        Some("none") => Ok(Level::None),
        Some("note") => Ok(Level::Note),
        Some("warning") => Ok(Level::Warning),
        Some("error") => Ok(Level::Error),
        other => Err(unknown("level", other.unwrap_or_default())),
    }
}

fn unknown(field: &str, value: &str) -> String {
    format!("says {field} \"{}\", which SARIF 2.1.0 does not know", escape::excerpt(value))
}

/// An array, where there is one; `null` stands for none.
fn list<'v>(value: &'v Value, key: &str) -> Result<Option<&'v Vec<Value>>, String> {
    match value.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list)),
        Some(_) => Err(format!("has `{key}` that is no array")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn log(results: &Value) -> Value {
        let rules = json!([
            {"id": "E1", "defaultConfiguration": {"level": "error"}},
            {"id": "N1", "defaultConfiguration": {"level": "note"}},
            {"id": "P1"},
        ]);
        let tool = json!({
            "driver": {"name": "x", "rules": rules},
            "extensions": [{"name": "y", "rules": [{"id": "X1", "defaultConfiguration": {"level": "none"}}]}],
        });
        let invocations = json!([{"executionSuccessful": true}]);
        json!({"version": "2.1.0", "runs": [{"tool": tool, "results": results, "invocations": invocations}]})
    }

    fn found(result: &Value, fail_on: FailOn) -> Result<Outcome, String> {
        read(log(&json!([result])).to_string().as_bytes(), fail_on).map(|report| report.outcome)
    }

    #[test]
    fn the_level_is_the_result_s_else_the_rule_s_else_a_warning() {
        use Outcome::{Failed, Passed, Warned};
        for (result, expected) in [
            (json!({"level": "error", "ruleId": "N1"}), [Failed, Failed, Failed]),
            (json!({"level": "warning", "ruleId": "E1"}), [Warned, Failed, Failed]),
            (json!({"level": "note"}), [Warned, Warned, Failed]),
            (json!({"level": "none"}), [Passed, Passed, Passed]),
            (json!({"ruleId": "E1"}), [Failed, Failed, Failed]),
            (json!({"ruleId": "E1/part"}), [Failed, Failed, Failed]),
            (json!({"rule": {"id": "E1"}}), [Failed, Failed, Failed]),
            (json!({"ruleIndex": 0}), [Failed, Failed, Failed]),
            (json!({"rule": {"index": 1}}), [Warned, Warned, Failed]),
            (json!({"rule": {"index": 0, "toolComponent": {"index": 0}}}), [Passed, Passed, Passed]),
            (json!({"ruleId": "N1"}), [Warned, Warned, Failed]),
            (json!({"ruleId": "P1"}), [Warned, Failed, Failed]),
            (json!({"ruleId": "unknown"}), [Warned, Failed, Failed]),
            (json!({}), [Warned, Failed, Failed]),
            (json!({"kind": "pass", "ruleId": "E1"}), [Passed, Passed, Passed]),
            (json!({"kind": "review", "level": "error"}), [Failed, Failed, Failed]),
        ] {
            for (fail_on, expected) in [FailOn::Error, FailOn::Warning, FailOn::Note].into_iter().zip(expected) {
                assert_eq!(found(&result, fail_on), Ok(expected), "{result} {fail_on:?}");
            }
        }
    }

    #[test]
    fn what_is_suppressed_or_gone_does_not_count() {
        for (more, counts) in [
            (json!({"suppressions": [{"kind": "inSource"}]}), false),
            (json!({"suppressions": [{"kind": "external", "status": "accepted"}]}), false),
            (json!({"suppressions": []}), true),
            (json!({"suppressions": null}), true),
            (json!({"suppressions": [{"kind": "external", "status": "rejected"}]}), true),
            (json!({"suppressions": [{"kind": "inSource"}, {"kind": "external", "status": "underReview"}]}), true),
            (json!({"baselineState": "absent"}), false),
            (json!({"baselineState": "unchanged"}), true),
        ] {
            let mut result = json!({"level": "error"});
            result.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let expected = if counts { Outcome::Failed } else { Outcome::Passed };
            assert_eq!(found(&result, FailOn::Error), Ok(expected), "{result}");
        }
    }

    #[test]
    fn a_configuration_of_the_run_can_make_a_rule_worse() {
        let mut log = log(&json!([{"ruleId": "N1"}]));
        let change = json!([{"descriptor": {"id": "N1"}, "configuration": {"level": "error"}}]);
        log["runs"][0]["invocations"][0]["ruleConfigurationOverrides"] = change;
        assert_eq!(read(log.to_string().as_bytes(), FailOn::Error).unwrap().outcome, Outcome::Failed);
        log["runs"][0]["invocations"][0]["ruleConfigurationOverrides"][0]["descriptor"]["id"] = json!("E1");
        assert_eq!(read(log.to_string().as_bytes(), FailOn::Error).unwrap().outcome, Outcome::Warned);
        // A rule that the report does not describe has its configuration all the same.
        log["runs"][0]["results"][0]["ruleId"] = json!("other");
        log["runs"][0]["invocations"][0]["ruleConfigurationOverrides"][0]["descriptor"]["id"] = json!("other");
        assert_eq!(read(log.to_string().as_bytes(), FailOn::Error).unwrap().outcome, Outcome::Failed);
    }

    #[test]
    fn no_result_is_a_pass_and_no_results_are_none() {
        let read = |log: &Value| read(log.to_string().as_bytes(), FailOn::Error);
        assert_eq!(read(&log(&json!([]))).unwrap().outcome, Outcome::Passed);
        assert!(read(&log(&Value::Null)).unwrap_err().contains("nothing was looked for"));
        let mut none = log(&json!([]));
        none["runs"][0].as_object_mut().unwrap().remove("results");
        assert!(read(&none).unwrap_err().contains("nothing was looked for"));
        none["runs"] = json!([]);
        assert!(read(&none).unwrap_err().contains("no run"));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for (result, about) in [
            (json!({"level": "critical"}), "level \"critical\""),
            (json!({"level": "Error"}), "level \"Error\""),
            (json!({"level": null}), "level \"\""),
            (json!({"level": 3}), "level \"\""),
            (json!({"level": "\u{1b}[2J"}), "level \"\\033[2J\""),
            (json!({"kind": "broken"}), "kind \"broken\""),
            (json!({"ruleIndex": 9}), "does not describe"),
            (json!({"ruleIndex": -2}), "index that is none"),
            (json!({"rule": {"toolComponent": {"index": 4}}}), "does not describe"),
            (json!({"baselineState": "old"}), "baselineState"),
            (json!({"suppressions": [{}]}), "suppressions[].kind"),
            (json!({"suppressions": [{"kind": "inSource", "status": "yes"}]}), "suppressions[].status"),
            (json!({"suppressions": {}}), "no array"),
            (json!(["x"]), "no object"),
        ] {
            let why = found(&result, FailOn::Error).unwrap_err();
            assert!(why.contains(about), "{result}: {why}");
        }
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let good = log(&json!([]));
        for (change, about) in
            [("version", json!("2.0.0")), ("runs", json!({})), ("inlineExternalProperties", json!([]))]
        {
            let mut log = good.clone();
            log[change] = about;
            assert!(read(log.to_string().as_bytes(), FailOn::Note).is_err(), "{log}");
        }
        for (pointer, value) in [("executionSuccessful", json!(false)), ("executionSuccessful", json!("true"))] {
            let mut log = good.clone();
            log["runs"][0]["invocations"][0][pointer] = value;
            assert!(read(log.to_string().as_bytes(), FailOn::Note).is_err(), "{log}");
        }
        let mut outside = good.clone();
        outside["runs"][0]["externalPropertyFileReferences"] = json!({"results": [{}]});
        assert!(read(outside.to_string().as_bytes(), FailOn::Note).unwrap_err().contains("other files"));
        for text in
            ["", "  ", "{", "[]", "null", "{\"version\":\"2.1.0\"}", "{\"version\":\"2.1.0\",\"version\":\"2.1.0\"}"]
        {
            assert!(read(text.as_bytes(), FailOn::Note).is_err(), "{text}");
        }
        assert!(read(&[b'['; 1000], FailOn::Note).is_err());
        // Larger than any document of our own, and marked as some tools do.
        let large = log(&Value::Array(vec![json!({"level": "note", "message": {"text": "x".repeat(100)}}); 9_000]));
        let text = format!("\u{feff}{large}");
        assert_eq!(read(text.as_bytes(), FailOn::Error).unwrap().outcome, Outcome::Warned);
    }
}
