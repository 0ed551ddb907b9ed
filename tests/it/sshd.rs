//! A real `sshd` of a test's own: its own configuration, port, host key and users' keys, all in the sandbox.

use std::path::{Path, PathBuf};

use crate::corpus::process;
use crate::servers::{Account, Daemon, free_port, mortal, must, program};

/// The running server.
pub(crate) struct Sshd {
    folder: PathBuf,
    account: &'static str,
    port: u16,
    _daemon: Daemon,
}

impl Sshd {
    /// Starts it for one account, whose keys are in a file; `more` is added to its configuration. With `environment`
    /// every process of the account starts.
    pub(crate) fn start(sandbox: &Path, account: &Account, keys: &Path, environment: &str, more: &str) -> Self {
        let folder = sandbox.join("ssh");
        make_key(&folder, "host");
        let port = free_port();
        let path = std::env::var("PATH").unwrap_or_default();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nPidFile none\nAuthorizedKeysFile {keys}\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nAllowUsers {account}\n\
             SetEnv PATH={path} GIT_CONFIG_NOSYSTEM=1 {environment}\n{more}\n",
            folder = folder.display(),
            keys = keys.display(),
            account = account.name,
        );
        fs_err::write(folder.join("sshd_config"), config).unwrap();
        let host_key = fs_err::read_to_string(folder.join("host.pub")).unwrap();
        fs_err::write(folder.join("known_hosts"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
        // Where the unprivileged part of sshd is locked in; the path is compiled in.
        fs_err::create_dir_all("/run/sshd").unwrap();
        let mut sshd = mortal();
        sshd.arg(program("sshd", "openssh-server")).args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
        let daemon = Daemon::start(&mut sshd, folder.join("log")).answers_at(port);
        Self { folder, account: account.name, port, _daemon: daemon }
    }

    /// The URL of a repository, by the path that the account's command gets.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("ssh://{}@127.0.0.1:{}{path}", self.account, self.port)
    }

    /// The command that reaches it with the key of `person`.
    pub(crate) fn client(&self, person: &str, options: &str) -> String {
        format!(
            "{ssh} -F /dev/null -i {folder}/{person} -o IdentitiesOnly=yes -o BatchMode=yes \
             -o StrictHostKeyChecking=yes -o UserKnownHostsFile={folder}/known_hosts {options}",
            ssh = program("ssh", "openssh-client").display(),
            folder = self.folder.display(),
        )
    }
}

/// A new key pair in the sandbox's folder for SSH; the public line.
pub(crate) fn person(sandbox: &Path, name: &str) -> String {
    make_key(&sandbox.join("ssh"), name)
}

fn make_key(folder: &Path, name: &str) -> String {
    fs_err::create_dir_all(folder).unwrap();
    let keygen = program("ssh-keygen", "openssh-client");
    must(process::command(keygen).args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(folder.join(name)));
    fs_err::read_to_string(folder.join(format!("{name}.pub"))).unwrap().trim_end().to_owned()
}
