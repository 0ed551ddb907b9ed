use super::*;
use proptest::prelude::*;

fn matches(pattern: &str, path: &str) -> bool {
    Glob::parse(pattern).unwrap().matches(path.as_bytes())
}

#[track_caller]
fn table(pattern: &str, covered: &[&str], not: &[&str]) {
    for path in covered {
        assert!(matches(pattern, path), "{pattern} should cover {path}");
    }
    for path in not {
        assert!(!matches(pattern, path), "{pattern} should not cover {path}");
    }
}

#[test]
fn a_plain_path_is_that_path_only() {
    table("src/a.ts", &["src/a.ts"], &["src/a.tsx", "src/A.ts", "x/src/a.ts", "src/a.ts/b", "src", ""]);
}

#[test]
fn a_folder_never_reaches_its_neighbour_of_a_longer_name() {
    table("src/ok/**", &["src/ok/b.ts", "src/ok/x/y", "src/ok/.h"], &["src/okay/b.ts", "src/ok", "src/ok.ts"]);
    table("src/ok/", &["src/ok/b.ts", "src/ok/x/y"], &["src/okay/b.ts", "src/ok"]);
}

#[test]
fn one_star_stays_in_its_segment_and_covers_leading_dots() {
    table("src/*.ts", &["src/a.ts", "src/.ts", "src/.a.ts"], &["src/a/b.ts", "src/a.tsx"]);
    table("*", &["a", ".env"], &["a/b"]);
    table("a*b*c", &["abc", "axxbxbxc"], &["ab", "abcd", "a/bc"]);
}

#[test]
fn two_stars_cross_segments() {
    table("**/x", &["x", "a/x", "a/b/x"], &["ax", "a/bx", "x/a"]);
    table("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb", "a/b/c", "x/a/b"]);
    table("**", &["a", "a/b"], &[""]);
    table("a/**/**", &["a/b", "a/b/c"], &["a"]);
    table("**/migrations/**", &["migrations/1.sql", "db/migrations/x/1.sql"], &["migrations", "xmigrations/a"]);
}

#[test]
fn two_stars_glued_to_a_name_are_any_run_of_bytes() {
    table("src/**.ts", &["src/a.ts", "src/a/b.ts", "src/.ts"], &["src/a.js", "lib/a.ts"]);
    table("src/a**", &["src/a", "src/ab", "src/a/b"], &["src/b"]);
}

#[test]
fn braces_choose_and_brackets_are_themselves() {
    table("**/openapi*.{json,yaml,yml}", &["openapi.json", "a/openapi-v1.yml"], &["openapi.xml"]);
    table("{src,lib}/", &["src/a", "lib/b/c"], &["src", "docs/a"]);
    table("app/[id]/?.tsx", &["app/[id]/?.tsx"], &["app/i/a.tsx"]);
    table("app/{id}/**", &["app/{id}/x"], &["app/id/x"]);
}

#[test]
fn a_pattern_names_what_it_spells_out() {
    let names = |pattern: &str, path: &str| Glob::parse(pattern).unwrap().names(path.as_bytes());
    for (pattern, path) in [("a/b.md", "a/b.md"), ("a/{b,c}.md", "a/c.md"), ("a/[b].md", "a/[b].md")] {
        assert!(names(pattern, path), "{pattern}");
    }
    for pattern in ["a/", "a/**", "**", "a/*.md", "a/b.md*", "*a/b.md", "a/**/b.md", "a/b", "b.md", "A/b.md"] {
        assert!(!names(pattern, "a/b.md"), "{pattern}");
    }
}

#[test]
fn bytes_that_are_no_text_are_matched_as_bytes() {
    let glob = Glob::parse("src/*.ts").unwrap();
    assert!(glob.matches(b"src/\xff\xfe.ts") && !glob.matches(b"src/\xff/a.ts"));
    assert!(!matches("caf\u{e9}", "cafe\u{301}"));
}

