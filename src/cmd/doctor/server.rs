//! What would let the gate of a server's repository be walked around.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};

use super::reach::{self, Account};
use super::{Complaint, Weight, hook, notify, shown, sshd, word};
use crate::actor::ActorSource;
use crate::cmd::hook::BOOTSTRAP;
use crate::env::Env;
use crate::error::Result;
use crate::git::{Repo, Setting, found, settings};
use crate::install::{Gate, Place, Standing, standing};
use crate::policy::Policy;
use crate::policy::load::{for_server, server, server_folder};
use crate::policy::roles::{Presence, RoleName};
use crate::policy::server::Server;
use crate::rules;
use crate::sign::Signers;

/// Where sshd reads its configuration.
const SSHD_CONFIG: &str = "/etc/ssh/sshd_config";

/// Looks at one repository, whose own folder is `git_dir`.
///
/// # Errors
/// It cannot be opened, or Git cannot read its configuration.
pub(super) fn examine(git_dir: &Path, sshd_config: Option<&Path>, env: &Env) -> Result<Vec<Complaint>> {
    // The environment of whoever asks must not lead to another repository's objects.
    let repo = Repo::discover(git_dir, &Env { no_color: env.no_color, ..Env::default() })?;
    let place = Place::server(repo.common_dir())?;
    let install = format!("refgate install server --repo {}", word(&place.common_dir));
    let found = Examination { repo: &repo, place: &place, install, found: Vec::new() };
    found.run(sshd_config)
}

struct Examination<'a> {
    repo: &'a Repo,
    place: &'a Place,
    /// The command that mends most of it.
    install: String,
    found: Vec<Complaint>,
}

