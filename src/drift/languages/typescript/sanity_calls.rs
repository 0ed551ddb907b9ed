//! The calls that write Sanity's schemas, by whatever names a file knows them, and the schema types that stand elsewhere
//! than at its top: in functions, in lists, in what is handed to `defineConfig`.

use std::collections::HashSet;

use bstr::ByteSlice;
use oxc_ast::AstKind;
use oxc_ast::ast::*;
use oxc_ast_visit::{Visit, walk};
use oxc_span::GetSpan;

use super::constants::property;
use super::file::{File, TOO_DEEP};
use super::imports::{Foreign, Origin, export_name, origin, required};
use super::sites::DEEPEST;
use crate::drift::shape::Unread;

/// The call that makes a type of the schema.
const TYPE: &str = "defineType";
const CALLS: [&str; 3] = [TYPE, "defineField", "defineArrayMember"];
/// Methods that only put a type among others.
const PUTTING: &[&str] = &["add", "concat", "push", "unshift"];

const HANDED_ON: &str =
    "`defineType` is handed on, and the types that are made with it are not seen: call it where the type is written";
const WRAPPED: &str =
    "what this call makes of the schema type is not known: write the whole type, and hand on no `defineType`";

/// One of the calls, and whether it is Sanity's: a file of the repository may do anything under that name.
#[derive(Clone, Copy)]
pub(super) struct SanityCall {
    name: &'static str,
    pub(super) is_known: bool,
}

impl SanityCall {
    fn named(name: &str, is_known: bool) -> Option<Self> {
        CALLS.into_iter().find(|call| *call == name).map(|name| Self { name, is_known })
    }

    pub(super) fn is_type(self) -> bool {
        self.name == TYPE
    }
}

fn is_package(foreign: &Foreign<'_>) -> bool {
    origin(foreign.specifier) == Origin::Package
}

fn is_sanity(foreign: &Foreign<'_>) -> bool {
    let package = foreign.specifier.split('/').next().unwrap_or_default();
    let is_schema =
        ["@sanity/types", "@sanity/schema", "@sanity/base"].iter().any(|name| foreign.specifier.starts_with(name));
    package == "sanity" || is_schema || foreign.name.is_some_and(|name| CALLS.contains(&name))
}

impl<'a> File<'a> {
    /// Which of the calls is meant by what is called.
    pub(super) fn sanity_call(&self, callee: &Expression<'a>) -> Option<SanityCall> {
        match callee.get_inner_expression() {
            Expression::Identifier(id) => self.sanity_name(id.name.as_str()),
            other => {
                let member = other.as_member_expression()?;
                let name = member.static_property_name()?;
                let of = member.object().get_inner_expression();
                if let Some(specifier) = required(of) {
                    return SanityCall::named(name, origin(specifier) == Origin::Package);
                }
                let Expression::Identifier(of) = of else { return None };
                let of = self.index().foreign.get(of.name.as_str())?;
                let is_whole = matches!(of.name, None | Some("default"));
                SanityCall::named(name, is_whole && is_package(of))
            }
        }
    }

    fn sanity_name(&self, local: &str) -> Option<SanityCall> {
        match self.index().foreign.get(local) {
            Some(foreign) => foreign
                .name
                .and_then(|name| SanityCall::named(name, is_package(foreign)))
                .or_else(|| SanityCall::named(local, false)),
            // Scripts have it without an import.
            None => SanityCall::named(local, true).map(|call| SanityCall { is_known: !self.has_own(local), ..call }),
        }
    }

    /// Whether the file has a function or a constant of its own by a name.
    fn has_own(&self, name: &str) -> bool {
        let is_function = |statement: &Statement<'a>| {
            let declaration = match statement {
                Statement::ExportDeclaration(export) => Some(&export.declaration),
                other => other.as_declaration(),
            };
            let Some(Declaration::FunctionDeclaration(function)) = declaration else { return false };
            function.id.as_ref().is_some_and(|id| id.name == name)
        };
        self.index().values.contains_key(name) || self.program.body.iter().any(is_function)
    }

    /// Reads the schema types that do not stand at the file's top, and tells of what may make others.
    pub(super) fn sanity_elsewhere(&mut self) {
        let text = self.source.text;
        // An escape may hide a name from a search, but not from the parser.
        let has = |word: &str| text.as_bytes().contains_str(word);
        let has_type = has(TYPE);
        if !(has_type || has("sanity") || has("\\u")) {
            return;
        }
        let has_sanity = self.index().foreign.values().any(is_sanity);
        if !has_sanity && !has_type {
            return;
        }
        let program = self.program;
        let is_mentioned = has_sanity || has("sanity");
        let mut finder = Finder {
            file: self,
            has_sanity,
            is_mentioned,
            found: Found::default(),
            fine: HashSet::new(),
            until: 0,
            deep: 0,
        };
        finder.visit_program(program);
        let Found { calls, wrapped, objects, unread } = finder.found;
        self.module.unread.extend(unread.into_iter().map(|(at, why)| Unread::new(at, why)));
        for call in calls {
            if !self.schemas.contains(&call.span.start) {
                self.dsl_call(call);
            }
            if wrapped.contains(&call.span.start) {
                self.module.unread.push(Unread::new(call.span.start, WRAPPED));
            }
        }
        for object in objects {
            if !self.schemas.contains(&object.span.start) {
                self.dsl_object(object);
            }
        }
    }
}

