//! The options of a line: `cert-authority`, `namespaces="…"`, `valid-after="…"`, `valid-before="…"`.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// What the options of a line say.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    /// The key vouches for others and signs nothing itself.
    pub(super) authority: bool,
    /// The only namespaces that the key may sign in.
    pub(super) namespaces: Option<Vec<u8>>,
    /// The first second at which the key counts.
    pub(super) after: Option<Timestamp>,
    /// The last second at which the key counts.
    pub(super) before: Option<Timestamp>,
}

impl Options {
    /// Reads the options as OpenSSH does: without regard to case, quotes required, empty ones skipped, a comma at the
    /// end wrong.
    pub(super) fn parse(mut text: &[u8]) -> Result<Self, &'static str> {
        let mut options = Self::default();
        loop {
            if let Some(rest) = after_word(text, b"cert-authority") {
                options.authority = true;
                text = rest;
            } else if let Some(rest) = after_word(text, b"namespaces=") {
                let (value, rest) = dequote(rest)?;
                set(&mut options.namespaces, value)?;
                text = rest;
            } else if let Some(rest) = after_word(text, b"valid-after=") {
                let (value, rest) = dequote(rest)?;
                set(&mut options.after, time(&value)?)?;
                text = rest;
            } else if let Some(rest) = after_word(text, b"valid-before=") {
                let (value, rest) = dequote(rest)?;
                set(&mut options.before, time(&value)?)?;
                text = rest;
            }
            match text {
                [] => break,
                [b','] => return Err("a comma ends the options"),
                [b',', rest @ ..] => text = rest,
                _ => return Err("an option is unknown"),
            }
        }
        match (options.after, options.before) {
            (Some(after), Some(before)) if before <= after => Err("valid-before is not later than valid-after"),
            _ => Ok(options),
        }
    }
}

fn set<T>(to: &mut Option<T>, value: T) -> Result<(), &'static str> {
    match to.replace(value) {
        None => Ok(()),
        Some(_) => Err("an option is there twice"),
    }
}

fn after_word<'a>(text: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(rest)
}

/// What stands between quotes, `\"` taken for a quote, and what follows.
fn dequote(text: &[u8]) -> Result<(Vec<u8>, &[u8]), &'static str> {
    let mut rest = text.strip_prefix(b"\"").ok_or("the value of an option is not in quotes")?;
    let mut value = Vec::new();
    loop {
        match rest {
            [] => return Err("a quote is not closed"),
            [b'"', after @ ..] => return Ok((value, after)),
            [b'\\', b'"', after @ ..] => {
                value.push(b'"');
                rest = after;
            }
            [byte, after @ ..] => {
                value.push(*byte);
                rest = after;
            }
        }
    }
}

/// `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, and then `Z` or `UTC`: without it OpenSSH takes the server's own
/// time zone, and what a line means would depend on who reads it.
fn time(text: &[u8]) -> Result<Timestamp, &'static str> {
    let wrong = "a time is not written like 20261231Z or 202612312359Z";
    let lower = text.to_ascii_lowercase();
    let digits = lower.strip_suffix(b"utc").or_else(|| lower.strip_suffix(b"z"));
    let Some(digits) = digits else {
        return Err(if text.is_empty() { wrong } else { "a time lacks the Z of UTC" });
    };
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(wrong);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| wrong)?;
    let part = |from: usize, to: usize| -> i16 { digits.get(from..to).and_then(|text| text.parse().ok()).unwrap_or(0) };
    let small = |from: usize| i8::try_from(part(from, from + 2)).unwrap_or(i8::MAX);
    let time = DateTime::new(part(0, 4), small(4), small(6), small(8), small(10), small(12), 0);
    let time = time.and_then(|time| TimeZone::UTC.to_timestamp(time)).map_err(|_| "a time is none of the calendar")?;
    // OpenSSH takes second 0 for an unset option and earlier ones for faults.
    if time.as_second() > 0 { Ok(time) } else { Err("a time is not after the beginning of 1970") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> Options {
        Options::parse(text.as_bytes()).unwrap_or_else(|reason| panic!("{text}: {reason}"))
    }

    fn fails(text: &str) -> &'static str {
        Options::parse(text.as_bytes()).err().unwrap_or_else(|| panic!("{text} is read"))
    }

    #[test]
    fn options_are_read_as_openssh_reads_them() {
        assert!(reads("cert-authority").authority && reads("CERT-Authority,cert-authority").authority);
        let all = reads(",,Namespaces=\"a b,\\\"c\",,valid-after=\"20260101Z\",VALID-BEFORE=\"20260101000001utc\"");
        assert_eq!(all.namespaces.as_deref(), Some(&b"a b,\"c"[..]));
        assert_eq!(all.after.map(Timestamp::as_second), Some(1_767_225_600));
        assert_eq!(all.before.map(Timestamp::as_second), Some(1_767_225_601));
        assert!(!all.authority);
        assert_eq!(reads("namespaces=\"\"").namespaces.as_deref(), Some(&b""[..]));
    }

    #[test]
    fn what_openssh_leaves_out_says_why() {
        assert_eq!(fails("cert-authority,"), "a comma ends the options");
        assert_eq!(fails("verify-required"), "an option is unknown");
        assert_eq!(fails("cert-authorityx"), "an option is unknown");
        assert_eq!(fails("namespaces"), "an option is unknown");
        assert_eq!(fails("namespaces=a"), "the value of an option is not in quotes");
        assert_eq!(fails("namespaces=\"a"), "a quote is not closed");
        assert_eq!(fails("namespaces=\"a\",namespaces=\"\""), "an option is there twice");
        assert_eq!(fails("valid-after=\"20260101Z\",valid-after=\"20260101Z\""), "an option is there twice");
        let backwards = "valid-before is not later than valid-after";
        assert_eq!(fails("valid-after=\"20260101Z\",valid-before=\"20260101Z\""), backwards);
        for text in
            ["", "Z", "2026Z", "2026010Z", "2026010100Z", "2026-01-01Z", "+2260101Z", "20260101ZZ", " 20260101Z"]
        {
            let reason = fails(&format!("valid-after=\"{text}\""));
            assert_eq!(reason, "a time is not written like 20261231Z or 202612312359Z", "{text}");
        }
        assert_eq!(fails("valid-before=\"20260101\""), "a time lacks the Z of UTC");
        for text in ["20260231Z", "20261301Z", "20260100Z", "202601012400Z", "20260101235960Z"] {
            assert_eq!(fails(&format!("valid-before=\"{text}\"")), "a time is none of the calendar", "{text}");
        }
        assert_eq!(fails("valid-after=\"19700101Z\""), "a time is not after the beginning of 1970");
        assert_eq!(fails("valid-after=\"00010101Z\""), "a time is not after the beginning of 1970");
    }
}
