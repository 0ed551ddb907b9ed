//! What the arguments of a constructor are on the wire, where a class lets its fields be named as Python does.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::{Expr, Stmt, StmtAnnAssign, StmtClassDef};

use crate::drift::languages::python::fields::{BY_NAME, Config, Read, Said, Spelling, annotated, spelling};
use crate::drift::languages::python::names::{Names, dotted};
use crate::drift::languages::python::walk::{Node, each, each_expr, each_while};
use crate::drift::shape::Case;

/// How many classes above one are asked for a field.
const MAX_CLASSES: usize = 32;

/// Packages whose classes are models of pydantic.
const PYDANTIC: [&str; 6] = ["beanie", "ninja", "odmantic", "pydantic", "pydantic_settings", "sqlmodel"];

/// The classes of a file that may say what their arguments are on the wire.
#[derive(Default)]
pub(super) struct Wires<'a> {
    /// Those at the top whose names mean nothing else.
    classes: HashMap<&'a str, Class<'a>>,
    /// What else of the file has the name of a class, or is one.
    unclear: HashMap<&'a str, Vec<Class<'a>>>,
    /// Some class of the file lets fields be named so.
    is_by_name: bool,
    /// Names come in whole, and may be those of the classes.
    has_star: bool,
}

/// A class of a file.
struct Class<'a> {
    kind: Kind,
    by_name: Said<bool>,
    case: Said<Case>,
    /// It keeps arguments that are no fields.
    keeps: bool,
    /// An old class has names of fields in its settings, which count below it too.
    renames: bool,
    bases: Vec<&'a str>,
    fields: HashMap<String, Wire>,
}

/// What makes a class of another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// No model.
    Plain,
    /// A model of pydantic, all the way up.
    Model,
    /// Something above it is of another file.
    Elsewhere,
    /// Something above it is of this file, and only running it tells which.
    Doubtful,
}

/// What a class says of the name of an argument on the wire.
#[derive(PartialEq, Eq)]
enum Wire {
    Nothing,
    Alias(String),
    /// The argument is read by this name anyway, and written by another.
    Written(String),
    /// The argument is read by this name anyway, and is a field that says nothing of the one by which it is written.
    Reads(String),
    /// The class has something of this name that need not be a field.
    Member,
    Unread,
}

/// The name of an argument on the wire.
pub(super) enum Argument {
    Own,
    Other(String),
    Unread,
}

impl<'a> Wires<'a> {
    pub(super) fn of(names: &Names<'_>, body: &'a [Stmt]) -> Self {
        let mut wires = Self { has_star: names.given.has_star(), ..Self::default() };
        for class in body.iter().filter_map(Stmt::as_class_def_stmt) {
            if names.given.once(&class.name) {
                let read = wires.read(names, class);
                wires.classes.insert(&class.name, read);
            }
        }
        each(body, |node| match node {
            Node::Stmt(Stmt::ClassDef(class)) if !wires.classes.contains_key(class.name.as_str()) => {
                let read = wires.read(names, class);
                wires.unclear.entry(&class.name).or_default().push(read);
            }
            Node::Stmt(Stmt::Assign(assign)) if wires.kind_beyond(names, &assign.value) == Kind::Doubtful => {
                for name in assign.targets.iter().filter_map(Expr::as_name_expr) {
                    wires.unclear.entry(&name.id).or_default().push(Class::doubtful());
                }
            }
            _ => {}
        });
        wires.is_by_name =
            wires.classes.values().chain(wires.unclear.values().flatten()).any(|class| class.gives_other_names());
        wires
    }

