//! The list of rules. A new one is a file in this folder, its `mod` line and its line in [`ALL`]; tests compare the
//! folder, the list and the fixtures.

mod ack_invalid;
mod ack_stale;
mod approval_invalid;
mod approval_signature;
mod approval_unsigned;
mod approved_marker;
mod artifact_missing;
mod baseline_grown;
mod chain_skipped;
mod check_missing;
mod commit_date;
mod commit_unsigned;
mod contract_changed;
mod contract_invalid;
mod contract_missing;
mod contract_unreferenced;
mod direct_push;
mod emergency_label;
mod field_added;
mod field_removed;
mod field_renamed;
mod merge_not_clean;
mod noncanonical_path;
mod not_approved;
mod octopus;
mod out_of_scope;
mod override_invalid;
mod path_collision;
mod path_mode;
mod path_name;
mod policy_changed;
mod policy_invalid;
mod protected_creation;
mod protected_deletion;
mod protected_rewind;
mod push_unsigned;
mod ref_collision;
mod ref_name;
mod ref_target;
mod release_tag;
mod replace_ref;
mod review_rewritten;
mod rollback_invalid;
mod schema_unlisted;
mod server_ref;
mod shared;
mod source_unread;
mod stale_update;
mod statement_invalid;
mod status_contradicted;
mod status_invalid;
mod tag_moved;
mod tag_unsigned;
mod task_finished;
mod trace_foreign;
mod trace_frozen;
mod trunk_missing;
mod unacknowledged_divergence;
mod unknown_namespace;
mod unrelated_history;

use crate::rule::Rule;

/// Every rule, by family.
pub static ALL: &[&Rule] = &[
    &direct_push::RULE,
    &protected_deletion::RULE,
    &protected_rewind::RULE,
    &protected_creation::RULE,
    &tag_moved::RULE,
    &release_tag::RULE,
    &unknown_namespace::RULE,
    &replace_ref::RULE,
    &server_ref::RULE,
    &ref_name::RULE,
    &ref_collision::RULE,
    &ref_target::RULE,
    &stale_update::RULE,
    &trunk_missing::RULE,
    &commit_date::RULE,
    &unrelated_history::RULE,
    &path_name::RULE,
    &path_collision::RULE,
    &path_mode::RULE,
    &out_of_scope::RULE,
    &not_approved::RULE,
    &schema_unlisted::RULE,
    &artifact_missing::RULE,
    &approved_marker::RULE,
    &approval_invalid::RULE,
    &approval_unsigned::RULE,
    &status_invalid::RULE,
    &status_contradicted::RULE,
    &task_finished::RULE,
    &trace_frozen::RULE,
    &trace_foreign::RULE,
    &review_rewritten::RULE,
    &field_added::RULE,
    &field_removed::RULE,
    &field_renamed::RULE,
    &noncanonical_path::RULE,
    &unacknowledged_divergence::RULE,
    &contract_invalid::RULE,
    &contract_changed::RULE,
    &contract_missing::RULE,
    &contract_unreferenced::RULE,
    &source_unread::RULE,
    &ack_invalid::RULE,
    &ack_stale::RULE,
    &baseline_grown::RULE,
    &chain_skipped::RULE,
    &emergency_label::RULE,
    &merge_not_clean::RULE,
    &octopus::RULE,
    &rollback_invalid::RULE,
    &check_missing::RULE,
    &approval_signature::RULE,
    &override_invalid::RULE,
    &statement_invalid::RULE,
    &push_unsigned::RULE,
    &commit_unsigned::RULE,
    &tag_unsigned::RULE,
    &policy_changed::RULE,
    &policy_invalid::RULE,
];

