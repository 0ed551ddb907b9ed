//! TypeScript and JavaScript: interfaces, type aliases, classes, enums, zod, Sanity's schema calls, by oxc's parser.

use std::cell::Cell;

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::SourceType;

use super::Source;
use crate::drift::shape::{Lends, Loans, Module, Unread};
use file::File;
use lent::Lender;

mod assigned;
mod bindings;
mod callbacks;
mod class;
mod constants;
mod declared;
mod decorators;
mod doubtful;
mod dsl;
mod exports;
mod file;
mod filled;
mod guard;
mod handed;
mod hooks;
mod imports;
mod itself;
mod lends;
mod lent;
mod literals;
mod lookup;
mod marks;
mod mixed;
mod origins;
mod parts;
mod patched;
mod patches;
mod plain;
mod readers;
mod reasons;
mod records;
mod references;
mod renamed;
mod returns;
mod said;
mod sanity_calls;
mod scopes;
mod shared;
mod sites;
mod tables;
mod trails;
mod types;
mod utilities;
mod watched;
mod zod;
mod zod_methods;

#[cfg(test)]
mod tests;

thread_local! {
    /// The memory of the last tree, for the next one.
    static ARENA: Cell<Allocator> = Cell::default();
}

pub(super) fn read(source: &Source<'_>, lent: &Loans) -> Module {
    parsed(source, |source, arena, program| File::read(File::new(source, program, Lender::of(lent, arena))))
        .unwrap_or_else(|unread| Module { unread: vec![unread], ..Module::default() })
}

/// What a file gives to others; nothing is known of one that cannot be read.
pub(super) fn lends(source: &Source<'_>) -> Lends {
    let none = Loans::new();
    let lends = parsed(source, |source, arena, program| File::new(source, program, Lender::of(&none, arena)).lends());
    lends.unwrap_or_else(|_| Lends::unknown())
}

/// Does something with the tree of a file.
fn parsed<T>(
    source: &Source<'_>,
    work: impl for<'a> FnOnce(&Source<'a>, &'a Allocator, &'a Program<'a>) -> T,
) -> Result<T, Unread> {
    let kind = source_type(source.path);
    guard::check(source.text, kind.is_typescript())?;
    let mut arena = ARENA.take();
    let done = parse(source, &arena, kind, work);
    arena.reset();
    ARENA.set(arena);
    done
}

fn parse<T>(
    source: &Source<'_>,
    arena: &Allocator,
    kind: SourceType,
    work: impl for<'a> FnOnce(&Source<'a>, &'a Allocator, &'a Program<'a>) -> T,
) -> Result<T, Unread> {
    let options = ParseOptions { preserve_parens: false, enable_ident_hashes: false, ..ParseOptions::default() };
    let tree = Parser::new(arena, source.text, kind).with_options(options).parse();
    if let Some(error) = tree.diagnostics.first() {
        let label = error.labels.first();
        let at = label.map_or(0, |label| label.offset());
        return Err(Unread::new(at, "the file has a syntax error here"));
    }
    if tree.panicked {
        return Err(Unread::new(0, "the file has a syntax error"));
    }
    Ok(work(source, arena, &tree.program))
}

/// What the file's name says about its syntax. Only names that end in `x` have elements (`<b>`), in TypeScript; scripts
/// and modules are told apart by what they say.
fn source_type(path: &[u8]) -> SourceType {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let ends = |ending: &[u8]| name.ends_with(ending);
    if ends(b".d.ts") || ends(b".d.mts") || ends(b".d.cts") {
        SourceType::d_ts()
    } else if ends(b".tsx") {
        SourceType::tsx()
    } else if ends(b".js") || ends(b".jsx") || ends(b".mjs") || ends(b".cjs") {
        SourceType::unambiguous().with_jsx(true)
    } else {
        SourceType::ts()
    }
}
