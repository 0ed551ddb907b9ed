//! What the names of a Python file mean.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use ruff_python_ast::{
    ConversionFlag, Expr, ExprCall, ExprFString, ExprName, FStringPart, InterpolatedStringElement, Number, Operator,
    Stmt,
};
use ruff_text_size::{Ranged, TextSize};

use super::constants::{self, Changed};
use super::given::Given;
use super::scopes::{Kind as ScopeKind, Scopes, Variable};
use super::walk::{Node, each};
use crate::drift::shape::{Kind, Shape};

/// How many attributes one name may have, as in `a.b.c`.
pub(super) const MAX_DOTS: usize = 32;
/// How many parts a string is put together from, and how long it is.
const MAX_PARTS: usize = 64;
const MAX_STRING: usize = 4096;
/// How many strings a loop may list.
const MAX_ITEMS: usize = 256;
/// How many bytes the strings of a loop have, and those of all that a file names by it, and what each counts beyond its
/// own: it becomes a site.
const MAX_LISTED: usize = 1 << 16;
const MAX_ALL_LISTED: usize = 1 << 24;
const EACH_LISTED: usize = 64;

/// Packages from elsewhere, as a name in a list decides whether an import is one of this repository's files.
const PACKAGES: &str = "\
    __future__ abc annotated_types argparse arrow array asyncio attr attrs base64 beanie boto3 botocore bson \
    builtins celery collections contextlib contextvars copy csv ctypes dataclasses dataclasses_json datetime \
    dateutil decimal django email email_validator enum fastapi flask fractions frozendict functools graphene hashlib \
    http httpx humps inflection inspect io ipaddress itertools json logging marshmallow math mongoengine msgspec \
    mypy_extensions ninja numbers numpy odmantic operator orjson os pandas pathlib pendulum phonenumbers pymongo \
    pydantic pydantic_core pydantic_extra_types pydantic_settings pytest pytz random re requests rest_framework \
    secrets shutil six sqlalchemy sqlmodel starlette strawberry string stringcase strenum struct subprocess sys \
    tempfile textwrap threading time toml types typing typing_extensions ulid unittest urllib uuid warnings weakref \
    werkzeug yaml yarl zoneinfo";

/// Names that Python knows without an import.
const BUILTINS: &str = "\
    ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup ConnectionError Exception \
    ExceptionGroup FileNotFoundError IOError ImportError IndexError InterruptedError KeyError LookupError NameError \
    NotImplementedError OSError PermissionError RuntimeError StopIteration TimeoutError TypeError UnicodeError \
    UserWarning ValueError Warning bool bytearray bytes complex dict float frozenset globals int list memoryview object \
    property range set slice str tuple type";

/// Types that are text on the wire.
const STRINGS: &str = "\
    str bytes bytearray memoryview AnyStr LiteralString Text datetime date time timedelta Decimal Fraction UUID \
    UUID1 UUID3 UUID4 UUID5 UUID6 UUID7 UUID8 ULID Path PurePath PosixPath PurePosixPath FilePath DirectoryPath \
    NewPath Pattern EmailStr NameEmail SecretStr SecretBytes StrictStr StrictBytes Color PaymentCardNumber \
    PhoneNumber ObjectId PydanticObjectId AwareDatetime NaiveDatetime PastDate FutureDate PastDatetime \
    FutureDatetime DateTime ZoneInfo URL IPv4Address IPv6Address IPv4Network IPv6Network IPvAnyAddress \
    IPvAnyInterface IPvAnyNetwork MacAddress constr conbytes condate condecimal";

/// Types that are numbers on the wire.
const NUMBERS: &str = "\
    int float Number Real Integral StrictInt StrictFloat FiniteFloat ByteSize conint confloat PositiveInt \
    NegativeInt NonNegativeInt NonPositiveInt PositiveFloat NegativeFloat NonNegativeFloat NonPositiveFloat";

/// Where an imported name comes from.
#[derive(Clone, Copy, Debug)]
struct Origin<'a> {
    module: &'a str,
    /// `None` for a whole module.
    name: Option<&'a str>,
    relative: bool,
}

