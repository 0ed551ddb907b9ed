use super::*;

fn outcome(text: &str) -> Outcome {
    read(text.as_bytes(), false).unwrap_or_else(|why| panic!("{why}:\n{text}")).outcome
}

fn refused(text: &[u8], about: &str) {
    let why = read(text, false).expect_err(&String::from_utf8_lossy(text));
    assert!(why.contains(about), "expected `{about}`: {why}");
    assert!(why.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{why}");
}

const PYTEST: &str = r#"<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest"
 errors="0" failures="0" skipped="1" tests="3" time="0.02" timestamp="2026-11-21T12:00:00" hostname="h">
 <testcase classname="tests.a" name="test_one[&quot;x&quot; &amp; &#233;]" time="0.001" />
 <testcase classname="tests.a" name="test_two" time="0"><system-out><![CDATA[<failure>]]> &lt;error/&gt;</system-out></testcase>
 <testcase classname="tests.a" name="test_three"><skipped type="pytest.skip" message="later">x</skipped></testcase>
</testsuite></testsuites>
"#;

#[test]
fn what_runners_write_is_read() {
    let report = read(PYTEST.as_bytes(), false).unwrap();
    assert_eq!(report.outcome, Outcome::Passed);
    let names: Vec<_> = report.passed.iter().map(String::as_str).collect();
    assert_eq!(names, [r#"tests.a.test_one["x" & \303\251]"#, "tests.a.test_two"]);
    let failing = PYTEST.replace("<system-out>", "<failure message='no'/><system-out>");
    let report = read(failing.as_bytes(), false).unwrap();
    assert_eq!((report.outcome, report.passed.len()), (Outcome::Failed, 1));
    assert_eq!(report.failed.first().unwrap(), "tests.a.test_two");
    assert_eq!(outcome(&format!("\u{feff}{PYTEST}")), Outcome::Passed);
    assert_eq!(outcome("<testsuite><testcase name='a'><skipped/><error/></testcase></testsuite>"), Outcome::Failed);
    assert_eq!(
        outcome("<t:testsuite xmlns:t='x'><t:testcase><t:failure/></t:testcase></t:testsuite>"),
        Outcome::Failed
    );
}

#[test]
fn a_test_that_failed_once_did_not_pass() {
    let text =
        "<testsuite><testcase name='a'/><testcase name='a'><failure/></testcase><testcase name='a'/></testsuite>";
    let report = read(text.as_bytes(), false).unwrap();
    assert_eq!((report.outcome, report.passed.len(), report.failed.len()), (Outcome::Failed, 0, 1));
}

#[test]
fn a_failure_counts_wherever_it_stands() {
    let case = "<testcase name='a'/>";
    for failing in [
        format!(
            "<testsuites><testsuite>{case}</testsuite><testsuite><error message='no import'/></testsuite></testsuites>"
        ),
        format!("<testsuites failures='1'><testsuite>{case}</testsuite></testsuites>"),
        format!("<testsuites><testsuite errors=' 2 '>{case}</testsuite></testsuites>"),
        "<testsuite><testcase name='a'><properties><failure/></properties></testcase></testsuite>".to_owned(),
        "<testsuites failures='0'><error/></testsuites>".to_owned(),
    ] {
        assert_eq!(outcome(&failing), Outcome::Failed, "{failing}");
    }
}

#[test]
fn a_report_without_a_test_is_no_pass() {
    for empty in [
        "<testsuites/>",
        "<testsuites><testsuite tests='0'></testsuite></testsuites>",
        "<testsuite><testcase name='a'><skipped/></testcase></testsuite>",
        "<testsuite><properties><property name='a'/></properties></testsuite>",
    ] {
        refused(empty.as_bytes(), "no test that ran");
        assert_eq!(read(empty.as_bytes(), true).unwrap().outcome, Outcome::Passed);
    }
    assert!(read(b"", true).unwrap_err().contains("is empty"));
    assert!(read(b" \n", true).is_err() && read(b"<testsuite>", true).is_err());
}

#[test]
fn what_is_no_report_is_refused() {
    let case = "<testcase name='a'/>";
    for (text, about) in [
        (format!("<testsuite>{case}"), "ends within an element"),
        (format!("<testsuite>{case}</testsuites>"), "no XML"),
        (format!("<testsuite>{case}</testsuite><testsuite/>"), "something follows the root"),
        (format!("<testsuite>{case}</testsuite>x"), "outside the root"),
        (format!("x<testsuite>{case}</testsuite>"), "outside the root"),
        (format!("<testsuite>{case}<testcase name='a' name='b'/></testsuite>"), "no XML"),
        ("<testsuite><testcase name=a/></testsuite>".to_owned(), "no XML"),
        ("<testsuite><testcase name='&xxe;'/></testsuite>".to_owned(), "no XML"),
        (format!("<testsuite>{case}&xxe;</testsuite>"), "xxe"),
        (format!("<testsuite>{case}& </testsuite>"), "no XML"),
        (format!("<!DOCTYPE testsuite><testsuite>{case}</testsuite>"), "document type"),
        ("<!DOCTYPE t [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><testsuite>&b;</testsuite>".to_owned(), "document type"),
        ("<html><testcase name='a'/></html>".to_owned(), "begins with <html>"),
        ("<\u{e9}\u{202e}/>".to_owned(), "begins with"),
        ("<testsuite><testcase><testcase/></testcase></testsuite>".to_owned(), "within a test case"),
        ("<testsuite failures='none'><testcase/></testsuite>".to_owned(), "failures=\"none\""),
        ("<testsuite failures='-1'><testcase/></testsuite>".to_owned(), "failures="),
        ("{\"tests\": 1}".to_owned(), "outside the root"),
        ("<!-- --><?x?>".to_owned(), "ends within"),
        ("<testsuite><!-- a -- b --><testcase/></testsuite>".to_owned(), "no XML"),
    ] {
        refused(text.as_bytes(), about);
    }
    refused(b"<testsuite><testcase name='\xff'/></testsuite>", "no UTF-8");
    refused(b"\xff\xfe<\0t\0", "no UTF-8");
    let deep = format!("{}{case}{}", "<testsuite>".repeat(100_000), "</testsuite>".repeat(100_000));
    refused(deep.as_bytes(), "levels deep");
    let wide = format!("<testsuite>{}</testsuite>", case.repeat(100_000));
    assert_eq!(read(wide.as_bytes(), false).unwrap().passed.len(), 1);
}
