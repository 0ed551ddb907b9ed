//! A symlink, submodule or executable where a plain file is required.

use super::shared::BRANCHES_AND_TAGS;
use super::shared::guarded;
use crate::change::Need;
use crate::entry::Mode;
use crate::error::Result;
use crate::escape::quote_path;
use crate::finding::Severity;
use crate::path::prefixes;
use crate::policy::{CONTRACT_FILE, POLICY_FILE, POLICY_FOLDER, Policy};
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::{BStr, BString, ByteSlice};

pub(super) static RULE: Rule = Rule {
    id: "path-mode",
    name: "Something other than a plain file",
    family: Family::Paths,
    summary: "A symlink, submodule or executable where a plain file is required",
    docs: Docs {
        refuses: "A symbolic link, a submodule or an executable in the trace folder or in the place of the policy, the signers or the contract, and anything but a folder in the place of one that leads there.",
        why: "A link shows another content than the one that was approved, and a submodule shows none.",
        example: "`ln -s ../other .ai-stack-trace/x/contract/APPROVED`",
        fix: "Replace it with a plain file: `rm <path>`, write the content, `git add <path>`.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: BRANCHES_AND_TAGS,
    needs: &[Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let mut found = Vec::new();
    for (path, touch) in &ctx.change.content.touched {
        if let Some(file) = prefixes(path.as_bstr()).find(|part| *part != path.as_bstr() && is_single(ctx.policy, part))
        {
            if !touch.modes.is_empty() {
                let message = format!("a folder stands where {} must be a plain file", quote_path(file));
                found.push(Violation::new(message, "rename the folder, in the commit that adds it").at(path.clone()));
            }
            continue;
        }
        let Some(required) = required(ctx, path.as_bstr()) else { continue };
        for mode in touch.modes.iter().filter(|mode| Some(**mode) != required) {
            let message = match required {
                Some(_) => format!("{} stands where a plain file is required", mode.name()),
                None => format!("{} stands where a folder is required", mode.name()),
            };
            let shown = quote_path(path);
            let help = match required {
                Some(_) => format!("git rm --cached {shown}, write it as a plain file (mode 100644), git add {shown}"),
                None => format!("git rm {shown}, and make a folder of it"),
            };
            found.push(Violation::new(message, help).at(path.clone()).key(mode.name()));
        }
    }
    Ok(found)
}

/// What must stand at a path: `Some(Some(mode))` a file, `Some(None)` a folder, `None` whatever one likes.
fn required(ctx: &Ctx<'_>, path: &BStr) -> Option<Option<Mode>> {
    if ctx.policy.in_trace(path).is_some() || is_plain(ctx.policy, path) {
        return Some(Some(Mode::File));
    }
    let leads = |guarded: &BString| guarded.starts_with(path) && guarded.get(path.len()) == Some(&b'/');
    (path == ctx.policy.trace || path == POLICY_FOLDER || guarded(ctx.policy).iter().any(leads)).then_some(None)
}

/// The guarded places that are one file each.
fn is_single(policy: &Policy, path: &BStr) -> bool {
    let contract = policy.drift.as_ref().is_some_and(|drift| drift.is_contract(path));
    path == POLICY_FILE || path == CONTRACT_FILE || contract
}

fn is_plain(policy: &Policy, path: &BStr) -> bool {
    is_single(policy, path) || path.strip_prefix(POLICY_FOLDER.as_bytes()).is_some_and(|rest| rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    #[test]
    fn guarded_places_hold_plain_files() {
        let places = [
            ".ai-stack-trace/t1/contract/APPROVED",
            ".ai-stack-trace/t1",
            ".ai-stack-trace/README.md",
            "refgate.toml",
            ".refgate/allowed_signers",
            ".refgate/a/b",
            ".docs/reports/field-to-api-map.md",
        ];
        for path in places {
            Facts::branch_push("topic").add(path).accepted_by(&RULE);
            for mode in [Mode::Executable, Mode::Symlink, Mode::Submodule] {
                let found = Facts::branch_push("topic").add_as(path, mode).refused_by(&RULE, mode.name());
                assert!(
                    found.words.message.ends_with("stands where a plain file is required"),
                    "{}",
                    found.words.message
                );
                Facts::branch_push("topic").change_mode(path, Mode::File, mode).refused_by(&RULE, mode.name());
                Facts::branch_push("topic").change_mode(path, mode, Mode::File).accepted_by(&RULE);
                Facts::tag_push("x").add_as(path, mode).refused_by(&RULE, mode.name());
            }
        }
    }

    #[test]
    fn folders_that_lead_to_them_are_folders() {
        for path in [".ai-stack-trace", ".refgate", ".docs", ".docs/reports"] {
            for mode in [Mode::File, Mode::Symlink, Mode::Submodule] {
                Facts::branch_push("topic").add_as(path, mode).refused_by(&RULE, "where a folder is required");
            }
            Facts::branch_push("topic").remove(path).accepted_by(&RULE);
        }
    }

    #[test]
    fn a_file_is_no_folder_and_taking_such_a_folder_away_is_how_to_mend_it() {
        for (file, inside) in [
            ("refgate.toml", "refgate.toml/a"),
            (".docs/reports/field-to-api-map.md", ".docs/reports/field-to-api-map.md/a/b"),
        ] {
            let found = Facts::branch_push("topic").add(inside).refused_by(&RULE, "a folder stands where");
            assert!(found.words.message.ends_with(&format!("{file} must be a plain file")), "{}", found.words.message);
            assert_eq!(found.path.unwrap(), inside);
            Facts::branch_push("topic").remove(inside).accepted_by(&RULE);
        }
    }

    #[test]
    fn anywhere_else_anything_may_stand() {
        for path in ["src/a", "refgate.tom", ".ai-stack-traces/a/b", ".docs/reports/other.md", "docs/refgate.toml"] {
            for mode in [Mode::Executable, Mode::Symlink, Mode::Submodule] {
                Facts::branch_push("topic").add_as(path, mode).accepted_by(&RULE);
            }
        }
    }
}
