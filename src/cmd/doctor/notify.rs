//! Whether those whom a server tells of pushes can be told.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{Complaint, shown, word};
use crate::cmd::notify::place::Failures;
use crate::cmd::notify::post::{CURL, key, starts};
use crate::policy::server::{Recipient, Server};

/// What the file's group and all others must not read.
const OTHERS: u32 = 0o077;

/// What keeps somebody from being told, and what got through to nobody.
pub(super) fn examine(gate: &Path, server: &Server) -> Vec<Complaint> {
    let mut found: Vec<Complaint> = server.notify.iter().filter_map(|one| recipient(&one.to)).collect();
    if server.notify.iter().any(|one| matches!(one.to, Recipient::Webhook { .. })) && !starts() {
        let what = "no webhook is posted to: curl is not on the PATH";
        found.push(Complaint::advice("notify-no-curl", what, format!("install {CURL}")));
    }
    let failures = Failures::of(gate);
    if let Some((count, last)) = failures.last() {
        let lines = if count == 1 { "1 time".to_owned() } else { format!("{count} times") };
        let what = format!("somebody was not told of something, {lines}, last: {last}");
        let mend = format!(
            "mend what {0} names, have it told by refgate notify --from NUMBER, and rm -f {0} {0}.1",
            word(failures.path())
        );
        found.push(Complaint::advice("notify-failed", what, mend));
    }
    found
}

fn recipient(to: &Recipient) -> Option<Complaint> {
    match to {
        Recipient::Command { program, .. } => {
            let is_program = |meta: &std::fs::Metadata| meta.is_file() && meta.permissions().mode() & 0o111 != 0;
            let what = format!("{} is to be told of pushes, and is no program", shown(program));
            let mend = format!("chmod +x {}, or mend [[notify]] in server.toml", word(program));
            (!fs_err::metadata(program).is_ok_and(|meta| is_program(&meta)))
                .then(|| Complaint::advice("notify-no-program", what, mend))
        }
        Recipient::Webhook { secret, .. } => {
            if let Err(why) = key(secret) {
                let mend = format!(
                    "write it: (umask 077; printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\" > {})",
                    word(secret)
                );
                return Some(Complaint::advice("notify-no-secret", format!("no webhook is signed: {why}"), mend));
            }
            let mode = fs_err::metadata(secret).ok()?.permissions().mode();
            let what = format!("others can read {}, and so sign what this server did not say", shown(secret));
            (mode & OTHERS != 0)
                .then(|| Complaint::problem("notify-secret-open", what, format!("chmod go= {}", word(secret))))
        }
    }
}

/// The programs that are started and the secrets that are signed with: whoever can write these is told, or does, what the
/// server's account could.
pub(super) fn files(server: &Server) -> Vec<PathBuf> {
    let file = |to: &Recipient| match to {
        Recipient::Command { program, .. } => program.clone(),
        Recipient::Webhook { secret, .. } => secret.clone(),
    };
    server.notify.iter().map(|one| file(&one.to)).collect()
}
