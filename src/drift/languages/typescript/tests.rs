use super::*;
use crate::drift::shape::Sites;

/// Reads on a stack as small as the caller ever gives.
fn read_bounded(path: &'static str, text: String) -> Module {
    let stack = (64 << 20).max(text.len() * 2048);
    let read = move || {
        let sites = Sites {
            types: ["Order".to_owned()].into(),
            discriminators: ["_type".to_owned()].into(),
            patches: ["set".to_owned()].into(),
            tables: ["MAP".to_owned()].into(),
            table_member: None,
            functions: vec![("map".to_owned(), 1)],
        };
        read(&Source { path: path.into(), text: &text, sites: &sites }, &Loans::new())
    };
    std::thread::Builder::new().stack_size(stack).spawn(read).unwrap().join().unwrap()
}

#[test]
fn hostile_nesting_is_bounded_and_told() {
    let patterns = [
        "[",
        "(",
        "{",
        "!",
        "a=>",
        "`${",
        "a?b:",
        "a=",
        "new ",
        "f(",
        "({a:",
        "class A{a=",
        "(a=",
        "a<",
        "a?(b):c=>",
        "<T>(a=",
        "async(a=",
        "({a=",
        "if(a)",
        "a<b,(",
        "await ",
        "map(",
        "x.set({a:",
        "+(",
    ];
    for pattern in patterns {
        for times in [300, 10_000] {
            for path in ["a.ts", "a.tsx", "a.js"] {
                let module = read_bounded(path, pattern.repeat(times));
                assert!(!module.unread.is_empty(), "{pattern} {times} {path}");
                assert!(module.definitions.is_empty(), "{pattern} {times} {path}");
            }
        }
    }
}

#[test]
fn deep_types_and_values_that_are_no_errors_are_bounded_and_told() {
    let deep = |before: &str, open: &str, middle: &str, close: &str, times: usize, after: &str| {
        format!("{before}{}{middle}{}{after}", open.repeat(times), close.repeat(times))
    };
    for text in [
        deep("type A = ", "{a:", "string", "}", 1000, ""),
        deep("type A = ", "Array<", "string", ">", 500, ""),
        deep("type A = ", "", "string", "[]", 10_000, ""),
        deep("const A = ", "z.array(", "z.string()", ")", 1000, ""),
        deep("const A = z.string()", "", "", ".optional()", 5000, ""),
        deep("const MAP = ", "[", "'a'", "]", 1000, ""),
        deep("const o: Order = ", "{a:", "1", "}", 1000, ""),
        deep("const o: Order = ", "{a:[", "1", "]}", 600, ""),
        deep("const o = 1", "", "", " + 1", 10_000, ""),
        deep("", "namespace a {", "interface A { b: string }", "}", 600, ""),
        deep("x.set({'a': ", "[", "1", "]", 600, "})"),
    ] {
        let start: String = text.chars().take(60).collect();
        let module = read_bounded("a.ts", text);
        let told =
            !module.unread.is_empty() || module.definitions.iter().any(|definition| has_unread(&definition.shape));
        assert!(told, "{start}: {module:?}");
    }
}

fn has_unread(shape: &crate::drift::shape::Shape) -> bool {
    format!("{shape:?}").contains("Unread")
}

#[test]
fn one_line_of_a_megabyte_is_read_in_one_go() {
    let members: String = (0..60_000).map(|index| format!("field{index}: string;")).collect();
    let module = read_bounded("a.ts", format!("interface A {{{members}}}"));
    assert_eq!(module.definitions.len(), 1);
    assert_eq!(module.unread, []);
    let calls: String = (0..40_000).map(|index| format!("x.set({{'a.b{index}':1}});")).collect();
    assert_eq!(read_bounded("a.ts", calls).sites.len(), 40_000);
}

#[test]
fn speculation_of_the_parser_is_bounded_in_files_of_any_size() {
    for pattern in ["(a=", "a<", "a?(b):c=>", "a<b,", "(a=1,", "f(a<b,"] {
        let module = read_bounded("a.ts", pattern.repeat((1 << 20) / pattern.len()));
        assert!(!module.unread.is_empty(), "{pattern}");
    }
}

