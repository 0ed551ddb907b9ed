use proptest::prelude::*;

use super::*;
use crate::drift::shape::Sites;

const SCHEMA: &str = r#"
generator client {
  provider = "prisma-client-js"
  binaryTargets = ["native", "debian"]
}

/* two
   lines */
model Order {
  id       Int      @id @default(autoincrement()) // first
  status   Status   @default(OPEN) @map("order_status")
  lines    Line[]
  note     String?  @db.VarChar(255)
  place    Unsupported("circle")?
  @@index([status, note(sort: Desc)], name: "by }status")
}

enum Status {
  OPEN @map("open")
  DONE
}
"#;

fn module(text: &str) -> Module {
    read(&Source { path: "schema.prisma".into(), text, sites: &Sites::default() })
}

#[test]
fn hostile_nesting_is_told_and_takes_no_time() {
    for text in [
        "(".repeat(100_000),
        format!("model A {{ a Int @x{}", "(".repeat(100_000)),
        "model A {".repeat(10_000),
        "\"".repeat(99_999),
        "/*".repeat(100_000),
        format!("model A {{ a Int @b({}", "\"\\".repeat(100_000)),
    ] {
        assert_eq!(module(&text).unread.len(), 1);
    }
    let line = format!("model A {{ {} }}", "a Int @b(c) ".repeat(80_000));
    assert_eq!(module(&line).unread.len(), 1, "two fields on a line are no schema");
}

#[test]
fn the_schema_of_these_tests_is_read() {
    let module = module(SCHEMA);
    assert_eq!(module.unread, []);
    assert_eq!(
        module.definitions.iter().map(|definition| definition.name.as_str()).collect::<Vec<_>>(),
        ["Order", "Status"]
    );
}

proptest! {
    #[test]
    fn changed_schemas_are_read_or_told(at in 0..SCHEMA.len(), length in 0..6_usize, with in "[a-z@(){}\"/*\\n ]{0,4}") {
        let end = (at + length).min(SCHEMA.len());
        let text = format!("{}{with}{}", &SCHEMA[..at], &SCHEMA[end..]);
        let module = module(&text);
        prop_assert!(module.unread.len() <= 1);
        prop_assert!(module.unread.is_empty() || module.definitions.is_empty());
        for definition in &module.definitions {
            prop_assert!(text[definition.at as usize..].starts_with(&definition.name));
        }
    }
}
