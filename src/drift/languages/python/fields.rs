//! How a field is spelt on the wire: `Field(alias=…)`, `alias_generator`, and what other packages have for it.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Arguments, Expr, ExprCall, Stmt, StmtClassDef};

use super::names::{Names, dotted, literal_kind};
use super::types::{arguments, at};
use super::walk::{Node, each, each_expr};
use crate::drift::shape::{Case, Unread};

/// What a field's description says about its name.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    /// The name on the wire, and where it stands.
    pub(super) alias: Option<(String, u32)>,
    /// It never goes over the wire.
    pub(super) hidden: bool,
    /// What it is read by, where that is another name than it is written by.
    pub(super) read: Option<Read>,
    /// It says which of several names counts: `alias_priority=1`.
    pub(super) is_ranked: bool,
    pub(super) unread: Option<Unread>,
}

/// By what name a field is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// That of the field.
    Own,
    As(Vec<String>),
    /// By several, and which one is written is not said.
    Several(Vec<String>),
}

impl Spelling {
    fn unread(expr: &Expr, reason: &str) -> Self {
        Self { unread: Some(Unread::new(at(expr), reason)), ..Self::default() }
    }

    /// Whether the field has its own name.
    pub(super) fn says_nothing(&self) -> bool {
        self.alias.is_none() && !self.hidden && self.unread.is_none()
    }

    /// What this says, and where it says nothing, what `other` does.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            alias: self.alias.or(other.alias),
            hidden: self.hidden || other.hidden,
            read: self.read.or(other.read),
            is_ranked: self.is_ranked || other.is_ranked,
            unread: self.unread.or(other.unread),
        }
    }
}

fn keyword<'e>(arguments: &'e Arguments, name: &str) -> Option<&'e Expr> {
    arguments.find_keyword(name).map(|keyword| &keyword.value).filter(|value| !value.is_none_literal_expr())
}

/// Whether some arguments are handed on, so that nobody can tell which there are.
pub(super) fn hands_on(arguments: &Arguments) -> bool {
    arguments.keywords.iter().any(|keyword| keyword.arg.is_none())
}

/// What a value may say that nobody reads.
const AROUND: &str = "this may name the field; write `Field(...)` itself here";

/// What the default value of a field, or a part of its annotation, says about its name.
pub(super) fn spelling(names: &Names<'_>, value: &Expr) -> Spelling {
    let told = match value {
        Expr::Call(call) => called(names, value, call),
        _ => Spelling::default(),
    };
    let may_name = || match value {
        // What a package makes of its arguments is no description, but of what describes a field.
        Expr::Call(call) => (names.strays && names.known(&call.func).is_none()) || holds_one(names, call),
        Expr::List(_) | Expr::Tuple(_) | Expr::Dict(_) | Expr::Set(_) | Expr::Lambda(_) | Expr::NoneLiteral(_) => false,
        _ if literal_kind(value).is_some() => false,
        _ => names.strays || describes(names, value),
    };
    if told.says_nothing() && may_name() { Spelling::unread(value, AROUND) } else { told }
}

/// What the parts of an annotation say about the field's name, `Annotated[T, Field(alias=…)]`: of several the last and the
/// outermost counts.
pub(super) fn annotated(names: &Names<'_>, annotation: &Expr) -> Spelling {
    let (mut told, mut inner) = (Spelling::default(), Some(annotation));
    while let Some(Expr::Subscript(subscript)) = inner {
        let parts = arguments(subscript);
        match names.known(&subscript.value) {
            Some("Annotated") => {
                let own = parts.iter().skip(1).map(|part| spelling(names, part));
                told = told.or(own.fold(Spelling::default(), |before, next| next.or(before)));
            }
            Some("Required" | "NotRequired" | "ReadOnly" | "Final") => {}
            _ => break,
        }
        inner = parts.first();
    }
    told
}

/// Whether a call other than a description is given what names a field.
fn holds_one(names: &Names<'_>, call: &ExprCall) -> bool {
    let arguments = &call.arguments;
    let keywords = arguments.keywords.iter().map(|keyword| &keyword.value);
    let mut given = arguments.args.iter().chain(keywords);
    !matches!(names.known(&call.func), Some("Field" | "field")) && given.any(|given| describes(names, given))
}

/// Whether an expression has a call in it that names a field.
fn describes(names: &Names<'_>, value: &Expr) -> bool {
    let mut found = false;
    each_expr(value, |expr| found |= is_description(names, expr));
    found
}

fn is_description(names: &Names<'_>, expr: &Expr) -> bool {
    let Expr::Call(call) = expr else { return false };
    let may_describe = match names.known(&call.func) {
        // A column of a table that no class maps is no field's.
        Some(known) => matches!(known, "Field" | "field" | "mapped_column"),
        // Methods have arguments of these names for anything.
        None => call.func.is_name_expr(),
    };
    may_describe && !called(names, expr, call).says_nothing()
}

