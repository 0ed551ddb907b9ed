//! Tables and regions.

use super::*;

#[test]
fn tables_are_found_by_their_headers() {
    lists(
        "| Field | API Path | Required |\n|---|---|---|\n| order.total | `fields.a[].b` | yes |\n",
        &["order total = fields.a[].b"],
    );
    lists(
        "## `order`\n| UI Field | API Field | Endpoint | Status |\n|-|-|-|-|\n| a | data[i].b | `POST /x` | ok |\n| c | N/A | | |\n",
        &["order a = data[].b by POST /x", "order c = nothing"],
    );
    lists(
        "Source Field | Target Field | Transformation\n--|--|--\norder.a | doc.docType[0].type | |\norder.b | (discarded) | x\n",
        &["order a = doc.docType[].type", "order b = nothing"],
    );
    lists("|Shop Field|API Path|\n|--|--|\n|o.a|b|\n", &["o a = b"]);
    lists("|Field|Shop Field|API Path|\n|--|--|--|\n|o.a|x|b|\n", &["o a = b"]);
    lists(
        "|Term|JSON Path|\n|--|--|\n|p.q|$.particles[*].atom|\n|**p.r**|x|\n",
        &["p q = particles[].atom", "p r = x"],
    );
    lists("|Field|JSON pointer|\n|--|--|\n|o.a_*|/a/b|\n|o.x\\_y|/a\\_b|\n", &["o a_* = a.b", "o x_y = a_b"]);
    lists(
        "## Order\n|Field|Path|\n|--|--|\n|a|Not sent|\n|b|Calculated|\n|N/A|c|\n|d||\n",
        &["Order a = nothing", "Order b = nothing", "Order d"],
    );
    lists(
        "|Field|API path|Endpoint|\n|--|--|--|\n|a|b|POST /orders|\n|POST /carts c|d||\n|POST /carts `e`|f||\n",
        &["POST /orders a = b by POST /orders", "POST /carts c = d by POST /carts", "POST /carts e = f by POST /carts"],
    );
    lists(
        "### `GET /o 200`\n- `id`\n\n### `POST /o query`\n- `limit`\n\n### `POST /o`\n- `query`\n\n### `GET /o 2XX`\n- `a`\n",
        &["GET /o 200 id", "POST /o query limit", "POST /o query", "GET /o 2XX a"],
    );
    lists(
        "|Field|Path|Endpoint|\n|--|--|--|\n|`GET /o 200#id`|N/A||\n|`GET /o query limit`|N/A||\n|`POST /o query`|N/A||\n|a|N/A|GET /o default|\n|b|N/A|GET /o 600|\n",
        &[
            "GET /o 200 id = nothing by GET /o 200",
            "GET /o query limit = nothing by GET /o query",
            "POST /o query = nothing by POST /o",
            "GET /o default a = nothing by GET /o default",
            "GET /o b = nothing by GET /o",
        ],
    );
    lists("## `order`\n|Field|Notes|\n|--|--|\n|[`a`](#a)|x|\n|`b` \u{2014} prose|y|\n", &["order a", "order b"]);
    lists("|Field|Meaning|\n|--|--|\n|a|b|\n\n|Name|Path|\n|--|--|\n|a|b|\n", &[]);
    lists("- item\n\n  |Field|Path|\n  |--|--|\n  |order.a|b|\n", &["order a = b"]);
}

#[test]
fn names_in_one_cell_pair_by_position() {
    lists(
        "## `p`\n|Field|Path|\n|--|--|\n|`stock`, `scent`|`a` and `b`|\n|`c` + `d`|N/A|\n|`e`<br>`f`|`g`<br>`h`|\n",
        &["p stock = a", "p scent = b", "p c = nothing", "p d = nothing", "p e = g", "p f = h"],
    );
    wrong("## `p`\n|Field|Path|\n|--|--|\n|`a`, `b`|`c`|\n", 4, "2 fields cannot be paired with 1 targets");
    wrong("## `p`\n|Field|Path|\n|--|--|\n|`a` or `b`|`c`|\n", 4, "between paths stand commas");
}

