//! Python: dataclasses, pydantic's and other models, typed dictionaries, named tuples, attrs, enums.
//!
//! Every class is a definition, so that a name always leads somewhere; what of its body are fields, its decorators and
//! base classes say. A class inside a function is known by its last name.

mod assigned;
mod bindings;
mod classes;
mod constants;
mod fields;
mod generics;
mod given;
mod guard;
mod imports;
mod names;
mod scopes;
mod sites;
mod spelled;
#[cfg(test)]
mod tests;
mod types;
mod walk;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use ruff_python_ast::{PythonVersion, Stmt};
use ruff_python_parser::{Mode, ParseOptions, Parsed};

use super::Source;
use crate::drift::shape::{Import, Module, Unread};
use bindings::Bindings;
use names::Names;

/// How deep classes nest.
const MAX_NESTING: usize = 64;
/// The longest name of a class, with those around it.
const MAX_NAME: usize = 1024;

pub(super) fn read(source: &Source<'_>) -> Module {
    if let Err(unread) = guard::check(source.text) {
        return Module { unread: vec![unread], ..Module::default() };
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
    let bindings = {
        let names = &names;
        Bindings::of(parsed.suite(), |stmt| !assigned::definitions(names, source.text, stmt).is_empty())
    };
    names.rebound.extend(bindings.written());
    names.texts.extend(bindings.texts());
    names.is_open = bindings.is_open();
    names.starred.extend(bindings.starred());
    names.strays = fields::has_strays(&names, parsed.suite());
    let mut families = HashMap::new();
    let mut import_stmts = Vec::new();
    // A class in a function may mean by a name what that function imports.
    let has_local_classes = outline.iter().any(Line::is_local_class);
    for Line { stmt, scope, outermost } in &outline {
        match stmt {
            Stmt::ClassDef(class) => {
                let name = inner(scope, class.name.as_str());
                let definition = classes::definition(&names, source.text, class, &name, &mut families);
                module.definitions.push(definition);
            }
            Stmt::Import(_) | Stmt::ImportFrom(_) => {
                import_stmts.push((*stmt, *outermost || !scope.is_empty() || has_local_classes));
            }
            stmt if *outermost => {
                let definitions = assigned::definitions(&names, source.text, stmt);
                // `Paged = Page`; what `type Paged[T] = Page` is given goes nowhere.
                let seconds = definitions.iter().filter(|one| one.shape.is_bare_name() && !stmt.is_type_alias_stmt());
                module.second_names.extend(seconds.map(|definition| definition.at));
                module.definitions.extend(definitions);
            }
            _ => {}
        }
    }
    import(source, &import_stmts, &bindings, &mut module);
    bindings.apply(&mut module);
    module.is_exact = true;
    sites::read(source, &names, parsed.suite(), &mut module);
    module
}

/// Takes in the imports; each statement comes with whether it counts whatever the module imports by that name.
fn import(source: &Source<'_>, stmts: &[(&Stmt, bool)], bindings: &Bindings<'_>, module: &mut Module) {
    let mut imports = Vec::new();
    for (stmt, always) in stmts {
        let mut taken = Vec::new();
        if let Err(reason) = imports::take(source.path, stmt, &mut taken) {
            module.unread.push(Unread::new(types::at(*stmt), reason));
        }
        let is_hidden = |import: &Import| !always && import.local.as_deref().is_some_and(|name| bindings.imports(name));
        imports.extend(taken.into_iter().filter(|import| !is_hidden(import)));
    }
    imports::settle(&mut imports, module);
    let stmts: Vec<&Stmt> = stmts.iter().map(|(stmt, _)| *stmt).collect();
    let mut names = BTreeSet::new();
    module.definitions.iter().for_each(|definition| imports::names(&definition.shape, &mut names));
    if let Err(reason) = imports::dotted(source.path, &stmts, &names, &mut imports) {
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
    /// It is a class in a function.
    fn is_local_class(&self) -> bool {
        !self.outermost && self.scope.is_empty() && self.stmt.is_class_def_stmt()
    }

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