/// Whether something in a file names fields without standing at one: which field it comes to, only running the file tells.
pub(super) fn has_strays(names: &Names<'_>, body: &[Stmt]) -> bool {
    let mut at_fields = HashSet::new();
    each(body, |node| {
        let Node::Stmt(Stmt::ClassDef(class)) = node else { return };
        for stmt in &class.body {
            let (value, annotation) = match stmt {
                Stmt::AnnAssign(assign) => (assign.value.as_deref(), Some(&*assign.annotation)),
                Stmt::Assign(assign) => (Some(&*assign.value), None),
                _ => continue,
            };
            at_fields.extend(value.map(at));
            annotation.into_iter().for_each(|annotation| each_expr(annotation, |expr| _ = at_fields.insert(at(expr))));
        }
    });
    let mut found = false;
    each(body, |node| {
        if let Node::Expr(expr) = node {
            found |= !at_fields.contains(&at(expr)) && is_description(names, expr);
        }
    });
    found
}

/// What a call says about the name of the field that it stands at.
fn called(names: &Names<'_>, value: &Expr, call: &ExprCall) -> Spelling {
    let arguments = &call.arguments;
    match names.known(&call.func) {
        Some("PrivateAttr") => Spelling { hidden: true, ..Spelling::default() },
        Some("Field") => described(names, value, arguments),
        Some("field") => match keyword(arguments, "metadata").and_then(Expr::as_call_expr) {
            // dataclasses_json
            Some(config) if names.known(&config.func) == Some("config") => {
                literal(names, keyword(&config.arguments, "field_name"))
            }
            // msgspec; other `field` functions take no name.
            _ => literal(names, keyword(arguments, "name")),
        },
        Some("mapped_column" | "Column") => {
            literal(names, arguments.args.first().filter(|first| first.is_string_literal_expr()))
                .or(literal(names, keyword(arguments, "name")))
        }
        Some(_) => Spelling::default(),
        None => {
            let renames = ["alias", "serialization_alias", "validation_alias"];
            match renames.iter().any(|name| keyword(arguments, name).is_some()) {
                true => Spelling::unread(value, "this function names the field; call `Field` itself"),
                false => Spelling::default(),
            }
        }
    }
}

/// pydantic's `Field`: the name that it writes counts, and where one name is for reading and writing that one.
fn described(names: &Names<'_>, value: &Expr, arguments: &Arguments) -> Spelling {
    if hands_on(arguments) {
        return Spelling::unread(value, "the arguments of this `Field` are handed on; write them down");
    }
    if keyword(arguments, "exclude").and_then(Expr::as_boolean_literal_expr).is_some_and(|literal| literal.value) {
        return Spelling { hidden: true, ..Spelling::default() };
    }
    let only_written = keyword(arguments, "serialization_alias");
    let both = keyword(arguments, "alias");
    let written = only_written.or(both);
    let read = keyword(arguments, "validation_alias");
    let reading = match read.or(both) {
        Some(name) => readers(names, name).map(Read::As),
        None => only_written.map(|_| Read::Own),
    };
    if let (None, Some(expr)) = (written, read)
        && names.string(expr).is_none()
    {
        // Whatever names it is read by, it is written by its own.
        let read = readers(names, expr).map(Read::Several);
        let unread = "which names this field is read by is computed; write them as strings";
        let own = if read.is_some() { Spelling::default() } else { Spelling::unread(expr, unread) };
        return Spelling { read, ..own };
    }
    let is_ranked = keyword(arguments, "alias_priority").is_some();
    Spelling { read: reading, is_ranked, ..literal(names, written) }
}

/// The names of `validation_alias="a"` and of `validation_alias=AliasChoices("a", "b")`.
fn readers(names: &Names<'_>, expr: &Expr) -> Option<Vec<String>> {
    match expr {
        Expr::Call(call) if names.known(&call.func) == Some("AliasChoices") && call.arguments.keywords.is_empty() => {
            call.arguments.args.iter().map(|name| names.string(name)).collect()
        }
        name => Some(vec![names.string(name)?]),
    }
}

fn literal(names: &Names<'_>, name: Option<&Expr>) -> Spelling {
    let Some(expr) = name else { return Spelling::default() };
    match names.string(expr) {
        Some(name) => Spelling { alias: Some((name, at(expr))), ..Spelling::default() },
        None => Spelling::unread(expr, "the name of this field is computed; write it as a string"),
    }
}

/// What lets a call of a class name fields as the class does.
pub(super) const BY_NAME: [&str; 3] = ["allow_population_by_field_name", "populate_by_name", "validate_by_name"];

