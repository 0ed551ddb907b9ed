//! Whose a signature is, where nobody is said to have made it: `ssh-keygen -Y find-principals`, as far as it names
//! anybody. A line whose principals are patterns lets people sign and says of nobody who they are.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Signers;
use crate::escape;
use crate::sign::key::Key;
use crate::sign::revoked::Revoked;
use crate::sign::signature::Signature;
use crate::sign::{Question, Refusal, Verified};

/// What is asked of a signature that somebody made.
#[derive(Clone, Copy, Debug)]
pub struct Whom<'a> {
    /// What the signature must have been made for, literally.
    pub namespace: &'a str,
    /// The time at which the key must count.
    pub at: Timestamp,
    /// The revocations that hold, all of them.
    pub revoked: &'a [Revoked],
}

/// Who signed, with which key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The key that signed; of a certificate, the key that it certifies.
    pub key: Key,
    /// Everybody whom the key speaks for, by name; at least one.
    pub principals: BTreeSet<String>,
    /// A FIDO token says that somebody touched it.
    pub presence: bool,
    /// A FIDO token says that its user proved to it who they are.
    pub verification: bool,
}

impl Signer {
    /// The principals for people, escaped.
    pub fn names(&self) -> String {
        let names: Vec<String> = self.principals.iter().map(|name| escape::printable(name)).collect();
        names.join(" or ")
    }
}

impl Signers {
    /// Who signed `message`: every principal by name for whom [`Signers::verify`] would say so.
    ///
    /// # Errors
    /// The signature counts for nobody, or for nobody who has a name.
    pub fn signer(&self, whom: &Whom<'_>, signature: &Signature, message: &[u8]) -> Result<Signer, Refusal> {
        let Whom { namespace, at, revoked } = *whom;
        let (mut principals, mut refusal) = (BTreeSet::new(), None);
        for principal in self.named(signature) {
            match self.may_sign(&Question { principal: &principal, namespace, at, revoked }, signature) {
                Ok(()) => _ = principals.insert(principal),
                Err(error) => _ = refusal.get_or_insert(error),
            }
        }
        if principals.is_empty() {
            let fingerprint = signature.key().fingerprint();
            return Err(refusal.unwrap_or_else(|| match self.lines.iter().any(|line| line.is_about(signature)) {
                true => Refusal::Nameless(fingerprint),
                false => Refusal::UnknownKey { fingerprint, principal: "anybody".to_owned() },
            }));
        }
        let Verified { key, presence, verification } = signature.check(&signature.hash(message))?;
        Ok(Signer { key, principals, presence, verification })
    }

    /// The names that the signature could be by: those of the lines of its key, or those in its certificate.
    fn named(&self, signature: &Signature) -> BTreeSet<String> {
        let lines = self.lines.iter().filter(|line| line.is_about(signature));
        match signature.certificate() {
            Some(certificate) if lines.clone().next().is_some() => {
                names(certificate.principals().iter().map(Vec::as_slice))
            }
            Some(_) => BTreeSet::new(),
            None => names(lines.flat_map(|line| line.principals.split(|byte| *byte == b','))),
        }
    }
}

