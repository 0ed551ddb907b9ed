//! Plays a case against a hook: builds the two ends, pushes for real, and says what happened.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::build::{self, Built};
use super::case::Case;
use super::server::Server;
use super::{Fallible, process, wire};

/// Makes a server ready for a hook that needs more than its own file: given the Git directory and the policy file.
pub(crate) type Prepare<'a> = dyn Fn(&Path, Option<&Path>, &Case) -> Fallible<()> + Sync + 'a;

/// How the hook came to its input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// Through `git receive-pack`, after a real push.
    Pushed,
    /// Git stopped the push before the hook, or the case is raw input, so the lines were fed to the hook directly.
    FedDirectly,
}

/// What happened when a case was played.
pub(crate) struct Played {
    pub(crate) built: Built,
    pub(crate) route: Route,
    /// The hook's standard output.
    pub(crate) said: String,
    pub(crate) status: i32,
    pub(crate) stderr: String,
    /// Git's own `ng` lines.
    pub(crate) denied: Vec<String>,
    /// For each update, whether the server holds the new value afterwards, and whether it still holds the old one.
    pub(crate) moved: Vec<Moved>,
    /// A second server with the pushed objects and unmoved refs, for a judge in this process.
    pub(crate) copy: Option<PathBuf>,
}

/// Where a ref stands after the push.
pub(crate) struct Moved {
    pub(crate) name: Vec<u8>,
    pub(crate) before: String,
    pub(crate) wanted: String,
    pub(crate) after: String,
}

/// Plays a case in `folder`, which is empty. `with_copy` also prepares the second server.
pub(crate) fn play(case: &Case, folder: &Path, hook: &str, prepare: &Prepare<'_>, with_copy: bool) -> Fallible<Played> {
    let built = build::build(case, &folder.join("store.git"))?;
    let server = Server::create(folder, case.server, &built)?;
    for (path, text) in &case.server_files {
        fs_err::write(server.git_dir.join(path), built.names.fill(text)?).map_err(|error| error.to_string())?;
    }
    let policy = folder.join("policy.toml");
    if let Some(text) = &case.policy {
        fs_err::write(&policy, text).map_err(|error| error.to_string())?;
    }
    prepare(&server.git_dir, case.policy.is_some().then_some(policy.as_path()), case)?;

    let pack = if case.stdin.is_some() { None } else { wire::pack_for(&built)? };
    let copy = if with_copy { Some(server.copy_with_pack(folder, pack.as_deref())?) } else { None };
    let before = server.values(&built.updates)?;
    let guard = server.guard(hook)?;

    let mut played = Played {
        built,
        route: Route::Pushed,
        said: String::new(),
        status: 0,
        stderr: String::new(),
        denied: Vec::new(),
        moved: Vec::new(),
        copy,
    };
    if case.stdin.is_none() {
        let answer = wire::push(&server.url, &played.built, pack.as_deref())?;
        played.denied = answer.report.into_iter().filter(|line| !line.starts_with("ok ")).collect();
        played.denied.retain(|line| line != "unpack ok");
        played.stderr = answer.stderr;
    }
    if let Some((said, status)) = guard.heard() {
        (played.said, played.status) = (said, status);
    } else {
        let input = hook_input(case, &played.built)?;
        let output = feed(hook, &server.git_dir, &input)?;
        played.route = Route::FedDirectly;
        played.status = output.status.code().unwrap_or(-1);
        played.said = String::from_utf8_lossy(&output.stdout).into_owned();
        played.stderr.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    let after = server.values(&played.built.updates)?;
    let moves = played.built.updates.iter().zip(before).zip(after);
    played.moved = moves
        .map(|((update, before), after)| Moved { name: update.name.clone(), before, wanted: update.new.clone(), after })
        .collect();
    Ok(played)
}

/// The lines that Git would feed to the hook, or the case's own.
pub(crate) fn hook_input(case: &Case, built: &Built) -> Fallible<Vec<u8>> {
    match &case.stdin {
        Some(text) => super::spell::decode(&built.names.fill(text)?),
        None => Ok(built.updates.iter().flat_map(build::Update::line).collect()),
    }
}

/// Starts the hook as Git does, without a push around it.
pub(crate) fn feed(hook: &str, git_dir: &Path, input: &[u8]) -> Fallible<Output> {
    let mut command: Command = process::command("/bin/sh");
    command.current_dir(git_dir).env("GIT_DIR", ".").args(["-c", hook]);
    process::run(&mut command, input)
}

/// A word for a shell command line.
pub(crate) fn quoted(word: &Path) -> String {
    format!("'{}'", word.display().to_string().replace('\'', "'\\''"))
}

/// Runs `work` over all items on two threads and returns the results in the items' order.
pub(crate) fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let done = std::sync::Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            // Trees a thousand levels deep are built and dropped recursively.
            let worker = std::thread::Builder::new().stack_size(64 << 20);
            let started = worker.spawn_scoped(scope, || {
                while let Some((index, item)) =
                    Some(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)).and_then(|i| Some((i, items.get(i)?)))
                {
                    let result = work(item);
                    if let Ok(mut done) = done.lock() {
                        done.push((index, result));
                    }
                }
            });
            drop(started);
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    assert_eq!(done.len(), items.len(), "a worker died, and its cases with it");
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}
