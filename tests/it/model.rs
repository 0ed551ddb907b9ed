//! Random work of several people on one server, held against a simple model: every push must be answered as the model
//! says, by the same rules, and move what it says; and afterwards the ledger verifies and remembers the same.
//!
//! A sequence is a list of random words, each of which is the next push: what is drawn from it depends on how things
//! stand, so any word can be left out. A sequence that goes wrong is made as short as that allows and printed.
//! `REFGATE_MODEL_SEED` begins elsewhere, `REFGATE_MODEL_TIMES` plays so many times as many sequences, and
//! `REFGATE_MODEL_WORDS` plays one list of words.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

mod graph;
mod objects;
mod state;
mod steps;
mod waivers;
mod ways;
mod world;

use graph::Id;
use state::{Decision, MAIN, Model, Object, Push, Update, Verdict};
use steps::{Dice, People};
use world::{Fate, Route, World};

const SEED: u64 = 20_261_101;

/// What a sequence came to.
#[derive(Default)]
struct Played {
    told: Vec<String>,
    counts: std::collections::BTreeMap<String, usize>,
}

/// Plays a sequence; what was told up to the end, and what went wrong there.
fn play(words: &[u64], route: Route) -> (Played, Result<(), String>) {
    let mut played = Played::default();
    let done = catch_unwind(AssertUnwindSafe(|| play_into(&mut played, words, route)));
    let done = done.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
    });
    (played, done)
}

fn play_into(played: &mut Played, words: &[u64], route: Route) -> Result<(), String> {
    let mut model = Model::new();
    let mut world = World::new(&model, route);
    let mut number = 10;
    for word in words {
        let mut dice = Dice(*word);
        let fate = dice.word();
        let Some(push) = (People { model: &mut model, dice, number: &mut number }).next() else { continue };
        if route == Route::InProcess {
            wait(&mut model, fate);
        }
        let Some(verdict) = model.judge(&push) else { continue };
        answered(played, &mut model, &mut world, *word, (&push, &verdict), &fate_of(fate, &push))?;
    }
    // Whatever is still open shows by then.
    model.minutes += if route == Route::InProcess { 180 } else { 0 };
    let tip = model.tip(MAIN).ok_or("main is gone")?;
    for name in ["topic/last", "topic/very-last"] {
        let update = Update { name: name.into(), old: None, new: Some(Object::Commit(tip)) };
        let push = Push { actor: Some("alice"), updates: vec![update] };
        let verdict = model.judge(&push).ok_or("the model does not know")?;
        let fate = Fate { held_up: [].into(), told: true };
        answered(played, &mut model, &mut world, 0, (&push, &verdict), &fate)?;
    }
    world.ends(&model, route == Route::InProcess)
}

fn answered(
    played: &mut Played,
    model: &mut Model,
    world: &mut World,
    word: u64,
    (push, verdict): (&Push, &Verdict),
    fate: &Fate,
) -> Result<(), String> {
    let moves = |place: &usize| verdict.decision == Decision::Accept && !fate.held_up.contains(place);
    let landed: Vec<usize> = (0..push.updates.len()).filter(moves).collect();
    played.told.push(format!("{word:#x} after {} minutes: {}", model.minutes, describe(model, push, verdict, &landed)));
    count(played, verdict, &landed);
    world.push(model, push, verdict, fate).map_err(|why| format!("{why}\nin {}", world.path().display()))?;
    model.land(push, verdict, &landed);
    world.stands(model)
}

/// Sometimes nobody pushes for a while.
fn wait(model: &mut Model, word: u64) {
    if model.minutes < 900 {
        model.minutes += match (word >> 32) % 64 {
            0 => 61,
            1 | 2 => 11,
            3 => 4,
            _ => 0,
        };
    }
}

fn fate_of(word: u64, push: &Push) -> Fate {
    let held_up = match word % 8 {
        0 => (0..push.updates.len()).collect(),
        1 | 2 => (0..push.updates.len()).filter(|place| word >> (8 + place) & 1 == 1).collect(),
        _ => [].into(),
    };
    Fate { held_up, told: (word >> 24).is_multiple_of(8) }
}

fn count(played: &mut Played, verdict: &Verdict, landed: &[usize]) {
    let mut add = |what: String| *played.counts.entry(what).or_default() += 1;
    add(format!("{:?}", verdict.decision));
    if !verdict.used.is_empty() && verdict.decision == Decision::Accept {
        add("with an override".into());
    }
    if verdict.updates.iter().any(|judged| judged.rollback) && !landed.is_empty() {
        add("rolled back".into());
    }
    for judged in &verdict.updates {
        for (rule, _) in &judged.refusing {
            add((*rule).to_owned());
        }
    }
}

