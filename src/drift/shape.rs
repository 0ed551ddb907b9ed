//! What a source file declares, whatever language it is written in. Extractors translate a syntax tree into this and
//! decide nothing: what a name refers to, what is inherited and which fields count is found out in one place for all of
//! them ([`super::resolve`]).

mod known;
mod lent;
mod package;
mod spelling;
mod walks;

use std::collections::{BTreeMap, BTreeSet};

use bstr::BString;

pub use known::{IfKnown, When};
pub use lent::{Constant, Constants, Given, Lends, Loan, Loans};
pub use package::{Other, Package, Writer};
pub use spelling::{Database, Spelling, databases};

/// All that one file says. Offsets are in bytes from the beginning of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// The types, in the order of the file. Definitions of one name in one source are taken together.
    pub definitions: Vec<Definition>,
    /// Where the file's foreign names come from.
    pub imports: Vec<Import>,
    /// Constants of other files that its places may name: what they are, those who read the file have to say.
    pub wanted: Vec<Import>,
    /// What other files see of it, where it says so itself; else all that it declares and imports.
    pub exports: Option<Exports>,
    /// Where the file writes into fields of a contract.
    pub sites: Vec<Site>,
    /// What counts only if the contract has something of it.
    pub if_known: Vec<IfKnown>,
    /// What could not be read and belongs to no type: a syntax error, most of all.
    pub unread: Vec<Unread>,
    /// What a migration does to tables, in the order of the file; other sources have none.
    pub steps: Vec<Step>,
    /// How a file of SQL spells names.
    pub spelling: Spelling,
    /// The files of the source have one namespace, and may declare parts of one type each (GraphQL's `extend`).
    pub is_shared: bool,
    /// What the file declares under one name are parts of one type (TypeScript's interfaces).
    pub is_merged: bool,
    /// A name of this file is one thing, whatever brings it in, and what it imports by name is there (Python).
    pub is_exact: bool,
    /// Of members of one name the outermost counts, and none where that is not one (Go's embedding).
    pub is_leveled: bool,
    /// Modules stand where other files say they do (Rust).
    pub is_placed: bool,
    /// Files that are not what they would be by their names, as this file says where its modules stand (Rust's `#[path]`).
    pub elsewhere: Vec<BString>,
    /// Types of other files that this file writes out by code of its own.
    pub written: Vec<Written>,
    /// Names that the file takes for the language's, with their first places, though an import of all names of another
    /// file may bring others in (Rust).
    pub assumed: BTreeMap<String, u32>,
    /// The definitions, by their places, that no code but what they derive can write out (Rust).
    pub sealed: BTreeSet<u32>,
    /// The definitions, by their places, that are made by what their type parameters are where nothing is given for them
    /// (TypeScript).
    pub guessed: BTreeSet<u32>,
    /// The definitions, by their places, that are other names: what is given to them is given to what they stand for.
    pub second_names: BTreeSet<u32>,
    /// What a file of Go is part of.
    pub package: Package,
}

/// A type whose fields code decides that stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The type, as the file calls it.
    pub name: String,
    /// Where.
    pub at: u32,
    /// What is there.
    pub reason: String,
    /// What kind of value it makes of a type without fields.
    pub kind: Kind,
}

/// A named type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The name that a contract knows it by; of nested types the dotted one (`Order.Line`).
    pub name: String,
    /// Where the name stands.
    pub at: u32,
    /// What it is made of.
    pub shape: Shape,
    /// How its members are spelt on the wire, and those of types that inherit from it, unless they say so themselves.
    pub case: Option<Case>,
}

/// The structure of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A value without parts.
    Scalar {
        /// What kind of value.
        kind: Kind,
        /// Only listed values are allowed: an enum, a union of literals.
        enumerated: bool,
    },
    /// Members by name.
    Object(Vec<Member>),
    /// Any number of values of one shape.
    Array(Box<Shape>),
    /// Values of one shape behind any keys.
    Map(Box<Shape>),
    /// A type by its name, as the file calls it: `Order`, `models.Order`.
    Named {
        /// The name.
        name: String,
        /// Where it stands.
        at: u32,
        /// What stands in for its type parameters, in their order; those that are left out are what they say themselves.
        arguments: Vec<Shape>,
    },
    /// What a reference to the definition that it stands in gives for a type parameter.
    Variable {
        /// Which of them.
        place: usize,
        /// What it is where nothing is given for it.
        otherwise: Box<Shape>,
    },
    /// The members of all of these: intersections, inheritance, embedding, `flatten`, `allOf`.
    All(Vec<Shape>),
    /// One of these: unions, `oneOf`. `null` and `undefined` are left out.
    Any(Vec<Shape>),
    /// Some members only.
    Pick(Box<Shape>, BTreeSet<String>),
    /// All but some members.
    Omit(Box<Shape>, BTreeSet<String>),
    /// Something of unknown kind that is written down as such (`any`, a type of a package): it counts as every kind.
    Opaque,
    /// What cannot be read without running the code: a computed key, a spread of a value, a call.
    Unread(Unread),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name on the wire.
    pub name: String,
    /// The source spells the name on the wire itself (an alias, a tag, `rename`): no [`Case`] applies to it.
    pub explicit: bool,
    /// Where the member stands: its name, or the string that gives its name on the wire.
    pub at: u32,
    /// What stands behind it.
    pub shape: Shape,
    /// What identifies the member whatever it is called: protobuf's field number.
    pub identity: Option<u64>,
}

