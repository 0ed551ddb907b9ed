//! `refgate install server`: the gate in front of a repository. It says each thing that it changes.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::{BString, ByteSlice as _};

use super::client::branch;
use super::hook::BOOTSTRAP;
use super::rules::print;
use crate::actor::ActorSource;
use crate::cli::InstallServer;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::{Repo, command};
use crate::policy::hex;
use crate::policy::load::{self, from_file, server_folder};
use crate::policy::parse::Server;
use crate::refs::RefMap;
use crate::rules;

const SHIM: &str = include_str!("../../hooks/pre-receive");
/// How a shim of ours is told from a hook of somebody else.
const MARK: &str = "# refgate shim ";
/// How many branches an error names.
const SHOWN: usize = 10;

/// Runs the command.
///
/// # Errors
/// There is no such repository, a file cannot be written, the policy is not valid, or a hook of somebody else is in
/// the way.
pub fn server(args: &InstallServer, env: &Env) -> Result<()> {
    let repo = Repo::discover(&args.repo, env)?;
    let folder = server_folder(&repo);
    let ids = rules::ids();
    let known = load::server(&folder, &ids)?;
    let refs = repo.refs()?;
    let trusted = trusted_ref(args.trusted_ref.as_deref(), known.as_ref(), &repo, &refs)?;
    let actor = args.actor.clone().or(known.as_ref().map(|server| server.actor.clone())).unwrap_or_default();
    let policy =
        args.policy.as_deref().map(|file| from_file(file, trusted.as_bstr(), &ids).map(|_| file)).transpose()?;
    let hook = hook_path(&repo)?;
    check_hook(&hook)?;

    let mut said = format!("The gate stands in front of {}.\n", shown(repo.common_dir()));
    fs_err::create_dir_all(&folder)?;
    let _ = writeln!(said, "  trusted ref: {} (always protected; its old tip holds the policy)", shown_ref(&trusted));
    let _ = writeln!(said, "  actor: {}", who(&actor));
    if known.as_ref().is_none_or(|server| server.trusted_ref != trusted || server.actor != actor) {
        let server = match known {
            Some(server) => Server { trusted_ref: trusted.clone(), actor: actor.clone(), ..server },
            None => Server {
                trusted_ref: trusted.clone(),
                repository_id: random_id()?,
                actor: actor.clone(),
                floor: BTreeMap::new(),
            },
        };
        write(&folder.join("server.toml"), server_file(&server).as_bytes())?;
        let _ = writeln!(
            said,
            "  wrote    {} (trusted ref, repository id, actor, floor)",
            shown(&folder.join("server.toml"))
        );
    }
    for (given, name, what) in [
        (policy, "policy.toml", "this policy judges"),
        (args.signers.as_deref(), "allowed_signers", "kept for signatures"),
    ] {
        if let Some(file) = given {
            write(&folder.join(name), &fs_err::read(file)?)?;
            let _ = writeln!(said, "  wrote    {} ({what})", shown(&folder.join(name)));
        }
    }
    let token = folder.join(BOOTSTRAP);
    if refs.is_empty() {
        write(&token, b"The first push of the trusted ref uses this up.\n")?;
        let _ =
            writeln!(said, "  wrote    {} (the first push of {} is let in, once)", shown(&token), shown_ref(&trusted));
    }
    write(&hook, shim()?.as_bytes())?;
    fs_err::set_permissions(&hook, std::fs::Permissions::from_mode(0o755))?;
    let _ = writeln!(said, "  wrote    {}", shown(&hook));
    let _ =
        writeln!(said, "Whoever receives pushes must be able to read {} and to delete its bootstrap.", shown(&folder));
    print(&said)
}

fn who(actor: &ActorSource) -> String {
    match actor.variable() {
        Some(variable) => format!("{actor} (whom {variable} names; without it no push is let in)"),
        None => "none (nobody says who pushes; --actor names a source)".into(),
    }
}

