//! Files that load themselves: what they export has another name there.

use oxc_ast::AstKind;
use oxc_ast::ast::*;

use super::handed::last_name;
use super::imports::{Origin, export_name, origin};

/// Endings that a specifier may have, or leave out.
const ENDINGS: &[&str] = &[".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts"];

/// What makes a function that loads files.
const MAKER: &str = "createRequire";

/// The function that loads files where none is made.
const LOADER: &str = "require";

/// Whether a file loads itself.
#[derive(Default)]
pub(super) struct Loads<'a> {
    /// The file's own path.
    path: &'a [u8],
    found: bool,
    /// How often it is said what makes a function that loads files, and how often that function is called, or has a name
    /// by which it is known.
    said: usize,
    known: usize,
    /// How often it is said what loads files, and how often that is called, asked for a member or for its kind: it may
    /// have any name otherwise.
    loader: usize,
    used: usize,
}

impl<'a> Loads<'a> {
    pub(super) fn of(path: &'a [u8]) -> Self {
        Self { path, ..Self::default() }
    }

    pub(super) fn look(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::ImportDeclaration(import) => self.found |= is_itself(self.path, import.source.value.as_str()),
            AstKind::TSExternalModuleReference(module) => {
                self.found |= is_itself(self.path, module.expression.value.as_str());
            }
            AstKind::ImportExpression(import) => self.found |= may_be_itself(self.path, &import.source),
            AstKind::CallExpression(call) => self.called(call),
            AstKind::ImportSpecifier(import) => {
                self.found |= export_name(&import.imported) == MAKER && import.local.name != MAKER;
            }
            AstKind::BindingProperty(property) => {
                let own = property.value.get_identifier_name();
                let is_other = own.is_none_or(|own| own != MAKER);
                self.found |= is_other && property.key.is_specific_static_name(MAKER);
            }
            AstKind::VariableDeclarator(variable) => {
                let is_known = variable.id.get_identifier_name().is_some_and(|name| name == "require");
                self.known += usize::from(is_known && variable.init.as_ref().is_some_and(is_made));
            }
            AstKind::IdentifierReference(id) => {
                self.said += usize::from(id.name == MAKER);
                self.loader += usize::from(id.name == LOADER);
            }
            AstKind::StaticMemberExpression(member) => self.member(&member.object, Some(member.property.name.as_str())),
            AstKind::ComputedMemberExpression(member) => {
                let name = member.static_property_name();
                self.member(&member.object, name.as_ref().map(|name| name.as_str()));
            }
            AstKind::UnaryExpression(unary) if unary.operator == UnaryOperator::Typeof => {
                self.used += usize::from(is_loader(&unary.argument));
            }
            _ => {}
        }
    }

    fn member(&mut self, of: &'a Expression<'a>, name: Option<&str>) {
        self.said += usize::from(name == Some(MAKER));
        self.loader += usize::from(name == Some(LOADER) && of.get_inner_expression().is_specific_id("module"));
        self.used += usize::from(is_loader(of));
    }

    /// `require('./paths')`, `createRequire(import.meta.url)('./paths')`. Whatever it is called, nothing else than a path
    /// begins as one and leads here.
    fn called(&mut self, call: &'a CallExpression<'a>) {
        let is_made = is_made(&call.callee);
        self.known += usize::from(is_made);
        let is_loader = is_loader(&call.callee);
        self.used += usize::from(is_loader);
        let is_require = is_made || is_loader;
        self.found |= call.arguments.first().is_some_and(|first| match first.as_expression() {
            Some(specifier) if is_require => may_be_itself(self.path, specifier),
            Some(Expression::StringLiteral(text)) => text.value.starts_with('.') && is_itself(self.path, &text.value),
            specifier => specifier.is_none() && is_require,
        });
    }

    /// Whether the file does so, or may.
    pub(super) fn itself(&self) -> bool {
        self.found || self.said > self.known || self.loader > self.used
    }
}

/// `require`, `module.require`
fn is_loader(value: &Expression<'_>) -> bool {
    let value = value.get_inner_expression();
    value.is_specific_id(LOADER)
        || value.as_member_expression().is_some_and(|member| {
            member.static_property_name() == Some(LOADER)
                && member.object().get_inner_expression().is_specific_id("module")
        })
}

