use proptest::prelude::*;

use super::*;
use crate::drift::shape::{Shape, Sites, Step};

fn module(text: &str) -> Module {
    read(&Source { path: "1.sql".into(), text, sites: &Sites::default() }, None)
}

fn pieces(text: &str, dialect: Dialect) -> Vec<&str> {
    split::split(text, dialect).unwrap().pieces.into_iter().map(|piece| piece.text).collect()
}

#[test]
fn statements_end_where_each_database_ends_them() {
    use Dialect::{MySql, Postgres, Sqlite};
    for (dialect, text, due) in [
        (Postgres, "a 'x;''y' b; c", vec!["a 'x;''y' b", "c"]),
        (Postgres, "a '\\'; b", vec!["a '\\'", "b"]),
        (Postgres, "a E'\\'; b'; c", vec!["a E'\\'; b'", "c"]),
        (MySql, "a '\\'; b'; c", vec!["a '\\'; b'", "c"]),
        (Postgres, "a $$x;y$$; b $t$;$$;$t$", vec!["a $$x;y$$", "b $t$;$$;$t$"]),
        (Postgres, "a /* /* ; */ ; */ b; c", vec!["a /* /* ; */ ; */ b", "c"]),
        (MySql, "a /* /* ; */ b; c", vec!["a /* /* ; */ b", "c"]),
        (MySql, "a # ;\nb; c", vec!["a # ;\nb", "c"]),
        (Sqlite, "a [;] `;` \";\"; b", vec!["a [;] `;` \";\"", "b"]),
        (
            MySql,
            "DELIMITER //\nCREATE PROCEDURE p() BEGIN a; b; END//\nDELIMITER ;\nc;",
            vec!["CREATE PROCEDURE p() BEGIN a; b; END", "c"],
        ),
        (
            Sqlite,
            "CREATE TRIGGER t BEGIN UPDATE a SET b = CASE WHEN c THEN 1 END; SELECT 1; END; d",
            vec!["CREATE TRIGGER t BEGIN UPDATE a SET b = CASE WHEN c THEN 1 END; SELECT 1; END", "d"],
        ),
        (
            MySql,
            "CREATE PROCEDURE p() BEGIN IF a THEN b; END IF; IF c THEN d; END IF; END; e",
            vec!["CREATE PROCEDURE p() BEGIN IF a THEN b; END IF; IF c THEN d; END IF; END", "e"],
        ),
        (Postgres, "COPY a (b) FROM stdin;\n1';\n\\.\nc", vec!["COPY a (b) FROM stdin", "c"]),
        (Postgres, "\\connect x\na; b", vec!["a", "b"]),
        (MySql, "/*!40101 SET x = 1 */; a", vec!["/*!40101 SET x = 1 */", "a"]),
        (Postgres, "-- migrate:up\na;\n-- migrate:down\nb;\n", vec!["a"]),
        (Postgres, "-- +goose Down\nb;\n", vec!["b"]),
        (Postgres, "a; -- +goose Down\nb;", vec!["a", "b"]),
    ] {
        assert_eq!(pieces(text, dialect), due, "{dialect:?} {text}");
    }
}

#[test]
fn what_cannot_be_split_says_where() {
    use Dialect::{MySql, Postgres, Sqlite};
    for (dialect, text, due) in [
        (Postgres, "a; b 'c", 5),
        (Postgres, "a $$ b", 2),
        (Postgres, "a -- b\rc\nd", 2),
        (Postgres, "a /* b", 2),
        (Postgres, "COPY a FROM stdin;\n1\n", 0),
        (Postgres, "-- migrate:up\na /*\n-- migrate:down\n*/ b", 19),
        (MySql, "DELIMITER\na", 0),
        (MySql, "a; /*M!100 ALTER TABLE b */", 3),
        (Sqlite, "CREATE TRIGGER a BEGIN b; c;", 0),
    ] {
        let stop = split::split(text, dialect).map(|split| split.pieces.len());
        assert_eq!(stop.map_err(|stop| stop.at), Err(due), "{dialect:?} {text}");
    }
}

