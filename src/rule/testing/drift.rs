//! What code and contract do, said without either.

use std::rc::Rc;
use std::sync::Arc;

use bstr::BString;

use super::Facts;
use crate::drift::acknowledgement::{in_code, in_list};
use crate::drift::compare::Nearest;
use crate::drift::path::FieldPath;
use crate::drift::rename::Evidence;
use crate::drift::shape::Form;
use crate::drift::survey::{Condition, Contracted, Drift, Given, Mapping, Place, Stood, Survey, Unread};

/// The contract that everything is held against.
pub(crate) const MAP: &str = ".docs/reports/field-to-api-map.md";

/// A policy that holds `model/**` against [`MAP`].
const SOURCE: &str = "[drift]\n[[drift.source]]\nlanguage = \"json-schema\"\npaths = [\"model/**\"]\n";

fn place(file: &str) -> Place {
    Place { file: file.into(), line: 3, column: 5 }
}

fn of(condition: Condition, field: &str) -> Drift {
    let (ty, path) = field.split_once('.').unwrap();
    Drift {
        condition,
        ty: ty.into(),
        path: Some(FieldPath::parse(path).unwrap()),
        contract: MAP.into(),
        contract_line: None,
        code: Some(place("model/order.json")),
        nearest: Nearest::None,
        stood: Stood::default(),
    }
}

/// Drift that stood before the change.
pub(crate) fn standing(drift: Drift) -> Drift {
    Drift { stood: Stood { own: true, new: true }, ..drift }
}

/// A field in the code and not in the contract.
pub(crate) fn added(field: &str) -> Drift {
    Drift { nearest: Nearest::Is("order.id".into()), ..of(Condition::Added { kind: "string", beside: None }, field) }
}

/// A field in line 9 of the contract and not in the code.
pub(crate) fn removed(field: &str, from_both: bool, candidates: &[&str]) -> Drift {
    let candidates = candidates.iter().map(|one| (*one).to_owned()).collect();
    Drift { contract_line: Some(9), code: None, ..of(Condition::Removed { from_both, candidates, other: None }, field) }
}

/// A field under another name in the code.
pub(crate) fn renamed(field: &str, to: &str, listed: bool) -> Drift {
    let (ty, path) = to.split_once('.').unwrap();
    let to = (ty.to_owned(), Some(FieldPath::parse(path).unwrap()));
    Drift { contract_line: Some(9), ..of(Condition::Renamed { to, evidence: Evidence::Only, listed }, field) }
}

/// A type under another name in the code.
pub(crate) fn renamed_type(before: &str, after: &str) -> Drift {
    let to = (after.to_owned(), None);
    let condition = Condition::Renamed { to, evidence: Evidence::Type, listed: true };
    Drift { ty: before.into(), path: None, contract_line: Some(9), ..of(condition, "order.id") }
}

/// A call in `src/map.ts` that maps to a path which the contract does not know, or has retired for another.
pub(crate) fn mapped(field: &str, retired: Option<&str>) -> Drift {
    let form = Mapping::Site(Form::Call);
    let retired = retired.map(|path| FieldPath::parse(path).unwrap());
    let condition = Condition::NonCanonical { form, retired, written: field.into() };
    Drift { code: Some(place("src/map.ts")), ..of(condition, field) }
}

/// A mapping file that does not name the contract.
pub(crate) fn unnamed(file: &str) -> Drift {
    let code = Some(Place { file: file.into(), line: 1, column: 0 });
    Drift { ty: String::new(), path: None, code, ..of(Condition::Unnamed, "order.id") }
}

/// A look at everything that found this drift.
pub(crate) fn found(drifts: impl IntoIterator<Item = Drift>) -> Survey {
    let drifts: Vec<Arc<Drift>> = drifts.into_iter().map(Arc::new).collect();
    let standing = drifts.iter().flat_map(|drift| drift.standing()).collect();
    let known = drifts.iter().flat_map(|drift| drift.standing()).map(|one| (one.ty, one.path)).collect();
    let contract = Contracted { path: MAP.into(), complete: true, ..Contracted::default() };
    Survey { drifts, standing, known, contracts: vec![contract], ..Survey::default() }
}

impl Survey {
    /// Something is so of the contract.
    pub(crate) fn contract_is(mut self, change: impl FnOnce(&mut Contracted)) -> Self {
        change(self.contracts.first_mut().unwrap());
        self
    }

    /// A place of a source that cannot be read.
    pub(crate) fn unread(mut self, file: &str, line: u32) -> Self {
        let place = Place { file: file.into(), line, column: 1 };
        self.unread.insert(Unread { place, reason: "a computed key".into() });
        self
    }

    /// An acknowledgement in the contract's list.
    pub(crate) fn acknowledged(mut self, text: &str, is_new: bool) -> Self {
        let acknowledgement = in_list(text, 0, 20).unwrap();
        self.given.push(Given { acknowledgement, file: MAP.into(), contract: MAP.into(), is_new });
        self
    }

    /// An acknowledgement in a comment of a file.
    pub(crate) fn commented(mut self, file: &str, fields: &str, is_new: bool) -> Self {
        let text = format!(
            "// DRIFT ACKNOWLEDGEMENT\n// It diverges from: {MAP}\n// Fields: {fields}\n// Reason: so it is meant\n\
             // Approved by: Dana\n// Date: 2026-11-01\n"
        );
        let (acknowledgements, problems) = in_code(&text);
        assert_eq!(problems, []);
        for acknowledgement in acknowledgements {
            self.given.push(Given { acknowledgement, file: file.into(), contract: MAP.into(), is_new });
        }
        self
    }

    /// The baseline before and after.
    pub(crate) fn baseline(mut self, before: Option<&[&str]>, after: Option<&[&str]>) -> Self {
        let lines = |lines: Option<&[&str]>| lines.map(|lines| lines.iter().map(|line| (*line).to_owned()).collect());
        self.baseline = [lines(before), lines(after)];
        self
    }
}

impl Facts {
    /// What the change does to code and contract.
    pub(crate) fn drift(self, survey: Survey) -> Self {
        let mut facts = if self.policy.drift.is_some() { self } else { self.with_policy(SOURCE) };
        facts.change.drift = Some(Rc::new(survey));
        facts
    }

    /// The policy refuses any drift.
    pub(crate) fn absolute(self) -> Self {
        self.with_policy(&SOURCE.replace("[drift]", "[drift]\nmode = \"absolute\""))
    }

    /// Files of the trace, beside the approval, name the contract.
    pub(crate) fn citing(mut self) -> Self {
        self.change.cites = Rc::new([BString::from(MAP)].into());
        self
    }

    /// An approval that acknowledges this.
    pub(crate) fn approval_with(self, acknowledgements: &[&str]) -> Self {
        let list: String = acknowledgements.iter().map(|one| format!("- {one}\n")).collect();
        self.approval(format!(
            "Task: t1\n\n## APPROVED SCOPE\n\n**Schema changes**\n- `{MAP}`\n\n## DRIFT ACKNOWLEDGEMENTS\n\n{list}"
        ))
    }
}
