//! An import of TypeScript goes by what the other file shows to others, and to the file that the compiler takes: what
//! stands there under the same name, and is not what others get, is never read in its place.

use bstr::BString;
use refgate::drift::config::Mode;
use refgate::drift::languages::Language;
use refgate::drift::survey::survey;

use crate::drift_model::{MAP, Memory, differing};
use crate::drift_reach::config;

const ORDER: &str = "import { Base } from '../shared/base';\nexport interface Order extends Base { r: string }";
const BASE: (&str, &str) = ("shared/base.ts", "export interface Base { id: string }");
const EVIL: (&str, &str) =
    ("shared/evil.ts", "export interface Base { id: string; evil: string }\nexport type Evil = Base");
const LOST: &str = "the type `Base` is not among the files that can be read";
const SEVERAL: &str = "the type `Base` could be one of several: what its import leads to has it twice";
const ELSEWHERE: &str = "the type `Base` lies behind a link, or behind a package.json that says itself where it leads";
const APART: &str = "another type of this name is not seen where this one is: give it a name of its own";
const DECOY: &str = "other files get another type by this name: give it a name of its own";

type Listed<'a> = &'a [(&'a str, &'a str)];

/// What a change brings: fields, and reasons why something could not be read. What has no text is a link.
fn brings(types: &[&str], before: Listed<'_>, after: Listed<'_>) -> Vec<String> {
    if !Language::TypeScript.is_built_in() {
        return Vec::new();
    }
    let add = |tree: &mut Memory, files: Listed<'_>| {
        for (path, text) in files {
            let path = BString::from(*path);
            match text.is_empty() {
                true => drop(tree.links.insert(path)),
                false => drop(tree.files.insert(path, text.as_bytes().to_vec())),
            }
        }
    };
    let map = "# Fields\n\n### `Order`\n\n- `id`\n- `r`\n\n### `Item`\n\n- `sku`\n";
    let mut base = Memory::of([(MAP.to_owned(), map)]);
    add(&mut base, &[("model/a.ts", ORDER), ("model/item.ts", "export interface Item { sku: string }")]);
    add(&mut base, before);
    let mut head = base.clone();
    add(&mut head, after);
    let config = config(Language::TypeScript, types);
    let seen = survey(&config, Mode::Introduced, Some(&base), &head, &differing(&base, &head)).unwrap();
    let fields = seen.drifts.iter().map(|drift| drift.field());
    fields.chain(seen.unread.iter().map(|unread| unread.reason.clone())).collect()
}

