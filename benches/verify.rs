//! Verifies one signature again and again in one process, as a hook does that has several to look at: everything but the
//! reading of the files, each time from the start.
//!
//! `verify SIGNERS PRINCIPAL NAMESPACE SIGNATURE MESSAGE COUNT`; fails when it does not count.

#![allow(clippy::print_stderr, clippy::unwrap_used, clippy::indexing_slicing, reason = "only benches/run starts it")]

use std::process::ExitCode;

use refgate::sign::{Question, Signature, Signers};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    let [signers, signature, message] = [1, 4, 5].map(|word: usize| fs_err::read(&words[word]).unwrap());
    let at = jiff::Timestamp::now();
    for _ in 0..words[6].parse::<u32>().unwrap() {
        let question = Question { principal: &words[2], namespace: &words[3], at, revoked: &[] };
        let signers = Signers::parse(&signers, "signers").unwrap();
        if let Err(refusal) = signers.verify(&question, &Signature::parse(&signature).unwrap(), &message) {
            eprintln!("{refusal}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