/// What is found in a whole file.
#[derive(Default)]
struct Found<'a> {
    /// Calls that make a type,
    calls: Vec<&'a CallExpression<'a>>,
    /// the places of those whose type is handed to another call,
    wrapped: HashSet<u32>,
    /// objects in lists that may be types,
    objects: Vec<&'a ObjectExpression<'a>>,
    /// and what may make types that are not seen.
    unread: Vec<(u32, &'static str)>,
}

/// Whether an object says that it is a document.
fn is_document(object: &ObjectExpression<'_>) -> bool {
    property(object, "type").is_some_and(|ty| ty.is_specific_string_literal("document"))
}

struct Finder<'f, 'a> {
    file: &'f File<'a>,
    has_sanity: bool,
    /// The file has the package's name somewhere, as in `import('sanity')`.
    is_mentioned: bool,
    found: Found<'a>,
    /// Where the name of the call is used as it should be.
    fine: HashSet<u32>,
    /// The end of the last list of fields or items: what is in it is part of a type.
    until: u32,
    deep: u32,
}

impl<'a> Finder<'_, 'a> {
    fn call(&mut self, call: &'a CallExpression<'a>) {
        let callee = call.callee.get_inner_expression();
        if self.file.sanity_call(callee).is_some_and(SanityCall::is_type) {
            self.fine.insert(callee.span().start);
            self.found.calls.push(call);
            return;
        }
        let method = callee.as_member_expression().and_then(MemberExpression::static_property_name);
        if !method.is_some_and(|method| PUTTING.contains(&method)) {
            let given = call.arguments.iter().filter_map(Argument::as_expression).map(Expression::get_inner_expression);
            self.found.wrapped.extend(given.map(|given| given.span().start));
        }
    }

    fn hands_on(&mut self, at: u32) {
        if !self.fine.contains(&at) {
            self.found.unread.push((at, HANDED_ON));
        }
    }
}

impl<'a> Visit<'a> for Finder<'_, 'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::CallExpression(call) => self.call(call),
            AstKind::IdentifierReference(id)
                if self.file.sanity_name(id.name.as_str()).is_some_and(SanityCall::is_type) =>
            {
                self.hands_on(id.span.start);
            }
            AstKind::StaticMemberExpression(member) if self.is_mentioned && member.property.name == TYPE => {
                self.hands_on(member.span.start);
            }
            // Others import it by its name, and are told so themselves.
            AstKind::ExportSpecifier(export) => {
                let (local, exported) = (export_name(&export.local), export_name(&export.exported));
                if exported == TYPE {
                    self.fine.insert(export.local.span().start);
                } else if local == TYPE {
                    self.hands_on(export.local.span().start);
                }
            }
            AstKind::BindingProperty(part) if part.key.is_specific_static_name(TYPE) => {
                let local = part.value.get_binding_identifier().map(|id| id.name.as_str());
                if !local.is_some_and(|local| self.file.index().foreign.contains_key(local)) {
                    self.hands_on(part.span.start);
                }
            }
            AstKind::ObjectProperty(property)
                if ["fields", "of"].iter().any(|name| property.key.is_specific_static_name(name)) =>
            {
                self.until = self.until.max(property.span.end);
            }
            // A function may give it, or a call of another name.
            AstKind::ObjectExpression(object)
                if self.has_sanity && object.span.start >= self.until && is_document(object) =>
            {
                self.found.objects.push(object);
            }
            AstKind::ArrayExpression(list) if self.has_sanity && list.span.start >= self.until => {
                let values = list.elements.iter().filter_map(ArrayExpressionElement::as_expression);
                self.found.objects.extend(values.filter_map(|value| match value.get_inner_expression() {
                    Expression::ObjectExpression(object) => Some(&**object),
                    _ => None,
                }));
            }
            _ => {}
        }
    }

    fn visit_expression(&mut self, it: &Expression<'a>) {
        self.deep += 1;
        if self.deep > DEEPEST {
            self.found.unread.push((it.span().start, TOO_DEEP));
        } else {
            walk::walk_expression(self, it);
        }
        self.deep -= 1;
    }

    fn visit_statement(&mut self, it: &Statement<'a>) {
        self.deep += 1;
        if self.deep > DEEPEST {
            self.found.unread.push((it.span().start, TOO_DEEP));
        } else {
            walk::walk_statement(self, it);
        }
        self.deep -= 1;
    }

    // Types call nothing.
    fn visit_ts_type(&mut self, _: &TSType<'a>) {}
}
