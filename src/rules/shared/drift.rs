//! What the rules of drift do alike: which drift stands unacknowledged, and how it is told.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};
use jiff::civil::Date;

use super::{approval, scoped_task};
use crate::change::File;
use crate::drift::acknowledgement::{Acknowledgement, Divergence, dotted, in_approval, paste};
use crate::drift::config::{Config, Mode};
use crate::drift::path::FieldPath;
use crate::drift::problem::Problem;
use crate::drift::survey::{Condition, Drift, Given, Standing, Survey};
use crate::escape::{copied, escape, quote_path};
use crate::finding::{Field, Said, Severity, Words};
use crate::policy::Class;
use crate::policy::roles::RoleName;
use crate::provenance::approval::Heading;
use crate::provenance::task::APPROVAL;
use crate::rule::{Ctx, Violation};

/// What a change does to code and contract, with the policy's word on it.
pub(in crate::rules) struct Seen<'a> {
    pub(in crate::rules) config: &'a Config,
    pub(in crate::rules) survey: &'a Survey,
    /// The approval, where there is one that can be read.
    approval: Option<&'a [u8]>,
    /// What it acknowledges, and what of that cannot be read, once that was asked.
    approved: OnceCell<(Vec<Acknowledgement>, Vec<Problem>)>,
    /// Of these the ones that hold, once that was asked.
    agreed: OnceCell<Agreed<'a>>,
    /// The acknowledgements that hold, wherever they stand, once that was asked.
    valid: OnceCell<ByField<'a>>,
    today: Date,
    approvers: Option<&'a BTreeSet<String>>,
    /// Whether drift that the baseline lists is left alone.
    has_baseline: bool,
    /// Whether the change brings the baseline: then it is for what stood before, and not for what comes with it.
    is_first_baseline: bool,
    /// Every field that can be acknowledged, once that was asked.
    known: OnceCell<HashSet<(&'a str, &'a FieldPath)>>,
}

/// What the approval acknowledges of each contract, field by field.
type Agreed<'a> = HashMap<&'a BStr, AgreedFields>;

/// What it acknowledges of each field.
type AgreedFields = HashMap<(String, FieldPath), HashSet<Agreement>>;

/// What the approval says of one field, without the others of the same item.
#[derive(PartialEq, Eq, Hash)]
struct Agreement {
    divergence: Divergence,
    approved_by: Option<String>,
    expires: Option<Date>,
}

/// Acknowledgements that hold, by contract and field.
type ByField<'a> = HashMap<(&'a BStr, &'a str, &'a FieldPath), Vec<Valid>>;

/// An acknowledgement that holds.
struct Valid {
    divergence: Divergence,
    /// The file, where it stands in code.
    file: Option<BString>,
    /// It is the approval's, which speaks of this change. What stands in files was given for drift of their own time.
    is_approved: bool,
}

/// Where an acknowledgement goes; it comes next, on a line of its own to be copied whole.
pub(in crate::rules) const APPROVED: &str = "the approval under DRIFT ACKNOWLEDGEMENTS:\n  ";

/// What there is to hold against contracts, if anything.
pub(in crate::rules) fn seen<'a>(ctx: &Ctx<'a>) -> Option<Seen<'a>> {
    let config = ctx.policy.drift.as_ref()?;
    let survey = ctx.change.drift.as_deref()?;
    let file = ctx.change.task.as_deref().and_then(|task| task.files.get(APPROVAL.as_bytes().as_bstr()));
    let approval = match file {
        Some(File::Content(bytes)) => Some(bytes.as_slice()),
        _ => None,
    };
    let approvers = ctx.policy.signing.roles.get(&RoleName::Approve).map(|role| &role.principals);
    let today = ctx.today();
    let has_baseline = config.mode == Mode::Absolute || ctx.change.bootstrap;
    let is_first_baseline = !ctx.change.bootstrap && survey.baseline[0].is_none();
    let (approved, agreed, valid, known) = (OnceCell::new(), OnceCell::new(), OnceCell::new(), OnceCell::new());
    Some(Seen {
        config,
        survey,
        approval,
        approved,
        agreed,
        valid,
        today,
        approvers,
        has_baseline,
        is_first_baseline,
        known,
    })
}