#[test]
fn what_may_change_a_table_and_is_no_plain_statement_is_told() {
    for text in [
        "DO $$ BEGIN EXECUTE 'ALTER TABLE a ADD b int'; END $$",
        "DO $$ BEGIN CREATE TABLE a (b int); EXCEPTION WHEN duplicate_object THEN null; END $$",
        "DO $$ DECLARE x text; BEGIN EXECUTE 'ALTER TABLE a ADD b int'; END $$",
        "CREATE FUNCTION f() RETURNS void AS 'ALTER TABLE a ADD b int' LANGUAGE sql",
        "CREATE PROCEDURE p() BEGIN ALTER TABLE a ADD b int; END",
        "CALL p()",
        "EXEC sp_rename 'a', 'b'",
        "PREPARE p FROM @sql",
        "SELECT * INTO b FROM a",
        "SELECT AddGeometryColumn('a', 'b', 4326, 'POINT', 2)",
        "UPDATE sqlite_master SET sql = 'x'",
        "PRAGMA writable_schema = ON",
        "SET standard_conforming_strings = off",
        "SET sql_mode = 'ANSI_QUOTES'",
        "ROLLBACK",
        "DROP SCHEMA a CASCADE",
        "DROP TYPE a CASCADE",
        "CREATE SCHEMA a CREATE TABLE b (c int)",
        "CREATE VIRTUAL TABLE a USING fts5(b)",
        "CREATE TABLE a AS SELECT 1",
        "CREATE TABLE a (LIKE b)",
        "CREATE TABLE a (b int) INHERITS (c)",
        "ALTER TABLE engine ADD COLUMN x PERIOD OF DOUBT 'y' z",
        "ALTER TABLE a ENGINE = InnoDB, ADD x int bogus bogus",
        "ALTER TABLE a SET SCHEMA b",
        "SELECT 'ALTER TABLE a ADD b int' \\gexec",
        "\\i other.sql",
        "source other.sql",
        ".read other.sql",
        "CREATE TABLE \"a.b\" (c int)",
        "IF NOT EXISTS (SELECT 1) BEGIN SELECT 1 END",
        "CREATE TABLE a (b int, LIKE c)",
        "ALTER TABLE a DETACH PARTITION b",
        "ALTER TABLE a INHERIT b",
        "ALTER TYPE a ADD ATTRIBUTE b int",
        "BEGIN EXECUTE 'ALTER TABLE a ADD b int'",
        "EXPLAIN ANALYZE CREATE TABLE a AS SELECT 1",
    ] {
        let module = module(text);
        assert_eq!(module.unread.len(), 1, "{text}: {module:?}");
    }
}