/// The names of one file.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    imports: HashMap<&'a str, Origin<'a>>,
    /// `from typing import *`.
    star: bool,
    /// The dotted names of the file's classes.
    pub(super) classes: HashSet<String>,
    /// Names that stand for any type: `T = TypeVar("T")`.
    pub(super) variables: HashMap<&'a str, &'a ExprCall>,
    /// How often each name gets a meaning.
    pub(super) given: Given<'a>,
    pub(super) scopes: Scopes<'a>,
    /// What code does to names that are not seen there.
    pub(super) changed: Changed<'a>,
    /// Names of the module that are written in a text, and whether any of them may be.
    pub(super) texts: HashSet<&'a str>,
    pub(super) is_open: bool,
    /// Dictionaries of the module. Of these nothing in the file does more than read them.
    tables: HashMap<&'a str, Option<TextSize>>,
    /// How many bytes loops have listed so far.
    listed: Cell<usize>,
    /// Where the last import of names stands that come in whole.
    pub(super) last_star: Option<TextSize>,
    /// Names that the file gives another meaning than their import, or Python, has.
    pub(super) rebound: HashSet<&'a str>,
    /// Names of packages that a star import may give another meaning behind theirs.
    pub(super) starred: HashSet<&'a str>,
    /// Something in the file names fields without standing at one.
    pub(super) strays: bool,
}

impl<'a> Names<'a> {
    /// Takes in every import and every constant of the file.
    pub(super) fn of(body: &'a [Stmt]) -> Self {
        let mut names = Self::default();
        names.rebind(body);
        names.given = Given::of(body);
        each(body, |node| {
            if let Node::Stmt(stmt) = node {
                names.take(stmt);
            }
        });
        names.scopes = Scopes::of(body);
        names.changed = Changed::of(&names, body);
        names.tables = constants::tables(&names, body);
        names
    }

