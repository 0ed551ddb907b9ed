//! `[[notify]]` in `refgate/server.toml`: whom the server tells, and of what. A policy that is pushed has no word here, for
//! this names programs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use toml::Spanned;

use crate::error::Result;
use crate::policy::hex;
use crate::policy::parse::Place;

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Of what.
    pub on: BTreeSet<Occasion>,
    /// By what.
    pub to: Recipient,
}

/// What somebody is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Occasion {
    /// A protected branch took something in.
    Promotion,
    /// A push was not let in.
    Refusal,
    /// An override let something in.
    Override,
    /// A protected branch went back to what stood there before.
    Rollback,
}

impl Occasion {
    /// The word used in the file and in every event.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Promotion => "promotion",
            Self::Refusal => "refusal",
            Self::Override => "override",
            Self::Rollback => "rollback",
        }
    }
}

/// How somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// A program, by its absolute path, and its arguments; the event is its standard input.
    Command {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        args: Vec<String>,
    },
    /// An address that the event is posted to.
    Webhook {
        /// The address.
        url: String,
        /// The file that holds the secret which posts are signed with.
        secret: PathBuf,
    },
}

/// More would only make pushes slower: each has a file that is looked for.
const MOST: usize = 16;

/// The hosts to which nothing leaves the machine.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

impl Recipient {
    /// What its folder is called: another recipient, another name.
    pub fn id(&self) -> String {
        let mut digest = Sha256::new();
        let mut part = |bytes: &[u8]| {
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        match self {
            Self::Command { program, args } => {
                part(b"command");
                part(program.as_os_str().as_encoded_bytes());
                args.iter().for_each(|arg| part(arg.as_bytes()));
            }
            Self::Webhook { url, .. } => {
                part(b"url");
                part(url.as_bytes());
            }
        }
        hex(digest.finalize().get(..8).unwrap_or_default())
    }

    /// What people know it by: a path and a query may hold what nobody should read.
    pub fn label(&self) -> String {
        match self {
            Self::Command { program, .. } => crate::escape::quote_path(program.as_os_str().as_encoded_bytes()),
            Self::Webhook { url, .. } => {
                origin(url).map_or_else(String::new, |(scheme, host)| format!("{scheme}://{host}"))
            }
        }
    }
}

/// Scheme and authority of an address.
fn origin(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
    Some((scheme, host))
}

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    on: Spanned<Vec<Occasion>>,
    command: Option<Spanned<Vec<String>>>,
    url: Option<Spanned<String>>,
    secret_file: Option<Spanned<PathBuf>>,
}

/// Reads all tables.
pub(super) fn read(tables: Vec<Spanned<Raw>>, place: &Place<'_>) -> Result<Vec<Notify>> {
    let mut all: Vec<Notify> = Vec::new();
    for table in tables {
        let span = table.span();
        let wrong = |message: &str| place.error(Some(span.clone()), message);
        let Raw { on, command, url, secret_file } = table.into_inner();
        if on.get_ref().is_empty() {
            return Err(place.error(Some(on.span()), "say of what: `promotion`, `refusal`, `override`, `rollback`"));
        }
        let to = match (command, url, secret_file) {
            (Some(command), None, None) => self::command(&command, place)?,
            (None, Some(url), Some(secret)) => webhook(&url, &secret, place)?,
            (None, Some(_), None) => {
                return Err(wrong("a webhook is signed: name the file of its secret, secret_file = \"/...\""));
            }
            _ => return Err(wrong("write `command`, or `url` and `secret_file`")),
        };
        if all.iter().any(|other| other.to.id() == to.id()) {
            return Err(wrong("another [[notify]] has the same recipient: write what both are told of into one `on`"));
        }
        all.push(Notify { on: on.into_inner().into_iter().collect(), to });
        if all.len() > MOST {
            return Err(wrong(&format!("more than {MOST} recipients; a command can tell any number of people")));
        }
    }
    Ok(all)
}

fn command(command: &Spanned<Vec<String>>, place: &Place<'_>) -> Result<Recipient> {
    let wrong = |message: &str| place.error(Some(command.span()), message);
    let [program, args @ ..] = command.get_ref().as_slice() else { return Err(wrong("name a program")) };
    if !Path::new(program).is_absolute() {
        return Err(wrong("write the program's absolute path, and each argument by itself: no shell reads this"));
    }
    if command.get_ref().iter().any(|word| word.contains('\0')) {
        return Err(wrong("no word of a command holds a zero byte"));
    }
    Ok(Recipient::Command { program: program.into(), args: args.to_vec() })
}

fn webhook(url: &Spanned<String>, secret: &Spanned<PathBuf>, place: &Place<'_>) -> Result<Recipient> {
    let wrong = |message: &str| place.error(Some(url.span()), message);
    let text = url.get_ref();
    let Some((scheme, host)) = origin(text).filter(|_| text.bytes().all(|byte| byte.is_ascii_graphic())) else {
        return Err(wrong("write an address, like `https://example.com/hook`"));
    };
    if host.contains('@') {
        return Err(wrong("a name and a password have no place in an address: whoever is told holds the secret"));
    }
    let is_port =
        |rest: &str| rest.is_empty() || rest.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let is_local = LOOPBACK.iter().any(|local| host.strip_prefix(local).is_some_and(is_port));
    if scheme != "https" && !(scheme == "http" && is_local) {
        return Err(wrong("write an address that begins with https://; http:// is for this machine alone"));
    }
    if !secret.get_ref().is_absolute() {
        return Err(place.error(Some(secret.span()), "write the absolute path of the secret's file"));
    }
    Ok(Recipient::Webhook { url: text.clone(), secret: secret.get_ref().clone() })
}

