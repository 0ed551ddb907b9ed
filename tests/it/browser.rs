//! A real browser without a window: Chromium, driven through the two pipes of its own protocol, one JSON text with a zero
//! byte behind it each way.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::corpus::process;
use crate::servers::program;

/// How long one answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A browser that shows one page. Its profile goes with it.
pub(crate) struct Browser {
    child: Child,
    input: Option<ChildStdin>,
    answers: Receiver<Value>,
    session: Option<String>,
    sent: u64,
    /// What the page did since it was opened: requests, what the console was told, what failed.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let chromium = program("chromium", "chromium");
        // The browser reads from descriptor 3 and writes to descriptor 4.
        let mut command = process::command("sh");
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1", "sh"]).arg(chromium).args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-extensions",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--remote-debugging-pipe",
        ]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).env("HOME", profile.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for text in BufReader::new(output).split(0) {
                let answer = text.ok().and_then(|text| serde_json::from_slice(&text).ok());
                if answer.is_none_or(|answer| sender.send(answer).is_err()) {
                    return;
                }
            }
        });
        let (sent, events) = (0, Vec::new());
        let mut browser = Self { child, input, answers, session: None, sent, events, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach)["sessionId"].as_str().unwrap().to_owned();
        browser.session = Some(session);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// One command of the protocol; its result.
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{message}\0").as_bytes()).expect("chromium reads what it is told");
        loop {
            let answer = self.receive();
            if answer["id"] == self.sent {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    fn receive(&mut self) -> Value {
        self.answers.recv_timeout(PATIENCE).expect("chromium answers; has it room and memory to run?")
    }

    /// Opens a file as a person does, at this width, and waits until all of it is there.
    pub(crate) fn open(&mut self, page: &Path, width: u32, dark: bool) {
        let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.look("screen", dark);
        self.events.clear();
        self.call("Page.navigate", json!({ "url": format!("file://{}", page.display()) }));
        let until = Instant::now() + PATIENCE;
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            assert!(Instant::now() < until, "the page never is there");
            let event = self.receive();
            self.events.push(event);
        }
    }

    /// Shows the page on another medium.
    pub(crate) fn look(&mut self, medium: &str, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let feature = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "media": medium, "features": feature }));
    }

    /// What an expression is worth in the page.
    pub(crate) fn ask(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", params);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Presses a key as a person does.
    pub(crate) fn press(&mut self, key: &str, code: u32, text: &str) {
        for kind in ["keyDown", "keyUp"] {
            let mut params = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                params["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", params);
        }
    }

    /// That the page asked for nothing but itself, and that nothing went wrong in it.
    pub(crate) fn is_quiet(&mut self) {
        // An answer to this comes after all that was told before.
        self.ask("new Promise(done => setTimeout(done, 50))");
        let asked = self.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        let asked: Vec<_> = asked.map(|event| event["params"]["request"]["url"].to_string()).collect();
        assert!(asked.len() == 1 && asked[0].starts_with("\"file:///"), "{asked:?}");
        let loud = ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded", "Inspector.targetCrashed"];
        let loud: Vec<_> =
            self.events.iter().filter(|event| loud.iter().any(|method| event["method"] == *method)).collect();
        assert!(loud.is_empty(), "{loud:?}");
    }

    /// Keeps a picture of the whole page, for people to look at.
    pub(crate) fn picture(&mut self, name: &str) -> PathBuf {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true }));
        let bytes = base64::engine::general_purpose::STANDARD.decode(shot["data"].as_str().unwrap()).unwrap();
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 10_000, "{} bytes", bytes.len());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("artifacts");
        fs_err::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs_err::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends when nobody speaks to it any more.
        drop(self.input.take());
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
