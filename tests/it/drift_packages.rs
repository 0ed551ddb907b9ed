//! Packages of Go in files that a change does not touch: where they stand, what they call themselves and what they make of
//! names.

use bstr::BString;
use refgate::drift::config::Mode;
use refgate::drift::languages::Language;
use refgate::drift::survey::survey;

use crate::drift_model::{MAP, Memory, differing};
use crate::drift_reach::{brings, config};

#[test]
fn imports_of_files_that_are_not_touched_follow_what_a_module_says() {
    let base = |more: &str| format!("package other\ntype Base struct {{\n ID string `json:\"id\"`\n{more}}}\n");
    let (plain, other) = (base(""), base(" Mail string `json:\"mail\"`\n"));
    let files = [
        ("go.mod", "module x.com/r\n"),
        ("model/a.go", "package model\nimport \"x.com/r/other\"\ntype Order struct {\n other.Base\n}\n"),
        ("other/b.go", &plain),
        ("in/other/b.go", &other),
    ];
    for (after, due) in [
        ("module x.com/r\n\ngo 1.22\n", &[][..]),
        ("module x.com/q\n\nreplace x.com/r => ./in\n", &["Order.mail"]),
        (
            "module \"x.com\\x2fr\"\n",
            &["the type `other.Base` is in a package behind a link, or of which no go.mod says where it is: \
            let that be a plain file, and written out"],
        ),
    ] {
        let found = brings(Language::Go, &["Order"], &files, &[("go.mod", after)]);
        let found: Vec<&str> = found.iter().map(String::as_str).filter(|one| !one.ends_with(".id")).collect();
        assert_eq!(found, due, "{after}");
    }
}

#[test]
fn what_a_package_of_go_calls_itself_and_what_it_makes_of_text_is_followed() {
    let base = |more: &str| format!("package q\ntype Base struct {{\n ID string `json:\"id\"`\n{more}}}\n");
    let (one, two) = (base(""), base(" Mail string `json:\"mail\"`\n"));
    let order = |from: &str| format!("package model\nimport \"x.com/r/{from}\"\ntype Order struct {{\n q.Base\n}}\n");
    let (before, after) = (order("one"), order("two"));
    let files =
        [("go.mod", "module x.com/r\n"), ("model/a.go", before.as_str()), ("one/b.go", &one), ("two/b.go", &two)];
    let found = |now: &[(&str, &str)]| brings(Language::Go, &["Order"], &files, now);
    assert_eq!(found(&[("model/a.go", &after)]), ["Order.mail"]);
    let unknown = "the type `q.Base` is not among the files that can be read";
    assert_eq!(found(&[("one/b.go", &one.replace("package q", "package p"))]), ["Order.id", unknown]);
    let text = [("one/text.go", "package q\ntype string struct {\n Hidden int\n}\n")];
    assert_eq!(found(&text), ["`string` is the name of a type of Go's own: give this one another"]);
    let stored = "package q\ntype Stored struct {\n Secret string `db:\"-\"`\n}\n";
    let with = |text: &str| text.replace(" ID string", " Stored\n ID string");
    let bare = stored.replace(" Secret string `db:\"-\"`", " N int `db:\"-\"`");
    let both = [("one/b.go", with(&one)), ("one/c.go", bare)];
    let both: Vec<_> = files
        .iter()
        .copied()
        .filter(|(path, _)| *path != "one/b.go")
        .chain(both.iter().map(|(path, text)| (*path, text.as_str())))
        .collect();
    assert_eq!(brings(Language::Go, &["Order"], &both, &[("one/c.go", stored)]), ["Order.Secret"]);
}

#[test]
fn methods_that_an_interface_or_a_text_of_another_file_gets_are_followed() {
    let files = [
        ("go.mod", "module x.com/r\n"),
        (
            "model/a.go",
            "package model\ntype Order struct {\n W `json:\"-\"`\n Code `json:\"-\"`\n ID string `json:\"id\"`\n}\n",
        ),
        ("model/b.go", "package model\ntype W interface {\n V\n}\n"),
        ("model/c.go", "package model\ntype V interface {\n Name() string\n}\n"),
        ("model/d.go", "package model\ntype Code string\n"),
    ];
    let found = |now: &[(&str, &str)]| brings(Language::Go, &["Order"], &files, now);
    let due = |name: &str| [format!("`{name}` is embedded and writes itself, and all of this struct")];
    let asks = "package model\ntype V interface {\n Name() string\n MarshalJSON() ([]byte, error)\n}\n";
    assert_eq!(found(&[("model/c.go", asks)]), due("W"));
    assert_eq!(
        found(&[("model/c.go", "package model\nimport \"encoding/json\"\ntype V = json.Marshaler\n")]),
        due("W")
    );
    let text = "package model\ntype Code string\nfunc (c Code) MarshalText() ([]byte, error) { return nil, nil }\n";
    assert_eq!(found(&[("model/d.go", text)]), due("Code"));
    assert_eq!(found(&[("model/c.go", "package model\ntype V interface {\n Names() string\n}\n")]), [""; 0]);
}

#[test]
fn a_link_in_a_package_of_go_may_declare_anything() {
    let files = [
        ("go.mod", "module x.com/r\n"),
        ("model/a.go", "package model\nimport \"x.com/r/other\"\ntype Order struct {\n other.Base\n}\n"),
        ("other/b.go", "package other\ntype Base struct {\n ID string `json:\"id\"`\n}\n"),
        (MAP, "# Fields\n\n### `Order`\n\n- `id`\n"),
    ];
    let base = Memory::of(files.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec());
    let unread = |link: &str| {
        let mut head = base.clone();
        head.links.insert(link.into());
        let config = config(Language::Go, &["Order"]);
        survey(&config, Mode::Introduced, Some(&base), &head, &differing(&base, &head)).unwrap().unread.len()
    };
    assert_eq!(["other/c.go", "other/c_test.go", "other/c.txt", "in/c.go"].map(unread), [1, 0, 0, 0]);
    let mut base = base;
    let order = base.files.remove(&BString::from("model/a.go")).unwrap();
    base.files.remove(&BString::from("other/b.go"));
    let mut head = base.clone();
    head.files.insert("model/a.go".into(), order);
    head.links.insert("other".into());
    let config = config(Language::Go, &["Order"]);
    let seen = survey(&config, Mode::Introduced, Some(&base), &head, &differing(&base, &head)).unwrap();
    assert_eq!(seen.unread.len(), 1, "{:?}", seen.unread);
}