    /// Notes the names that are assigned to at the file's top.
    fn rebind(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            match stmt {
                Stmt::Assign(assign) => {
                    let names = assign.targets.iter().filter_map(Expr::as_name_expr);
                    self.rebound.extend(names.map(|name| name.id.as_str()));
                }
                Stmt::AnnAssign(assign) => {
                    self.rebound.extend(assign.target.as_name_expr().map(|name| name.id.as_str()));
                }
                Stmt::TypeAlias(alias) => self.rebound.extend(alias.name.as_name_expr().map(|name| name.id.as_str())),
                _ => {}
            }
        }
    }

    fn take(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = alias.name.as_str();
                    let top = module.split('.').next().unwrap_or_default();
                    let local = alias.asname.as_ref().map_or(top, |name| name.as_str());
                    self.import(local, Origin { module, name: None, relative: false });
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |name| name.as_str());
                let relative = import.level > 0;
                for alias in &import.names {
                    let name = alias.name.as_str();
                    if name == "*" {
                        self.star |= !relative && is_package(module);
                        self.last_star = Some(import.range().start()).max(self.last_star);
                    }
                    let local = alias.asname.as_ref().map_or(name, |name| name.as_str());
                    self.import(local, Origin { module, name: Some(name), relative });
                }
            }
            Stmt::Assign(assign) => {
                if let [Expr::Name(name)] = assign.targets.as_slice() {
                    let made_by = |call: &&ExprCall| {
                        matches!(self.known(&call.func), Some("TypeVar" | "ParamSpec" | "TypeVarTuple"))
                    };
                    let made = assign.value.as_call_expr().filter(made_by);
                    self.variables.extend(made.map(|call| (name.id.as_str(), call)));
                }
            }
            _ => {}
        }
    }

    /// A name that is one thing of a package here and another there is none that a package knows.
    fn import(&mut self, local: &'a str, origin: Origin<'a>) {
        let known = |origin: &Origin<'a>| {
            let foreign = !origin.relative && is_package(origin.module);
            foreign.then_some(origin.name.unwrap_or(origin.module))
        };
        let before = self.imports.insert(local, origin);
        if before.is_some_and(|before| known(&before) != known(&origin)) {
            self.rebound.insert(local);
        }
    }

    /// The name by which Python or a package knows what an expression names; `None` for names of this repository.
    pub(super) fn known<'s>(&'s self, expr: &'s Expr) -> Option<&'s str> {
        let (root, last) = ends(expr)?;
        if self.rebound.contains(root) || self.classes.contains(root) {
            return None;
        }
        let Some(origin) = self.imports.get(root) else {
            return (last.is_none() && (self.star || lists(BUILTINS, root))).then_some(root);
        };
        let foreign = !origin.relative && is_package(origin.module);
        foreign.then_some(last.or(origin.name).unwrap_or(origin.module))
    }

    /// The full name of what a written name stands for, by the file's imports; `None` where its beginning is no import.
    pub(super) fn full(&self, written: &str) -> Option<String> {
        let (root, below) = written.split_at(written.find('.').unwrap_or(written.len()));
        Some(match self.imports.get(root)? {
            Origin { module, name: Some(name), .. } => format!("{module}.{name}{below}"),
            Origin { module, name: None, .. } if root != module.split('.').next().unwrap_or_default() => {
                format!("{module}{below}")
            }
            _ => written.to_owned(),
        })
    }

    /// What a package calls a name that is imported from it.
    pub(super) fn package<'s>(&'s self, name: &'s str) -> Option<&'s str> {
        let origin = self.imports.get(name)?;
        let foreign = !origin.relative && is_package(origin.module);
        foreign.then_some(origin.name.unwrap_or(origin.module))
    }

    /// Whether a name is imported.
    pub(super) fn is_imported(&self, root: &str) -> bool {
        self.imports.contains_key(root)
    }

    /// Whether a name is that of a whole module, by its import.
    pub(super) fn is_module(&self, root: &str) -> bool {
        self.imports.get(root).is_some_and(|origin| origin.name.is_none())
    }

    /// The expression that a constant of this file stands for.
    pub(super) fn constant<'s>(&'s self, expr: &'s Expr) -> &'s Expr {
        let Expr::Name(name) = expr else { return expr };
        self.stands_for(name).unwrap_or(expr)
    }

    /// What a name stands for here, if that is a constant.
    pub(super) fn stands_for(&self, name: &ExprName) -> Option<&'a Expr> {
        let (text, at) = (name.id.as_str(), name.range().start());
        // Python calls that otherwise within a class.
        if is_mangled(text) || (is_private(text) && self.scopes.is_in_class(at)) {
            return None;
        }
        self.held(self.scopes.variable(text, at)?, text, at)
    }

    /// The one value of a variable at a place: a star import may have brought another one of its name.
    fn held(&self, variable: &Variable<'a>, name: &str, at: TextSize) -> Option<&'a Expr> {
        let (value, in_block) = variable.assigned()?;
        let is_behind = value.range().end() <= at;
        let is_last = match variable.kind {
            ScopeKind::Function => return is_behind.then_some(value),
            ScopeKind::Class => self.last_star.is_none() && is_behind && !in_block,
            ScopeKind::Module if in_block => self.last_star.is_none(),
            ScopeKind::Module => self.last_star.is_none_or(|star| star < value.range().start() && is_behind),
            ScopeKind::Comprehension | ScopeKind::First => false,
        };
        (is_last && !self.is_changed(name)).then_some(value)
    }

    /// Whether a name of the module may be given something else behind its back.
    pub(super) fn is_changed(&self, name: &str) -> bool {
        self.is_open || self.texts.contains(name) || self.changed.doubts(name)
    }

    /// The dictionary that a name stands for here, if that stays what it is written as.
    pub(super) fn table(&self, expr: &Expr) -> Option<&'a Expr> {
        let name = expr.as_name_expr().filter(|name| self.tables.get(name.id.as_str()) == Some(&None))?;
        let variable = self.scopes.variable(&name.id, name.range().start())?;
        let value = (variable.kind == ScopeKind::Module).then(|| self.stands_for(name)).flatten();
        value.filter(|value| value.is_dict_expr())
    }

    /// The place that keeps a constant from being believed, where one place does.
    pub(super) fn doubt(&self, expr: &Expr) -> Option<TextSize> {
        let (name, variable, is_member) = match expr {
            Expr::Name(name) if name.ctx.is_load() => {
                (&name.id, self.scopes.variable(&name.id, name.range().start())?, false)
            }
            Expr::Attribute(member) if member.ctx.is_load() => {
                let of = member.value.as_name_expr()?;
                let class = self.scopes.variable(&of.id, of.range().start())?.class()?;
                (&member.attr.id, self.scopes.member(&member.attr, Some(class))?, true)
            }
            _ => return None,
        };
        let is_of_file = !matches!(variable.kind, ScopeKind::Function | ScopeKind::Comprehension);
        let changed = self.changed.place(name, is_member).filter(|_| is_of_file && variable.assigned().is_some());
        let touched = self.tables.get(name.as_str()).filter(|_| variable.kind == ScopeKind::Module).copied().flatten();
        variable.again().or(changed).or(touched)
    }

    /// Whether a function is one of Python or of a package by every meaning that the file gives its name.
    pub(super) fn is_foreign(&self, function: &Expr) -> bool {
        ends(function).is_some_and(|(root, _)| self.given.is_foreign(root))
    }

    /// Whether nothing in the file has a name, so that a method of that name is one of a package.
    pub(super) fn is_foreign_text(&self, name: &str) -> bool {
        !self.given.is_own(name) && !self.changed.doubts(name)
    }

    /// The strings that an expression may be: that of a name is one after the other that a loop lists.
    pub(super) fn strings(&self, expr: &Expr) -> Option<Vec<String>> {
        let name = expr.as_name_expr();
        let variable = name.and_then(|name| Some((name, self.scopes.variable(&name.id, name.start())?)));
        let Some((name, variable)) = variable.filter(|(_, variable)| variable.is_item()) else {
            return self.string(expr).map(|text| vec![text]);
        };
        let is_believed = match variable.kind {
            ScopeKind::Module => self.last_star.is_none() && !self.is_changed(&name.id),
            ScopeKind::Function | ScopeKind::Comprehension => true,
            ScopeKind::Class | ScopeKind::First => false,
        };
        let is_believed = is_believed && variable.bindings.len() <= MAX_ITEMS;
        if is_believed { self.listed(variable) } else { None }
    }

    /// The strings of a loop, which each use of its name lists again; `None` where these are too long.
    fn listed(&self, variable: &Variable<'a>) -> Option<Vec<String>> {
        let (mut found, mut length) = (Vec::new(), 0);
        for value in variable.values() {
            // What is given up counts too: it takes as long.
            let text = self.string(value);
            let added = text.as_ref().map_or(MAX_STRING, String::len) + EACH_LISTED;
            length += added;
            self.listed.set(self.listed.get().saturating_add(added));
            if length > MAX_LISTED || self.listed.get() > MAX_ALL_LISTED {
                return None;
            }
            found.push(text?);
        }
        Some(found)
    }

    /// The string that an expression is, without running anything. Constants may go round in circles: it has an end.
    pub(super) fn string(&self, expr: &Expr) -> Option<String> {
        let (mut text, mut rest) = (String::new(), vec![Piece::Expr(expr)]);
        for _ in 0..MAX_PARTS {
            let Some(piece) = rest.pop() else { return Some(text) };
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Expr(Expr::StringLiteral(literal)) => text.push_str(literal.value.to_str()),
                Piece::Expr(Expr::BinOp(sum)) if sum.op == Operator::Add => {
                    rest.extend([Piece::Expr(&sum.right), Piece::Expr(&sum.left)]);
                }
                Piece::Expr(Expr::FString(string)) => rest.extend(pieces(string)?.into_iter().rev()),
                Piece::Expr(Expr::Attribute(member)) => {
                    rest.push(Piece::Expr(self.member(member, member.range() == expr.range())?));
                }
                Piece::Expr(Expr::Name(name)) => rest.push(Piece::Expr(self.stands_for(name)?)),
                Piece::Expr(_) => return None,
            }
            if text.len() > MAX_STRING {
                return None;
            }
        }
        None
    }
}