/// Whether the approval names the path itself as a schema change: whoever lets a folder change has not read what becomes
/// of the contract in it. On a task branch this is asked once an approval is there.
pub(in crate::rules) fn is_listed(ctx: &Ctx<'_>, path: &BStr) -> Option<bool> {
    let task = match scoped_task(ctx) {
        Some(task) => task,
        None if matches!(ctx.change.class, Class::Task | Class::Branch) => return None,
        None => return Some(false),
    };
    let scope = approval(task).and_then(|approval| approval.scope);
    let entries = scope.map(|scope| scope.entries).unwrap_or_default();
    Some(entries.iter().any(|entry| entry.heading == Heading::Schema && entry.glob.names(path)))
}

impl<'a> Seen<'a> {
    /// What the approval acknowledges, and what of that cannot be read.
    fn approved(&self) -> &(Vec<Acknowledgement>, Vec<Problem>) {
        self.approved.get_or_init(|| self.approval.map(in_approval).unwrap_or_default())
    }

    /// What the approval acknowledges of a contract, as far as it holds.
    fn agreed(&self, contract: &BStr) -> Option<&AgreedFields> {
        let agreed = self.agreed.get_or_init(|| {
            let (approved, _) = self.approved();
            let contracts = self.survey.contracts.iter().map(|contract| contract.path.as_bstr());
            let of = |contract: &'a BStr| {
                let mut fields = AgreedFields::new();
                for one in approved.iter().filter(|one| self.problems(one, contract).is_empty()) {
                    for field in &one.fields {
                        let (divergence, approved_by) = (one.divergence.clone(), one.approved_by.clone());
                        let agreement = Agreement { divergence, approved_by, expires: one.expires };
                        fields.entry(field.clone()).or_default().insert(agreement);
                    }
                }
                (contract, fields)
            };
            contracts.map(of).collect()
        });
        agreed.get(contract)
    }

    /// What keeps acknowledgements of the approval from counting, whichever contract they are for.
    pub(in crate::rules) fn approval_problems(&self) -> Vec<Problem> {
        let (approved, unclear) = self.approved();
        let contracts = || self.survey.contracts.iter().map(|contract| contract.path.as_bstr());
        let of_any = |one| contracts().map(|contract| self.problems(one, contract)).min_by_key(Vec::len);
        unclear.iter().cloned().chain(approved.iter().filter_map(of_any).flatten()).collect()
    }

    /// What is wrong with an acknowledgement.
    pub(in crate::rules) fn problems(&self, one: &Acknowledgement, contract: &BStr) -> Vec<Problem> {
        let complete = self.survey.contract(contract).is_some_and(|contract| contract.complete);
        let known = |ty: &str, path: &FieldPath| {
            !complete || self.known.get_or_init(|| self.survey.known()).contains(&(ty, path))
        };
        let mut problems = one.validate(&known, &contract.to_str_lossy(), self.today);
        let by = one.approved_by.as_deref().unwrap_or_default();
        if let Some(approvers) = self.approvers.filter(|approvers| !by.is_empty() && !approvers.contains(by)) {
            let names: Vec<&str> = approvers.iter().map(String::as_str).collect();
            problems.push(Problem {
                line: one.line,
                column: None,
                message: format!("the acknowledgement is approved by `{}`, who is no approver", escape(by.as_bytes())),
                help: format!("have one of {} approve it", escape(names.join(", ").as_bytes())),
            });
        }
        problems
    }

    /// Whether the change brings the acknowledgement without the approval listing it too: by the same approver, and for
    /// no shorter time.
    pub(in crate::rules) fn excuses_itself(&self, given: &Given) -> bool {
        let agreed = self.agreed(given.contract.as_bstr());
        let Acknowledgement { divergence: own, approved_by, expires, .. } = &given.acknowledgement;
        let says_so = |one: &&Agreement| {
            let is_as_long = one.expires.is_none_or(|last| expires.is_some_and(|expires| expires <= last));
            one.approved_by == *approved_by && is_as_long
        };
        let listed = |field: &(String, FieldPath)| {
            let Some(agreed) = agreed.and_then(|agreed| agreed.get(field)) else { return false };
            let mut agreed = agreed.iter().filter(says_so).map(|one| &one.divergence);
            let (ty, path) = field;
            match own {
                // A comment means all that the field does: the approval lists each of it.
                Divergence::Unspecified => {
                    let agreed: Vec<&Divergence> = agreed.collect();
                    let mut all = self.survey.standing_of(ty, Some(path)).filter(|one| is_for(given, one));
                    !agreed.is_empty() && all.all(|one| agreed.iter().any(|divergence| fits(divergence, one.what)))
                }
                own => agreed.any(|divergence| divergence == own),
            }
        };
        given.is_new && !given.acknowledgement.fields.iter().all(listed)
    }

    /// The acknowledgements that hold: those of the approval, for every contract, and those that stood in files before the
    /// change. One that the change brings says to the future what the approval says of it.
    fn all_valid(&self) -> ByField<'a> {
        let mut valid = ByField::new();
        if self.approved().0.is_empty() && self.survey.given.is_empty() {
            return valid;
        }
        let keys: HashMap<(&str, &FieldPath), (&'a str, &'a FieldPath)> = self
            .survey
            .standing
            .iter()
            .map(|one| ((one.ty.as_str(), &one.path), (one.ty.as_str(), &one.path)))
            .collect();
        let mut put = |field: &(String, FieldPath), contract: &'a BStr, one: Valid| {
            // What nothing stands for covers nothing.
            if let Some((ty, path)) = keys.get(&(field.0.as_str(), &field.1)) {
                valid.entry((contract, ty, path)).or_default().push(one);
            }
        };
        for contract in self.survey.contracts.iter().map(|contract| contract.path.as_bstr()) {
            for (field, given) in self.agreed(contract).into_iter().flatten() {
                for one in given {
                    put(field, contract, Valid { divergence: one.divergence.clone(), file: None, is_approved: true });
                }
            }
        }
        for given in self.survey.given.iter().filter(|given| !given.is_new) {
            let (one, contract) = (&given.acknowledgement, given.contract.as_bstr());
            if self.problems(one, contract).is_empty() {
                for field in &one.fields {
                    let file = Some(given.file.clone()).filter(|_| one.in_code);
                    put(field, contract, Valid { divergence: one.divergence.clone(), file, is_approved: false });
                }
            }
        }
        valid
    }

    /// Whether a divergence of a field is acknowledged. A comment in code that does not say which is for the mapping of
    /// its own file, where that diverges; else for whatever else the field does. What stands in files is for drift that
    /// stood when the change began: it was given for that, and not for what may come.
    fn has(&self, drift: &Drift, divergence: &Divergence, ty: &str, path: &FieldPath) -> bool {
        let contract = drift.contract.as_bstr();
        let maps = |file: &BString| {
            let standing = self.survey.standing_of(ty, Some(path)).filter(|one| one.contract == contract);
            standing.into_iter().any(|one| one.what == "noncanonical" && one.file.as_ref() == Some(file))
        };
        let stood = match divergence {
            Divergence::Added if drift.halves().is_some() || drift.path.is_none() => drift.stood.new,
            Divergence::Renamed { .. } => drift.stood.all(&drift.condition),
            _ => drift.stood.own,
        };
        let covers = |one: &Valid| match (&one.divergence, &one.file) {
            _ if !one.is_approved && !stood => false,
            (Divergence::Unspecified, Some(file)) if *divergence == Divergence::NonCanonical => {
                drift.code.as_ref().is_some_and(|place| place.file == *file)
            }
            (Divergence::Unspecified, Some(file)) => !maps(file),
            (own, _) => own == divergence,
        };
        let valid = self.valid.get_or_init(|| self.all_valid());
        valid.get(&(contract, ty, path)).is_some_and(|valid| valid.iter().any(covers))
    }

    /// Whether acknowledgements cover a drift: one of its own condition, or of each half of a rename; of a type that is
    /// called otherwise, of each field that is gone with its name, and of each that came with the new one and that the
    /// contract does not know.
    fn is_acknowledged(&self, drift: &Drift) -> bool {
        let ty = drift.ty.as_str();
        let Some(path) = &drift.path else {
            let Condition::Renamed { to: (after, None), .. } = &drift.condition else { return false };
            let of = |ty, what| {
                let own = move |one: &&Standing| one.contract == drift.contract && one.what == what;
                self.survey.standing_of(ty, None).filter(own)
            };
            return of(ty, "removed").next().is_some()
                && of(ty, "removed").all(|one| self.has(drift, &Divergence::Removed, ty, &one.path))
                && of(after, "added").all(|one| self.has(drift, &Divergence::Added, after, &one.path));
        };
        match &drift.condition {
            Condition::Added { .. } => self.has(drift, &Divergence::Added, ty, path),
            Condition::Removed { .. } => self.has(drift, &Divergence::Removed, ty, path),
            Condition::NonCanonical { .. } => self.has(drift, &Divergence::NonCanonical, ty, path),
            Condition::Renamed { to: (to_ty, Some(to)), listed, .. } => {
                let [gone, come] = drift.halves().unwrap_or_default();
                let holds = |half: &str, stood: bool| (stood || !self.is_first_baseline) && self.is_baseline(half);
                // Each half may be known for a reason of its own.
                let is_gone = || self.has(drift, &Divergence::Removed, ty, path) || holds(&gone, drift.stood.own);
                let has_come =
                    || *listed || self.has(drift, &Divergence::Added, to_ty, to) || holds(&come, drift.stood.new);
                self.has(drift, &Divergence::Renamed { to: to.clone() }, ty, path) || (is_gone() && has_come())
            }
            Condition::Renamed { .. } | Condition::Unnamed => false,
        }
    }

    /// The drift that nobody acknowledged and no baseline holds.
    pub(in crate::rules) fn open(&self) -> impl Iterator<Item = &'a Arc<Drift>> {
        let has_lines = self.baseline_lines().next().is_some();
        let renamed: Vec<&str> = self.renamed_lines().collect();
        let is_held = move |drift: &Drift| {
            let key = drift.key();
            self.is_baseline(&key) || renamed.iter().any(|line| is_half(&key, line) && self.is_baseline(line))
        };
        let may_be = |drift: &Drift| !self.is_first_baseline || drift.stood.all(&drift.condition);
        let is_held = move |drift: &Drift| has_lines && may_be(drift) && is_held(drift);
        self.survey.drifts.iter().filter(move |drift| !self.is_acknowledged(drift) && !is_held(drift))
    }

    /// The lines of the baseline that call something a rename. What is one is judged by all that is gone and has come, so
    /// its halves may be told apart another day.
    fn renamed_lines(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.baseline_lines().map(String::as_str).filter(|line| line.starts_with("renamed "))
    }

    /// The lines of the baseline as the change leaves it, where they count.
    fn baseline_lines(&self) -> impl Iterator<Item = &'a String> + use<'a> {
        let counts = self.has_baseline;
        self.survey.baseline[1].iter().flatten().filter(move |_| counts)
    }

    /// Whether the baseline holds something that an absolute check would refuse.
    pub(in crate::rules) fn is_baseline(&self, key: &str) -> bool {
        let [before, after] = &self.survey.baseline;
        let had = before.as_ref().or(after.as_ref()).is_some_and(|lines| lines.contains(key));
        self.has_baseline && had && after.as_ref().is_some_and(|lines| lines.contains(key))
    }

    /// The lines of the baseline that hold nothing any more, where all drift was looked for. `others` are those of what is
    /// no drift of a field.
    pub(in crate::rules) fn stale_baseline(&self, others: &BTreeSet<String>) -> Vec<&'a String> {
        let mut lines = self.baseline_lines().peekable();
        if lines.peek().is_none() {
            return Vec::new();
        }
        let halves = self.survey.drifts.iter().filter_map(|drift| drift.halves()).flatten();
        let drifts: BTreeSet<String> = self.survey.drifts.iter().map(|drift| drift.key()).chain(halves).collect();
        let has_half = |line: &String| line.starts_with("renamed ") && drifts.iter().any(|key| is_half(key, line));
        lines.filter(|line| !drifts.contains(*line) && !others.contains(*line) && !has_half(line)).collect()
    }

    /// What the baseline does not hold, with the line by which one would: `line` says it.
    pub(in crate::rules) fn beyond_baseline(
        &self,
        found: Vec<Violation>,
        line: fn(&Violation) -> String,
    ) -> Vec<Violation> {
        let open = by_line(found, line).into_iter().filter(|(line, _)| !self.is_baseline(line));
        open.map(|(line, violation)| violation.baseline(line)).collect()
    }

    /// Whether an acknowledgement is for drift that is there.
    pub(in crate::rules) fn is_of_use(&self, given: &Given) -> bool {
        let fits = |what: &str| fits(&given.acknowledgement.divergence, what);
        given.acknowledgement.fields.iter().all(|(ty, path)| {
            let standing = self.survey.standing_of(ty, Some(path));
            standing.into_iter().any(|one| is_for(given, one) && fits(one.what))
        })
    }
}

