//! Python: dataclasses, pydantic's and other models, typed dictionaries, named tuples, attrs, enums.
//!
//! Every class is a definition, so that a name always leads somewhere; what of its body are fields, its decorators and
//! base classes say. A class inside a function is known by its last name.

mod assigned;
mod classes;
mod fields;
mod imports;
mod names;
mod sites;
#[cfg(test)]
mod tests;
mod types;
mod walk;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use ruff_python_ast::token::TokenKind;
use ruff_python_ast::{PythonVersion, Stmt};
use ruff_python_parser::lexer::lex;
use ruff_python_parser::{Mode, ParseOptions, Parsed};

use super::Source;
use crate::drift::shape::{Module, Unread};
use names::Names;

/// How many brackets and strings Python has open at once.
const MAX_BRACKETS: usize = 200;
/// How deep classes nest.
const MAX_NESTING: usize = 64;
/// The longest name of a class, with those around it.
const MAX_NAME: usize = 1024;

pub(super) fn read(source: &Source<'_>) -> Module {
    if is_too_deep(source.text) {
        return Module::unread(0, "the brackets or strings of this file are nested deeper than Python allows");
    }
    // The latest version, as the parser looks for what older ones do not have.
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::latest());
    let parsed = ruff_python_parser::parse(source.text, options).map(Parsed::try_into_module);
    let parsed = match parsed {
        Ok(Some(parsed)) => parsed,
        Ok(None) => return Module::unread(0, "this is no module of Python"),
        Err(error) => return Module::unread(error.location.start().to_u32(), "this is not valid Python"),
    };
    let mut module = Module::default();
    let outline = outline(parsed.suite(), &mut module);
    let mut names = Names::of(parsed.suite());
    names.classes.extend(outline.iter().filter_map(|line| line.class_name()));
    let mut families = HashMap::new();
    let mut import_stmts = Vec::new();
    for Line { stmt, scope, outermost } in &outline {
        match stmt {
            Stmt::ClassDef(class) => {
                let name = inner(scope, class.name.as_str());
                let definition = classes::definition(&names, source.text, class, &name, &mut families);
                module.definitions.push(definition);
            }
            Stmt::Import(_) | Stmt::ImportFrom(_) => import_stmts.push(*stmt),
            stmt if *outermost => module.definitions.extend(assigned::definition(&names, source.text, stmt)),
            _ => {}
        }
    }
    import(source, &import_stmts, &mut module);
    sites::read(source, &names, parsed.suite(), &mut module);
    module
}

/// Whether a file has more open brackets and strings than Python takes. The parser's time and memory grow with the square of
/// how deep strings with expressions are nested.
fn is_too_deep(text: &str) -> bool {
    let mut lexer = lex(text, Mode::Module);
    let mut open = 0_usize;
    loop {
        match lexer.next_token() {
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart => {
                open += 1;
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace | TokenKind::FStringEnd | TokenKind::TStringEnd => {
                open = open.saturating_sub(1);
            }
            TokenKind::EndOfFile => return false,
            _ => {}
        }
        if open > MAX_BRACKETS {
            return true;
        }
    }
}

fn import(source: &Source<'_>, stmts: &[&Stmt], module: &mut Module) {
    let mut imports = Vec::new();
    for stmt in stmts {
        if let Err(reason) = imports::take(source.path, stmt, &mut imports) {
            module.unread.push(Unread::new(types::at(*stmt), reason));
        }
    }
    let mut names = BTreeSet::new();
    module.definitions.iter().for_each(|definition| imports::names(&definition.shape, &mut names));
    if let Err(reason) = imports::dotted(source.path, stmts, &names, &mut imports) {
        module.unread.push(Unread::new(0, reason));
    }
    module.imports = imports;
}

/// A statement that may define something, in the order of the file.
struct Line<'a> {
    stmt: &'a Stmt,
    /// The dotted name of the classes around it.
    scope: Rc<str>,
    /// It stands in no class and in no function.
    outermost: bool,
}

impl Line<'_> {
    fn class_name(&self) -> Option<String> {
        self.stmt.as_class_def_stmt().map(|class| inner(&self.scope, class.name.as_str()))
    }
}

fn inner(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

/// The statements of a file, with those in conditions, classes and functions.
fn outline<'a>(body: &'a [Stmt], module: &mut Module) -> Vec<Line<'a>> {
    let nothing: Rc<str> = Rc::from("");
    let top = |stmt| Line { stmt, scope: Rc::clone(&nothing), outermost: true };
    let mut rest: Vec<Line<'_>> = body.iter().rev().map(top).collect();
    let mut lines = Vec::new();
    while let Some(line) = rest.pop() {
        let (scope, outermost) = match line.stmt {
            Stmt::ClassDef(class) => (Rc::from(inner(&line.scope, class.name.as_str())), false),
            Stmt::FunctionDef(_) => (Rc::clone(&nothing), false),
            _ => (Rc::clone(&line.scope), line.outermost),
        };
        if scope.len() > MAX_NAME || scope.split('.').count() > MAX_NESTING {
            let reason = "the name of this class is too long, with those around it";
            module.unread.push(Unread::new(types::at(line.stmt), reason));
            continue;
        }
        let below: Vec<&Stmt> = bodies(line.stmt).into_iter().flatten().collect();
        rest.extend(below.into_iter().rev().map(|stmt| Line { stmt, scope: Rc::clone(&scope), outermost }));
        lines.push(line);
    }
    lines
}

/// The blocks of a statement.
fn bodies(stmt: &Stmt) -> Vec<&[Stmt]> {
    match stmt {
        Stmt::ClassDef(class) => vec![&class.body],
        Stmt::FunctionDef(function) => vec![&function.body],
        Stmt::If(branch) => {
            let others = branch.elif_else_clauses.iter().map(|clause| &*clause.body);
            std::iter::once(&*branch.body).chain(others).collect()
        }
        Stmt::Try(attempt) => {
            let handlers = attempt.handlers.iter().filter_map(|handler| handler.as_except_handler());
            let handlers = handlers.map(|handler| &*handler.body);
            std::iter::once(&*attempt.body).chain(handlers).chain([&*attempt.orelse, &*attempt.finalbody]).collect()
        }
        Stmt::With(with) => vec![&with.body],
        Stmt::For(each) => vec![&each.body, &each.orelse],
        Stmt::While(each) => vec![&each.body, &each.orelse],
        Stmt::Match(choice) => choice.cases.iter().map(|case| &*case.body).collect(),
        _ => Vec::new(),
    }
}
