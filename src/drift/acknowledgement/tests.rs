use super::*;

const MAP: &str = ".docs/reports/field-to-api-map.md";

fn today() -> Date {
    jiff::civil::date(2026, 11, 22)
}

fn problems(given: &Acknowledgement) -> Vec<String> {
    let known = |ty: &str, path: &FieldPath| ty == "order" && path.to_string() != "gone";
    given.validate(&known, MAP, today()).into_iter().map(|problem| problem.message).collect()
}

fn one_in_code(text: &str) -> Acknowledgement {
    let (mut given, problems) = in_code(text);
    assert_eq!(problems, []);
    assert_eq!(given.len(), 1, "{given:?}");
    given.pop().unwrap()
}

fn names(given: &Acknowledgement) -> Vec<String> {
    given.fields.iter().map(|(ty, path)| write_field(ty, path)).collect()
}

const WHOLE: &str = "/**\n * DRIFT ACKNOWLEDGEMENT\n * This mapping intentionally diverges from:\n *   \
                     .docs/reports/field-to-api-map.md\n *\n * Fields: order.userId, order.cartItems\n * Reason:\n * - \
                     old carts: they live on\n * - and so does this\n *\n * Approved by: ann\n * Date: 2026-11-21\n * \
                     Expires: 2027-01-01\n */\nconst x = 1\n";

#[test]
fn a_comment_is_read_in_every_language() {
    let inner: Vec<&str> = WHOLE.lines().skip(1).take(12).map(|line| line.trim_start_matches([' ', '*'])).collect();
    let under = |leader: &str| inner.iter().map(|line| format!("{leader}{line}\n")).collect::<String>();
    let texts = [
        WHOLE.to_owned(),
        WHOLE.replace('\n', "\r\n"),
        format!("{}code()\n", under("// ")),
        format!("x = 1\n{}y = 2\n", under("    # ")),
        format!("{}SELECT 1;\n", under("-- ")),
        format!("\"\"\"\n{}\"\"\"\nReason: x\n", under("")),
        format!("/*\n{}*/\nlet y;\n", under("")),
        format!("<!--\n{}-->\n", under("  ")),
        format!("def f():\n    '''{}    '''\n", under("")),
    ];
    for text in texts {
        let given = one_in_code(&text);
        assert_eq!(names(&given), ["order.userId", "order.cartItems"], "{text}");
        assert_eq!(given.reason, "old carts: they live on and so does this");
        assert_eq!(given.contract.as_deref(), Some(MAP));
        assert_eq!(given.expires, Some(jiff::civil::date(2027, 1, 1)));
        assert!(text.get(given.at as usize..).unwrap().starts_with(TITLE));
        assert_eq!(problems(&given), [""; 0], "{text}");
    }
}

#[test]
fn fields_may_stand_below_their_key() {
    let text =
        WHOLE.replace("Fields: order.userId, order.cartItems", "Fields:\n * - `order.userId`\n * - order#cartItems,");
    assert_eq!(names(&one_in_code(&text)), ["order.userId", "order.cartItems"]);
}

