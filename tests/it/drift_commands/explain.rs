//! What `drift explain` says of a field.

use super::*;

#[test]
fn explain_says_where_a_field_is_spoken_of() {
    let sandbox = scene();
    let page = contract(&["id", "total"])
        + "- `amount` → `total`\n\n## Drift acknowledgements\n\n- noncanonical `Order.sum`: \
                                             it is computed; approved by Dana; 2023-11-01\n";
    stage(&sandbox, &[("src/map/order.ts", MAPPING), (CONTRACT, &page), (BASELINE, "added Order.total x.md\n")]);
    let said = must(&sandbox, &["explain", "Order.total"]);
    for words in [
        "schema/order.schema.json:3:1  string (json-schema)",
        "field-to-api-map.md:8\n",
        "field-to-api-map.md:9  amount -> total",
        "src/map/order.ts:3:6  a claim of the file's header",
        "a key of an object",
        "in the baseline  added Order.total x.md",
        "acknowledged     no",
        "found            no",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = must(&sandbox, &["explain", "Order.count"]);
    assert!(said.contains("number (json-schema); `kinds` of its source leaves out"), "{said}");
    let said = must(&sandbox, &["explain", "Order.sum"]);
    for words in ["declared         no", "in the contract  no", "noncanonical; approved by Dana", "src/map/order.ts:4:"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    let (code, said) = drift(&sandbox, &["explain", "Order.totl"]);
    assert_eq!(code, 1);
    assert!(said.stdout.contains("nearest path of the contract is Order.total"), "{}", said.stdout);
    refused(&sandbox, &["explain", "total"], "names no field");
    refused(&sandbox, &["explain", "Order..x"], "names no field");
}

#[test]
fn explain_tells_a_rename_in_the_words_of_check() {
    let names = ["id", "total", "mail"];
    let sandbox = with(&schema(&names), Some(&contract(&names)));
    sandbox.git(["switch", "-q", "-c", "topic"]).must();
    stage(&sandbox, &[(SCHEMA, &schema(&["id", "totalAmount", "email", "extra"]))]);
    for made in [false, true] {
        if made {
            sandbox.commit("Other names");
        }
        let (_, verdict) = check(&sandbox, &[]);
        let findings = verdict["updates"][0]["findings"].as_array().unwrap();
        let renamed: Vec<&Value> = findings.iter().filter(|finding| finding["rule"] == "field-renamed").collect();
        assert_eq!(renamed.len(), 2, "{verdict}");
        for finding in renamed {
            let words = format!("field-renamed: {}", finding["message"].as_str().unwrap());
            for end in ["from", "to"] {
                let said = must(&sandbox, &["explain", finding[end].as_str().unwrap()]);
                assert!(said.contains(&words) && !said.contains("field-removed"), "{words}: {said}");
            }
        }
        let said = must(&sandbox, &["explain", "Order.extra"]);
        assert!(said.contains("field-added: Order.extra"), "{said}");
    }
}
