//! The languages that drift is read from: one file each behind one function. A language is a feature of the crate.

use bstr::BStr;

use super::manifest::is_manifest;
use super::mentions::{write_out, write_out_imports};
use super::packages;
use super::shape::{Database, Lends, Loans, Module, Sites};

#[cfg(feature = "go")]
mod go;
#[cfg(feature = "graphql")]
mod graphql;
#[cfg(feature = "java")]
mod java;
mod json_schema;
#[cfg(any(feature = "java", feature = "kotlin"))]
mod jvm;
#[cfg(feature = "kotlin")]
mod kotlin;
#[cfg(feature = "openapi")]
mod openapi;
#[cfg(feature = "prisma")]
mod prisma;
#[cfg(feature = "protobuf")]
mod protobuf;
#[cfg(feature = "python")]
mod python;
#[cfg(feature = "rust")]
mod rust;
mod sanity;
#[cfg(feature = "sql")]
mod sql;
#[cfg(any(feature = "go", feature = "java", feature = "kotlin"))]
mod tree;
#[cfg(feature = "typescript")]
mod typescript;

/// The stack of a thread that reads files, in bytes: this much,
const STACK: usize = 64 << 20;
/// and for each byte of the file so much more: no parser takes more for a level of nesting, and no level is shorter than a
/// byte. Memory that is not used is not taken.
const STACK_FOR_EACH_BYTE: usize = 2 << 10;
/// No machine gives a thread any stack that it asks for: a reader that would need more says so.
const MOST_STACK: usize = 4 << 30;

/// The stack on which a file of so many bytes is read.
pub fn stack_for(bytes: usize) -> usize {
    bytes.saturating_mul(STACK_FOR_EACH_BYTE).min(MOST_STACK).saturating_add(STACK)
}

/// A file to read.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Where it stands, relative to the repository's top: imports are relative to it.
    pub path: &'a BStr,
    /// What it says.
    pub text: &'a str,
    /// Which of its places are mapping sites.
    pub sites: &'a Sites,
}

/// What a source is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// The array of types that `sanity schema extract` writes.
    SanitySchema,
    /// JSON Schema, any draft.
    JsonSchema,
    /// OpenAPI 3.0 and 3.1, JSON or YAML.
    OpenApi,
    /// GraphQL's schema definition language.
    GraphQl,
    /// Protocol buffers, proto2 and proto3.
    Protobuf,
    /// SQL: definitions and ordered migrations, of a database that is known or not.
    Sql(Option<Database>),
    /// Prisma's schema.
    Prisma,
    /// TypeScript and JavaScript.
    TypeScript,
    /// Python.
    Python,
    /// Rust.
    Rust,
    /// Go.
    Go,
    /// Java.
    Java,
    /// Kotlin.
    Kotlin,
}