    fn read(&self, names: &Names<'_>, class: &'a StmtClassDef) -> Class<'a> {
        let config = Config::of(names, class);
        let bases = || class.arguments.iter().flat_map(|arguments| &arguments.args).map(head);
        let own = |base: &Expr| self.named(names, base).map(|(name, _)| name);
        let plain: Vec<&'a str> = bases().filter_map(own).collect();
        let above = || plain.iter().filter_map(|base| self.classes.get(base));
        let is_old = bases().any(|base| full(names, base).starts_with("pydantic.v1."));
        let (by_name, case) = settings(&config, class);
        let mut read = Class {
            kind: self.kind(names, class),
            by_name: by_name.or(above().map(|base| base.by_name)),
            case: case.or(above().map(|base| base.case)),
            keeps: config.keeps || above().any(|base| base.keeps),
            renames: above().any(|base| base.renames),
            bases: Vec::new(),
            fields: HashMap::new(),
        };
        let (stored, is_open) = stored(class);
        if is_open {
            read.kind = Kind::Doubtful;
        }
        // What is written to in another way may be a field as well, or no longer.
        read.fields.extend(stored.keys().map(|name| ((*name).to_owned(), Wire::Member)));
        let mut aliases = Vec::new();
        for assign in class.body.iter().filter_map(Stmt::as_ann_assign_stmt) {
            let Expr::Name(name) = &*assign.target else { continue };
            let name = name.id.as_str();
            // Only the first pydantic has names of fields there.
            let is_clear = stored.get(name) == Some(&1) && (is_old || !config.aliases.contains_key(name));
            let (wire, others) =
                if is_clear { field(names, &config, &read, (name, assign)) } else { (Wire::Unread, Vec::new()) };
            read.fields.insert(name.to_owned(), wire);
            aliases.extend(others);
        }
        for (alias, wire) in aliases {
            // What several fields are read by is no one's.
            let wire = if read.fields.contains_key(&alias) { Wire::Unread } else { wire };
            read.fields.insert(alias, wire);
        }
        read.renames |= !config.aliases.is_empty();
        read.bases = plain;
        read
    }

    fn kind(&self, names: &Names<'_>, class: &StmtClassDef) -> Kind {
        // Classes of other packages get arguments by the names that pydantic knows there too.
        let is_made = class.decorator_list.iter().any(|decorator| {
            let made = &decorator.expression;
            is_of_pydantic(names, made.as_call_expr().map_or(made, |call| &call.func))
        });
        let own = if is_made { Kind::Elsewhere } else { Kind::Plain };
        let bases = class.arguments.iter().flat_map(|arguments| &arguments.args).map(head);
        let bases = bases.map(|base| {
            let own = self.named(names, base).map(|(_, class)| class.kind);
            own.unwrap_or_else(|| self.kind_beyond(names, base))
        });
        bases.fold(own, Kind::max)
    }

    /// The class of this file that an expression names, by another name too.
    fn named(&self, names: &Names<'_>, expr: &Expr) -> Option<(&'a str, &Class<'a>)> {
        let name = names.constant(expr).as_name_expr()?;
        self.classes.get_key_value(name.id.as_str()).map(|(name, class)| (*name, class))
    }

    /// What a class makes of others whose expression is no class that is read here.
    fn kind_beyond(&self, names: &Names<'_>, expr: &Expr) -> Kind {
        let value = names.constant(expr);
        let call = value.as_call_expr();
        let value = head(call.map_or(value, |call| &call.func));
        let known = names.known(value);
        match call {
            None if known.is_some() && names.is_foreign(value) => {
                if is_of_pydantic(names, value) {
                    Kind::Model
                } else {
                    Kind::Plain
                }
            }
            // These make a class of what they are given.
            Some(_) if matches!(known, Some("create_model" | "type")) => Kind::Doubtful,
            _ if names.is_foreign(value) => Kind::Elsewhere,
            _ => Kind::Doubtful,
        }
    }

    /// What an argument of a class is on the wire, if the class, or `by_name` this call of it, lets it have another name.
    /// `given` are all that it gets.
    pub(super) fn wire(&self, class: &str, argument: &str, given: &HashSet<&str>, by_name: bool) -> Argument {
        if let Some(own) = self.classes.get(class) {
            return match self.told(own, argument, given, by_name) {
                Argument::Other(_) if self.has_star => Argument::Unread,
                told => told,
            };
        }
        let Some(unclear) = self.unclear.get(class.rsplit('.').next().unwrap_or_default()) else {
            return Argument::Own;
        };
        // It may be any of them, and no one of them too.
        let may_differ = |own| !matches!(self.told(own, argument, given, by_name), Argument::Own);
        match unclear.len() > MAX_CLASSES || unclear.iter().any(may_differ) {
            true => Argument::Unread,
            false => Argument::Own,
        }
    }

    fn told(&self, own: &Class<'a>, argument: &str, given: &HashSet<&str>, by_name: bool) -> Argument {
        if own.kind == Kind::Doubtful && self.is_by_name && own.by_name != Said::This(false) {
            return Argument::Unread;
        }
        let Some(wire) = self.field(own, argument) else { return Argument::Own };
        let by_name = if by_name && own.kind == Kind::Model { Said::This(true) } else { own.by_name };
        match (own.kind, by_name, wire) {
            (Kind::Plain, ..) => Argument::Own,
            (Kind::Model, _, Wire::Written(written)) => Argument::Other(written.clone()),
            (Kind::Model, _, Wire::Reads(field)) => own.spelt(field),
            (.., Wire::Written(_) | Wire::Reads(_)) => Argument::Unread,
            // It may be read by its own name, and written by another, whatever the class lets others do.
            (Kind::Model, _, Wire::Unread) => Argument::Unread,
            (_, Said::This(false), _) | (Kind::Model, Said::Nothing, _) => Argument::Own,
            // What a class of another file says of all its fields is not seen for those that it has itself either.
            (.., Wire::Nothing) if own.case == Said::Nothing => Argument::Own,
            (_, Said::Nothing, Wire::Nothing | Wire::Member) => Argument::Own,
            (Kind::Elsewhere | Kind::Doubtful, ..) | (_, Said::Unread, _) => Argument::Unread,
            (.., Wire::Member) => Argument::Unread,
            // One of them is another field then.
            (.., Wire::Alias(alias)) if own.keeps && given.contains(alias.as_str()) => Argument::Unread,
            (.., Wire::Alias(alias)) => Argument::Other(alias.clone()),
            (.., Wire::Nothing) => own.spelt(argument),
        }
    }

    /// What the classes that a field may be of say of it, which must be one thing.
    fn field<'b>(&'b self, own: &'b Class<'a>, name: &str) -> Option<&'b Wire> {
        let mut found: Option<&Wire> = None;
        let mut rest: Vec<&str> = Vec::new();
        let mut next = Some(own);
        for _ in 0..MAX_CLASSES {
            if let Some(class) = next {
                match class.fields.get(name) {
                    Some(wire) if found.is_some_and(|before| before != wire) => return Some(&Wire::Unread),
                    Some(wire) => found = Some(wire),
                    None => rest.extend(class.bases.iter().take(MAX_CLASSES)),
                }
            }
            let Some(base) = rest.pop() else { return found };
            next = self.classes.get(base);
        }
        Some(&Wire::Unread)
    }
}

