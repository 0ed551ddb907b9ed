//! One attempt to tell one recipient of one event. What a pusher chose is in the body alone: never in an argument, a
//! variable or a header. Webhooks are signed as Standard Webhooks says (https://www.standardwebhooks.com) and posted by
//! curl, which is told everything, the signature too, on its standard input: others on the machine see arguments.

use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::event::Event;
use super::process;
use crate::escape;
use crate::policy::server::Recipient;

/// How long an attempt may take.
const ATTEMPT: Duration = Duration::from_secs(30);
/// The same for a post; curl then says what it waited for.
const POST: &str = "20";
/// A secret's length in bytes, by Standard Webhooks.
const SECRET: std::ops::RangeInclusive<usize> = 24..=64;
/// More of a secret's file is not read.
const MOST_SECRET: u64 = 4096;
/// More of what a program said is not read.
const MOST_SAID: u64 = 1024;
/// The program that posts.
pub(in crate::cmd) const CURL: &str = "curl";

/// Whether that program can be started.
pub(in crate::cmd) fn starts() -> bool {
    run(process(Path::new(CURL)).arg("--version"), b"", ATTEMPT).is_ok_and(|ended| ended.status.success())
}

/// Why something could not be delivered, for the log.
type Attempt<T = ()> = Result<T, String>;

/// Tells of an event, once.
pub(super) fn deliver(to: &Recipient, event: &Event, now: jiff::Timestamp) -> Attempt {
    match to {
        Recipient::Command { program, args } => {
            let Ended { status, said, .. } = run(process(program).args(args), event.body.as_bytes(), ATTEMPT)?;
            if status.success() { Ok(()) } else { Err(format!("it ended with {status}; {said}")) }
        }
        Recipient::Webhook { url, secret } => {
            let config = config(url, event, &key(secret)?, now)?;
            // The first argument keeps curl from reading a file of the account's.
            let mut curl = process(Path::new(CURL));
            let Ended { status, out, said } =
                run(curl.args(["--disable", "--config", "-"]), config.as_bytes(), ATTEMPT)?;
            match out.as_str() {
                _ if !status.success() => Err(format!("curl ended with {status}; {said}")),
                code if code.len() == 3 && code.starts_with('2') => Ok(()),
                code => Err(format!("it answered {code}")),
            }
        }
    }
}

/// The secret that posts are signed with.
pub(in crate::cmd) fn key(path: &Path) -> Attempt<Vec<u8>> {
    let shown = escape::quote_path(path.as_os_str().as_encoded_bytes());
    let unread = |error: std::io::Error| format!("the secret cannot be read: {error}");
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| format!("the secret {shown} cannot be opened: {error}"))?;
    file.take(MOST_SECRET).read_to_string(&mut text).map_err(unread)?;
    let text = text.trim();
    let key = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok();
    key.filter(|key| SECRET.contains(&key.len())).ok_or_else(|| {
        format!("the file {shown} holds no secret: write whsec_ and 24 to 64 random bytes in base64, by openssl rand -base64 32")
    })
}

/// What curl is told: one option a line.
fn config(url: &str, event: &Event, key: &[u8], now: jiff::Timestamp) -> Attempt<String> {
    let Event { id, body } = event;
    let time = now.as_second();
    let signature = signature(key, id, time, body)?;
    let protocol = url.split(':').next().unwrap_or_default();
    let headers = [
        "content-type: application/json".to_owned(),
        // Without it curl waits for a server to say that it may go on.
        "expect:".to_owned(),
        format!("user-agent: refgate/{}", env!("CARGO_PKG_VERSION")),
        format!("webhook-id: {id}"),
        format!("webhook-timestamp: {time}"),
        format!("webhook-signature: {signature}"),
    ];
    let mut text = String::from("silent\nshow-error\ngloboff\noutput = \"/dev/null\"\nwrite-out = \"%{http_code}\"\n");
    let mut option = |name: &str, value: &str| text.extend([name, " = \"", &quoted(value), "\"\n"]);
    option("proto", &format!("={protocol}"));
    option("max-time", POST);
    headers.iter().for_each(|header| option("header", header));
    option("data-binary", body);
    option("url", url);
    Ok(text)
}

/// `v1,` and HMAC-SHA256 over `<id>.<time>.<body>`, in base64.
fn signature(key: &[u8], id: &str, time: i64, body: &str) -> Attempt<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|error| error.to_string())?;
    mac.update(format!("{id}.{time}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

/// A value between quotes in curl's configuration: curl(1), --config.
pub(super) fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len() + 64);
    for character in value.chars() {
        match character {
            '\\' => quoted.push_str(r"\\"),
            '"' => quoted.push_str("\\\""),
            '\n' => quoted.push_str(r"\n"),
            '\r' => quoted.push_str(r"\r"),
            '\t' => quoted.push_str(r"\t"),
            '\u{b}' => quoted.push_str(r"\v"),
            other => quoted.push(other),
        }
    }
    quoted
}

/// A program that ended, and the beginning of what it said.
#[derive(Debug)]
struct Ended {
    status: ExitStatus,
    out: String,
    said: String,
}