#[test]
fn rows_without_fields_are_titles_or_problems() {
    let head = "## `p`\n|Field|Path|Notes|\n|--|--|--|\n|a|b|c|\n";
    for title in ["| **CORE IDENTITY** |", "|**Core**|||", "| Core fields |", "|||", "| | | |"] {
        lists(&format!("{head}{title}\n|d|e|f|\n"), &["p a = b", "p d = e"]);
    }
    for (row, message) in [
        ("|**`d`**|", "1 cells and its header 3"),
        ("|d|", "1 cells and its header 3"),
        ("|d|e|", "2 cells and its header 3"),
        ("|d|e|f|g|", "4 cells and its header 3"),
        ("|d|`a|b`|f|", "4 cells and its header 3"),
        ("|| e | f |", "names no field"),
        ("|d + e|f|g|", "no path of a field"),
        ("|first name|f|g|", "no path of a field"),
        ("|d|see below|g|", "no path that a field is mapped to"),
        ("|d|`x` see below|g|", "no path that a field is mapped to"),
        ("|*d*|x|g|", "in backticks"),
        ("|d.*.e.*|x|g|", "in backticks"),
        ("|__v__|x|g|", "in backticks"),
        ("|d&amp;|x|g|", "in backticks"),
        ("|~~`d`~~|x|g|", "struck out"),
        ("|`GET /x`|x|g|", "route without a field"),
    ] {
        wrong(&format!("{head}{row}\n"), 5, message);
    }
    lists(&format!("{head}|d|`x`|a \\| b|\n|e|f|`a \\| b`|\n"), &["p a = b", "p d = x", "p e = f"]);
    wrong("|Field|Path|\n|--|--|\n|total|b|\n", 3, "has no type");
    wrong("## `p`\n- `q`\n\n|Name|Url|\n|--|--|\n|a|b|\n", 4, "no column of this table names fields");
    wrong("## `p`\n|Field|UI Field|Path|\n|--|--|--|\n|a|b|c|\n- `q`\n", 2, "could both be meant");
    wrong("|Shop Field|Sales Field|Path|\n|--|--|--|\n|o.a|o.b|c|\n", 1, "could both be meant");
    wrong("|Field|API path|Target|\n|--|--|--|\n|o.a|b|c|\n", 1, "could both be meant");
    wrong("## `p`\n- `q`\n\n|Field|Path|Notes|\n|--|--|\n|a|b|c|\n", 4, "looks like a table and is none");
    wrong("## `p`\n|Field|Path|\n|--|--|\n|a|b|\n|a|b|\n", 5, "stands here twice");
}

#[test]
fn a_policy_names_columns() {
    let columns = Columns { field: Some("db column".to_owned()), target: Some("UI".to_owned()) };
    let text = "|Field|UI|DB  Column|\n|--|--|--|\n|x|a|order.b|\n\n|Field|Path|\n|--|--|\n|o.a|b|\n";
    let contract = Contract::parse(text.as_bytes(), &columns);
    assert_eq!((entries(&contract), problems(&contract)), (vec!["order b = a".to_owned()], vec![]));
    let same = Columns { field: Some("UI".to_owned()), target: Some("UI".to_owned()) };
    assert_eq!(Contract::parse(text.as_bytes(), &same).problems.len(), 1);
}

