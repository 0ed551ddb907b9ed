//! The story, told over HTTP: `git http-backend` behind three real web servers, each configured by the very file that
//! `install/` offers, with users and passwords. The gate must see the user that the web server has authenticated, and
//! who has no password must not reach it.

use std::path::{Path, PathBuf};

use base64::Engine as _;

use crate::at_once;
use crate::corpus::{process, sign};
use crate::servers::{Account, Daemon, free_port, left_out, must, program, program_for_all, take_push_options};
use crate::story;
use crate::support::{Sandbox, believe, guarded_server};

/// A web server, and how the file that we offer for it is made to ask nobody for a password.
struct Kind {
    name: &'static str,
    offered: &'static str,
    open: (&'static str, &'static str),
    start: fn(&Place, &str) -> Vec<Daemon>,
}

const NGINX: Kind = Kind {
    name: "nginx",
    offered: include_str!("../../install/nginx.conf"),
    open: ("auth_basic           \"Git\";", "auth_basic off;"),
    start: Place::nginx,
};
const APACHE: Kind = Kind {
    name: "apache2",
    offered: include_str!("../../install/apache.conf"),
    open: ("Require valid-user", "Require all granted"),
    start: Place::apache,
};
const LIGHTTPD: Kind = Kind {
    name: "lighttpd",
    offered: include_str!("../../install/lighttpd.conf"),
    open: ("auth.require = ( \"/git/\"", "auth.require = ( \"/elsewhere/\""),
    start: Place::lighttpd,
};

/// The users and their passwords.
const USERS: [(&str, &str); 2] = [("alice", "looking-glass"), ("bob", "builder")];

macro_rules! behind {
    ($($module:ident: $kind:expr;)*) => {$(
        mod $module {
            use super::*;

            #[test]
            fn the_story_over_http() {
                super::the_story_over_http(&$kind);
            }

            #[test]
            fn who_has_no_password_does_not_reach_the_gate() {
                super::who_has_no_password_does_not_reach_the_gate(&$kind);
            }

            #[test]
            fn the_authenticated_user_is_the_pusher_whatever_the_client_sends() {
                super::the_authenticated_user_is_the_pusher_whatever_the_client_sends(&$kind);
            }

            #[test]
            fn whoever_signed_the_push_is_the_pusher() {
                super::whoever_signed_the_push_is_the_pusher(&$kind);
            }

            #[test]
            fn a_server_that_asks_nobody_lets_nothing_in() {
                super::a_server_that_asks_nobody_lets_nothing_in(&$kind);
            }
        }
    )*};
}

behind! {
    nginx: NGINX;
    apache: APACHE;
    lighttpd: LIGHTTPD;
}

fn the_story_over_http(kind: &Kind) {
    let Some((sandbox, web)) = scene(kind, kind.offered) else { return };
    sandbox.git(["remote", "set-url", "origin", &web.url("alice:looking-glass@")]).must();
    story::tell_as(&sandbox, Some("alice"));
    // Git sends more than one megabyte in chunks, and web servers have limits.
    sandbox.git(["checkout", "-q", "-B", "large", "main"]).must();
    sandbox.write(&[("src/large.txt", &noise(3_000_000))]);
    sandbox.commit("Large");
    assert_eq!(sandbox.push(["large"]).pushed_by().as_deref(), Some("alice"));
    assert!(sandbox.git(["ls-remote", "--exit-code", "origin", "large"]).ok, "the large push was lost");
}

/// By the server that answers most requests at the same time.
#[test]
fn many_at_once_over_http() {
    let Some((sandbox, web)) = scene(&APACHE, APACHE.offered) else { return };
    sandbox.git(["remote", "set-url", "origin", &web.url("alice:looking-glass@")]).must();
    let refgate = sandbox.path().join("bin/refgate");
    at_once::tell(&sandbox, &refgate, &web.repository, &|| Account::git().owns(&web.repository));
}

fn who_has_no_password_does_not_reach_the_gate(kind: &Kind) {
    let Some((sandbox, web)) = scene(kind, kind.offered) else { return };
    first_commit(&sandbox);
    for who in ["", "alice@", "alice:wrong@", "alice:builder@", "mallory:looking-glass@", ":looking-glass@"] {
        let url = web.url(who);
        sandbox.git(["push", &url, "main"]).never_reached_the_gate();
        assert!(!sandbox.git(["ls-remote", &url]).ok, "{who}: may read");
    }
    for header in ["Remote-User: alice", "REMOTE_USER: alice", "Authorization: Basic alice", &basic("bob", "x")] {
        let header = format!("http.extraHeader={header}");
        sandbox.git(["-c", &header, "push", &web.url(""), "main"]).never_reached_the_gate();
    }
    assert!(web.repository.join("refgate/bootstrap").is_file(), "something has used the bootstrap up");
    sandbox.git(["push", &web.url("bob:builder@"), "main"]).must();
    assert!(!web.repository.join("refgate/bootstrap").exists());
}

