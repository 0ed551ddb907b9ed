//! What code says of the contract in its own comments: that it follows it, and which fields it expects.
//!
//! A comment whose first line begins with FIELD MAPPING CONTRACT claims the fields that stand as bullets (`- order.cart`)
//! below a line that ends with `fields:`, up to the next line that is neither a bullet nor blank.

use memchr::memmem;

use super::acknowledgement::field;
use super::comment::{self, Line};
use super::contract::names::is_aside;
use super::path::FieldPath;
use super::problem::{Problem, short};

const TITLE: &str = "FIELD MAPPING CONTRACT";

/// A field that a file says it expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The type.
    pub ty: String,
    /// The path below it.
    pub path: FieldPath,
    /// Where it is written, the type included.
    pub at: u32,
    /// The line of that, 1-based.
    pub line: u32,
}

/// The claims of a file, and the bullets among them that name no field.
pub fn in_code(text: &str) -> (Vec<Claim>, Vec<Problem>) {
    let mut claims = Vec::new();
    let mut problems = Vec::new();
    for comment in comment::titled(text, TITLE, |line| line.starts_with(TITLE)) {
        let mut claiming = false;
        for line in &comment.lines {
            match line.text.strip_prefix("- ").or_else(|| line.text.strip_prefix("\u{2022} ")) {
                _ if line.text.is_empty() => {}
                Some(bullet) if claiming => match claim(line, bullet) {
                    Ok(claim) => claims.push(claim),
                    Err(reason) => problems.push(Problem::new(
                        line.line,
                        format!("this is no field that the file could expect: {reason}"),
                        "write its type and path, as in `order.total`",
                    )),
                },
                _ => claiming = line.text.to_ascii_lowercase().ends_with("fields:"),
            }
        }
        if comment.cut {
            let message = "the comment is too long to be read to its end";
            problems.push(Problem::new(comment.title.line, message, "split it"));
        }
    }
    (claims, problems)
}

fn claim(line: &Line<'_>, bullet: &str) -> Result<Claim, String> {
    let bullet = bullet.trim_start();
    let behind = line.text.len().saturating_sub(bullet.len());
    let (name, rest, quote) = match bullet.strip_prefix('`').and_then(|quoted| quoted.split_once('`')) {
        Some((name, rest)) => (name, rest, 1_usize),
        None => {
            // A route stands in backticks; any other name ends at white space.
            let end = bullet.find(char::is_whitespace).unwrap_or(bullet.len());
            let (name, rest) = bullet.split_at(end);
            (name.trim_end_matches([':', ',']), rest, 0)
        }
    };
    if !is_aside(rest) {
        return Err("behind a field comes a dash before anything else".to_owned());
    }
    let (ty, path) = field(name)?;
    let quote = quote.saturating_add(name.len().saturating_sub(name.trim_start().len()));
    let at = line.at.saturating_add(behind).saturating_add(quote);
    Ok(Claim { ty, path, at: short(at), line: line.line })
}

/// Whether a file names the contract by its path in a comment.
pub fn names(text: &str, contract: &str) -> bool {
    // No line has what has more than one.
    if contract.is_empty() || contract.contains('\n') {
        return false;
    }
    let mut line = 0..0;
    memmem::find_iter(text.as_bytes(), contract).any(|at| {
        if at >= line.end {
            let before = text.get(line.end..at).and_then(|before| before.rfind('\n'));
            let start = before.map_or(line.end, |feed| line.end + feed + 1);
            let rest = text.get(at..).and_then(|rest| rest.find('\n'));
            line = start..rest.map_or(text.len(), |feed| at + feed);
        }
        text.get(line.clone()).is_some_and(|whole| refers(whole, at - line.start, contract))
    })
}

/// Whether the path that stands at a place of a line is the whole of a path, in a comment.
fn refers(line: &str, at: usize, contract: &str) -> bool {
    let before = line.get(..at).unwrap_or_default();
    let after = line.get(at.saturating_add(contract.len())..).unwrap_or_default();
    let before = before.strip_suffix("./").unwrap_or(before);
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '\\');
    let longer = match after.strip_prefix('.') {
        Some(more) => more.starts_with(|c: char| c.is_alphanumeric()),
        None => after.starts_with(goes_on),
    };
    !longer && !before.ends_with(|c| goes_on(c) || c == '.') && comment::covers(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let (claims, problems) = in_code(text);
        assert_eq!(problems, []);
        claims
            .iter()
            .map(|claim| {
                assert!(text.get(claim.at as usize..).unwrap().starts_with(&claim.ty), "{claim:?} points elsewhere");
                format!("{}:{}.{}", claim.line, claim.ty, claim.path)
            })
            .collect()
    }

    #[test]
    fn the_bullets_below_fields_are_claims() {
        let text = "/**\n * FIELD MAPPING CONTRACT\n * See .docs/map.md\n * - not a claim\n *\n * Expected Sanity fields:\n \
                    *  - order.cart\n *  - `order.items[].sku`: with prose\n *\n *  - order.total \u{2014} prose\n * Notes:\n \
                    *  - a.b\n */\nconst x = 1; // - order.no\n";
        assert_eq!(told(text), ["7:order.cart", "8:order.items[].sku", "10:order.total"]);
        let python = "\"\"\"FIELD MAPPING CONTRACT\nFields:\n- order.cart\n\"\"\"\n- order.no\n";
        assert_eq!(told(python), ["3:order.cart"]);
        let hash =
            "x = 1\r\n# FIELD MAPPING CONTRACT (orders)\r\n# Expected fields:\r\n#   - order.cart\r\n- order.no\r\n";
        assert_eq!(told(hash), ["4:order.cart"]);
        assert_eq!(
            told("// FIELD MAPPING CONTRACT\n// fields:\n// - sanity.fileAsset#label\n"),
            ["3:sanity.fileAsset.label"]
        );
        assert_eq!(told("// see FIELD MAPPING CONTRACT\n// fields:\n// - order.cart\n"), [""; 0]);
    }

    #[test]
    fn a_bullet_that_names_no_field_is_a_problem() {
        for bullet in ["cart", "order.cart and more", "order..cart", "`order.cart", "order.cart -> a.b"] {
            let (claims, problems) = in_code(&format!("// FIELD MAPPING CONTRACT\n// Fields:\n// - {bullet}\n"));
            assert_eq!((claims, problems.len()), (vec![], 1), "{bullet}");
        }
    }

    #[test]
    fn a_reference_is_the_whole_path_in_a_comment() {
        let map = ".docs/reports/map.md";
        for text in [
            "// follows .docs/reports/map.md",
            " *   .docs/reports/map.md\r\n",
            "# ./.docs/reports/map.md.",
            "x = 1  # see `.docs/reports/map.md`",
            "-- (.docs/reports/map.md)",
            "\"\"\"\n.docs/reports/map.md\n\"\"\"",
            "read('.docs/reports/map.md') // .docs/reports/map.md",
            "read('.docs/reports/map.md')\n\n// a\n// .docs/reports/map.md\nb",
        ] {
            assert!(names(text, map), "{text:?}");
        }
        for text in [
            "read('.docs/reports/map.md')",
            "// other/.docs/reports/map.md",
            "// .docs/reports/map.md.bak",
            "// .docs/reports/map.mdx",
            "// x.docs/reports/map.md",
            "// .docs/reports/",
            "// a\nread('.docs/reports/map.md')",
            "",
        ] {
            assert!(!names(text, map), "{text:?}");
        }
        assert!(!names("// x", ""));
    }
}
