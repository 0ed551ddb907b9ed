//! The lines in which Git hands ref updates to hooks, against a reader that is spelled out afresh.

use std::collections::HashSet;

use refgate::error::Kind;
use refgate::oid::ObjectFormat;
use refgate::refs::{RefUpdate, parse_push, parse_receive, parse_update};

use super::explains;

pub(crate) fn holds(data: &[u8]) {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        receive(data, format);
        push(data, format);
        update(data, format);
    }
}

fn receive(data: &[u8], format: ObjectFormat) {
    let due = lines(data).filter(|lines| !lines.is_empty()).and_then(|lines| {
        let fields = lines.into_iter().map(|line| {
            let (old, rest) = cut(line)?;
            let (new, name) = cut(rest)?;
            fit(old, new, name, format)
        });
        fields.collect::<Option<Vec<_>>>().filter(|updates| unique(updates))
    });
    match parse_receive(data, format) {
        Ok(updates) => {
            assert_eq!(Some(updates.iter().map(told).collect()), due, "read otherwise");
            let again: Vec<u8> = updates.iter().flat_map(written).collect();
            assert_eq!(again, data, "not all of the input is in what was read");
        }
        Err(error) => {
            explains(&error, Kind::Malformed);
            assert_eq!(due, None, "refused: {error}");
        }
    }
}

fn push(data: &[u8], format: ObjectFormat) {
    let due = lines(data).and_then(|lines| {
        let fields = lines.into_iter().map(|line| {
            let (rest, remote) = cut_last(line)?;
            let (rest, name) = cut_last(rest)?;
            let (_, local) = cut_last(rest)?;
            fit(remote, local, name, format)
        });
        fields.collect::<Option<Vec<_>>>().filter(|updates| unique(updates))
    });
    match parse_push(data, format) {
        Ok(updates) => assert_eq!(Some(updates.iter().map(told).collect()), due, "read otherwise"),
        Err(error) => {
            explains(&error, Kind::Malformed);
            assert_eq!(due, None, "refused: {error}");
        }
    }
}

/// The three arguments, one a line.
fn update(data: &[u8], format: ObjectFormat) {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    let (Some(name), Some(old), Some(new)) = (parts.next(), parts.next(), parts.next()) else { return };
    match parse_update(name, old, new, format) {
        Ok(update) => assert_eq!(Some(told(&update)), fit(old, new, name, format)),
        Err(error) => {
            explains(&error, Kind::Malformed);
            assert_eq!(fit(old, new, name, format), None, "refused: {error}");
        }
    }
}

type Told = (String, String, Vec<u8>);

fn told(update: &RefUpdate) -> Told {
    (update.old.to_string(), update.new.to_string(), update.name.to_vec())
}

fn written(update: &RefUpdate) -> Vec<u8> {
    [format!("{} {} ", update.old, update.new).as_bytes(), &update.name, b"\n"].concat()
}

fn lines(data: &[u8]) -> Option<Vec<&[u8]>> {
    let Some((last, _)) = data.split_last() else { return Some(Vec::new()) };
    (*last == b'\n').then(|| data[..data.len() - 1].split(|byte| *byte == b'\n').collect())
}

fn cut(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == b' ')?;
    Some((&text[..at], &text[at + 1..]))
}

fn cut_last(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().rposition(|byte| *byte == b' ')?;
    Some((&text[..at], &text[at + 1..]))
}

fn fit(old: &[u8], new: &[u8], name: &[u8], format: ObjectFormat) -> Option<Told> {
    let hex = |text: &[u8]| {
        let fits = text.len() == format.byte_len() * 2;
        let digits = text.iter().all(|digit| b"0123456789abcdef".contains(digit));
        (fits && digits).then(|| String::from_utf8(text.to_vec()).unwrap())
    };
    let (old, new) = (hex(old)?, hex(new)?);
    let nothing = old.bytes().chain(new.bytes()).all(|digit| digit == b'0');
    (!nothing && !name.is_empty() && !name.contains(&0)).then(|| (old, new, name.to_vec()))
}

fn unique(updates: &[Told]) -> bool {
    let mut seen = HashSet::new();
    updates.iter().all(|(.., name)| seen.insert(name))
}