#[test]
fn what_changes_tables_under_other_words_is_told() {
    for text in [
        "ALTER VIEW o RENAME COLUMN id TO secret",
        "ALTER VIEW o RENAME \"to\" TO secret",
        "ALTER MATERIALIZED VIEW o RENAME id TO secret",
        "SELECT 'insert' AS secret INTO o2",
        "SELECT id AS secret /* merge */ INTO o2 FROM o",
        "SELECT 1 AS secret, (2) insert INTO o2",
        "WITH a AS (SELECT 1) SELECT 1 AS secret, (2) insert INTO o2",
        "(SELECT 1 AS secret INTO o2)",
        "DO E'BEGIN ALTER \\x54ABLE o ADD secret text; END'",
        "DO U&'BEGIN ALTER \\0054ABLE o ADD secret text; END'",
        "DO 'BEGIN ALTER TA'\n'BLE o ADD secret text; END'",
        "DO 'BEGIN ALTER TABLE o ADD secret text; END' -- $$ BEGIN SELECT 1; EXCEPTION WHEN duplicate_object THEN null; END $$\n",
        "DO LANGUAGE plperl $$ spi_exec_query('ALTER TA'.'BLE o') $$",
        "DO $$ BEGIN ALTER VIEW o RENAME COLUMN id TO secret; END $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS E'ALTER \\x54ABLE o ADD secret text'",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ ALTER /* temp */ TABLE o ADD secret text $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ ALTER -- temp\nTABLE o ADD secret text $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT 1 AS secret INTO o2 $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ /* insert */ SELECT 1 AS secret INTO o2 $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ INSERT INTO a VALUES (1); SELECT 1 AS secret INTO o2 $$",
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER VIEW o RENAME COLUMN id TO secret; END $$",
        "CREATE SCHEMA a CREATE VIEW v AS SELECT 1 AS c, 2 AS d, 3 AS e CREATE TABLE o2 (secret text)",
        "SELECT 1::int; SELECT set_config('standard_conforming_strings', 'off', false)",
        "UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'",
        "ALTER ROLE a SET standard_conforming_strings = off",
        "SELECT 1::int; SELECT E'a'\n'b\\' ; SELECT '; ALTER TABLE o ADD secret text; --'",
        "\\set x '; ALTER TABLE o ADD secret text'\nSELECT 1 :x",
        "\\set x `psql -f other.sql`",
        "ALTER TYPE a RENAME ATTRIBUTE owner TO secret",
        "BEGIN; ALTER TABLE o DROP COLUMN secret;",
        "BEGIN READ ONLY; ALTER TABLE o DROP COLUMN secret; COMMIT",
        "START TRANSACTION READ ONLY; ALTER TABLE o DROP COLUMN secret; COMMIT",
        "SELECT dblink('', 'ALTER TABLE o ADD COLUMN secret text')",
        "COPY o TO PROGRAM 'psql -f other.sql'",
        "COPY o FROM PROGRAM E'psql -f \\xC3\\xA9.sql'",
        "SET sql_mode = 'MSSQL'",
        "SET NAMES gbk",
        "DELIMITER $$\nSELECT 1; ALTER TABLE `o` ADD `secret` text; $$",
        "ALTER TABLE `o` ADD `a` int /*!99999 , DROP COLUMN `secret` */",
        "CREATE TABLE `o` (`a` int /*M! , `secret` text */)",
        "CREATE TEMP TABLE o (z int) ON COMMIT DROP; ALTER TABLE o ADD secret text",
        "CREATE TEMP TABLE o (z int); DISCARD TEMP; ALTER TABLE o ADD secret text",
    ] {
        assert!(!module(text).unread.is_empty(), "{text}: {:?}", module(text));
    }
}

#[test]
fn names_that_say_of_other_databases_hide_nothing() {
    for text in [
        "SELECT NULL auto_increment;\nSELECT 'a\\'; ALTER TABLE o ADD secret text; --';",
        "SELECT (1) engine;\nSELECT 'a\\'; ALTER TABLE o ADD secret text; --';",
        "SELECT language plpgsql FROM l;\n/*!50000 ALTER TABLE o ADD secret text */;",
        "SELECT 1::int; COPY (SELECT 1 AS stdin FROM o) TO STDOUT;\nALTER TABLE o ADD secret text;\nSELECT '\n\\.\nSELECT 1 --';",
        "COPY a FROM stdin;\n\\. \n1\n\\.\nALTER TABLE o ADD secret text;",
        "CREATE TEMP TABLE o (z int); ALTER TABLE public.o ADD secret text",
        "CREATE TEMP TABLE o (z int); DROP TABLE o; ALTER TABLE o ADD secret text",
        "CREATE TABLE temp.o (secret text)",
    ] {
        let read = module(text);
        let adds = read.steps.iter().any(|step| format!("{step:?}").contains("secret"));
        assert!(!read.unread.is_empty() || adds, "{text}: {read:?}");
    }
}

