//! The verdict for people: first line the decision, then one block for each finding, then a count. Plain ASCII within
//! 100 columns, git's `remote: ` included, but for lines to be copied; whatever the pusher chose is escaped, always.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::error::Error;
use crate::escape;
use crate::finding::{Decision, Finding, Severity, UpdateVerdict, Verdict};

/// Git puts `remote: ` before every line of a server's hook.
const WIDTH: usize = 100 - "remote: ".len();
/// What a line of a fix begins with that is to be copied.
const COPIED: &str = "  ";
/// How many findings of one rule are told one by one.
const SHOWN: usize = 20;

/// Whether to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// The reader is a terminal.
    Yes,
    /// The reader is a pipe, a hook's most of all.
    No,
}

/// The verdict as text, with what else must be known to read it.
pub fn render(verdict: &Verdict, notes: &[String], colour: Colour) -> String {
    let mut out = Text { out: String::new(), colour };
    out.decision(verdict);
    for note in notes {
        out.wrapped("  ", "  ", note);
    }
    if let Some(problem) = &verdict.problem {
        out.problem(problem);
    }
    for used in &verdict.overrides {
        let (id, principal) = (&used.id, escape::printable(&used.principal));
        out.wrapped("  ", "  ", &format!("override {id} by {principal}: {}", escape::one_line(&used.justification)));
    }
    for update in &verdict.updates {
        out.update(update, verdict.again.as_deref());
    }
    out.count(verdict);
    out.out
}

struct Text {
    out: String,
    colour: Colour,
}

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();

impl Text {
    fn decision(&mut self, verdict: &Verdict) {
        let (style, word) = match verdict.decision {
            Decision::Accept => (GREEN, "accepted"),
            Decision::Refuse => (RED, "REFUSED"),
            Decision::Undecided => (YELLOW, "UNDECIDED, and so refused"),
        };
        let what = match verdict.updates.as_slice() {
            [] => String::new(),
            [one] => format!(": {}", escape::quote_path(&one.name)),
            several => format!(": {} refs", several.len()),
        };
        let by = verdict.actor.as_ref().map(|actor| format!(" (pushed by {})", escape::printable(actor)));
        let what = what + &by.unwrap_or_default();
        // A name that does not fit has lines of its own.
        let fits = "refgate: ".len() + word.len() + what.len() <= WIDTH;
        let line = format!("refgate: {}{}", self.styled(style, word), if fits { &what } else { ":" });
        self.line(&line);
        if !fits {
            self.wrapped("  ", "  ", what.trim_start_matches([':', ' ']));
        }
    }

    fn update(&mut self, update: &UpdateVerdict, again: Option<&str>) {
        if let Some(problem) = &update.problem {
            self.problem_on(problem, &escape::quote_path(&update.name));
        }
        let mut told: BTreeMap<&str, usize> = BTreeMap::new();
        let mut groups: Vec<Vec<&Finding>> = Vec::new();
        for finding in &update.findings {
            let count = told.entry(finding.rule).or_default();
            *count += 1;
            if *count > SHOWN {
                continue;
            }
            match groups.iter_mut().find(|group| group.first().is_some_and(|first| alike(first, finding))) {
                Some(group) => group.push(finding),
                None => groups.push(vec![finding]),
            }
        }
        for group in groups {
            self.findings(&group, update);
        }
        for (rule, count) in told.into_iter().filter(|(_, count)| *count > SHOWN) {
            self.line("");
            let (more, command) = (count - SHOWN, again.map_or_else(|| check_command(update), str::to_owned));
            self.wrapped("  ", "  ", &format!("... and {more} more of {rule}; see all of them with {command}"));
        }
    }

    /// Findings of one rule that are mended in one way: each has its place, and what they share is said once.
    fn findings(&mut self, group: &[&Finding], update: &UpdateVerdict) {
        let Some(first) = group.first() else { return };
        let style = if first.refuses() { RED } else { YELLOW };
        let note = match (&first.waived, first.severity) {
            (Some(_), _) => " (waived)",
            (None, Severity::Enforce) => "",
            (None, _) => " (reported only)",
        };
        self.line("");
        let rule = self.styled(style, first.rule);
        self.line(&format!("  {rule}{note}"));
        for finding in group {
            let place = match (&finding.path, finding.line) {
                (Some(path), Some(line)) if finding.column.is_some() => {
                    format!("{}:{line}:{}", escape::quote_path(path), finding.column.unwrap_or_default())
                }
                (Some(path), Some(line)) => format!("{}:{line}", escape::quote_path(path)),
                (Some(path), None) => escape::quote_path(path),
                (None, _) => escape::quote_path(&update.name),
            };
            self.wrapped("    at   ", "         ", &place);
            self.wrapped("    what ", "         ", &finding.words.message);
        }
        self.wrapped("    why  ", "         ", first.why);
        self.fix(first, group);
        self.wrapped("    more ", "         ", &format!("refgate explain {}", first.rule));
    }

