//! The shapes: each makes of a plain server, or of a plain client, what its name says.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::world::{Kind, World};

/// One row of the table.
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) make: fn(&mut World<'_>),
}

const fn plain(name: &'static str, make: fn(&mut World<'_>)) -> Shape {
    Shape { name, kind: Kind::Sha1, make }
}

const fn of(kind: Kind, name: &'static str, make: fn(&mut World<'_>)) -> Shape {
    Shape { name, kind, make }
}

/// The parts of the table, each with its heading.
pub(super) const PARTS: &[(&str, &[Shape])] = &[
    ("Formats", FORMATS),
    ("Where the objects lie", OBJECTS),
    ("Where the refs lie", REFS),
    ("Where the repository stands", PLACES),
    ("Parts of a repository", PARTIAL),
    ("How the push comes", PUSHES),
    ("Damage", DAMAGE),
];

const FORMATS: &[Shape] = &[
    plain("bare, SHA-1, refs as files", |_| {}),
    of(Kind::Sha256, "bare, SHA-256", |_| {}),
    of(Kind::Reftable, "reftable", |_| {}),
    of(Kind::Reftable, "reftable, owned by an account other than the hook's, with `safe.directory`", |world| {
        owned_by_another(world);
        trust_all(world);
    }),
    plain("`extensions.worktreeConfig`", |world| extension(world, "worktreeConfig", "true")),
    plain("`extensions.preciousObjects`", |world| extension(world, "preciousObjects", "true")),
    plain("`extensions.relativeWorktrees`", |world| extension(world, "relativeWorktrees", "true")),
    plain("an extension that nobody knows", |world| extension(world, "frobnicate", "true")),
];

const OBJECTS: &[Shape] = &[
    plain("alternates, absolute", |world| {
        let pool = pool(world, "pool/objects");
        alternates(&world.server.join("objects"), pool.as_os_str().as_bytes());
    }),
    plain("alternates, relative", |world| {
        pool(world, "pool/objects");
        alternates(&world.server.join("objects"), b"../../pool/objects");
    }),
    plain("alternates of alternates, relative, in folders of different depth", |world| {
        pool(world, "far/away/objects");
        alternates(&world.folder.join("near/objects"), b"../../far/away/objects");
        alternates(&world.server.join("objects"), b"../../near/objects");
    }),
    plain("alternates whose path has a line feed, a quote and a colon", |world| {
        pool(world, "po\nol\"x:y/objects");
        alternates(&world.server.join("objects"), b"\"../../po\\nol\\\"x:y/objects\"");
    }),
    plain("alternates that lead back to the repository itself", |world| {
        alternates(&world.server.join("objects"), b"../objects");
    }),
    plain("alternates that are not there", |world| {
        alternates(&world.server.join("objects"), b"/no/such/objects");
    }),
    plain("alternates five deep, the most that Git follows", |world| {
        pool(world, "pool0/objects");
        for depth in 1..=5 {
            let next = format!("../../pool{}/objects", depth - 1);
            alternates(&world.folder.join(format!("pool{depth}/objects")), next.as_bytes());
        }
        alternates(&world.server.join("objects"), b"../../pool5/objects");
    }),
    plain("server made by `git clone --shared`", |world| world.clone_server("new.git", &["--bare", "--shared"])),
    plain("`objects` is a symbolic link", |world| link_away(world, "objects")),
    plain("120 packs", |world| {
        many_packs(world);
        assert_eq!(packs(world), 120);
    }),
    plain("120 packs and a multi-pack-index", |world| {
        many_packs(world);
        world.in_server(&["multi-pack-index", "write"]);
    }),
    plain("one pack with bitmap and reverse index, commit-graph", |world| {
        world.in_server(&["config", "pack.writeReverseIndex", "true"]);
        world.in_server(&["repack", "-a", "-d", "-q", "-b"]);
        world.in_server(&["commit-graph", "write", "--reachable"]);
    }),
    plain("commit-graph in parts (`--split`)", |world| {
        world.in_server(&["commit-graph", "write", "--reachable", "--split"]);
    }),
    plain("cruft pack", |world| {
        object(world, "junk\n");
        world.in_server(&["repack", "--cruft", "-d", "-q"]);
    }),
];