/// Whether a line of the baseline that calls something a rename holds one half of it, by its key.
fn is_half(key: &str, line: &str) -> bool {
    let Some(names) = line.strip_prefix("renamed ") else { return false };
    // A name has no bare space in it, and what stands behind the names is the contract.
    let gone = key.strip_prefix("removed ").and_then(|key| key.split_once(' '));
    let come = key.strip_prefix("added ").and_then(|key| names.strip_suffix(key));
    let is_gone = |(field, contract): (&str, &str)| {
        let behind = names.strip_prefix(field).and_then(|names| names.strip_prefix(' '));
        behind.and_then(|names| names.strip_suffix(contract)).is_some_and(|to| to.ends_with(' '))
    };
    gone.is_some_and(is_gone) || come.is_some_and(|from| from.ends_with(' '))
}

/// Violations, each with the line by which a baseline holds it: of several alike the second and third are counted, so that
/// a line holds one.
pub(in crate::rules) fn by_line(found: Vec<Violation>, line: fn(&Violation) -> String) -> Vec<(String, Violation)> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let counted = |violation: Violation| {
        let line = line(&violation);
        let times = seen.entry(line.clone()).or_default();
        *times += 1;
        (if *times > 1 { format!("{line} ({times})") } else { line }, violation)
    };
    found.into_iter().map(counted).collect()
}

