//! Tables of a contract: which columns mean what, and what each row says.

use super::names::{self, Cell, Named};
use super::reader::Reader;
use super::{Entry, Form, Target};
use crate::drift::page::{Kind, Row, Run, Table};
use crate::drift::problem::short;
use crate::escape::excerpt;

/// Headers of the column that names the field; where there is none of them, any that ends in `field` and is no target.
const FIELD: [&str; 18] = [
    "field",
    "field name",
    "field path",
    "ui field",
    "form field",
    "frontend field",
    "source field",
    "source path",
    "source",
    "schema field",
    "model field",
    "domain field",
    "internal field",
    "our field",
    "from",
    "term",
    "property",
    "attribute",
];

/// Headers of the column that says what it is mapped to.
const TARGET: [&str; 22] = [
    "api path",
    "api field",
    "api name",
    "api",
    "target field",
    "target path",
    "target",
    "json path",
    "jsonpath",
    "json pointer",
    "pointer",
    "path",
    "maps to",
    "mapped to",
    "backend field",
    "external field",
    "destination field",
    "destination",
    "payload field",
    "payload path",
    "wire name",
    "to",
];

/// Headers of the column that says by which route it travels.
const ROUTE: [&str; 4] = ["endpoint", "api endpoint", "route", "operation"];

/// The columns that mean something.
struct Plan {
    field: usize,
    target: Option<usize>,
    route: Option<usize>,
    width: usize,
}

/// Takes up the fields of a table, where it is one of the contract.
pub(super) fn read(reader: &mut Reader<'_>, table: &Table) {
    if !reader.counts() {
        return;
    }
    let inside = reader.ty().is_some() || reader.in_region();
    let at = table.header.range.start;
    match plan(reader, &table.header, inside) {
        Ok(Some(plan)) => {
            let section = reader.ty().filter(|_| !table.rows.is_empty());
            reader.settle(section);
            table.rows.iter().for_each(|row| self::row(reader, &plan, row));
        }
        Ok(None) if inside => reader.problem(
            at,
            "no column of this table names fields",
            "name the column `Field`, name it in the policy, or put the table under a heading of its own level",
        ),
        Ok(None) => {}
        Err(message) => reader.problem(at, message, "name the columns in the policy"),
    }
}

fn plan(reader: &Reader<'_>, header: &Row, inside: bool) -> Result<Option<Plan>, String> {
    let titles: Vec<String> = header.cells.iter().map(|cell| title(&names::shown(cell))).collect();
    let find = |named: Option<&String>, known: &[&str]| {
        let is_known = |title: &String| known.contains(&title.as_str());
        let by_end = known == FIELD && !titles.iter().any(is_known);
        let is_one = |title: &&String| match named {
            Some(name) => **title == self::title(name),
            None if by_end => title.ends_with(" field") && !TARGET.contains(&title.as_str()),
            None => is_known(title),
        };
        let mut found = titles.iter().enumerate().filter(|(_, title)| is_one(title));
        match (found.next(), found.next()) {
            (Some((_, one)), Some((_, other))) => {
                Err(format!("the columns `{}` and `{}` could both be meant", excerpt(one), excerpt(other)))
            }
            (one, _) => Ok(one.map(|(at, _)| at)),
        }
    };
    let (Ok(Some(field)), Ok(target)) =
        (find(reader.columns.field.as_ref(), &FIELD), find(reader.columns.target.as_ref(), &TARGET))
    else {
        let field = find(reader.columns.field.as_ref(), &FIELD);
        let target = find(reader.columns.target.as_ref(), &TARGET);
        // Outside, a table is one of the contract when it has both columns, be there more of them than one.
        let is_meant = inside || (!matches!(field, Ok(None)) && !matches!(target, Ok(None)));
        return match (field, target) {
            (Err(message), _) | (Ok(Some(_)), Err(message)) if is_meant => Err(message),
            _ => Ok(None),
        };
    };
    if target == Some(field) {
        return Err("one column cannot name the field and what it is mapped to".to_owned());
    }
    let route = find(None, &ROUTE)?;
    let plan = Plan { field, target, route, width: titles.len() };
    Ok((inside || target.is_some()).then_some(plan))
}

/// A header in lower case, without what is not a letter or digit.
fn title(text: &str) -> String {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join(" ")
}

/// How many cells a row is written with: Markdown drops those beyond the header without a word.
fn raw_cells(source: &str) -> usize {
    let source = source.trim_end();
    let inner = source.trim_start();
    let inner = inner.strip_prefix('|').unwrap_or(inner);
    let mut escaped = false;
    let mut pipes = 0_usize;
    let mut ends = false;
    for byte in inner.bytes() {
        ends = byte == b'|' && !escaped;
        pipes = pipes.saturating_add(usize::from(ends));
        escaped = byte == b'\\';
    }
    if ends { pipes } else { pipes.saturating_add(1) }
}

