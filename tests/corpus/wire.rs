//! A hostile client: it speaks the push protocol to `git receive-pack` itself and checks nothing, so any ref name and
//! any old value can be sent.

use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::Stdio;

use super::build::{Built, Update};
use super::{Context, Fallible, process, server};

/// What the client heard.
pub(crate) struct Answer {
    /// `unpack`, `ok` and `ng` lines.
    pub(crate) report: Vec<String>,
    /// What the server side printed for people.
    pub(crate) stderr: String,
}

/// The pack that an honest client would send for these updates; `None` when nothing but deletions is pushed.
pub(crate) fn pack_for(built: &Built) -> Fallible<Option<Vec<u8>>> {
    let zero = built.format.zero();
    if built.updates.iter().all(|update| update.new == zero) {
        return Ok(None);
    }
    // A grafted parent, as a shallow client has: the store forgets the parents for the time of the packing.
    let graft = built.store.join("shallow");
    if !built.shallow.is_empty() {
        fs_err::write(&graft, built.shallow.join("\n") + "\n").map_err(|error| error.to_string())?;
    }
    let known = process::must(
        &mut process::git(&built.store, &["cat-file", "--batch-check=%(objectname)"]),
        lines(built.updates.iter().map(|update| update.new.as_str())).as_bytes(),
    )?;
    let known = String::from_utf8_lossy(&known).into_owned();
    let mut revisions = lines(known.lines().filter(|line| !line.ends_with("missing")));
    revisions.push_str(&lines(built.refs.iter().map(|(_, oid)| format!("^{oid}"))));
    let pack = server::pack(&built.store, revisions.as_bytes());
    if !built.shallow.is_empty() {
        fs_err::remove_file(&graft).map_err(|error| error.to_string())?;
    }
    pack.map(Some)
}

fn lines(items: impl Iterator<Item = impl AsRef<str>>) -> String {
    items.map(|item| format!("{}\n", item.as_ref())).collect()
}

/// Pushes: commands first, then the pack, then the server's report is read.
pub(crate) fn push(url: &Path, built: &Built, pack: Option<&[u8]>) -> Fallible<Answer> {
    push_as(url, built, pack, &[])
}

/// As [`push`], where the server's environment says more.
pub(crate) fn push_as(
    url: &Path,
    built: &Built,
    pack: Option<&[u8]>,
    environment: &[(&str, &str)],
) -> Fallible<Answer> {
    let mut command = process::command("git");
    command.envs(environment.iter().copied());
    command.arg("receive-pack").arg(url).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context(|| "cannot start git receive-pack".into())?;
    let (Some(mut stdin), Some(stdout), Some(mut stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err("git receive-pack has no pipes".into());
    };
    let mut request = commands(&built.updates, &built.shallow, built.format.name());
    request.extend_from_slice(pack.unwrap_or_default());
    let (report, stderr) = std::thread::scope(|scope| {
        let said = scope.spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let mut stdout = BufReader::new(stdout);
        let advertised = read_packets(&mut stdout);
        scope.spawn(move || {
            // A server that hangs up says why on its standard error; the broken pipe says less.
            let _ = stdin.write_all(&request);
            drop(stdin);
        });
        let report = advertised.and_then(|_| read_packets(&mut stdout));
        (report, said.join().unwrap_or_default())
    });
    child.wait().map_err(|error| error.to_string())?;
    let report = report.context(|| format!("git receive-pack hung up; it said: {stderr}"))?;
    let report = report.iter().map(|line| String::from_utf8_lossy(line).trim_end().to_owned()).collect();
    Ok(Answer { report, stderr })
}

fn commands(updates: &[Update], shallow: &[String], format: &str) -> Vec<u8> {
    let mut request = Vec::new();
    for oid in shallow {
        packet(&mut request, format!("shallow {oid}").as_bytes());
    }
    for (index, update) in updates.iter().enumerate() {
        let mut line = update.line();
        line.pop();
        if index == 0 {
            line.extend_from_slice(format!("\0report-status object-format={format}").as_bytes());
        }
        packet(&mut request, &line);
    }
    request.extend_from_slice(b"0000");
    request
}

fn packet(out: &mut Vec<u8>, payload: &[u8]) {
    out.extend_from_slice(format!("{:04x}", payload.len() + 4).as_bytes());
    out.extend_from_slice(payload);
}

/// The packets up to the next flush.
fn read_packets(from: &mut impl Read) -> Fallible<Vec<Vec<u8>>> {
    let mut packets = Vec::new();
    loop {
        let mut header = [0; 4];
        from.read_exact(&mut header).context(|| "cut short".into())?;
        let text = std::str::from_utf8(&header).map_err(|error| error.to_string())?;
        let length = usize::from_str_radix(text, 16).context(|| format!("no packet length: {text}"))?;
        let Some(length) = length.checked_sub(4) else { return Ok(packets) };
        let mut payload = vec![0; length];
        from.read_exact(&mut payload).context(|| "cut short".into())?;
        packets.push(payload);
    }
}
