//! `refgate demo`: real pushes by stock git to a throw-away server that this very program guards, told as a transcript.
//! [`scenes`] is the story, as data; [`place`] the folder, the repositories and the git processes; this file tells what
//! happened and whether it is what should have happened.

mod place;
mod scenes;
mod trace;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal as _;

use anstyle::{AnsiColor, Style};

use self::place::{Place, Pushed};
use self::scenes::{Due, SCENES, Scene};
use super::rules::print;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::rules;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();

/// Runs the command.
///
/// # Errors
/// Git is missing or fails, the temporary folder cannot be written, or a push got another answer than it should have.
pub fn run(env: &Env) -> Result<()> {
    let teller = Teller { colour: std::io::stdout().is_terminal() && !env.no_color };
    let place = Place::new()?;
    teller
        .say(BOLD, &format!("Real pushes by {} to a throw-away server that this refgate guards.", place.git_version))?;
    teller.say(DIM, "    $ git init --bare server.git && refgate install server --repo server.git")?;
    teller.say(DIM, "    $ git clone server.git clone && cd clone")?;
    let mut wrong = 0;
    for (index, scene) in SCENES.iter().enumerate() {
        place.prepare(scene)?;
        wrong += usize::from(!teller.scene(index + 1, scene, &place.act(scene.act)?)?);
    }
    place.close()?;
    teller.end(wrong)
}

struct Teller {
    colour: bool,
}

impl Teller {
    fn say(&self, style: Style, line: &str) -> Result<()> {
        print(&(self.styled(style, line) + "\n"))
    }

    /// Tells one push; whether its answer is the right one.
    fn scene(&self, number: usize, scene: &Scene, pushed: &Pushed) -> Result<bool> {
        let problem = Answer::read(pushed).problem(scene, pushed);
        let mut out = String::new();
        let _ = writeln!(out, "\n{}", self.styled(BOLD, &format!("{number:2}. {}", scene.tells)));
        let _ = writeln!(out, "{}", self.styled(DIM, &format!("    $ {}", scene.act.command())));
        for line in pushed.told.iter().filter(|line| !line.is_empty()) {
            let _ = writeln!(out, "    {line}");
        }
        let _ = match &problem {
            None => writeln!(out, "    {} as it should be", self.styled(GREEN, "[ok]")),
            Some(problem) => writeln!(out, "    {} WRONG: {problem}", self.styled(RED, "[x]")),
        };
        if problem.is_some() {
            // What git itself said is the only clue when the server gave no answer.
            for line in pushed.git.lines() {
                let _ = writeln!(out, "        git: {}", escape::escape(line.as_bytes()));
            }
        }
        print(&out)?;
        Ok(problem.is_none())
    }

    fn end(&self, wrong: usize) -> Result<()> {
        let (all, right) = (SCENES.len(), SCENES.len() - wrong);
        let count = format!("{right} of {all} pushes got the right answer.");
        if wrong == 0 {
            let count = self.styled(GREEN, &count);
            return print(&format!("\n{count} Next: refgate init, then refgate install server --repo DIR\n"));
        }
        print(&format!("\n{}\n", self.styled(RED, &count)))?;
        Err(Error::undecided(format!("{wrong} of {all} pushes got a wrong answer"))
            .help("look for WRONG above; please report it, with the transcript and `refgate --version`"))
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// What the gate answered, read from what the pusher was shown.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    /// The first word of the verdict; none when no gate answered.
    verdict: Option<String>,
    refusing: BTreeSet<&'static str>,
    reported: BTreeSet<&'static str>,
}

impl Answer {
    fn read(pushed: &Pushed) -> Self {
        let mut answer = Self::default();
        for line in &pushed.answer {
            if let Some(verdict) = line.strip_prefix("refgate: ") {
                let word = verdict.split([':', ',']).next().unwrap_or_default();
                answer.verdict.get_or_insert_with(|| word.to_owned());
            }
            // A finding begins with its rule's id, two spaces in; what follows is deeper.
            let Some(heading) = line.strip_prefix("  ") else { continue };
            let reported = heading.strip_suffix(" (reported only)");
            if let Some(rule) = rules::find(reported.unwrap_or(heading)) {
                let found = if reported.is_some() { &mut answer.reported } else { &mut answer.refusing };
                found.insert(rule.id);
            }
        }
        answer
    }

