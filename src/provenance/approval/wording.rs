//! Words beside a path that take it back, and text that looks like a path: what a person would not read as approval.
//!
//! Owns the lists of words. They cannot be complete; what stands outside them is kept from turning a path's meaning by
//! where it may stand. Must not know groups or sections.

/// What limits or withdraws a path wherever it stands in the path's item, as whole words.
const TAKES_BACK: [&str; 16] = [
    "except",
    "excepting",
    "with the exception",
    "excluding",
    "excluded",
    "unless",
    "but not",
    "apart from",
    "aside from",
    "other than",
    "save for",
    "not including",
    "not approved",
    "non approved",
    "unapproved",
    "turned down",
];

/// What does so when it is said of the path as a whole, in text of its own. In a description these are ordinary words.
const VERDICTS: [&str; 10] =
    ["not", "no", "never", "rejected", "refused", "declined", "denied", "forbidden", "withdrawn", "revoked"];

/// Words that may surround a verdict and change nothing of it.
const FILLERS: [&str; 9] = ["is", "are", "was", "were", "has", "have", "been", "this", "one"];

/// Whether a text holds words that take something back, or denies a code span: "not `b`". Code spans in the text are
/// between backticks.
pub(super) fn takes_back(text: &str) -> bool {
    let tokens = tokens(text);
    holds(&tokens, &TAKES_BACK) || holds(&tokens, &["not `", "nor `", "never `"])
}

/// Whether a text apart from the path takes the path back.
pub(super) fn withdraws(text: &str) -> bool {
    takes_back(text) || holds(&tokens(text), &VERDICTS)
}

/// Whether a text is a verdict and nothing else: "`a`: was rejected".
pub(super) fn is_verdict(text: &str) -> bool {
    let tokens = tokens(text);
    let rest: Vec<&str> = tokens.iter().map(String::as_str).filter(|token| !FILLERS.contains(token)).collect();
    matches!(rest.as_slice(), [word] if VERDICTS.contains(word))
}

/// Whether a code span may be meant as a path or glob: it holds `/` or `*`, or ends as a file's name does.
pub(super) fn looks_like_path(code: &str) -> bool {
    code.contains(['/', '*']) || has_extension(code.trim())
}

/// Whether a text begins with a path that lacks its backticks.
pub(super) fn begins_with_bare_path(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    let word = word.trim_end_matches([',', ';', ':', '.']);
    !word.eq_ignore_ascii_case("n/a") && (word.contains('/') || has_extension(word))
}

fn has_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| {
        extension.starts_with(|c: char| c.is_ascii_alphabetic()) && extension.bytes().all(|c| c.is_ascii_alphanumeric())
    })
}

/// The words of a text in lower case, and its backticks.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if c == '`' {
            tokens.push(c.to_string());
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

fn holds(tokens: &[String], phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| {
        let words: Vec<&str> = phrase.split(' ').collect();
        tokens.windows(words.len()).any(|window| window == words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_take_back_are_whole_words_in_any_case() {
        for text in ["Except x", "all BUT  not\tx", "a, excluding b", "other-than d", "is not `b`"] {
            assert!(takes_back(text), "{text}");
        }
        for text in ["", "handles exceptions", "not only the form", "rename `foo` to `bar`", "butnot", "but note x"] {
            assert!(!takes_back(text), "{text}");
        }
    }

    #[test]
    fn a_verdict_withdraws_apart_from_the_path_and_alone_beside_it() {
        assert!(withdraws("This one was rejected.") && withdraws("does not count") && withdraws("except x"));
        assert!(!withdraws("see the plan") && !withdraws("noted"));
        assert!(is_verdict(": rejected") && is_verdict("has been REFUSED!") && is_verdict("- no"));
        assert!(!is_verdict("") && !is_verdict("handle rejected pushes"));
    }

    #[test]
    fn paths_are_told_from_names() {
        for path in ["src/a", "*", "a.rs", "x.tar.gz", "src/", "./a", ".env"] {
            assert!(looks_like_path(path), "{path}");
        }
        for name in ["foo", "foo()", "1.2", "a.b()", "e.g.", "..", ""] {
            assert!(!looks_like_path(name), "{name}");
        }
        assert!(begins_with_bare_path("src/a.rs, the form") && begins_with_bare_path("a.rs: x"));
        assert!(!begins_with_bare_path("N/A") && !begins_with_bare_path("(list files)") && !begins_with_bare_path(""));
    }
}
