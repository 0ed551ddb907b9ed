//! What the message of a merge says of the branches, where a tool wrote it.

use bstr::{BStr, ByteSlice as _};

/// The branches that a merge names, less `refs/heads/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Named<'m> {
    /// The branch that was taken up.
    pub(super) source: &'m BStr,
    /// The branch that took it up, where that is said.
    pub(super) into: Option<&'m BStr>,
}

/// Reads the first line of a merge's message as Git, GitHub, GitLab and Bitbucket write it. Anybody can write anything
/// there: it says what to assume, and never what holds.
pub(super) fn named(subject: &[u8]) -> Option<Named<'_>> {
    let found = if let Some(rest) = subject.strip_prefix(b"Merge branch '") {
        let (source, rest) = rest.split_once_str("'")?;
        Named { source: source.as_bstr(), into: into(rest) }
    } else if let Some(rest) = subject.strip_prefix(b"Merge remote-tracking branch '") {
        let (source, rest) = rest.split_once_str("'")?;
        Named { source: source.split_once_str("/")?.1.as_bstr(), into: into(rest) }
    } else if let Some(rest) = subject.strip_prefix(b"Merge pull request #") {
        let (_, rest) = rest.split_once_str(" ")?;
        match (rest.strip_prefix(b"from "), rest.split_once_str(" from ")) {
            // GitHub names the owner of the repository before the branch.
            (Some(head), _) => Named { source: word(head).split_once_str("/")?.1.as_bstr(), into: None },
            (None, Some((_, rest))) => {
                let (source, into) = rest.split_once_str(" to ")?;
                Named { source: source.as_bstr(), into: Some(word(into).as_bstr()) }
            }
            (None, None) => return None,
        }
    } else {
        let (source, _) = subject.strip_prefix(b"Merged in ")?.split_once_str(" (pull request #")?;
        Named { source: source.as_bstr(), into: None }
    };
    Some(found).filter(|found| !found.source.is_empty())
}

/// What follows the name of the source: where it lives, and where it went.
fn into(rest: &[u8]) -> Option<&BStr> {
    let (_, name) = rest.rsplit_once_str(" into ").or_else(|| Some((rest, rest.strip_prefix(b" into ")?)))?;
    Some(name.trim_with(|c| c == '\'').as_bstr()).filter(|name| !name.is_empty())
}

fn word(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(subject: &str, source: &str, into: Option<&str>) {
        let due = Named { source: source.into(), into: into.map(Into::into) };
        assert_eq!(named(subject.as_bytes()), Some(due), "{subject}");
    }

    #[test]
    fn the_messages_of_git_and_of_the_forges_name_branches() {
        reads("Merge branch 'autoTest/x'", "autoTest/x", None);
        reads("Merge branch 'topic' into develop", "topic", Some("develop"));
        reads("Merge branch 'topic' into 'main'", "topic", Some("main"));
        reads("Merge branch 'main' of github.com:a/b", "main", None);
        reads("Merge branch 'main' of /tmp/b into autoTest/x", "main", Some("autoTest/x"));
        reads("Merge remote-tracking branch 'origin/autoTest/x' into main", "autoTest/x", Some("main"));
        reads("Merge pull request #7 from dana/autoTest/x", "autoTest/x", None);
        reads("Merge pull request #7 in TEAM/repo from topic to main", "topic", Some("main"));
        reads("Merged in topic (pull request #7)", "topic", None);
    }

    #[test]
    fn what_no_tool_wrote_names_nothing() {
        let others = [
            "",
            "Merge",
            "Merge branch 'x",
            "Merge branch ''",
            "Merge commit '1234567'",
            "Merge tag 'v1'",
            "Merge branches 'a', 'b'",
            "Merge pull request #7",
            "Merge pull request #7 from dana",
            "Merge remote-tracking branch 'topic'",
            "Merged in topic",
            "Merged PR 7: title",
            "merge branch 'x'",
        ];
        for subject in others {
            assert_eq!(named(subject.as_bytes()), None, "{subject}");
        }
    }
}
