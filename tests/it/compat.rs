//! Every shape that a repository can have meets real pushes with every Git of this machine, and `docs/compatibility.md`
//! is the table of what came of them. `REFGATE_BLESS=1` writes it, where all the Gits of its columns are there.
//!
//! Each row is pushed to three times: code that nobody approved, straight to `main`; a finished task's branch; the
//! promotion of that task.

mod gits;
mod outcome;
mod shapes;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::corpus::run::in_parallel;
use gits::Git;
use shapes::{PARTS, Shape};
use world::{Kind, World};

const PAGE: &str = "docs/compatibility.md";
const COLUMNS: [&str; 2] = ["2.39", "2.47"];

/// The cells of one Git, by the name of the row.
type Column = BTreeMap<&'static str, String>;

#[test]
fn every_shape_is_judged_rightly_or_refused_with_the_reason() {
    let gits = Git::all();
    let mut columns = BTreeMap::new();
    for git in &gits {
        let column = play(git);
        match COLUMNS.into_iter().find(|name| git.is(name)) {
            Some(name) => drop(columns.insert(name, column)),
            None => eprintln!("git {} has no column in {PAGE}: its rows were played and not compared", git.version),
        }
    }
    compare(&columns);
}

/// Plays every shape with one Git. What no shape may lead to fails here, whatever the page says.
fn play(git: &Git) -> Column {
    let folder = tempfile::tempdir().unwrap();
    let mut templates = BTreeMap::new();
    for kind in [Kind::Sha1, Kind::Sha256, Kind::Reftable] {
        let place = folder.path().join(format!("{kind:?}"));
        fs_err::create_dir(&place).unwrap();
        let made = World::make(git, &place, kind).map(drop);
        templates.insert(kind, made.map(|()| place));
    }
    let shapes: Vec<&Shape> = PARTS.iter().flat_map(|(_, shapes)| shapes.iter()).collect();
    let played = in_parallel(&shapes, |shape| {
        let template = match &templates[&shape.kind] {
            Ok(template) => template,
            Err(words) => return (format!("Git makes no such repository: \"{words}\""), None),
        };
        let place = tempfile::tempdir_in(folder.path()).unwrap();
        let mut world = World::copy(git, template, place.path());
        (shape.make)(&mut world);
        let seen = world.play();
        (seen.cell(), seen.wrong())
    });
    let wrong = shapes
        .iter()
        .zip(&played)
        .filter_map(|(shape, (cell, wrong))| wrong.as_ref().map(|wrong| format!("{}: {wrong}\n  {cell}", shape.name)));
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "with git {}:\n{}", git.version, wrong.join("\n"));
    shapes.iter().zip(played).map(|(shape, (cell, _))| (shape.name, cell)).collect()
}

/// Holds the page against what was seen. Columns of a Git that is not here are taken from the page as it is, and said.
fn compare(seen: &BTreeMap<&str, Column>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let missing: Vec<&str> = COLUMNS.into_iter().filter(|name| !seen.contains_key(name)).collect();
    if std::env::var_os("REFGATE_BLESS").is_some() {
        assert!(
            missing.is_empty(),
            "{PAGE} can be written only with every Git of its columns: {missing:?} is not here"
        );
        fs_err::write(&path, render(&|column, row| seen[column][row].clone())).unwrap();
    }
    let kept = fs_err::read_to_string(&path).unwrap_or_default();
    if !missing.is_empty() {
        eprintln!("NOT COMPARED: the columns {missing:?} of {PAGE}, because there is no such git here");
    }
    let rendered = render(&|column, row| match seen.get(column) {
        Some(cells) => cells[row].clone(),
        None => kept_cell(&kept, column, row).unwrap_or_default(),
    });
    if kept != rendered {
        let lines = rendered.lines().filter(|line| !kept.lines().any(|kept| kept == *line));
        let differ: Vec<&str> = lines.collect();
        panic!("{PAGE} is not what was seen (REFGATE_BLESS=1 cargo test --test it compat):\n{}", differ.join("\n"));
    }
}

/// A cell of the page as it is kept: what [`render`] wrote there.
fn kept_cell(page: &str, column: &str, row: &str) -> Option<String> {
    let line = page.lines().find(|line| line.starts_with(&format!("| {row} |")))?;
    let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
    let (what, own) = (cells.get(1)?, cells.get(2 + COLUMNS.iter().position(|name| *name == column)?)?);
    Some((if *own == "yes" { what } else { own }).to_string())
}

/// The page. What the newest Git led to stands once; another that led to the same says "yes".
fn render(cell: &dyn Fn(&str, &str) -> String) -> String {
    let mut page = String::from(include_str!("compat/head.md"));
    for (heading, shapes) in PARTS {
        let _ = write!(page, "\n## {heading}\n\n| Shape | What happens |");
        COLUMNS.iter().for_each(|column| page.push_str(&format!(" Git {column} |")));
        let _ = writeln!(page, "\n|---|---|{}", "---|".repeat(COLUMNS.len()));
        for shape in *shapes {
            let cells = COLUMNS.map(|column| cell(column, shape.name));
            let what = cells.last().cloned().unwrap_or_default();
            let own = cells.map(|cell| if cell == what { "yes".to_owned() } else { cell });
            let _ = writeln!(page, "| {} | {what} | {} |", shape.name, own.join(" | "));
        }
    }
    page
}
