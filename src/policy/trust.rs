//! Who may sign.

use crate::sign::{Revoked, Signers};

/// The signers and the revocations that are in force.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Who may sign; `None` where nobody may.
    pub signers: Option<Signers>,
    /// The keys that count no more.
    pub revoked: Vec<Revoked>,
}

impl Trust {
    /// What stands in the server's folder.
    pub(super) fn of_server(folder: &std::path::Path) -> crate::error::Result<Self> {
        let read = |name: &str| match fs_err::read(folder.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(crate::error::Error::from(error)),
        };
        let signers = read("allowed_signers")?.map(|bytes| Signers::parse(&bytes, "allowed_signers")).transpose()?;
        let revoked = read("revoked")?.map(|bytes| Revoked::parse(&bytes, "revoked")).transpose()?;
        Ok(Self { signers, revoked: revoked.into_iter().collect() })
    }
}
