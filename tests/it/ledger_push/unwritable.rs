//! What cannot be written down is not let in.

use super::*;

#[test]
fn without_a_place_for_the_ledger_nothing_is_let_in() {
    let scene = Scene::new();
    let aside = scene.server.join("refgate/aside");
    fs_err::rename(scene.folder(), &aside).unwrap();
    fs_err::write(scene.folder(), "").unwrap();
    scene.held_up(&["the decision cannot be recorded"]);
    scene.refused_unrecorded();
    fs_err::remove_file(scene.folder()).unwrap();
    fs_err::rename(&aside, scene.folder()).unwrap();
    let before = scene.text();
    // A folder is nothing to append to, for root neither.
    let whole = scene.folder().join("whole");
    fs_err::rename(scene.segment(), &whole).unwrap();
    fs_err::create_dir(scene.segment()).unwrap();
    scene.held_up(&["00000001.jsonl"]);
    scene.refused_unrecorded();
    fs_err::remove_dir(scene.segment()).unwrap();
    fs_err::rename(&whole, scene.segment()).unwrap();
    assert_eq!(scene.text(), before);
    assert!(scene.push("refs/heads/topic").ok);
    scene.verifies(&[]);
}

/// Whoever holds the ledger's lock and never lets go holds every decision up, and the clock's own answer too.
#[test]
fn where_others_keep_the_ledger_it_is_said_that_there_is_no_answer() {
    let scene = Scene::new();
    fs_err::write(scene.server.join("refgate/policy.toml"), "version = 1\n[limits]\nseconds = 1\n").unwrap();
    let lock = fs_err::File::open(scene.folder().join("lock")).unwrap();
    lock.file().lock().unwrap();
    scene.held_up(&["no decision was reached within 1 seconds", "limits.seconds"]);
    drop(lock);
    fs_err::write(scene.server.join("refgate/policy.toml"), "version = 1\n").unwrap();
    let said = scene.push("refs/heads/topic");
    assert!(said.ok, "{}", said.stderr);
    scene.verifies(&[]);
}

#[test]
fn where_there_is_no_room_for_the_record_nothing_is_let_in_and_half_a_record_is_taken_back() {
    let scene = Scene::new();
    let before = scene.text();
    // No byte of the record fits, or some do.
    for blocks in [1, before.len() / 512 + 1] {
        let script =
            format!("#!/bin/sh\ntrap '' XFSZ\nulimit -f {blocks}\nexec '{REFGATE}' hook pre-receive --guarded\n");
        let back = scene.instead("pre-receive", &script);
        scene.held_up(&["the decision cannot be recorded"]);
        assert_eq!(scene.text(), before, "{blocks}");
        scene.refused_unrecorded();
        assert_eq!(scene.text(), before, "{blocks}");
        back();
        // Killed by the system where it goes too far, rather than told.
        let back = scene.instead("pre-receive", &script.replace("trap '' XFSZ\n", ""));
        let refs = scene.refs();
        let said = scene.push("refs/heads/held-up");
        assert!(!said.ok && said.stderr.contains("pre-receive hook declined"), "{}", said.stderr);
        assert_eq!(scene.refs(), refs);
        back();
        assert!(scene.push("refs/heads/topic").ok);
        scene.verifies(&[]);
        // As it was, for the next round.
        scene.on_server(&["update-ref", "-d", "refs/heads/topic"]);
        scene.on_server(&["update-ref", MIRROR, &scene.on_server(&["rev-list", "--max-parents=0", MIRROR])]);
        fs_err::write(scene.segment(), &before).unwrap();
        for torn in fs_err::read_dir(scene.folder()).unwrap().map(|entry| entry.unwrap().path()) {
            if torn.file_name().is_some_and(|name| name.to_string_lossy().starts_with("torn-")) {
                fs_err::remove_file(torn).unwrap();
            }
        }
    }
}

#[test]
fn what_was_edited_is_added_to_by_nobody() {
    let scene = Scene::new();
    let whole = scene.text();
    let lines: Vec<&str> = whole.lines().collect();
    let spaced = lines[2].replacen("{\"", "{ \"", 1);
    let other = lines[1].replacen("\"bootstrap\":true,", "", 1);
    assert_ne!(other, lines[1]);
    for edited in [[lines[0], lines[1], &spaced], [lines[0], &other, lines[2]], [lines[0], lines[1], "{}"]] {
        let text = edited.join("\n") + "\n";
        fs_err::write(scene.segment(), &text).unwrap();
        scene.held_up(&["the ledger is damaged", "refgate ledger verify"]);
        scene.refused_unrecorded();
        assert_eq!(scene.text(), text);
        assert_eq!(scene.ledger(&["verify"]).0, Some(1));
    }
    fs_err::write(scene.segment(), &whole).unwrap();
    assert!(scene.push("refs/heads/topic").ok);
    scene.verifies(&[]);
}

#[test]
fn a_torn_end_is_put_aside_and_the_push_goes_on() {
    let scene = Scene::new();
    let torn = "{\"event\":\"accepted\",\"pend";
    fs_err::write(scene.segment(), scene.text() + torn).unwrap();
    let said = scene.push("refs/heads/topic");
    assert!(said.ok, "{}", said.stderr);
    assert_eq!(scene.events(), ["opened", "accepted", "applied", "repaired", "accepted", "applied"]);
    let record = scene.records()[3].clone();
    assert_eq!(record["bytes"], torn.len());
    assert_eq!(fs_err::read_to_string(scene.folder().join("torn-4")).unwrap(), torn);
    scene.verifies(&[receipt(&said)]);
    assert_eq!(scene.mirrored(), (2, scene.text()));
}

#[test]
fn a_ledger_that_is_gone_does_not_begin_again_while_its_mirror_is_there() {
    let scene = Scene::new();
    let aside = scene.server.join("refgate/aside");
    fs_err::rename(scene.folder(), &aside).unwrap();
    for _ in 0..2 {
        scene.held_up(&["the ledger is gone, and refs/refgate/ledger says that there was one"]);
        scene.refused_unrecorded();
    }
    assert!(!scene.segment().exists());
    scene.is_damaged("the mirror here");
    fs_err::remove_dir_all(scene.folder()).unwrap();
    fs_err::rename(&aside, scene.folder()).unwrap();
    assert!(scene.push("refs/heads/topic").ok);
    scene.verifies(&[]);
}