#[test]
fn generic_types_that_grow_without_end_are_bounded_and_told() {
    let twice = "type T<A> = { a: A; b: A };".to_owned();
    let deep = format!("{twice} type Big = {}string{};", "T<".repeat(60), ">".repeat(60));
    let module = read_bounded("a.ts", deep);
    assert!(module.definitions.iter().any(|definition| has_unread(&definition.shape)));
    let chain: String = (0..200).map(|index| format!("type A{}<T> = A{index}<{{a: T, b: T}}>;", index + 1)).collect();
    read_bounded("a.ts", format!("type A0<T> = T; {chain} type Last = A200<string>;"));
    read_bounded(
        "a.ts",
        "type A<T> = A<A<T>>; type B = A<B>; interface C extends D<C> {} interface D<T> extends C {}".into(),
    );
    read_bounded("a.ts", "type A = A['a']; type B = C['x']; type C = B['y']; type D = Pick<D, keyof D>;".into());
    read_bounded("a.ts", "const a = b; const b = a; const c = `${c}${c}`; interface X { [a]: 1; [c]: 2 }".into());
}

#[test]
fn what_doubles_at_each_level_is_bounded_and_told() {
    let chain = |first: &str, next: &dyn Fn(usize) -> String| {
        first.to_owned() + &(1..60).map(|index| next(index) + ";\n").collect::<String>()
    };
    let nested = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(60), close.repeat(60));
    for (name, text) in [
        ("records", format!("type X = {};", nested("Record<'a' | 'b', ", "string", ">"))),
        ("zod records", format!("const X = {};", nested("z.record(z.enum(['a', 'b']), ", "z.string()", ")"))),
        (
            "zod objects",
            chain("const A0 = { x: z.string() };\n", &|at| {
                let below = format!("z.object(A{})", at - 1);
                format!("const A{at} = {{ a: {below}, b: {below}, c: {below}, d: {below} }}")
            }) + "const X = z.object(A59);",
        ),
        (
            "lists of fields",
            chain("const L0 = [defineField({ name: 'a', type: 'string' })];\n", &|at| {
                let below = format!("...L{}", at - 1);
                format!("const L{at} = [{below}, {below}, {below}, {below}]")
            }) + "export default defineType({ name: 'X', type: 'document', fields: [...L59] });",
        ),
        (
            "generics",
            chain("type A0<T> = T;\n", &|at| format!("type A{at}<T> = [A{0}<T>, A{0}<T>]", at - 1))
                + "type X = A59<{ a: string }>;",
        ),
        (
            "members",
            chain("type A0 = { x: string };\n", &|at| format!("type A{at} = {{ x: A{0}['x'] | A{0}['x'] }}", at - 1))
                + "type X = A59['x'];",
        ),
    ] {
        let module = read_bounded("a.ts", format!("import {{ z }} from 'zod';\n{text}"));
        let told = module.definitions.iter().any(|definition| has_unread(&definition.shape));
        assert!(told || !module.unread.is_empty(), "{name}: {:?}", module.definitions.len());
    }
    read_bounded("a.ts", format!("type X = {};", nested("(", "null & null", ") & null")));
}

#[test]
fn a_file_that_is_larger_than_its_stack_is_read_or_told() {
    let fine = "export interface A { a: string }\nconst a = { b: [1, 2] }\n".repeat(50_000);
    let long = format!("{fine}const c = {}1", "!".repeat(2_200_000));
    let choice = format!("{fine}const c = {}1", "a ? (b, c) : ".repeat(600_000));
    assert_eq!(super::guard::check(&fine, true), Ok(()));
    for text in [long, choice] {
        let unread = super::guard::check(&text, true).unwrap_err();
        assert!(unread.at as usize > fine.len() && (unread.at as usize) < text.len());
    }
}

#[test]
fn types_of_literals_that_are_too_many_are_bounded_and_told() {
    let many = |part: &dyn Fn(usize) -> String, times: usize| (0..times).map(part).collect::<String>();
    let doubling = many(&|at| format!("type A{at} = A{0} | A{0};", at + 1), 40) + "const a: A0 = { a: 1 };";
    let members = many(&|at| format!("a{at}: Order;"), 10_000);
    let values = many(&|at| format!("a{at}: {{ b: 1 }},"), 10_000);
    let wide = format!("const a: {{ {members} }} = {{ {values} }};");
    let union = "A1 | ".repeat(5_000) + "Other";
    let list = "{ a: 1 },".repeat(10_000);
    let unions = format!("interface A1 {{ a: Order }} const a: ({union})[] = [{list}];");
    let sets = many(&|at| format!("{{ let z: A{at}; z = {{ a: 1 }}; }}"), 3_000);
    for text in [doubling, wide, unions, sets] {
        let module = read_bounded("a.ts", text);
        assert!(module.unread.iter().any(|unread| unread.reason.contains("too many")), "{:?}", module.unread.len());
        assert!(module.unread.len() < 3);
    }
}

