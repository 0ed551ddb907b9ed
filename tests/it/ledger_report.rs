//! `refgate ledger report` on ledgers of every kind of record, of hostile words, and of very many.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use refgate::finding::Decision;
use refgate::ledger::Ledger;
use refgate::ledger::record::{Decided, Found, Moved, Opened, Problem, Update, Used};
use refgate::oid::{ObjectFormat, Oid};
use serde_json::Value;

use crate::corpus::process;
use crate::support::{REFGATE, Said};

const MAIN: &str = "refs/heads/main";
const HOUR: i64 = 3_600;

/// A bare repository with a ledger that this test writes.
pub(crate) struct Scene {
    folder: tempfile::TempDir,
    server: PathBuf,
    tip: Oid,
    /// Where its refs stand then.
    held: BTreeMap<String, Oid>,
}

fn oid(number: u64) -> Oid {
    let mut bytes = [0x5a; 20];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Oid::from_bytes(&bytes).unwrap()
}

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn moved(name: &str, old: Oid, new: Oid) -> Moved {
    Moved { name: name.into(), old, new }
}

fn found(rule: &str, severity: &str, message: &str, path: Option<&str>) -> Found {
    Found {
        rule: rule.into(),
        severity: severity.into(),
        fingerprint: "0f".repeat(32),
        message: message.into(),
        path: path.map(Into::into),
        waived: None,
    }
}

fn update(moved: Moved, findings: Vec<Found>) -> Update {
    let mut counts = BTreeMap::new();
    for found in &findings {
        *counts.entry(found.rule.clone()).or_default() += 1;
    }
    let class = if moved.name == MAIN { "protected" } else { "task" };
    Update { moved, class: class.into(), task: None, source: None, way: None, problem: None, counts, findings }
}

fn decided(decision: Decision, actor: &str, updates: Vec<Update>) -> Decided {
    Decided {
        decision,
        actor: Some(actor.into()),
        input: None,
        policy: Some("cd".repeat(32)),
        problem: None,
        bootstrap: false,
        overrides: Vec::new(),
        updates,
        omitted: 0,
    }
}

fn used(id: &str, principal: &str, why: &str, moved: Moved) -> Used {
    Used {
        id: id.into(),
        principal: principal.into(),
        justification: why.into(),
        moved,
        statement: b"{}".to_vec(),
        signatures: vec![b"{}".to_vec()],
    }
}

