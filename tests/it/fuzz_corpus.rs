//! Every input of `fuzz/corpus` through the properties that the fuzz targets check: what fuzzing once found stays found.

use std::path::{Path, PathBuf};

#[path = "../../fuzz/properties/mod.rs"]
mod properties;

type Property = fn(&[u8]);

/// Every fuzz target with its property.
const TARGETS: &[(&str, Property)] = &[
    ("acknowledgement", properties::acknowledgement::holds),
    ("allowed_signers", properties::allowed_signers::holds),
    ("approval", properties::approval::holds),
    ("approved", properties::approved::holds),
    ("armor", properties::armor::holds),
    ("contract", properties::contract::holds),
    ("document", properties::document::holds),
    ("glob", properties::glob::holds),
    ("index", properties::index::holds),
    ("krl", properties::krl::holds),
    ("ledger", properties::ledger::holds),
    ("names", properties::names::holds),
    ("objects", properties::objects::holds),
    ("path", properties::path::holds),
    ("policy", properties::policy::holds),
    ("prisma", properties::prisma::holds),
    ("push_cert", properties::push_cert::holds),
    ("refs", properties::refs::holds),
    ("server", properties::server::holds),
    ("sources", properties::sources::holds),
    ("sql", properties::sql::holds),
    ("statement", properties::statement::holds),
    ("status", properties::status::holds),
];

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs_err::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_input_of_the_corpora_has_the_properties_of_its_target() {
    for (target, property) in TARGETS {
        let folder = fuzz().join("corpus").join(target);
        let inputs = names(&folder);
        assert!(inputs.len() > 2, "{target} has no corpus");
        for input in inputs {
            let bytes = fs_err::read(folder.join(&input)).unwrap();
            let outcome = std::panic::catch_unwind(|| property(&bytes));
            assert!(outcome.is_ok(), "fuzz/corpus/{target}/{input} breaks its property, as told above");
        }
    }
}

#[test]
fn every_target_is_listed_built_and_has_a_corpus() {
    let listed: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names(&fuzz().join("corpus")), listed);
    let sources: Vec<String> = listed.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets")), sources);
    let manifest = fs_err::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in listed {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name} is not built");
    }
}
