//! Classes: what of their bodies are fields.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Expr, Stmt, StmtAnnAssign, StmtClassDef, StmtFunctionDef};

use super::assigned::made;
use super::fields::{Config, Spelling, annotated, spelling};
use super::generics;
use super::names::{Names, dotted, is_builtin, literal_kind, scalar};
use super::types::{MAX_DEPTH, Types, arguments, at};
use super::walk::{Node, each, each_expr};
use crate::drift::shape::{Definition, Kind, Member, Shape};

/// What a class is to those who write its values out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// A model of pydantic or the like: what begins with `_` is private.
    Model,
    /// A dataclass, a class of attrs, a typed dictionary, a named tuple: every annotated name is a field.
    Record,
    /// Listed values, whose kind a base class says.
    Enum(Option<Kind>),
    /// None of these: a class of services, say. Its annotated names count, if somebody names it in a policy.
    Plain,
    /// Its base is in another file.
    Foreign,
}

/// A class being read.
struct Class<'n, 'a> {
    types: Types<'n, 'a>,
    family: Family,
    config: Config,
    members: Vec<Member>,
    unread: Vec<Shape>,
    /// It is a root model, and what its value is, where its body says so.
    is_root: bool,
    root: Option<Shape>,
    /// Names that the body gives a meaning of its own.
    shadowed: HashSet<&'a str>,
    /// Fields whose values code writes.
    written: HashSet<String>,
}

/// The definition of a class. `families` has those of the classes above it in the file, and gets its own.
pub(super) fn definition<'a>(
    names: &Names<'a>,
    text: &'a str,
    class: &'a StmtClassDef,
    name: &str,
    families: &mut HashMap<String, Family>,
) -> Definition {
    let variables = generics::of_class(names, text, class);
    let types = Types { names, text, scope: name, variables: &variables };
    let mut shapes = Vec::new();
    let mut family = if decorated(names, class) { Family::Record } else { Family::Plain };
    let bases = class.arguments.iter().flat_map(|arguments| &arguments.args);
    for base in bases.clone() {
        if is_namesake(names, head(base), class.name.as_str()) {
            let reason = "the class inherits from another of its own name: rename one of them";
            shapes.push(Shape::unread(at(base), reason));
            continue;
        }
        let (shape, of) = read_base(&types, base, families, class.name.as_str());
        shapes.extend(shape);
        // A record stays one; `class Status(str, Enum)` and `class Status(Enum)` differ in what a base before it said.
        family = match (family, of) {
            (Family::Plain, of) => of,
            (Family::Enum(None), Family::Enum(kind)) => Family::Enum(kind),
            (Family::Foreign, of @ (Family::Model | Family::Record | Family::Enum(_))) => of,
            (family, _) => family,
        };
    }
    // Python asks the first base first, and here the last one wins.
    shapes.reverse();
    let config = Config::of(names, class);
    let case = config.case;
    let is_root = bases.clone().any(|base| names.known(head(base)) == Some("RootModel"));
    let mut read = Class {
        types,
        family,
        config,
        members: Vec::new(),
        unread: Vec::new(),
        is_root,
        root: None,
        shadowed: HashSet::new(),
        written: HashSet::new(),
    };
    read.serializers(&class.body);
    read.body(&class.body);
    if let Family::Enum(kind) = family {
        let kind = shapes.iter().find_map(scalar_kind).or(kind);
        shapes = vec![read.enumerated(&class.body, kind)];
        family = Family::Enum(kind);
    }
    families.insert(name.to_owned(), family);
    let Class { members, unread, root, config, .. } = read;
    shapes.extend(root);
    if !members.is_empty() || shapes.is_empty() {
        shapes.push(Shape::Object(members));
    }
    shapes.extend(unread);
    shapes.extend(config.unread.into_iter().map(Shape::Unread));
    let shape = match (shapes.len(), shapes.pop()) {
        // An exact name alone would be one more name of that type.
        (1, Some(one)) if !matches!(&one, Shape::Named { name, .. } if name.starts_with('.')) => one,
        (_, last) => {
            shapes.extend(last);
            Shape::All(shapes)
        }
    };
    Definition { name: name.to_owned(), at: at(&class.name), shape, case }
}

const WRITES: &str = "this function writes the fields when the code runs";

/// Whether all that a function gives back is what the class above makes of the value: `return super().model_dump(…)`.
fn only_hands_on(function: &StmtFunctionDef) -> bool {
    let mut all = true;
    each(&function.body, |node| {
        let Node::Stmt(Stmt::Return(back)) = node else { return };
        let method = back.value.as_deref().and_then(Expr::as_call_expr).and_then(|call| call.func.as_attribute_expr());
        let above = method.and_then(|method| method.value.as_call_expr()).and_then(|call| call.func.as_name_expr());
        all &= above.is_some_and(|name| name.id == "super");
    });
    all
}

