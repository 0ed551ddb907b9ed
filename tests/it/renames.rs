//! How right renames are told: changes that public projects made, with what they renamed
//! (`fixtures/drift/renames.toml`), against what the pairing finds. `docs/renames.md` prints it; `REFGATE_BLESS=1` writes
//! it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

use refgate::drift::path::FieldPath;
use refgate::drift::rename::{Evidence, Item, Limits, Neighbour, Written, pair_within};
use refgate::drift::shape::Kind;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Labelled {
    event: Vec<Event>,
}

/// One change of one type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    from: String,
    #[serde(rename = "type")]
    ty: String,
    label_by: LabelBy,
    part: Part,
    before: String,
    after: String,
    /// What went, and what it is called now.
    #[serde(default)]
    renames: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum LabelBy {
    Number,
    Migration,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Part {
    Tune,
    Measure,
}

/// What changed, as the pairing sees it.
struct Sides {
    gone: Vec<Item<'static>>,
    come: Vec<Item<'static>>,
}

impl Sides {
    fn is_one_to_one(&self) -> bool {
        self.gone.len() == 1 && self.come.len() == 1
    }

    fn is_several(&self) -> bool {
        self.gone.len() > 1 && self.come.len() > 1
    }

    /// The kind stayed, in a change of one for one.
    fn is_one_kind(&self) -> bool {
        self.is_one_to_one() && self.gone[0].kind == self.come[0].kind
    }
}

type Fields<'e> = Vec<(&'e str, (Kind, bool))>;

impl Event {
    fn sides(&'static self) -> Sides {
        let (before, after) = (fields(&self.before), fields(&self.after));
        Sides { gone: self.changed(&before, &after), come: self.changed(&after, &before) }
    }

    /// The fields of one side that the other has not.
    fn changed<'e>(&'e self, side: &Fields<'e>, other: &Fields<'e>) -> Vec<Item<'e>> {
        let stays = |name: &str| other.iter().any(|(there, _)| *there == name);
        let edge = |steps| Neighbour { name: None, steps: steps + 1 };
        let mut items = Vec::new();
        for (place, (name, kind)) in side.iter().enumerate().filter(|(_, (name, _))| !stays(name)) {
            let nearest = |steps: usize, name: &'e str| Neighbour { name: Some(name), steps: steps + 1 };
            let above = side[..place].iter().rev().enumerate().find(|(_, (name, _))| stays(name));
            let below = side[place + 1..].iter().enumerate().find(|(_, (name, _))| stays(name));
            let neighbours = [
                above.map_or_else(|| edge(place), |(steps, (name, _))| nearest(steps, name)),
                below.map_or_else(|| edge(side.len() - place - 1), |(steps, (name, _))| nearest(steps, name)),
            ];
            items.push(Item {
                ty: &self.ty,
                path: FieldPath::of(name),
                kind: Some(*kind),
                identity: None,
                neighbours: Some(neighbours),
            });
        }
        items
    }

    fn is_right(&self, gone: &Item<'_>, come: &Item<'_>) -> bool {
        self.renames.get(gone.path.name()).is_some_and(|name| name == come.path.name())
    }

    fn place(&self) -> String {
        format!("{} {}", self.from, self.ty)
    }
}

/// `name kind, name kind, …`
fn fields(text: &str) -> Fields<'_> {
    let kind = |word: &str| match word {
        "string" => (Kind::String, false),
        "enum" => (Kind::String, true),
        "number" => (Kind::Number, false),
        "boolean" => (Kind::Boolean, false),
        "object" => (Kind::Object, false),
        "array" => (Kind::Array, false),
        other => panic!("no kind: {other}"),
    };
    text.split(", ").map(|field| field.split_once(' ').unwrap()).map(|(name, word)| (name, kind(word))).collect()
}

static LABELLED: LazyLock<Labelled> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/drift/renames.toml");
    toml::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
});

fn labelled() -> Vec<(&'static Event, Sides)> {
    LABELLED.event.iter().map(|event| (event, event.sides())).collect()
}