fn names<'a>(patterns: impl Iterator<Item = &'a [u8]>) -> BTreeSet<String> {
    let names = patterns.filter_map(|pattern| std::str::from_utf8(pattern).ok());
    names.filter(|name| !name.is_empty() && !name.contains(['*', '?', '!', ','])).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str) -> Vec<u8> {
        fs_err::read(format!("{}/fixtures/signatures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    /// The file's line about a kind of key, less its principals and options.
    fn key(comment: &str) -> String {
        let text = String::from_utf8(read("allowed_signers")).unwrap();
        let line = text.lines().find(|line| line.ends_with(comment)).unwrap();
        line.splitn(3, ' ').nth(2).unwrap().to_owned()
    }

    /// Who signed, by lines of principals and options before the key of the signature.
    fn who(name: &str, key: &str, lines: &[&str]) -> Result<Vec<String>, Refusal> {
        let text: String = lines.iter().map(|line| format!("{line} {key}\n")).collect();
        asked(name, &text, &[], b"what is signed\n").map(|signer| signer.principals.into_iter().collect())
    }

    fn asked(name: &str, signers: &str, revoked: &[Revoked], message: &[u8]) -> Result<Signer, Refusal> {
        let whom = Whom { namespace: "file", at: "2026-06-01T00:00:00Z".parse().unwrap(), revoked };
        let signature = Signature::parse(&read(name)).unwrap();
        Signers::parse(signers.as_bytes(), "s").unwrap().signer(&whom, &signature, message)
    }

    #[test]
    fn a_key_speaks_for_everybody_whom_its_lines_name() {
        let who = |lines: &[&str]| who("ed25519.sig", &key("ed25519"), lines);
        assert_eq!(who(&["alice"]).unwrap(), ["alice"]);
        assert_eq!(who(&["bob", "alice"]).unwrap(), ["alice", "bob"]);
        assert_eq!(who(&["alice,*@example.com,c?"]).unwrap(), ["alice"]);
        assert_eq!(who(&["alice,bob,!bob"]).unwrap(), ["alice"]);
        assert_eq!(who(&["alice valid-before=\"20200101Z\"", "bob"]).unwrap(), ["bob"]);
        assert_eq!(who(&["alice namespaces=\"git\"", "bob namespaces=\"f*\""]).unwrap(), ["bob"]);
        assert_eq!(who(&["\"alice\""]).unwrap(), ["alice"]);
        // The one line says whose key it is, the other that it may sign for whoever that is.
        assert_eq!(who(&["alice namespaces=\"git\"", "*"]).unwrap(), ["alice"]);
    }

    #[test]
    fn a_key_of_patterns_or_of_nobody_says_so() {
        let fingerprint = Signature::parse(&read("ed25519.sig")).unwrap().key().fingerprint();
        let who = |lines: &[&str]| who("ed25519.sig", &key("ed25519"), lines).unwrap_err();
        for nameless in ["*", "*@example.com", "a?", "!alice", "a*,!alice"] {
            assert_eq!(who(&[nameless]), Refusal::Nameless(fingerprint.clone()), "{nameless}");
        }
        let unknown = Refusal::UnknownKey { fingerprint, principal: "anybody".into() };
        assert_eq!(who(&[]), unknown);
        // An authority signs nothing itself.
        assert_eq!(who(&["alice cert-authority"]), unknown);
        assert!(matches!(who(&["alice valid-before=\"20200101Z\""]), Refusal::Expired { .. }));
        assert!(matches!(who(&["alice namespaces=\"git\"", "!x"]), Refusal::NamespaceNotAllowed { .. }));
    }

    #[test]
    fn what_is_revoked_or_does_not_fit_is_nobody_s() {
        let line = format!("alice {}\n", key("ed25519"));
        let revoked = [Revoked::parse(key("ed25519").as_bytes(), "revoked").unwrap()];
        let message = b"what is signed\n";
        let known = asked("ed25519.sig", &line, &[], message).unwrap();
        assert!(!known.presence && !known.verification && known.names() == "alice");
        assert!(matches!(asked("ed25519.sig", &line, &revoked, message), Err(Refusal::Revoked { .. })));
        assert_eq!(asked("ed25519.sig", &line, &[], b"other"), Err(Refusal::BadSignature));
    }

    #[test]
    fn a_certificate_speaks_for_whom_it_names() {
        let text = String::from_utf8(read("allowed_signers")).unwrap();
        let line = text.lines().find(|line| line.contains(" cert-authority ")).unwrap();
        let key = line.splitn(3, ' ').nth(2).unwrap();
        let who = |lines: &[&str]| who("certificate.sig", key, lines);
        assert_eq!(who(&["*@example.com cert-authority"]).unwrap(), ["alice@example.com"]);
        assert!(matches!(who(&["*@elsewhere cert-authority"]), Err(Refusal::Certificate(_))));
        assert!(matches!(who(&["*@example.com"]), Err(Refusal::UnknownKey { .. })));
    }
}