#[cfg(test)]
mod tests {
    use super::super::{Server, parse_server};
    use super::*;

    const HEAD: &str = "version = 1\ntrusted_ref = \"refs/heads/main\"\nrepository_id = \"1\"\n";

    fn server(text: &str) -> Result<Server> {
        parse_server(&format!("{HEAD}{text}"), "server.toml", &[])
    }

    #[test]
    fn commands_and_webhooks_are_read() {
        let text = "[[notify]]\non = [\"promotion\", \"rollback\"]\ncommand = [\"/bin/tell\", \"a b\", \"\"]\n\
                    [[notify]]\non = [\"refusal\", \"override\"]\nurl = \"https://example.com:8443/x?y\"\nsecret_file = \"/s\"\n\
                    [[notify]]\non = [\"refusal\"]\nurl = \"http://127.0.0.1:80/\"\nsecret_file = \"/s\"\n";
        let all = server(text).unwrap().notify;
        let (program, args) = ("/bin/tell".into(), vec!["a b".to_owned(), String::new()]);
        assert_eq!(all[0].to, Recipient::Command { program, args });
        assert_eq!(all[0].on, [Occasion::Promotion, Occasion::Rollback].into());
        assert_eq!(all[1].to.label(), "https://example.com:8443");
        assert_eq!(all[2].to.label(), "http://127.0.0.1:80");
        let ids: BTreeSet<String> = all.iter().map(|one| one.to.id()).collect();
        assert!(ids.len() == 3 && ids.iter().all(|id| id.len() == 16), "{ids:?}");
    }

    #[test]
    fn what_is_not_meant_so_is_an_error_with_its_place() {
        for (table, about) in [
            ("command = [\"/x\"]", "missing field `on`"),
            ("on = []\ncommand = [\"/x\"]", "say of what"),
            ("on = [\"push\"]\ncommand = [\"/x\"]", "unknown variant"),
            ("on = [\"refusal\"]", "write `command`, or `url`"),
            ("on = [\"refusal\"]\ncommand = []", "name a program"),
            ("on = [\"refusal\"]\ncommand = [\"tell\"]", "absolute path"),
            ("on = [\"refusal\"]\ncommand = \"/x\"", "invalid type"),
            ("on = [\"refusal\"]\ncommand = [\"/x\", \"\\u0000\"]", "zero byte"),
            (
                "on = [\"refusal\"]\ncommand = [\"/x\"]\nurl = \"https://x\"\nsecret_file = \"/s\"",
                "write `command`, or",
            ),
            ("on = [\"refusal\"]\ncommand = [\"/x\"]\nsecret_file = \"/s\"", "write `command`, or"),
            ("on = [\"refusal\"]\nurl = \"https://x\"", "a webhook is signed"),
            ("on = [\"refusal\"]\nurl = \"https://x\"\nsecret_file = \"s\"", "absolute path of the secret"),
            ("on = [\"refusal\"]\nurl = \"https://x\"\nsecret = \"s\"", "unknown field `secret`"),
            ("on = [\"refusal\"]\nurl = \"https:///x\"\nsecret_file = \"/s\"", "write an address"),
            ("on = [\"refusal\"]\nurl = \"https://x/\\\"\\n\"\nsecret_file = \"/s\"", "write an address"),
            ("on = [\"refusal\"]\nurl = \"https://a:b@x\"\nsecret_file = \"/s\"", "no place in an address"),
            ("on = [\"refusal\"]\nurl = \"http://example.com\"\nsecret_file = \"/s\"", "begins with https://"),
            (
                "on = [\"refusal\"]\nurl = \"http://127.0.0.1.example.com\"\nsecret_file = \"/s\"",
                "begins with https://",
            ),
            ("on = [\"refusal\"]\nurl = \"http://localhost:x\"\nsecret_file = \"/s\"", "begins with https://"),
            ("on = [\"refusal\"]\nurl = \"file:///etc/passwd\"\nsecret_file = \"/s\"", "write an address"),
        ] {
            let error = server(&format!("[[notify]]\n{table}\n")).unwrap_err().message;
            assert!(error.starts_with("server.toml:") && error.contains(about), "{table}: {error}");
        }
        let same = "[[notify]]\non = [\"refusal\"]\ncommand = [\"/x\"]\n";
        assert!(server(&same.repeat(2)).unwrap_err().message.contains("the same recipient"));
        let many: String = (0..=MOST).map(|number| same.replace("/x", &format!("/{number}"))).collect();
        assert!(server(&many).unwrap_err().message.contains("more than 16"));
    }

    #[test]
    fn a_policy_that_is_pushed_names_nobody() {
        let known = crate::policy::parse::Known { rules: &[], trunk: "refs/heads/main".into() };
        let text = "version = 1\n[[notify]]\non = [\"refusal\"]\ncommand = [\"/x\"]\n";
        let error = crate::policy::parse::parse(text, "refgate.toml", known).unwrap_err();
        assert!(error.message.contains("unknown field `notify`"), "{error}");
    }
}