impl Class<'_> {
    /// A class of which nothing is known.
    fn doubtful() -> Self {
        Self {
            kind: Kind::Doubtful,
            by_name: Said::Nothing,
            case: Said::Nothing,
            keeps: false,
            renames: false,
            bases: Vec::new(),
            fields: HashMap::new(),
        }
    }

    /// What a field of the class that says nothing itself is on the wire.
    fn spelt(&self, field: &str) -> Argument {
        match self.case {
            Said::Nothing => Argument::Other(field.to_owned()),
            Said::This(case) => Argument::Other(case.apply(field)),
            Said::Unread => Argument::Unread,
        }
    }

    /// Whether an argument may have another name on the wire, by what the class itself says.
    fn gives_other_names(&self) -> bool {
        let may_be_other = self.kind != Kind::Plain && !matches!(self.by_name, Said::Nothing | Said::This(false));
        may_be_other || self.fields.values().any(|wire| matches!(wire, Wire::Written(_) | Wire::Reads(_)))
    }
}

/// What a class itself says of its fields' names, where it says it once.
fn settings(config: &Config, class: &StmtClassDef) -> (Said<bool>, Said<Case>) {
    let (stored, _) = stored(class);
    let told = |name| stored.get(name).copied().unwrap_or_default();
    let read = class.body.iter().filter(|stmt| match stmt {
        Stmt::Assign(assign) => matches!(assign.targets.as_slice(), [Expr::Name(name)] if name.id == "model_config"),
        Stmt::AnnAssign(assign) => assign.target.as_name_expr().is_some_and(|name| name.id == "model_config"),
        Stmt::ClassDef(inner) => inner.name.as_str() == "Config",
        _ => false,
    });
    let inside = read.count();
    let keywords = class.arguments.iter().flat_map(|arguments| &arguments.keywords);
    // What makes a table of a class does not name its fields.
    let is_keyword = keywords.filter_map(|keyword| keyword.arg.as_ref()).any(|name| {
        let name = name.as_str();
        name == "alias_generator" || BY_NAME.contains(&name)
    });
    if config.is_elsewhere && inside == 1 {
        return (Said::Unread, Said::Nothing);
    }
    let is_once = inside == told("model_config") + told("Config") && inside + usize::from(is_keyword) < 2;
    if !is_once || config.is_open {
        return (Said::Unread, Said::Unread);
    }
    let case = match config.case {
        Some(case) => Said::This(case),
        None if config.is_generated => Said::Unread,
        None => Said::Nothing,
    };
    // What is only spelt so where it is written has its own name here.
    let by_name = if config.is_for_writing { Said::This(true) } else { config.by_name };
    (by_name, case)
}