#[test]
fn regions_make_prose_of_everything_else() {
    let text = "### `order`\n- `no`\n- prose\n\n<!-- refgate:contract -->\n- `a`\n\n## cart\n- `b`\n\n# Other things\n- `bill.c`\n\
                <!-- /refgate:contract -->\n- `no`\n|Field|Path|\n|--|--|\n|o.a|b|\n\n<!-- refgate:contract -->\n\
                |Field|x|\n|--|--|\n|o.d|e|\n\n<!-- /refgate:contract -->\n";
    lists(text, &["order a", "cart b", "bill c", "o d"]);
    let contract = parse(text);
    let inside: Vec<&str> =
        contract.regions.iter().map(|own| text.get(own.start as usize..own.end as usize).unwrap()).collect();
    assert_eq!(inside.last(), Some(&"|Field|x|\n|--|--|\n|o.d|e|\n\n"));
    assert!(inside.first().unwrap().starts_with("- `a`\n") && inside.first().unwrap().ends_with("- `bill.c`\n"));

    let open = "<!-- refgate:contract -->\n";
    let close = "<!-- /refgate:contract -->\n";
    wrong(&format!("{open}- `o.a`\n"), 1, "not closed");
    wrong(&format!("{open}- `o.a`\n{open}- `o.b`\n{close}"), 3, "still open");
    wrong(&format!("{open}- `o.a`\n{close}{close}"), 4, "no region is open");
    wrong(&format!("{open}- `o.a`\n- prose\n{close}"), 3, "names no field");
    wrong(&format!("{open}- `a`\n{close}"), 2, "has no type");
    for mark in [
        "<!-- refgate: contract -->",
        "<!--refgate:contract-->",
        "<!-- Refgate:contract -->",
        "<!-- refgate:contract --> x",
    ] {
        wrong(&format!("text\n\n{mark}\n"), 3, "the mark of a region");
    }
    wrong("text <!-- refgate:contract -->\n", 1, "the mark of a region");
    lists("```\n<!-- refgate:contract -->\n```\n<!-- other -->\n### `order`\n- `a`\n", &["order a"]);
}

#[test]
fn hostile_pages_are_read_in_time_that_grows_with_them() {
    let start = std::time::Instant::now();
    let name = "n".repeat(500);
    let pieces = [
        "[".to_owned(),
        "`".to_owned(),
        "*_".to_owned(),
        "<!--".to_owned(),
        "### `a`\n".to_owned(),
        "- `a`\n".to_owned(),
        "|".to_owned(),
        "a|b\n".to_owned(),
        "<!-- refgate:contract -->\n".to_owned(),
        "a ".to_owned(),
        format!("### `{name}`\n- `a`\n"),
        "`a`, ".to_owned(),
        "\\|".to_owned(),
    ];
    for piece in pieces {
        let many = piece.repeat(200_000 / piece.len());
        for head in ["", "### `order`\n- `", "|Field|Path|\n|--|--|\n|", "<!-- refgate:contract -->\n"] {
            let contract = Contract::parse(format!("{head}{many}").as_bytes(), &Columns::default());
            assert!(contract.problems.len() <= MAX_PROBLEMS + 1);
        }
    }
    let wide = format!("|{}\n|{}\n{}", "Field|".repeat(20_000), "-|".repeat(20_000), "x\n".repeat(100_000));
    let _ = Contract::parse(wide.as_bytes(), &Columns::default());
    let routed = format!("|Field|Endpoint|\n|--|--|\n|{}|POST /{name}|\n", "`a`, ".repeat(100_000));
    let _ = Contract::parse(format!("### `{name}`\n{routed}").as_bytes(), &Columns::default());
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn patterns_beyond_the_most_are_a_problem_and_no_entries() {
    let text = |patterns: usize| {
        let items: String = (0..patterns).map(|n| format!("- `x{n}_*`\n")).collect();
        format!("### `order`\n{items}- `id`\n")
    };
    let fits = Contract::parse(text(MAX_PATTERNS).as_bytes(), &Columns::default());
    assert_eq!((fits.entries.len(), fits.problems.len()), (MAX_PATTERNS + 1, 0));
    let over = Contract::parse(text(MAX_PATTERNS + 7).as_bytes(), &Columns::default());
    let told: Vec<(u32, &str)> = over.problems.iter().map(|one| (one.line, one.message.as_str())).collect();
    let line = u32::try_from(MAX_PATTERNS + 2).unwrap();
    assert_eq!(told, [(line, "the contract has more than 500 patterns, and none counts from here on")]);
    assert_eq!(over.entries.len(), MAX_PATTERNS + 1);
}