const REFS: &[Shape] = &[
    plain("refs packed", |world| {
        world.in_server(&["pack-refs", "--all"]);
    }),
    plain("`HEAD` is a symbolic link", |world| {
        fs_err::remove_file(world.server.join("HEAD")).unwrap();
        symlink("refs/heads/main", world.server.join("HEAD")).unwrap();
    }),
    plain("`refs` is a symbolic link", |world| link_away(world, "refs")),
    plain("the trusted ref is a symbolic ref", |world| {
        world.in_server(&["update-ref", "refs/heads/real", "main"]);
        world.in_server(&["symbolic-ref", "refs/heads/main", "refs/heads/real"]);
    }),
    plain("the trusted ref is a symbolic link that Git takes for a symbolic ref", |world| {
        world.in_server(&["update-ref", "refs/heads/real", "main"]);
        fs_err::remove_file(world.server.join("refs/heads/main")).unwrap();
        symlink("refs/heads/real", world.server.join("refs/heads/main")).unwrap();
    }),
    plain("the trusted ref is a symbolic link that Git reads through", |world| {
        world.in_server(&["update-ref", "refs/heads/real", "main"]);
        fs_err::remove_file(world.server.join("refs/heads/main")).unwrap();
        symlink("real", world.server.join("refs/heads/main")).unwrap();
    }),
    plain("the task's branch is a symbolic ref to a protected branch that does not exist yet", |world| {
        world.in_server(&["symbolic-ref", "refs/heads/autoTest/t1", "refs/heads/release/1"]);
    }),
    of(Kind::Reftable, "the same with reftable", |world| {
        world.in_server(&["symbolic-ref", "refs/heads/autoTest/t1", "refs/heads/release/1"]);
    }),
    plain("a replace ref and a graft on the commit of `main`", |world| {
        let main = world.in_server(&["rev-parse", "main"]);
        let other = world.in_server(&["commit-tree", "-m", "other", "main^{tree}"]);
        world.in_server(&["update-ref", &format!("refs/replace/{main}"), &other]);
        fs_err::create_dir_all(world.server.join("info")).unwrap();
        fs_err::write(world.server.join("info/grafts"), format!("{main}\n")).unwrap();
    }),
    plain("refs in a namespace (`GIT_NAMESPACE`)", |world| world.env.push(("GIT_NAMESPACE", "one".into()))),
];

const PLACES: &[Shape] = &[
    plain("path with a space and a colon", |world| move_to(world, b"with space:colon")),
    plain("path with quotes and a backslash, at the start too", |world| move_to(world, b"\"quo'te\\")),
    plain("path with a line feed", |world| move_to(world, b"line\nfeed")),
    plain("path that is not UTF-8", |world| move_to(world, b"\xff\xfe")),
    plain("the repository is a symbolic link", |world| {
        symlink("server.git", world.folder.join("link")).unwrap();
        world.url = "../link".into();
    }),
    plain("`.git` is a file that names the repository", |world| {
        fs_err::create_dir(world.folder.join("beside")).unwrap();
        fs_err::write(world.folder.join("beside/.git"), "gitdir: ../server.git\n").unwrap();
        world.url = "../beside/.git".into();
    }),
    plain("non-bare, another branch checked out", |world| {
        world.clone_server("work", &["-b", "main"]);
        world.in_server(&["checkout", "-q", "-b", "idle"]);
    }),
    plain("non-bare, the pushed branch checked out", |world| world.clone_server("work", &["-b", "main"])),
    plain("non-bare, `receive.denyCurrentBranch=updateInstead`", |world| {
        world.clone_server("work", &["-b", "main"]);
        world.in_server(&["config", "receive.denyCurrentBranch", "updateInstead"]);
    }),
    plain("pushed to through a linked worktree", |world| {
        world.clone_server("work", &["-b", "main"]);
        world.in_server(&["checkout", "-q", "-b", "idle"]);
        world.in_server(&["worktree", "add", "-q", "--detach", "../linked"]);
        world.url = "../linked".into();
    }),
    plain("`core.hooksPath`", |world| {
        fs_err::remove_file(world.server.join("hooks/pre-receive")).unwrap();
        fs_err::create_dir(world.folder.join("hooks")).unwrap();
        world.in_server(&["config", "core.hooksPath", "../hooks"]);
        world.install();
    }),
    plain("owned by an account other than the hook's", owned_by_another),
    plain("owned by an account other than the hook's, with `safe.directory`", |world| {
        owned_by_another(world);
        trust_all(world);
    }),
];