    /// What is wrong with it, if anything: the exit code of git, the word of the gate and the rules must all be right.
    fn problem(&self, scene: &Scene, pushed: &Pushed) -> Option<String> {
        let (word, refusing): (_, &[&str]) = match &scene.due {
            Due::Accepted => ("accepted", &[]),
            Due::Refused(rules) => ("REFUSED", rules),
        };
        let same = |found: &BTreeSet<&str>, due: &[&str]| *found == due.iter().copied().collect();
        let right = pushed.accepted == (scene.due == Due::Accepted)
            && self.verdict.as_deref() == Some(word)
            && same(&self.refusing, refusing)
            && same(&self.reported, scene.reported);
        let list = |rules: Vec<&str>| if rules.is_empty() { "no rule".into() } else { rules.join(", ") };
        let due = refusing.iter().chain(scene.reported).copied().collect();
        let found = self.refusing.iter().chain(&self.reported).copied().collect();
        let said = self.verdict.as_deref().unwrap_or("no answer of the gate");
        let exit = if pushed.accepted { "git succeeded" } else { "git failed" };
        (!right).then(|| format!("expected {word} with {}, got {said} with {}, and {exit}", list(due), list(found)))
    }
}

#[cfg(test)]
mod tests {
    use super::scenes::Act;
    use super::*;

    fn pushed(accepted: bool, answer: &[&str]) -> Pushed {
        let answer: Vec<String> = answer.iter().map(ToString::to_string).collect();
        Pushed { accepted, told: answer.clone(), answer, git: String::new() }
    }

    fn scene(due: Due) -> Scene {
        Scene { tells: "", steps: &[], act: Act::Push(&[]), due, reported: &["approval-unsigned"] }
    }

    const REFUSED: &[&str] = &[
        "refgate: REFUSED: refs/heads/main",
        "",
        "  direct-push",
        "    at   x",
        "  approval-unsigned (reported only)",
    ];

    #[test]
    fn the_right_answer_is_the_exit_code_the_word_and_exactly_the_rules() {
        let due = scene(Due::Refused(&["direct-push"]));
        let problem = |pushed: Pushed, scene: &Scene| Answer::read(&pushed).problem(scene, &pushed);
        assert_eq!(problem(pushed(false, REFUSED), &due), None);
        assert!(problem(pushed(true, REFUSED), &due).is_some(), "git let it through");
        assert!(problem(pushed(false, &[]), &due).is_some(), "git refused it for reasons of its own");
        assert!(problem(pushed(false, REFUSED), &scene(Due::Refused(&["tag-moved"]))).is_some(), "another rule");
        assert!(problem(pushed(false, REFUSED), &scene(Due::Refused(&["direct-push", "tag-moved"]))).is_some());
        assert!(problem(pushed(true, &[]), &scene(Due::Accepted)).is_some(), "a server without a gate accepts too");
    }

    #[test]
    fn every_scene_is_told_once_within_the_width_and_names_rules_that_exist() {
        let told: BTreeSet<_> = SCENES.iter().map(|scene| scene.tells).collect();
        assert_eq!(told.len(), SCENES.len());
        for scene in SCENES {
            let due: &[&str] = if let Due::Refused(rules) = &scene.due { rules } else { &[] };
            assert!(due.iter().chain(scene.reported).all(|rule| rules::find(rule).is_some()), "{}", scene.tells);
            assert!(scene.tells.is_ascii() && scene.tells.len() <= 96, "{}", scene.tells);
            assert_ne!(scene.due, Due::Refused(&[]), "{}", scene.tells);
        }
    }
}
