//! When: the one reader of every moment that a person names.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

/// What is taken, as the help of every such option and every error says it.
pub const TAKEN: &str = "a day like 2026-11-21 (UTC), or a time like 2026-11-21T12:00:00Z (RFC 3339)";

/// A day, which is one in UTC, or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The whole day.
    Day(Date),
    /// This very time.
    Time(Timestamp),
}

impl Moment {
    /// Reads what a person wrote.
    pub fn read(text: &str) -> Option<Self> {
        day(text).ok().map(Self::Day).or_else(|| text.parse().ok().map(Self::Time))
    }

    /// Where it begins.
    pub fn first(self) -> Option<Timestamp> {
        match self {
            Self::Day(day) => day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|midnight| midnight.timestamp()),
            Self::Time(time) => Some(time),
        }
    }

    /// Where it ends.
    pub fn last(self) -> Option<Timestamp> {
        match self {
            Self::Day(day) => Self::Day(day.tomorrow().ok()?).first()?.checked_sub(1.nanosecond()).ok(),
            Self::Time(time) => Some(time),
        }
    }
}

/// From when on.
pub(super) fn first(text: &str) -> Result<Timestamp, String> {
    Moment::read(text).and_then(Moment::first).ok_or_else(|| format!("write {TAKEN}"))
}

/// Up to when.
pub(super) fn last(text: &str) -> Result<Timestamp, String> {
    Moment::read(text).and_then(Moment::last).ok_or_else(|| format!("write {TAKEN}"))
}

/// A day alone.
pub(super) fn day(text: &str) -> Result<Date, String> {
    // Of a time the library takes the day.
    let plain = text.len() == "2026-11-21".len() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse().ok().filter(|_| plain).ok_or_else(|| "write a day like 2026-11-21 (UTC)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn a_day_is_whole_and_a_time_is_itself() {
        let both = |text: &str| (first(text).unwrap().to_string(), last(text).unwrap().to_string());
        let day = ("2026-11-21T00:00:00Z".to_owned(), "2026-11-21T23:59:59.999999999Z".to_owned());
        assert_eq!(both("2026-11-21"), day);
        assert_eq!(both("2026-12-31").1, "2026-12-31T23:59:59.999999999Z");
        for (time, due) in [
            ("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z"),
            ("2026-11-21T12:00:00.25+01:00", "2026-11-21T11:00:00.25Z"),
            ("2026-11-21T23:59:59.999999999Z", "2026-11-21T23:59:59.999999999Z"),
        ] {
            assert_eq!(both(time), (due.to_owned(), due.to_owned()));
        }
    }

    #[test]
    fn what_is_no_moment_is_told_with_what_is() {
        for text in
            ["", "today", "2026-02-30", "2026-11", "21.11.2026", "2026-11-21T12:00:00", "20261121", "1763683200"]
        {
            for read in [first, last] {
                assert_eq!(read(text), Err(format!("write {TAKEN}")), "{text}");
            }
        }
        for text in ["2026-11-21T12:00:00Z", "2026-11-21 12:00", "+002026-11-21", "2026-11-32"] {
            assert!(day(text).unwrap_err().contains("like 2026-11-21"), "{text}");
        }
    }

    /// Every option that takes a moment takes the same.
    #[test]
    fn the_help_of_each_option_says_what_is_taken() {
        let mut found = 0;
        let mut open = vec![crate::cli::Cli::command()];
        while let Some(command) = open.pop() {
            open.extend(command.get_subcommands().cloned());
            for arg in command.get_arguments().filter(|arg| ["at", "since", "until"].contains(&arg.get_id().as_str())) {
                let help = arg.get_help().unwrap().to_string();
                assert!(help.contains(TAKEN), "{} --{}: {help}", command.get_name(), arg.get_id());
                found += 1;
            }
        }
        assert_eq!(found, 10);
    }
}