fn describe(model: &Model, push: &Push, verdict: &Verdict, landed: &[usize]) -> String {
    let mut text = format!("{} pushes; {:?}, landed {landed:?}", push.actor.unwrap_or("nobody"), verdict.decision);
    for (place, update) in push.updates.iter().enumerate() {
        text.push_str(&format!("\n    {}: {:?} -> {:?}", update.name, update.old, update.new));
        if let Some(Object::Commit(id)) = update.new {
            let commit = model.graph.get(id);
            let before: Option<&Id> = commit.parents.first();
            let paths = before.map(|before| graph::changes(model.graph.tree(*before), &commit.tree));
            let paths: Vec<String> = paths.unwrap_or_default().into_keys().collect();
            text.push_str(&format!(" (parents {:?}, back {:?}, {paths:?})", commit.parents, commit.back));
        }
        if let Some(Object::Statement(id)) = update.new {
            let mut shown = format!("{:?}", model.statements[id]);
            shown.truncate(400);
            text.push_str(&format!(" {shown}"));
        }
        if let Some(judged) = verdict.updates.get(place) {
            text.push_str(&format!("\n        must refuse {:?}, waived {:?}", judged.refusing, judged.waived));
        }
    }
    text
}

/// Leaves out words as long as the sequence still goes wrong: halves first, then single ones.
fn shortest(words: &[u64], route: Route) -> Vec<u64> {
    let started = Instant::now();
    let mut words = words.to_vec();
    let mut size = words.len().div_ceil(2);
    loop {
        let mut at = 0;
        let mut shorter = false;
        while at < words.len() && started.elapsed().as_secs() < 120 {
            let less: Vec<u64> = words[..at].iter().chain(words.iter().skip(at + size)).copied().collect();
            if play(&less, route).1.is_err() {
                (words, shorter) = (less, true);
            } else {
                at += size;
            }
        }
        if size == 1 && !shorter || started.elapsed().as_secs() >= 120 {
            return words;
        }
        size = size.div_ceil(2);
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

fn holds(route: Route, first: u64, sequences: u64, length: usize) {
    let started = Instant::now();
    let mut sum = Played::default();
    let given = std::env::var("REFGATE_MODEL_WORDS").ok();
    let read = |word: &str| u64::from_str_radix(word.trim_start_matches("0x"), 16).unwrap();
    let given: Option<Vec<u64>> = given.map(|words| words.split(',').map(read).collect());
    let sequences = if given.is_some() { 1 } else { sequences * number("REFGATE_MODEL_TIMES").unwrap_or(1) };
    for sequence in 0..sequences {
        let seed = number("REFGATE_MODEL_SEED").unwrap_or(SEED).wrapping_add(first + sequence);
        let mut dice = Dice(seed);
        let words = given.clone().unwrap_or_else(|| (0..length).map(|_| dice.word()).collect());
        let (played, done) = play(&words, route);
        if let Err(why) = done {
            // What goes wrong in so many plays is told once.
            let hook = std::panic::take_hook();
            std::panic::set_hook(Box::new(|_| {}));
            let words = shortest(&words, route);
            std::panic::set_hook(hook);
            let (played, again) = play(&words, route);
            let why = again.err().unwrap_or(why);
            let list = words.iter().map(|word| format!("{word:#x}")).collect::<Vec<_>>().join(",");
            panic!(
                "seed {seed}, {route:?}:\n{}\n\n{why}\n\nREFGATE_MODEL_WORDS={list} plays it again",
                played.told.join("\n")
            );
        }
        for (what, times) in played.counts {
            *sum.counts.entry(what).or_default() += times;
        }
    }
    eprintln!("{:?}: {:?}", started.elapsed(), sum.counts);
    if given.is_none() {
        let seldom: Vec<_> = OFTEN.iter().filter(|what| !sum.counts.contains_key(**what)).collect();
        assert!(seldom.is_empty(), "nothing came of these: {seldom:?}");
    }
}

/// What a few hundred pushes bring about, or they test little.
const OFTEN: [&str; 10] = [
    "Accept",
    "Refuse",
    "Undecided",
    "with an override",
    "rolled back",
    "check-missing",
    "direct-push",
    "stale-update",
    "override-invalid",
    "rollback-invalid",
];

#[test]
fn thousands_of_pushes_are_answered_as_the_model_says() {
    holds(Route::InProcess, 0, 12, 100);
}

#[test]
fn thousands_more_are_too() {
    holds(Route::InProcess, 1_000_000, 12, 100);
}

#[test]
fn so_are_hundreds_of_real_ones() {
    holds(Route::Git, 2_000_000, 4, 60);
}