#[test]
fn constants_that_are_made_of_each_other_are_bounded_and_told() {
    let many = |part: &dyn Fn(usize) -> String, times: usize| (0..times).map(part).collect::<String>();
    let uses = "map(A0.x); const MAP = { ...A0 };";
    // In a circle, by keys and by values: nothing is known of any of them.
    let circle = |part: &str| part.replace('#', "A1") + ";" + &part.replace("A0", "A1").replace('#', "A0") + ";" + uses;
    let circles = [
        "const A0 = { [#.x]: 'a', x: 'b' }",
        "const A0 = { [`${#.x}${#.x}`]: 'a' }",
        "const A0 = { x: `${#.x}${#.x}` }",
        "const A0 = { x: #.x + A0.x }",
        "const A0 = { ...#, ...A0 }",
        "class A0 { static readonly [#.x] = 'a' }",
        "class A0 { static readonly x = `${#.x}${A0.x}` }",
        "enum A0 { x = #.x, [#.y] = 'a' }",
    ];
    let mut texts = circles.map(circle).to_vec();
    // Each of the next, without end for any stack.
    let chains = [
        "const A@ = { ...A#, a: 1 };",
        "const A@ = { x: A#.x };",
        "const A@ = { x: `${A#.x}${A#.x}` };",
        "const A@ = { [A#.x]: 1, x: A#.x };",
        "class A@ { static readonly x = A#.x + A#.x }",
        "const A@ = { _type: A#._type, ...A# };",
    ];
    for chain in chains {
        let link = |at: usize| chain.replace('@', &at.to_string()).replace('#', &(at + 1).to_string());
        texts.push(many(&link, 20_000) + "const A20000 = { x: 'a' };" + uses);
    }
    for text in texts {
        let module = read_bounded("a.ts", text);
        assert_eq!(module.sites, [], "{:?}", module.sites.len());
        assert!(!module.unread.is_empty());
    }
}

#[test]
fn constants_that_are_made_of_too_many_parts_are_told_once() {
    let many = |part: &dyn Fn(usize) -> String, times: usize| (0..times).map(part).collect::<String>();
    let wide = many(&|at| format!("a{at}: 1,"), 2_000);
    let copied = many(&|at| format!("const A{at} = {{ ...A }}; map(A{at}.a0);"), 2_000);
    let module = read_bounded("a.ts", format!("const A = {{ {wide} }}; {copied}"));
    let told = module.unread.iter().filter(|unread| unread.reason.contains("too many"));
    assert_eq!(told.count(), 1, "{:?}", module.unread.len());
}

#[test]
fn what_a_type_extends_is_looked_at_once() {
    let bases = |at: usize| vec![format!("A{at}"); 12].join(", ");
    let types = (0..14).map(|at| format!("interface A{at} extends {} {{}} ", bases(at + 1))).collect::<String>();
    let uses = "const a: Order & A0 = { secret: 1 }; function f(o: Order) { const b: Order = { ...o } }";
    let module =
        read_bounded("a.ts", format!("{types} interface A14 {{ a: 1 }} interface Order extends A0 {{}} {uses}"));
    assert_eq!(module.sites.len(), 1);
}

#[test]
fn a_syntax_error_leaves_nothing_but_its_place() {
    for text in [
        "interface A { a: string }\nconst x = `abc",
        "interface A { a: string }\n interface {",
        "type A = {a: string}; )",
    ] {
        let module = read_bounded("a.ts", text.to_owned());
        assert_eq!(module.definitions, [], "{text}");
        assert_eq!(module.unread.len(), 1);
        assert!(usize::try_from(module.unread[0].at).unwrap() <= text.len());
    }
}

#[test]
fn any_prefix_of_a_file_is_read_without_a_panic() {
    let fixture = include_str!("../../../../fixtures/drift/typescript/all-together.toml");
    let text = fixture.split("'''").nth(1).unwrap();
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        read(&Source { path: "a.ts".into(), text: &text[..end], sites: &Sites::default() }, &Loans::new());
        let rest = &text[end..];
        read(&Source { path: "a.js".into(), text: rest, sites: &Sites::default() }, &Loans::new());
    }
}