    /// What mends the findings of a group. Lines to be copied stay whole, and each finding has its own.
    fn fix(&mut self, first: &Finding, group: &[&Finding]) {
        let is_copied = |line: &str| line.starts_with(COPIED);
        let lines: Vec<&str> = first.words.help.split('\n').collect();
        let mut at = 0;
        for stretch in lines.chunk_by(|line, next| is_copied(line) && is_copied(next)) {
            match stretch {
                [line] if !is_copied(line) => {
                    self.wrapped_line(if at == 0 { "    fix  " } else { "         " }, "         ", line);
                }
                _ => {
                    let all = group.iter().map(|finding| finding.words.help.split('\n'));
                    self.copied(all.map(|lines| lines.skip(at).take(stretch.len()).collect()));
                }
            }
            at += stretch.len();
        }
    }

    /// The lines of several findings that are to be copied together: what each ends with, below what it shares with others.
    fn copied<'l>(&mut self, blocks: impl Iterator<Item = Vec<&'l str>>) {
        let mut told: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for mut block in blocks {
            let Some(last) = block.pop() else { continue };
            match told.iter_mut().find(|(heading, _)| *heading == block) {
                Some((_, items)) if items.contains(&last) => {}
                Some((_, items)) => items.push(last),
                None => told.push((block, vec![last])),
            }
        }
        for line in told.iter().flat_map(|(heading, items)| heading.iter().chain(items)) {
            self.line(&format!("         {}", escape::copied(line)));
        }
    }

    fn problem(&mut self, problem: &Error) {
        self.problem_on(problem, "");
    }

    fn problem_on(&mut self, problem: &Error, place: &str) {
        self.line("");
        if !place.is_empty() {
            self.wrapped("    at   ", "         ", place);
        }
        self.wrapped("    what ", "         ", &problem.message);
        if !problem.help.is_empty() {
            self.wrapped("    fix  ", "         ", &problem.help);
        }
    }

    fn count(&mut self, verdict: &Verdict) {
        let count = |which: &dyn Fn(&&Finding) -> bool| {
            verdict.updates.iter().flat_map(|update| &update.findings).filter(which).count()
        };
        let refusing = count(&|finding| finding.refuses());
        let waived = count(&|finding| finding.waived.is_some());
        let reported = count(&|finding| finding.severity == Severity::Evaluate);
        let plural = |count: usize| if count == 1 { "finding" } else { "findings" };
        let mut parts = Vec::new();
        if refusing > 0 {
            parts.push(format!("{refusing} {} to mend", plural(refusing)));
        }
        if reported > 0 {
            parts.push(format!("{reported} {} reported only", plural(reported)));
        }
        if waived > 0 {
            parts.push(format!("{waived} {} waived", plural(waived)));
        }
        if !parts.is_empty() {
            self.line("");
            let line = self.styled(BOLD, &parts.join("; "));
            self.line(&line);
        }
    }

    fn styled(&self, style: Style, text: &str) -> String {
        match self.colour {
            Colour::Yes => format!("{style}{text}{style:#}"),
            Colour::No => text.to_owned(),
        }
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.out, "{line}");
    }

    /// A text of one or more lines, each broken where it is too long.
    fn wrapped(&mut self, first: &str, next: &str, text: &str) {
        for (index, line) in text.split('\n').enumerate() {
            self.wrapped_line(if index == 0 { first } else { next }, next, line);
        }
    }

    /// Breaks at spaces; a word that is longer than a line is cut, for the next line to go on with.
    fn wrapped_line(&mut self, first: &str, next: &str, text: &str) {
        let room = WIDTH - next.len();
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            // Messages are ASCII already; this is the wall that does not trust them.
            let mut word = escape::printable(word);
            loop {
                let line_length = lines.last().map_or(0, String::len);
                let space = usize::from(line_length > 0);
                if line_length + space + word.len() <= room {
                    if let Some(line) = lines.last_mut() {
                        line.push_str(if space > 0 { " " } else { "" });
                        line.push_str(&word);
                    }
                    break;
                }
                if line_length > 0 {
                    lines.push(String::new());
                    continue;
                }
                let rest = word.split_off(room);
                lines.push(String::new());
                if let Some(line) = lines.iter_mut().rev().nth(1) {
                    line.push_str(&word);
                }
                word = rest;
            }
        }
        for (index, line) in lines.iter().enumerate() {
            self.line(&format!("{}{line}", if index == 0 { first } else { next }));
        }
    }
}

fn alike(a: &Finding, b: &Finding) -> bool {
    let prose = |line| if str::starts_with(line, COPIED) { COPIED } else { line };
    (a.rule, a.severity, a.why, &a.waived) == (b.rule, b.severity, b.why, &b.waived)
        && a.words.help.split('\n').map(prose).eq(b.words.help.split('\n').map(prose))
}

/// The command that judges this very update again, for every finding.
fn check_command(update: &UpdateVerdict) -> String {
    if update.new.is_zero() {
        // A deletion has no new value to name.
        return "refgate check --format json".into();
    }
    format!("refgate check --ref {} --head {} --format json", shell_word(&update.name), update.new)
}

/// A name for a shell: ref names may hold `$`, backticks and quotes, and commands that are shown are copied.
pub fn shell_word(name: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@".contains(byte);
    if name.iter().all(plain) {
        return escape::escape(name);
    }
    format!("'{}'", escape::quote_path(name).replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