#[test]
fn what_touches_no_column_is_passed_over() {
    for text in [
        "DO $$ BEGIN\n CREATE TYPE \"s\" AS ENUM('a', 'b');\nEXCEPTION\n WHEN duplicate_object THEN null;\nEND $$;",
        "DO $$ BEGIN ALTER TABLE a ADD CONSTRAINT b FOREIGN KEY (c) REFERENCES d(e); EXCEPTION WHEN duplicate_object THEN NULL; END; $$",
        "DO $$ BEGIN ALTER TABLE a ADD CONSTRAINT b UNIQUE (c); EXCEPTION WHEN duplicate_table OR duplicate_object THEN NULL; END $$",
        "DO $$ BEGIN RAISE NOTICE 'x'; END $$",
        "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN -- rows in that table\n DELETE FROM b; RETURN NEW; END $$ LANGUAGE plpgsql",
        "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN /* the table */ DELETE FROM b; RETURN NEW; END $$ LANGUAGE plpgsql",
        "ALTER TABLE a ALTER CONSTRAINT c DEFERRABLE INITIALLY DEFERRED",
        "CREATE FUNCTION f() RETURNS TABLE (a int) AS $$ SELECT 1; $$ LANGUAGE sql",
        "CREATE FUNCTION f() RETURNS void AS $$ SELECT 1; INSERT INTO a VALUES (1); INSERT INTO b SELECT 2 $$ LANGUAGE sql",
        "CREATE TRIGGER t BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE UNIQUE INDEX CONCURRENTLY i ON a (b)",
        "CREATE OR REPLACE VIEW v AS SELECT * FROM a",
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM a",
        "DROP MATERIALIZED VIEW v",
        "INSERT INTO a VALUES (1, 'ALTER TABLE')",
        "WITH x AS (SELECT 1) INSERT INTO a SELECT * FROM x",
        "SELECT setval('a', 1)",
        "ALTER TABLE a OWNER TO b",
        "ALTER TABLE ONLY public.a ALTER COLUMN b SET STATISTICS 100",
        "ALTER TABLE ONLY public.a ATTACH PARTITION public.b FOR VALUES FROM (1) TO (2)",
        "ALTER TABLE `a` CONVERT TO CHARACTER SET utf8mb4",
        "/*!40000 ALTER TABLE `a` DISABLE KEYS */",
        "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
        "CREATE TEMPORARY TABLE t (a int); ALTER TABLE t ADD b int; DROP TABLE t",
        "ALTER TABLE a ADD INDEX x (b), ADD UNIQUE KEY y (c), DROP KEY z, DROP CHECK q, ADD FULLTEXT KEY f (d)",
        "ALTER TABLE a ALTER COLUMN b DROP IDENTITY, ALTER c SET NOT NULL",
        "ALTER TABLE a ADD CONSTRAINT x EXCLUDE USING gist (b WITH =)",
        "ALTER TYPE public.a OWNER TO postgres",
        "ALTER VIEW v RENAME TO w",
        "SELECT set_config('search_path', '', false)",
        "SELECT count(*) INTO @x FROM a",
        "WITH x AS (INSERT INTO a VALUES (1) RETURNING b) INSERT INTO c SELECT * FROM x",
        "WITH x AS (SELECT 1) INSERT\nINTO a SELECT * FROM x",
        "DO 'BEGIN RAISE NOTICE ''x''; END' LANGUAGE plpgsql",
        "DO SLEEP(1)",
        "CREATE FUNCTION f(language text DEFAULT 'x') RETURNS trigger LANGUAGE 'plpgsql' AS $$ BEGIN SELECT 1 INTO x; RETURN NEW; END $$",
        "CREATE TRIGGER t AFTER INSERT ON a REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION f()",
        "COPY u (a, b, c, d, e, f, g, h, i, j, k, program) FROM stdin;\n1\tit's\n\\.\n",
        "CREATE TEMP TABLE t (a int); ALTER TABLE t RENAME TO u; ALTER TABLE u ADD b int; DROP TABLE u",
        "DROP TEMPORARY TABLE IF EXISTS t",
        "DELIMITER $$\nSELECT 1; $$\nCREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1; $$\nDELIMITER ;",
        "SELECT a[1:2] FROM b",
        "COMMENT ON COLUMN a.b IS 'TABLE'",
        "BEGIN; COMMIT;",
        ";;;",
        "",
    ] {
        let module = module(text);
        assert_eq!((module.unread, module.steps), (Vec::new(), Vec::new()), "{text}");
    }
}

