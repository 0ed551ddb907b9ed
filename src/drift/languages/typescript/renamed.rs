//! Mapping functions, and what has them, under other names: by imports, exports and patterns.

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_span::Span;

use super::file::File;
use super::handed::last_name;
use super::imports::export_name;
use super::watched::is_end;

impl<'a> File<'a> {
    pub(super) fn renamed(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::ImportSpecifier(import) => {
                let (name, local) = (export_name(&import.imported), import.local.name.as_str());
                self.other_name(name, local, import.span);
                self.lent_as(name, local);
            }
            AstKind::ImportDeclaration(import) => self.methods_imported(import),
            // `import other from './mapper'`, `import * as other from './mapper'`
            AstKind::ImportDefaultSpecifier(import) => self.file_lent(import.local.name.as_str()),
            AstKind::ImportNamespaceSpecifier(import) => self.file_lent(import.local.name.as_str()),
            AstKind::VariableDeclarator(variable) => self.methods_loaded(variable),
            AstKind::ExportSpecifier(export) => {
                let exported = export_name(&export.exported);
                if exported != "default" {
                    self.other_name(export_name(&export.local), exported, export.span);
                }
            }
            // `import other = mapping.map`
            AstKind::TSImportEqualsDeclaration(import) => {
                if let TSModuleReference::QualifiedName(name) = &import.module_reference
                    && self.is_ending(name.right.name.as_str())
                {
                    self.unread_function(import.span);
                }
            }
            // `const { map: other } = mapping`
            AstKind::BindingProperty(property) => {
                let own = property.value.get_identifier_name().map_or("", |name| name.as_str());
                if let Some(name) = self.key(&property.key, property.computed) {
                    self.part_taken(&name, own, property.span);
                }
            }
            AstKind::AssignmentTargetPropertyProperty(property) => {
                if let Some(name) = self.key(&property.name, property.computed) {
                    self.part_taken(&name, "", property.span);
                }
            }
            _ => {}
        }
    }

    /// Whether a value is a method that is one of these by what has it, whatever its own name means elsewhere.
    pub(super) fn is_method(&self, value: &Expression<'a>) -> bool {
        let value = value.get_inner_expression();
        let (Some(member), Some(name)) = (value.as_member_expression(), last_name(value)) else { return false };
        self.watched().any(|function| function.contains('.') && self.has_function(member.object(), name, function))
    }

    /// Whether a file has the methods of a receiver by its own name, and one of them is called so.
    fn is_method_of_file(&self, specifier: &str, name: &str) -> bool {
        let of = file_name(specifier);
        self.watched().any(|function| {
            function.rsplit_once('.').is_some_and(|(receiver, method)| method == name && is_end(receiver, of))
        })
    }

    fn file_lent(&mut self, local: &'a str) {
        let file = self.index().foreign.get(local).map(|foreign| file_name(foreign.specifier));
        file.into_iter().for_each(|name| self.lent_as(name, local));
    }

    /// `import { at } from './mapper'`: a method without what has it.
    fn methods_imported(&mut self, import: &'a ImportDeclaration<'a>) {
        if import.import_kind.is_type() {
            return;
        }
        for specifier in import.specifiers.iter().flatten() {
            if let ImportDeclarationSpecifier::ImportSpecifier(specifier) = specifier
                && !specifier.import_kind.is_type()
                && self.is_method_of_file(import.source.value.as_str(), export_name(&specifier.imported))
            {
                self.unread_function(specifier.span);
            }
        }
    }

    /// The same of `const { at } = require('./mapper')`, and the file under another name.
    fn methods_loaded(&mut self, variable: &'a VariableDeclarator<'a>) {
        let Some(specifier) = variable.init.as_ref().and_then(loaded_from) else { return };
        match &variable.id {
            BindingPattern::BindingIdentifier(id) => self.lent_as(file_name(specifier), id.name.as_str()),
            BindingPattern::ObjectPattern(pattern) => {
                for property in &pattern.properties {
                    if let Some(name) = self.key(&property.key, property.computed)
                        && self.is_method_of_file(specifier, &name)
                    {
                        self.unread_function(property.span);
                    }
                }
            }
            _ => {}
        }
    }

    fn part_taken(&mut self, name: &str, own: &'a str, span: Span) {
        self.other_name(name, own, span);
        self.lent_as(name, own);
        if self.is_ending(name) && !self.is_mapping_function(name) {
            self.doubted.push(span.start);
        }
    }

    fn other_name(&mut self, name: &str, other: &str, span: Span) {
        if name != other && self.is_mapping_function(name) {
            self.unread_function(span);
        }
    }
}

/// The file that is loaded where its name would stand.
fn loaded_from<'a>(value: &'a Expression<'a>) -> Option<&'a str> {
    let specifier = match value.get_inner_expression() {
        Expression::CallExpression(call) if call.callee.is_specific_id("require") => {
            call.arguments.first()?.as_expression()?
        }
        Expression::AwaitExpression(awaited) => match awaited.argument.get_inner_expression() {
            Expression::ImportExpression(import) => &import.source,
            _ => return None,
        },
        _ => return None,
    };
    match specifier.get_inner_expression() {
        Expression::StringLiteral(text) => Some(text.value.as_str()),
        _ => None,
    }
}

/// Whether a value is a file that has the name of a receiver: `require('./mapper')`.
pub(super) fn is_loaded_from(value: &Expression<'_>, receiver: &str) -> bool {
    loaded_from(value).is_some_and(|specifier| file_name(specifier) == receiver)
}

/// What a file is called, without its ending; an `index` by its folder.
fn file_name(specifier: &str) -> &str {
    let whole = specifier.trim_end_matches('/');
    let (folder, file) = whole.rsplit_once('/').unwrap_or(("", whole));
    let name = |file: &'_ str| file.split('.').next().map_or(0, str::len);
    match file.get(..name(file)).unwrap_or(file) {
        "index" if !folder.is_empty() => folder.rsplit('/').next().unwrap_or(folder),
        name => name,
    }
}