#[test]
fn what_is_wrong_with_a_comment_is_told() {
    for (from, to, expected) in [
        ("Approved by: ann", "Approved by:", "nobody is named"),
        ("Approved by: ann", "Approved by: <name>", "nobody is named"),
        ("Approved by: ann", "Approved by: TODO", "nobody is named"),
        (" * Approved by: ann\n", "", "nobody is named"),
        ("Date: 2026-11-21", "Date: 2026-02-30", "no one real day"),
        ("Date: 2026-11-21", "Date: 20261121", "no one real day"),
        ("Date: 2026-11-21", "Date: 2026-11-23", "dated in the future"),
        (" * Date: 2026-11-21\n", "", "has no date"),
        ("Expires: 2027-01-01", "Expires: 2026-11-21", "has expired"),
        ("Expires: 2027-01-01", "Expires: soon", "expires on no one real day"),
        ("Expires: 2027-01-01", "Expire: 2027-01-01", "unknown key"),
        ("Expires: 2027-01-01", "Expires 2027-01-01", "unknown key"),
        ("Expires: 2027-01-01", "Date: 2026-11-21", "this key twice"),
        ("Expires: 2027-01-01", "- Expires: 2027-01-01", "a last day where none is read"),
        ("Expires: 2027-01-01", "**Expires:** soon", "a last day where none is read"),
        ("Expires: 2027-01-01", "@expires: 2027-01-01", "a last day where none is read"),
        ("Expires: 2027-01-01", "`Expires`: 2027-01-01", "a last day where none is read"),
        ("they live on", "they live on until 2027-01-01", "a last day where none is read"),
        ("Approved by: ann", "Approved by: ann (expires 2027-01-01)", "a last day where none is read"),
        ("order.userId,", "order.gone,", "nothing declares"),
        ("order.userId,", "order.*,", "pattern"),
        ("order.userId,", "userId,", "no field"),
        (".docs/reports/field-to-api-map.md", "other.md", "another contract"),
        (" *   .docs/reports/field-to-api-map.md\n", "", "names no contract"),
        ("old carts: they live on\n * - and so does this\n", "\n", "no reason"),
    ] {
        let text = WHOLE.replace(from, to);
        let (given, unread) = in_code(&text);
        let told: Vec<String> =
            given.iter().flat_map(problems).chain(unread.into_iter().map(|problem| problem.message)).collect();
        assert!(told.iter().any(|message| message.contains(expected)), "{to:?} gives {told:?}");
    }
    let (given, problems) = in_code(&WHOLE.replace("Fields: order.userId, order.cartItems", "x"));
    assert_eq!((given.len(), problems.len()), (0, 1));
}

#[test]
fn other_comments_are_none() {
    for text in [
        "// see DRIFT ACKNOWLEDGEMENT\n",
        "// DRIFT ACKNOWLEDGEMENT comments are read\n",
        "const x = 'DRIFT ACKNOWLEDGEMENT'\n",
        "",
    ] {
        assert_eq!(in_code(text), (vec![], vec![]), "{text}");
    }
    // The next comment is not a part of this one.
    let text = "// DRIFT ACKNOWLEDGEMENT\n// Fields: order.a\ncode()\n// Expires: 2027-01-01\n";
    assert_eq!(one_in_code(text).expires, None);
    let text = "/* DRIFT ACKNOWLEDGEMENT\n Fields: order.a */ Expires: 2027-01-01\n";
    assert_eq!(one_in_code(text).expires, None);
    let (given, _) = in_code(&format!("{WHOLE}{WHOLE}"));
    assert_eq!(given.len(), 2);
}

fn in_one(text: &str) -> Result<Acknowledgement, Problem> {
    in_list(text, 7, 3)
}

#[test]
fn an_item_is_read() {
    let given = in_one("removed `order.userId`: gone; for good; approved by ann; 2026-11-21").unwrap();
    assert_eq!((given.divergence.clone(), names(&given)), (Divergence::Removed, vec!["order.userId".to_owned()]));
    assert_eq!(given.reason, "gone; for good");
    assert_eq!((given.approved_by.as_deref(), given.line, given.at), (Some("ann"), 3, 7));
    assert_eq!(problems(&given), [""; 0]);
    for arrow in ["\u{2192}", "->", "=>"] {
        let text =
            format!("Renamed `order.a` {arrow} `order.b`: why; 2026-11-21; expires 2027-01-01; approved by: ann");
        let given = in_one(&text).unwrap();
        assert_eq!(given.divergence, Divergence::Renamed { to: FieldPath::of("b") });
        assert_eq!(given.expires, Some(jiff::civil::date(2027, 1, 1)));
        assert_eq!(problems(&given), [""; 0]);
    }
    let given = in_one("added `order.a`, `order.b[].c` \u{2014} why; approved by ann; 2026-11-21").unwrap();
    assert_eq!((given.divergence.clone(), names(&given).len()), (Divergence::Added, 2));
    let given = in_one("non-canonical `order.a`: why; approved by ann; 2026-11-21").unwrap();
    assert_eq!(given.divergence, Divergence::NonCanonical);
}

