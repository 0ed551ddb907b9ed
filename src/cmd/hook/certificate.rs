//! The push certificate of a push: read from the blob that receive-pack made of it, verified here, and taken once.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice as _};

use crate::change::Certificate;
use crate::change::signed::{NAMESPACE, NO_SIGNERS};
use crate::digest::sha256;
use crate::env::{Env, PushCertificate};
use crate::error::{Error, Result};
use crate::git::Repo;
use crate::oid::Oid;
use crate::policy::Policy;
use crate::policy::load::server_folder;
use crate::refs::RefUpdate;
use crate::sign::push_cert::{Arrived, PushCert, WINDOW};
use crate::sign::{Signature, Signer, Whom};

/// The largest certificate: it names every update and every push option.
const MOST: u64 = super::MAX_INPUT;
/// Where the used certificates are remembered, in the gate's folder.
const FOLDER: &str = "certificates";
/// Why a certificate that was used does not count.
const USED: &str = "it was used for a push before";
/// How long, in seconds: by a day longer than a certificate can count, for clocks are set back.
const KEPT: i64 = WINDOW + 24 * 60 * 60;

/// What a push came with.
pub(super) struct Presented {
    pub(super) certificate: Certificate,
    /// What must happen before the push is accepted.
    pub(super) reservation: Option<Reservation>,
}

/// The note that a certificate was used.
pub(super) struct Reservation {
    folder: PathBuf,
    name: String,
    now: jiff::Timestamp,
}

/// Looks at the certificate of a push, if it has one.
///
/// # Errors
/// Git's own words about it, or the blob, cannot be read.
pub(super) fn present(
    repo: &Repo,
    policy: &Policy,
    env: &Env,
    updates: &[RefUpdate],
    now: jiff::Timestamp,
) -> Result<Presented> {
    let Some(said) = &env.push_certificate else {
        return Ok(Presented { certificate: Certificate::Absent, reservation: None });
    };
    let unreadable = |what: &str| {
        let help =
            "the variables GIT_PUSH_CERT* and GIT_PUSH_OPTION* are git-receive-pack's own: look who else sets them";
        Error::undecided(format!("the push certificate cannot be looked at: {what}")).help(help)
    };
    let oid =
        Oid::from_hex(said.blob.as_encoded_bytes()).ok_or_else(|| unreadable("GIT_PUSH_CERT is no object name"))?;
    let options = env.push_options.as_ref().ok_or_else(|| unreadable("the push options are not complete"))?;
    let blob = repo.blob(oid, MOST)?.ok_or_else(|| unreadable("it is too large"))?;
    let judge = Judge { repo, policy, said, options, updates, now };
    Ok(match judge.judge(&blob) {
        Ok((signer, reservation)) => {
            Presented { certificate: Certificate::Valid(signer), reservation: Some(reservation) }
        }
        Err(reason) => Presented { certificate: Certificate::Refused(reason), reservation: None },
    })
}

/// The one person who signed the push, as an actor; `None` where nobody did.
///
/// # Errors
/// The push is signed, and that counts for nothing.
pub(super) fn signer(certificate: &Certificate) -> Result<Option<OsString>> {
    match certificate {
        Certificate::Valid(signer) => Ok(signer.principals.first().map(OsString::from)),
        Certificate::Refused(reason) => Err(Error::malformed(format!("the push certificate does not count: {reason}"))
            .help("mend that, and push again with git push --signed")),
        Certificate::Absent | Certificate::Unseen => Ok(None),
    }
}

struct Judge<'a> {
    repo: &'a Repo,
    policy: &'a Policy,
    said: &'a PushCertificate,
    options: &'a [OsString],
    updates: &'a [RefUpdate],
    now: jiff::Timestamp,
}

