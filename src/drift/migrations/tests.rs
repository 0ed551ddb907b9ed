use super::*;
use crate::drift::languages::{Language, Source};
use crate::drift::shape::Sites;

/// What is there in the end, a line for each table; then what was renamed and what could not be read.
fn after(files: &[(&str, &str)]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let read = |text: &str| Language::Sql(None).read(&Source { path: "".into(), text, sites: &Sites::default() });
    let modules: Vec<_> = files.iter().map(|(path, text)| (BString::from(*path), read(text))).collect();
    let modules: Vec<_> = modules.iter().map(|(path, module)| (path.clone(), module)).collect();
    assert!(modules.iter().all(|(_, module)| module.unread.is_empty()), "{modules:?}");
    let folded = fold(&modules);
    let columns =
        |table: &Table| table.columns.iter().map(|(_, member)| member.name.clone()).collect::<Vec<_>>().join(" ");
    let tables = folded.tables.iter().map(|table| format!("{}: {}", table.name, columns(table))).collect();
    let renames = folded.renames.iter().map(|it| format!("{}.{} {}", it.table, it.from, it.to));
    let tables_renamed = folded.renamed_tables.iter().map(|it| format!("{} {}", it.from, it.to));
    let unread =
        folded.unread.iter().map(|(file, unread)| format!("{}:{} {}", files[*file].0, unread.at, unread.reason));
    (tables, tables_renamed.chain(renames).collect(), unread.collect())
}

#[test]
fn migrations_add_up_in_the_order_of_their_versions() {
    let (tables, renames, unread) = after(&[
        ("db/10_c.sql", "ALTER TABLE orders RENAME COLUMN note TO remark; ALTER TABLE orders DROP COLUMN old"),
        ("db/2_b.sql", "ALTER TABLE Orders ADD COLUMN note text, ADD COLUMN old int"),
        ("db/1_a.sql", "CREATE TABLE orders (id int)"),
        ("db/11_d.sql", "ALTER TABLE orders RENAME TO sales; ALTER TABLE sales RENAME remark TO comment"),
    ]);
    assert_eq!(tables, ["sales: id comment"]);
    assert_eq!(renames, ["orders sales", "sales.note comment", "sales.remark comment"]);
    assert_eq!(unread, [""; 0]);
}

#[test]
fn every_tool_counts_versions_in_its_own_way() {
    let order = |names: &[&str]| {
        let mut sorted: Vec<BString> = names.iter().map(|name| BString::from(*name)).collect();
        sorted.sort_by_cached_key(Order::of);
        assert_eq!(sorted, names);
    };
    order(&["V1__a.sql", "V1.1__b.sql", "V1.10__b.sql", "V2__c.sql", "V10__d.sql"]);
    order(&["0001_a.sql", "0002_2fa.sql", "0002_b.sql", "0010_a.sql"]);
    order(&["20240101_a.sql", "20240101120000_b.sql"]);
    order(&["2021-01-01-000001_a/up.sql", "2021-01-01-000002_b/up.sql", "2021-01-02-000001_c/up.sql"]);
    order(&["a9.sql", "a10.sql", "b.sql"]);
}

#[test]
fn what_undoes_a_file_that_is_there_does_not_count() {
    let create = "CREATE TABLE a (b int)";
    for (one, other) in [
        ("1_a.up.sql", "1_a.down.sql"),
        ("1_a.sql", "1_a.rollback.sql"),
        ("1_a.sql", "1_a_down.sql"),
        ("1/up.sql", "1/down.sql"),
        ("V1__a.sql", "U1__a.sql"),
        ("up/1.sql", "down/1.sql"),
    ] {
        let (tables, _, unread) = after(&[(one, create), (other, "DROP TABLE a")]);
        assert_eq!((tables, unread), (vec!["a: b".to_owned()], vec![]), "{other}");
    }
    // A name alone hides nothing.
    let (tables, ..) = after(&[("1_a.sql", create), ("2_b.down.sql", "ALTER TABLE a ADD c int")]);
    assert_eq!(tables, ["a: b c"]);
}

#[test]
fn what_fits_nothing_before_it_is_told() {
    for (text, due) in [
        ("ALTER TABLE a ADD b int", "the table `a` is created nowhere"),
        ("DROP TABLE a", "the table `a` is created nowhere"),
        ("CREATE TABLE a (b int); CREATE TABLE a (c int)", "the table `a` is created twice"),
        ("CREATE TABLE a (b int, B text)", "the column `b` stands twice"),
        ("CREATE TABLE a (b int); ALTER TABLE a ADD b int", "the column `b` is there already"),
        ("CREATE TABLE a (b int); ALTER TABLE a DROP COLUMN c", "the column `c` is created nowhere"),
        ("CREATE TABLE a (b int); ALTER TABLE a RENAME c TO d", "the column `c` is created nowhere"),
        ("CREATE TABLE a (b int, c int); ALTER TABLE a RENAME b TO c", "the column `c` is there already"),
        ("CREATE TABLE a (b int); ALTER TABLE a ALTER COLUMN c TYPE text", "the column `c` is created nowhere"),
        ("CREATE TABLE a (b int); CREATE TABLE c (d int); ALTER TABLE a RENAME TO c", "the table `c` is there already"),
        ("CREATE TABLE x.a (b int); CREATE TABLE y.a (b int); ALTER TABLE a ADD c int", "may be one of several"),
    ] {
        let (_, _, unread) = after(&[("1.sql", text)]);
        assert_eq!(unread.len(), 1, "{text}");
        assert!(unread[0].contains(due), "{text}: {unread:?}");
    }
}