const ANNOTATIONS: &str = "this gives the class fields when the code runs: write them as `name: type`";

fn is_annotations(target: &Expr) -> bool {
    target.as_name_expr().is_some_and(|name| name.id == "__annotations__")
}

/// Whether a base class is an imported one of this repository that has the name of the class itself.
fn is_namesake(names: &Names<'_>, base: &Expr, class: &str) -> bool {
    let name = base.as_name_expr().map(|name| name.id.as_str()).filter(|name| *name == class);
    name.is_some_and(|name| names.is_imported(name) && names.package(name).is_none())
}

/// A base class of this repository. The body of the class is not where its name is looked for.
fn outer(types: &Types<'_, '_>, head: &Expr) -> Shape {
    let Some(written) = dotted(head) else { return types.own(head) };
    let root = written.split('.').next().unwrap_or_default();
    if !types.names.classes.contains(&format!("{}.{root}", types.scope)) {
        return types.own(head);
    }
    let around = types.scope.rsplit_once('.').map(|(around, _)| format!("{around}.{root}"));
    match around.filter(|name| types.names.classes.contains(name)) {
        Some(_) => Shape::unread(at(head), "several classes around have this name: give each one of its own"),
        None => Shape::exactly(&written, at(head)),
    }
}

/// A base class without its type arguments.
fn head(base: &Expr) -> &Expr {
    base.as_subscript_expr().map_or(base, |subscript| &subscript.value)
}

fn scalar_kind(shape: &Shape) -> Option<Kind> {
    match shape {
        Shape::Scalar { kind, .. } => Some(*kind),
        _ => None,
    }
}

/// Whether a decorator makes every annotated name a field.
fn decorated(names: &Names<'_>, class: &StmtClassDef) -> bool {
    class.decorator_list.iter().any(|decorator| {
        let function = decorator.expression.as_call_expr().map_or(&decorator.expression, |call| &call.func);
        let makers = ["dataclass", "define", "frozen", "mutable", "attrs", "attributes", "s"];
        names.known(function).is_some_and(|known| makers.contains(&known))
    })
}

/// What a base class gives, and what it makes of the class.
fn read_base(
    types: &Types<'_, '_>,
    base: &Expr,
    families: &HashMap<String, Family>,
    class: &str,
) -> (Option<Shape>, Family) {
    let names = types.names;
    let (head, subscript) = (head(base), base.as_subscript_expr());
    if let Expr::Call(call) = head {
        let shape = made(types, call);
        return (
            Some(shape.unwrap_or_else(|| Shape::unread(at(base), "a call makes this base class"))),
            Family::Record,
        );
    }
    if !matches!(head, Expr::Name(_) | Expr::Attribute(_)) {
        return (Some(Shape::unread(at(base), "this base class is computed")), Family::Foreign);
    }
    // A class may have the name of the package's that it inherits from.
    let own = head.as_name_expr().filter(|name| name.id == class).and_then(|name| names.package(&name.id));
    let Some(known) = own.or_else(|| names.known(head)) else {
        let family = dotted(head).and_then(|name| families.get(&name).copied());
        let shape = outer(types, head);
        let shape =
            subscript.map_or_else(|| shape.clone(), |with| generics::given(types, shape.clone(), with, MAX_DEPTH));
        return (Some(shape), family.unwrap_or(Family::Foreign));
    };
    // What a file brings in whole may have a class of that name.
    let brought = head.as_name_expr().filter(|name| names.starred.contains(name.id.as_str())).map(|_| types.own(head));
    match known {
        "BaseModel" | "BaseSettings" | "GenericModel" | "SQLModel" | "Struct" | "Document" => (brought, Family::Model),
        "RootModel" => {
            let root = subscript.and_then(|subscript| arguments(subscript).first());
            (root.map(|root| types.shape(root)), Family::Model)
        }
        "TypedDict" | "NamedTuple" | "MappedAsDataclass" => (None, Family::Record),
        "StrEnum" | "TextChoices" => (None, Family::Enum(Some(Kind::String))),
        "IntEnum" | "IntFlag" | "Flag" | "IntegerChoices" => (None, Family::Enum(Some(Kind::Number))),
        "Enum" | "ReprEnum" => (None, Family::Enum(None)),
        "Generic"
        | "Protocol"
        | "ABC"
        | "object"
        | "DeclarativeBase"
        | "DeclarativeBaseNoMeta"
        | "AsyncAttrs"
        | "Hashable"
        | "Sized"
        | "type" => (None, Family::Plain),
        _ if scalar(known).is_some() => (scalar(known), Family::Plain),
        _ => match (types.shape(base), head.as_name_expr().is_some_and(|name| names.is_imported(&name.id))) {
            (shape @ (Shape::Array(_) | Shape::Map(_)), _) => (Some(shape), Family::Plain),
            // Exceptions and the like, that Python knows without an import.
            (_, false) if is_builtin(known) => (None, Family::Plain),
            _ => (Some(types.own(head)), Family::Foreign),
        },
    }
}

