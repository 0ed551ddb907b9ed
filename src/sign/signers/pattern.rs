//! OpenSSH's patterns (ssh_config(5), PATTERNS) and lists of them.

/// A pattern of this length or longer ends OpenSSH's look at the list: nothing matches.
const TOO_LONG: usize = 1023;

/// Whether a comma-separated list matches: one of its patterns does, and none of those that begin with `!`.
pub(super) fn list_matches(text: &[u8], list: &[u8]) -> bool {
    if list.is_empty() {
        return false;
    }
    let mut found = false;
    for item in list.split(|byte| *byte == b',') {
        let (negated, pattern) = match item.strip_prefix(b"!") {
            Some(pattern) => (true, pattern),
            None => (false, item),
        };
        if pattern.len() >= TOO_LONG {
            return false;
        }
        if matches(text, pattern) {
            if negated {
                return false;
            }
            found = true;
        }
    }
    found
}

/// `*` stands for any bytes, `?` for one byte. At most one step back for each byte of the text: no pattern takes long.
fn matches(text: &[u8], pattern: &[u8]) -> bool {
    let (mut at, mut next) = (0, 0);
    // The last `*`, and how far the text went that it stands for.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(at) {
        match pattern.get(next) {
            Some(b'*') => {
                star = Some((next, at));
                next += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => {
                at += 1;
                next += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    (at, next) = (taken + 1, place + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(next..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn list(text: &str, list: &str) -> bool {
        list_matches(text.as_bytes(), list.as_bytes())
    }

    #[test]
    fn one_pattern_must_match_and_no_negated_one() {
        assert!(list("alice", "alice") && list("alice", "bob,alice") && list("alice", "a*e") && list("alice", "?lic?"));
        assert!(list("alice", "!bob,*") && list("alice", "*,!bob") && list("a[b]", "a[b]"));
        assert!(!list("alice", "*,!alice") && !list("alice", "!alice,*") && !list("alice", "!bob"));
        assert!(
            !list("alice", "Alice") && !list("alice", "alic") && !list("alice", "alice?") && !list("alice", " alice")
        );
        assert!(!list("alice", "") && !list("", "") && list("", ",") && list("", "*") && !list("a", "[a]"));
    }

    #[test]
    fn what_is_too_long_ends_the_list() {
        let long = "x".repeat(TOO_LONG);
        assert!(!list("alice", &format!("alice,{long}")) && !list("alice", &format!("{long},alice")));
        assert!(list("alice", &format!("alice,{}", &long[1..])));
    }

    /// The same in the shortest way there is, which takes for ever on bad patterns.
    fn plainly(text: &[u8], pattern: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((b'*', after)), Some((_, rest))) => plainly(text, after) || plainly(rest, pattern),
            (Some((b'*', after)), None) => plainly(text, after),
            (Some((wanted, after)), Some((byte, rest))) => (*wanted == b'?' || wanted == byte) && plainly(rest, after),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn a_pattern_matches_what_its_definition_says(text in "[ab]{0,8}", pattern in "[ab?*]{0,8}") {
            prop_assert_eq!(matches(text.as_bytes(), pattern.as_bytes()), plainly(text.as_bytes(), pattern.as_bytes()));
        }
    }

    #[test]
    fn no_pattern_takes_long() {
        let (text, pattern) = ("a".repeat(100_000), "a*".repeat(500) + "b");
        assert!(!matches(text.as_bytes(), pattern.as_bytes()));
    }
}
