//! Ref names, ref updates and the lines in which Git hands them to hooks (githooks(5)).

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice};

use crate::error::{Error, Result};
use crate::escape;
use crate::oid::{ObjectFormat, Oid};

/// The full names and values of the refs that a server holds; a tag's value is the tag object, not what it peels to.
pub type RefMap = BTreeMap<BString, Oid>;

/// The longest ref name that refgate lets through, in bytes: what a file system takes as one file name.
pub const MAX_NAME: usize = 255;

/// Whether Git can have a ref of this full name: git-check-ref-format(1), rules 1 to 9.
pub fn is_well_formed(name: &str) -> bool {
    let good_part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    name.starts_with("refs/")
        && name.split('/').all(good_part)
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(|c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c))
}

/// One ref that a push asks to move. Zero means "does not exist".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate {
    /// The full name, any bytes: the adversary chooses it.
    pub name: BString,
    /// The value before.
    pub old: Oid,
    /// The value after.
    pub new: Oid,
}

/// What an update does to its ref.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The ref did not exist.
    Create,
    /// The ref gets another value.
    Move,
    /// The ref keeps its value.
    Keep,
    /// The ref goes away.
    Delete,
}

impl RefUpdate {
    /// What the update does, read from its two values.
    pub fn action(&self) -> Action {
        match (self.old.is_zero(), self.new.is_zero()) {
            (_, true) => Action::Delete,
            (true, false) => Action::Create,
            (false, false) if self.old == self.new => Action::Keep,
            (false, false) => Action::Move,
        }
    }
}

/// Parses the standard input of `pre-receive`: `<old> SP <new> SP <ref> LF` a line.
///
/// # Errors
/// Malformed input of any kind, no line at all included: Git never runs the hook for nothing, so an empty input
/// means that it was lost on the way.
pub fn parse_receive(input: &[u8], format: ObjectFormat) -> Result<Vec<RefUpdate>> {
    let mut updates = Vec::new();
    for (number, line) in lines(input)?.enumerate() {
        let fields: Vec<&[u8]> = line.splitn(3, |byte| *byte == b' ').collect();
        let [old, new, name] = fields.as_slice() else {
            return Err(bad_line(number, line, "needs an old value, a new value and a ref name"));
        };
        let update = update(name.as_bstr(), oid(old, format, number, line)?, oid(new, format, number, line)?)?;
        updates.push(update);
    }
    if updates.is_empty() {
        return Err(Error::malformed("no ref update arrived on standard input")
            .help("refgate reads the lines that git-receive-pack writes to pre-receive; run it from the hook"));
    }
    unique(updates)
}

/// Parses the arguments of `update`: the ref name, the old and the new value.
///
/// # Errors
/// Values that are no object names of the repository's format.
pub fn parse_update(name: &[u8], old: &[u8], new: &[u8], format: ObjectFormat) -> Result<RefUpdate> {
    update(name.as_bstr(), oid(old, format, 0, old)?, oid(new, format, 0, new)?)
}

/// Parses the standard input of `pre-push`: `<local ref> SP <local oid> SP <remote ref> SP <remote oid> LF` a line.
/// No line means that there is nothing to push.
///
/// # Errors
/// Malformed input of any kind.
pub fn parse_push(input: &[u8], format: ObjectFormat) -> Result<Vec<RefUpdate>> {
    let mut updates = Vec::new();
    for (number, line) in lines(input)?.enumerate() {
        // The local side may be any revision expression, spaces included; the last three fields may not.
        let fields: Vec<&[u8]> = line.rsplitn(4, |byte| *byte == b' ').collect();
        let [remote, name, local, _] = fields.as_slice() else {
            return Err(bad_line(number, line, "needs a local ref and value and a remote ref and value"));
        };
        let update = update(name.as_bstr(), oid(remote, format, number, line)?, oid(local, format, number, line)?)?;
        updates.push(update);
    }
    unique(updates)
}

fn lines(input: &[u8]) -> Result<impl Iterator<Item = &[u8]>> {
    if !input.is_empty() && !input.ends_with(b"\n") {
        return Err(Error::malformed("the last line on standard input is cut off")
            .help("every line of a hook's input ends in a line feed; the push can be tried again"));
    }
    Ok(input.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line)))
}

