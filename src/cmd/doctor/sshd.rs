//! What sshd lets a client bring: variables that would reach Git and the hook (sshd_config(5)), and keys that may run
//! more than Git's own two commands (sshd(8), AUTHORIZED_KEYS FILE FORMAT).

use std::path::{Path, PathBuf};

use crate::error::Result;

/// Variables that switch the hook off, lead Git to another repository or program, or name somebody else as the pusher.
pub(super) const DANGEROUS: [&str; 21] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
    "GIT_DIR",
    "GIT_EXEC_PATH",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PUSH_CERT",
    "GIT_QUARANTINE_PATH",
    "GIT_SSH_COMMAND",
    "GL_USER",
    "HOME",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "PATH",
    "REFGATE_ACTOR",
    "REMOTE_USER",
    "SHELL",
    "XDG_CONFIG_HOME",
];
/// `Include` may nest; a file that includes itself must end somewhere.
const DEEPEST: usize = 16;

/// A pattern of `AcceptEnv`, where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// The pattern, as written.
    pub(super) pattern: String,
    /// The file.
    pub(super) file: PathBuf,
    /// 1-based.
    pub(super) line: usize,
}

/// Every `AcceptEnv` pattern of a configuration, `Match` blocks and included files counted in: what holds for some
/// client is a way around the gate for that client.
///
/// # Errors
/// A file cannot be read.
pub(super) fn accepted(config: &Path) -> Result<Vec<Accepted>> {
    let mut found = Vec::new();
    read(config, config.parent().unwrap_or(Path::new("/")), DEEPEST, &mut found)?;
    Ok(found)
}

fn read(config: &Path, base: &Path, depth: usize, found: &mut Vec<Accepted>) -> Result<()> {
    let text = String::from_utf8_lossy(&fs_err::read(config)?).into_owned();
    for (index, line) in text.lines().enumerate() {
        let mut words = words(line).into_iter();
        match words.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "acceptenv" => {
                found.extend(words.map(|pattern| Accepted { pattern, file: config.to_owned(), line: index + 1 }));
            }
            "include" if depth > 0 => {
                for file in words.flat_map(|pattern| matching(&base.join(pattern))) {
                    read(&file, base, depth - 1, found)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The words of a line: keyword and arguments, which `=` may join and quotes may hold together. A comment has none.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.trim().chars() {
        match c {
            '"' => quoted = !quoted,
            '#' if !quoted && word.is_empty() => break,
            '=' if !quoted && words.is_empty() => words.push(std::mem::take(&mut word)),
            c if c.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The files that an `Include` names. Only its last part may hold wildcards here, as in every distribution's file.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (pattern.parent(), pattern.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    if !name.contains(['*', '?']) {
        return vec![pattern.to_owned()].into_iter().filter(|file| file.exists()).collect();
    }
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.filter(|entry| wild(name, &entry.file_name().to_string_lossy())).collect();
    files.sort_by_key(fs_err::DirEntry::file_name);
    files.into_iter().map(|entry| entry.path()).collect()
}

/// Whether a pattern with `*` and `?` (ssh_config(5), PATTERNS) matches the whole of `text`.
pub(super) fn wild(pattern: &str, text: &str) -> bool {
    let mut chars = pattern.chars();
    match chars.next() {
        None => text.is_empty(),
        Some('*') => text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| {
            let rest = text.get(at..).unwrap_or_default();
            wild(chars.as_str(), rest)
        }),
        Some(c) => {
            let mut rest = text.chars();
            rest.next().is_some_and(|first| c == '?' || c == first) && wild(chars.as_str(), rest.as_str())
        }
    }
}

/// The 1-based lines of an `authorized_keys` file whose key may run any command: none is forced on it.
pub(super) fn unforced(text: &str) -> Vec<usize> {
    let key = |line: &str| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    };
    let lines = text.lines().enumerate().filter(|(_, line)| key(line));
    lines.filter(|(_, line)| !forced(line)).map(|(index, _)| index + 1).collect()
}

/// Whether the options before the key hold `command="..."`. Options end at the first space outside quotes.
fn forced(line: &str) -> bool {
    let (mut quoted, mut escaped, mut start) = (false, false, 0);
    let line = line.trim_start();
    let option = |from: usize, to: usize| {
        line.get(from..to).is_some_and(|option| option.to_ascii_lowercase().starts_with("command=\""))
    };
    for (at, c) in line.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            ',' if !quoted => {
                if option(start, at) {
                    return true;
                }
                start = at + 1;
            }
            ' ' | '\t' if !quoted => return option(start, at),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_found_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let (config, more) = (folder.path().join("sshd_config"), folder.path().join("sshd_config.d"));
        fs_err::create_dir(&more).unwrap();
        fs_err::write(more.join("10-env.conf"), "AcceptEnv GIT_*\n").unwrap();
        fs_err::write(more.join("ignored"), "AcceptEnv NOT_READ\n").unwrap();
        let text = "Include sshd_config.d/*.conf\n# AcceptEnv NO\nacceptenv LANG LC_*\nMatch User git\n  AcceptEnv=\"PATH\" # why\n";
        fs_err::write(&config, text).unwrap();
        let found: Vec<_> = accepted(&config).unwrap().into_iter().map(|one| (one.pattern, one.line)).collect();
        let due = [("GIT_*", 1), ("LANG", 3), ("LC_*", 3), ("PATH", 5)].map(|(name, line)| (name.to_owned(), line));
        assert_eq!(found, due);
    }

    #[test]
    fn a_file_that_includes_itself_ends() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("sshd_config");
        fs_err::write(&config, format!("Include {}\nAcceptEnv A\n", config.display())).unwrap();
        assert_eq!(accepted(&config).unwrap().len(), DEEPEST + 1);
        assert!(accepted(&folder.path().join("none")).is_err());
    }

    #[test]
    fn patterns_match_as_in_ssh() {
        for (pattern, text, due) in [
            ("*", "GIT_DIR", true),
            ("GIT_*", "GIT_DIR", true),
            ("GIT_???", "GIT_DIR", true),
            ("*_ACTOR", "REFGATE_ACTOR", true),
            ("GIT_", "GIT_DIR", false),
            ("LC_*", "LD_PRELOAD", false),
            ("git_dir", "GIT_DIR", false),
            ("", "A", false),
        ] {
            assert_eq!(wild(pattern, text), due, "{pattern} {text}");
        }
    }

    #[test]
    fn a_key_is_bound_by_a_forced_command_only() {
        let text = "# people\n\nssh-ed25519 AAAA alice\nrestrict ssh-ed25519 AAAA bob\n\
                    command=\"git-shell -c \\\"$SSH_ORIGINAL_COMMAND\\\"\",restrict ssh-ed25519 AAAA carol\n\
                    restrict,Command=\"gitolite-shell dave\" ssh-rsa AAAA dave\n\
                    environment=\"A=,command=\\\"x\" ssh-ed25519 AAAA eve\n\
                    ssh-ed25519 AAAA command=\"x\"\n";
        assert_eq!(unforced(text), [3, 4, 7, 8]);
    }
}
