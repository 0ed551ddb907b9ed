//! What a literal writes beside a declared type: the contract says whether that is the type's own.

use super::{check, contract, found, pairs, schema, with_more};

const MAPPED: &str = "version = 1\n[drift]\nmode = \"absolute\"\n[[drift.source]]\nlanguage = \"json-schema\"\n\
                      paths = [\"schema/**\"]\n[[drift.mapping]]\npaths = [\"src/map/**\"]\ntypes = [\"Order\"]\n";

#[test]
fn a_member_beside_a_type_is_the_type_s_own_where_the_contract_has_it() {
    let code = "// FIELD MAPPING CONTRACT .docs/reports/field-to-api-map.md\nimport { Order } from './model'\n\
                const a: Order & { page: number } = { id: 'x', page: { ...all } }\n\
                const b: Order & { total: object } = { id: 'x', total: { sum: 1 } }\n\
                const c: Order & { note: object } = { id: 'x', note: { ...all } }\n\
                const d: Order | { kind: 'draft'; more: string } = { kind: 'draft', more: 'x' }\n\
                const e: Order | { id: 'none'; less: string } = { id: 'none', less: 'x' }\n";
    let paths = ["id", "total", "note"];
    let files = [("refgate.toml", MAPPED), ("src/map/order.ts", code)];
    let sandbox = with_more(&schema(&paths), Some(&contract(&paths)), &files);
    let (_, verdict) = check(&sandbox, &["--mode", "absolute"]);
    let due =
        pairs(&[("noncanonical-path", "Order.total.sum"), ("source-unread", ""), ("noncanonical-path", "Order.less")]);
    let (mut due, mut found) = (due, found(&verdict));
    due.sort();
    found.sort();
    assert_eq!(found, due, "{verdict}");
}