/// Whether an acknowledgement can be for drift that stands, whatever the drift is: a comment is not for what another file
/// maps.
fn is_for(given: &Given, one: &Standing) -> bool {
    let is_own = |file: &BString| !given.acknowledgement.in_code || *file == given.file;
    one.contract == given.contract && one.file.as_ref().is_none_or(is_own)
}

/// Whether an acknowledgement of one divergence can be for drift of a kind.
fn fits(divergence: &Divergence, what: &str) -> bool {
    match divergence {
        Divergence::Unspecified => true,
        Divergence::Renamed { .. } => what == "renamed" || what == "removed",
        Divergence::NonCanonical => what == "noncanonical",
        other => Some(what) == other.word() || what == "renamed",
    }
}

/// Whether the policy takes renames lighter than a rule for one half of them, which then tells that half by itself: what
/// is only guessed to be a rename makes nothing pass.
pub(in crate::rules) fn renames_are_lighter(ctx: &Ctx<'_>, than: &str) -> bool {
    let severity = |rule: &str| ctx.policy.severity(rule, Severity::Enforce);
    severity("field-renamed") < severity(than)
}

/// What a rule says of a drift that was found on a day: what is wrong, and what mends it.
pub(in crate::rules) type Say = fn(&Drift, Date) -> (String, String);