impl Scene {
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = folder.path().join(name);
        let mut git = process::command("git");
        Said::new(git.args(["init", "-q", "--bare", "-b", "main"]).arg(&server).output().unwrap()).must();
        Self { folder, server, tip: Oid::zero(ObjectFormat::Sha1), held: BTreeMap::new() }
    }

    pub(crate) fn page(&self) -> PathBuf {
        self.folder.path().join("report.html")
    }

    fn ledger(&self) -> Ledger {
        Ledger::open(&self.server.join("refgate/ledger"))
    }

    /// Writes a decision, and where it says so that its refs moved.
    fn push(&mut self, second: i64, push: Decided, applied: bool) {
        let mut writer = self.ledger().lock(at(second)).unwrap();
        if writer.is_new() {
            writer.open(Opened::of(ObjectFormat::Sha1, Some("shop".into()), &BTreeMap::new(), |_| true)).unwrap();
        }
        let moves: Vec<Moved> = push.updates.iter().map(|update| update.moved.clone()).collect();
        writer.decide(push).unwrap();
        if applied {
            writer.apply(&moves).unwrap();
            self.held.extend(moves.iter().map(|moved| (moved.name.to_string(), moved.new)));
            self.tip = moves.iter().find(|moved| moved.name == MAIN).map_or(self.tip, |moved| moved.new);
        }
        writer.commit().unwrap();
    }

    /// Main goes on.
    fn promote(&mut self, second: i64, actor: &str, number: u64, way: Option<&str>, overrides: Vec<Used>) {
        let mut update = update(moved(MAIN, self.tip, oid(number)), Vec::new());
        update.way = Some(way.unwrap_or("promotion").into());
        let push = Decided { overrides, ..decided(Decision::Accept, actor, vec![update]) };
        self.push(second, push, true);
    }

    /// Some weeks of a team, with everything that a ledger can say.
    pub(crate) fn filled() -> Self {
        let mut scene = Self::new("shop.git");
        let people = ["ada@example.com", "grace@example.com", "linus@example.com", "ci-bot"];
        for day in 0..41_u64 {
            let noon = i64::try_from(day).unwrap() * 24 * HOUR;
            let who = |turn: u64| people[usize::try_from((day * 7 + turn) % 4).unwrap()];
            if day % 7 < 5 {
                scene.work(noon, day, &who);
            }
            if day % 6 == 0 {
                scene.promote(noon + 3 * HOUR, who(1), 1_000 + day, None, Vec::new());
            }
        }
        scene.specials(41 * 24 * HOUR);
        let held: String = scene.held.iter().map(|(name, value)| format!("{value} {name}\n")).collect();
        fs_err::write(scene.server.join("packed-refs"), held).unwrap();
        scene
    }

    fn work(&mut self, noon: i64, day: u64, who: &dyn Fn(u64) -> &'static str) {
        for turn in 0..=(day * 5 % 4) {
            let name = format!("refs/heads/autoTest/task-{day}-{turn}");
            let new = vec![update(moved(&name, Oid::zero(ObjectFormat::Sha1), oid(day * 10 + turn)), Vec::new())];
            self.push(noon + i64::try_from(turn).unwrap() * 1_100, decided(Decision::Accept, who(turn), new), true);
        }
        let refusals: [(&str, &str, Option<&str>); 5] = [
            ("out-of-scope", "the approved scope does not cover this path", Some("infra/terraform/main.tf")),
            ("unacknowledged-drift", "Order.total is in the code and not in the contract", Some("src/api/order.ts")),
            ("direct-push", "nothing that the server held explains the new tip", None),
            ("provenance-missing", "the task has no final/status.json", None),
            ("out-of-scope", "the approved scope does not cover this path", Some("package-lock.json")),
        ];
        for turn in 0..(day * 3 % 4) {
            let (rule, message, path) = refusals[usize::try_from((day + turn * 2) % 5).unwrap()];
            let mut findings = vec![found(rule, "enforce", message, path)];
            if turn == 1 {
                findings.push(found("commit-date", "evaluate", "dated more than a day before an ancestor", None));
                findings.push(found(
                    "direct-push",
                    "enforce",
                    "nothing that the server held explains the new tip",
                    None,
                ));
            }
            let refused = vec![update(moved(MAIN, self.tip, oid(5_000 + day * 10 + turn)), findings)];
            let second = noon + 2 * HOUR + i64::try_from(turn).unwrap() * 700;
            self.push(second, decided(Decision::Refuse, who(turn + 2), refused), false);
        }
        if day % 9 == 4 {
            let mut push =
                decided(Decision::Undecided, who(3), vec![update(moved(MAIN, self.tip, oid(9_000 + day)), vec![])]);
            push.problem =
                Some(Problem { message: "the time for judging is spent".into(), help: "push less at once".into() });
            self.push(noon + 4 * HOUR, push, false);
        }
    }

    fn specials(&mut self, now: i64) {
        for (number, (id, why)) in [
            ("7c1f0a2e", "The vendor's certificate ends tonight. The generated client is not reviewed yet; follow-up is SHOP-4411."),
            ("b93d5510", "Release freeze: legal asked for the new imprint before Monday."),
        ]
        .into_iter()
        .enumerate()
        {
            let number = number as u64;
            let to = moved(MAIN, self.tip, oid(7_000 + number));
            let signed = used(id, "release-manager@example.com", why, to);
            self.promote(now + i64::try_from(number).unwrap() * 5 * HOUR, "ada@example.com", 7_000 + number, None, vec![signed]);
        }
        self.promote(now + 11 * HOUR, "grace@example.com", 7_100, Some("hotfix"), Vec::new());
        self.promote(now + 12 * HOUR, "grace@example.com", 7_101, Some("rollback"), Vec::new());
        let pending =
            vec![update(moved("refs/heads/autoTest/checkout", Oid::zero(ObjectFormat::Sha1), oid(8_000)), Vec::new())];
        self.push(now + 13 * HOUR, decided(Decision::Accept, "linus@example.com", pending), false);
    }

    /// Everything that a pusher chooses is hostile.
    pub(crate) fn hostile() -> Self {
        let mut scene = Self::new("<b>\"shop\".git");
        let many = "<script>".repeat(4_096);
        let evil = [HOSTILE, many.as_str(), "", "\u{5d0}", "'"];
        for (second, word) in (0_i64..).zip(evil.iter().cycle().take(10)) {
            let zero = Oid::zero(ObjectFormat::Sha1);
            let name = format!("refs/heads/{word}{second}");
            let mut one = update(moved(&name, zero, oid(1)), vec![found(word, "enforce", word, Some(word))]);
            (one.way, one.task, one.source) = (Some((*word).into()), Some((*word).into()), Some((*word).into()));
            one.problem = Some(Problem { message: (*word).into(), help: (*word).into() });
            let to = one.moved.clone();
            for decision in [Decision::Accept, Decision::Refuse, Decision::Undecided] {
                let mut push = decided(decision, word, vec![one.clone()]);
                push.problem = Some(Problem { message: (*word).into(), help: (*word).into() });
                push.overrides = vec![used(&format!("{word}{second}{decision:?}"), word, word, to.clone())];
                scene.push(second, push, second % 2 == 0);
            }
        }
        scene
    }

    pub(crate) fn report(&self, args: &[&str]) -> (i32, Said) {
        let mut command = process::command(REFGATE);
        command.args(["ledger", "report", "--repo"]).arg(&self.server).arg("--html").arg(self.page()).args(args);
        let output = command.output().unwrap();
        (output.status.code().unwrap(), Said::new(output))
    }

    /// The summary that programs read, which the schema must describe.
    fn summary(&self, args: &[&str]) -> Value {
        let (_, said) = self.report(&[&["--format", "json"], args].concat());
        let value = serde_json::from_str(&said.stdout).unwrap();
        let read = |name: &str| -> Value {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(name);
            serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
        };
        let validator = jsonschema::validator_for(&read("ledger-summary.json")).unwrap();
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new(), "{value:#}");
        assert!(jsonschema::validator_for(&read("ledger-report.json")).unwrap().is_valid(&value["verification"]));
        // A map of serde_json's is sorted, so what was written in order comes out the same.
        assert_eq!(refgate::report::json::line(&value), said.stdout);
        value
    }

    fn text(&self) -> String {
        fs_err::read_to_string(self.page()).unwrap()
    }
}

