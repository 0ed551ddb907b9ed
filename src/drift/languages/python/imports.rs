//! Which files the names of other modules may stand in.

use std::collections::{BTreeSet, HashSet};

use bstr::{BStr, BString, ByteSlice};
use ruff_python_ast::{Stmt, StmtImportFrom};

use super::names::is_package;
use crate::drift::shape::{Import, Module, Shape, Unread};

/// How many folders above a file may be the one that absolute imports begin at, nearest first.
const MAX_FOLDERS: usize = 12;
/// Other folders that they may begin at.
const ROOTS: [&str; 3] = ["src", "lib", "python"];

/// How many names one file imports.
const MAX_IMPORTS: usize = 2_000;
const TOO_MANY: &str = "this file imports too many names";

/// Takes in what a statement imports, or says why it cannot.
pub(super) fn take(path: &BStr, stmt: &Stmt, imports: &mut Vec<Import>) -> Result<(), &'static str> {
    match stmt {
        Stmt::Import(import) => {
            for alias in &import.names {
                let Some(local) = &alias.asname else { continue };
                if imports.len() >= MAX_IMPORTS {
                    return Err(TOO_MANY);
                }
                let local = Some(local.to_string());
                imports.push(Import { local, name: None, from: absolute(path, alias.name.as_str()) });
            }
            Ok(())
        }
        Stmt::ImportFrom(import) => from(path, import, imports),
        _ => Ok(()),
    }
}

/// Leaves out what is imported once more, and says so where there is too much.
pub(super) fn settle(imports: &mut Vec<Import>, module: &mut Module) {
    let mut seen = HashSet::new();
    imports.retain(|import| seen.insert((import.local.clone(), import.name.clone(), import.from.clone())));
    if imports.len() > MAX_IMPORTS {
        imports.truncate(MAX_IMPORTS);
        module.unread.push(Unread::new(0, TOO_MANY));
    }
}

fn from(path: &BStr, import: &StmtImportFrom, imports: &mut Vec<Import>) -> Result<(), &'static str> {
    let module = import.module.as_ref().map_or("", |name| name.as_str());
    let folder = match import.level {
        0 => None,
        level => Some(above(path, level).ok_or("this import leads out of the repository")?),
    };
    let files = |module: &str| match &folder {
        Some(folder) => below(folder.as_bstr(), module),
        None => absolute(path, module),
    };
    let of_module = files(module);
    for alias in &import.names {
        if imports.len() >= MAX_IMPORTS {
            return Err(TOO_MANY);
        }
        let name = alias.name.as_str();
        if name == "*" {
            imports.push(Import { local: None, name: None, from: of_module.clone() });
            continue;
        }
        let local = Some(alias.asname.as_ref().map_or(name, |name| name.as_str()).to_owned());
        imports.push(Import { local: local.clone(), name: Some(name.to_owned()), from: of_module.clone() });
        if !of_module.is_empty() {
            // The name may be a module of that package.
            let inner = if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") };
            imports.push(Import { local, name: None, from: files(&inner) });
        }
    }
    Ok(())
}

/// The imports behind dotted names such as `app.models.Order`, where `import app.models` alone says what is meant.
pub(super) fn dotted(
    path: &BStr,
    stmts: &[&Stmt],
    names: &BTreeSet<&str>,
    imports: &mut Vec<Import>,
) -> Result<(), &'static str> {
    let mut modules = BTreeSet::new();
    for stmt in stmts {
        if let Stmt::Import(import) = stmt {
            modules.extend(import.names.iter().filter(|alias| alias.asname.is_none()).map(|alias| alias.name.as_str()));
        }
    }
    for name in names {
        let longest =
            name.match_indices('.').rev().find(|(end, _)| modules.contains(name.get(..*end).unwrap_or_default()));
        if let Some((end, _)) = longest {
            if imports.len() >= MAX_IMPORTS {
                return Err(TOO_MANY);
            }
            let (module, rest) = name.split_at(end);
            let rest = rest.trim_start_matches('.').to_owned();
            imports.push(Import { local: Some((*name).to_owned()), name: Some(rest), from: absolute(path, module) });
        }
    }
    Ok(())
}

/// The folder `level - 1` steps above the file's own; `None` above the repository.
fn above(path: &BStr, level: u32) -> Option<BString> {
    let mut folder = parent(path);
    for _ in 1..level {
        if folder.is_empty() {
            return None;
        }
        folder = parent(folder);
    }
    Some(folder.to_owned())
}

fn parent(path: &BStr) -> &BStr {
    let end = path.rfind_byte(b'/').unwrap_or_default();
    path.split_at(end).0.as_bstr()
}

/// The files of a module, from a folder: a package goes before a module of its name.
fn below(folder: &BStr, module: &str) -> Vec<BString> {
    let mut stem = folder.to_owned();
    for part in module.split('.').filter(|part| !part.is_empty()) {
        if !stem.is_empty() {
            stem.push(b'/');
        }
        stem.extend_from_slice(part.as_bytes());
    }
    let init = if stem.is_empty() { "__init__.py" } else { "/__init__.py" };
    let endings: &[&str] = if module.is_empty() { &[init] } else { &[init, ".py", ".pyi"] };
    endings.iter().map(|ending| [stem.as_slice(), ending.as_bytes()].concat().into()).collect()
}

/// The files of a module that may lie below any folder above this file, or below one of the usual ones; the empty path
/// at the end says that it is a package's, if there is no such file.
fn absolute(path: &BStr, module: &str) -> Vec<BString> {
    if is_package(module) {
        return Vec::new();
    }
    let mut files = Vec::new();
    let mut folder = parent(path);
    for _ in 0..MAX_FOLDERS {
        if folder.is_empty() {
            break;
        }
        files.extend(below(folder, module));
        folder = parent(folder);
    }
    files.extend(below(BStr::new(""), module));
    files.extend(ROOTS.iter().flat_map(|root| below(BStr::new(root), module)));
    files.push(BString::default());
    files
}

/// The dotted names in a shape.
pub(super) fn names<'s>(shape: &'s Shape, found: &mut BTreeSet<&'s str>) {
    let mut rest = vec![shape];
    while let Some(shape) = rest.pop() {
        match shape {
            Shape::Named { name, arguments, .. } => {
                found.extend(Some(name.trim_start_matches('.')).filter(|name| name.contains('.')));
                rest.extend(arguments);
            }
            Shape::Variable { otherwise, .. } => rest.push(otherwise),
            Shape::Object(members) => rest.extend(members.iter().map(|member| &member.shape)),
            Shape::Array(inner) | Shape::Map(inner) | Shape::Pick(inner, _) | Shape::Omit(inner, _) => rest.push(inner),
            Shape::All(shapes) | Shape::Any(shapes) => rest.extend(shapes),
            _ => {}
        }
    }
}