/// How many pairs were found, how many of them are renames, and how many renames there are.
#[derive(Clone, Copy, Default)]
struct Tally {
    found: usize,
    right: usize,
    renames: usize,
}

impl Tally {
    fn of<'e>(events: impl Iterator<Item = &'e (&'static Event, Sides)>, limits: Limits) -> Self {
        let mut tally = Self::default();
        for (event, sides) in events {
            tally.renames += event.renames.len();
            let paired = pair_within(&sides.gone, &sides.come, &[], &BTreeMap::new(), limits);
            for (gone, come, _) in &paired.pairs {
                tally.found += 1;
                tally.right += usize::from(event.is_right(&sides.gone[*gone], &sides.come[*come]));
            }
        }
        tally
    }

    /// Of the pairs, and of the renames, in percent.
    fn rates(self) -> (usize, usize) {
        (percent(self.right, self.found), percent(self.right, self.renames))
    }

    fn cells(self) -> String {
        let (precision, recall) = self.rates();
        format!("{}/{} | {precision} % | {}/{} | {recall} %", self.right, self.found, self.right, self.renames)
    }
}

fn percent(part: usize, whole: usize) -> usize {
    (part * 200 + whole).checked_div(2 * whole).unwrap_or_default()
}

type Chosen = fn(&Sides) -> bool;

const EVIDENCE: [(&str, Chosen); 5] = [
    ("all", |_| true),
    ("the only one gone and the only one come", Sides::is_one_to_one),
    ("the same, of one kind", Sides::is_one_kind),
    ("score", |sides| !sides.is_one_to_one()),
    ("score, several gone and several come", Sides::is_several),
];

#[test]
fn the_page_says_how_right_renames_are_told() {
    let events = labelled();
    let of = |part: Part| events.iter().filter(move |(event, _)| event.part == part);
    let (mut page, now) = (String::new(), Limits::default());
    let gone: usize = events.iter().map(|(_, sides)| sides.gone.len()).sum();
    let renames: usize = events.iter().map(|(event, _)| event.renames.len()).sum();
    let several = events.iter().filter(|(_, sides)| sides.is_several()).count();
    let _ = writeln!(
        page,
        "{} changes ({} to tune, {} to measure; several gone and several come in {several}), {gone} fields gone, {renames} of \
         them renamed.\n",
        events.len(),
        of(Part::Tune).count(),
        of(Part::Measure).count()
    );
    page += "| Evidence | Part | Pairs that are renames | Precision | Renames found | Recall |\n|---|---|---|---|---|---|\n";
    for (evidence, chosen) in EVIDENCE {
        for (name, part) in [("tune", Part::Tune), ("measure", Part::Measure)] {
            let tally = Tally::of(of(part).filter(|(_, sides)| chosen(sides)), now);
            let _ = writeln!(page, "| {evidence} | {name} | {} |", tally.cells());
        }
    }
    page += "\nThe score's limits on the part to tune:\n\n| Threshold | Margin | Pairs that are renames | Precision | \
             Renames found | Recall |\n|---|---|---|---|---|---|\n";
    let thresholds = [0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8].map(|threshold| Limits { threshold, ..now });
    let margins = [0.0, 0.05, 0.15, 0.2].map(|margin| Limits { margin, ..now });
    for limits in thresholds.into_iter().chain(margins) {
        let scored = of(Part::Tune).filter(|(_, sides)| !sides.is_one_to_one());
        let tally = Tally::of(scored, limits);
        let _ = writeln!(page, "| {:.2} | {:.2} | {} |", limits.threshold, limits.margin, tally.cells());
    }
    compare(&page);
}