/// The violation by a drift: placed in the code where there is any, else in the contract.
pub(in crate::rules) fn violation(ctx: &Ctx<'_>, drift: &Arc<Drift>, say: Say) -> Violation {
    let (own, today, key) = (Arc::clone(drift), ctx.today(), drift.key());
    let words = Words::later(move || {
        let (message, help) = say(&own, today);
        Said { message, help, field: Some(field(&own)) }
    });
    let violation = Violation::of(words).key(key.clone()).baseline(key);
    match (&drift.code, drift.contract_line) {
        (Some(place), _) => violation.at(place.file.clone()).line(place.line).column(place.column),
        (None, Some(line)) => violation.at(drift.contract.clone()).line(line),
        (None, None) => violation.at(drift.contract.clone()),
    }
}

/// The field of a drift, for programs.
fn field(drift: &Drift) -> Field {
    let to = match &drift.condition {
        Condition::Renamed { to: (ty, path), .. } => Some(match path {
            Some(path) => dotted(ty, path),
            None => ty.clone(),
        }),
        _ => None,
    };
    let field = drift.dotted();
    let from = to.as_ref().map(|_| field.clone());
    Field { field, from, to, contract: drift.contract.clone(), contract_line: drift.contract_line }
}

/// A field of a finding, for a message.
pub(in crate::rules) fn shown(text: &str) -> String {
    quote_path(text.as_bytes())
}

/// Where the contract is, for a message.
pub(in crate::rules) fn contract_place(drift: &Drift) -> String {
    let path = quote_path(&drift.contract);
    drift.contract_line.map_or(path.clone(), |line| format!("{path}:{line}"))
}

/// An acknowledgement to paste, on one line, with the approver left blank.
pub(in crate::rules) fn pasted(drift: &Drift, divergence: &Divergence, today: Date) -> String {
    let Some(path) = &drift.path else { return String::new() };
    let text = paste(divergence, &drift.ty, path, &drift.contract.to_str_lossy(), today);
    let words: Vec<&str> = text.split_whitespace().collect();
    copied(&words.join(" ").replace('\u{2192}', "->"))
}

/// Violations whose fingerprints are their own: of several alike at one path the second and third are counted.
pub(in crate::rules) fn each_once(mut found: Vec<Violation>) -> Vec<Violation> {
    let mut seen: HashMap<(Option<BString>, String), usize> = HashMap::new();
    for violation in &mut found {
        let times = seen.entry((violation.path.clone(), violation.key.clone())).or_default();
        *times += 1;
        if *times > 1 {
            violation.key = format!("{} ({times})", violation.key);
        }
    }
    found
}