/// The ids of all rules, in the order of the list.
pub fn ids() -> Vec<&'static str> {
    ALL.iter().map(|rule| rule.id).collect()
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().find(|rule| rule.id == id).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::policy::parse::{Known, built_in, parse};
    use crate::policy::{Class, Policy};
    use crate::rule::Docs;
    use crate::rule::testing::Facts;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn ids_are_kebab_case_and_each_is_its_rule_s_own() {
        for rule in ALL {
            let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
            assert!(rule.id.split('-').all(word), "{}", rule.id);
            assert!(std::ptr::eq(find(rule.id).unwrap(), *rule), "{} stands twice", rule.id);
        }
        assert!(find("no-such-rule").is_none());
        let names: BTreeSet<_> = ALL.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), ALL.len(), "two rules have one name");
    }

    #[test]
    fn the_list_is_the_folder() {
        let files = fs_err::read_dir(root().join("src/rules")).unwrap();
        let mut files: BTreeSet<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap().replace(".rs", "")).collect();
        assert!(files.remove("shared"), "src/rules/shared.rs is gone");
        assert_eq!(files, ids().iter().map(|id| id.replace('-', "_")).collect());
    }

    #[test]
    fn families_stand_together_in_their_order() {
        assert!(ALL.is_sorted_by_key(|rule| rule.family));
    }

    #[test]
    fn every_page_is_complete() {
        for rule in ALL {
            let Docs { refuses, why, example, fix, waiver } = rule.docs;
            let waiver = waiver.text();
            for part in [rule.name, rule.summary, refuses, why, example, fix, waiver] {
                assert!(!part.trim().is_empty() && part.trim() == part, "{}: {part:?}", rule.id);
                assert!(!part.contains(['\n', '\t']), "{}: {part:?}", rule.id);
            }
            for sentence in [refuses, fix, waiver] {
                assert!(sentence.ends_with('.'), "{}: {sentence}", rule.id);
            }
            assert!(why.ends_with('.') && why.matches(". ").count() == 0, "{}: one sentence: {why}", rule.id);
            assert!(!rule.summary.ends_with('.') && !rule.name.ends_with('.'), "{}", rule.id);
            // These are printed with every finding.
            for shown in [rule.id, rule.name, rule.summary, why] {
                assert!(shown.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{}: {shown}", rule.id);
            }
        }
    }

    #[test]
    fn no_rule_is_newer_than_the_program() {
        let version = |text: &str| -> [u32; 3] {
            text.split('.').map(|part| part.parse().unwrap()).collect::<Vec<_>>().try_into().unwrap()
        };
        for rule in ALL {
            assert!(version(rule.since) <= version(env!("CARGO_PKG_VERSION")), "{}: {}", rule.id, rule.since);
        }
    }

    #[test]
    fn every_rule_looks_at_something_once() {
        for rule in ALL {
            let classes: BTreeSet<_> = rule.classes.iter().collect();
            assert!(!classes.is_empty() && classes.len() == rule.classes.len(), "{}", rule.id);
            let needs: BTreeSet<_> = rule.needs.iter().collect();
            assert_eq!(needs.len(), rule.needs.len(), "{}", rule.id);
        }
    }

    #[test]
    fn a_promotion_with_a_complete_trace_passes_every_rule() {
        for rule in ALL.iter().filter(|rule| rule.id != "approval-unsigned") {
            Facts::promotion("t1").touch("src/a.rs").accepted_by(rule);
            Facts::promotion("t1").touch("src/a.rs").by_merge(&[], &[]).accepted_by(rule);
        }
    }

    /// What the registry tests need of a case; tests/corpus reads the rest, strictly.
    struct Case {
        file: String,
        accepted: bool,
        /// The rules that it names, refusing or reporting.
        rules: BTreeSet<String>,
        classes: BTreeSet<Class>,
    }

    fn cases() -> Vec<Case> {
        let mut cases = Vec::new();
        for folder in fs_err::read_dir(root().join("fixtures/cases")).unwrap() {
            for file in fs_err::read_dir(folder.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                let case: toml::Table = fs_err::read_to_string(&path).unwrap().parse().unwrap();
                cases.push(read(path.display().to_string(), &case));
            }
        }
        assert!(cases.len() > 100, "only {} cases", cases.len());
        cases
    }

    fn read(file: String, case: &toml::Table) -> Case {
        let strings = |value: Option<&toml::Value>| -> Vec<String> {
            let items = value.and_then(toml::Value::as_array).into_iter().flatten();
            items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
        };
        let expect = case["expect"].as_table().unwrap();
        let policy = policy(case.get("policy").and_then(toml::Value::as_str));
        let pushes = case.get("push").and_then(toml::Value::as_array).into_iter().flatten();
        let names = pushes.filter_map(|push| push.get("ref").and_then(toml::Value::as_str));
        Case {
            file,
            accepted: expect["decision"].as_str() == Some("accept"),
            rules: strings(expect.get("rules")).into_iter().chain(strings(expect.get("evaluate"))).collect(),
            classes: names.map(|name| policy.classify(name.into())).collect(),
        }
    }

    fn policy(text: Option<&str>) -> Policy {
        let known = Known { rules: &ids(), trunk: "refs/heads/main".into() };
        text.and_then(|text| parse(text, "case", known).ok()).unwrap_or_else(|| built_in(known).unwrap())
    }

    #[test]
    fn every_rule_has_a_case_that_it_finds_something_in() {
        let cases = cases();
        let named: BTreeSet<&str> = cases.iter().flat_map(|case| case.rules.iter().map(String::as_str)).collect();
        let known: BTreeSet<&str> = ids().into_iter().collect();
        assert_eq!(known.difference(&named).collect::<Vec<_>>(), Vec::<&&str>::new(), "rules that no case names");
        assert_eq!(named.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new(), "cases name rules that are none");
    }

    /// Nothing below `refs/refgate/` nor outside the known namespaces is ever accepted; for these the accepted case is
    /// any that leaves them alone.
    #[test]
    fn every_rule_has_an_accepted_case_that_it_looks_at() {
        let closed = [Class::Refgate, Class::Unknown];
        let accepted: Vec<Case> = cases().into_iter().filter(|case| case.accepted).collect();
        for case in &accepted {
            assert!(!closed.iter().any(|class| case.classes.contains(class)), "{} is accepted", case.file);
        }
        for rule in ALL.iter().filter(|rule| !rule.classes.iter().all(|class| closed.contains(class))) {
            let looks = |case: &&Case| rule.classes.iter().any(|class| case.classes.contains(class));
            let passes = |case: &&Case| !case.rules.contains(rule.id);
            assert!(accepted.iter().filter(looks).any(|case| passes(&case)), "no accepted case for {}", rule.id);
        }
    }
}