#[test]
fn renames_are_told_as_well_as_they_were() {
    let events = labelled();
    let of = |part: Part| events.iter().filter(move |(event, _)| event.part == part);
    let several = events.iter().filter(|(_, sides)| sides.is_several()).count();
    let renames: usize = events.iter().map(|(event, _)| event.renames.len()).sum();
    let others: usize = events.iter().map(|(event, sides)| sides.gone.len() - event.renames.len()).sum();
    assert!(events.len() >= 80 && renames >= 60 && others >= 60 && several * 10 >= events.len() * 3);
    // Evidence, part, the least precision, the least recall.
    let floors = [
        (0, Part::Tune, 90, 85),
        (0, Part::Measure, 83, 76),
        (1, Part::Tune, 76, 100),
        (1, Part::Measure, 71, 100),
        (2, Part::Tune, 79, 100),
        (2, Part::Measure, 89, 100),
        (3, Part::Tune, 97, 81),
        (3, Part::Measure, 89, 69),
        (4, Part::Tune, 97, 87),
        (4, Part::Measure, 89, 71),
    ];
    for (evidence, part, precision, recall) in floors {
        let (name, chosen) = EVIDENCE[evidence];
        let tally = Tally::of(of(part).filter(|(_, sides)| chosen(sides)), Limits::default());
        let (found_precision, found_recall) = tally.rates();
        assert!(found_precision >= precision, "{name}: precision {found_precision} %");
        assert!(found_recall >= recall, "{name}: recall {found_recall} %");
    }
}

#[test]
fn the_evidence_of_a_pair_is_what_the_change_has() {
    for (event, sides) in labelled() {
        let paired = pair_within(&sides.gone, &sides.come, &[], &BTreeMap::new(), Limits::default());
        let due = if sides.is_one_to_one() { Evidence::Only } else { Evidence::Score };
        assert!(paired.pairs.iter().all(|(.., evidence)| *evidence == due), "{}", event.place());
        assert!(!sides.is_one_to_one() || paired.pairs.len() == 1, "{}", event.place());
    }
}

#[test]
fn numbers_and_what_is_written_down_find_every_rename_and_take_none_for_another() {
    let mut tallies = BTreeMap::from([(Evidence::Identity, Tally::default()), (Evidence::Declared, Tally::default())]);
    for (event, mut sides) in labelled() {
        let mut written: Vec<Written> = Vec::new();
        let evidence = if event.label_by == LabelBy::Number { Evidence::Identity } else { Evidence::Declared };
        match evidence {
            Evidence::Identity => number(event, &mut sides),
            _ => written.extend(
                event.renames.iter().map(|(from, to)| (event.ty.clone(), FieldPath::of(from), FieldPath::of(to))),
            ),
        }
        let paired = pair_within(&sides.gone, &sides.come, &written, &BTreeMap::new(), Limits::default());
        let tally = tallies.get_mut(&evidence).unwrap();
        tally.renames += event.renames.len();
        for (gone, come, _) in paired.pairs.iter().filter(|(.., found)| *found == evidence) {
            tally.found += 1;
            let right = event.is_right(&sides.gone[*gone], &sides.come[*come]);
            assert!(right, "{}: {}", event.place(), sides.gone[*gone].path);
            tally.right += 1;
        }
    }
    for (evidence, tally) in tallies {
        assert!(tally.renames > 20, "{evidence:?}: {}", tally.renames);
        assert_eq!((tally.right, tally.found), (tally.renames, tally.renames), "{evidence:?}");
    }
}

/// Gives every field a number of its own, and a renamed one the number that it had.
fn number(event: &Event, sides: &mut Sides) {
    let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
    for (item, number) in sides.gone.iter_mut().zip(1..) {
        item.identity = Some(number);
        numbers.extend(event.renames.get(item.path.name()).map(|name| (name.clone(), number)));
    }
    for (item, number) in sides.come.iter_mut().zip(1_000..) {
        item.identity = Some(numbers.get(item.path.name()).copied().unwrap_or(number));
    }
}

/// Holds the page's measured part against what was measured now.
fn compare(measured: &str) {
    let (begin, end) = ("<!-- measured -->\n\n", "\n<!-- /measured -->");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/renames.md");
    let page = fs_err::read_to_string(&path).unwrap();
    let (head, rest) = page.split_once(begin).unwrap();
    let (kept, tail) = rest.split_once(end).unwrap();
    if std::env::var_os("REFGATE_BLESS").is_some() {
        fs_err::write(&path, format!("{head}{begin}{measured}{end}{tail}")).unwrap();
        return;
    }
    assert!(kept == measured, "docs/renames.md is not what is measured: REFGATE_BLESS=1 cargo test --test it renames");
}