fn row(reader: &mut Reader<'_>, plan: &Plan, row: &Row) {
    let text = reader.text;
    let written = raw_cells(text.get(row.range.clone()).unwrap_or_default());
    let is_blank = |cell: &Vec<Run>| cell.iter().all(|run| run.text.trim().is_empty());
    let mut filled = row.cells.iter().filter(|cell| !is_blank(cell));
    let only = match (filled.next(), filled.next()) {
        (None, _) => return,
        (Some(only), None) => Some(only),
        _ => None,
    };
    if only.is_some_and(|cell| is_section(cell)) && (written == 1 || written == plan.width) {
        return;
    }
    if written != plan.width {
        return reader.problem(
            row.range.start,
            format!("this row has {written} cells and its header {}", plan.width),
            "write as many, and `\\|` for a bar that is part of a cell",
        );
    }
    let cell = |at: usize| names::cell(text, row.cells.get(at).map(Vec::as_slice).unwrap_or_default());
    let fields = match cell(plan.field) {
        Cell::Names(names) => names,
        Cell::Nothing => return,
        Cell::Blank => {
            return reader.problem(row.range.start, "this row names no field", "name it, or write `N/A`");
        }
        Cell::Words { at, reason } => return reader.no_path(at, &reason),
    };
    let route = match plan.route.map_or(Cell::Blank, cell) {
        Cell::Blank | Cell::Nothing => None,
        // A status or a place behind a route alone is no path here.
        Cell::Names(names) if names.len() > 1 => names.into_iter().find_map(|name| name.route),
        Cell::Names(_) | Cell::Words { .. } => plan.route.and_then(|at| route_of(row.cells.get(at)?)),
    };
    match plan.target.map_or(Cell::Blank, cell) {
        Cell::Words { at, reason } => reader.problem(
            at,
            format!("this is no path that a field is mapped to: {reason}"),
            "write the path in backticks, or `N/A` for none",
        ),
        Cell::Blank => enter(reader, plan, row, pair(fields, &[], &Target::Unstated), route),
        Cell::Nothing => enter(reader, plan, row, pair(fields, &[], &Target::None), route),
        Cell::Names(targets) if targets.len() == fields.len() => {
            enter(reader, plan, row, pair(fields, &targets, &Target::Unstated), route);
        }
        Cell::Names(targets) => reader.problem(
            row.range.start,
            format!("{} fields cannot be paired with {} targets", fields.len(), targets.len()),
            "name as many on both sides, or write a row for each",
        ),
    }
}

/// Fields with their targets by position.
fn pair(fields: Vec<Named>, targets: &[Named], other: &Target) -> Vec<(Named, Target)> {
    let target = |at: usize| targets.get(at).and_then(|target| target.path.clone()).map_or(other.clone(), Target::Path);
    let routed = |at: usize, mut field: Named| {
        field.route = field.route.or_else(|| targets.get(at)?.route.clone());
        field
    };
    fields.into_iter().enumerate().map(|(at, field)| (routed(at, field), target(at))).collect()
}

/// Whether the one cell of a row is the title of the rows below: bold, or words that are no path.
fn is_section(cell: &[Run]) -> bool {
    let text = names::shown(cell);
    let words = text.trim().contains(char::is_whitespace) && names::marked(cell) == text;
    words || cell.iter().all(|run| (run.bold && run.kind == Kind::Text) || run.text.trim().is_empty())
}

/// The route that a cell shows, whatever else it says.
fn route_of(cell: &[Run]) -> Option<String> {
    let text = names::shown(cell);
    names::route_of(text.trim())
}

fn enter(reader: &mut Reader<'_>, plan: &Plan, row: &Row, fields: Vec<(Named, Target)>, route: Option<String>) {
    let section = reader.ty();
    let span = reader.lines.whole(row.range.clone(), reader.text.len());
    for (name, target) in fields {
        let Some(path) = name.path else {
            reader.problem(name.at, "a route without a field", "write the field's path behind the route");
            continue;
        };
        let route = name.route.or_else(|| route.clone());
        let Some((ty, path, typed)) = reader.owner(path, name.at, route.as_deref(), section) else { continue };
        let (line, column) = reader.lines.place(name.at);
        reader.out.entries.push(Entry {
            ty,
            path,
            target,
            route,
            at: short(name.at),
            len: short(name.len),
            line,
            column,
            typed,
            section,
            span: short(span.start)..short(span.end),
            form: Form::Row { table: reader.tables, cells: short(plan.width), field: short(plan.field) },
        });
    }
}