/// The kinds of values that a policy can choose from, on the wire: dates, UUIDs and decimals as text are strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Text.
    String,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    Array,
    /// Members by name.
    Object,
    /// Nobody can tell.
    Unknown,
}

impl Kind {
    /// The word used in every output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
            Self::Unknown => "unknown",
        }
    }
}

/// A rule of spelling that turns the names of members into names on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `lowercase`, without separators.
    Lower,
    /// `UPPERCASE`, without separators.
    Upper,
    /// `PascalCase`.
    Pascal,
    /// `camelCase`.
    Camel,
    /// `snake_case`.
    Snake,
    /// `SCREAMING_SNAKE_CASE`.
    ScreamingSnake,
    /// `kebab-case`.
    Kebab,
    /// `SCREAMING-KEBAB-CASE`.
    ScreamingKebab,
}

/// A name, or all names, of other files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// What this file calls it; `None` takes every name as it is (`import *`, a Go package's own files).
    pub local: Option<String>,
    /// What the other file calls it; `None` is the other file as a whole, whose names follow a dot.
    pub name: Option<String>,
    /// The files that it may be, relative to the repository's top; the first that exists. One that ends in `/` is every
    /// file of that folder (`/` alone is the top). None for a package from elsewhere; an empty one at the end means that
    /// it is one if none of the others exists. Go says a package's path ([`Self::package`]).
    pub from: Vec<BString>,
}

/// What other files see of a file that says so itself. An import that finds nothing here leads nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// Names that the file hands on, and those of which it hands on all; `local` is what others call them. What comes from
    /// the file itself, and from nowhere else, is one of its own names, and all that follows it behind a dot.
    pub names: Vec<Import>,
    /// The definitions that others do not see, by their places.
    pub hidden: BTreeSet<u32>,
    /// The definitions that the file itself does not see by their names.
    pub outside: BTreeSet<u32>,
    /// The definitions that every file sees, without an import.
    pub global: BTreeSet<u32>,
    /// What the file adds to types of other files, with its places.
    pub additions: Vec<(String, u32)>,
}

/// A place that writes into, or names, a field of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// What the code does there.
    pub form: Form,
    /// The type, where the code says it: a discriminator's value, a declared type.
    pub ty: Option<String>,
    /// The path, as written or as the keys of a literal spell it (`a.b`, arrays as `[]`).
    pub path: String,
    /// Where it stands.
    pub at: u32,
}

/// The forms of mapping sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// The literal argument of a declared mapping function.
    Call,
    /// A value of a declared mapping table.
    Table,
    /// A key of an object literal with a discriminator or a declared type.
    Literal,
    /// A string path in a patch, `set({'shippingAddress.city': …})`.
    Patch,
}

/// Which places of a file are mapping sites, by policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sites {
    /// Mapping functions by name (`map`, `mapper.map`), with the 1-based argument that is a path of the contract.
    pub functions: Vec<(String, usize)>,
    /// Names of constants that are mapping tables, whose values (string literals) are paths of the contract.
    pub tables: BTreeSet<String>,
    /// The member of an entry that is its path, where the entries of the tables are records (`FIELD_MAP.*.path`).
    pub table_member: Option<String>,
    /// The keys whose literal value names the type of the object around them: `_type`.
    pub discriminators: BTreeSet<String>,
    /// Types whose literals are mappings, by name: `const x: Order = {…}`, `Order(…)`, `Order{…}`.
    pub types: BTreeSet<String>,
    /// Methods whose object argument has paths as keys: `set`, `setIfMissing`, or with their receiver, `patch.set`.
    pub patches: BTreeSet<String>,
}

impl Sites {
    /// Whether no place can be one.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The patches that end in the name of a method; each with its receiver, if it has to have one.
    pub fn patches_named<'s>(&'s self, method: &'s str) -> impl Iterator<Item = (&'s str, Option<&'s str>)> {
        self.patches.iter().filter_map(move |name| match name.rsplit_once('.') {
            Some((receiver, last)) => (last == method).then_some((name.as_str(), Some(receiver))),
            None => (name == method).then_some((name.as_str(), None)),
        })
    }

    /// The patches that are known by their receivers.
    pub fn patches_of_receivers(&self) -> impl Iterator<Item = &str> {
        self.patches.iter().map(String::as_str).filter(|name| name.contains('.'))
    }
}

/// Why a mapping function that is not called is unread.
pub const HANDED_ON: &str = "a mapping function is handed on, and what it maps then is not known: call it by its name";

/// Why a use of a mapping table is unread that does more than read it.
pub const TABLE_CHANGED: &str = "a mapping table may be changed here, and what it maps then is not known: write its entries down, or hand on a copy";

