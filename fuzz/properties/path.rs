//! Hostile bytes on a terminal: what comes out is printable, tells every byte, and reads back as Git reads it.

use bstr::{BStr, ByteSlice};
use refgate::escape::excerpt;
use refgate::escape::{escape, one_line, printable, quote_path};
use refgate::path::prefixes;

pub(crate) fn holds(data: &[u8]) {
    let shows = |text: &str| assert!(text.bytes().all(|byte| (0x20..=0x7e).contains(&byte)), "{text:?}");
    shows(&escape(data));
    assert_eq!(unescape(escape(data).as_bytes()), data, "a byte is lost");
    let quoted = quote_path(data);
    shows(&quoted);
    match quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|_| quoted.len() > 1) {
        Some(inner) => assert_eq!(unescape(inner.as_bytes()), data),
        None => assert_eq!(quoted.as_bytes(), data, "neither quoted nor as it is"),
    }
    let text = data.to_str_lossy();
    for told in [one_line(&text), printable(&text), excerpt(&text)] {
        shows(&told);
    }
    assert_eq!(one_line(&one_line(&text)), one_line(&text));
    assert!(excerpt(&text).len() <= 80);
    let parts: Vec<&BStr> = prefixes(data.as_bstr()).collect();
    assert_eq!(parts.last().copied(), Some(data.as_bstr()));
    assert_eq!(parts.len(), 1 + data.iter().filter(|byte| **byte == b'/').count());
    for part in parts {
        assert!(data.starts_with(part) && data.get(part.len()).is_none_or(|next| *next == b'/'));
    }
}

/// C escapes as Git's `unquote_c_style` reads them.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        if *first != b'\\' {
            assert_ne!(*first, b'"', "a bare quote ends the string");
            bytes.push(*first);
            continue;
        }
        let (letter, more) = rest.split_first().expect("a lone backslash at the end");
        rest = more;
        bytes.push(match letter {
            b'a' => 0x07,
            b'b' => 0x08,
            b't' => b'\t',
            b'n' => b'\n',
            b'v' => 0x0b,
            b'f' => 0x0c,
            b'r' => b'\r',
            b'"' | b'\\' => *letter,
            digit @ b'0'..=b'3' => {
                let (low, more) = rest.split_at(2);
                rest = more;
                low.iter().fold(digit - b'0', |value, digit| value << 3 | (digit - b'0'))
            }
            other => panic!("no such escape: {other}"),
        });
    }
    bytes
}