impl Examination<'_> {
    fn run(mut self, sshd_config: Option<&Path>) -> Result<Vec<Complaint>> {
        let installed = self.installation();
        self.found.extend(hook::examine(self.place, &self.place.hooks, Gate::PreReceive, &self.install)?);
        if installed.is_some() {
            let told = hook::examine(self.place, &self.place.hooks, Gate::PostReceive, &self.install)?;
            // Without it the next push finds out what the last one moved.
            self.found.extend(told.into_iter().map(|complaint| Complaint { weight: Weight::Advice, ..complaint }));
        }
        let mut told = Vec::new();
        if let Some(server) = &installed {
            self.found.extend(notify::examine(&server_folder(self.repo), server));
            told = notify::files(server);
        }
        let backstop = Gate::ReferenceTransaction;
        if matches!(standing(&self.place.hooks.join(backstop.name()))?, Standing::Ours(_)) {
            self.found.extend(hook::examine(self.place, &self.place.hooks, backstop, &self.install)?);
        }
        let (actor, urls) = installed.map(|server| (server.actor, server.urls)).unwrap_or_default();
        self.settings(&actor)?;
        self.packs();
        self.names(&actor, &urls);
        self.environment(sshd_config, &actor);
        self.files(told)?;
        Ok(self.found)
    }

    fn problem(&mut self, id: &'static str, what: impl Into<String>, mend: impl Into<String>) {
        self.found.push(Complaint::problem(id, what, mend));
    }

    fn advice(&mut self, id: &'static str, what: impl Into<String>, mend: impl Into<String>) {
        self.found.push(Complaint::advice(id, what, mend));
    }

    /// The gate's own folder: its word on the repository, the policy in force, the signers.
    fn installation(&mut self) -> Option<Server> {
        let (folder, ids, install) = (server_folder(self.repo), rules::ids(), self.install.clone());
        let server = match server(&folder, &ids) {
            Ok(Some(server)) => server,
            Ok(None) => {
                self.problem("not-installed", "no gate is installed here: refgate/server.toml is missing", install);
                return None;
            }
            Err(error) => {
                let mend = format!(
                    "mend {}: what it says of ids, people and floors stands nowhere else",
                    shown(&folder.join("server.toml"))
                );
                self.problem("server-file", format!("every push is undecided: {}", error.message), mend);
                return None;
            }
        };
        match self.repo.refs() {
            Err(error) => self.problem("refs-unreadable", error.message, error.help),
            Ok(refs) => {
                if !refs.is_empty() && !refs.contains_key(&server.trusted_ref) {
                    let what = format!("the trusted ref {} does not exist", server.trusted_ref);
                    self.problem("trusted-ref", what, format!("{install} --trusted-ref main"));
                }
                match for_server(self.repo, &refs, &ids) {
                    Ok(policy) => self.people(&policy),
                    Err(error) => {
                        self.problem(
                            "policy-invalid",
                            format!("every push is undecided: {}", error.message),
                            error.help,
                        );
                    }
                }
                let token = folder.join(BOOTSTRAP);
                if !refs.is_empty() && token.exists() {
                    let what = "a first push would still be let in, should every branch go";
                    self.advice("bootstrap-left", what, format!("rm {}", word(&token)));
                }
            }
        }
        Some(server)
    }

    /// Who may sign, and whether that could mean anything.
    fn people(&mut self, policy: &Policy) {
        let install = self.install.clone();
        if policy.trust.signers.as_ref().is_none_or(Signers::is_empty) {
            let what = "nobody may sign, so nothing that the gate refuses can be overridden";
            self.advice("no-signers", what, format!("{install} --signers FILE"));
        }
        let roles = &policy.signing.roles;
        for role in [RoleName::Override, RoleName::Policy] {
            if roles.get(&role).is_some_and(|filled| filled.presence == Presence::Any) {
                let what =
                    format!("any key of theirs lets the role `{}` sign, also one that an agent reaches", role.name());
                self.advice("software-keys", what, "take presence = \"any\" out of [roles] in the policy");
            }
        }
        if roles.contains_key(&RoleName::Override) && policy.actor == ActorSource::None {
            let what = "no override counts: nobody knows who pushes, so nobody knows that another person signed";
            self.problem("override-without-actor", what, format!("{install} --actor SOURCE"));
        }
    }

    /// What a gate needs of Git itself.
    fn settings(&mut self, actor: &ActorSource) -> Result<()> {
        let install = self.install.clone();
        let checked = match self.value("receive.fsckObjects", "bool")? {
            None => self.value("transfer.fsckObjects", "bool")?,
            some => some,
        };
        if !is(checked.as_ref(), "true") {
            let what = "Git does not check what is pushed (receive.fsckObjects)";
            self.problem("fsck-off", what, install.clone());
        }
        for key in self.weakened()? {
            let what = format!("Git lets damaged objects through: {key}");
            let mend = format!("git --git-dir {} config --unset-all {key}", word(&self.place.common_dir));
            self.advice("fsck-weakened", what, mend);
        }
        if !is(self.value("receive.advertisePushOptions", "bool")?.as_ref(), "true") {
            let what = "push options do not reach the gate (receive.advertisePushOptions)";
            self.advice("push-options-off", what, install.clone());
        }
        if self.value("receive.certNonceSeed", "")?.is_none() {
            if *actor == ActorSource::PushCertificate {
                let what =
                    "no push is let in: who pushes is who signs, and no push can be signed (receive.certNonceSeed)";
                self.problem("no-nonce-seed", what, install.clone());
            } else {
                let what = "signed pushes cannot be asked for (receive.certNonceSeed)";
                self.advice("no-nonce-seed", what, install.clone());
            }
        }
        let size = self.value("receive.maxInputSize", "int")?;
        if size.is_none() || is(size.as_ref(), "0") {
            let what = "a push of any size is taken in before the gate is asked (receive.maxInputSize)";
            self.advice("size-unlimited", what, format!("{install} --max-input-size 1g"));
        }
        if let Some(value) = self.value("core.sharedRepository", "")?
            && !["umask", "false", "0", "no", "off", ""].contains(&value.value.to_str_lossy().as_ref())
        {
            let what = format!(
                "core.sharedRepository is {}: other accounts can write here, and so change refs without a push",
                value.value
            );
            let mend = format!(
                "git --git-dir {0} config --unset core.sharedRepository && chmod -R go-w {0}",
                word(&self.place.common_dir)
            );
            self.problem("files-writable", what, mend);
        }
        Ok(())
    }

    /// A stranger's server can pass on this one's nonce, and the certificate that somebody then signs for the stranger.
    fn names(&mut self, actor: &ActorSource, urls: &[String]) {
        if *actor == ActorSource::PushCertificate && urls.is_empty() {
            let what =
                "a push that was signed for another server counts here too, where the repository has the same name";
            let file = shown(&server_folder(self.repo).join("server.toml"));
            self.advice("no-urls", what, format!("write urls = [\"https://...\"] in {file}: what people push to"));
        }
    }

    /// The keys by which Git is told to let damaged objects through (git-config(1), `receive.fsck.<msg-id>`).
    fn weakened(&self) -> Result<Vec<String>> {
        let mut git = self.place.git();
        let listed = found(git.args(["config", "-z", "--get-regexp", r"^receive\.fsck\."]))?.unwrap_or_default();
        let entries = listed.split(|byte| *byte == 0).map(|entry| entry.to_str_lossy());
        let loose = |key: &str, value: &str| {
            key == "receive.fsck.skiplist" || ["ignore", "warn"].contains(&value.to_ascii_lowercase().as_str())
        };
        Ok(entries
            .filter_map(|entry| {
                entry.split_once('\n').filter(|(key, value)| loose(key, value)).map(|(key, _)| key.into())
            })
            .collect())
    }

    fn value(&self, key: &str, kind: &str) -> Result<Option<Setting>> {
        Ok(settings(&mut self.place.git(), key, kind)?.pop())
    }

    /// Without a multi-pack-index every start of the gate reads a table as long as the repository is old.
    fn packs(&mut self) {
        let folder = self.place.common_dir.join("objects/pack");
        let names: Vec<BString> = fs_err::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().as_encoded_bytes().into())
            .collect();
        let packs = names.iter().filter(|name| name.ends_with(b".idx")).count();
        if packs > 0 && !names.iter().any(|name| name.starts_with(b"multi-pack-index")) {
            let what = format!("{packs} packs and no multi-pack-index: the gate starts slower than it could");
            let mend = format!("git --git-dir {} multi-pack-index write", word(&self.place.common_dir));
            self.advice("no-multi-pack-index", what, mend);
        }
    }

    /// What clients may bring over SSH.
    fn environment(&mut self, sshd_config: Option<&Path>, actor: &ActorSource) {
        if sshd_config.is_none() && !Path::new(SSHD_CONFIG).exists() {
            // No sshd on this machine: nobody comes this way.
            return;
        }
        let accepted = match sshd::accepted(sshd_config.unwrap_or(Path::new(SSHD_CONFIG))) {
            Ok(accepted) => accepted,
            Err(error) => {
                let what = format!("what sshd accepts from clients cannot be read: {}", error.message);
                self.advice("sshd-unread", what, "run refgate doctor as root, or name the file: --sshd-config FILE");
                return;
            }
        };
        for one in accepted {
            let dangerous = sshd::DANGEROUS.into_iter().chain(actor.variable());
            let mut reached: Vec<_> = dangerous.filter(|name| sshd::wild(&one.pattern, name)).collect();
            reached.dedup();
            let Some(first) = reached.first() else { continue };
            let more = if reached.len() > 1 { format!(" and {} more", reached.len() - 1) } else { String::new() };
            let what = format!(
                "{}:{}: AcceptEnv {} lets clients set {first}{more}, which can switch the hook off or forge who pushes",
                shown(&one.file),
                one.line,
                crate::escape::printable(&one.pattern),
            );
            self.problem("environment-accepted", what, "take the pattern out of that line, and reload sshd");
        }
    }

    /// Who reaches the repository without Git's receiving program.
    fn files(&mut self, told: Vec<PathBuf>) -> Result<()> {
        let dir = &self.place.common_dir;
        let inside = ["HEAD", "config", "objects", "refs", "refs/heads", "packed-refs", "reftable", "refgate"];
        let gate = ["refgate/server.toml", "refgate/policy.toml", "refgate/allowed_signers"];
        let hooks = [Gate::PreReceive, Gate::PostReceive, Gate::ReferenceTransaction]
            .map(|gate| self.place.hooks.join(gate.name()));
        let paths: Vec<PathBuf> = std::iter::once(dir.clone())
            .chain(inside.into_iter().chain(gate).map(|name| dir.join(name)))
            .chain([self.place.hooks.clone()])
            .chain(hooks)
            .chain(told)
            .collect();
        self.found.extend(reach::writers(&paths));
        self.found.extend(reach::file_system(dir));
        self.found.extend(reach::strangers_files(dir, &paths));
        let owner = fs_err::metadata(dir)?.uid();
        let account = Account::of(owner);
        if let Some(account) = &account {
            self.found.extend(reach::logins(account));
        }
        if self.place.other_owner().is_some() {
            let name = account.map_or_else(|| owner.to_string(), |account| account.name);
            let what = format!("{name} owns this repository, and another account's configuration was looked at");
            let command = format!("refgate doctor --server {}", word(dir)).replace('\'', r"'\''");
            self.advice("other-account", what, format!("su -s /bin/sh {name} -c '{command}'"));
        }
        Ok(())
    }
}

fn is(setting: Option<&Setting>, value: &str) -> bool {
    setting.is_some_and(|setting| setting.value == value)
}
