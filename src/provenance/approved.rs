//! The marker `contract/APPROVED`: one line that ties a task to the base it was approved on.
//!
//! Owns the line's spelling, to the byte. Must not know whether the task or the base are the right ones.

use super::task::is_task_name;
use crate::escape::excerpt;
use crate::oid::Oid;

/// What the marker says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The task, a valid task name.
    pub task: String,
    /// The base: 7 to 64 hex digits of either case, as written; a name of an object or a prefix of one.
    pub oid: String,
}

/// What is wrong with a marker, and what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MarkerError {
    /// No bytes, or nothing but white space.
    #[error("the file is empty; write one line `APPROVED:<task>:<base>`")]
    Empty,
    /// A byte order mark.
    #[error("the file begins with a byte order mark; save it as UTF-8 without one")]
    ByteOrderMark,
    /// CR, alone or before LF.
    #[error("the line ends in a carriage return; save the file with LF line endings")]
    CarriageReturn,
    /// White space before or after the line's text, a blank line included.
    #[error("there is white space before or after the line; write `APPROVED:<task>:<base>` and one line feed")]
    OuterSpace,
    /// More than one line.
    #[error("there is a second line; write `APPROVED:<task>:<base>` and nothing else")]
    SecondLine,
    /// A byte outside printable ASCII.
    #[error("the line has a byte that is no printable ASCII; write `APPROVED:<task>:<base>` in plain ASCII")]
    NotAscii,
    /// Another word than `APPROVED` first.
    #[error("the line does not begin with `APPROVED:`; write `APPROVED:<task>:<base>`, the word in capitals")]
    Prefix,
    /// Not three fields; the value is how many there are.
    #[error("the line has {0} fields between colons instead of 3; write `APPROVED:<task>:<base>`")]
    Fields(usize),
    /// The second field; the value is that field, escaped.
    #[error("\"{0}\" is no task name; write letters and digits, then also `.`, `_` and `-`, as in the task's branch")]
    Task(String),
    /// The third field; the value is that field, escaped.
    #[error("\"{0}\" is no commit name; write 7 to 64 hex digits, best all that `git rev-parse <base>` prints")]
    Oid(String),
}

impl Marker {
    /// Reads the marker: exactly `APPROVED:<task>:<oid>`, and one line feed or none.
    ///
    /// # Errors
    ///
    /// A [`MarkerError`] for any other byte sequence; the first fault is named.
    pub fn parse(bytes: &[u8]) -> Result<Self, MarkerError> {
        let line = single_line(bytes)?;
        let Some(rest) = line.strip_prefix("APPROVED:") else { return Err(MarkerError::Prefix) };
        let Some((task, oid)) = rest.split_once(':').filter(|(_, oid)| !oid.contains(':')) else {
            return Err(MarkerError::Fields(line.split(':').count()));
        };
        if !is_task_name(task) {
            return Err(MarkerError::Task(excerpt(task)));
        }
        if !Oid::is_abbreviation(oid) {
            return Err(MarkerError::Oid(excerpt(oid)));
        }
        Ok(Self { task: task.to_owned(), oid: oid.to_owned() })
    }
}

fn single_line(bytes: &[u8]) -> Result<&str, MarkerError> {
    if bytes.starts_with(b"\xef\xbb\xbf") || bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(MarkerError::ByteOrderMark);
    }
    if bytes.trim_ascii().is_empty() {
        return Err(MarkerError::Empty);
    }
    if bytes.contains(&b'\r') {
        return Err(MarkerError::CarriageReturn);
    }
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if line.trim_ascii().contains(&b'\n') {
        return Err(MarkerError::SecondLine);
    }
    if line.trim_ascii() != line {
        return Err(MarkerError::OuterSpace);
    }
    if !line.iter().all(|byte| (0x20..=0x7e).contains(byte)) {
        return Err(MarkerError::NotAscii);
    }
    std::str::from_utf8(line).map_err(|_| MarkerError::NotAscii)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape::escape;
    use proptest::prelude::*;

    const OID: &str = "80887f7fc11d59ec73fe0c892eaca290b606b921";

    #[test]
    fn a_marker_is_read_with_and_without_its_line_feed() {
        let marker = Marker { task: "vendor-portal-polish".into(), oid: OID.into() };
        let line = format!("APPROVED:vendor-portal-polish:{OID}");
        assert_eq!(Marker::parse(line.as_bytes()), Ok(marker.clone()));
        assert_eq!(Marker::parse(format!("{line}\n").as_bytes()), Ok(marker));
        assert_eq!(Marker::parse(b"APPROVED:t:ABCDEF0").unwrap().oid, "ABCDEF0");
        assert!(Marker::parse(format!("APPROVED:t:{}", "a".repeat(64)).as_bytes()).is_ok());
    }

    #[test]
    fn every_other_spelling_is_refused_by_name() {
        use MarkerError::*;
        let cases: Vec<(&[u8], MarkerError)> = vec![
            (b"", Empty),
            (b"\n", Empty),
            (b"\xef\xbb\xbfAPPROVED:t:abcdef0", ByteOrderMark),
            (b"\xff\xfeA\0", ByteOrderMark),
            (b"APPROVED:t:abcdef0\r\n", CarriageReturn),
            (b"APPROVED:t:abcdef0\r", CarriageReturn),
            (b" APPROVED:t:abcdef0\n", OuterSpace),
            (b"APPROVED:t:abcdef0 \n", OuterSpace),
            (b"APPROVED:t:abcdef0\t", OuterSpace),
            (b"\nAPPROVED:t:abcdef0\n", OuterSpace),
            (b"APPROVED:t:abcdef0\n\n", OuterSpace),
            (b"APPROVED:t:abcdef0\nAPPROVED:u:abcdef0\n", SecondLine),
            (b"APPROVED:t:abcdef0\nx", SecondLine),
            (b"APPROVED:t\xc3\xa9:abcdef0", NotAscii),
            (b"APPROVED:t\xff:abcdef0", NotAscii),
            (b"APPROVED:t\0:abcdef0", NotAscii),
            (b"approved:t:abcdef0", Prefix),
            (b"APPROVED", Prefix),
            (b"APPROVED:t", Fields(2)),
            (b"APPROVED:t:abcdef0:x", Fields(4)),
            (b"APPROVED:t:", Oid(String::new())),
            (b"APPROVED::abcdef0", Task(String::new())),
            (b"APPROVED:a..b:abcdef0", Task("a..b".into())),
            (b"APPROVED: t:abcdef0", Task(" t".into())),
            (b"APPROVED:t:abcdef", Oid("abcdef".into())),
            (b"APPROVED:t:abcdefg", Oid("abcdefg".into())),
        ];
        for (bytes, error) in cases {
            assert_eq!(Marker::parse(bytes), Err(error), "{}", escape(bytes));
        }
        assert!(matches!(Marker::parse(format!("APPROVED:t:{}", "a".repeat(65)).as_bytes()), Err(Oid(_))));
    }

    proptest! {
        #[test]
        fn what_is_read_is_all_there_was(bytes in "APPROVED:[a-z.]{0,3}:[0-9a-f:\\r\\n ]{6,9}") {
            if let Ok(marker) = Marker::parse(bytes.as_bytes()) {
                let line = format!("APPROVED:{}:{}", marker.task, marker.oid);
                prop_assert_eq!(bytes.strip_suffix('\n').unwrap_or(&bytes), line);
            }
        }
    }
}