#[test]
fn what_is_wrong_with_an_item_is_told() {
    for text in [
        "",
        "none",
        "removed order.a: why",
        "removed `order.a`",
        "removed `order.a` because",
        "removed `a`: why",
        "removed `order.a",
        "renamed `order.a`: why",
        "renamed `order.a` -> `cart.b`: why",
        "renamed `order.a` -> `order.a`: why",
        "changed `order.a`: why",
    ] {
        assert!(in_one(text).is_err(), "{text}");
    }
    for (text, expected) in [
        ("removed `order.a`: ; approved by ann; 2026-11-21", "no reason"),
        ("removed `order.a`: why; 2026-11-21", "nobody is named"),
        ("removed `order.a`: why; approved by NAME; 2026-11-21", "nobody is named"),
        ("removed `order.a`: why; approved by ann", "no date"),
        ("removed `order.a`: why; approved by ann; 2026-13-01", "no one real day"),
        ("removed `order.a`: why; approved by ann; 2026-11-21; expire 2027-01-01", "goes on"),
        ("removed `order.a`: why; approved by ann; 2026-11-21; expires 2026-11-01", "expired"),
        ("removed `order.a`: why; approved by ann; 2026-11-21; approved by bob", "says twice"),
        ("removed `order.gone`: why; approved by ann; 2026-11-21", "nothing declares"),
        ("removed `cart.a`: why; approved by ann; 2026-11-21", "nothing declares"),
        ("added `order.a_*`: why; approved by ann; 2026-11-21", "pattern"),
        ("removed `order.a`: why; expire 2027-01-01; approved by ann; 2026-11-21", "a last day"),
        ("removed `order.a`: why, until 2027-01-01; approved by ann; 2026-11-21", "a last day"),
        ("removed `order.a`: why; `expires 2027-01-01`; approved by ann; 2026-11-21", "a last day"),
        ("removed `order.a`: why; approved by ann (expires 2027-01-01); 2026-11-21", "a last day"),
    ] {
        let told = problems(&in_one(text).unwrap());
        assert!(told.iter().any(|message| message.contains(expected)), "{text} gives {told:?}");
    }
}

#[test]
fn a_pattern_of_the_contract_goes_as_it_stands_there() {
    let given = in_one("removed `order.a_*`: why; approved by ann; 2026-11-21").unwrap();
    assert_eq!(problems(&given), [""; 0]);
}

#[test]
fn a_reason_may_speak_of_days() {
    for reason in ["since 2026-01-01 it is computed", "the expiry is computed", "what is expired lives on"] {
        let given = in_one(&format!("removed `order.expiry`: {reason}; approved by ann; 2026-11-21")).unwrap();
        assert_eq!(problems(&given), [""; 0], "{reason}");
        let text = WHOLE.replace("old carts: they live on", reason);
        assert_eq!(problems(&one_in_code(&text)), [""; 0], "{reason}");
    }
}

#[test]
fn what_is_struck_out_is_not_said() {
    let item = "added `order.a`: why; approved by ann; 2026-11-21";
    let read = |item: &str| {
        let (given, unclear) = in_approval(format!("## DRIFT ACKNOWLEDGEMENTS\n\n{item}\n").as_bytes());
        (given.len(), unclear.len())
    };
    assert_eq!(read(&format!("- {item}")), (1, 0));
    assert_eq!(read(&format!("- [x] {item}")), (1, 0));
    for withdrawn in [format!("- ~~{item}~~"), format!("- [ ] {item}"), format!("- ~~added~~ {}", &item[6..])] {
        assert_eq!(read(&withdrawn), (0, 1), "{withdrawn}");
    }
}

#[test]
fn an_approval_has_them_in_a_section() {
    let text = "\u{feff}# Approval\n- removed `order.no`: why; approved by ann; 2026-11-21\n\n## DRIFT \
                ACKNOWLEDGEMENTS\n\nProse.\n\n- removed `order.a`: over\n  two lines; approved by ann; 2026-11-21\n- \
                what\n\n### More\n* added `order.b`: why; approved by ann; 2026-11-21\n> - added `order.c`: \
                why\n\n```\n- added `order.d`: x\n```\n## Next\n- removed `order.no`: why; approved by ann; 2026-11-21\n";
    let (given, unclear) = in_approval(text.as_bytes());
    assert_eq!(given.iter().flat_map(names).collect::<Vec<_>>(), ["order.a", "order.b"]);
    assert_eq!(given.first().unwrap().reason, "over two lines");
    for given in &given {
        let rest = text.get(given.at as usize..).unwrap();
        assert!(rest.starts_with("removed `order.a`") || rest.starts_with("added `order.b`"));
    }
    assert_eq!(unclear.len(), 1);
    assert_eq!(in_approval(b"\xff").1.len(), 1);
}

