//! The names of a file: what it declares, and where its foreign names come from.

use std::collections::{HashMap, HashSet};

use bstr::BString;
use oxc_ast::ast::*;

use super::file::File;
use crate::drift::shape::Import;

/// What a file has by name, at its top.
#[derive(Default)]
pub(super) struct Index<'a> {
    /// Interfaces, aliases, classes and enums; interfaces of one name are merged.
    pub(super) types: HashMap<&'a str, Vec<Type<'a>>>,
    /// Constants.
    pub(super) values: HashMap<&'a str, &'a Expression<'a>>,
    /// The types that are said of constants.
    pub(super) said: HashMap<&'a str, &'a TSType<'a>>,
    /// What is imported, by its local name.
    pub(super) foreign: HashMap<&'a str, Foreign<'a>>,
    /// Names of types in namespaces.
    pub(super) inner: HashSet<&'a str>,
    /// It imports zod, or what has to do with it.
    pub(super) has_zod: bool,
}

/// The declaration of a type.
#[derive(Clone, Copy)]
pub(super) enum Type<'a> {
    Interface(&'a TSInterfaceDeclaration<'a>),
    Alias(&'a TSTypeAliasDeclaration<'a>),
    Class(&'a Class<'a>),
    Enum(&'a TSEnumDeclaration<'a>),
    Namespace,
}

/// A name of another file.
#[derive(Clone, Copy)]
pub(super) struct Foreign<'a> {
    /// What the import says the file is.
    pub(super) specifier: &'a str,
    /// What it is called there; none for the file as a whole.
    pub(super) name: Option<&'a str>,
}

/// What an import's text says about where it leads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// To a file beside this one.
    Relative,
    /// Through an alias of the project's configuration, which no package can be called.
    Alias,
    /// To a package.
    Package,
}

/// Tells packages from what no package can be called: `@/x`, `~/x`, `#x`, `$lib/x`, `/x`.
pub(super) fn origin(specifier: &str) -> Origin {
    if specifier.starts_with("./") || specifier.starts_with("../") || specifier == "." || specifier == ".." {
        Origin::Relative
    } else if specifier.starts_with("@/")
        || specifier.starts_with("src/")
        || specifier.starts_with(['~', '#', '$', '/'])
    {
        Origin::Alias
    } else {
        Origin::Package
    }
}

impl<'a> File<'a> {
    /// What the file has by name.
    pub(super) fn index(&self) -> &Index<'a> {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            index.statements(&self.program.body);
            index.has_zod = index.foreign.values().any(|foreign| foreign.specifier.contains("zod"));
            index
        })
    }

    /// Says where the foreign names come from that shapes mention.
    pub(super) fn imports(&mut self) {
        let used = std::mem::take(&mut self.used);
        for local in used {
            let Some(foreign) = self.index().foreign.get(local).copied() else { continue };
            self.import(local, foreign.name, foreign.specifier);
        }
    }

    /// A name of another file.
    pub(super) fn import_of(&self, local: Option<&str>, name: Option<&str>, specifier: &str) -> Import {
        let from = match origin(specifier) {
            Origin::Package => Vec::new(),
            Origin::Alias => vec![BString::default()],
            // What lies outside of the repository is nothing that it could know.
            Origin::Relative => candidates(self.source.path, specifier).unwrap_or_default(),
        };
        Import { local: local.map(str::to_owned), name: name.map(str::to_owned), from }
    }

    fn import(&mut self, local: &str, name: Option<&str>, specifier: &str) {
        let import = self.import_of(Some(local), name, specifier);
        self.module.imports.push(import);
    }

    /// Notes that an imported name is needed.
    pub(super) fn mention(&mut self, name: &str) {
        if let Some((local, _)) = self.index().foreign.get_key_value(name) {
            let local = *local;
            self.used.insert(local);
        }
    }

    /// `import('./x').Order` as a type: a name that only this import can have, and what it is called there.
    pub(super) fn import_type(&mut self, specifier: &str, name: &str, at: u32) -> String {
        let local = format!("import {at}");
        self.import(&local, Some(name), specifier);
        local
    }
}

