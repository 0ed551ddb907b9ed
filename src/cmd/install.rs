//! `refgate install`: the gate in front of a repository, or the judge in a clone. It says each thing that it changes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use bstr::{BString, ByteSlice as _};

use super::client::branch;
use super::hook::BOOTSTRAP;
use super::rules::print;
use crate::actor::ActorSource;
use crate::cli::InstallServer;
use crate::digest::hex;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::escape;
use crate::git::Repo;
use crate::install::{BESIDE, Before, Change, Gate, Next, Place, Plan, Seen, Standing, Target, standing};
use crate::ledger::record::Event;
use crate::ledger::{self, Ledger};
use crate::policy::load::{self, FOLDER, REVOKED, SIGNERS, from_file};
use crate::policy::server::{Notify, Recipient, Server};
use crate::refs::RefMap;
use crate::report::human::shell_word;
use crate::rules;
use crate::sign::{Revoked, Signers};

mod clone;
mod receive;

pub use clone::client;

const SERVER: &str = "server.toml";
const POLICY: &str = "policy.toml";
const HEAD_LINE: &str = "# The gate's own word on this repository; pushes cannot change it.";
const FIRST_PUSH: &[u8] = b"The first push of the trusted ref uses this up.\n";
/// How many branches an error names.
const SHOWN: usize = 10;

/// Runs `refgate install server`.
///
/// # Errors
/// There is no such repository, something cannot be written, the policy is not valid, or a hook of somebody else
/// cannot be kept.
pub fn server(args: &InstallServer, env: &Env) -> Result<()> {
    let repo = Repo::discover(&args.repo, env)?;
    let place = Place::server(repo.common_dir())?;
    let folder = place.common_dir.join(FOLDER);
    let ids = rules::ids();
    let known = load::server(&folder, &ids)?;
    let refs = repo.refs()?;
    let trusted = trusted_ref(args.trusted_ref.as_deref(), known.as_ref(), &repo, &refs)?;
    let actor = args.actor.clone().or(known.as_ref().map(|server| server.actor.clone())).unwrap_or_default();
    let policy =
        args.policy.as_deref().map(|file| from_file(file, trusted.as_bstr(), &ids).map(|_| file)).transpose()?;
    let mut plan = Plan::new(&place.common_dir)?;
    adopt(&mut plan, &place)?;
    let anew = known.is_none() && !refs.is_empty() && plan.knows(&folder.join(SERVER))?;
    let mut repository_id = known.as_ref().map(|server| server.repository_id.clone()).unwrap_or_default();
    if known.as_ref().is_none_or(|server| server.trusted_ref != trusted || server.actor != actor) {
        let server = match known.clone() {
            Some(server) => Server { trusted_ref: trusted.clone(), actor: actor.clone(), ..server },
            None => Server {
                trusted_ref: trusted.clone(),
                // Statements are bound to the id: a ledger from before knows it.
                repository_id: known_id(&folder).map_or_else(|| random(16), Ok)?,
                actor: actor.clone(),
                urls: Vec::new(),
                ledger_key: None,
                notify: Vec::new(),
                floor: BTreeMap::new(),
            },
        };
        plan.file(&folder.join(SERVER), server_file(&server).as_bytes(), Before::Ours)?;
        repository_id = server.repository_id;
    }
    for (file, name) in [(&args.signers, SIGNERS), (&args.revoked, REVOKED)] {
        let Some(file) = file else { continue };
        let bytes = fs_err::read(file)?;
        match name {
            SIGNERS => _ = Signers::parse(&bytes, &shown(file))?,
            _ => _ = Revoked::parse(&bytes, &shown(file))?,
        }
    }
    let lists = [(args.signers.as_deref(), SIGNERS), (args.revoked.as_deref(), REVOKED)];
    for (given, name) in [(policy, POLICY)].into_iter().chain(lists) {
        if let Some(file) = given {
            plan.file(&folder.join(name), &fs_err::read(file)?, Before::Theirs)?;
        }
    }
    if refs.is_empty() {
        plan.file(&folder.join(BOOTSTRAP), FIRST_PUSH, Before::Ours)?;
    }
    let mut lines = vec![
        format!(
            "repository id: {repository_id} (statements are bound to it; `repository_id` in the policy tells clones)"
        ),
        format!("trusted ref: {} (always protected)", shown_ref(&trusted)),
        format!("policy: {}", judging(&folder, args.policy.is_some(), &trusted)),
        format!("actor: {}", who(&actor)),
    ];
    if anew {
        lines
            .push(format!("{SERVER} was lost and is written anew: the repository's id is another, the floor is empty"));
    }
    if let Some(owner) = place.other_owner() {
        lines.push(format!(
            "user {owner} owns this repository and gets what is written; that account's own Git configuration was not \
             looked at, so install as that account where it has one"
        ));
    }
    let settings =
        receive::settings(&place, args.max_input_size, args.signers.is_some() || folder.join(SIGNERS).exists())?;
    let mut gates = vec![Gate::PreReceive, Gate::PostReceive];
    gates.extend(backstop(&place, args.reference_transaction)?);
    place_hooks(&mut plan, &place, &gates, &[], settings.changes, &mut lines)?;
    lines.extend(settings.lines);
    lines.extend(receive::index_packs(&mut plan, &place)?);
    let what = format!("the gate stands in front of {}", shown(&place.common_dir));
    finish(plan, &what, &lines)?;
    let bootstrap = if refs.is_empty() { " and to delete its bootstrap" } else { "" };
    print(&format!(
        "Whoever receives pushes must be able to read {folder}{bootstrap}. What could still be walked around: refgate doctor --server {repository}\n",
        folder = shown(&folder),
        repository = shell_word(place.common_dir.as_os_str().as_encoded_bytes()),
    ))
}