fn hold(cases: &[(&str, Listed<'_>, Listed<'_>, &[&str])]) {
    if !Language::TypeScript.is_built_in() {
        return;
    }
    let mut wrong = Vec::new();
    for (label, before, after, due) in cases {
        let found = brings(&["Order", "Item"], before, after);
        if found != *due {
            wrong.push(format!("{label}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_import_goes_by_what_the_other_file_shows() {
    let decoy =
        |rest: &str| format!("interface Base {{ id: string }}\ninterface Evil {{ id: string; evil: string }}\n{rest}");
    let now = |rest: &str| -> String { decoy(rest) };
    let texts: Vec<(&str, String, &[&str])> = vec![
        ("renamed", now("export { Evil as Base };"), &["Order.evil"]),
        ("renamed as a type", now("export type { Evil as Base };"), &["Order.evil"]),
        ("handed on", now("export { Evil as Base } from './evil';"), &["Order.evil"]),
        ("handed on as it is", now("export { Base } from './evil';"), &["Order.evil"]),
        ("handed on as a type", now("export type { Base } from './evil';"), &["Order.evil"]),
        ("handed on with all", now("export * from './evil';"), &["Order.evil"]),
        ("handed on of two", now("export * from './evil';\nexport * from './other';"), &["Order.id", SEVERAL]),
        ("of nobody", now("export {};"), &["Order.id", LOST]),
        ("of an alias", now("export { Base } from '@/shared/evil';"), &["Order.id", LOST]),
        ("of a package", now("export * from 'evil';"), &["Order.id", "the type `Base` is a package's, and its fields cannot be read"]),
        ("twice", now("export { Evil as Base };\nexport { Base } from './evil';"), &["Order.id", SEVERAL]),
        ("as a whole", "namespace N { export interface Base { id: string; evil: string } }\ninterface Base { id: string }\nexport = N;".to_owned(), &["Order.evil"]),
        ("by a second name", "namespace N { export interface Evil { id: string; evil: string } }\nexport import Base = N.Evil;".to_owned(), &["Order.evil"]),
        ("of another module", "declare module 'x' { interface Base { id: string } }\nexport * from './evil';".to_owned(), &["Order.evil"]),
        ("as values", "import { z } from 'zod';\nconst Base = z.object({ id: z.string() });\nconst Evil = Base.extend({ evil: z.string() });\nexport { Evil as Base };".to_owned(), &["Order.evil"]),
        ("imported and handed on", "import { Base } from './evil';\nexport { Base };".to_owned(), &["Order.evil"]),
        ("as it was", decoy("export { Base };"), &[]),
    ];
    let mut wrong = Vec::new();
    let other = ("shared/other.ts", "export interface Base { id: string }");
    for (label, text, due) in &texts {
        let found = brings(&["Order", "Item"], &[BASE, EVIL, other], &[("shared/base.ts", text)]);
        if found != *due && Language::TypeScript.is_built_in() {
            wrong.push(format!("{label}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_import_goes_to_the_file_that_the_compiler_takes() {
    let index = ("shared/base/index.ts", BASE.1);
    let evil = ("shared/base/evil.ts", EVIL.1);
    let script = ("shared/base.js", "export class Base { id; evil }");
    hold(&[
        ("a file before a folder", &[index], &[("shared/base.ts", EVIL.1)], &["Order.evil"]),
        ("a link before a folder", &[index], &[("shared/base.ts", "")], &["Order.id", ELSEWHERE]),
        (
            "a link before another ending",
            &[("shared/base.d.ts", BASE.1)],
            &[("shared/base.tsx", "")],
            &["Order.id", ELSEWHERE],
        ),
        ("a link behind it", &[BASE], &[("shared/base.tsx", ""), ("shared/base/index.ts", "")], &[]),
        (
            "a package",
            &[index, evil],
            &[("shared/base/package.json", "{\"types\": \"./evil.ts\"}")],
            &["Order.id", ELSEWHERE],
        ),
        ("a package by link", &[index, evil], &[("shared/base/package.json", "")], &["Order.id", ELSEWHERE]),
        ("a package that leads nowhere", &[index], &[("shared/base/package.json", "{\"type\": \"module\"}")], &[]),
        ("a package behind a file", &[BASE], &[("shared/base/package.json", "{\"main\": \"evil.ts\"}")], &[]),
        ("a script before a folder", &[index], &[script], &["Order.id", SEVERAL]),
        ("an ending that is not left out", &[index], &[("shared/base.mts", EVIL.1)], &[]),
        (
            "nothing",
            &[index],
            &[
                ("model/a.ts", "import { Base } from '../gone';\nexport interface Order extends Base { r: string }"),
                ("model/decoy.ts", BASE.1),
            ],
            &["Order.id", LOST],
        ),
    ]);
}

#[test]
fn a_type_that_counts_is_the_one_that_others_get() {
    let item = "interface Item { sku: string }\ninterface Evil { sku: string; evil: string }\n";
    let renamed = format!("{item}export {{ Evil as Item }};");
    let starred = "interface Item { sku: string }\nexport * from '../shared/item';";
    let star = ("shared/item.ts", "export interface Item { sku: string; evil: string }");
    let other = "interface ItemX { sku: string; evil: string }\nexport { ItemX as Item };";
    hold(&[
        ("renamed", &[BASE], &[("model/item.ts", &renamed)], &["Item.evil", DECOY]),
        ("handed on", &[BASE, star], &[("model/item.ts", starred)], &[DECOY]),
        ("under a second name alone", &[BASE], &[("model/item.ts", other)], &["Item.evil"]),
        ("a function", &[BASE], &[("model/more.ts", "const make = () => 1;\nexport { make as Item };")], &[]),
        (
            "a component",
            &[BASE],
            &[
                ("model/index.ts", "export { default as Item } from './view';"),
                ("model/view.tsx", "export default () => <b/>;"),
            ],
            &[],
        ),
    ]);
}

#[test]
fn names_that_are_handed_on_behind_themselves_end() {
    let whole = |other: &str| format!("import {{ A }} from './{other}';\nexport = A;");
    let second = "import Q = P.A;\nimport P = Q.A;\nexport import Base = Q.B;";
    let circle = "import { A } from './one';\nexport import Base = A.B;";
    let (one, two) = (whole("two"), whole("one"));
    let lost = |name: &str| LOST.replace("Base", name);
    hold(&[
        ("of a file", &[BASE], &[("shared/base.ts", second)], &["Order.id", &lost("Q.B")]),
        (
            "of two files",
            &[BASE],
            &[("shared/base.ts", circle), ("shared/one.ts", &one), ("shared/two.ts", &two)],
            &["Order.id", &lost("A.B")],
        ),
    ]);
}

#[test]
fn what_else_changes_fields_is_seen() {
    let order = |rest: &str| format!("import {{ Base }} from '../shared/base';\n{rest}");
    let own = order("const Base = z.object({ id: z.string() });\nexport interface Order extends Base { r: string }");
    let json = order("export interface Order extends Base { r: string; toJSON(): { evil: string } }");
    let class = order("export class Order extends Base { r!: string; toJSON() { return { evil: 1 }; } }");
    let writes = "the type writes its own JSON: what that has is not known";
    let added = "fields that are added to a type of another file: declare them where the type is declared";
    let global = "declare global { interface Base { id: string; evil: string } }\nexport {};";
    let free = "export interface Order extends Base { r: string }";
    let spaced = "namespace N { interface Base { id: string } }\nnamespace N { export interface Base { evil: string } }\n\
                  export interface Order extends N.Base { r: string }";
    let addition = "import '../shared/base';\ndeclare module '../shared/base' { interface Base { evil: string } }";
    let both = "a name that is imported and declared here as well: give one of them another name";
    hold(&[
        ("a value of the name of a type", &[BASE], &[("model/a.ts", &own)], &["Order.id", both]),
        (
            "a global type",
            &[BASE],
            &[("model/a.ts", free), ("model/decoy.ts", BASE.1), ("g.d.ts", global)],
            &["Order.id", LOST],
        ),
        ("what a namespace hides", &[BASE], &[("model/a.ts", spaced)], &["Order.evil", APART]),
        ("its own JSON", &[BASE], &[("model/a.ts", &json)], &[writes]),
        ("a class's own JSON", &[BASE], &[("model/a.ts", &class)], &[writes]),
        ("an addition", &[BASE], &[("model/more.ts", addition)], &[added]),
        (
            "an addition to what counts",
            &[BASE],
            &[("model/more.ts", "declare module './item' { interface Item { evil: string } }")],
            &["Item.evil"],
        ),
    ]);
}