/// The columns of the first table, or what could not be read.
fn columns(text: &str) -> String {
    let module = module(text);
    let column = |column: &crate::drift::shape::Member| match &column.shape {
        Shape::Scalar { kind, .. } => format!("{} {}", column.name, kind.name()),
        other => format!("{} {other:?}", column.name),
    };
    match module.steps.first() {
        Some(Step::Create { columns, .. }) if module.unread.is_empty() => {
            columns.iter().map(column).collect::<Vec<_>>().join(", ")
        }
        _ => format!("{module:?}"),
    }
}

#[test]
fn keys_and_partitions_are_no_columns() {
    for (text, due) in [
        ("CREATE TABLE t (a int, KEY x (a), INDEX (a), FULLTEXT KEY y (a), UNIQUE INDEX z (a))", "a number"),
        ("CREATE TABLE t (a int unsigned zerofill, b varchar(5) charset utf8) CHARSET utf8", "a number, b string"),
        ("CREATE TABLE t (a int) PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10))", "a number"),
        (
            "CREATE TABLE t (key text, \"index\" int, type text, comment text)",
            "key string, index number, type string, comment string",
        ),
        ("CREATE TABLE t (a int, EXCLUDE USING gist (a WITH &&))", "a number"),
    ] {
        assert_eq!(columns(text), due, "{text}");
    }
    for text in ["ALTER TABLE `t` ADD `a` varchar(9) CHARSET utf8mb4", "# a comment\nALTER TABLE t ADD a int"] {
        let read = module(text);
        assert_eq!((read.unread.len(), read.steps.len()), (0, 1), "{text}: {read:?}");
    }
    let list = module("ALTER TABLE t ADD (a int, b numeric(1, 2)), RENAME u");
    assert_eq!((list.unread.len(), list.steps.len()), (0, 3), "{list:?}");
}

#[test]
fn what_one_database_runs_and_another_does_not_is_told() {
    for text in [
        "CREATE TABLE a (b int);\n/*!50000 ALTER TABLE a ADD c int */;\n",
        "INSERT INTO x VALUES ('\\'); ALTER TABLE t ADD secret text; --');",
        "INSERT INTO x VALUES ('\\'); ALTER TABLE t ADD secret text STORAGE EXTENDED; --');",
        "INSERT INTO x VALUES ('\\'); ALTER TABLE t ADD secret text; EXPLAIN SELECT 1; --');",
        "SELECT 1 AS $$; ALTER TABLE t ADD secret int; EXPLAIN SELECT 1; SELECT 2 AS $$;",
        "SELECT 1 /* /* */; ALTER TABLE t ADD secret int; EXPLAIN SELECT 1; -- */ */",
        "SELECT 1 -- x\rALTER TABLE t ADD secret int;",
        "SELECT \u{1f600}E'\\'; ALTER TABLE t ADD secret int; --'",
        "-- +goose Up\nSELECT 1; /* /* */\n-- +goose Down\n */ ALTER TABLE t ADD secret int;",
        "CREATE TABLE t (a int, key text STORAGE EXTENDED); ALTER TABLE t ADD key numeric(3) STORAGE EXTENDED",
    ] {
        let read = module(text);
        assert!(
            !read.unread.is_empty() || read.steps.iter().any(|step| format!("{step:?}").contains("secret")),
            "{text}: {read:?}"
        );
    }
}

