//! The grammar wants the last member of a body to end its line, as Kotlin does not: `interface Named { val name: String }`.

/// The text with a line's end in the place of a space before each `}` of the code, so that all else stands where it stood.
pub(super) fn spread(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut around = Vec::new();
    let (mut place, mut rest) = (Place::Code(0), text.as_bytes());
    while let Some(&first) = rest.first() {
        let (length, next) = step(place, rest);
        match next {
            Next::Stay(same) => place = same,
            Next::Enter(inner) => around.push(std::mem::replace(&mut place, inner)),
            Next::Leave => place = around.pop().unwrap_or(Place::Code(0)),
        }
        let closes = first == b'}' && around.is_empty() && matches!(place, Place::Code(_));
        if let Some(space) = out.last_mut().filter(|last| closes && matches!(last, b' ' | b'\t')) {
            *space = b'\n';
        }
        let (passed, after) = rest.split_at_checked(length.max(1)).unwrap_or((rest, &[]));
        out.extend_from_slice(passed);
        rest = after;
    }
    String::from_utf8(out).unwrap_or_default()
}

/// What a byte stands in.
#[derive(Clone, Copy)]
enum Place {
    /// Code, so many braces deep.
    Code(usize),
    /// `"…"`
    Text,
    /// `"""…"""`
    Raw,
}

enum Next {
    Stay(Place),
    Enter(Place),
    Leave,
}

/// How long the next token is, and where it leads.
fn step(place: Place, rest: &[u8]) -> (usize, Next) {
    let stay = Next::Stay(place);
    match (place, rest) {
        (Place::Code(_), [b'/', b'/', ..]) => {
            (rest.iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count(), stay)
        }
        (Place::Code(_), [b'/', b'*', ..]) => (comment(rest), stay),
        (Place::Code(_), [b'"', b'"', b'"', ..]) => (3, Next::Enter(Place::Raw)),
        (Place::Code(_), [b'"', ..]) => (1, Next::Enter(Place::Text)),
        (Place::Code(_), [b'\'', b'\\', _, inner @ ..]) => (4 + until(inner, b'\''), stay),
        (Place::Code(_), [mark @ (b'\'' | b'`'), inner @ ..]) => (2 + until(inner, *mark), stay),
        (Place::Code(depth), [b'{', ..]) => (1, Next::Stay(Place::Code(depth + 1))),
        (Place::Code(0), [b'}', ..]) => (1, Next::Leave),
        (Place::Code(depth), [b'}', ..]) => (1, Next::Stay(Place::Code(depth.saturating_sub(1)))),
        (Place::Text, [b'\\', ..]) => (2, stay),
        (Place::Text, [b'"' | b'\n', ..]) => (1, Next::Leave),
        (Place::Raw, [b'"', b'"', b'"', ..]) => (rest.iter().take_while(|byte| **byte == b'"').count(), Next::Leave),
        (Place::Text | Place::Raw, [b'$', b'{', ..]) => (2, Next::Enter(Place::Code(0))),
        _ => (1, stay),
    }
}

/// How many bytes there are before `mark` on the line.
fn until(text: &[u8], mark: u8) -> usize {
    text.iter().take_while(|byte| **byte != mark && **byte != b'\n').count()
}

/// The length of a comment with those within it.
fn comment(text: &[u8]) -> usize {
    let (mut depth, mut length, mut rest) = (0usize, 0, text);
    loop {
        let (step, after) = match rest {
            [b'/', b'*', after @ ..] => {
                depth += 1;
                (2, after)
            }
            [b'*', b'/', after @ ..] => {
                depth -= 1;
                (2, after)
            }
            [_, after @ ..] => (1, after),
            [] => return length,
        };
        (length, rest) = (length + step, after);
        if depth == 0 {
            return length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_braces_of_the_code_begin_a_line() {
        for (text, spread_out) in [
            ("class A { val x: Int }", "class A { val x: Int\n}"),
            ("class A { val s = \"a }\" }", "class A { val s = \"a }\"\n}"),
            ("class A { val s = \"${ f(\" }\") }\" }", "class A { val s = \"${ f(\" }\") }\"\n}"),
            ("class A { val s = \"\"\"\" }\"\"\"\" }", "class A { val s = \"\"\"\" }\"\"\"\"\n}"),
            ("class A { val c = ' }' /* /* } */ } */ }", "class A { val c = ' }' /* /* } */ } */\n}"),
            ("class A { val c = '\\'' } // }\n", "class A { val c = '\\''\n} // }\n"),
            ("class `A }` { val x: Int }", "class `A }` { val x: Int\n}"),
            ("\"${ a { \" }", "\"${ a { \" }"),
        ] {
            assert_eq!(spread(text), spread_out);
        }
    }
}
