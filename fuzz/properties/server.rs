//! `server.toml`: the server's own word names a branch that Git can have, an id, and rules that there are.

use refgate::policy::server::parse_server;
use refgate::rules;

use super::{git_takes_branch, policy};

pub(crate) fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let ids = rules::ids();
    match parse_server(text, "p.toml", &ids) {
        Ok(server) => {
            let table: toml::Table = toml::from_str(text).expect("what is accepted is TOML");
            assert_eq!(table.get("version").and_then(toml::Value::as_integer), Some(1));
            let branch = server.trusted_ref.strip_prefix(b"refs/heads/").expect("a branch in full");
            assert!(git_takes_branch(branch), "Git has no ref named {}", server.trusted_ref);
            assert!(!server.repository_id.trim().is_empty());
            assert!(server.floor.keys().all(|rule| ids.contains(&rule.as_str())));
            let written = table.get("floor").and_then(toml::Value::as_table).map_or(0, toml::Table::len);
            assert_eq!(server.floor.len(), written, "a rule of the floor was dropped");
        }
        Err(error) => policy::places(text, &error),
    }
}