const PARTIAL: &[Shape] = &[
    plain("server that is a shallow clone", |world| world.clone_server("shallow.git", &["--bare", "--depth=1"])),
    plain("shallow client that has the base of its work", |world| {
        world.clone_client(&["--depth=2", "--no-single-branch"])
    }),
    plain("shallow client without the base of its work", |world| {
        world.clone_client(&["--depth=1", "--no-single-branch"])
    }),
    plain("the same, `receive.shallowUpdate` on", |world| {
        world.in_server(&["config", "receive.shallowUpdate", "true"]);
        world.clone_client(&["--depth=1", "--no-single-branch"]);
    }),
    plain("server that is a partial clone without blobs", |world| {
        world.in_server(&["config", "uploadpack.allowFilter", "true"]);
        world.clone_server("partial.git", &["--bare", "--filter=blob:none"]);
    }),
    plain("server that is a partial clone without trees", |world| {
        world.in_server(&["config", "uploadpack.allowFilter", "true"]);
        world.clone_server("partial.git", &["--bare", "--filter=tree:0"]);
    }),
    plain("client that is a partial clone", |world| world.clone_client(&["--filter=blob:none"])),
    plain("client made by `git clone --shared`", |world| world.clone_client(&["--shared"])),
];

const PUSHES: &[Shape] = &[
    plain("protocol version 0", |world| world.options = vec!["-c".into(), "protocol.version=0".into()]),
    plain("protocol version 1", |world| world.options = vec!["-c".into(), "protocol.version=1".into()]),
    plain("`--atomic`, with push options", |world| {
        world.arguments = vec!["--atomic", "--push-option=a=b"];
    }),
    plain("the pack kept as a pack (`receive.unpackLimit=1`)", |world| {
        world.in_server(&["config", "receive.unpackLimit", "1"]);
    }),
    plain("`receive.fsckObjects`", |world| {
        world.in_server(&["config", "receive.fsckObjects", "true"]);
    }),
    plain("1,000 further branches in the same push", |world| {
        let tip = world.in_client(&["rev-parse", "autoTest/t1"]);
        let packed: String = (1000..2000).map(|number| format!("{tip} refs/many/{number}\n")).collect();
        fs_err::write(world.client.join(".git/packed-refs"), packed).unwrap();
        world.beside = vec!["refs/many/*:refs/heads/many/*"];
    }),
    plain("a ref that `receive.procReceiveRefs` takes goes along", |world| {
        world.in_server(&["config", "receive.procReceiveRefs", "refs/for"]);
        world.beside = vec!["main:refs/for/main"];
    }),
    plain("branches that the server hides (`receive.hideRefs`)", |world| {
        world.in_server(&["config", "receive.hideRefs", "refs/heads/autoTest"]);
    }),
];

const DAMAGE: &[Shape] = &[
    plain("the pack index of `main` cut short", |world| {
        world.in_server(&["repack", "-a", "-d", "-q"]);
        cut_indexes(world);
    }),
    plain("the index of a pack that nothing needs cut short", |world| {
        pack(world, "junk\n");
        cut_indexes(world);
    }),
    plain("commit-graph cut short", |world| {
        world.in_server(&["commit-graph", "write", "--reachable"]);
        cut(&world.server.join("objects/info/commit-graph"), 300);
    }),
    plain("a branch that is no object name", |world| {
        fs_err::write(world.server.join("refs/heads/broken"), "junk\n").unwrap();
    }),
    plain("a branch whose commit is missing", |world| {
        fs_err::write(world.server.join("refs/heads/broken"), format!("{}\n", "1".repeat(40))).unwrap();
    }),
    plain("a lock left on `main`", |world| fs_err::write(world.server.join("refs/heads/main.lock"), "").unwrap()),
    plain("the gate's `server.toml` missing", |world| {
        fs_err::remove_file(world.server.join("refgate/server.toml")).unwrap();
    }),
];

