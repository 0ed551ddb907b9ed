//! What of a statement all three databases take for comments.

use std::borrow::Cow;

/// A statement with a space for each comment; as it is, where the databases may not agree what is one: what is a comment to
/// one of them may run in another.
pub(super) fn without(text: &str) -> Cow<'_, str> {
    match stripped(text) {
        Some(stripped) => Cow::Owned(stripped),
        None => Cow::Borrowed(text),
    }
}

fn stripped(text: &str) -> Option<String> {
    // One body between dollars, or where it begins: others may stand in texts, and texts in them.
    match text.splitn(6, '$').collect::<Vec<_>>().as_slice() {
        [_] | [_, _, _] => {}
        [_, tag, _, end, _] if tag == end => {}
        _ => return None,
    }
    let (mut left, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(['\'', '"', '`', '-', '/', '#', '[', '\\']) {
        let (before, from) = rest.split_at(at);
        left.push_str(before);
        let mark = from.chars().next()?;
        let after = from.get(mark.len_utf8()..)?;
        rest = match mark {
            '\'' | '"' | '`' => {
                let (quoted, behind) = after.split_once(mark)?;
                // To PostgreSQL a backtick is part of an operator, and what follows is as it would be without one.
                let begins_another = mark == '`' && (quoted.contains(['\'', '"']) || quoted.contains("--"));
                if quoted.contains(['\\', '$']) || begins_another || (mark == '`' && quoted.contains("/*")) {
                    return None;
                }
                left.extend([from.get(..mark.len_utf8() * 2 + quoted.len())?]);
                behind
            }
            '-' if after.starts_with('-') => {
                let (comment, behind) = after.split_once('\n').unwrap_or((after, ""));
                let comment = comment.strip_suffix('\r').unwrap_or(comment);
                // Without a space it is none to MySQL.
                if comment.contains(['\r', '$']) || !comment.get(1..)?.starts_with([' ', '\t']) && comment.len() > 1 {
                    return None;
                }
                left.push('\n');
                behind
            }
            '/' if after.starts_with('*') => {
                let (comment, behind) = after.get(1..)?.split_once("*/")?;
                // Servers run some, and PostgreSQL takes one within another.
                if comment.starts_with(['!', 'M', '+']) || comment.contains("/*") || comment.contains('$') {
                    return None;
                }
                left.push(' ');
                behind
            }
            '-' | '/' => {
                left.push(mark);
                after
            }
            // A comment to MySQL, a name to SQLite, a character that hides another.
            _ => return None,
        };
    }
    left.push_str(rest);
    Some(left)
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn what_every_database_takes_for_a_comment_goes() {
        for (text, due) in [
            ("a -- table\nb", "a \nb"),
            ("a --\nb -- c", "a \nb \n"),
            ("a /* table */ b / c - d", "a   b / c - d"),
            ("$$ BEGIN -- it's a table\r\nx := 'a -- b'; END $$", "$$ BEGIN \nx := 'a -- b'; END $$"),
            ("`a-b` -- table", "`a-b` \n"),
            ("$f$ a /* table */ $f$ -- b", "$f$ a   $f$ \n"),
        ] {
            assert_eq!(without(text), due, "{text}");
        }
    }

    #[test]
    fn what_may_run_somewhere_stays() {
        for text in [
            "a --table\nb",
            "a /*! table */",
            "a /* b /* c */ table */",
            "'a\\' -- table\n'",
            "$$ $q$ ' $q$; x := 'a -- '; DROP TABLE x;\n $$",
            "[ ' ] -- table\n'",
            "# '\n -- table\n'",
            "'a $$ ' -- table\n $$",
            "-- a\rDROP TABLE x\n",
            "'a -- table\n",
            "1 ` ' ` -- ' ; DROP TABLE x",
            "1 ` \" ` -- \" ; DROP TABLE x",
            "1 ` /* ` -- */ DROP TABLE x",
            "$a$ -- table\n $b$",
        ] {
            assert_eq!(without(text), text);
        }
    }
}
