//! What a task may be called, and where the parts of its trace lie.

/// The marker of approval, below the task's folder.
pub const APPROVED: &str = "contract/APPROVED";
/// The approved scope, below the task's folder.
pub const APPROVAL: &str = "contract/approval.md";
/// The outcome, below the task's folder.
pub const STATUS: &str = "final/status.json";
/// The note of a failure, below the task's folder; it must not stand beside success.
pub const FAILED: &str = "final/FAILED.md";
/// The audit that goes with the plan, a folder below the task's.
pub const CODEX_AUDIT: &str = "codex/audit/";
/// The review of the change, a folder below the task's.
pub const CLAUDE_REVIEW: &str = "claude/review/";
/// The second audit, a folder below the task's.
pub const GEMINI_AUDIT: &str = "gemini/audit/";

/// The longest task name in bytes: with a prefix and a suffix it still fits a file name of 255 bytes.
pub const MAX_TASK_NAME: usize = 200;

/// Whether a name may be a task's: letters and digits of ASCII, and `.`, `_`, `-` after the first, such that it also
/// makes one component of a Git ref (`git check-ref-format`).
pub fn is_task_name(name: &str) -> bool {
    name.len() <= MAX_TASK_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        && !name.contains("..")
        && !name.ends_with('.')
        && !has_lock_suffix(name)
}

/// `.lock` in any case: Git refuses the lower one, and a case-insensitive file system makes the others its equal.
fn has_lock_suffix(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_named_in_letters_digits_and_three_marks() {
        for name in ["a", "0", "vendor-portal-polish", "A.b_c-1", "lock", "a.locks", &"a".repeat(200)] {
            assert!(is_task_name(name), "{name}");
        }
    }

    #[test]
    fn a_name_that_makes_no_ref_or_hides_something_is_no_task() {
        let names = [
            "",
            ".a",
            "-a",
            "_a",
            "a..b",
            "a.",
            "a.lock",
            "a.LOCK",
            "a/b",
            "a b",
            "a\n",
            "<task-name>",
            "\u{e9}",
            "a@{b",
        ];
        for name in names {
            assert!(!is_task_name(name), "{name}");
        }
        assert!(!is_task_name(&"a".repeat(201)));
    }
}