pub(super) fn export_name<'a>(name: &ModuleExportName<'a>) -> &'a str {
    match name {
        ModuleExportName::IdentifierName(name) => name.name.as_str(),
        ModuleExportName::IdentifierReference(name) => name.name.as_str(),
        ModuleExportName::StringLiteral(name) => name.value.as_str(),
    }
}

impl<'a> Index<'a> {
    fn statements(&mut self, body: &'a [Statement<'a>]) {
        for statement in body {
            match statement {
                Statement::ImportDeclaration(import) => self.import(import),
                Statement::ExportDeclaration(export) => self.declaration(&export.declaration),
                Statement::ExportDefaultDeclaration(export) => match &export.declaration {
                    ExportDefaultDeclarationKind::ClassDeclaration(class) => self.class(class),
                    ExportDefaultDeclarationKind::TSInterfaceDeclaration(interface) => {
                        self.add(interface.id.name.as_str(), Type::Interface(interface));
                    }
                    _ => {}
                },
                other => {
                    if let Some(declaration) = other.as_declaration() {
                        self.declaration(declaration);
                    }
                }
            }
        }
    }

    fn declaration(&mut self, declaration: &'a Declaration<'a>) {
        match declaration {
            Declaration::TSInterfaceDeclaration(it) => self.add(it.id.name.as_str(), Type::Interface(it)),
            Declaration::TSTypeAliasDeclaration(it) => self.add(it.id.name.as_str(), Type::Alias(it)),
            Declaration::TSEnumDeclaration(it) => self.add(it.id.name.as_str(), Type::Enum(it)),
            Declaration::TSNamespaceDeclaration(it) => {
                self.add(it.id.name.as_str(), Type::Namespace);
                self.namespace(it);
            }
            Declaration::ClassDeclaration(it) => self.class(it),
            Declaration::VariableDeclaration(variables) => self.variables(variables),
            Declaration::TSImportEqualsDeclaration(import) => {
                if let TSModuleReference::ExternalModuleReference(module) = &import.module_reference {
                    let specifier = module.expression.value.as_str();
                    self.foreign.insert(import.id.name.as_str(), Foreign { specifier, name: None });
                }
            }
            _ => {}
        }
    }

    /// Notes the types of a namespace and of those in it; which of them is meant where is for others to find out.
    fn namespace(&mut self, namespace: &'a TSNamespaceDeclaration<'a>) {
        let mut waiting = vec![&namespace.body];
        while let Some(body) = waiting.pop() {
            let block = match body {
                TSNamespaceDeclarationBody::TSNamespaceDeclaration(inner) => {
                    waiting.push(&inner.body);
                    continue;
                }
                TSNamespaceDeclarationBody::TSModuleBlock(block) => block,
            };
            for statement in &block.body {
                let declaration = match statement {
                    Statement::ExportDeclaration(export) => Some(&export.declaration),
                    other => other.as_declaration(),
                };
                match declaration {
                    Some(Declaration::TSNamespaceDeclaration(inner)) => waiting.push(&inner.body),
                    Some(other) => self.inner.extend(other.id().map(|id| id.name.as_str())),
                    None => {}
                }
            }
        }
    }

    fn class(&mut self, class: &'a Class<'a>) {
        if let Some(id) = &class.id {
            self.add(id.name.as_str(), Type::Class(class));
        }
    }

    fn add(&mut self, name: &'a str, declared: Type<'a>) {
        self.types.entry(name).or_default().push(declared);
    }

    fn variables(&mut self, variables: &'a VariableDeclaration<'a>) {
        for variable in &variables.declarations {
            let Some(value) = &variable.init else { continue };
            let required = required(value);
            match (&variable.id, required) {
                (BindingPattern::BindingIdentifier(id), Some(specifier)) => {
                    self.foreign.insert(id.name.as_str(), Foreign { specifier, name: None });
                }
                (BindingPattern::ObjectPattern(pattern), Some(specifier)) => {
                    for property in &pattern.properties {
                        let (BindingPattern::BindingIdentifier(id), PropertyKey::StaticIdentifier(name)) =
                            (&property.value, &property.key)
                        else {
                            continue;
                        };
                        let name = Some(name.name.as_str());
                        self.foreign.insert(id.name.as_str(), Foreign { specifier, name });
                    }
                }
                (BindingPattern::BindingIdentifier(id), None) if variables.kind == VariableDeclarationKind::Const => {
                    let said = variable.type_annotation.as_deref();
                    self.said.extend(said.map(|said| (id.name.as_str(), &said.type_annotation)));
                    self.values.insert(id.name.as_str(), value);
                }
                _ => {}
            }
        }
    }

    fn import(&mut self, import: &'a ImportDeclaration<'a>) {
        let specifier = import.source.value.as_str();
        for imported in import.specifiers.iter().flatten() {
            let (local, name) = match imported {
                ImportDeclarationSpecifier::ImportSpecifier(named) => {
                    (&named.local, Some(export_name(&named.imported)))
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(default) => (&default.local, Some("default")),
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(whole) => (&whole.local, None),
            };
            self.foreign.insert(local.name.as_str(), Foreign { specifier, name });
        }
    }
}