/// Moves the server's objects away; their new folder.
fn pool(world: &World<'_>, name: &str) -> PathBuf {
    let (objects, pool) = (world.server.join("objects"), world.folder.join(name));
    fs_err::create_dir_all(pool.parent().unwrap()).unwrap();
    fs_err::rename(&objects, &pool).unwrap();
    pool
}

fn alternates(objects: &Path, list: &[u8]) {
    for folder in ["info", "pack"] {
        fs_err::create_dir_all(objects.join(folder)).unwrap();
    }
    fs_err::write(objects.join("info/alternates"), [list, b"\n"].concat()).unwrap();
}

fn extension(world: &World<'_>, name: &str, value: &str) {
    let config = world.server.join("config").display().to_string();
    // Git would not touch the file any more once it holds an extension that it does not know.
    world.git(&["config", "-f", &config, "core.repositoryFormatVersion", "1"]);
    world.git(&["config", "-f", &config, &format!("extensions.{name}"), value]);
}

fn link_away(world: &World<'_>, name: &str) {
    fs_err::rename(world.server.join(name), world.folder.join(name)).unwrap();
    symlink(world.folder.join(name), world.server.join(name)).unwrap();
}

fn move_to(world: &mut World<'_>, name: &[u8]) {
    let from = world.server.clone();
    let name = Path::new(OsStr::from_bytes(name));
    fs_err::create_dir(world.folder.join(name)).unwrap();
    world.serve(name.join("server.git"));
    fs_err::rename(from, &world.server).unwrap();
}

fn object(world: &World<'_>, text: &str) -> String {
    let file = world.folder.join("object");
    fs_err::write(&file, text).unwrap();
    world.in_server(&["hash-object", "-w", &file.display().to_string()])
}

/// A pack with one blob in it.
fn pack(world: &World<'_>, text: &str) {
    let line = format!("{}\n", object(world, text));
    world.feed(&["pack-objects", "-q", "objects/pack/pack"], line.as_bytes());
}

fn many_packs(world: &World<'_>) {
    pack(world, "0\n");
    world.in_server(&["repack", "-d", "-q"]);
    // A pack per fetch or push is how they grow; one script makes them faster.
    let script =
        "for n in $(seq 118); do echo $n | git hash-object -w --stdin | git pack-objects -q objects/pack/pack; done";
    world.shell(&format!("{script} >/dev/null && git prune-packed"));
}

fn packs(world: &World<'_>) -> usize {
    let files = fs_err::read_dir(world.server.join("objects/pack")).unwrap();
    files.filter(|file| file.as_ref().unwrap().path().extension() == Some(OsStr::new("pack"))).count()
}

fn cut_indexes(world: &World<'_>) {
    for file in fs_err::read_dir(world.server.join("objects/pack")).unwrap() {
        let path = file.unwrap().path();
        if path.extension() == Some(OsStr::new("idx")) {
            cut(&path, 500);
        }
    }
}

fn cut(path: &Path, length: usize) {
    let bytes = fs_err::read(path).unwrap();
    // The file is read-only: a new one takes its place.
    fs_err::remove_file(path).unwrap();
    fs_err::write(path, &bytes[..length]).unwrap();
}

/// 65534 is nobody everywhere. Only root may give files away.
fn owned_by_another(world: &mut World<'_>) {
    world.shell("chown -R 65534:65534 .");
}

fn trust_all(world: &mut World<'_>) {
    let config = world.folder.join("gitconfig");
    fs_err::write(&config, "[safe]\n\tdirectory = *\n").unwrap();
    world.env.push(("GIT_CONFIG_GLOBAL", config.into()));
}
