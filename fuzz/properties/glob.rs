//! Globs, against their meaning spelled out by recursion. The first line is the pattern, the rest is the path.

use std::collections::HashMap;

use refgate::glob::{Glob, MAX_ALTERNATIVES};

use super::tells;

pub(crate) fn holds(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let path = data.get(cut + 1..).unwrap_or_default();
    let Ok(pattern) = std::str::from_utf8(&data[..cut]) else { return };
    let glob = match Glob::parse(pattern) {
        Ok(glob) => glob,
        Err(error) => return tells(&error.to_string()),
    };
    assert_eq!(glob.as_str(), pattern);
    assert_eq!(pattern.parse::<Glob>(), Ok(glob.clone()));
    assert!((1..=MAX_ALTERNATIVES).contains(&glob.alternatives()));
    // A pattern without anything special covers itself.
    if !pattern.contains(['*', '{', '}']) {
        let itself = if pattern.ends_with('/') { format!("{pattern}x") } else { pattern.to_owned() };
        assert!(glob.matches(itself.as_bytes()));
    }
    let plain = alternatives(&format!("{pattern}{}", if pattern.ends_with('/') { "**" } else { "" }));
    if pattern.len() <= 200 && path.len() <= 200 {
        let due = plain.iter().any(|plain| Meaning::default().covers(plain.as_bytes(), path, true));
        assert_eq!(glob.matches(path), due, "{pattern:?} and {path:?}");
    }
}

/// A brace with a comma directly inside is a choice; the first such pair is written out, then the next.
fn alternatives(pattern: &str) -> Vec<String> {
    let Some((open, commas, close)) = choice(pattern) else { return vec![pattern.to_owned()] };
    let mut bounds = vec![open];
    bounds.extend(commas);
    bounds.push(close);
    let parts = bounds.windows(2).map(|pair| &pattern[pair[0] + 1..pair[1]]);
    parts.flat_map(|part| alternatives_of(&pattern[..open], part, &pattern[close + 1..])).collect()
}

fn alternatives_of(head: &str, part: &str, tail: &str) -> Vec<String> {
    // What is left of the first choice holds none, and braces there stay themselves.
    let mut all = Vec::new();
    for part in alternatives(part) {
        for tail in alternatives(tail) {
            all.push(format!("{head}{part}{tail}"));
        }
    }
    all
}

/// The first pair of braces, from the left, that has a comma directly inside.
fn choice(pattern: &str) -> Option<(usize, Vec<usize>, usize)> {
    pattern.match_indices('{').find_map(|(open, _)| {
        let (mut depth, mut commas) = (0, Vec::new());
        for (at, c) in pattern[open..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => commas.push(open + at),
                _ => {}
            }
            if depth == 0 {
                return (!commas.is_empty()).then_some((open, commas, open + at));
            }
        }
        None
    })
}

/// The meaning of a brace-free pattern; what was found out once is kept, or the recursion would never end.
#[derive(Default)]
struct Meaning(HashMap<(usize, usize, bool), bool>);

impl Meaning {
    fn covers(&mut self, pattern: &[u8], path: &[u8], start: bool) -> bool {
        let key = (pattern.len(), path.len(), start);
        if let Some(known) = self.0.get(&key) {
            return *known;
        }
        let found = self.spelled_out(pattern, path, start);
        self.0.insert(key, found);
        found
    }

    fn spelled_out(&mut self, pattern: &[u8], path: &[u8], start: bool) -> bool {
        match pattern {
            [] => path.is_empty(),
            [b'*', b'*'] if start => !path.is_empty(),
            [b'*', b'*', b'/', rest @ ..] if start => {
                let folders = (1..=path.len()).filter(|cut| path[cut - 1] == b'/');
                std::iter::once(0).chain(folders).any(|cut| self.covers(rest, &path[cut..], true))
            }
            [b'*', b'*', rest @ ..] => (0..=path.len()).any(|cut| self.covers(rest, &path[cut..], false)),
            [b'*', rest @ ..] => {
                let name = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
                (0..=name).any(|cut| self.covers(rest, &path[cut..], false))
            }
            [byte, rest @ ..] => path.first() == Some(byte) && self.covers(rest, &path[1..], *byte == b'/'),
        }
    }
}