/// The argument of `require('./x')`.
pub(super) fn required<'a>(value: &'a Expression<'a>) -> Option<&'a str> {
    let Expression::CallExpression(call) = value else { return None };
    let Expression::Identifier(callee) = &call.callee else { return None };
    match call.arguments.as_slice() {
        [Argument::StringLiteral(text)] if callee.name == "require" => Some(text.value.as_str()),
        _ => None,
    }
}

/// Endings that a specifier leaves out, in the order in which TypeScript tries them, of types and of scripts.
const TYPED: [&str; 3] = [".ts", ".tsx", ".d.ts"];
const SCRIPTS: [&str; 2] = [".js", ".jsx"];
/// Those that only other tools leave out.
const OTHERS: [&str; 4] = [".mts", ".cts", ".mjs", ".cjs"];

/// The path that a relative specifier is; `None` when it leads out of the repository.
pub(super) fn exact(path: &[u8], specifier: &str) -> Option<BString> {
    let mut parts = path.split(|byte| *byte == b'/').collect::<Vec<_>>();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part.as_bytes()),
        }
    }
    Some(BString::from(parts.join(&b'/')))
}

/// The files that a relative specifier may mean, best first; `None` when it leads out of the repository.
fn candidates(path: &[u8], specifier: &str) -> Option<Vec<BString>> {
    let is_folder = specifier.ends_with('/') || matches!(specifier.rsplit('/').next(), Some("." | ".."));
    let stem = exact(path, specifier)?;
    let with = |stem: &[u8], ending: &str| BString::from([stem, ending.as_bytes()].concat());
    let mut found = Vec::with_capacity(16);
    if !is_folder {
        found.extend(written(&stem));
        found.extend(TYPED.iter().chain(&SCRIPTS).map(|ending| with(&stem, ending)));
    }
    let inside = |name: &str| if stem.is_empty() { BString::from(name) } else { with(&stem, &format!("/{name}")) };
    found.push(inside("package.json"));
    found.extend(TYPED.iter().chain(&SCRIPTS).map(|ending| inside(&format!("index{ending}"))));
    if !is_folder {
        found.extend(OTHERS.iter().map(|ending| with(&stem, ending)));
    }
    found.extend(OTHERS.iter().map(|ending| inside(&format!("index{ending}"))));
    Some(found)
}

/// The files that a path with an ending means, if it is one: `./x.js` in TypeScript means `./x.ts`.
fn written(stem: &[u8]) -> Vec<BString> {
    let name = stem.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let Some(dot) = name.iter().rposition(|byte| *byte == b'.') else { return Vec::new() };
    let (bare, ending) = stem.split_at(stem.len() - name.len() + dot);
    let meant: &[&str] = match ending {
        b".js" => &[".ts", ".tsx", ".d.ts", ".js", ".jsx"],
        b".jsx" => &[".tsx", ".ts", ".d.ts", ".jsx", ".js"],
        b".mjs" => &[".mts", ".d.mts", ".mjs"],
        b".cjs" => &[".cts", ".d.cts", ".cjs"],
        b".ts" | b".tsx" | b".mts" | b".cts" => return vec![stem.into()],
        // `./x.css` is described by `x.d.css.ts`.
        other => return vec![[bare, b".d", other, b".ts"].concat().into()],
    };
    meant.iter().map(|ending| [bare, ending.as_bytes()].concat().into()).collect()
}