/// The hook behind the gate, where it is asked for or stands already: then it is renewed.
fn backstop(place: &Place, asked: bool) -> Result<Option<Gate>> {
    let gate = Gate::ReferenceTransaction;
    let hook = place.target().folder().join(gate.name());
    let stands = matches!(standing(&hook)?, Standing::Ours(Seen { program: Some(_), .. }));
    Ok((asked || stands).then_some(gate))
}

/// Plans the hooks, and the configuration with them. Where the configuration is what puts them in force it is written
/// after them, or else before.
fn place_hooks(
    plan: &mut Plan,
    place: &Place,
    gates: &[Gate],
    options: &[(Gate, Vec<BString>)],
    mut changes: Vec<Change>,
    lines: &mut Vec<String>,
) -> Result<()> {
    let (target, program) = (place.target(), std::env::current_exe()?);
    let config = place.common_dir.join("config");
    let shared = matches!(target, Target::Before { .. });
    let write = |plan: &mut Plan, changes: &[Change]| {
        if changes.is_empty() { Ok(()) } else { plan.config(&config, changes) }
    };
    if !shared {
        write(plan, &changes)?;
    }
    for gate in gates {
        let options = options.iter().filter(|(of, _)| of == gate).flat_map(|(_, options)| options.clone());
        let next = plan.hook(&target, *gate, &program, options.collect())?;
        let hook = shown(&target.folder().join(gate.name()));
        match next {
            Next::Nothing => {}
            Next::Beside | Next::Husky => {
                lines.push(format!("chained  {hook}{BESIDE}, the hook that stood there, runs after it"));
            }
            Next::At(path) => lines.push(format!("chained  {} runs after it", shown(&path))),
        }
    }
    if let Target::Before { own, shared } = &target {
        if let Some(value) = plan.before_shared(place)? {
            lines.push(format!("set      core.hooksPath = {}", shown(Path::new(&value))));
            changes.push(Change::Set("core.hooksPath".to_owned(), value));
        }
        lines.push(format!(
            "{} is not this repository's alone, so nothing is written there: its hooks run from {}; install again \
             when one is added there",
            shown(shared),
            shown(own)
        ));
        write(plan, &changes)?;
    } else if place.folder != place.common_dir
        && target.folder().starts_with(&place.folder)
        && !target.folder().starts_with(&place.common_dir)
    {
        lines.push(format!("{} is in the work tree: do not commit these hooks", shown(target.folder())));
    }
    Ok(())
}

/// Does what is planned and says so.
fn finish(plan: Plan, what: &str, lines: &[String]) -> Result<()> {
    let mut said = if plan.is_empty() {
        format!("Nothing to change: {what}.\n")
    } else {
        let (first, rest) = what.split_at(1);
        format!("{}{rest}.\n", first.to_uppercase())
    };
    for (word, paths) in [("wrote   ", plan.paths().collect::<Vec<_>>()), ("kept    ", plan.kept())] {
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let note = match name.as_ref() {
                SERVER => " (trusted ref, repository id, actor, floor)",
                POLICY => " (this policy judges)",
                SIGNERS => " (kept for signatures)",
                BOOTSTRAP => " (the first push of the trusted ref is let in, once)",
                _ => "",
            };
            let _ = writeln!(said, "  {word} {}{note}", shown(path));
        }
    }
    for line in lines {
        let _ = writeln!(said, "  {line}");
    }
    plan.apply()?;
    print(&said)
}

