//! A client that signs pushes by hand: it can sign anything, and send something else.

use std::io::{BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::Stdio;

use crate::corpus::{process, server};
use crate::support::Said;

/// How the client reaches the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// One process of the server, as over SSH.
    Session,
    /// Two, the second more than a second later, as over HTTP.
    Requests,
}

pub(super) struct Client {
    pub(super) server: PathBuf,
    /// Where the objects come from.
    pub(super) store: PathBuf,
    pub(super) key: PathBuf,
}

/// What is to be signed, for a nonce.
type Write<'a> = &'a dyn Fn(&str) -> String;

impl Client {
    /// Pushes with a certificate; `beside` holds commands that nobody signed, `options` what is sent as push options.
    pub(super) fn push(&self, mode: Mode, write: Write<'_>, beside: &str, options: &[&str]) -> Said {
        self.send(mode, write, &|text| text.to_owned(), beside, options)
    }

    /// Pushes with a certificate that is changed after it was signed.
    pub(super) fn push_altered(&self, write: Write<'_>, alter: &dyn Fn(&str) -> String) -> Said {
        self.send(Mode::Session, write, alter, "", &[])
    }

    fn send(
        &self,
        mode: Mode,
        write: Write<'_>,
        alter: &dyn Fn(&str) -> String,
        beside: &str,
        options: &[&str],
    ) -> Said {
        let request = |nonce: &str| {
            let payload = write(nonce);
            let text = alter(&format!("{payload}{}", super::armor(&self.key, &payload)));
            self.request(&text, &payload, beside, options)
        };
        match mode {
            Mode::Session => self.session(&request),
            Mode::Requests => {
                let advertised =
                    process::must(&mut self.receive_pack(&["--stateless-rpc", "--advertise-refs"]), b"").unwrap();
                std::thread::sleep(std::time::Duration::from_millis(1_100));
                let request = request(&nonce(&mut &advertised[..]));
                let mut command = self.receive_pack(&["--stateless-rpc"]);
                heard(Said::new(process::run(&mut command, &request).unwrap()))
            }
        }
    }

    fn receive_pack(&self, args: &[&str]) -> std::process::Command {
        let mut command = process::command("git");
        command.args(["-c", "receive.advertisePushOptions=true", "receive-pack"]).args(args).arg(&self.server);
        command
    }

    fn session(&self, request: &dyn Fn(&str) -> Vec<u8>) -> Said {
        let mut command = self.receive_pack(&[]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let request = request(&nonce(&mut stdout));
        // A server that hangs up says why on its standard error.
        let _ = stdin.write_all(&request);
        drop(stdin);
        let mut report = String::new();
        stdout.read_to_string(&mut report).unwrap();
        let mut said = Said::new(child.wait_with_output().unwrap());
        said.stdout = report;
        heard(said)
    }

    fn request(&self, certificate: &str, payload: &str, beside: &str, options: &[&str]) -> Vec<u8> {
        let mut request = Vec::new();
        let capabilities = "report-status push-options object-format=sha1";
        packet(&mut request, format!("push-cert\0{capabilities}").as_bytes());
        for line in certificate.split_inclusive('\n') {
            packet(&mut request, line.as_bytes());
        }
        packet(&mut request, b"push-cert-end\n");
        for line in beside.lines() {
            packet(&mut request, line.as_bytes());
        }
        request.extend_from_slice(b"0000");
        for option in options {
            packet(&mut request, option.as_bytes());
        }
        request.extend_from_slice(b"0000");
        let (_, commands) = payload.split_once("\n\n").unwrap();
        let tips: String = commands.lines().map(|line| format!("{}\n", line.split(' ').nth(1).unwrap())).collect();
        request.extend_from_slice(&server::pack(&self.store, tips.as_bytes()).unwrap());
        request
    }
}

/// Whether the push was accepted, by Git's report.
fn heard(mut said: Said) -> Said {
    said.ok =
        said.stdout.contains("unpack ok") && !said.stdout.contains("ng refs/") && said.stdout.contains("ok refs/");
    said
}

/// The nonce of an advertisement, which is read to its end.
fn nonce(from: &mut impl std::io::Read) -> String {
    let mut found = String::new();
    loop {
        let mut header = [0; 4];
        from.read_exact(&mut header).unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&header).unwrap(), 16).unwrap();
        let Some(length) = length.checked_sub(4) else { return found };
        let mut line = vec![0; length];
        from.read_exact(&mut line).unwrap();
        let line = String::from_utf8_lossy(&line).into_owned();
        if let Some((_, nonce)) = line.split_once("push-cert=") {
            found = nonce.split([' ', '\n']).next().unwrap().to_owned();
        }
    }
}

fn packet(out: &mut Vec<u8>, payload: &[u8]) {
    out.extend_from_slice(format!("{:04x}", payload.len() + 4).as_bytes());
    out.extend_from_slice(payload);
}
