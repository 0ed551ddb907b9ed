//! `refgate sig verify`: what `ssh-keygen -Y verify` says of a signature, with the reason when it does not count.

use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;

use super::rules::print;
use crate::cli::SigVerify;
use crate::error::{Error, Result};
use crate::escape;
use crate::sign::{Question, Refusal, Revoked, Signature, Signers};

/// The most bytes that a file of signers, of revocations or a signature may have.
const MOST: u64 = 64 * 1024 * 1024;

const REFUSED: u8 = 1;

/// Runs the command; the exit status.
///
/// # Errors
/// Something cannot be read, or a file of signers or revocations is malformed.
#[expect(clippy::print_stderr, reason = "the reason of a refusal, as ssh-keygen gives its own")]
pub fn verify(args: &SigVerify, now: Timestamp) -> Result<u8> {
    let signers = Signers::parse(&read(&args.signers)?, &shown(&args.signers))?;
    let revoked = args.revoked.iter().map(|path| Revoked::parse(&read(path)?, &shown(path)));
    let revoked = revoked.collect::<Result<Vec<_>>>()?;
    let armored = read(&args.signature)?;
    let (principal, namespace) = (args.principal.as_str(), args.namespace.as_str());
    let question = Question { principal, namespace, at: args.at.unwrap_or(now), revoked: &revoked };
    match decide(&signers, &question, &armored)? {
        Ok(said) => print(&said).map(|()| 0),
        Err(refusal) => {
            eprintln!("refgate: {refusal}\n  {}", refusal.help());
            Ok(REFUSED)
        }
    }
}

/// The line that `ssh-keygen -Y verify` prints of a signature that counts.
fn decide(signers: &Signers, question: &Question<'_>, armored: &[u8]) -> Result<std::result::Result<String, Refusal>> {
    let signature = match Signature::parse(armored) {
        Ok(signature) => signature,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let verified = signers.verify_stream(question, &signature, std::io::stdin().lock())?;
    Ok(verified.map(|verified| {
        let (namespace, principal) = (escape::printable(question.namespace), escape::printable(question.principal));
        let (kind, fingerprint) = (signature.kind(), verified.key.fingerprint());
        format!("Good \"{namespace}\" signature for {principal} with {kind} key {fingerprint}\n")
    }))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs_err::File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MOST {
        true => Err(Error::undecided(format!("{} has more than {MOST} bytes", shown(path)))),
        false => Ok(bytes),
    }
}

fn shown(path: &Path) -> String {
    escape::printable(&path.to_string_lossy())
}