/// Where the policy in force comes from.
fn judging(folder: &Path, given: bool, trusted: &BString) -> String {
    let file = folder.join(POLICY);
    if given || file.exists() {
        return format!("{} (refgate.toml in the repository does not count)", shown(&file));
    }
    format!("refgate.toml at the old tip of {}, else the built-in one", shown_ref(trusted))
}

fn who(actor: &ActorSource) -> String {
    match actor.variable() {
        _ if *actor == ActorSource::PushCertificate => {
            format!("{actor} (whoever signed the push; without git push --signed no push is let in)")
        }
        Some(variable) => format!("{actor} (whom {variable} names; without it no push is let in)"),
        None => "none (nobody says who pushes; --actor names a source)".into(),
    }
}

/// Takes what an older refgate left here, or one whose record was lost, for what it is: ours.
pub(super) fn adopt(plan: &mut Plan, place: &Place) -> Result<()> {
    for gate in Gate::ALL {
        plan.adopt_hook(&place.target().folder().join(gate.name()))?;
    }
    let folder = place.common_dir.join(FOLDER);
    let server = folder.join(SERVER);
    if !plan.knows(&server)? && fs_err::read(&server).is_ok_and(|text| text.starts_with(HEAD_LINE.as_bytes())) {
        plan.adopt_folder(&folder)?;
    }
    for (name, start) in [(SERVER, HEAD_LINE.as_bytes()), (BOOTSTRAP, FIRST_PUSH)] {
        if fs_err::read(folder.join(name)).is_ok_and(|text| text.starts_with(start)) {
            plan.adopt(&folder.join(name))?;
        }
    }
    Ok(())
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

fn server_file(server: &Server) -> String {
    let mut text = format!(
        "{HEAD_LINE}\n\
         version = 1\n\
         # The ref whose old tip is trusted; always protected.\n\
         trusted_ref = {:?}\n\
         # Signed statements name the repository by this id. Never change it.\n\
         repository_id = {:?}\n\
         # Who says who pushes: none, remote-user, gitolite, ssh, push-certificate or env:NAME. Nothing else is believed.\n\
         actor = \"{}\"\n\
         # The URLs that a push certificate may be for, or ends of their paths. Without any, the folder's name counts.\n\
         urls = {}\n\n\
         # A private SSH key signs what is mirrored of the ledger, like: key = \"/etc/refgate/ledger_ed25519\"\n\
         [ledger]\n\
         {}\n\
         # Who is told of what became of pushes (docs/notify.md), like:\n\
         # [[notify]]\n\
         # on = [\"promotion\", \"refusal\", \"override\", \"rollback\"]\n\
         # command = [\"/usr/local/bin/tell\"]\n\
         {}\n\
         # Severities that no policy can lower, like: direct-push = \"enforce\"\n\
         [floor]\n",
        server.trusted_ref.to_str_lossy(),
        server.repository_id,
        server.actor,
        toml::Value::from(server.urls.clone()),
        server
            .ledger_key
            .as_ref()
            .map(|key| format!("key = {}\n", toml::Value::from(key.to_string_lossy().into_owned())))
            .unwrap_or_default(),
        server.notify.iter().map(notify_table).collect::<String>(),
    );
    for (rule, severity) in &server.floor {
        let _ = writeln!(text, "{rule} = {:?}", severity.name());
    }
    text
}

fn notify_table(notify: &Notify) -> String {
    let on: Vec<&str> = notify.on.iter().map(|occasion| occasion.name()).collect();
    let value = |path: &Path| toml::Value::from(path.to_string_lossy().into_owned());
    let to = match &notify.to {
        Recipient::Command { program, args } => {
            let words = [value(program)].into_iter().chain(args.iter().cloned().map(toml::Value::from));
            format!("command = {}", toml::Value::from(words.collect::<Vec<_>>()))
        }
        Recipient::Webhook { url, secret } => {
            format!("url = {}\nsecret_file = {}", toml::Value::from(url.clone()), value(secret))
        }
    };
    format!("[[notify]]\non = {}\n{to}\n", toml::Value::from(on))
}

/// What the ledger calls the repository, where one was begun here.
fn known_id(folder: &Path) -> Option<String> {
    match Ledger::open(&folder.join(ledger::FOLDER)).read(&[]).ok()?.find(1).ok()??.record.event {
        Event::Opened(opened) => opened.repository,
        _ => None,
    }
}

/// Random bytes, in hex.
fn random(count: usize) -> Result<String> {
    let mut bytes = vec![0; count];
    fs_err::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex(&bytes))
}

pub(super) fn shown(path: &Path) -> String {
    escape::quote_path(path.as_os_str().as_encoded_bytes())
}

fn shown_ref(name: &[u8]) -> String {
    escape::quote_path(name)
}
