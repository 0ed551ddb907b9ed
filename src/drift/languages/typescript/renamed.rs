//! Mapping functions, and what has them, under other names: by imports, exports and patterns.

use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_span::Span;

use super::file::File;
use super::imports::export_name;

impl<'a> File<'a> {
    pub(super) fn renamed(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::ImportSpecifier(import) => {
                let (name, local) = (export_name(&import.imported), import.local.name.as_str());
                self.other_name(name, local, import.span);
                self.lent_as(name, local);
            }
            // `import other from './mapper'`
            AstKind::ImportDefaultSpecifier(import) => {
                let local = import.local.name.as_str();
                let file = self.index().foreign.get(local).and_then(|foreign| foreign.specifier.rsplit('/').next());
                file.and_then(|file| file.split('.').next()).into_iter().for_each(|name| self.lent_as(name, local));
            }
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
