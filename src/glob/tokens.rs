//! One brace-free pattern: its segments checked, compiled to tokens, and run over a path in bounded time.

use super::GlobError;

/// What a stretch of a pattern matches.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// These bytes.
    Literal(Vec<u8>),
    /// Any run of bytes without `/`: `*`.
    Star,
    /// Any run of bytes: `**` glued to other bytes of its segment.
    Any,
    /// No or more whole segments, each with its `/`: `**/`.
    Segments,
    /// One or more bytes: a closing `**`.
    Below,
}

/// A brace-free pattern: what every match begins with, then the rest.
#[derive(Clone, Debug)]
pub(super) struct Alternative {
    prefix: Vec<u8>,
    rest: Vec<Token>,
}

impl Alternative {
    pub(super) fn compile(pattern: &str) -> Result<Self, GlobError> {
        if pattern.starts_with('/') {
            return Err(GlobError::LeadingSlash);
        }
        let mut tokens = Vec::new();
        let mut segments = pattern.split('/').peekable();
        while let Some(segment) = segments.next() {
            check_segment(segment)?;
            let last = segments.peek().is_none();
            match (segment, last) {
                ("**", true) => tokens.push(Token::Below),
                ("**", false) => tokens.push(Token::Segments),
                _ => {
                    push_segment(&mut tokens, segment);
                    if !last {
                        push_literal(&mut tokens, "/");
                    }
                }
            }
        }
        let mut rest = tokens.into_iter().peekable();
        let prefix = match rest.next_if(|token| matches!(token, Token::Literal(_))) {
            Some(Token::Literal(bytes)) => bytes,
            _ => Vec::new(),
        };
        Ok(Self { prefix, rest: rest.collect() })
    }

    /// Whether the pattern is this path and no other.
    pub(super) fn is(&self, path: &[u8]) -> bool {
        self.rest.is_empty() && self.prefix == path
    }

    pub(super) fn matches(&self, path: &[u8]) -> bool {
        let Some(tail) = path.strip_prefix(self.prefix.as_slice()) else { return false };
        match self.rest.as_slice() {
            [] => tail.is_empty(),
            [Token::Below] => !tail.is_empty(),
            [.., Token::Literal(end)] if !tail.ends_with(end) => false,
            tokens => run(tokens, tail),
        }
    }
}

fn check_segment(segment: &str) -> Result<(), GlobError> {
    match segment {
        "" => Err(GlobError::EmptySegment),
        "." | ".." => Err(GlobError::DotSegment),
        _ if segment.eq_ignore_ascii_case(".git") => Err(GlobError::GitSegment),
        _ if segment.contains("***") => Err(GlobError::TooManyStars),
        _ => Ok(()),
    }
}

/// The tokens of a segment that is not `**` alone.
fn push_segment(tokens: &mut Vec<Token>, segment: &str) {
    let mut rest = segment;
    while let Some((literal, stars)) = rest.split_once('*') {
        push_literal(tokens, literal);
        match stars.strip_prefix('*') {
            Some(after) => {
                tokens.push(Token::Any);
                rest = after;
            }
            None => {
                tokens.push(Token::Star);
                rest = stars;
            }
        }
    }
    push_literal(tokens, rest);
}

fn push_literal(tokens: &mut Vec<Token>, text: &str) {
    match tokens.last_mut() {
        _ if text.is_empty() => {}
        Some(Token::Literal(bytes)) => bytes.extend_from_slice(text.as_bytes()),
        _ => tokens.push(Token::Literal(text.as_bytes().to_vec())),
    }
}

/// Walks the tokens over the path, keeping the set of places reached so far: work is tokens times path at the
/// worst, where backtracking could be exponential and both sides are the adversary's.
fn run(tokens: &[Token], path: &[u8]) -> bool {
    let mut reached = vec![false; path.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for token in tokens {
        match token {
            Token::Literal(bytes) => reached = after_literal(&reached, path, bytes),
            Token::Star => extend(&mut reached, path, |byte| byte != b'/'),
            Token::Any => extend(&mut reached, path, |_| true),
            Token::Segments => extend_by_segments(&mut reached, path),
            Token::Below => extend_past_one(&mut reached),
        }
        if !reached.contains(&true) {
            return false;
        }
    }
    reached.last().copied().unwrap_or(false)
}

fn after_literal(reached: &[bool], path: &[u8], literal: &[u8]) -> Vec<bool> {
    let mut next = vec![false; reached.len()];
    for (at, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
        if path.get(at..).is_some_and(|rest| rest.starts_with(literal))
            && let Some(place) = next.get_mut(at + literal.len())
        {
            *place = true;
        }
    }
    next
}

/// Every place that follows a reached one over bytes that `allowed` lets through.
fn extend(reached: &mut [bool], path: &[u8], allowed: impl Fn(u8) -> bool) {
    let mut carried = false;
    for (place, byte) in reached.iter_mut().zip(path.iter().map(Some).chain([None])) {
        *place |= carried;
        carried = *place && byte.is_some_and(|byte| allowed(*byte));
    }
}

/// Every place after the first one reached.
fn extend_past_one(reached: &mut [bool]) {
    let mut started = false;
    for place in reached {
        let was_reached = *place;
        *place = started;
        started |= was_reached;
    }
}

/// Every place right after a `/` that follows a reached one. The places reached before are starts of segments,
/// since this token stands only at one, so what lies between is whole segments.
fn extend_by_segments(reached: &mut [bool], path: &[u8]) {
    let mut started = false;
    for (place, before) in reached.iter_mut().zip([None].into_iter().chain(path.iter().map(Some))) {
        let was_reached = *place;
        *place |= started && before == Some(&b'/');
        started |= was_reached;
    }
}