fn the_authenticated_user_is_the_pusher_whatever_the_client_sends(kind: &Kind) {
    let Some((sandbox, web)) = scene(kind, kind.offered) else { return };
    first_commit(&sandbox);
    let alice = web.url("alice:looking-glass@");
    let said = sandbox.git(["push", &web.url("bob:builder@"), "main"]);
    assert!(said.ok && said.pushed_by().as_deref() == Some("bob"), "{}", said.stderr);
    for header in ["Remote-User: bob", "REMOTE_USER: bob", "Remote_User: bob", "X-Remote-User: bob", "From: bob"] {
        let header = format!("http.extraHeader={header}");
        let option = "--push-option=REMOTE_USER=bob";
        let said = sandbox.git(["-c", &header, "push", option, &alice, "main:refs/foo/x"]);
        let refused = !said.ok && said.stderr.contains("unknown-namespace");
        assert!(refused && said.pushed_by().as_deref() == Some("alice"), "{header}: {}", said.stderr);
    }
    // The name in the URL is not the one that was authenticated.
    let header = format!("http.extraHeader={}", basic("alice", "looking-glass"));
    let said = sandbox.git(["-c", &header, "push", &web.url("bob:wrong@"), "main:refs/foo/x"]);
    assert_eq!(said.pushed_by().as_deref(), Some("alice"), "{}", said.stderr);
    // Two at once: whatever the server makes of them, it is not bob.
    for pair in [["alice:looking-glass", "bob:wrong"], ["bob:wrong", "alice:looking-glass"]] {
        let [one, two] = pair.map(|both| {
            let (name, password) = both.split_once(':').unwrap();
            format!("http.extraHeader={}", basic(name, password))
        });
        let said = sandbox.git(["-c", &one, "-c", &two, "push", &web.url(""), "main:refs/foo/x"]);
        assert!(!said.ok && !said.stderr.contains("by bob"), "{pair:?}: {}", said.stderr);
    }
}

/// An administrator's mistake: the server asks nobody, and the repository takes pushes all the same.
fn a_server_that_asks_nobody_lets_nothing_in(kind: &Kind) {
    let Some((sandbox, web)) = scene(kind, &filled(kind.offered, &[kind.open])) else { return };
    first_commit(&sandbox);
    must(&mut process::git(&web.repository, &["config", "http.receivepack", "true"]));
    let said = sandbox.git(["push", &web.url(""), "main"]);
    let told = said.stderr.contains("UNDECIDED") && said.stderr.contains("nobody can tell who pushes: REMOTE_USER");
    assert!(!said.ok && told, "{}", said.stderr);
    assert!(web.repository.join("refgate/bootstrap").is_file());
}

/// Each request is a process of its own at the server: the nonce that the push signs is another process's.
fn whoever_signed_the_push_is_the_pusher(kind: &Kind) {
    let Some((sandbox, web)) = scene(kind, kind.offered) else { return };
    let refgate = sandbox.path().join("bin/refgate");
    let key = sign::own_copy(sandbox.path(), "alice").unwrap();
    let public = fs_err::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/keys/alice.pub")).unwrap();
    let signers = sandbox.path().join("signers");
    fs_err::write(&signers, format!("alice@example.com {public}")).unwrap();
    must(
        process::command(&refgate)
            .args(["install", "server", "--signers"])
            .arg(&signers)
            .arg("--repo")
            .arg(&web.repository),
    );
    believe(&web.repository, &refgate, "push-certificate");
    first_commit(&sandbox);
    let url = web.url("bob:builder@");
    let unsigned = sandbox.git(["push", &url, "main"]);
    assert!(!unsigned.ok && unsigned.stderr.contains("git push --signed"), "{}", unsigned.stderr);
    let key = format!("user.signingKey={}", key.display());
    let said = sandbox.git(["-c", "gpg.format=ssh", "-c", &key, "push", "--signed", &url, "main"]);
    assert!(said.ok && said.pushed_by().as_deref() == Some("alice@example.com"), "{}", said.stderr);
}

fn first_commit(sandbox: &Sandbox) {
    sandbox.write(&[("README.md", "# One\n")]);
    sandbox.commit("first");
}

fn basic(name: &str, password: &str) -> String {
    format!("Authorization: Basic {}", base64::prelude::BASE64_STANDARD.encode(format!("{name}:{password}")))
}

/// Text of some length that does not compress well.
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + u8::try_from((state >> 33) % 90).unwrap())
    };
    (0..length).map(|at| if at % 80 == 79 { '\n' } else { next() }).collect()
}

/// A configuration with other values in the place of the offered ones, each of which must be there.
fn filled(offered: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(offered.to_owned(), |text, (value, ours)| {
        assert!(text.contains(value), "the file in install/ no longer says `{value}`:\n{offered}");
        text.replace(value, ours)
    })
}

/// A running web server in front of a guarded repository that believes it.
struct Web {
    port: u16,
    repository: PathBuf,
    _daemons: Vec<Daemon>,
}

