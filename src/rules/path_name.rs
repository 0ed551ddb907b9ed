//! An added path that is malformed, cannot be shown or cannot be checked out everywhere.

use super::shared::BRANCHES_AND_TAGS;
use crate::change::Need;
use crate::error::Result;
use crate::escape::is_hidden;
use crate::finding::Severity;
use crate::fold::fold;
use crate::rule::{BY_OVERRIDE, Ctx, Docs, Family, Rule, Violation};
use bstr::{BStr, ByteSlice};

pub(super) static RULE: Rule = Rule {
    id: "path-name",
    name: "Path that misleads",
    family: Family::Paths,
    summary: "An added path that is malformed, cannot be shown or cannot be checked out everywhere",
    docs: Docs {
        refuses: "An added path with control or invisible characters, a backslash, a part that is `.`, `..` or a spelling of `.git`, that ends in a dot or a space, is a Windows device name or has a colon; one that is not UTF-8; one longer than 4096 bytes.",
        why: "Such a path is one thing to this server and another to the machine that checks it out.",
        example: "a file named `src\\evil.rs`, or `aux.c`",
        fix: "Rename the file: `git mv <old> <new>`, and rewrite the commit that added it.",
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
    let added = ctx.change.content.touched.iter().filter(|(_, touch)| touch.added);
    let found = added.filter_map(|(path, touch)| {
        let problem = problem(path.as_bstr())?;
        let commit = touch.commit.map(|commit| format!(" (commit {})", commit.short())).unwrap_or_default();
        let help = "rename it with git mv, in the commit that adds it (git rebase -i)";
        Some(Violation::new(format!("the path {problem}{commit}"), help).at(path.clone()))
    });
    Ok(found.collect())
}

fn problem(path: &BStr) -> Option<&'static str> {
    if path.len() > MAX_PATH {
        return Some("is longer than 4096 bytes");
    }
    let Ok(text) = path.to_str() else { return Some("is not UTF-8") };
    if text.chars().any(is_hidden) {
        return Some("holds control or invisible characters");
    }
    if text.contains('\\') {
        return Some("holds a backslash");
    }
    text.split('/').find_map(part_problem)
}

fn part_problem(part: &str) -> Option<&'static str> {
    let stem = part.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    if part.is_empty() || part == "." || part == ".." {
        return Some("has an empty, `.` or `..` part");
    }
    if fold(part.as_bytes()).as_ref() == b".git" || stem.is_empty() && part.to_ascii_lowercase().starts_with(".git ") {
        return Some("has a part that is a spelling of .git");
    }
    if is_short_name(part) {
        return Some("has a part that reads as a short name on Windows, like REFGAT~1");
    }
    if part.ends_with(['.', ' ']) {
        return Some("has a part that ends in a dot or a space");
    }
    if part.contains(':') {
        return Some("holds a colon");
    }
    DEVICES.contains(&stem.as_str()).then_some("has a part that is a device name on Windows")
}

