//! Pushes of a few hundred bytes that claim more than any memory holds: folders within folders, the same ones again and
//! again, under names so long that a few thousand paths are enough.

use crate::corpus::process;
use crate::support::{Said, Sandbox};

/// A server with `main`, its client, and a tree of a hundred thousand paths of sixty thousand bytes each.
fn with_a_bomb() -> (Sandbox, String, String) {
    let sandbox = Sandbox::new();
    sandbox.clone(sandbox.server().to_str().unwrap());
    sandbox.write(&[("README.md", "# Example\n")]);
    let base = sandbox.commit("begin");
    assert!(sandbox.push(["main"]).ok);
    let blob = sandbox.rev("HEAD:README.md");
    let files = |index: usize| format!("100644 blob {blob}\tf{index:04}\n");
    let mut tree = make(&sandbox, &(0..1000).map(files).collect::<String>());
    let folders = |index: usize| format!("040000 tree {tree}\td{index:04}\n");
    tree = make(&sandbox, &(0..100).map(folders).collect::<String>());
    for _ in 0..240 {
        tree = make(&sandbox, &format!("040000 tree {tree}\t{}\n", "p".repeat(250)));
    }
    (sandbox, base, tree)
}

fn make(sandbox: &Sandbox, entries: &str) -> String {
    let mut command = process::git(&sandbox.path().join("client/.git"), &["mktree"]);
    let made = process::run(&mut command, entries.as_bytes()).unwrap();
    Said::new(made).must()
}

#[track_caller]
fn refused(sandbox: &Sandbox, commit: &str, words: &str) {
    let said = sandbox.push([format!("{commit}:refs/heads/topic").as_str()]);
    let text = said.stderr.replace("remote:", "").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!said.ok && text.contains("REFUSED") && text.contains(words), "{text}");
}

#[test]
fn more_path_than_memory_is_refused_before_it_is_read() {
    let (sandbox, base, bomb) = with_a_bomb();
    refused(&sandbox, &sandbox.commit_tree(&bomb, &[&base]), "the change touches more than");
}

#[test]
fn more_path_than_memory_is_refused_where_a_merge_hides_it() {
    let (sandbox, base, bomb) = with_a_bomb();
    let tree = sandbox.rev("HEAD^{tree}");
    let (side, other) = (sandbox.commit_tree(&tree, &[&base]), sandbox.commit_tree(&bomb, &[&base]));
    refused(&sandbox, &sandbox.commit_tree(&tree, &[&side, &other]), "one side of a merge changes more than");
}