#[test]
fn dangerous_and_pointless_patterns_are_refused_by_name() {
    use GlobError::*;
    let cases = [
        ("", Empty),
        ("/a", LeadingSlash),
        ("/", LeadingSlash),
        ("{,a}/b", LeadingSlash),
        ("a//b", EmptySegment),
        ("a//", EmptySegment),
        ("src/{a,}", EmptySegment),
        ("./a", DotSegment),
        ("a/../b", DotSegment),
        ("a/{.,b}./c", DotSegment),
        (".git/config", GitSegment),
        ("a/.GiT/x", GitSegment),
        (".{git,svn}/x", GitSegment),
        ("a\\b", Backslash),
        ("a\tb", Invisible),
        ("a\u{202e}b", Invisible),
        ("a\u{200b}", Invisible),
        (" a", OuterSpace),
        ("a\u{a0}", OuterSpace),
        ("{a,b", UnbalancedBraces),
        ("a/***/b", TooManyStars),
        ("*{*,a}*", TooManyStars),
    ];
    for (pattern, error) in cases {
        assert_eq!(Glob::parse(pattern), Err(error), "{pattern:?}");
    }
    assert_eq!(Glob::parse(&"a".repeat(4097)), Err(TooLong));
    assert!(Glob::parse(&"a".repeat(4096)).is_ok());
}

#[test]
fn a_hostile_pattern_over_a_hostile_path_ends() {
    let glob = Glob::parse(&format!("{}b", "*a".repeat(1000))).unwrap();
    assert!(!glob.matches("a".repeat(4096).as_bytes()));
    let glob = Glob::parse(&format!("{}b", "**/a/".repeat(500))).unwrap();
    assert!(!glob.matches("a/".repeat(2048).as_bytes()));
}

#[test]
fn a_set_names_the_first_pattern_that_covers_a_path() {
    let set: GlobSet = ["docs/**", "**/*.md"].iter().map(|p| Glob::parse(p).unwrap()).collect();
    assert_eq!(set.first_match(b"docs/a.md").unwrap().as_str(), "docs/**");
    assert_eq!(set.first_match(b"a.md").unwrap().to_string(), "**/*.md");
    assert!(!set.matches(b"src/a") && !set.is_empty() && GlobSet::default().is_empty());
    assert!(!GlobSet::default().matches(b"a"));
}

/// The meaning of a brace-free pattern, spelled out by recursion.
fn reference(pattern: &[u8], path: &[u8], at_segment_start: bool) -> bool {
    let below = |rest: &[u8]| (0..=path.len()).any(|cut| reference(rest, &path[cut..], false));
    match pattern {
        [] => path.is_empty(),
        [b'*', b'*'] if at_segment_start => !path.is_empty(),
        [b'*', b'*', b'/', rest @ ..] if at_segment_start => {
            reference(rest, path, true)
                || (1..=path.len()).any(|cut| path[cut - 1] == b'/' && reference(rest, &path[cut..], true))
        }
        [b'*', b'*', rest @ ..] => below(rest),
        [b'*', rest @ ..] => (0..=path.len())
            .take_while(|cut| !path[..*cut].contains(&b'/'))
            .any(|cut| reference(rest, &path[cut..], false)),
        [byte, rest @ ..] => path.first() == Some(byte) && reference(rest, &path[1..], *byte == b'/'),
    }
}

proptest! {
    #[test]
    fn matching_agrees_with_the_recursive_meaning(
        pattern in "(\\*\\*|[ab*]{1,3})(/(\\*\\*|[ab*]{1,3})){0,3}",
        path in "[ab]{1,3}(/[ab]{1,3}){0,4}",
    ) {
        prop_assume!(!pattern.contains("***"));
        let glob = Glob::parse(&pattern).unwrap();
        prop_assert_eq!(glob.matches(path.as_bytes()), reference(pattern.as_bytes(), path.as_bytes(), true));
    }

    #[test]
    fn a_choice_is_the_union_of_its_parts(a in "[ab*]{1,2}", b in "[ab*]{1,2}", path in "[ab/]{0,6}") {
        let choice = Glob::parse(&format!("x/{{{a},{b}}}")).unwrap();
        let parts: GlobSet = [&a, &b].iter().map(|part| Glob::parse(&format!("x/{part}")).unwrap()).collect();
        let path = format!("x/{path}");
        prop_assert_eq!(choice.matches(path.as_bytes()), parts.matches(path.as_bytes()));
    }

    #[test]
    fn no_text_makes_the_reader_or_the_matcher_panic(pattern in any::<String>(), path in any::<Vec<u8>>()) {
        if let Ok(glob) = Glob::parse(&pattern) {
            glob.matches(&path);
            prop_assert_eq!(glob.as_str(), pattern);
        }
    }
}