/// What somebody says of something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Said<T> {
    #[default]
    Nothing,
    This(T),
    /// Only running the code tells.
    Unread,
}

impl<T: Copy + PartialEq> Said<T> {
    /// What this says, and where it says nothing, what all others do that say something.
    pub(super) fn or(self, others: impl Iterator<Item = Self>) -> Self {
        let mut said = self;
        for other in others.filter(|other| self == Self::Nothing && *other != Self::Nothing) {
            said = if said == Self::Nothing || said == other { other } else { Self::Unread };
        }
        said
    }
}

/// How a class spells its fields, if it says so itself.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) case: Option<Case>,
    /// Whether a call of the class may name fields as the class does, and not only as they are on the wire.
    pub(super) by_name: Said<bool>,
    /// Whether values keep what is no field of theirs.
    pub(super) keeps: bool,
    /// pydantic 1 has the names of fields here too: `fields = {"total": "orderTotal"}`.
    pub(super) aliases: HashMap<String, Spelling>,
    /// What spells the fields does so only where they are written.
    pub(super) is_for_writing: bool,
    /// A function spells the fields that nobody knows.
    pub(super) is_generated: bool,
    /// It may say more than is read.
    pub(super) is_open: bool,
    /// Another file says it.
    pub(super) is_elsewhere: bool,
    pub(super) unread: Vec<Unread>,
}

impl Config {
    /// What a class says about its spelling: in its own arguments, in `model_config`, in `class Config`.
    pub(super) fn of(names: &Names<'_>, class: &StmtClassDef) -> Self {
        let mut config = Self::default();
        if let Some(arguments) = &class.arguments {
            config.arguments(names, arguments);
        }
        for decorator in &class.decorator_list {
            if let Expr::Call(call) = &decorator.expression
                && names.known(&call.func) == Some("dataclass_json")
                && let Some(value) = keyword(&call.arguments, "letter_case")
            {
                config.letter_case(value);
            }
        }
        for stmt in &class.body {
            match stmt {
                Stmt::Assign(assign) => {
                    if matches!(assign.targets.as_slice(), [Expr::Name(name)] if name.id == "model_config") {
                        config.value(names, names.constant(&assign.value));
                    }
                }
                Stmt::AnnAssign(assign) => {
                    if let (Expr::Name(name), Some(value)) = (&*assign.target, &assign.value)
                        && name.id == "model_config"
                    {
                        config.value(names, names.constant(value));
                    }
                }
                Stmt::ClassDef(inner) if inner.name.as_str() == "Config" => config.inner(names, inner),
                _ => {}
            }
        }
        config
    }

    fn arguments(&mut self, names: &Names<'_>, arguments: &Arguments) {
        for keyword in &arguments.keywords {
            match keyword.arg.as_ref().map(|name| name.as_str()) {
                Some(name) => self.entry(names, name, &keyword.value),
                None => self.refuse_all(&keyword.value, "the settings of this class are handed on; write them down"),
            }
        }
    }

    /// `ConfigDict(…)` or a dictionary.
    fn value(&mut self, names: &Names<'_>, value: &Expr) {
        match value {
            Expr::Call(ExprCall { func, arguments, .. })
                if matches!(
                    names.known(func),
                    Some("ConfigDict" | "SettingsConfigDict" | "SQLModelConfig" | "dict")
                ) =>
            {
                self.arguments(names, arguments);
            }
            Expr::Dict(dict) => {
                for item in &dict.items {
                    match item.key.as_ref().and_then(|key| names.string(key)) {
                        Some(key) => self.entry(names, &key, &item.value),
                        None => {
                            self.refuse_all(&item.value, "the settings of this class are computed; write them down")
                        }
                    }
                }
            }
            other => {
                self.is_elsewhere |= dotted(other).is_some() && names.is_foreign(other);
                self.refuse_all(other, "the settings of this class are computed; write `ConfigDict(...)` here");
            }
        }
    }

