//! Where documents travel: refs below `refs/refgate/`, each made once and never moved. Behind one stands a commit
//! without parents whose tree holds the document, its signatures, and what it retains.

use bstr::{BStr, BString, ByteSlice};

use super::form::{is_id, is_sha256};
use crate::oid::Oid;

/// The signed document of a person.
pub const STATEMENT: &str = "statement.json";
/// The signed document of a machine, with its signature inside.
pub const ENVELOPE: &str = "envelope.json";
/// The folder of what a document retains.
pub const ARTIFACTS: &str = "artifacts/";
/// What holds the first signature on a document, after the document's own name.
pub const SIGNATURE: &str = ".sig";
/// More signatures than any threshold asks for.
pub const MOST_SIGNATURES: usize = 16;

/// The ref of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `refs/refgate/overrides/<id>`
    Override {
        /// The statement's name.
        id: String,
    },
    /// `refs/refgate/checks/<tree>/<check>/<id>`
    Check {
        /// The root tree that was checked.
        tree: Oid,
        /// The check's name.
        check: String,
        /// The statement's name.
        id: String,
    },
    /// `refs/refgate/policy/<digest of the change>/<id>`
    PolicyChange {
        /// See [`super::policy_change::PolicyChange::key`].
        key: String,
        /// The statement's name.
        id: String,
    },
    /// `refs/refgate/withdrawals/<digest of the approval>/<id>`
    Withdrawal {
        /// SHA-256, hex, of the approval's bytes.
        approval: String,
        /// The statement's name.
        id: String,
    },
}

impl Place {
    /// The place with this ref name; `None` for every other ref.
    pub fn parse(name: &BStr) -> Option<Self> {
        let rest = name.strip_prefix(b"refs/refgate/")?.to_str().ok()?;
        let parts: Vec<&str> = rest.split('/').collect();
        let id = parts.last().filter(|id| is_id(id)).map(ToString::to_string)?;
        match parts.as_slice() {
            ["overrides", _] => Some(Self::Override { id }),
            ["checks", tree, check, _] if is_check_name(check) => {
                Some(Self::Check { tree: Oid::from_hex(tree.as_bytes())?, check: (*check).to_owned(), id })
            }
            ["policy", key, _] if is_sha256(key) => Some(Self::PolicyChange { key: (*key).to_owned(), id }),
            ["withdrawals", approval, _] if is_sha256(approval) => {
                Some(Self::Withdrawal { approval: (*approval).to_owned(), id })
            }
            _ => None,
        }
    }

    /// The full ref name.
    pub fn name(&self) -> BString {
        match self {
            Self::Override { id } => format!("refs/refgate/overrides/{id}"),
            Self::Check { tree, check, id } => format!("{}{id}", Self::checks(*tree, check)),
            Self::PolicyChange { key, id } => format!("{}{id}", Self::policy_changes(key)),
            Self::Withdrawal { approval, id } => format!("{}{id}", Self::withdrawals(approval)),
        }
        .into()
    }

    /// What the refs of one check of a tree begin with.
    pub fn checks(tree: Oid, check: &str) -> String {
        format!("refs/refgate/checks/{tree}/{check}/")
    }

    /// What the refs of the signatures on one change of the rules begin with.
    pub fn policy_changes(key: &str) -> String {
        format!("refs/refgate/policy/{key}/")
    }

    /// What the refs of an approval's withdrawals begin with.
    pub fn withdrawals(approval: &str) -> String {
        format!("refs/refgate/withdrawals/{approval}/")
    }
}

/// Whether a text can name a check: a part of a ref name that needs no escaping anywhere.
pub fn is_check_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let ends = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 100
        && text.chars().all(plain)
        && text.starts_with(ends)
        && text.ends_with(ends)
        && !text.contains("..")
        && !text.ends_with(".lock")
}

/// Whether a file holds a signature on the document: `<document>.sig`, and for more people `<document>.2.sig` and so on.
pub fn is_signature_of(document: &str, name: &str) -> bool {
    let Some(rest) = name.strip_prefix(document).and_then(|rest| rest.strip_suffix(SIGNATURE)) else { return false };
    let number = rest.strip_prefix('.').and_then(|number| number.parse::<usize>().ok());
    rest.is_empty() || number.is_some_and(|n| (2..=MOST_SIGNATURES).contains(&n) && rest == format!(".{n}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_name_and_no_other_ref_has_a_place() {
        let (id, digest, tree) = ("0f".repeat(16), "ab".repeat(32), "1b".repeat(20));
        let names = [
            format!("refs/refgate/overrides/{id}"),
            format!("refs/refgate/checks/{tree}/unit-tests/{id}"),
            format!("refs/refgate/policy/{digest}/{id}"),
            format!("refs/refgate/withdrawals/{digest}/{id}"),
        ];
        for name in &names {
            assert_eq!(Place::parse(name.as_str().into()).unwrap().name(), name.as_str());
            for other in [format!("{name}0"), format!("{name}/x"), name.to_uppercase(), name.replace("refgate", "x")] {
                assert_eq!(Place::parse(other.as_str().into()), None, "{other}");
            }
        }
        for name in [
            "refs/refgate/ledger",
            "refs/refgate/overrides",
            "refs/refgate/overrides/",
            &format!("refs/refgate/overrides/x/{id}"),
            &format!("refs/refgate/evidence/{id}"),
            &format!("refs/refgate/checks/{id}/tests/{id}"),
            &format!("refs/refgate/checks/{tree}//{id}"),
            &format!("refs/refgate/checks/{tree}/a b/{id}"),
            &format!("refs/refgate/policy/{tree}/{id}"),
        ] {
            assert_eq!(Place::parse(name.into()), None, "{name}");
        }
    }

    #[test]
    fn a_check_s_name_is_a_part_of_a_ref_name() {
        for name in ["tests", "unit-tests", "a", "sast.semgrep", "A_1"] {
            assert!(is_check_name(name), "{name}");
        }
        for name in ["", "a/b", ".a", "a.", "a..b", "a.lock", "-a", "a b", "caf\u{e9}", "a~1", &"a".repeat(101)] {
            assert!(!is_check_name(name), "{name}");
        }
    }

    #[test]
    fn signatures_stand_beside_the_document_and_are_numbered_from_two() {
        for name in ["a.json.sig", "a.json.2.sig", "a.json.16.sig"] {
            assert!(is_signature_of("a.json", name), "{name}");
        }
        for name in ["a.json", "a.json.1.sig", "a.json.02.sig", "a.json.17.sig", "a.json.x.sig", "b.json.sig", "a.sig"]
        {
            assert!(!is_signature_of("a.json", name), "{name}");
        }
    }
}