/// `createRequire(import.meta.url)`
fn is_made(value: &Expression<'_>) -> bool {
    match value.get_inner_expression() {
        Expression::CallExpression(call) => last_name(&call.callee) == Some(MAKER),
        _ => false,
    }
}

/// Whether a specifier is, or by an alias may be, the file of a path.
pub(super) fn is_itself(path: &[u8], specifier: &str) -> bool {
    let Ok(path) = std::str::from_utf8(path) else { return true };
    let own = without_ending(path);
    let origin = origin(specifier);
    let wanted = match (origin, specifier.split_once('/')) {
        (Origin::Relative, _) => from(path, specifier),
        // `@/orders/paths`: what stands for a folder may be any.
        (Origin::Alias, Some((_, rest))) => rest.to_owned(),
        (Origin::Alias, None) => specifier.trim_start_matches('#').to_owned(),
        // `@app/orders/paths`; `next/router` is no `src/router.ts`.
        (Origin::Package, Some((_, rest))) if rest.contains('/') => rest.to_owned(),
        (Origin::Package, Some(_)) => specifier.to_owned(),
        (Origin::Package, None) => return false,
    };
    let wanted = without_ending(&wanted);
    [Some(own), own.strip_suffix("/index"), (own == "index").then_some("")].into_iter().flatten().any(|own| {
        let ends = || own.strip_suffix(wanted).is_some_and(|before| before.ends_with('/'));
        own == wanted || origin != Origin::Relative && ends()
    })
}

/// Whether what is loaded by a specifier that is not all written out may be the file of a path: what has another folder,
/// or another end, is not.
fn may_be_itself(path: &[u8], specifier: &Expression<'_>) -> bool {
    let (head, tail) = match specifier.get_inner_expression() {
        Expression::StringLiteral(text) => return is_itself(path, text.value.as_str()),
        Expression::TemplateLiteral(text) => {
            let part = |part: Option<&TemplateElement<'_>>| {
                part.and_then(|part| part.value.cooked.as_ref()).map(|text| text.to_string()).unwrap_or_default()
            };
            (part(text.quasis.first()), part(text.quasis.last()))
        }
        _ => return true,
    };
    if matches!(specifier.get_inner_expression(), Expression::TemplateLiteral(text) if text.expressions.is_empty()) {
        return is_itself(path, &head);
    }
    let Ok(path) = std::str::from_utf8(path) else { return true };
    let (own, tail) = (without_ending(path), without_ending(&tail).trim_end_matches('/'));
    let is_kind = own.ends_with(tail) || own.strip_suffix("/index").is_some_and(|own| own.ends_with(tail));
    let is_around = match (origin(&head), head.rsplit_once('/')) {
        (Origin::Relative, Some((folder, _))) => {
            let folder = from(path, folder);
            folder.is_empty() || path.strip_prefix(&*folder).is_some_and(|rest| rest.starts_with('/'))
        }
        // What stands for a folder may be any.
        (Origin::Alias | Origin::Package, Some((folder, _))) => {
            folder.split_once('/').is_none_or(|(_, folder)| format!("/{path}").contains(&format!("/{folder}/")))
        }
        (_, None) => true,
    };
    is_kind && is_around
}

fn without_ending(path: &str) -> &str {
    ENDINGS.iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path)
}

/// A specifier of a file, from where all paths begin.
fn from(path: &str, specifier: &str) -> String {
    let mut parts = path.split('/').collect::<Vec<_>>();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::is_itself;

    #[test]
    fn a_file_knows_itself_by_any_way_to_write_it() {
        for specifier in
            ["./paths", "./paths.js", ".././orders/paths", "@/orders/paths", "@app/src/orders/paths", "#x/paths"]
        {
            assert!(is_itself(b"src/orders/paths.ts", specifier), "{specifier}");
        }
        for specifier in [".", "./", "./index", "../orders", "~/orders", "@/orders/index.js"] {
            assert!(is_itself(b"src/orders/index.ts", specifier), "{specifier}");
        }
        for specifier in [
            "../paths",
            "./paths/paths",
            "paths",
            "lodash/merge",
            "@/other/paths",
            "./xpaths",
            ".",
            "@/s",
            "next/paths",
        ] {
            assert!(!is_itself(b"src/orders/paths.ts", specifier), "{specifier}");
        }
    }
}