    /// pydantic 1's `class Config`.
    fn inner(&mut self, names: &Names<'_>, class: &StmtClassDef) {
        // That of a base class hands its rule on anyway.
        let other = |base: &&Expr| !dotted(base).is_some_and(|name| name.ends_with(".Config"));
        if let Some(base) = class.arguments.iter().flat_map(|arguments| &arguments.args).find(other) {
            self.refuse_all(base, "the settings of this class come from another; write them down");
        }
        for stmt in &class.body {
            match stmt {
                Stmt::Assign(assign) => match assign.targets.as_slice() {
                    [Expr::Name(name)] => self.setting(names, name.id.as_str(), &assign.value),
                    _ => self.is_open = true,
                },
                Stmt::AnnAssign(assign) => match (&*assign.target, &assign.value) {
                    (Expr::Name(name), Some(value)) => self.setting(names, name.id.as_str(), value),
                    _ => self.is_open |= assign.value.is_some(),
                },
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) | Stmt::Pass(_) => {}
                // A comment, or `...`.
                Stmt::Expr(value) => self.is_open |= value.value.is_call_expr(),
                _ => self.is_open = true,
            }
        }
    }

    fn setting(&mut self, names: &Names<'_>, name: &str, value: &Expr) {
        if name != "fields" {
            return self.entry(names, name, value);
        }
        let Expr::Dict(fields) = value else {
            return self.refuse_all(value, "the names of the fields are computed; write them as strings");
        };
        for item in &fields.items {
            let alias = match &item.value {
                Expr::Dict(entries) => entries.items.iter().find_map(|entry| {
                    let key = names.string(entry.key.as_ref()?)?;
                    (key == "alias").then_some(&entry.value)
                }),
                other => Some(other),
            };
            match item.key.as_ref().and_then(|key| names.string(key)) {
                Some(field) => _ = self.aliases.insert(field, literal(names, alias)),
                None => self.refuse_all(&item.value, "the names of the fields are computed; write them as strings"),
            }
        }
    }

    fn entry(&mut self, names: &Names<'_>, name: &str, value: &Expr) {
        match name {
            "alias_generator" => self.generator(names, value),
            name if BY_NAME.contains(&name) => {
                self.by_name =
                    value.as_boolean_literal_expr().map_or(Said::Unread, |literal| Said::This(literal.value));
            }
            "extra" => self.keeps = !matches!(names.string(value).as_deref(), Some("ignore" | "forbid")),
            // msgspec
            "rename" => match names.string(value).as_deref() {
                Some("camel") => self.case = Some(Case::Camel),
                Some("pascal") => self.case = Some(Case::Pascal),
                Some("lower") => self.case = Some(Case::Lower),
                Some("upper") => self.case = Some(Case::Upper),
                Some("kebab") => self.case = Some(Case::Kebab),
                _ => self.refuse(value, "this rule of spelling is not known; name the fields themselves"),
            },
            "metaclass" => {
                let plain = ["ABCMeta", "EnumMeta", "EnumType", "ModelMetaclass", "type"];
                if !names.known(value).is_some_and(|known| plain.contains(&known)) {
                    self.refuse(value, "a metaclass may give this class other fields; do without it");
                }
            }
            _ => {}
        }
    }

    fn generator(&mut self, names: &Names<'_>, value: &Expr) {
        if let Expr::Call(call) = value
            && names.known(&call.func) == Some("AliasGenerator")
            && !hands_on(&call.arguments)
        {
            let written = keyword(&call.arguments, "serialization_alias");
            self.is_for_writing = written.is_some() && call.arguments.len() == 1;
            if let Some(written) = written.or_else(|| call.arguments.find_argument_value("alias", 0)) {
                self.generator(names, written);
            }
            return;
        }
        let full = dotted(value).and_then(|written| names.full(&written)).unwrap_or_default();
        let (package, function) = full.rsplit_once('.').unwrap_or_default();
        let old = matches!(package, "pydantic.utils" | "pydantic.v1.utils");
        self.case = match (package, function) {
            ("pydantic.alias_generators", "to_camel") | ("humps", "camelize") => Some(Case::Camel),
            ("pydantic.alias_generators", "to_pascal") | ("humps", "pascalize") => Some(Case::Pascal),
            ("pydantic.alias_generators", "to_snake") => Some(Case::Snake),
            // pydantic 1 calls PascalCase `to_camel`.
            (_, "to_camel") if old => Some(Case::Pascal),
            (_, "to_lower_camel") if old => Some(Case::Camel),
            _ => {
                let reason = "what this alias generator does is not known; use one of pydantic.alias_generators";
                self.refuse(value, reason);
                self.is_generated = true;
                None
            }
        };
    }

    /// dataclasses_json's `LetterCase.CAMEL`.
    fn letter_case(&mut self, value: &Expr) {
        let name = dotted(value).unwrap_or_default();
        self.case = match name.rsplit('.').next().unwrap_or_default() {
            "CAMEL" => Some(Case::Camel),
            "KEBAB" => Some(Case::Kebab),
            "SNAKE" => Some(Case::Snake),
            "PASCAL" => Some(Case::Pascal),
            _ => {
                self.refuse(value, "this rule of spelling is not known; name the fields themselves");
                None
            }
        };
    }

    fn refuse_all(&mut self, expr: &Expr, reason: &str) {
        self.is_open = true;
        self.refuse(expr, reason);
    }

    fn refuse(&mut self, expr: &Expr, reason: &str) {
        self.unread.push(Unread::new(at(expr), reason));
    }
}