/// The words that look like markup, whole and in part, and what they must never become.
const HOSTILE: &str = "</script></title></style><script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)>\
                       --><!-- &lt;b&gt; \u{202e}drow\u{2066}\u{0}\u{1b}[31m \u{5d0}\u{5d1} javascript:alert(1)";

/// Every element of a page, with its attributes' names; the text between them must hold no `<`.
fn elements(page: &str) -> Vec<(String, Vec<String>)> {
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</style>").unwrap();
    let mut found = Vec::new();
    for piece in [head, body].into_iter().flat_map(|part| part.split('<').skip(1)) {
        let (tag, text) = piece.split_once('>').expect("an element ends");
        assert!(!text.contains(['"', '>']), "{text:?} is not escaped");
        let mut words = tag.split('"');
        let (mut name, mut names) = (String::new(), Vec::new());
        while let Some(outside) = words.next() {
            for word in outside.split_whitespace() {
                if name.is_empty() {
                    word.clone_into(&mut name);
                } else {
                    names.push(word.trim_end_matches(['=', '/']).to_owned());
                }
            }
            // The value, which holds no quote.
            let _ = words.next();
        }
        names.retain(|name| !name.is_empty());
        found.push((name, names));
    }
    found
}

#[test]
fn whatever_stands_in_a_ledger_makes_no_element_and_no_attribute() {
    let scene = Scene::hostile();
    let (code, said) = scene.report(&["--ref", "refs/heads/**", "--since", "2000-01-01T00:00:00Z"]);
    assert_eq!(code, 1, "no such branch stands in the repository: {}", said.stderr);
    assert!(said.stdout.bytes().all(|byte| byte == b'\n' || (0x20..=0x7e).contains(&byte)), "{}", said.stdout);
    let page = scene.text();
    assert!(page.len() < 4 << 20, "{} bytes", page.len());
    assert!(!page.chars().any(|c| c != '\n' && refgate::escape::is_hidden(c)));
    let plain = Scene::filled();
    let _ = plain.report(&[]);
    let known: std::collections::BTreeSet<_> = elements(&plain.text()).into_iter().collect();
    for element in elements(&page) {
        // What only an odd ledger has.
        let own = [("p", &["class"][..]), ("pre", &[]), ("h3", &[]), ("li", &["class"]), ("br", &[])];
        let is_own = own.iter().any(|(name, attributes)| element.0 == *name && element.1 == *attributes);
        assert!(known.contains(&element) || is_own || element.0.starts_with('/'), "{element:?}");
        assert!(!element.1.iter().any(|name| name.starts_with("on") || ["src", "style"].contains(&name.as_str())));
    }
    let (_, rest) = page.split_once("Written ").unwrap();
    assert!(rest.contains("</footer>\n</body>\n</html>\n"));
    scene.summary(&[]);
}