/// How often the body of a class writes to each name, and whether it may write to others.
fn stored(class: &StmtClassDef) -> (HashMap<&str, usize>, bool) {
    let (mut stored, mut is_open): (HashMap<&str, usize>, bool) = (HashMap::new(), false);
    let mut count = |name| *stored.entry(name).or_default() += 1;
    each_while(&class.body, |node| match node {
        Node::Stmt(Stmt::FunctionDef(function)) => {
            count(function.name.as_str());
            false
        }
        Node::Stmt(Stmt::ClassDef(inner)) => {
            count(inner.name.as_str());
            false
        }
        Node::Expr(Expr::Lambda(_)) => false,
        Node::Expr(Expr::Name(name)) => {
            is_open |= matches!(name.id.as_str(), "__annotations__" | "eval" | "exec" | "locals" | "vars");
            if !name.ctx.is_load() {
                count(name.id.as_str());
            }
            true
        }
        Node::Parameter(name) => {
            count(name.as_str());
            true
        }
        _ => true,
    });
    (stored, is_open)
}

/// What a field says of its name at its place, and in the settings of an old class; and what the other names are by which it
/// is read.
fn field(
    names: &Names<'_>,
    config: &Config,
    class: &Class<'_>,
    (name, assign): (&str, &StmtAnnAssign),
) -> (Wire, Vec<(String, Wire)>) {
    // That of a column is the table's, and what other packages say is not for their constructors.
    let is_other = |value: &&Expr| {
        let made = value.as_call_expr().and_then(|call| names.known(&call.func));
        matches!(made, Some("Column" | "field" | "mapped_column"))
    };
    let value = assign.value.as_deref().filter(|value| !is_other(value));
    let own = value.map(|value| spelling(names, value)).unwrap_or_default();
    let inner = annotated(names, &assign.annotation);
    let told = [Some(&own), Some(&inner), config.aliases.get(name)];
    let told: Vec<&Spelling> = told.into_iter().flatten().collect();
    // pydantic puts together what stands at several places.
    let said = |told: &&&Spelling| told.alias.is_some() || told.read.is_some();
    let is_unread = |told: &&Spelling| told.unread.is_some() && !matches!(told.read, Some(Read::Several(_)));
    let is_told_twice = told.iter().filter(said).count() > 1;
    if is_told_twice || may_name(names, &assign.annotation) || told.iter().any(|told| is_unread(told) || told.is_ranked)
    {
        return (Wire::Unread, Vec::new());
    }
    let Some(told) = told.iter().find(said) else {
        return (if class.renames { Wire::Unread } else { Wire::Nothing }, Vec::new());
    };
    let readers = match &told.read {
        Some(Read::As(readers) | Read::Several(readers)) => readers.as_slice(),
        Some(Read::Own) | None => &[],
    };
    let is_read_anyway = told.read == Some(Read::Own) || readers.iter().any(|reader| reader == name);
    let others = readers.iter().filter(|reader| *reader != name);
    let Some((written, _)) = &told.alias else {
        let reads = || Wire::Reads(name.to_owned());
        let own = if is_read_anyway { reads() } else { Wire::Nothing };
        return (own, others.map(|reader| (reader.clone(), reads())).collect());
    };
    let own = if is_read_anyway { Wire::Written(written.clone()) } else { Wire::Alias(written.clone()) };
    let others = others.filter(|reader| *reader != written);
    (own, others.map(|reader| (reader.clone(), Wire::Written(written.clone()))).collect())
}

/// Whether what an annotation is called by may name its field: a file that names fields elsewhere than at them may do so in
/// any type that it gives a name to.
fn may_name(names: &Names<'_>, annotation: &Expr) -> bool {
    if !names.strays {
        return false;
    }
    let is_type = |name: &str| names.classes.contains(name) || names.variables.contains_key(name);
    let is_own = |name: &str| names.given.is_own(name) && !is_type(name);
    let mut found = false;
    each_expr(annotation, |part| match part {
        Expr::Name(name) => found |= is_own(name.id.as_str()),
        Expr::StringLiteral(text) => {
            let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
            found |= text.value.to_str().split(|letter| !is_part(letter)).any(is_own);
        }
        _ => {}
    });
    found
}

/// A base class without its type arguments.
fn head(base: &Expr) -> &Expr {
    base.as_subscript_expr().map_or(base, |subscript| &subscript.value)
}

fn full(names: &Names<'_>, expr: &Expr) -> String {
    dotted(expr).and_then(|written| names.full(&written)).unwrap_or_default()
}

fn is_of_pydantic(names: &Names<'_>, expr: &Expr) -> bool {
    PYDANTIC.contains(&full(names, expr).split('.').next().unwrap_or_default())
}