#[test]
fn what_is_an_error_elsewhere_says_which_database_is_meant() {
    for (text, due) in [
        (
            "CREATE TABLE `a` (`b` int NOT NULL AUTO_INCREMENT, `c` text DEFAULT 'it\\'s'); CREATE TABLE `d` (`e` int)",
            2,
        ),
        ("CREATE TABLE a (b text DEFAULT 'it\\'s') ENGINE=InnoDB; CREATE TABLE d (e int)", 2),
        (
            "CREATE TABLE a (b text DEFAULT ''::text); CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN RETURN NEW; END $$ LANGUAGE plpgsql; CREATE TABLE c (d int)",
            2,
        ),
        ("PRAGMA x = 1; CREATE TABLE [it's] (a int); CREATE TABLE [that's] (a int)", 2),
    ] {
        let read = module(text);
        assert_eq!((read.unread.len(), read.steps.len()), (0, due), "{text}: {read:?}");
    }
}

#[test]
fn hostile_nesting_is_told_and_takes_no_time() {
    let stack = std::thread::Builder::new().stack_size(64 << 20);
    let run = || {
        for text in [
            format!("CREATE TABLE a (b int DEFAULT {}", "(".repeat(10_000)),
            format!("CREATE TABLE a (b int CHECK ({}1{}))", "(".repeat(10_000), ")".repeat(10_000)),
            format!("CREATE TABLE a (b {}", "ARRAY<".repeat(10_000)),
            format!("CREATE TABLE a (b int DEFAULT {} 1", "CASE WHEN ".repeat(10_000)),
            format!("CREATE TABLE a (b int DEFAULT {} 1", "NOT ".repeat(10_000)),
            "'".repeat(99_999),
            "/*".repeat(100_000),
            "$".repeat(99_999) + "a$",
        ] {
            assert!(!module(&text).unread.is_empty(), "{}", &text[..40]);
        }
        let many = format!("CREATE TABLE a ({}b int)", (0..10_000).map(|n| format!("c{n} text,")).collect::<String>());
        assert_eq!(module(&many).unread, []);
        let big = format!("INSERT INTO a VALUES {};", "(1, 'x', 2.5),".repeat(20_000));
        assert_eq!(module(&big).unread, []);
        let wide = format!("CREATE TABLE a (b text DEFAULT '{}')", "\u{e9}".repeat(500_000));
        assert_eq!(module(&wide).unread, []);
        let alters = "ALTER TABLE a ADD b int;".repeat(2_000);
        assert_eq!(module(&alters).unread, []);
        let names = (0..500).map(|n| format!("ALTER TYPE t{n} RENAME TO t{};", n + 1)).collect::<String>();
        let wide = (0..500).map(|n| format!("c{n} int")).collect::<Vec<_>>().join(",");
        let renamed = module(&format!("CREATE TYPE t0 AS ({wide}); {names}"));
        assert!(renamed.unread[0].reason.contains("so many members"), "{:?}", renamed.unread);
        let line = "INSERT INTO a VALUES (1);".repeat(40_000);
        assert_eq!(module(&line).unread, []);
        let deep = format!("CREATE TABLE a (b int{})", "[]".repeat(10_000));
        let [Step::Create { columns, .. }] = &module(&deep).steps[..] else { panic!("no table") };
        assert!(format!("{:?}", columns[0].shape).contains("nested too deep"));
        assert!(matches!(columns[0].shape, Shape::Array(_)));
    };
    stack.spawn(run).unwrap().join().unwrap();
}

proptest! {
    #[test]
    fn any_text_is_read_or_told(text in "(CREATE TABLE |ALTER TABLE |a|b|\\(|\\)|,|;|'|\"|`|\\$\\$|--|/\\*|\\*/|\\n| |int|\\\\|\u{e9}){0,40}") {
        let module = module(&text);
        let places = module.unread.iter().map(|unread| unread.at);
        for at in places {
            prop_assert!(text.is_char_boundary(at as usize), "{at} in {text:?}");
        }
        for step in &module.steps {
            if let Step::Create { columns, at, .. } = step {
                prop_assert!(text.is_char_boundary(*at as usize));
                prop_assert!(columns.iter().all(|column| text[column.at as usize..].trim_start_matches(['"', '`']).to_lowercase().starts_with(&column.name)));
            }
        }
    }
}

