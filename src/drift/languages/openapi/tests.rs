use super::*;
use crate::drift::shape::Sites;

fn module(path: &str, text: &str) -> Module {
    read(&Source { path: path.into(), text, sites: &Sites::default() })
}

#[test]
fn only_versions_that_are_known_are_read() {
    for (text, about) in [
        ("swagger: '2.0'\ndefinitions: {}", "Swagger 2.0"),
        ("swagger: 2.0", "Swagger 2.0"),
        ("openapi: 3.2.0", "\"3.2.0\""),
        ("openapi: 3.1", "is a text"),
        ("openapi: 30.1.0", "\"30.1.0\""),
        ("name: x", "neither"),
        ("", "neither"),
        ("- a", "neither"),
        ("a: [", "does not parse"),
    ] {
        let module = module("api.yaml", text);
        assert!(module.definitions.is_empty(), "{text}");
        assert!(module.unread[0].reason.contains(about), "{text}: {:?}", module.unread);
    }
    for version in ["3.0.3", "3.1.0", "3.0.0-rc1", "\"3.1\""] {
        assert_eq!(module("api.yaml", &format!("openapi: {version}\npaths: {{}}")), Module::default(), "{version}");
    }
}

/// Parts that are referred to from everywhere are read no more often than a bound.
#[test]
fn a_part_that_everything_refers_to_is_read_to_a_bound() {
    let routes: String = (0..5_000).map(|at| format!("  /r{at}: {{$ref: '#/components/pathItems/all'}}\n")).collect();
    let fields: String = (0..2_000).map(|at| format!("f{at}: {{type: string}}, ")).collect();
    let body = format!("{{content: {{application/json: {{schema: {{properties: {{{fields}}}}}}}}}}}");
    let item = format!("{{post: {{requestBody: {body}}}}}");
    let text = format!("openapi: 3.1.0\npaths:\n{routes}components:\n  pathItems:\n    all: {item}\n");
    let module = module("api.yaml", &text);
    assert!(
        module.unread.iter().any(|unread| unread.reason.contains("too many schemas")),
        "{:?}",
        module.unread.first()
    );
    assert!(module.definitions.len() < 200, "{}", module.definitions.len());
}

#[test]
fn parts_that_refer_to_each_other_end() {
    let circle = "{$ref: '#/components/responses/a'}";
    let text = format!(
        "openapi: 3.0.0\npaths: {{/a: {{get: {{responses: {{200: {circle}}}}}}}}}\ncomponents: {{responses: {{a: {circle}}}}}"
    );
    assert!(format!("{:?}", module("api.yaml", &text)).contains("through too many others"));
    let call = "{c: {'/x': {$ref: '#/paths/~1a'}}}";
    let text = format!("openapi: 3.0.0\npaths: {{/a: {{post: {{callbacks: {call}}}}}}}");
    assert!(format!("{:?}", module("api.yaml", &text)).contains("in a circle"));
}