fn oid(hex: &[u8], format: ObjectFormat, number: usize, line: &[u8]) -> Result<Oid> {
    Oid::from_hex(hex).filter(|oid| oid.format() == format).ok_or_else(|| {
        bad_line(number, line, &format!("names an object by other than {} hex digits", format.byte_len() * 2))
    })
}

fn update(name: &BStr, old: Oid, new: Oid) -> Result<RefUpdate> {
    if name.is_empty() || name.contains(&b'\0') {
        return Err(Error::malformed("a ref update without a usable ref name")
            .help("Git names the ref in every update; whatever wrote this one is not Git"));
    }
    if old.is_zero() && new.is_zero() {
        let name = escape::quote_path(name);
        return Err(Error::malformed(format!("the update of {name} goes from nothing to nothing"))
            .help("there is no such ref to delete: git ls-remote shows those that there are"));
    }
    Ok(RefUpdate { name: name.to_owned(), old, new })
}

fn unique(updates: Vec<RefUpdate>) -> Result<Vec<RefUpdate>> {
    let mut seen = BTreeSet::new();
    match updates.iter().find(|update| !seen.insert(&update.name)) {
        Some(twice) => Err(Error::malformed(format!("{} is updated twice", escape::quote_path(&twice.name)))
            .help("push each ref once")),
        None => Ok(updates),
    }
}

fn bad_line(number: usize, line: &[u8], why: &str) -> Error {
    let shown = escape::quote_path(line.get(..200).unwrap_or(line));
    Error::malformed(format!("line {} of the ref updates {why}: {shown}", number + 1))
        .help("Git writes these lines itself; whatever wrote this one is not Git")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    fn receive(input: &str) -> Result<Vec<RefUpdate>> {
        parse_receive(input.as_bytes(), ObjectFormat::Sha1)
    }

    #[test]
    fn what_git_writes_is_read() {
        let updates =
            receive(&format!("{ZERO} {A} refs/heads/a\n{A} {B} refs/heads/b c\n{B} {ZERO} refs/tags/t\n{A} {A} x\n"));
        let actions: Vec<_> = updates.unwrap().iter().map(RefUpdate::action).collect();
        assert_eq!(actions, [Action::Create, Action::Move, Action::Delete, Action::Keep]);
    }

    #[test]
    fn anything_else_refuses() {
        for input in [
            "".to_owned(),
            "\n".to_owned(),
            format!("{A} {B} refs/heads/cut-of"),
            format!("{A} {B}\n"),
            format!("{A} {B} \n"),
            format!("{A}  {B} refs/heads/a\n"),
            format!("{A} {} refs/heads/a\n", "2".repeat(64)),
            format!("{A} {} refs/heads/a\n", "2".repeat(39)),
            format!("{A} {} refs/heads/a\n", "A".repeat(40)),
            format!("{ZERO} {ZERO} refs/heads/a\n"),
            format!("{A} {B} refs/heads/a\n{A} {B} refs/heads/a\n"),
            format!("{A} {B} refs/heads/a\0b\n"),
            format!("{A} {B} refs/heads/a\n\n"),
        ] {
            let error = receive(&input).expect_err(&input);
            assert_eq!(error.kind, Kind::Malformed, "{input}");
        }
    }

    #[test]
    fn a_sha256_repository_takes_64_digits_only() {
        let (old, new) = ("1".repeat(64), "2".repeat(64));
        assert!(parse_receive(format!("{old} {new} refs/heads/a\n").as_bytes(), ObjectFormat::Sha256).is_ok());
        assert!(parse_receive(format!("{A} {B} refs/heads/a\n").as_bytes(), ObjectFormat::Sha256).is_err());
    }

    #[test]
    fn pre_push_may_send_nothing_and_its_local_side_may_hold_spaces() {
        assert_eq!(parse_push(b"", ObjectFormat::Sha1).unwrap(), []);
        let input = format!("HEAD@{{1 day ago}} {B} refs/heads/a {A}\n(delete) {ZERO} refs/heads/b {A}\n");
        let updates = parse_push(input.as_bytes(), ObjectFormat::Sha1).unwrap();
        assert_eq!(updates[0].old.to_string(), A);
        assert_eq!(updates[0].new.to_string(), B);
        assert_eq!(updates[1].action(), Action::Delete);
        assert!(parse_push(b"a b\n", ObjectFormat::Sha1).is_err());
    }
}