impl<'a> Class<'_, 'a> {
    fn body(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            match stmt {
                Stmt::AnnAssign(assign) => self.annotated(assign),
                Stmt::Assign(assign) => {
                    for target in &assign.targets {
                        self.assigned(target, &assign.value);
                    }
                }
                Stmt::FunctionDef(function) => self.computed(function),
                Stmt::Expr(inner) if inner.value.is_call_expr() => {
                    self.refuse(at(inner), "this call runs while the class is made, and may give it fields");
                }
                Stmt::Expr(_) | Stmt::ClassDef(_) | Stmt::Pass(_) | Stmt::Import(_) | Stmt::ImportFrom(_) => {}
                Stmt::If(branch) if self.is_for_checkers(&branch.test) => {
                    // What only type checkers see is no field; what runs is in the other branch.
                    for clause in &branch.elif_else_clauses {
                        self.body(&clause.body);
                    }
                }
                Stmt::AugAssign(assign) if is_annotations(&assign.target) => self.refuse(at(assign), ANNOTATIONS),
                other => self.conditional(other),
            }
        }
    }

    fn is_for_checkers(&self, test: &Expr) -> bool {
        self.types.names.known(test) == Some("TYPE_CHECKING")
    }

    /// Fields that are there or not when the code runs.
    fn conditional(&mut self, stmt: &Stmt) {
        let mut place = None;
        each(std::slice::from_ref(stmt), |node| {
            if let Node::Stmt(Stmt::AnnAssign(inner)) = node {
                place = place.or(Some(at(inner)));
            }
        });
        if let Some(place) = place {
            self.refuse(place, "whether this field is there is decided when the code runs");
        }
    }

    fn refuse(&mut self, place: u32, reason: &str) {
        self.unread.push(Shape::unread(place, reason));
    }

    fn annotated(&mut self, assign: &StmtAnnAssign) {
        let Expr::Name(target) = &*assign.target else {
            return self.refuse(at(&*assign.target), "this field has no plain name");
        };
        let (name, types) = (target.id.as_str(), self.types);
        let marker = types.plain(&assign.annotation, |annotation| {
            let head = annotation.as_subscript_expr().map_or(annotation, |subscript| &subscript.value);
            types.names.known(head).map(str::to_owned)
        });
        let no_field = matches!(marker.as_deref(), Some("ClassVar" | "InitVar" | "KW_ONLY"));
        if no_field || name == "model_config" || matches!(self.family, Family::Enum(_)) {
            return;
        }
        let own = assign.value.as_deref().map(|value| spelling(types.names, value)).unwrap_or_default();
        let inner = types.plain(&assign.annotation, |annotation| annotated(types.names, annotation));
        let spelling = own.or(inner);
        if name == "__root__" || (name == "root" && self.is_root) {
            self.root = Some(types.shape(&assign.annotation));
            return;
        }
        if name.starts_with('_') && !self.has_underscores(name, &spelling, at(target)) {
            return;
        }
        let (shadowed, mut is_shadowed) = (&self.shadowed, false);
        types.plain(&assign.annotation, |annotation| {
            each_expr(annotation, |expr| {
                is_shadowed |= expr.as_name_expr().is_some_and(|name| shadowed.contains(name.id.as_str()));
            });
        });
        let shape = match is_shadowed {
            true => Shape::unread(at(&*assign.annotation), "this class gives the name here another meaning"),
            false => types.shape(&assign.annotation),
        };
        self.push(name, at(target), shape, spelling);
    }

    /// Whether a name with `_` in front is a field.
    fn has_underscores(&mut self, name: &str, spelling: &Spelling, place: u32) -> bool {
        match self.family {
            Family::Record => true,
            Family::Foreign if !spelling.hidden && !name.starts_with("__") => {
                self.refuse(
                    place,
                    "the base class decides whether this is a field; say `PrivateAttr()` where it is none",
                );
                false
            }
            _ => false,
        }
    }

    fn push(&mut self, name: &str, place: u32, shape: Shape, spelling: Spelling) {
        let shape = if self.written.contains(name) { Shape::Opaque } else { shape };
        let old = self.config.aliases.remove(name).unwrap_or_default();
        match spelling.or(old) {
            Spelling { hidden: true, .. } => {}
            Spelling { unread: Some(unread), .. } => self.unread.push(Shape::Unread(unread)),
            Spelling { alias: Some((alias, at)), .. } => self.members.push(Member::new(alias, at, shape).explicit()),
            _ => self.members.push(Member::new(name, place, shape)),
        }
    }

    /// A name without an annotation: a field of attrs or of a table.
    fn assigned(&mut self, target: &'a Expr, value: &Expr) {
        self.shadowed.extend(target.as_name_expr().map(|name| name.id.as_str()));
        let (names, types) = (self.types.names, self.types);
        if is_annotations(target) {
            return self.refuse(at(target), ANNOTATIONS);
        }
        let Expr::Name(name) = target else {
            if matches!(target, Expr::Subscript(_)) {
                self.refuse(at(target), "this writes into the class while it is made");
            }
            return;
        };
        let Expr::Call(call) = value else { return };
        let shape = match names.known(&call.func) {
            Some("ib" | "attrib") => call.arguments.find_keyword("type").map(|keyword| &keyword.value),
            Some("Column" | "mapped_column") => None,
            _ => return,
        };
        let shape = shape.map_or(Shape::Opaque, |ty| types.shape(ty));
        self.push(name.id.as_str(), at(target), shape, spelling(names, value));
    }

    /// Functions that write values out, wherever in the body they stand.
    fn serializers(&mut self, body: &[Stmt]) {
        if self.family == Family::Plain || matches!(self.family, Family::Enum(_)) {
            return;
        }
        for function in body.iter().filter_map(Stmt::as_function_def_stmt) {
            let name = function.name.as_str();
            let writes = match name {
                "dict" | "json" if self.family != Family::Model => false,
                "model_dump" | "model_dump_json" | "dict" | "json" => !only_hands_on(function),
                "__get_pydantic_core_schema__" => true,
                _ => false,
            };
            if writes {
                self.refuse(at(&function.name), WRITES);
            }
            for decorator in &function.decorator_list {
                let Expr::Call(call) = &decorator.expression else { continue };
                if !matches!(self.types.names.known(&call.func), Some("field_serializer")) {
                    continue;
                }
                let fields = call.arguments.args.iter().map(|field| self.types.names.string(field));
                match fields.collect::<Option<Vec<String>>>() {
                    Some(fields) if !fields.iter().any(|field| field == "*") => self.written.extend(fields),
                    _ => self.refuse(at(&function.name), WRITES),
                }
            }
        }
    }

    /// pydantic's `@computed_field`, and `@model_serializer`, which writes the whole value out.
    fn computed(&mut self, function: &StmtFunctionDef) {
        let (names, types) = (self.types.names, self.types);
        let mut makers = function.decorator_list.iter().map(|decorator| &decorator.expression);
        let writes = |maker: &Expr| {
            names.known(maker.as_call_expr().map_or(maker, |call| &call.func)) == Some("model_serializer")
        };
        if makers.any(writes) {
            return self.refuse(at(&function.name), WRITES);
        }
        let field = function.decorator_list.iter().find_map(|decorator| {
            let maker = decorator.expression.as_call_expr().map_or(&decorator.expression, |call| &call.func);
            (names.known(maker) == Some("computed_field")).then_some(&decorator.expression)
        });
        let Some(field) = field else { return };
        let arguments = field.as_call_expr().map(|call| &call.arguments);
        let alias = arguments.and_then(|arguments| arguments.find_keyword("alias"));
        let typed = arguments.and_then(|arguments| arguments.find_keyword("return_type"));
        let typed = typed.map(|keyword| &keyword.value).or(function.returns.as_deref());
        let shape = typed.map_or(Shape::Opaque, |ty| types.shape(ty));
        let spelling = match alias.map(|alias| (names.string(&alias.value), at(&alias.value))) {
            Some((Some(alias), place)) => Spelling { alias: Some((alias, place)), ..Spelling::default() },
            Some((None, place)) => {
                return self.refuse(place, "the name of this field is computed; write it as a string");
            }
            None => Spelling::default(),
        };
        self.push(function.name.as_str(), at(&function.name), shape, spelling);
    }

    /// The values of an enum.
    fn enumerated(&self, body: &[Stmt], kind: Option<Kind>) -> Shape {
        let mut kinds = body.iter().filter_map(|stmt| match stmt {
            Stmt::Assign(assign) => match assign.targets.as_slice() {
                [Expr::Name(name)] if !name.id.starts_with('_') => Some(&*assign.value),
                _ => None,
            },
            _ => None,
        });
        let of = |value: &Expr| match value {
            // `auto()` counts, where no base class says otherwise.
            Expr::Call(call) if self.types.names.known(&call.func) == Some("auto") => Kind::Number,
            other => literal_kind(other).unwrap_or(Kind::Unknown),
        };
        let kind = kind.or_else(|| {
            let first = of(kinds.next()?);
            Some(if kinds.all(|value| of(value) == first) { first } else { Kind::Unknown })
        });
        Shape::enumerated(kind.unwrap_or(Kind::String))
    }
}