impl Language {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 13] = [
        Self::SanitySchema,
        Self::JsonSchema,
        Self::OpenApi,
        Self::GraphQl,
        Self::Protobuf,
        Self::Sql(None),
        Self::Prisma,
        Self::TypeScript,
        Self::Python,
        Self::Rust,
        Self::Go,
        Self::Java,
        Self::Kotlin,
    ];

    /// The word that a policy uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SanitySchema => "sanity-schema",
            Self::JsonSchema => "json-schema",
            Self::OpenApi => "openapi",
            Self::GraphQl => "graphql",
            Self::Protobuf => "protobuf",
            Self::Sql(_) => "sql",
            Self::Prisma => "prisma",
            Self::TypeScript => "typescript",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::Go => "go",
            Self::Java => "java",
            Self::Kotlin => "kotlin",
        }
    }

    /// The language of a policy's word.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }

    /// The language of program code by a file's ending, for mapping sites.
    pub fn of_code(path: &BStr) -> Option<Self> {
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let (_, ending) = name.split_at(name.iter().rposition(|byte| *byte == b'.')?);
        // Some file systems and tools take `.TS` for `.ts`.
        match ending.to_ascii_lowercase().as_slice() {
            b".ts" | b".tsx" | b".mts" | b".cts" | b".js" | b".jsx" | b".mjs" | b".cjs" => Some(Self::TypeScript),
            b".py" | b".pyi" => Some(Self::Python),
            b".rs" => Some(Self::Rust),
            b".go" => Some(Self::Go),
            b".java" => Some(Self::Java),
            b".kt" | b".kts" => Some(Self::Kotlin),
            _ => None,
        }
    }

    /// Whether an import of this language can lead to the path.
    pub fn may_hold(self, path: &BStr) -> bool {
        match self {
            // A reference may lead to a file of any name.
            Self::JsonSchema | Self::OpenApi => Self::of_code(path).is_none(),
            Self::Protobuf => path.ends_with(b".proto"),
            Self::SanitySchema | Self::GraphQl | Self::Sql(_) | Self::Prisma => false,
            code => Self::of_code(path) == Some(code),
        }
    }

    /// Whether a path, that is no file of the language, can say where its imports lead.
    pub fn may_lead(self, path: &BStr) -> bool {
        match self {
            Self::TypeScript => is_manifest(path),
            Self::Go => packages::is_named(path),
            _ => false,
        }
    }

    /// Whether files of this language declare types of all kinds, so that a policy must say which are meant.
    pub const fn is_code(self) -> bool {
        matches!(self, Self::TypeScript | Self::Python | Self::Rust | Self::Go | Self::Java | Self::Kotlin)
    }

    /// Whether one type may be declared in parts: GraphQL's `extend`, schemas over several files, and migrations.
    pub const fn has_parts(self) -> bool {
        matches!(self, Self::GraphQl | Self::JsonSchema | Self::Sql(_))
    }

    /// Whether its reader goes no deeper than a document may nest, so that every stack fits it.
    pub const fn is_bounded(self) -> bool {
        matches!(self, Self::SanitySchema)
    }

    /// Whether this build of refgate reads it.
    pub const fn is_built_in(self) -> bool {
        match self {
            Self::SanitySchema | Self::JsonSchema => true,
            Self::OpenApi => cfg!(feature = "openapi"),
            Self::GraphQl => cfg!(feature = "graphql"),
            Self::Protobuf => cfg!(feature = "protobuf"),
            Self::Sql(_) => cfg!(feature = "sql"),
            Self::Prisma => cfg!(feature = "prisma"),
            Self::TypeScript => cfg!(feature = "typescript"),
            Self::Python => cfg!(feature = "python"),
            Self::Rust => cfg!(feature = "rust"),
            Self::Go => cfg!(feature = "go"),
            Self::Java => cfg!(feature = "java"),
            Self::Kotlin => cfg!(feature = "kotlin"),
        }
    }

    /// Reads a file. What cannot be read is told in the module, with its place; so this never fails.
    ///
    /// Parsers of programming languages call themselves for each level of nesting: the caller gives this a stack that
    /// fits the file ([`super::extract`]).
    pub fn read(self, source: &Source<'_>) -> Module {
        self.read_with(source, &Loans::new())
    }

    /// The same where it is known what some of the constants are that the file has from others, by their names there.
    pub fn read_with(self, source: &Source<'_>, lent: &Loans) -> Module {
        let mut module = self.parse(source, lent);
        write_out(&mut module, self, source);
        module
    }

    /// Whether files of this language have constants of others that are looked for.
    pub const fn lends(self) -> bool {
        matches!(self, Self::TypeScript)
    }

    /// What a file gives to others: of its own those constants that are wholly written out, and that nobody is meant to
    /// change.
    #[cfg_attr(not(feature = "typescript"), allow(unused_variables, reason = "no other language has them"))]
    pub fn lends_of(self, source: &Source<'_>) -> Lends {
        let mut lends = match self {
            #[cfg(feature = "typescript")]
            Self::TypeScript => typescript::lends(source),
            _ => Lends::unknown(),
        };
        write_out_imports(lends.handed_mut(), self, source);
        lends
    }

    #[cfg_attr(not(feature = "typescript"), allow(unused_variables, reason = "no other language has them"))]
    fn parse(self, source: &Source<'_>, lent: &Loans) -> Module {
        match self {
            Self::SanitySchema => sanity::read(source),
            Self::JsonSchema => json_schema::read(source),
            #[cfg(feature = "openapi")]
            Self::OpenApi => openapi::read(source),
            #[cfg(feature = "graphql")]
            Self::GraphQl => graphql::read(source),
            #[cfg(feature = "protobuf")]
            Self::Protobuf => protobuf::read(source),
            #[cfg(feature = "sql")]
            Self::Sql(database) => sql::read(source, database),
            #[cfg(feature = "prisma")]
            Self::Prisma => prisma::read(source),
            #[cfg(feature = "typescript")]
            Self::TypeScript => typescript::read(source, lent),
            #[cfg(feature = "python")]
            Self::Python => python::read(source),
            #[cfg(feature = "rust")]
            Self::Rust => rust::read(source),
            #[cfg(feature = "go")]
            Self::Go => go::read(source),
            #[cfg(feature = "java")]
            Self::Java => java::read(source),
            #[cfg(feature = "kotlin")]
            Self::Kotlin => kotlin::read(source),
            #[allow(unreachable_patterns, reason = "the languages that this build was made without")]
            other => Module::unread(0, format!("this refgate was built without the language `{}`", other.name())),
        }
    }
}
