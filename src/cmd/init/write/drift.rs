//! The `[drift]` of a starter policy: in force where a contract stands and files declare its fields, else an example.

use std::fmt::Write as _;

use super::{Is, Page, Value};
use crate::cmd::init::drift::{Drift, Source};
use crate::drift::config::{Mode, Wanted};
use crate::drift::languages::Language;
use crate::drift::shape::Database;
use crate::escape;
use crate::policy::CONTRACT_FILE;
use crate::policy::drift::{BASELINE, IGNORED};

pub(super) fn write(page: &mut Page, found: &Drift) {
    let is = if found.taken().next().is_some() { Is::Found } else { Is::Default };
    head(page, is, "[drift]");
    page.note(
        "Code and contract are held together: a field that a change adds to the sources, or takes away, and that the \
         contract does not know is refused, and so is code that maps to a path that it does not know.",
    );
    match (found.contract, is) {
        (Some(fields), Is::Found) => page.note(&format!("The contract here lists {fields} fields.")),
        (Some(_), Is::Default) => {
            page.note("There is a contract here. Say what declares its fields, and take the # away.")
        }
        (None, _) => page.note(
            "There is no contract here. Say what declares fields, take the # away, and have the first one written: \
             refgate drift sync --policy refgate.toml --write",
        ),
    }
    page.gap("`introduced` refuses the drift that a change adds, `absolute` any that no baseline holds.");
    page.key("mode", Is::Default, text(Mode::Introduced.name()));
    page.gap("Which kinds of fields a contract must know: string, enum, number, boolean, array, object.");
    page.key("kinds", Is::Default, kinds());
    page.gap("Where refgate drift baseline writes down the drift that a project begins with.");
    page.key("baseline", Is::Default, text(BASELINE));
    head(page, Is::Default, "[[drift.contract]]");
    page.note("There may be several; each source and mapping then says which one is its own.");
    page.key("path", Is::Default, text(CONTRACT_FILE));
    page.gap("How its tables call the columns of the field and of what it is mapped to [default: the usual names]");
    page.key("field_column", Is::Default, text("Field"));
    page.key("target_column", Is::Default, text("API Path"));
    let (language, paths) = match Language::Sql(None) {
        sql if sql.is_built_in() => (sql, "db/migrations/**/*.sql"),
        _ => (Language::JsonSchema, "schema/*.schema.json"),
    };
    let example = Source { language, paths: paths.into(), types: Vec::new(), unread: 0, beside: String::new() };
    let sources = if found.sources.is_empty() { std::slice::from_ref(&example) } else { &found.sources };
    for (at, source) in sources.iter().enumerate() {
        let is = if source.beside.is_empty() { is } else { Is::Default };
        self::source(page, is, source, at == 0);
    }
    mapping(page);
}

fn source(page: &mut Page, is: Is, source: &Source, is_first: bool) {
    head(page, is, "[[drift.source]]");
    if is_first {
        page.note("Where fields are declared. There may be several, of different types.");
    }
    if !source.beside.is_empty() {
        page.note(&format!("Not taken: {}.", escape::printable(&source.beside)));
    }
    if source.unread > 0 {
        page.note(&format!("Places that cannot be read here: {}; refgate drift fields shows them.", source.unread));
    }
    page.key("language", is, text(source.language.name()));
    page.key("paths", is, Value::List(vec![source.paths.clone()]));
    match source.language {
        Language::Sql(Some(database)) => page.key("dialect", is, text(database.name())),
        Language::Sql(None) => {
            page.note("Which database: postgresql, mysql or sqlite. By default what the files show, else PostgreSQL.");
            page.key("dialect", Is::Default, text(Database::PostgreSql.name()));
        }
        _ => {}
    }
    if is_first {
        page.key("exclude", Is::Default, Value::List(Vec::new()));
        page.gap(
            "Which types count; program code must say it. What the contract calls a type that it calls otherwise.",
        );
    }
    if !source.types.is_empty() {
        page.note("Those that the contract speaks of; others are declared too.");
        page.key("types", is, Value::List(source.types.clone()));
    } else if is_first {
        page.key("types", Is::Default, Value::List(vec!["**".to_owned()]));
    }
    if is_first {
        page.key("names", Is::Default, Value::Plain("{ \"OrderDto\" = \"order\" }".to_owned()));
        page.gap("As above, for this source alone.");
        page.key("kinds", Is::Default, kinds());
        page.key("contract", Is::Default, text(CONTRACT_FILE));
    }
}

fn mapping(page: &mut Page) {
    head(page, Is::Default, "[[drift.mapping]]");
    page.note("Code that maps to the contract, which each file must name in a comment. There may be several.");
    page.key("paths", Is::Default, list(&["src/mapping/**"]));
    page.key("exclude", Is::Default, Value::List(Vec::new()));
    page.key("names_contract", Is::Default, Value::Flag(true));
    page.gap(
        "What of it are paths of the contract: an argument of a function (the first is 1), the values of a table, the \
         keys of objects that a member or a declared type makes one of a type, the keys of a patch.",
    );
    page.key("functions", Is::Default, Value::Plain("{ \"mapField\" = 1 }".to_owned()));
    page.key("tables", Is::Default, list(&["FIELD_MAP"]));
    page.key("discriminators", Is::Default, list(&["_type"]));
    page.key("types", Is::Default, list(&["Order"]));
    page.key("patches", Is::Default, list(&["set"]));
    page.gap("Members that no contract speaks of.");
    page.key("ignore", Is::Default, list(IGNORED));
    page.key("contract", Is::Default, text(CONTRACT_FILE));
}

fn head(page: &mut Page, is: Is, name: &str) {
    let mark = if is == Is::Default { "#" } else { "" };
    let _ = writeln!(page.0, "\n{mark}{name}");
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn list(values: &[&str]) -> Value {
    Value::List(values.iter().map(|value| (*value).to_owned()).collect())
}

fn kinds() -> Value {
    list(&Wanted::DEFAULT.map(Wanted::name))
}
