//! `refgate sig verify` at the command line, beside `ssh-keygen -Y verify`.

use std::process::Output;

use super::forge::{ALICE, MESSAGE, NAMESPACES, armor, keygen};
use super::world::World;
use crate::corpus::process;
use crate::support::REFGATE;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Both programs with the same letters, in the folder of the world's keys.
fn both(world: &World, args: &[&str], message: &[u8]) -> [Output; 2] {
    let folder = world.forge.path("");
    let mut ours = process::command(REFGATE);
    ours.current_dir(&folder).args(["sig", "verify"]).args(args);
    let mut theirs = keygen(&folder);
    theirs.args(["-Y", "verify"]).args(args);
    [&mut ours, &mut theirs].map(|command| process::run(command, message).unwrap())
}

#[test]
fn both_print_the_same_line_for_every_kind_of_key() {
    let world = World::new();
    for signing in world.signings() {
        let certified = world.certified.iter().any(|other| other.line == signing.line);
        let line = match certified {
            true => format!("cert-authority {}", world.authority.line),
            false => signing.line.clone(),
        };
        fs_err::write(world.forge.path("signers"), format!("{ALICE} {line}\n")).unwrap();
        fs_err::write(world.forge.path("sig"), armor(&signing.signed[0])).unwrap();
        let [ours, theirs] = both(&world, &["-f", "signers", "-I", ALICE, "-n", NAMESPACES[0], "-s", "sig"], MESSAGE);
        assert_eq!(ours.status.code() == Some(0), theirs.status.success(), "{line}");
        if theirs.status.success() {
            assert_eq!(text(&ours.stdout), text(&theirs.stdout));
            assert_eq!(text(&ours.stderr), "");
        } else {
            assert_eq!((ours.status.code(), text(&ours.stdout).as_str()), (Some(1), ""));
        }
    }
}

#[test]
fn a_refusal_is_told_apart_from_what_cannot_be_read_and_both_say_what_to_do() {
    let world = World::new();
    let write = |name: &str, bytes: &[u8]| fs_err::write(world.forge.path(name), bytes).unwrap();
    write("signers", format!("{ALICE} {}\n", world.plain[0].line).as_bytes());
    write("broken", format!("{ALICE} {}\n\nbob\n", world.plain[0].line).as_bytes());
    write("sig", armor(&world.plain[0].signed[0]).as_bytes());
    write("list", format!("{}\n", world.plain[0].line).as_bytes());
    write("nothing", b"");
    let ask = |args: &[&str], message: &[u8]| {
        let plain = ["-I", ALICE, "-n", NAMESPACES[0], "-s", "sig", "-f", "signers"];
        let plain: Vec<&str> = plain.chunks(2).filter(|pair| !args.contains(&pair[0])).flatten().copied().collect();
        let [ours, theirs] = both(&world, &[&plain[..], args].concat(), message);
        (ours.status.code().unwrap(), text(&ours.stderr), text(&ours.stdout), theirs.status.success())
    };
    let said = |reason: &str, help: &str| format!("refgate: {reason}\n  {help}\n");
    let (code, stderr, stdout, _) = ask(&[], b"another message\n");
    let help = "sign exactly these bytes: ssh-keygen -Y sign -f KEY -n NAMESPACE FILE";
    assert_eq!((code, stderr, stdout.as_str()), (1, said("the signature does not fit the bytes", help), ""));
    let (code, stderr, _, theirs) = ask(&["-r", "list"], MESSAGE);
    assert_eq!((code, stderr, theirs), (1, said("the key is revoked by list", "sign with another key"), false));
    let (code, stderr, _, theirs) = ask(&["-I", "*@example.com"], MESSAGE);
    assert!(code == 1 && stderr.contains("is no principal: it must be one name") && !theirs, "{stderr}");
    let (code, stderr, _, _) = ask(&["-s", "signers"], MESSAGE);
    assert!(code == 1 && stderr.contains("the signature's armor is malformed"), "{stderr}");
    let (code, stderr, _, _) = ask(&["-f", "broken"], MESSAGE);
    assert!(code == 2 && stderr.starts_with("refgate: broken:3: there is no key in it\n  mend "), "{stderr}");
    let (code, stderr, _, _) = ask(&["-r", "nothing"], MESSAGE);
    assert!(code == 2 && stderr.starts_with("refgate: nothing: the file of revocations is empty\n"), "{stderr}");
    for missing in [["-f", "no"], ["-s", "no"], ["-r", "no"]] {
        let (code, stderr, _, theirs) = ask(&missing, MESSAGE);
        assert!(code == 2 && stderr.contains("`no`") && !theirs, "{stderr}");
    }
}

#[test]
fn a_time_can_be_named_and_a_long_message_is_read_as_it_comes() {
    let world = World::new();
    let long = vec![b'x'; 5_000_000];
    let signature = world.forge.keygen(&["-q", "-Y", "sign", "-f", "key0", "-n", "file"], &long);
    fs_err::write(world.forge.path("sig"), signature).unwrap();
    let dates = "valid-after=\"20260101Z\",valid-before=\"20260102Z\"";
    fs_err::write(world.forge.path("signers"), format!("{ALICE} {dates} {}\n", world.plain[0].line)).unwrap();
    let at = |at: &str| {
        let mut command = process::command(REFGATE);
        command.current_dir(world.forge.path("")).args(["sig", "verify", "-f", "signers", "-I", ALICE, "-n", "file"]);
        process::run(command.args(["-s", "sig", "--at", at]), &long).unwrap()
    };
    assert_eq!(at("2026-01-01T12:00:00Z").status.code(), Some(0));
    let early = at("2025-12-31T23:59:59Z");
    assert_eq!(early.status.code(), Some(1));
    let reason = "refgate: the key is valid from 2026-01-01T00:00:00Z on, says signers:1\n";
    assert!(text(&early.stderr).starts_with(reason), "{}", text(&early.stderr));
    assert!(text(&at("2026-01-02T00:00:01Z").stderr).contains("was valid until 2026-01-02T00:00:00Z"));
}
