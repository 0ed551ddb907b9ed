//! Who pushes, by the one source that the installation names. Everything else that the environment says about identity
//! is ignored: an author, an `ssh` comment or another variable can be chosen by whoever pushes.

use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::escape;

/// Longer names are no names.
const MAX_BYTES: usize = 255;
/// Variables under these names hold what the client sends (git-receive-pack(1), CGI 1.1 in RFC 3875; sshd takes the
/// locale's over from the client as it is commonly installed, and the terminal's always).
const FROM_THE_CLIENT: [&str; 11] = [
    "GIT_",
    "HTTP_",
    "SSH_ORIGINAL_COMMAND",
    "QUERY_STRING",
    "PATH_",
    "REQUEST_",
    "CONTENT_",
    "REMOTE_IDENT",
    "LC_",
    "LANG",
    "TERM",
];

/// The source of the pusher's identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ActorSource {
    /// Nobody says who pushes.
    #[default]
    None,
    /// `REMOTE_USER`: the user that the web server in front of `git http-backend` authenticated.
    RemoteUser,
    /// `GL_USER`: gitolite's.
    Gitolite,
    /// `REFGATE_ACTOR`: set for the key by sshd.
    Ssh,
    /// The push certificate: whoever signed it.
    PushCertificate,
    /// The variable that a forge sets for its hooks.
    Variable(String),
}

impl ActorSource {
    /// The variable that names the pusher.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::None | Self::PushCertificate => None,
            Self::RemoteUser => Some("REMOTE_USER"),
            Self::Gitolite => Some("GL_USER"),
            Self::Ssh => Some("REFGATE_ACTOR"),
            Self::Variable(name) => Some(name),
        }
    }

    /// The pusher, where `value` is what the source says: what the variable holds, or whom the signers name for the push
    /// certificate; `None` when no source is named.
    ///
    /// # Errors
    /// A source is named, and it does not name anybody: then nothing can be decided.
    pub fn actor(&self, value: Option<OsString>) -> Result<Option<String>> {
        let variable = match self {
            Self::None => return Ok(None),
            Self::PushCertificate => "the push certificate",
            named => named.variable().unwrap_or_default(),
        };
        let unknown = |what: &str| {
            Error::undecided(format!("nobody can tell who pushes: {variable} {what}")).help(match self {
                Self::Ssh => {
                    "an administrator names the person beside the key in authorized_keys, environment=\"REFGATE_ACTOR=...\", \
                     and lets sshd take that in: PermitUserEnvironment REFGATE_ACTOR"
                }
                Self::PushCertificate => {
                    "git push --signed (once before: git config gpg.format ssh, git config user.signingKey <your public key>)"
                }
                _ => "push over the way that the server's administrator set up; a path on the server has no user",
            })
        };
        let missing = if *self == Self::PushCertificate { "is missing" } else { "is not set" };
        let value = value.ok_or_else(|| unknown(missing))?;
        let name = value.into_string().map_err(|_| unknown("is not UTF-8"))?;
        match name.as_str() {
            "" => Err(unknown("is empty")),
            long if long.len() > MAX_BYTES => Err(unknown("is too long for a name")),
            odd if odd.trim() != odd || odd.chars().any(escape::is_hidden) => {
                Err(unknown("holds characters that no name has"))
            }
            _ => Ok(Some(name)),
        }
    }
}

impl fmt::Display for ActorSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::RemoteUser => f.write_str("remote-user"),
            Self::Gitolite => f.write_str("gitolite"),
            Self::Ssh => f.write_str("ssh"),
            Self::PushCertificate => f.write_str("push-certificate"),
            Self::Variable(name) => write!(f, "env:{name}"),
        }
    }
}

impl FromStr for ActorSource {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        match text {
            "none" => return Ok(Self::None),
            "remote-user" => return Ok(Self::RemoteUser),
            "gitolite" => return Ok(Self::Gitolite),
            "ssh" => return Ok(Self::Ssh),
            "push-certificate" => return Ok(Self::PushCertificate),
            _ => {}
        }
        let name =
            text.strip_prefix("env:").ok_or("write none, remote-user, gitolite, ssh, push-certificate or env:NAME")?;
        let letters = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        if name.is_empty() || !letters || name.starts_with(|first: char| first.is_ascii_digit()) {
            return Err("a variable's name has capital letters, digits and underscores".into());
        }
        if FROM_THE_CLIENT.iter().any(|prefix| name.starts_with(prefix)) {
            return Err(format!("{name} holds what the client sends, so it names nobody"));
        }
        Ok(Self::Variable(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_read_as_it_is_written() {
        for (text, variable) in [
            ("none", None),
            ("remote-user", Some("REMOTE_USER")),
            ("gitolite", Some("GL_USER")),
            ("ssh", Some("REFGATE_ACTOR")),
            ("env:GOGS_AUTH_USER_NAME", Some("GOGS_AUTH_USER_NAME")),
        ] {
            let source: ActorSource = text.parse().unwrap();
            assert_eq!((source.to_string().as_str(), source.variable()), (text, variable));
        }
    }

    #[test]
    fn what_the_client_sends_is_no_source() {
        for name in [
            "GIT_PUSH_OPTION_0",
            "GIT_COMMITTER_NAME",
            "HTTP_X_USER",
            "SSH_ORIGINAL_COMMAND",
            "QUERY_STRING",
            "PATH_INFO",
            "REQUEST_URI",
            "CONTENT_TYPE",
            "REMOTE_IDENT",
            "LC_USER",
            "LANGUAGE",
            "TERM",
        ] {
            let error = format!("env:{name}").parse::<ActorSource>().unwrap_err();
            assert!(error.contains("what the client sends"), "{name}: {error}");
        }
        for text in ["", "None", "env:", "env:user", "env:1A", "env:A B", "env:A=B", "REMOTE_USER", "env:\u{c9}"] {
            assert!(text.parse::<ActorSource>().is_err(), "{text}");
        }
    }

    #[test]
    fn without_a_source_nobody_is_named_whatever_the_environment_says() {
        assert_eq!(ActorSource::None.actor(Some("alice".into())), Ok(None));
    }

    #[test]
    fn a_source_names_somebody_or_nothing_is_decided() {
        let read = |value: Option<&str>| ActorSource::RemoteUser.actor(value.map(OsString::from));
        for name in ["alice", "Alice Liddell", "alice@example.com", "caf\u{e9}"] {
            assert_eq!(read(Some(name)), Ok(Some(name.to_owned())));
        }
        let long = "a".repeat(256);
        for (value, what) in [
            (None, "REMOTE_USER is not set"),
            (Some(""), "REMOTE_USER is empty"),
            (Some(" alice"), "characters"),
            (Some("alice\n"), "characters"),
            (Some("al\u{200b}ice"), "characters"),
            (Some(long.as_str()), "too long"),
        ] {
            let error = read(value).unwrap_err();
            assert!(error.message.contains(what) && !error.help.is_empty(), "{value:?}: {error}");
            assert_eq!(error.kind, crate::error::Kind::Undecided);
        }
        use std::os::unix::ffi::OsStringExt as _;
        assert!(ActorSource::RemoteUser.actor(Some(OsString::from_vec(vec![0xff]))).is_err());
    }
}