/// A place that cannot be read without running the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Where.
    pub at: u32,
    /// What is there, and what to write instead where that is known: one sentence of printable ASCII without a full stop.
    pub reason: String,
}

/// What a statement of a migration does. A table of a schema that is no default has a dotted name (`audit.orders`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `CREATE TABLE`; with `if_missing` it does nothing to one that is there.
    Create {
        /// The table.
        table: String,
        /// Its columns.
        columns: Vec<Member>,
        /// `IF NOT EXISTS`.
        if_missing: bool,
        /// Where the table's name stands.
        at: u32,
    },
    /// `DROP TABLE`; with `if_there` a table that is not is nothing to tell.
    Drop {
        /// The table.
        table: String,
        /// `IF EXISTS`.
        if_there: bool,
        /// Where the table's name stands.
        at: u32,
    },
    /// `ALTER TABLE … RENAME TO`.
    Rename {
        /// The table before.
        from: String,
        /// The table after.
        to: String,
        /// Whether what is renamed may be no table.
        if_there: bool,
        /// Where the new name stands.
        at: u32,
    },
    /// `ADD COLUMN`; with `if_missing` it does nothing to one that is there.
    AddColumn {
        /// The table.
        table: String,
        /// The column.
        column: Member,
        /// `IF NOT EXISTS`.
        if_missing: bool,
    },
    /// The new description of a column that is there.
    SetColumn {
        /// The table.
        table: String,
        /// The column.
        column: Member,
    },
    /// A check that lets listed values pass only, on a column that is there.
    Enumerate {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Where the check names it.
        at: u32,
    },
    /// `DROP COLUMN`; with `if_there` a column that is not is nothing to tell.
    DropColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// `IF EXISTS`.
        if_there: bool,
        /// Where the column's name stands.
        at: u32,
    },
    /// `RENAME COLUMN`, or MySQL's `CHANGE`.
    RenameColumn {
        /// The table.
        table: String,
        /// The column before.
        from: String,
        /// The column after.
        to: String,
        /// Where the new name stands.
        at: u32,
    },
}

impl Shape {
    /// Text.
    pub const STRING: Self = Self::scalar(Kind::String);
    /// A number.
    pub const NUMBER: Self = Self::scalar(Kind::Number);
    /// True or false.
    pub const BOOLEAN: Self = Self::scalar(Kind::Boolean);

    /// A value without parts.
    pub const fn scalar(kind: Kind) -> Self {
        Self::Scalar { kind, enumerated: false }
    }

    /// One of listed values.
    pub const fn enumerated(kind: Kind) -> Self {
        Self::Scalar { kind, enumerated: true }
    }

    /// What cannot be read, and why.
    pub fn unread(at: u32, reason: impl Into<String>) -> Self {
        Self::Unread(Unread::new(at, reason))
    }

    /// A type by its name, without arguments.
    pub fn named(name: impl Into<String>, at: u32) -> Self {
        Self::Named { name: name.into(), at, arguments: Vec::new() }
    }

    /// A type by its full name, whatever nested type has that name where it is used.
    pub fn exactly(name: &str, at: u32) -> Self {
        Self::named(format!(".{name}"), at)
    }

    /// The type with what stands in for its parameters; what is no type by its name has none.
    #[must_use]
    pub fn given(mut self, given: Vec<Self>) -> Self {
        if let Self::Named { arguments, .. } = &mut self {
            *arguments = given;
        }
        self
    }

    /// What is given for a type parameter.
    pub fn variable(place: usize, otherwise: Self) -> Self {
        Self::Variable { place, otherwise: Box::new(otherwise) }
    }

    /// One of these, each scalar once; `None` without any.
    pub fn one_of(shapes: Vec<Self>) -> Option<Self> {
        let mut distinct: Vec<Self> = Vec::new();
        for shape in shapes {
            if !(matches!(shape, Self::Scalar { .. } | Self::Opaque) && distinct.contains(&shape)) {
                distinct.push(shape);
            }
        }
        if distinct.len() > 1 { Some(Self::Any(distinct)) } else { distinct.pop() }
    }
}

impl Member {
    /// A member whose name is what its definition's [`Case`] makes of it.
    pub fn new(name: impl Into<String>, at: u32, shape: Shape) -> Self {
        Self { name: name.into(), explicit: false, at, shape, identity: None }
    }

    /// The source spells the name on the wire.
    #[must_use]
    pub fn explicit(mut self) -> Self {
        self.explicit = true;
        self
    }
}

impl Unread {
    /// A place and what is there.
    pub fn new(at: u32, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }
}

impl Module {
    /// Its imports, and what it hands on to others.
    pub fn all_imports(&self) -> impl Iterator<Item = &Import> {
        self.imports.iter().chain(self.exports.iter().flat_map(|exports| &exports.names))
    }

    /// A file of which nothing can be read.
    pub fn unread(at: u32, reason: impl Into<String>) -> Self {
        Self { unread: vec![Unread::new(at, reason)], ..Self::default() }
    }
}
