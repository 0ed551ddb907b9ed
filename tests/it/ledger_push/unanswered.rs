//! What ends before its answer is given.

use super::*;

/// Dies once the record is written, at the sync or at the very end: nothing moves, and what was written down has lapsed.
#[test]
fn an_answer_that_nobody_heard_lapses() {
    if !can_trace() {
        return;
    }
    for (call, later) in [("exit_group", false), ("exit_group", true), ("fdatasync", false), ("fdatasync", true)] {
        let scene = Scene::new();
        let refs = scene.refs();
        let script = format!(
            "#!/bin/sh\nexec strace -o /dev/null -e trace={call} -e inject={call}:signal=SIGKILL:when=1 \
             '{REFGATE}' hook pre-receive --guarded\n"
        );
        let back = scene.instead("pre-receive", &script);
        let said = scene.push("refs/heads/topic");
        assert!(!said.ok && said.stderr.contains("pre-receive hook declined"), "{}", said.stderr);
        assert_eq!(scene.refs(), refs);
        back();
        assert_eq!(scene.events(), ["opened", "accepted", "applied", "accepted"]);
        scene.verifies(&[]);
        if later {
            // Nobody made it within the hour.
            let at = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(61);
            let script = format!("#!/bin/sh\nexec '{REFGATE}' hook --at {at} pre-receive --guarded\n");
            let back = scene.instead("pre-receive", &script);
            let said = scene.push("refs/heads/other");
            assert!(said.ok, "{}", said.stderr);
            back();
            assert_eq!(scene.events()[4..], ["lapsed", "accepted", "applied"]);
            assert_eq!(scene.record("lapsed", "refs/heads/topic")["observed"], true);
        } else {
            // The same again is another decision, and the one that moved the ref.
            let said = scene.push("refs/heads/topic");
            assert!(said.ok, "{}", said.stderr);
            assert_eq!(scene.events()[4..], ["accepted", "lapsed", "applied"]);
            assert_eq!(scene.record("applied", "refs/heads/topic")["decision"], 5);
        }
        assert_eq!(scene.record("lapsed", "refs/heads/topic")["decision"], 4);
        assert_eq!(scene.records().last().unwrap()["pending"], Value::Array(Vec::new()));
        scene.verifies(&[]);
        assert_eq!(scene.mirrored().1, scene.text());
    }
}

#[test]
fn without_post_receive_the_next_push_sees_what_moved() {
    let scene = Scene::new();
    let hook = scene.server.join("hooks/post-receive");
    let text = fs_err::read(&hook).unwrap();
    fs_err::remove_file(&hook).unwrap();
    let first = scene.push("refs/heads/topic");
    assert!(first.ok, "{}", first.stderr);
    assert_eq!(scene.events()[3..], ["accepted"]);
    scene.verifies(&[receipt(&first)]);
    // A refusal too is an occasion to look.
    assert!(!scene.push("refs/heads/main").ok);
    assert_eq!(scene.events()[3..], ["accepted", "applied", "refused"]);
    let applied = scene.record("applied", "refs/heads/topic");
    assert_eq!((&applied["decision"], &applied["observed"]), (&4.into(), &true.into()));
    assert_eq!(scene.mirrored().0, 1);
    put_hook(&hook, &text);
    let second = scene.push("refs/heads/other");
    assert!(second.ok, "{}", second.stderr);
    assert_eq!(scene.mirrored(), (2, scene.text()));
    scene.verifies(&[receipt(&first), receipt(&second)]);
}

/// Another hook says no after the gate said yes.
#[test]
fn what_the_next_hook_refuses_lapses() {
    let scene = Scene::new();
    let hook = scene.server.join("hooks/update");
    put_hook(&hook, b"#!/bin/sh\ntest \"$1\" != refs/heads/topic\n");
    assert!(!scene.push("refs/heads/topic").ok);
    let both = scene.sandbox.push(["HEAD:refs/heads/topic", "HEAD:refs/heads/other"]);
    assert!(!both.ok && both.stderr.contains(" HEAD -> other"), "{}", both.stderr);
    // What moved of the second push is applied; the first still may be on its way.
    let applied = scene.record("applied", "refs/heads/other");
    assert_eq!((&applied["decision"], applied["updates"].as_array().unwrap().len()), (&5.into(), 1));
    assert_eq!(scene.records().last().unwrap()["pending"], serde_json::json!([4]));
    scene.verifies(&[]);
}
