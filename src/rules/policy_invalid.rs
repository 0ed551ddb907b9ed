//! A change that brings rules that refgate cannot read.

use crate::change::{File, Need};
use crate::error::Result;
use crate::escape;
use crate::finding::Severity;
use crate::policy::Class;
use crate::policy::load::{REVOKED, SIGNERS};
use crate::policy::parse::{Known, parse};
use crate::rule::{Ctx, Docs, Family, NEVER, Rule, Violation};
use crate::sign::{Revoked, Signers};
use bstr::{BString, ByteSlice};

pub(super) static RULE: Rule = Rule {
    id: "policy-invalid",
    name: "Policy that cannot be read",
    family: Family::Policy,
    summary: "A change that brings a policy, signers or revocations that refgate cannot read",
    docs: Docs {
        refuses: "A push to the trusted branch, the first one too, that brings a `refgate.toml`, `.refgate/allowed_signers` or `.refgate/revoked` that is not valid: from then on it would judge every push, and none could be decided.",
        why: "A gate whose rules cannot be read lets nobody through, or everybody.",
        example: "`[rules]` with a rule that does not exist",
        fix: "Mend the file; `refgate check --policy refgate.toml` says the same before the push.",
        waiver: NEVER,
    },
    severity: Severity::Enforce,
    fixed: false,
    since: "0.1.0",
    classes: &[Class::Protected],
    needs: &[Need::Content],
    check,
};

fn check(ctx: &Ctx<'_>) -> Result<Vec<Violation>> {
    let problems = ctx.change.new_rules.iter().filter_map(|(path, file)| Some((path, problem(ctx, path, file).err()?)));
    let violation = |(path, message): (&BString, String)| {
        Violation::new(message, "mend the file, or leave it out").at(path.clone())
    };
    Ok(problems.map(violation).collect())
}

/// Whether the file could be read once it is in force.
fn problem(ctx: &Ctx<'_>, path: &BString, file: &File) -> std::result::Result<(), String> {
    let shown = escape::quote_path(path);
    let bytes = match file {
        File::Content(bytes) => bytes,
        File::NotAFile(mode) => return Err(format!("{shown} is {}", mode.name())),
        File::TooLarge => return Err(format!("{shown} is larger than limits.blob_bytes")),
    };
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let read = if name == SIGNERS.as_bytes() {
        Signers::parse(bytes, &shown).map(|_| ())
    } else if name == REVOKED.as_bytes() {
        Revoked::parse(bytes, &shown).map(|_| ())
    } else {
        let text = std::str::from_utf8(bytes).map_err(|error| format!("{shown} is not UTF-8: {error}"))?;
        parse(text, &shown, Known { rules: &super::ids(), trunk: ctx.policy.trunk.as_bstr() }).map(|_| ())
    };
    read.map_err(|error| error.message)
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
    fn signers_and_revocations_are_read_too() {
        let bringing = |path, text: &str| Facts::branch_push("main").new_rules(path, File::Content(text.into()));
        bringing(".refgate/allowed_signers", "# nobody yet\n").accepted_by(&RULE);
        bringing(".refgate/allowed_signers", "alice ssh-ed25519 AAAA\n")
            .refused_by(&RULE, ".refgate/allowed_signers:1:");
        bringing(".refgate/revoked", "").refused_by(&RULE, ".refgate/revoked");
        bringing("refgate.toml", "version = 2").refused_by(&RULE, "refgate.toml:");
    }

    #[test]
    fn a_push_that_brings_none_is_not_looked_at() {
        Facts::branch_push("main").accepted_by(&RULE);
    }
}
