//! Parses every TypeScript file below a folder and does nothing with it: what reading sources costs at the least.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "only benches/run starts it")]

use std::path::Path;

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    println!("{} bytes", parse(Path::new(&folder), &mut oxc_allocator::Allocator::default()));
}

fn parse(folder: &Path, allocator: &mut oxc_allocator::Allocator) -> usize {
    let mut bytes = 0;
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes += parse(&path, allocator);
            continue;
        }
        let text = fs_err::read_to_string(&path).unwrap();
        let kind = oxc_span::SourceType::from_path(&path).unwrap();
        let parsed = oxc_parser::Parser::new(allocator, &text, kind).parse();
        assert!(!parsed.panicked && parsed.program.span.size() as usize == text.len());
        bytes += text.len();
        allocator.reset();
    }
    bytes
}