#[test]
fn what_a_database_takes_for_an_error_for_sure_shows_that_a_file_is_not_for_it() {
    use Database::{MySql, PostgreSql, Sqlite};
    let not_postgres: &[Database] = &[PostgreSql];
    let for_mysql: &[Database] = &[PostgreSql, Sqlite];
    let for_sqlite: &[Database] = &[PostgreSql, MySql];
    let for_postgres: &[Database] = &[MySql, Sqlite];
    for (text, due) in [
        ("CREATE TABLE a (b int)", &[][..]),
        ("CREATE TABLE `a` (b int)", not_postgres),
        ("CREATE TABLE a (b INT AUTO_INCREMENT PRIMARY KEY)", not_postgres),
        ("CREATE TABLE a (b INT UNSIGNED)", not_postgres),
        ("CREATE TABLE a (b TEXT COMMENT 'x')", not_postgres),
        ("CREATE TABLE a (b TIMESTAMP DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)", not_postgres),
        ("ALTER TABLE a ADD COLUMN b int AFTER c", not_postgres),
        ("ALTER TABLE a MODIFY b int", not_postgres),
        ("ALTER TABLE a CHANGE b c int", not_postgres),
        ("CREATE TABLE a (b int NOT NULL AUTO_INCREMENT)", for_mysql),
        ("CREATE TABLE a (b int) ENGINE=InnoDB", for_mysql),
        ("CREATE TABLE a (b INTEGER PRIMARY KEY AUTOINCREMENT)", for_sqlite),
        ("CREATE TABLE a (b int) STRICT, WITHOUT ROWID", for_sqlite),
        ("CREATE TABLE a (b int DEFAULT '1'::int)", for_postgres),
        ("CREATE TABLE a (b int[])", for_postgres),
        // Names, texts and comments.
        ("CREATE TABLE a (auto_increment int, autoincrement int, strict int, engine int)", &[]),
        ("INSERT INTO a VALUES ('`', 'ENGINE=InnoDB')", &[]),
        ("-- `\nCREATE TABLE a (b int)", &[]),
        ("CREATE TABLE a (b int) /*! ENGINE=InnoDB */", &[]),
        ("CREATE TABLE a (b int /*! AUTO_INCREMENT */)", &[]),
        ("CREATE TABLE a AS SELECT (1) STRICT", &[]),
        ("CREATE TABLE a (b int DEFAULT 1 --1 AUTO_INCREMENT\n)", &[]),
        ("CREATE FUNCTION f() RETURNS int AS $$ CREATE TABLE a (b INT UNSIGNED) $$ LANGUAGE sql", &[]),
    ] {
        let not_for: Vec<Database> = module(text).spelling.not_for.into_iter().collect();
        assert_eq!(not_for, due, "{text}");
    }
}

#[test]
fn names_are_known_as_they_are_written_where_only_postgresql_changes_them() {
    let text = "CREATE TABLE Shop.Orders (orderId int, \"lineNo\" int, note int); ALTER TABLE ORDERS RENAME Note TO Text; DROP TABLE Old";
    let written: Vec<String> = module(text).spelling.written.into_values().collect();
    assert_eq!(written, ["Orders", "orderId", "Text", "Old"]);
}

#[test]
fn for_one_database_a_file_is_read_as_that_reads_it() {
    let of =
        |database, text: &str| read(&Source { path: "1.sql".into(), text, sites: &Sites::default() }, Some(database));
    // A comment to one, and a change of a column to the other.
    let text = "CREATE TABLE a (b int); ALTER TABLE a ADD c int /*! , ADD d int */";
    assert_eq!(module(text).unread.len(), 1);
    for (database, steps) in [(Database::PostgreSql, 2), (Database::MySql, 3), (Database::Sqlite, 2)] {
        let module = of(database, text);
        assert_eq!((module.unread.len(), module.steps.len()), (0, steps), "{database:?}");
        assert!(!module.spelling.not_for.contains(&database) && module.spelling.not_for.len() == 2);
    }
    assert_eq!(of(Database::PostgreSql, "CREATE TABLE `a` (b int)").unread.len(), 1);
    assert_eq!(of(Database::MySql, "CREATE TABLE [a] (b int)").unread.len(), 1);
    assert_eq!(of(Database::Sqlite, "CREATE TABLE a (b int) ENGINE=InnoDB").unread.len(), 1);
}

