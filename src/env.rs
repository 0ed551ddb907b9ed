//! Every environment variable that refgate reads. Nothing else asks the environment.

use std::ffi::OsString;

use crate::actor::ActorSource;

/// What the environment says at the start. All of it comes from Git or from the person at the terminal; none of it is an
/// identity.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// `GIT_DIR`: the repository, set by Git for its hooks, often relative.
    pub git_dir: Option<OsString>,
    /// `GIT_OBJECT_DIRECTORY`: where new objects are; the quarantine in `pre-receive`.
    pub object_directory: Option<OsString>,
    /// `GIT_ALTERNATE_OBJECT_DIRECTORIES`: the other object stores, `:`-separated, entries may be C-quoted.
    pub alternates: Option<OsString>,
    /// `GIT_QUARANTINE_PATH`: set while the objects of a push are not yet accepted.
    pub quarantine: Option<OsString>,
    /// `GIT_NAMESPACE`: the pushed refs are kept below `refs/namespaces/`.
    pub namespace: Option<OsString>,
    /// What Git says of the push certificate.
    pub push_certificate: Option<PushCertificate>,
    /// `GIT_PUSH_OPTION_<n>`, as many as `GIT_PUSH_OPTION_COUNT` says; `None` where they are not what Git sets.
    pub push_options: Option<Vec<OsString>>,
    /// `GIT_INDEX_FILE`: the index of a `commit -a` or `commit PATH` in progress.
    pub index_file: Option<OsString>,
    /// `NO_COLOR` is set and not empty (https://no-color.org).
    pub no_color: bool,
}

/// What receive-pack says of a push certificate. Its verdict on the signature (`GIT_PUSH_CERT_STATUS`) is not read: it
/// says `G` for keys that are unknown, expired or revoked.
#[derive(Clone, Debug, Default)]
pub struct PushCertificate {
    /// `GIT_PUSH_CERT`: the blob that holds it.
    pub blob: OsString,
    /// `GIT_PUSH_CERT_NONCE`: the nonce that was handed out.
    pub nonce: Option<OsString>,
    /// `GIT_PUSH_CERT_NONCE_STATUS`: how the certificate's own nonce compares.
    pub nonce_status: Option<OsString>,
}

impl Env {
    /// Reads the process's environment.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn read() -> Self {
        let get = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            git_dir: get("GIT_DIR"),
            object_directory: get("GIT_OBJECT_DIRECTORY"),
            alternates: get("GIT_ALTERNATE_OBJECT_DIRECTORIES"),
            quarantine: get("GIT_QUARANTINE_PATH"),
            namespace: get("GIT_NAMESPACE"),
            push_certificate: get("GIT_PUSH_CERT").map(|blob| PushCertificate {
                blob,
                nonce: get("GIT_PUSH_CERT_NONCE"),
                nonce_status: get("GIT_PUSH_CERT_NONCE_STATUS"),
            }),
            push_options: Self::push_options(),
            index_file: get("GIT_INDEX_FILE"),
            no_color: get("NO_COLOR").is_some(),
        }
    }

    /// An option may be empty, so these are read as they stand.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    fn push_options() -> Option<Vec<OsString>> {
        let Some(count) = std::env::var_os("GIT_PUSH_OPTION_COUNT") else { return Some(Vec::new()) };
        let count: usize = count.to_str()?.parse().ok()?;
        (0..count).map(|number| std::env::var_os(format!("GIT_PUSH_OPTION_{number}"))).collect()
    }

    /// What a process that outlives a hook starts with: none of what Git or a pusher's client sets, who may choose words of
    /// it (push options, and over SSH what sshd accepts). Nor `HTTP_PROXY`, which is a client's header over CGI.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn lasting() -> Vec<(&'static str, OsString)> {
        const LASTING: [&str; 11] = [
            "HOME",
            "HTTPS_PROXY",
            "LOGNAME",
            "NO_PROXY",
            "PATH",
            "SSL_CERT_DIR",
            "SSL_CERT_FILE",
            "TMPDIR",
            "USER",
            "https_proxy",
            "no_proxy",
        ];
        LASTING.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))).collect()
    }

    /// The variable that names the pusher, where the server's own folder says which one does. Empty is not unset: an
    /// authentication that went wrong must not look like none.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn identity(source: &ActorSource) -> Option<OsString> {
        source.variable().and_then(std::env::var_os)
    }
}
