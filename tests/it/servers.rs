//! What the tests that start real servers share: which of them are left out, the accounts that own the repositories,
//! programs, ports, and daemons that end with the test.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::corpus::process;
use crate::support::{REFGATE, Said};

/// The servers, and the browser, that can be left out, in so many words: `REFGATE_TEST_WITHOUT=sshd,gitolite3`.
const WITHOUT: &str = "REFGATE_TEST_WITHOUT";
const SERVERS: [&str; 6] = ["sshd", "nginx", "apache2", "lighttpd", "gitolite3", "chromium"];
/// How long a server may take to start and to end on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the tests of any of these servers are left out, which is then said.
pub(crate) fn left_out(servers: &[&str]) -> bool {
    let without = std::env::var(WITHOUT).unwrap_or_default();
    let without = without.split(',').filter(|word| !word.is_empty()).collect::<Vec<_>>();
    for word in &without {
        assert!(SERVERS.contains(word), "{WITHOUT} knows {}, not `{word}`", SERVERS.join(", "));
    }
    let found = servers.iter().find(|server| without.contains(server));
    if let Some(server) = found {
        eprintln!("SKIPPED: no test used {server}, because of {WITHOUT}={}", without.join(","));
    }
    found.is_some()
}

/// The path of a program, which a Debian package brings.
pub(crate) fn program(name: &str, package: &str) -> PathBuf {
    let folders = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin:/usr/lib/git-core";
    let found = folders.split(':').map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("`{name}` is missing: apt-get install {package}; {}", leave_out()))
}

fn leave_out() -> String {
    format!("{WITHOUT}={} leaves out the tests of what it names", SERVERS.join(","))
}

/// An account that owns repositories and that nobody can log in to but with a key.
pub(crate) struct Account {
    pub(crate) name: &'static str,
    shell: PathBuf,
}

impl Account {
    /// The account for a plain server: it can do nothing but Git.
    pub(crate) fn git() -> Self {
        Self { name: "refgate-it", shell: program("git-shell", "git") }.made()
    }

    /// The account for servers that start their own program for each key.
    pub(crate) fn with_a_shell() -> Self {
        Self { name: "refgate-it-sh", shell: "/bin/sh".into() }.made()
    }

    /// Makes the account where it is missing. Tests run at the same time: the folder of the accounts is the lock. A
    /// new account is locked, which sshd without PAM takes for "no entry", so it gets a password that nothing matches.
    fn made(self) -> Self {
        let root = Said::new(process::command("id").arg("-u").output().unwrap()).must() == "0";
        assert!(root, "this test makes an account and starts servers under it, so it needs root; {}", leave_out());
        program("useradd", "passwd");
        let script = "set -e\n\
             getent passwd \"$1\" >/dev/null || useradd --system --user-group -M --home-dir / --shell \"$2\" \"$1\"\n\
             test \"$(getent shadow \"$1\" | cut -d: -f2)\" = '*' || usermod --password '*' \"$1\"\n\
             test \"$(getent passwd \"$1\" | cut -d: -f7)\" = \"$2\" || usermod --shell \"$2\" \"$1\"\n";
        let mut flock = process::command(program("flock", "util-linux"));
        must(flock.args(["/etc", "sh", "-c", script, "sh", self.name]).arg(&self.shell));
        self
    }

    /// A command that runs under the account and ends with this test.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = mortal();
        command.args([&format!("--reuid={}", self.name), &format!("--regid={}", self.name), "--clear-groups"]);
        command.arg("--").arg(program);
        command
    }

    /// Gives the account a folder with everything in it.
    pub(crate) fn owns(&self, folder: &Path) {
        must(process::command("chown").args(["-R", &format!("{}:", self.name)]).arg(folder));
    }
}

/// The beginning of a command that gets `SIGTERM` when the test dies without ending it.
pub(crate) fn mortal() -> Command {
    let mut command = process::command(program("setpriv", "util-linux"));
    command.args(["--pdeathsig", "TERM"]);
    command
}

/// A running server; it ends with the test.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts a command that stays in the foreground; `log` gets what it says.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Self {
        let file = fs_err::OpenOptions::new().create(true).append(true).open(&log).unwrap().into_parts().0;
        let both = file.try_clone().unwrap();
        let child = command.stdin(Stdio::null()).stdout(both).stderr(file).spawn().unwrap();
        Self { child, log }
    }

    /// Waits until it answers at the port.
    pub(crate) fn answers_at(mut self, port: u16) -> Self {
        self.wait_for(&|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        self
    }

    /// Waits until it listens at the socket.
    pub(crate) fn listens_at(mut self, socket: &Path) -> Self {
        self.wait_for(&|| std::os::unix::net::UnixStream::connect(socket).is_ok());
        self
    }

    fn wait_for(&mut self, up: &dyn Fn() -> bool) {
        let started = Instant::now();
        while !up() {
            let ended = self.child.try_wait().unwrap();
            let said = || fs_err::read_to_string(&self.log).unwrap_or_default();
            assert!(ended.is_none(), "the server ended with {}: {}", ended.unwrap_or_default(), said());
            assert!(started.elapsed() < PATIENCE, "the server does not answer: {}", said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    /// Asks first: a master that is killed leaves its workers behind.
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let _ = process::command("sh").args(["-c", "kill -s TERM \"$0\"", &pid]).status();
        let started = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if started.elapsed() > PATIENCE {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A copy of the program that every account can run, wherever it was built.
pub(crate) fn program_for_all(folder: &Path) -> PathBuf {
    open_to_all(folder);
    let bin = folder.join("bin");
    fs_err::create_dir_all(&bin).unwrap();
    fs_err::copy(REFGATE, bin.join("refgate")).unwrap();
    bin.join("refgate")
}

/// Lets clients send push options to a repository.
pub(crate) fn take_push_options(repository: &Path) {
    must(&mut process::git(repository, &["config", "receive.advertisePushOptions", "true"]));
}

/// A port of this machine that nobody listens at.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Lets other accounts pass through a folder.
fn open_to_all(folder: &Path) {
    fs_err::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs a command that must succeed.
pub(crate) fn must(command: &mut Command) -> String {
    let said = Said::new(command.output().unwrap());
    assert!(said.ok, "{command:?}: {}", said.stderr);
    said.stdout
}
