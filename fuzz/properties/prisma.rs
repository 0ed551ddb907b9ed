//! Prisma's schema, which is read by a parser of our own.

use refgate::drift::languages::{Language, Source};
use refgate::drift::shape::{Shape, Sites};

pub(crate) fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let module = Language::Prisma.read(&Source { path: "schema.prisma".into(), text, sites: &Sites::default() });
    super::declares(text, &module);
    // All or nothing.
    assert!(module.unread.is_empty() || (module.unread.len() == 1 && module.definitions.is_empty()), "{module:?}");
    for definition in &module.definitions {
        assert!(text[definition.at as usize..].starts_with(&definition.name), "{definition:?}");
        if let Shape::Object(members) = &definition.shape {
            assert!(
                members.iter().all(|member| text[member.at as usize..].starts_with(&member.name)),
                "{definition:?}"
            );
        }
    }
}