/// A part of a string.
enum Piece<'e> {
    Text(&'e str),
    Expr(&'e Expr),
}

/// The parts of `f"{ORDER}.total"`, if it only inserts values as they are.
fn pieces(string: &ExprFString) -> Option<Vec<Piece<'_>>> {
    let mut found = Vec::new();
    for part in &string.value {
        let string = match part {
            FStringPart::Literal(literal) => {
                found.push(Piece::Text(&literal.value));
                continue;
            }
            FStringPart::FString(string) => string,
        };
        for element in &string.elements {
            found.push(match element {
                InterpolatedStringElement::Literal(literal) => Piece::Text(&literal.value),
                InterpolatedStringElement::Interpolation(inserted) => {
                    let is_plain = inserted.debug_text.is_none() && inserted.format_spec.is_none();
                    if !is_plain || inserted.conversion != ConversionFlag::None {
                        return None;
                    }
                    Piece::Expr(&inserted.expression)
                }
            });
            if found.len() > MAX_PARTS {
                return None;
            }
        }
    }
    Some(found)
}

/// Whether code of a class may have a name by another one: within `C`, `__a` is `_C__a`.
fn is_mangled(name: &str) -> bool {
    let class = name.strip_prefix('_').filter(|rest| !rest.starts_with('_'));
    class.is_some_and(|rest| rest.contains("__")) && !name.ends_with("__")
}