impl Web {
    /// The repository's URL; `who` is nothing, or `user@`, or `user:password@`.
    fn url(&self, who: &str) -> String {
        format!("http://{who}127.0.0.1:{}/git/project.git", self.port)
    }
}

/// The server with a configuration, and a client whose `origin` has no user yet; nothing when it is left out.
fn scene(kind: &Kind, offered: &str) -> Option<(Sandbox, Web)> {
    if left_out(&[kind.name]) {
        return None;
    }
    let sandbox = Sandbox::new();
    let account = Account::git();
    let refgate = program_for_all(sandbox.path());
    let place = Place { folder: sandbox.path().join("web"), account, port: free_port() };
    let repository = place.folder.join("srv/project.git");
    guarded_server(&repository, &refgate);
    believe(&repository, &refgate, "remote-user");
    take_push_options(&repository);
    let htpasswd = program("htpasswd", "apache2-utils");
    let users = USERS.map(|(name, password)| must(process::command(&htpasswd).args(["-nbB", name, password])));
    fs_err::write(place.folder.join("passwords"), users.concat()).unwrap();
    place.account.owns(&place.folder);
    let ours = |name: &str| place.folder.join(name).display().to_string();
    let backend = program("git-http-backend", "git").display().to_string();
    let offered = filled(
        offered,
        &[
            ("/etc/refgate/passwords", &ours("passwords")),
            ("/srv/git", &ours("srv")),
            ("/usr/lib/git-core/git-http-backend", &backend),
        ],
    );
    let daemons = (kind.start)(&place, &offered);
    let web = Web { port: place.port, repository, _daemons: daemons };
    sandbox.clone(&web.url(""));
    Some((sandbox, web))
}

/// Where a web server stands, and who runs it: what a distribution configures, so that the offered file fits in.
struct Place {
    folder: PathBuf,
    account: Account,
    port: u16,
}

impl Place {
    fn path(&self) -> std::path::Display<'_> {
        self.folder.display()
    }

    /// Starts a program of a Debian package with a configuration, which it reads with the last of its arguments.
    fn start(&self, program_of: (&str, &str), args: &[&str], config: &str) -> Daemon {
        let file = self.folder.join("server.conf");
        fs_err::write(&file, config).unwrap();
        let mut command = self.account.command(&program(program_of.0, program_of.1));
        command.args(args).arg(file);
        Daemon::start(&mut command, self.folder.join("log")).answers_at(self.port)
    }

    fn nginx(&self, offered: &str) -> Vec<Daemon> {
        let socket = self.folder.join("fcgi");
        let mut fcgiwrap = self.account.command(&program("fcgiwrap", "fcgiwrap"));
        fcgiwrap.args(["-f", "-s"]).arg(format!("unix:{}", socket.display()));
        let fcgiwrap = Daemon::start(&mut fcgiwrap, self.folder.join("fcgi.log")).listens_at(&socket);
        let offered = filled(offered, &[("unix:/run/fcgiwrap.socket", &format!("unix:{}", socket.display()))]);
        let temporary = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"]
            .map(|what| format!("{what}_temp_path {}/{what};\n", self.path()));
        let config = format!(
            "daemon off;\nworker_processes 1;\npid {path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{}\
             server {{\nlisten 127.0.0.1:{};\n{offered}}}\n}}\n",
            temporary.concat(),
            self.port,
            path = self.path(),
        );
        vec![self.start(("nginx", "nginx"), &["-e", "stderr", "-c"], &config), fcgiwrap]
    }

    fn apache(&self, offered: &str) -> Vec<Daemon> {
        let modules = Path::new("/usr/lib/apache2/modules");
        let wanted = offered.lines().find_map(|line| line.strip_prefix("# a2enmod ")).unwrap();
        let modules = ["mpm_event", "authn_core", "authz_core"]
            .into_iter()
            .chain(wanted.split(' '))
            .map(|name| format!("LoadModule {name}_module {}/mod_{name}.so\n", modules.display()))
            .collect::<String>();
        let config = format!(
            "{modules}ServerRoot {path}\nServerName 127.0.0.1\nListen 127.0.0.1:{}\nPidFile {path}/pid\n\
             DefaultRuntimeDir {path}\nScriptSock {path}/cgid\nErrorLog {path}/error.log\nStartServers 1\n{offered}",
            self.port,
            path = self.path(),
        );
        vec![self.start(("apache2", "apache2-bin"), &["-D", "FOREGROUND", "-f"], &config)]
    }

    fn lighttpd(&self, offered: &str) -> Vec<Daemon> {
        let config = format!(
            "server.document-root = \"{path}/none\"\nserver.bind = \"127.0.0.1\"\nserver.port = {}\n\
             server.upload-dirs = ( \"{path}\" )\n{offered}",
            self.port,
            path = self.path(),
        );
        vec![self.start(("lighttpd", "lighttpd"), &["-D", "-f"], &config)]
    }
}
