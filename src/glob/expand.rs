//! Writes the braces of a pattern out. Knows nothing of stars, segments or paths.

use super::{GlobError, MAX_ALTERNATIVES};

/// One character of a pattern, with the braces that make a choice told from those that are themselves.
#[derive(Clone, Copy)]
enum Piece {
    Text(char),
    Open,
    Comma,
    Close,
}

/// The alternatives of one brace that are complete, and the one being written.
struct Frame {
    done: Vec<String>,
    current: Vec<String>,
}

impl Frame {
    fn new() -> Self {
        Self { done: Vec::new(), current: vec![String::new()] }
    }
}

/// Every brace-free pattern that `pattern` stands for, at most [`MAX_ALTERNATIVES`], in the order written.
pub(super) fn expand(pattern: &str) -> Result<Vec<String>, GlobError> {
    // A stack instead of recursion: the depth of the braces is the writer's choice.
    let mut outer: Vec<Frame> = Vec::new();
    let mut frame = Frame::new();
    for piece in pieces(pattern)? {
        match piece {
            Piece::Text(c) => frame.current.iter_mut().for_each(|text| text.push(c)),
            Piece::Open => outer.push(std::mem::replace(&mut frame, Frame::new())),
            Piece::Comma => {
                frame.done.append(&mut frame.current);
                frame.current.push(String::new());
            }
            Piece::Close => {
                let parent = outer.pop().ok_or(GlobError::UnbalancedBraces)?;
                frame.done.append(&mut frame.current);
                frame = Frame { current: product(&parent.current, &frame.done)?, done: parent.done };
            }
        }
        if frame.done.len() + frame.current.len() > MAX_ALTERNATIVES {
            return Err(GlobError::TooManyAlternatives);
        }
    }
    if outer.is_empty() { Ok(frame.current) } else { Err(GlobError::UnbalancedBraces) }
}

fn product(heads: &[String], tails: &[String]) -> Result<Vec<String>, GlobError> {
    if heads.len().saturating_mul(tails.len()) > MAX_ALTERNATIVES {
        return Err(GlobError::TooManyAlternatives);
    }
    Ok(heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}"))).collect())
}

/// Tells choices from literal braces: a pair makes a choice when a comma stands directly inside it.
fn pieces(pattern: &str) -> Result<Vec<Piece>, GlobError> {
    let mut pieces: Vec<Piece> = pattern.chars().map(Piece::Text).collect();
    let mut open: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut unpaired = false;
    for (at, c) in pattern.chars().enumerate() {
        match c {
            '{' => open.push((at, Vec::new())),
            ',' => open.iter_mut().last().into_iter().for_each(|(_, commas)| commas.push(at)),
            '}' => match open.pop() {
                Some((_, commas)) if commas.is_empty() => {}
                Some((start, commas)) => {
                    let marks = commas.into_iter().map(|comma| (comma, Piece::Comma));
                    for (place, mark) in marks.chain([(start, Piece::Open), (at, Piece::Close)]) {
                        if let Some(piece) = pieces.get_mut(place) {
                            *piece = mark;
                        }
                    }
                }
                None => unpaired = true,
            },
            _ => {}
        }
    }
    // A lone brace is a name's own; with a comma about, it is more likely half of a choice.
    if (unpaired || !open.is_empty()) && pattern.contains(',') {
        return Err(GlobError::UnbalancedBraces);
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_written_out_in_order_and_nest() {
        assert_eq!(expand("a{b,c}d").unwrap(), ["abd", "acd"]);
        assert_eq!(expand("{a,b{c,d}}{1,2}").unwrap(), ["a1", "a2", "bc1", "bc2", "bd1", "bd2"]);
        assert_eq!(expand("foo{,.test}.ts").unwrap(), ["foo.ts", "foo.test.ts"]);
    }

    #[test]
    fn braces_without_a_comma_are_themselves() {
        for plain in ["{a}", "{}", "a{", "}a", "{{a}}", "a,b"] {
            assert_eq!(expand(plain).unwrap(), [plain]);
        }
        assert_eq!(expand("{{a,b}}").unwrap(), ["{a}", "{b}"]);
    }

    #[test]
    fn half_a_choice_is_refused() {
        for half in ["{a,b", "a,b}", "{{a,b}", "{a,b}}", "{a},{"] {
            assert_eq!(expand(half), Err(GlobError::UnbalancedBraces), "{half}");
        }
    }

    #[test]
    fn the_number_of_alternatives_is_bounded_however_it_is_written() {
        assert_eq!(expand(&"{a,b}".repeat(8)).unwrap().len(), 256);
        for bomb in ["{a,b}".repeat(9), "{a,b}".repeat(800), format!("{{{}}}", "a,".repeat(256))] {
            assert_eq!(expand(&bomb), Err(GlobError::TooManyAlternatives));
        }
        let nest = format!("{}{}", "{a,".repeat(1000), "}".repeat(1000));
        assert_eq!(expand(&nest), Err(GlobError::TooManyAlternatives));
    }
}
