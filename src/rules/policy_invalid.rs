//! A first push that brings a policy that refgate cannot read.

use crate::change::File;
use crate::error::Error;
use crate::error::Result;
use crate::finding::Severity;
use crate::policy::Class;
use crate::policy::POLICY_FILE;
use crate::policy::parse::{Known, parse};
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::ByteSlice;

pub(super) static RULE: Rule = Rule {
    id: "policy-invalid",
    name: "Policy that cannot be read",
    family: Family::Policy,
    summary: "A first push that brings a policy that refgate cannot read",
    docs: Docs {
        refuses: "The bootstrap push of a tree whose `refgate.toml` is not valid: from then on it would judge every push, and none could be decided.",
        why: "A gate whose rules cannot be read lets nobody through, or everybody.",
        example: "`[rules]` with a rule that does not exist",
        fix: "Mend the file; `refgate check --policy refgate.toml` says the same before the push.",
        waiver: BY_OVERRIDE,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let Some(file) = &ctx.change.new_policy else { return Ok(Vec::new()) };
    let problem = match file.as_ref() {
        File::Content(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => {
                parse(text, POLICY_FILE, Known { rules: &super::ids(), trunk: ctx.policy.trunk.as_bstr() }).err()
            }
            Err(error) => Some(Error::undecided(format!("{POLICY_FILE} is not UTF-8: {error}"))),
        },
        File::NotAFile(mode) => Some(Error::undecided(format!("{POLICY_FILE} is {}", mode.name()))),
        File::TooLarge => Some(Error::undecided(format!("{POLICY_FILE} is larger than limits.blob_bytes"))),
    };
    let violation = |error: Error| Violation::new(error.message, "mend the file, or leave it out").at(POLICY_FILE);
    Ok(problem.map(violation).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;

    fn bringing(text: &str) -> Facts {
        Facts::branch_push("main").bootstrap(Some(File::Content(text.into())))
    }

    #[test]
    fn a_first_push_brings_a_good_policy_or_none() {
        Facts::branch_push("main").bootstrap(None).accepted_by(&RULE);
        bringing("version = 1\n").accepted_by(&RULE);
        bringing("version = 1\n[rules]\ndirect-push = \"evaluate\"\n").accepted_by(&RULE);
    }

    #[test]
    fn a_policy_that_would_judge_nothing_is_refused_with_its_place() {
        let found = bringing("version = 1\n[rules]\nno-such-rule = \"off\"\n")
            .refused_by(&RULE, "refgate.toml:3:1: there is no rule");
        assert_eq!(found.path.unwrap(), "refgate.toml");
        for text in ["", "version = 2", "version = 1\nx = 1", "[", "version = 1\n[paths]\nschema = [\"/a\"]"] {
            bringing(text).refused_by(&RULE, "refgate.toml:");
        }
    }

    #[test]
    fn what_is_no_file_or_no_text_is_refused() {
        let instead = |file| Facts::branch_push("main").bootstrap(Some(file));
        instead(File::Content(b"version = 1 # \xff".to_vec())).refused_by(&RULE, "refgate.toml is not UTF-8");
        instead(File::NotAFile(crate::entry::Mode::Symlink)).refused_by(&RULE, "refgate.toml is a symbolic link");
        instead(File::TooLarge).refused_by(&RULE, "larger than limits.blob_bytes");
    }

    #[test]
    fn a_push_that_brings_none_is_not_looked_at() {
        Facts::branch_push("main").accepted_by(&RULE);
    }
}
