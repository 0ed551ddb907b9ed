use super::read;
use crate::drift::languages::Source;
use crate::drift::shape::{Module, Sites};

/// What a file says, read on the smallest stack that the thread for sources has.
fn said(text: &str) -> Module {
    let sites = Sites {
        functions: vec![("map".to_owned(), 1)],
        tables: ["FIELD_MAP".to_owned()].into(),
        table_member: None,
        discriminators: ["_type".to_owned()].into(),
        types: ["Order".to_owned()].into(),
        patches: ["set".to_owned(), "api.change".to_owned()].into(),
    };
    let stack = (64 << 20).max(text.len() * 2048);
    let read = || read(&Source { path: "app/models.py".into(), text, sites: &sites });
    std::thread::scope(|scope| {
        std::thread::Builder::new().stack_size(stack).spawn_scoped(scope, read).unwrap().join().unwrap()
    })
}

#[test]
fn no_nesting_is_too_deep() {
    let begun = std::time::Instant::now();
    let times = 10_000;
    let around = |open: &str, close: &str| format!("{}1{}", open.repeat(times), close.repeat(times));
    for text in [
        format!("x = {}", around("(", ")")),
        format!("x = {}", around("[", "]")),
        format!("x = {}", around("{1:", "}")),
        format!("x = {}1", "not ".repeat(times)),
        format!("x = {}1", "-".repeat(times)),
        format!("x = {}1", "lambda:".repeat(times)),
        format!("x = {}1", "1 if 1 else ".repeat(times)),
        format!("x = {}1", "1**".repeat(times)),
        format!("x = {}1", "1+".repeat(times)),
        format!("x = y{}", ".a".repeat(times)),
        format!("x = y{}", "()".repeat(times)),
        format!("x = y{}", "[0]".repeat(times)),
        format!("x: {} = 1", around("A[", "]")),
        format!("x: {}A = 1", "A|".repeat(times)),
        format!("class A:\n x: {}\n", around("list[", "]")),
        format!("class A:\n x: {}A\n", "A|".repeat(times)),
        format!("match x:\n case {}: pass\n", around("[", "]")),
        format!("x = f'{}'", around("{a:", "}")),
        format!("x = {}", around("f'{", "=}'")),
        format!("with {} as a: pass", around("(", ")")),
        format!("with {}1{} as a: pass", "(".repeat(190), ")".repeat(190)),
        format!("{}1{}", "match(".repeat(190), ")".repeat(190)),
        format!("type a = {}", around("(", ")")),
        format!("{}pass", "if 1:".repeat(times)),
        "(".repeat(times),
        (0..300).map(|depth| format!("{}class A:\n", " ".repeat(depth))).collect(),
        (0..300).map(|depth| format!("{}if a:\n", " ".repeat(depth))).collect::<String>() + &" ".repeat(300) + "pass",
    ] {
        let module = said(&text);
        assert!(module.definitions.len() < 300, "{}", text.get(..40).unwrap_or(&text));
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn what_is_nested_deeper_than_python_allows_is_said_to_be() {
    for (open, close, fits) in [("(", ")", 200), ("f'{", "}'", 100)] {
        let nested = |times: usize| said(&format!("x = {}1{}", open.repeat(times), close.repeat(times)));
        assert_eq!(nested(fits), Module { is_exact: true, ..Module::default() });
        assert_eq!(nested(fits + 1).unread.len(), 1);
    }
    let text = "x = [':(', ':(', ')'] # ((\n".repeat(300);
    assert_eq!(said(&text), Module { is_exact: true, ..Module::default() });
}

#[test]
fn chains_without_brackets_are_bounded_and_told_with_their_place() {
    let times = 12_000;
    for part in ["-", "not ", "lambda:", "lambda a,:", "1 if 1 else ", "1**", "await ", "1+", "a.", "a[0] + ", "yield "]
    {
        let text = format!("a = 1\nx = {}1\n", part.repeat(times));
        let module = said(&text);
        assert_eq!(module.unread.len(), 1, "{part}");
        let at = module.unread[0].at as usize;
        assert!(at > 9_000 && at < text.len(), "{part} {at}");
        assert!(module.unread[0].reason.contains("too deep"), "{part}");
    }
    let called = format!("x = y{}", "()".repeat(times));
    assert_eq!(said(&called).unread.len(), 1);
    let fine = "x = [1, -2, not 3];".repeat(times) + "\n" + &"x = [\n 'a',\n 'b'\n 'c']\n".repeat(times);
    assert_eq!(said(&fine).unread, []);
    let fine = format!("x = [{}]", "-1,\n".repeat(times)) + &format!("\ny = ({})", "'a'\n".repeat(times));
    assert_eq!(said(&fine).unread, []);
}

#[test]
fn one_long_line_takes_no_longer_than_it_must() {
    let begun = std::time::Instant::now();
    let fill = |part: &str| part.repeat((1 << 16) / part.len());
    for text in [
        fill("a;"),
        format!("x = [{}]", fill("'map',")),
        format!("x = {{{}}}", fill("'_type':{'a':1},")),
        format!("class A:\n x: {}int", fill("int|")),
        format!("class A:\n{}", fill(" x: 'list[B]'\n")),
        format!("class {}:\n{}", fill("A"), fill(" x: Self\n")),
        format!("class A:\n{}", fill(" class B: pass\n")),
        format!("from a import {}b", fill("b,")),
        fill("import a.b.c as d;"),
        fill("A=Union[B,C];"),
        fill("map('a');"),
        fill("f(x='a');"),
        fill("class A(B): pass\n"),
        format!("class A({}B): pass", fill("B,")),
        fill("@a\n") + "class A: pass",
        format!("x = {}", "\"".repeat(1 << 16)),
        "\\".repeat(1 << 16),
        fill("\u{feff}"),
    ] {
        said(&text);
    }
    // A debug build on a machine that is busy with other tests: what is quadratic takes hours.
    assert!(begun.elapsed().as_secs() < 120, "{:?}", begun.elapsed());
}

#[test]
fn no_beginning_of_a_file_is_too_short() {
    let text = include_str!("../../../../fixtures/drift/python/sites-typed.toml");
    let code = text.split("'''").nth(1).unwrap();
    for end in (0..=code.len()).filter(|end| code.is_char_boundary(*end)) {
        said(&code[..end]);
    }
}

#[test]
fn names_that_lead_to_each_other_come_to_an_end() {
    let begun = std::time::Instant::now();
    let times = 2_000;
    let many = |line: &str| (0..times).map(|n| line.replace("{n}", &n.to_string())).collect::<String>();
    for text in [
        "A = B | B\nB = A | A\nx: A = {'a': 1}\n".to_owned(),
        format!("A = list[A] | list[A]\nx: A = {}1{}\n", "[".repeat(40), "]".repeat(40)),
        many("A = Order\nA(a=1)\n"),
        format!("A = A0\nB = {{**B, **B}}\nOrder(**B)\n{}", many("A{n} = A\nA = A{n}\nA{n}(a=1)\n")),
        many("x = FIELD_MAP\nx['a'] = 'a'\n"),
        many("class A{n}(A):\n  def f(cls):\n    cls(a=1)\n    self.a = {'a': 1}\n"),
        format!("x = {}0\n{}", "lambda: ".repeat(120), many("map(PATH)\n")),
        many("B{n} = {**B, 'a': 'a'}\nB = {**B{n}}\nFIELD_MAP = {**B}\n"),
        format!("{}{}", (0..100).map(|_| "A = Order\n").collect::<String>(), many("A(a=1)\nx.y = A\nx.y(a=1)\n")),
        format!("FIELD_MAP = {{}}\n{}", "x.a = x.b\nx.b = x.a\nx.a['a'] = 'a'\n".repeat(500)),
        format!("for {} in [{}]: pass\n", many("a{n}, "), many("b, ")),
        many("order: Order = replace(order, a=1)\n"),
    ] {
        said(&text);
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn what_has_too_many_names_is_unread() {
    let many = |line: &str| (0..200).map(|n| line.replace("{n}", &n.to_string())).collect::<String>();
    let heirs = many("class A{n}(A):\n  pass\n");
    let chain = (0..200).map(|n| format!("class A{}(A{n}):\n  pass\n", n + 1)).collect::<String>();
    let other_names = many("x = y{n}\n");
    for (text, reason) in [
        (format!("{other_names}x = FIELD_MAP\nx['a'] = 'order.evil'\n"), "too many names"),
        (format!("{other_names}x.update(a='order.evil')\nFIELD_MAP = {{}}\n"), "too many names"),
        (format!("class A:\n  def f(cls):\n    cls(nick=1)\n{heirs}class Order(A):\n  pass\n"), "too many things"),
        (format!("{other_names}x = Order\nx(nick=1)\n"), "too many things"),
        (format!("{other_names}x = order\norder: Order\nx._replace(nick=1)\n"), "too many things"),
        (format!("{}x = FIELD_MAP\nx['a'] = 'order.evil'\n", "x = other\n".repeat(129)), "too many names"),
        (format!("{}a.x = FIELD_MAP\nb.x['a'] = 'order.evil'\n", "a.x = other\n".repeat(129)), "too many names"),
        (format!("{}x[0] = FIELD_MAP\nx[0]['a'] = 'order.evil'\n", "x[0] = y\n".repeat(129)), "too many names"),
        (format!("x = list({}FIELD_MAP)\nx[0]['a'] = 'order.evil'\n", "y, ".repeat(129)), "too many names"),
        (
            format!("def f(o):\n  {}o = Order\n  o(nick=1)\n", "try: pass\n  except E as o: pass\n  ".repeat(129)),
            "too many things",
        ),
        (
            format!(
                "class A:\n  o: Order\n  def f(self):\n    {}s = self\n    s.o = {{'a': 1}}\n",
                "s = 1;".repeat(129)
            ),
            "too many names",
        ),
        (format!("class A:\n  def f(cls):\n    cls(nick=1)\n{heirs}"), "too many things"),
        (
            format!("{}x.k = Order\nx.k(nick=1)\n", format!("{}y\n", "a.k = ".repeat(129)) + &many("b{n}.k = c{n}\n")),
            "too many things",
        ),
        ("class FIELD_MAP:\n  A = 'order.'\n  A += 'x'\n".to_owned(), "computed"),
        ("class FIELD_MAP:\n  from .p import ID as id\n".to_owned(), "computed"),
        ("class FIELD_MAP:\n  import ids\n".to_owned(), "computed"),
        (
            format!("class A0:\n  order: Order\n{chain}class B(A200):\n  def f(self):\n    self.order = {{'a': 1}}\n"),
            "too many names",
        ),
        (
            format!("class A:\n  def f(self):\n    x = self\n    {}\n    x.order = {{'a': 1}}\n", many("x = y;")),
            "too many names",
        ),
    ] {
        let module = said(&text);
        assert!(module.unread.iter().any(|unread| unread.reason.contains(reason)), "{text} {:?}", module.unread);
    }
    // A class that is written many times is one.
    let twice = "class B(A): pass\n".repeat(70);
    let text = format!("class A:\n  def f(cls):\n    cls(nick=1)\n{twice}class Order(A): pass\n");
    assert!(said(&text).sites.iter().any(|site| site.path.ends_with("nick")), "{:?}", said(&text).sites);
    // Where no table has its name in the file nothing is taken for one.
    assert_eq!(said(&format!("{other_names}x['a'] = 'order.none'\n")).unread, []);
}

#[test]
fn what_is_listed_again_and_again_is_unread_in_the_end() {
    let begun = std::time::Instant::now();
    let each = |many: usize, length: usize| {
        let constant = format!("A = '{}'\n", "a".repeat(length));
        format!("{constant}for p in ({}):\n  {}\n", "A,".repeat(250), "map(p);".repeat(many))
    };
    let fine = said(&each(3, 10));
    assert_eq!((fine.sites.len(), fine.unread.len()), (3, 0), "the same path at one place is one site");
    for text in [each(1, 4000), each(20_000, 20)] {
        let module = said(&text);
        assert!(module.unread.iter().any(|unread| unread.reason.contains("is computed")));
        assert!(module.sites.len() < 100_000);
    }
    let table = format!("T = [{}FIELD_MAP]\n", "b, ".repeat(4000));
    let module = said(&format!("{table}{}", "T[0]['a'] = 'order.evil'\n".repeat(5_000)));
    assert!(!module.unread.is_empty() || !module.sites.is_empty());
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn what_gets_many_names_at_once_is_unread_in_the_end() {
    let begun = std::time::Instant::now();
    let name = "a".repeat(400_000);
    for text in [
        format!("{name} = [{}]\n", "x,".repeat(100_000)),
        format!("{}[{}]\n", "a = ".repeat(5_000), "x,".repeat(5_000)),
    ] {
        let module = said(&text);
        assert!(module.unread.iter().any(|unread| unread.reason.contains("another name")), "{:?}", module.unread);
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}

#[test]
fn what_stands_in_quotes_is_not_looked_for_without_end() {
    let begun = std::time::Instant::now();
    let twice = (0..60).map(|n| format!("A{n} = Union[\"A{}\", \"A{}\"]\n", n + 1, n + 1)).collect::<String>();
    let import = "from typing import Union\n";
    for text in [
        "X = \"X\"\ndef g(o: X):\n  o.model_validate({'a': 1})\n  type(o)(a=1)\n".to_owned(),
        "X = \"X\"\ndef g(o: X): o(a=1)\ndef h(o: type[X]): o(a=1)\n".to_owned(),
        "X = \"Y\"\nY = \"X\"\ndef g(o: X):\n  type(o)(a=1)\n".to_owned(),
        format!("{import}{twice}def g(o: A0):\n  type(o)(a=1)\n"),
    ] {
        let module = said(&text);
        assert!(module.unread.iter().any(|unread| unread.reason.contains("too many things")), "{text} {module:?}");
    }
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}