/// The branch to trust: the one that is asked for, else the one trusted so far, else the one that `HEAD` names. Where
/// there are branches it must be one of them, for a gate around a branch that is not there guards nothing.
fn trusted_ref(asked: Option<&str>, known: Option<&Server>, repo: &Repo, refs: &RefMap) -> Result<BString> {
    let trusted = match (asked, known) {
        (Some(name), _) => branch(name),
        (None, Some(server)) => server.trusted_ref.clone(),
        (None, None) => repo.head()?.ok_or_else(|| {
            Error::usage("HEAD is detached, so there is no default branch to trust")
                .help("name it: refgate install server --trusted-ref <branch>")
        })?,
    };
    if trusted.strip_prefix(b"refs/heads/").is_none_or(<[u8]>::is_empty) {
        return Err(Error::usage(format!("{} is no branch", shown_ref(&trusted)))
            .help("name one: refgate install server --trusted-ref <branch>"));
    }
    let branches: Vec<String> =
        refs.keys().filter_map(|name| name.strip_prefix(b"refs/heads/")).map(shown_ref).collect();
    if branches.is_empty() || refs.contains_key(&trusted) {
        return Ok(trusted);
    }
    let missing = match (asked, known) {
        (None, None) => format!("HEAD names {}, which does not exist", shown_ref(&trusted)),
        _ => format!("the trusted ref {} does not exist", shown_ref(&trusted)),
    };
    let more = branches.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let some: Vec<_> = branches.into_iter().take(SHOWN).collect();
    Err(Error::usage(format!("{missing}; the branches here are {}{more}", some.join(", ")))
        .help("name the default branch: refgate install server --trusted-ref <branch>"))
}

/// Where Git looks for the hook: `core.hooksPath`, the user's and the system's included. A relative one counts from
/// the repository's own folder, where the receiving process runs.
fn hook_path(repo: &Repo) -> Result<PathBuf> {
    let output = configured_git(repo.common_dir())
        .args(["--git-dir", ".", "rev-parse", "--path-format=absolute", "--git-path", "hooks"])
        .output()?;
    if !output.status.success() {
        return Err(Error::usage(format!("git failed: {}", escape::escape(output.stderr.trim_end()))));
    }
    let path = output.stdout.strip_suffix(b"\n").unwrap_or(&output.stdout);
    Ok(Path::new(OsStr::from_bytes(path)).join("pre-receive"))
}

/// A git process in `folder` that reads all configuration, as the receiving one will; no variable leads it elsewhere.
#[expect(clippy::disallowed_methods, reason = "the isolated one does not see where Git looks for hooks")]
fn configured_git(folder: &Path) -> Command {
    let mut git = Command::new("git");
    for (name, _) in command(folder).get_envs().filter(|(_, value)| value.is_none()) {
        git.env_remove(name);
    }
    git.env("LC_ALL", "C").current_dir(folder);
    git
}

fn check_hook(hook: &Path) -> Result<()> {
    match fs_err::read(hook) {
        Ok(text) if !text.contains_str(MARK) => {
            Err(Error::usage(format!("{} is a hook that refgate did not write", shown(hook))).help(
                "move it away, install, and let the new hook call it from a wrapper of yours if it is still needed",
            ))
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn shim() -> Result<String> {
    let program = std::env::current_exe()?;
    let quoted = format!("'{}'", program.to_string_lossy().replace('\'', "'\\''"));
    Ok(SHIM.replace("@REFGATE@", &quoted))
}

fn server_file(server: &Server) -> String {
    let mut text = format!(
        "# The gate's own word on this repository; pushes cannot change it.\n\
         version = 1\n\
         # The ref whose old tip is trusted; always protected.\n\
         trusted_ref = {:?}\n\
         # Signed statements name the repository by this id. Never change it.\n\
         repository_id = {:?}\n\
         # Who says who pushes: none, remote-user, gitolite, ssh or env:NAME. Nothing else is believed.\n\
         actor = \"{}\"\n\n\
         # Severities that no policy can lower, like: direct-push = \"enforce\"\n\
         [floor]\n",
        server.trusted_ref.to_str_lossy(),
        server.repository_id,
        server.actor,
    );
    for (rule, severity) in &server.floor {
        let _ = writeln!(text, "{rule} = {:?}", severity.name());
    }
    text
}

fn random_id() -> Result<String> {
    let mut bytes = [0; 16];
    fs_err::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex(&bytes))
}

/// Writes a file as a whole or not at all.
fn write(path: &Path, content: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs_err::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| Error::from(error.error))?;
    Ok(())
}

fn shown(path: &Path) -> String {
    escape::quote_path(path.as_os_str().as_encoded_bytes())
}

fn shown_ref(name: &[u8]) -> String {
    escape::quote_path(name)
}