/// Runs a program in a group of its own, and ends the group when the time is up. Files stand where pipes would: whoever
/// does not read, or keeps them open, holds nothing up.
fn run(command: &mut Command, input: &[u8], limit: Duration) -> Attempt<Ended> {
    let failed = |error: std::io::Error| format!("no temporary file can be made: {error}");
    let file = || tempfile::tempfile().map_err(failed);
    let (mut stdin, mut stdout, mut stderr) = (file()?, file()?, file()?);
    stdin.write_all(input).and_then(|()| stdin.rewind()).map_err(failed)?;
    let same = |file: &std::fs::File| file.try_clone().map(Stdio::from).map_err(failed);
    command.stdin(stdin).stdout(same(&stdout)?).stderr(same(&stderr)?).process_group(0);
    let mut child = command.spawn().map_err(|error| {
        format!("{} cannot be started: {error}", escape::quote_path(command.get_program().as_encoded_bytes()))
    })?;
    let (begun, mut pause) = (Instant::now(), Duration::from_millis(2));
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < limit => std::thread::sleep(pause),
            ended => {
                let group = rustix::process::Pid::from_child(&child);
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                let _ = child.wait();
                let late = || format!("it did not end within {} seconds", limit.as_secs());
                return Err(ended.map_or_else(|error| error.to_string(), |_| late()));
            }
        }
        pause = (pause * 2).min(Duration::from_millis(100));
    };
    Ok(Ended { status, out: beginning(&mut stdout), said: beginning(&mut stderr) })
}

fn beginning(file: &mut std::fs::File) -> String {
    let mut bytes = Vec::new();
    let read = file.rewind().and_then(|()| file.take(MOST_SAID).read_to_end(&mut bytes));
    read.map(|_| escape::one_line(&String::from_utf8_lossy(&bytes))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(body: &str) -> Event {
        Event { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".into(), body: body.into() }
    }

    #[test]
    fn a_signature_is_the_one_of_standard_webhooks() {
        // The example of the published libraries' own tests.
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let event = event("{\"test\": 2432232314}");
        let found = signature(&key, &event.id, 1_614_265_330, &event.body).unwrap();
        assert_eq!(found, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_long_enough_and_in_base64() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let key = |text: &str| {
            fs_err::write(&path, text).unwrap();
            super::key(&path)
        };
        let text = STANDARD.encode([7; 32]);
        assert_eq!(key(&format!("whsec_{text}\n")).unwrap(), [7; 32]);
        assert_eq!(key(&text).unwrap(), [7; 32]);
        for wrong in ["", "whsec_", "secret", &STANDARD.encode([7; 23]), &STANDARD.encode([7; 65]), "a b"] {
            let error = key(wrong).unwrap_err();
            assert!(error.contains("holds no secret") && (wrong.len() < 20 || !error.contains(wrong)), "{error}");
        }
        assert!(super::key(&folder.path().join("none")).unwrap_err().contains("cannot be opened"));
    }

    #[test]
    fn curl_is_told_one_option_a_line_whatever_the_body_holds() {
        let body = "{\"ref\":\"refs/heads/\\\"\\nurl = x\\\\\"}\n";
        let text = config("https://x.example/a?b", &event(body), &[1; 32], jiff::Timestamp::UNIX_EPOCH).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines.iter().filter(|line| line.starts_with("url")).collect::<Vec<_>>(),
            [&"url = \"https://x.example/a?b\""]
        );
        let data: Vec<&&str> = lines.iter().filter(|line| line.starts_with("data-binary")).collect();
        assert_eq!(data, [&r#"data-binary = "{\"ref\":\"refs/heads/\\\"\\nurl = x\\\\\"}\n""#]);
        assert!(lines.contains(&"proto = \"=https\""), "{text}");
        assert_eq!(lines.len(), 5 + 2 + 6 + 2);
    }

    #[test]
    fn a_program_is_given_the_event_and_ended_when_its_time_is_up_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let sh = |script: &str, limit| {
            let mut command = process(Path::new("/bin/sh"));
            run(command.current_dir(folder.path()).args(["-c", script]), b"event\n", limit)
        };
        let second = Duration::from_secs(1);
        assert_eq!(sh("cat", 30 * second).unwrap().out.trim(), "event");
        let ended = sh("echo why >&2; exit 3", 30 * second).unwrap();
        assert_eq!((ended.status.code(), ended.said.trim()), (Some(3), "why"));
        let begun = Instant::now();
        let late = sh("(sleep 3; echo late > outlived) & sleep 60", second).unwrap_err();
        assert!(late.contains("within 1 seconds") && begun.elapsed() < 20 * second, "{late}");
        std::thread::sleep(3 * second);
        assert!(!folder.path().join("outlived").exists());
        // What it leaves behind keeps nobody.
        let begun = Instant::now();
        sh("sleep 20 & exit 0", 30 * second).unwrap();
        assert!(begun.elapsed() < 10 * second);
    }

    #[test]
    fn a_program_sees_no_word_of_a_hooks() {
        let mut command = process(Path::new("/usr/bin/env"));
        let out = run(&mut command, b"", ATTEMPT).unwrap().out;
        assert!(out.contains("PATH=") && !out.contains("CARGO"), "{out}");
    }
}