/// The 8.3 names that NTFS makes up for longer ones: up to eight characters, the last a digit behind a tilde.
fn is_short_name(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or_default();
    let number = stem.rsplit_once('~').map(|(_, number)| number).unwrap_or_default();
    stem.len() <= 8 && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The longest path that Linux takes (`PATH_MAX`, limits.h).
const MAX_PATH: usize = 4096;

/// https://learn.microsoft.com/windows/win32/fileio/naming-a-file: reserved whatever follows the first dot.
const DEVICES: &[&str] = &[
    "con",
    "prn",
    "aux",
    "nul",
    "com0",
    "lpt0",
    "com\u{b9}",
    "com\u{b2}",
    "com\u{b3}",
    "lpt\u{b9}",
    "lpt\u{b2}",
    "lpt\u{b3}",
    "com1",
    "com2",
    "com3",
    "com4",
    "com5",
    "com6",
    "com7",
    "com8",
    "com9",
    "lpt1",
    "lpt2",
    "lpt3",
    "lpt4",
    "lpt5",
    "lpt6",
    "lpt7",
    "lpt8",
    "lpt9",
    "conin$",
    "conout$",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::testing::*;
    use bstr::BString;

    #[track_caller]
    fn refused(path: impl Into<BString>, about: &str) {
        Facts::branch_push("topic").add(path).refused_by(&RULE, about);
    }

    #[test]
    fn plain_names_are_taken() {
        let plain = [
            "a",
            ".gitignore",
            ".gitattributes",
            ".github/x",
            "a b.txt",
            "caf\u{e9}",
            "app/[id]/page.tsx",
            "-a",
            "git",
            "console",
            "com",
            "com10",
            "auxiliary.c",
            "nulls/a",
            "...a",
            "a~",
            "longer-than-that~1",
            "a~b",
            "x.git/a",
        ];
        for path in plain {
            Facts::branch_push("topic").add(path).accepted_by(&RULE);
        }
        Facts::branch_push("topic").add("a".repeat(MAX_PATH)).accepted_by(&RULE);
    }

    #[test]
    fn each_kind_of_bad_path_is_named() {
        refused("a".repeat(MAX_PATH + 1), "is longer than 4096 bytes");
        refused(b"src/\xff", "is not UTF-8");
        for hidden in ["\n", "\t", "\x1b", "\x7f", "\u{ad}", "\u{200d}", "\u{202e}", "\u{2067}", "\u{feff}"] {
            refused(format!("src/a{hidden}b"), "holds control or invisible characters");
        }
        refused(r"src\evil.rs", "holds a backslash");
        for dots in ["a//b", "/a", "a/", ".", "a/.", "..", "../a", "a/../b"] {
            refused(dots, "has an empty, `.` or `..` part");
        }
        for git in [".git", ".GIT/config", "a/.Git/hooks/x", ".git ", ".git /x"] {
            refused(git, "has a part that is a spelling of .git");
        }
        for short in ["git~1", "GIT~1/config", "REFGAT~1/a", "a~12.md"] {
            refused(short, "reads as a short name on Windows");
        }
        for end in ["a.", "a ", "a./b", "a /b", ".git.", "..."] {
            refused(end, "has a part that ends in a dot or a space");
        }
        refused("a:b", "holds a colon");
        refused(".git::$INDEX_ALLOCATION/config", "holds a colon");
        for device in ["con", "CON.txt", "src/aux.rs", "nul", "prn/a", "com1", "Lpt9.b.rs", "aux .txt", "CONIN$"] {
            refused(device, "is a device name on Windows");
        }
        refused(HOSTILE, "is not UTF-8");
    }

    #[test]
    fn only_what_is_added_counts_on_the_way_too() {
        for path in ["aux.c", "a:b"] {
            Facts::branch_push("topic").touch(path).accepted_by(&RULE);
            Facts::branch_push("topic").remove(path).accepted_by(&RULE);
            Facts::branch_push("topic").rename(path, "plain").accepted_by(&RULE);
            let found = Facts::branch_push("topic").rename("plain", path).refused_by(&RULE, "(commit 2c2c2c2c2c2c)");
            assert_eq!(found.path.unwrap(), path);
        }
    }

    #[test]
    fn every_ref_that_brings_paths_is_looked_at() {
        for name in ["refs/heads/main", "refs/heads/autoTest/t1", "refs/heads/hotfix/a", "refs/heads/x", "refs/tags/x"]
        {
            Facts::push(name).add("aux.c").refused_by(&RULE, "device");
        }
    }

    #[test]
    fn every_invisible_character_and_every_device_counts() {
        for path in ["a\u{61c}b", "a\u{e0041}b", "a\u{fff9}b"] {
            Facts::branch_push("x").add(path).refused_by(&RULE, "invisible");
        }
        for path in ["com\u{b9}.txt", "lpt0", "CONIN$"] {
            Facts::branch_push("x").add(path).refused_by(&RULE, "device");
        }
    }
}