const FK: &str = "ALTER TABLE a ADD CONSTRAINT b FOREIGN KEY (c) REFERENCES d(e);";

#[test]
fn what_a_condition_guards_is_read_where_it_changes_no_column() {
    let asked = "IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'b)' AND (true))";
    for text in [
        format!("DO $$ BEGIN {asked} THEN {FK} END IF; END $$;"),
        format!("DO $$\nBEGIN\n  -- once\n  if not exists (select 1 from pg_constraint) then\n    {FK}\n    {FK}\n  end if;\nEND\n$$ LANGUAGE plpgsql"),
        format!("DO LANGUAGE plpgsql $x$ BEGIN {asked} THEN {FK} END IF; {FK} {asked} THEN {FK} END IF; END; $x$"),
        format!("DO $$ BEGIN IF EXISTS (SELECT 1) THEN ALTER TABLE a DROP CONSTRAINT b; END IF; {FK} EXCEPTION WHEN duplicate_object THEN null; END $$"),
        "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_type WHERE typname = 's') THEN CREATE TYPE s AS ENUM ('a'); END IF; END $$".to_owned(),
    ] {
        let module = module(&text);
        assert_eq!((module.unread.as_slice(), module.steps.len()), (&[][..], 0), "{text}");
        assert_eq!(module.definitions.len(), usize::from(text.contains("CREATE TYPE")));
    }
}

#[test]
fn what_else_stands_in_a_block_is_told() {
    let asked = "IF NOT EXISTS (SELECT 1)";
    for inner in [
        format!("{asked} THEN ALTER TABLE a ADD COLUMN b int; END IF;"),
        format!("{asked} THEN CREATE TABLE a (b int); END IF;"),
        format!("{asked} THEN CREATE TEMP TABLE a (b int); END IF;"),
        format!("{asked} THEN EXECUTE 'ALTER TABLE a ADD b int'; END IF;"),
        format!("{asked} THEN {FK} ELSE ALTER TABLE a ADD b int; END IF;"),
        format!("{asked} THEN {asked} THEN {FK} END IF; END IF;"),
        format!("{asked} THEN {FK} END IF; END IF;"),
        format!("{asked} THEN {FK}"),
        format!("{asked} AND f('TABLE') THEN {FK} END IF;"),
        format!("IF NOT EXISTS (SELECT 1 -- )\n) THEN {FK} END IF;"),
        format!("IF NOT EXISTS (DELETE FROM a) THEN {FK} END IF;"),
        format!("IF NOT EXISTS (SELECT dblink_exec('ALTER TABLE a ADD b int')) THEN {FK} END IF;"),
        format!("IF f() THEN {FK} END IF;"),
        format!("LOOP {FK} END LOOP;"),
        format!("BEGIN {FK} END;"),
        format!("PERFORM f(); {FK}"),
        format!("COPY a FROM stdin; {FK}"),
        format!("{FK} EXCEPTION WHEN others THEN null;"),
        format!("{FK} EXCEPTION WHEN duplicate_object THEN EXECUTE 'ALTER TABLE a ADD b int';"),
        format!("{FK} EXCEPTION WHEN duplicate_object THEN null; WHEN others THEN null;"),
        "ALTER TABLE a ADD CONSTRAINT x CHECK (b IN ('c')); EXCEPTION WHEN duplicate_object THEN null;".to_owned(),
        "CREATE TEMP TABLE o (b int); CREATE TYPE s AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN null;"
            .to_owned(),
    ] {
        let module = module(&format!("DO $$ BEGIN {inner} END $$"));
        assert_eq!(module.unread.len(), 1, "{inner}: {module:?}");
    }
}