impl Judge<'_> {
    /// Who signed the push, or why that counts for nothing.
    fn judge(&self, blob: &[u8]) -> std::result::Result<(Signer, Reservation), String> {
        let certificate = PushCert::parse(blob, self.repo.format()).map_err(|flaw| flaw.to_string())?;
        let options: Vec<BString> = self.options.iter().map(|option| option.as_encoded_bytes().into()).collect();
        let arrived = Arrived {
            nonce: self.said.nonce.as_deref().map(bytes),
            nonce_status: self.said.nonce_status.as_deref().map(bytes),
            options: &options,
            updates: self.updates,
            urls: &self.policy.urls,
            folder: folder_name(self.repo.common_dir()),
            now: self.now,
        };
        certificate.fits(&arrived).map_err(|flaw| flaw.to_string())?;
        let signer = self.signer(&certificate)?;
        Ok((signer, self.reservation(&certificate)?))
    }

    fn signer(&self, certificate: &PushCert) -> std::result::Result<Signer, String> {
        let trust = &self.policy.trust;
        let signers = trust.signers.as_ref().ok_or(NO_SIGNERS)?;
        let signature = Signature::parse(certificate.signature()).map_err(|refusal| refusal.to_string())?;
        let whom = Whom { namespace: NAMESPACE, at: self.now, revoked: &trust.revoked };
        let signer = signers.signer(&whom, &signature, certificate.payload()).map_err(|refusal| refusal.to_string())?;
        match signer.principals.len() {
            1 => Ok(signer),
            _ => Err(format!(
                "{} speaks for {}, and nobody can tell for whom here",
                signer.key.fingerprint(),
                signer.names()
            )),
        }
    }

    /// The certificate goes by what was signed: the same can be signed again, and a signature be written otherwise.
    fn reservation(&self, certificate: &PushCert) -> std::result::Result<Reservation, String> {
        let gate = server_folder(self.repo);
        if !gate.is_dir() {
            return Err("no gate is installed here that could remember it (refgate install server --repo DIR)".into());
        }
        let stamp = certificate.stamp().unwrap_or_default();
        let name = format!("{stamp}-{}", sha256(certificate.payload()));
        let reservation = Reservation { folder: gate.join(FOLDER), name, now: self.now };
        match reservation.path().try_exists() {
            Ok(false) => Ok(reservation),
            Ok(true) => Err(USED.into()),
            Err(error) => Err(format!("it is not known whether it was used before: {error}")),
        }
    }
}

impl Reservation {
    fn path(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Notes that the certificate is used, before the answer is written: of two pushes with one certificate, one finds
    /// the note there and is refused.
    ///
    /// # Errors
    /// It is there already, or cannot be written: then the certificate could be used again.
    pub(super) fn make(&self) -> Result<()> {
        let write = || -> std::io::Result<()> {
            match fs_err::create_dir(&self.folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
                _ => self.forget_old(),
            }
            fs_err::OpenOptions::new().write(true).create_new(true).open(self.path())?.sync_all()?;
            fs_err::File::open(&self.folder)?.sync_all()
        };
        write().map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::malformed(format!("the push certificate does not count: {USED}"))
                .help("push again with git push --signed: every push needs a certificate of its own"),
            _ => Error::undecided(format!("the push certificate cannot be noted as used: {error}"))
                .help("the hook's user must be able to write in the gate's folder"),
        })
    }

    /// Takes away the notes of certificates that could not count any more. What cannot be taken away only takes room.
    fn forget_old(&self) {
        for entry in fs_err::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let stamp = name.to_str().and_then(|name| name.split_once('-')).and_then(|(stamp, _)| stamp.parse().ok());
            if stamp.is_some_and(|stamp: i64| self.now.as_second().saturating_sub(stamp) > KEPT) {
                let _ = fs_err::remove_file(entry.path());
            }
        }
    }
}

fn bytes(value: &OsStr) -> &BStr {
    value.as_encoded_bytes().as_bstr()
}

/// What clients call the repository at the end of its URL: the folder that a work tree's `.git` is in, or the bare one.
fn folder_name(git_dir: &Path) -> &BStr {
    let name = git_dir.file_name().filter(|name| *name != ".git");
    let name = name.or_else(|| git_dir.parent().and_then(Path::file_name));
    bytes(name.unwrap_or_default())
}