#[test]
fn a_page_says_what_the_ledger_says() {
    let scene = Scene::filled();
    let (code, said) = scene.report(&[]);
    assert_eq!(code, 0, "{}", said.stdout);
    assert!(said.stdout.starts_with("refgate: ledger of shop.git: intact\n"), "{}", said.stdout);
    let page = scene.text();
    for part in [
        "<title>Ledger of shop.git</title>",
        "Repository <code><bdi>shop</bdi></code>",
        "<div class=\"status intact\"><b>It holds</b>",
        "It was held against no mirror and no receipt",
        "legal asked for the new imprint before Monday.",
        "override <code><bdi>7c1f0a2e</bdi></code>",
        "<bdi>release-manager@example.com</bdi>",
        "<bdi>hotfix</bdi>",
        "<bdi>rollback</bdi>",
        "<bdi>refs/heads/autoTest/checkout</bdi>",
        "the time for judging is spent",
        "Order.total is in the code and not in the contract",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let sum = scene.summary(&[]);
    for (key, number) in [("hotfixes", 1), ("rollbacks", 1), ("lapsed", 0), ("undecided", 3)] {
        assert_eq!(sum[key], number, "{key}");
    }
    assert_eq!(sum["overrides"][0]["justification"], "Release freeze: legal asked for the new imprint before Monday.");
    assert_eq!(sum["overrides"][0]["outcome"], "applied");
    assert_eq!(sum["pending"][0]["refs"], serde_json::json!(["refs/heads/autoTest/checkout"]));
    let decisions = ["accepted", "refused", "undecided"].map(|key| sum[key].as_u64().unwrap());
    let people = sum["actors"]["names"].as_array().unwrap();
    let counted: u64 = people.iter().map(|one| one["counts"]["all"].as_u64().unwrap()).sum();
    assert_eq!(counted, decisions.iter().sum::<u64>());
    assert_eq!(sum["accepted"].as_u64().unwrap(), sum["applied"].as_u64().unwrap() + 1);
    let rules = sum["rules"]["names"].as_array().unwrap();
    let alone: u64 = rules.iter().map(|rule| rule["alone"].as_u64().unwrap()).sum();
    assert!(alone > 0 && alone < decisions[1]);
}

#[test]
fn filters_choose_decisions_and_what_became_of_them() {
    let scene = Scene::filled();
    let all = scene.summary(&[]);
    let refused = scene.summary(&["--decision", "refused"]);
    assert_eq!((&refused["refused"], &refused["accepted"]), (&all["refused"], &0.into()));
    let ada = scene.summary(&["--actor", "ada@example.com"]);
    assert_eq!(ada["actors"]["names"].as_array().unwrap().len(), 1);
    assert_eq!((ada["overrides"].as_array().unwrap().len(), &ada["hotfixes"]), (2, &0.into()));
    let back = scene.summary(&["--decision", "rolled-back"]);
    assert_eq!((&back["accepted"], &back["applied"], &back["rollbacks"]), (&1.into(), &1.into(), &1.into()));
    let settled = scene.summary(&["--decision", "override-settled"]);
    assert_eq!((&settled["accepted"], settled["overrides"].as_array().unwrap().len()), (&2.into(), 2));
    let drift = scene.summary(&["--rule", "unacknowledged-drift", "--ref", "refs/heads/main"]);
    assert!(drift["refused"].as_u64().unwrap() > 0 && drift["accepted"] == 0);
    let none = scene.summary(&["--until", "2001-01-01T00:00:00Z"]);
    assert_eq!(
        (&none["accepted"], &none["from"], &none["verification"]),
        (&0.into(), &Value::Null, &all["verification"])
    );
    let (_, said) = scene.report(&["--actor", "ada@example.com", "--decision", "accepted"]);
    assert!(said.ok || !said.stdout.is_empty());
    let page = scene.text();
    assert!(
        page.contains("<code><bdi>--actor ada@example.com</bdi></code> <code><bdi>--decision accepted</bdi></code>")
    );
    assert!(scene.report(&["--ref", ""]).1.stderr.contains("--ref"));
}

#[test]
fn of_much_the_newest_is_shown_and_the_command_for_the_rest() {
    let mut scene = Scene::new("much.git");
    for number in 0..120_u64 {
        let new = vec![update(moved("refs/heads/autoTest/t", oid(number), oid(number + 1)), Vec::new())];
        let second = i64::try_from(number).unwrap() * 60;
        scene.push(second, decided(Decision::Refuse, "ada", new), false);
    }
    let (_, said) = scene.report(&["--actor", "ada"]);
    let page = scene.text();
    assert!(page.contains("The newest 100 of 120; 20 are left out."), "{}", said.stdout);
    let command = "refgate ledger log --actor ada --decision accepted --decision refused --decision undecided";
    assert!(page.contains(&format!("<pre>{command}</pre>")));
    let typed = ["--actor", "ada", "--decision", "accepted", "--decision", "refused", "--decision", "undecided"];
    let mut log = process::command(REFGATE);
    log.args(["ledger", "log", "--format", "json", "--repo"]).arg(&scene.server).args(typed);
    assert_eq!(Said::new(log.output().unwrap()).must().lines().count(), 120);
}

#[test]
fn a_page_is_whole_or_not_there() {
    let scene = Scene::filled();
    fs_err::write(scene.page(), "the page before").unwrap();
    let spoilt = process::command(REFGATE)
        .args(["ledger", "report", "--repo", "/", "--html"])
        .arg(scene.page())
        .output()
        .unwrap();
    assert_eq!(spoilt.status.code(), Some(2));
    assert_eq!(scene.text(), "the page before");
    let _ = scene.report(&[]);
    assert!(scene.text().ends_with("</html>\n"));
    let left: Vec<_> = fs_err::read_dir(scene.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    for place in ["/dev/null", "/nowhere/at/all.html"] {
        let said = process::command(REFGATE)
            .args(["ledger", "report", "--repo"])
            .arg(&scene.server)
            .args(["--html", place])
            .output()
            .unwrap();
        assert_eq!(said.status.code(), Some(2), "{place}");
    }
    assert!(!fs_err::metadata("/dev/null").unwrap().is_file());
}

#[test]
fn of_a_damaged_ledger_the_rest_is_told() {
    let scene = Scene::filled();
    let before = scene.summary(&[]);
    let segment = scene.server.join("refgate/ledger/00000001.jsonl");
    let text = fs_err::read_to_string(&segment).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    let place = lines.iter().position(|line| line.contains("\"refused\"")).unwrap();
    lines[place] = "{}";
    fs_err::write(&segment, lines.join("\n") + "\n").unwrap();
    let after = scene.summary(&[]);
    assert_eq!(after["verification"]["result"], "damaged");
    assert!(scene.text().contains("<b>It was changed: the ledger is damaged</b>"));
    assert_eq!(after["refused"].as_u64().unwrap() + 1, before["refused"].as_u64().unwrap());
    assert_eq!(after["accepted"], before["accepted"]);
}
