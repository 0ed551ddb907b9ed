//! Where a task can be worked on: any work tree, any remote or none, any format of repository.

use super::*;

#[test]
fn a_linked_worktree_and_a_folder_below_the_top_will_do() {
    let sandbox = scene();
    sandbox.git(["worktree", "add", "-q", "--detach", "../linked", "main"]).must();
    let mut person = Person::of(&sandbox);
    person.folder = sandbox.path().join("linked/src");
    person.work();
    assert_eq!(sandbox.git(["symbolic-ref", "HEAD"]).must(), "refs/heads/main", "the main work tree is where it was");
    assert!(!sandbox.path().join("client").join(FOLDER).exists());
    person.lacks(&[("status", "artifact-missing"), ("push", "origin")]);
    person.mend();
    person.mend();
    person.mend();
    let outside = Person { sandbox: &sandbox, folder: sandbox.path().to_owned() };
    let (code, said) = outside.run(&["task", "status", "--repo", "linked"]);
    assert_eq!(code, 0, "{}{}", said.stdout, said.stderr);
    outside.refused(&["finish", "t1", "--repo", "client"], "is not checked out here");
    person.promote().must();
}

#[test]
fn without_a_remote_the_repository_itself_is_the_place() {
    let sandbox = Sandbox::new();
    sandbox.clone("file:///nowhere");
    let person = Person::of(&sandbox);
    person.refused(&["start", "t1"], "nothing is known of origin");
    sandbox.git(["remote", "remove", "origin"]).must();
    person.refused(&["start", "t1"], "there is no commit that a task could begin at");
    sandbox.write(&[("src/a.rs", "one\n")]);
    sandbox.commit("base");
    person.work();
    person.lacks(&[("status", "artifact-missing")]);
    person.mend();
    person.mend();
    person.promote().must();
    assert_eq!(sandbox.git(["symbolic-ref", "HEAD"]).must(), "refs/heads/main");
    assert_eq!(person.status(&["t1"])["promoted"], true);
    let bare = sandbox.path().join("bare.git");
    sandbox.git(["clone", "-q", "--bare", ".", bare.to_str().unwrap()]).must();
    sandbox.git_in(&bare, ["remote", "remove", "origin"]).must();
    let bare = Person { sandbox: &sandbox, folder: bare };
    assert_eq!(bare.status(&["t1"])["promoted"], true);
    bare.refused(&["start", "t2"], "work tree");
}

#[test]
fn object_names_of_sixty_four_digits_and_refs_in_tables_will_do() {
    for (format, digits) in [("--object-format=sha256", 64), ("--ref-format=reftable", 40)] {
        let sandbox = Sandbox::new();
        let server = sandbox.path().join("server.git");
        sandbox.git_in(sandbox.path(), ["init", "-q", "-b", "main", format, "client"]).must();
        sandbox.git_in(sandbox.path(), ["init", "-q", "--bare", "-b", "main", format, "server.git"]).must();
        sandbox.refgate(["install", "server", "--repo", server.to_str().unwrap()]).must();
        sandbox.git(["remote", "add", "origin", &format!("file://{}", server.display())]).must();
        sandbox.write(&[("src/a.rs", "one\n")]);
        let base = sandbox.commit("base");
        sandbox.push(["main"]).must();
        let person = Person::of(&sandbox);
        person.work();
        assert_eq!(person.read(&format!("{FOLDER}/contract/APPROVED")), format!("APPROVED:t1:{base}\n"));
        assert_eq!(base.len(), digits);
        person.mend();
        person.mend();
        person.mend();
        person.promote().must();
    }
}