pub(super) fn is_private(name: &str) -> bool {
    is_mangled(name) || (name.starts_with("__") && !name.ends_with("__"))
}

fn lists(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word)
}

/// Whether Python knows a name without an import.
pub(super) fn is_builtin(name: &str) -> bool {
    lists(BUILTINS, name)
}

/// Whether a module's name is that of a package from elsewhere.
pub(super) fn is_package(module: &str) -> bool {
    lists(PACKAGES, module.split('.').next().unwrap_or_default())
}

/// The first name of `a.b.c`, and the last one where there is another.
fn ends(expr: &Expr) -> Option<(&str, Option<&str>)> {
    let mut last = None;
    let mut expr = expr;
    for _ in 0..MAX_DOTS {
        match expr {
            Expr::Name(name) => return Some((name.id.as_str(), last)),
            Expr::Attribute(attribute) => {
                last = last.or(Some(attribute.attr.as_str()));
                expr = &attribute.value;
            }
            _ => return None,
        }
    }
    None
}

/// `a.b.c` as it is written; `None` for everything else.
pub(super) fn dotted(expr: &Expr) -> Option<String> {
    let mut parts = Vec::new();
    let mut expr = expr;
    for _ in 0..MAX_DOTS {
        match expr {
            Expr::Name(name) => {
                parts.push(name.id.as_str());
                parts.reverse();
                return Some(parts.join("."));
            }
            Expr::Attribute(attribute) => {
                parts.push(attribute.attr.as_str());
                expr = &attribute.value;
            }
            _ => return None,
        }
    }
    None
}

/// The last part of a name.
pub(super) fn last(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

/// What a type of Python or of a package is on the wire; `None` where it has parts or is none.
pub(super) fn scalar(name: &str) -> Option<Shape> {
    let text = name.ends_with("Url") || name.ends_with("Dsn") || name.starts_with("Base64");
    if text || lists(STRINGS, name) {
        Some(Shape::STRING)
    } else if lists(NUMBERS, name) {
        Some(Shape::NUMBER)
    } else if matches!(name, "bool" | "StrictBool") {
        Some(Shape::BOOLEAN)
    } else {
        None
    }
}

/// What kind of value a literal is; `None` for what is no literal, and for `None`.
pub(super) fn literal_kind(expr: &Expr) -> Option<Kind> {
    match expr {
        Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::FString(_) => Some(Kind::String),
        Expr::NumberLiteral(number) => (!matches!(number.value, Number::Complex { .. })).then_some(Kind::Number),
        Expr::UnaryOp(unary) => unary.operand.as_number_literal_expr().map(|_| Kind::Number),
        Expr::BooleanLiteral(_) => Some(Kind::Boolean),
        _ => None,
    }
}
