//! The story, told over SSH: a real `sshd`, an account of its own whose shell is `git-shell`, repositories that this
//! account owns, stock `git push`. Here nothing that the pusher sets on the own side can disarm the hook.
//!
//! It needs root and `sshd`. `REFGATE_TEST_WITHOUT_SSHD=1` leaves it out, in so many words.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::corpus::process;
use crate::story;
use crate::support::{REFGATE, Sandbox, guarded_server};

const ACCOUNT: &str = "refgate-it";
const WITHOUT: &str = "REFGATE_TEST_WITHOUT_SSHD";

#[test]
fn the_story_over_ssh() {
    if std::env::var_os(WITHOUT).is_some_and(|value| value == "1") {
        eprintln!("SKIPPED: the story over SSH was not told, because {WITHOUT}=1");
        return;
    }
    let mut sandbox = Sandbox::new();
    let tools = Tools::find();
    let daemon = Daemon::start(sandbox.path(), &tools);
    sandbox.use_ssh(daemon.client_command.clone());
    sandbox.clone(&daemon.url);
    story::tell(&sandbox);
    drop(daemon);
}

struct Tools {
    sshd: PathBuf,
    git_shell: PathBuf,
}

impl Tools {
    fn find() -> Self {
        let root = output(process::command("id").arg("-u")) == "0";
        assert!(root, "this test makes an account and needs root; {WITHOUT}=1 leaves it out");
        let find = |name: &str, package: &str| {
            let folders = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
            let found = folders.split(':').map(|folder| Path::new(folder).join(name)).find(|path| path.is_file());
            found.unwrap_or_else(|| panic!("`{name}` is missing: apt-get install {package}; {WITHOUT}=1 leaves it out"))
        };
        for (name, package) in [("useradd", "passwd"), ("ssh-keygen", "openssh-client"), ("ssh", "openssh-client")] {
            find(name, package);
        }
        Self { sshd: find("sshd", "openssh-server"), git_shell: find("git-shell", "git") }
    }
}

/// The running server; it ends with the test.
struct Daemon {
    child: Child,
    url: String,
    client_command: String,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Daemon {
    fn start(folder: &Path, tools: &Tools) -> Self {
        make_account(&tools.git_shell);
        open_to_all(folder);
        let ssh = folder.join("ssh");
        let bin = folder.join("bin");
        fs_err::create_dir(&ssh).unwrap();
        fs_err::create_dir(&bin).unwrap();
        // The account must be able to run the program, wherever it was built.
        fs_err::copy(REFGATE, bin.join("refgate")).unwrap();
        let repository = folder.join("server.git");
        guarded_server(&repository, &bin.join("refgate"));
        must(process::command("chown").args(["-R", &format!("{ACCOUNT}:")]).arg(&repository));
        for key in ["host", "client"] {
            must(process::command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(ssh.join(key)));
        }
        fs_err::copy(ssh.join("client.pub"), ssh.join("authorized_keys")).unwrap();

        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let host_key = fs_err::read_to_string(ssh.join("host.pub")).unwrap();
        fs_err::write(ssh.join("known_hosts"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {ssh}/host\nPidFile none\nAuthorizedKeysFile \
             {ssh}/authorized_keys\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nAllowUsers {ACCOUNT}\n\
             SetEnv PATH={bin}:{path} GIT_CONFIG_NOSYSTEM=1\n",
            ssh = ssh.display(),
            bin = bin.display(),
        );
        fs_err::write(ssh.join("sshd_config"), config).unwrap();
        fs_err::create_dir_all("/run/sshd").unwrap();
        let mut command = process::command(&tools.sshd);
        command.args(["-D", "-e", "-f"]).arg(ssh.join("sshd_config"));
        let log = fs_err::File::create(ssh.join("log")).unwrap().into_parts().0;
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let daemon = Self {
            child,
            url: format!("ssh://{ACCOUNT}@127.0.0.1:{port}{}", repository.display()),
            client_command: format!(
                "ssh -F /dev/null -i {ssh}/client -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes \
                 -o UserKnownHostsFile={ssh}/known_hosts",
                ssh = ssh.display()
            ),
        };
        let up = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        assert!(up, "sshd does not answer: {}", fs_err::read_to_string(ssh.join("log")).unwrap_or_default());
        daemon
    }
}

/// The account that owns the repositories. A new account is locked, which sshd without PAM takes for "no entry".
fn make_account(shell: &Path) {
    let known = process::command("id").arg(ACCOUNT).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    if !known.success() {
        must(process::command("useradd").args(["-m", "-s"]).arg(shell).arg(ACCOUNT));
    }
    must(process::command("usermod").args(["-p", "*", "-s"]).arg(shell).arg(ACCOUNT));
}

fn open_to_all(folder: &Path) {
    fs_err::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn must(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn output(command: &mut Command) -> String {
    String::from_utf8_lossy(&command.output().unwrap().stdout).trim().to_owned()
}
