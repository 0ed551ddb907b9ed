//! What must hold for any bytes, one module for each fuzz target. `fuzz_targets/` drives them with libFuzzer,
//! `tests/it/fuzz_corpus.rs` with every input that was ever worth keeping. A property that fails panics.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(dead_code, reason = "each fuzz target uses one module of these")]

pub(crate) mod acknowledgement;
pub(crate) mod allowed_signers;
pub(crate) mod approval;
pub(crate) mod approved;
pub(crate) mod armor;
pub(crate) mod contract;
pub(crate) mod document;
pub(crate) mod glob;
pub(crate) mod index;
pub(crate) mod krl;
pub(crate) mod ledger;
pub(crate) mod names;
pub(crate) mod objects;
pub(crate) mod path;
pub(crate) mod place;
pub(crate) mod policy;
pub(crate) mod prisma;
pub(crate) mod push_cert;
pub(crate) mod refs;
pub(crate) mod server;
pub(crate) mod sources;
pub(crate) mod sql;
pub(crate) mod statement;
pub(crate) mod status;

use refgate::error::{Error, Kind};

/// What a person is told: one line that a terminal shows as it is.
#[track_caller]
pub(crate) fn tells(text: &str) {
    assert!(!text.is_empty(), "nothing is said");
    assert!(text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "not printable ASCII on one line: {text:?}");
}

/// An error says what happened and what to do, and has the exit code that is due.
#[track_caller]
pub(crate) fn explains(error: &Error, kind: Kind) {
    assert_eq!(error.kind, kind, "{error:?}");
    tells(&error.message);
    tells(&error.help);
}

/// git-check-ref-format(1), spelled out afresh: whether Git takes `refs/heads/<name>`.
pub(crate) fn git_takes_branch(name: &[u8]) -> bool {
    let bad = |byte: &u8| *byte < 0x20 || *byte == 0x7f || b" ~^:?*[\\".contains(byte);
    let twice = |pair: &[u8]| pair == b".." || pair == b"@{" || pair == b"//";
    !name.is_empty()
        && !name.iter().any(bad)
        && !name.windows(2).any(twice)
        && !name.ends_with(b".")
        && name
            .split(|byte| *byte == b'/')
            .all(|part| !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".lock"))
}

/// What holds of whatever a file declares: places are in the file, at the beginning of a character, and what is told of
/// them is printable.
#[track_caller]
pub(crate) fn declares(text: &str, module: &refgate::drift::shape::Module) {
    use refgate::drift::shape::{Shape, Step, Unread};

    let place = |at: u32| assert!(text.is_char_boundary(at as usize), "{at} is no place in {text:?}");
    let told = |unread: &Unread| {
        place(unread.at);
        tells(&unread.reason);
    };
    let shape = |shape: &Shape| match shape {
        Shape::Object(members) => members.iter().for_each(|member| place(member.at)),
        Shape::Named { at, .. } => place(*at),
        Shape::Unread(unread) => told(unread),
        _ => {}
    };
    module.unread.iter().for_each(told);
    for definition in &module.definitions {
        place(definition.at);
        shape(&definition.shape);
    }
    for step in &module.steps {
        match step {
            Step::Create { at, columns, .. } => {
                place(*at);
                columns.iter().for_each(|column| place(column.at));
            }
            Step::AddColumn { column, .. } | Step::SetColumn { column, .. } => place(column.at),
            Step::Drop { at, .. }
            | Step::Rename { at, .. }
            | Step::Enumerate { at, .. }
            | Step::DropColumn { at, .. }
            | Step::RenameColumn { at, .. } => place(*at),
        }
    }
}