#[test]
fn what_is_printed_to_paste_lacks_the_approver_alone() {
    let path = FieldPath::parse("cart[].sku").unwrap();
    let kinds = [
        Divergence::Added,
        Divergence::Removed,
        Divergence::Renamed { to: FieldPath::of("lines") },
        Divergence::NonCanonical,
        Divergence::Unspecified,
    ];
    for (ty, divergence) in ["order", "sanity.fileAsset", "POST /orders"]
        .into_iter()
        .flat_map(|ty| kinds.iter().map(move |divergence| (ty, divergence)))
    {
        let text = paste(divergence, ty, &path, MAP, today());
        let given = if *divergence == Divergence::Unspecified {
            one_in_code(&text)
        } else {
            let page = format!("# Drift acknowledgements\n{text}");
            let (mut given, unclear) = in_approval(page.as_bytes());
            assert_eq!(unclear, [], "{text}");
            given.pop().unwrap()
        };
        assert_eq!((&given.divergence, &given.fields), (divergence, &vec![(ty.to_owned(), path.clone())]), "{text}");
        let told = given.validate(&|_, _| true, MAP, today());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told.first().unwrap().message.contains("nobody is named"), "{told:?}");
    }
}

#[test]
fn any_text_is_read_in_time_that_grows_with_it() {
    let start = std::time::Instant::now();
    for piece in [
        "// DRIFT ACKNOWLEDGEMENT\n",
        "DRIFT ACKNOWLEDGEMENT\n",
        "/* DRIFT ACKNOWLEDGEMENT\n*",
        "Fields: a.b,",
        "*/\"\"\"",
    ] {
        let text = piece.repeat(1_000_000 / piece.len());
        let _ = in_code(&text);
        let _ = in_list(&text, 0, 1);
        let _ = super::super::claims::in_code(&text.replace(TITLE, "FIELD MAPPING CONTRACT"));
    }
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

proptest::proptest! {
    #[test]
    fn no_text_ends_the_program(text in "(// |\\* |/\\*\\*|\"\"\"|DRIFT ACKNOWLEDGEMENT|Fields: a\\.b|Date: 2026|\\*/|\r?\n|[ -~\u{e9}]|`){0,40}") {
        let (given, _) = in_code(&text);
        for given in given {
            proptest::prop_assert!(text.get(given.at as usize..).unwrap().starts_with("DRIFT"));
            let _ = problems(&given);
        }
        let _ = in_list(&text, 0, 1);
        let _ = in_approval(text.as_bytes());
        let _ = super::super::claims::in_code(&text);
        let _ = super::super::claims::names(&text, "a");
    }

    #[test]
    fn whatever_a_field_is_called_it_reads_back(
        ty in "[a-zA-Z0-9_.:-]{0,6}",
        path in "([a-z0-9_]{1,3}|\\.|\\[\\]|\\*|\\['[a-z.* #\\[\\]]{1,3}'\\]){1,12}",
    ) {
        if let Ok(path) = FieldPath::parse(&path) {
            proptest::prop_assert_eq!(field(&write_field(&ty, &path)), Ok((ty, path)));
        }
    }
}

#[test]
fn a_field_reads_back_as_it_is_written() {
    for (ty, path, text) in [
        ("order", "total", "order.total"),
        ("order", "a.b[].c", "order.a.b[].c"),
        ("order", "[].sku", "order[].sku"),
        ("Order.Line", "sku", "Order.Line#sku"),
        ("a-b", "c", "a-b.c"),
        ("order", "['x.y'].z", "order['x.y'].z"),
        ("POST /orders", "total", "POST /orders#total"),
        ("POST /orders 200", "total", "POST /orders 200#total"),
        ("", "total", "#total"),
        ("", "[].a.b", "#[].a.b"),
    ] {
        let path = FieldPath::parse(path).unwrap();
        assert_eq!(write_field(ty, &path), text);
        assert_eq!(field(text), Ok((ty.to_owned(), path)));
    }
    let deep = FieldPath::parse(&["a"; 64].join(".")).unwrap();
    let text = write_field("order", &deep);
    assert_eq!(field(&text), Ok(("order".to_owned(), deep)));
    assert!(field("").is_err() && field("#").is_err() && field("total").is_err());
}