#[test]
fn what_may_be_there_or_not_is_nothing_to_tell() {
    let (tables, _, unread) = after(&[(
        "1.sql",
        "CREATE TABLE IF NOT EXISTS a (b int); CREATE TABLE IF NOT EXISTS a (c int); DROP TABLE IF EXISTS z;
         ALTER TABLE a ADD COLUMN IF NOT EXISTS b text; ALTER TABLE a DROP COLUMN IF EXISTS z;
         ALTER TABLE public.a ADD COLUMN c int; ALTER TABLE \"a\" ADD \"D\" int; ALTER TABLE a DROP COLUMN d",
    )]);
    assert_eq!((tables, unread), (vec!["a: b c".to_owned()], vec![]));
}

#[test]
fn what_may_be_there_under_another_spelling_is_told() {
    for text in [
        "DROP TABLE IF EXISTS \"O\"",
        "DROP TABLE IF EXISTS other.o",
        "ALTER TABLE o DROP COLUMN IF EXISTS \"ID\"",
        "ALTER TABLE o ADD COLUMN IF NOT EXISTS \"ID\" text",
    ] {
        let text = format!("SELECT 1::int; {text}");
        let (tables, _, unread) = after(&[("1.sql", "CREATE TABLE o (id int)"), ("2.sql", &text)]);
        assert_eq!((tables, unread.len()), (vec!["o: id".to_owned()], 1), "{text}");
    }
}

#[test]
fn an_index_is_renamed_and_so_is_a_table() {
    let create = "CREATE TABLE tmp (id int); CREATE INDEX i ON tmp (id)";
    let (tables, renames, unread) =
        after(&[("1.sql", create), ("2.sql", "ALTER INDEX IF EXISTS i RENAME TO j; ALTER INDEX tmp RENAME TO o")]);
    assert_eq!((tables, renames, unread), (vec!["o: id".to_owned()], vec!["tmp o".to_owned()], vec![]));
}

#[test]
fn a_schema_is_told_apart_where_it_matters() {
    let (tables, ..) = after(&[("1.sql", "CREATE TABLE shop.a (b int); CREATE TABLE public.c (d int)")]);
    assert_eq!(tables, ["a: b", "c: d"]);
    let (tables, ..) = after(&[("1.sql", "CREATE TABLE shop.a (b int); CREATE TABLE a (d int)")]);
    assert_eq!(tables, ["shop.a: b", "a: d"]);
}

#[test]
fn tables_made_anew_end_under_their_old_name() {
    let (tables, renames, unread) = after(&[(
        "1.sql",
        "CREATE TABLE a (b int); CREATE TABLE new_a (b text, c text); INSERT INTO new_a SELECT b, '' FROM a;
         DROP TABLE a; ALTER TABLE new_a RENAME TO a;",
    )]);
    assert_eq!((tables, unread), (vec!["a: b c".to_owned()], vec![]));
    assert_eq!(renames, ["new_a a"]);
}

mod random {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Change {
        Add(u8, bool),
        Drop(u8),
        Rename(u8, u8),
        Retype(u8, bool),
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            (0..8_u8, any::<bool>()).prop_map(|(name, text)| Change::Add(name, text)),
            (0..8_u8).prop_map(Change::Drop),
            (0..8_u8, 0..8_u8).prop_map(|(from, to)| Change::Rename(from, to)),
            (0..8_u8, any::<bool>()).prop_map(|(name, text)| Change::Retype(name, text)),
        ]
    }

    fn ty(text: bool) -> &'static str {
        if text { "text" } else { "int" }
    }

    fn fields(folded: &Folded) -> BTreeMap<String, Shape> {
        let columns = folded.tables.iter().flat_map(|table| &table.columns);
        columns.map(|(_, member)| (member.name.clone(), member.shape.clone())).collect()
    }

    fn folded(texts: &[String]) -> Folded {
        let read =
            |text: &String| Language::Sql(None).read(&Source { path: "".into(), text, sites: &Sites::default() });
        let modules: Vec<Module> = texts.iter().map(read).collect();
        let files: Vec<_> =
            modules.iter().enumerate().map(|(n, module)| (BString::from(format!("{n}_x.sql")), module)).collect();
        fold(&files)
    }

    proptest! {
        #[test]
        fn a_table_that_is_changed_is_the_table_that_it_became(changes in proptest::collection::vec(change(), 0..14)) {
            let mut texts = vec!["CREATE TABLE t (id int);".to_owned()];
            let mut model: BTreeMap<u8, bool> = BTreeMap::new();
            for change in changes {
                let text = match change {
                    Change::Add(name, text) if !model.contains_key(&name) => {
                        model.insert(name, text);
                        format!("ALTER TABLE t ADD COLUMN c{name} {};", ty(text))
                    }
                    Change::Drop(name) if model.remove(&name).is_some() => format!("ALTER TABLE t DROP COLUMN c{name};"),
                    Change::Rename(from, to) if model.contains_key(&from) && !model.contains_key(&to) => {
                        let text = model.remove(&from).unwrap();
                        model.insert(to, text);
                        format!("ALTER TABLE t RENAME COLUMN c{from} TO c{to};")
                    }
                    Change::Retype(name, text) if model.contains_key(&name) => {
                        model.insert(name, text);
                        format!("ALTER TABLE t ALTER COLUMN c{name} TYPE {};", ty(text))
                    }
                    _ => continue,
                };
                texts.push(text);
            }
            let columns = model.iter().map(|(name, text)| format!(", c{name} {}", ty(*text))).collect::<String>();
            let (changed, made) = (folded(&texts), folded(&[format!("CREATE TABLE t (id int{columns});")]));
            prop_assert_eq!(&changed.unread, &[]);
            prop_assert_eq!(fields(&changed), fields(&made));
            let one_file = folded(&[texts.concat()]);
            prop_assert_eq!(fields(&one_file), fields(&made));
        }
    }
}
