//! The integration tests: one binary, so that the crate is linked once.
//!
//! `corpus` plays every case of `fixtures/cases`; `compat` pushes to every shape of repository with every Git here;
//! `push_file`, `push_ssh`, `push_http` and `push_gitolite` tell one long story to a server through stock `git push`;
//! `demo`, `doctor`, `drift_commands`, `init`, `install`, `promote`, `replay`, `task`, `sign_commands` and `actor` run those
//! commands; `at_once` lets many push at the same moment; `bombs` pushes what no memory holds; `faults` lets the machine
//! fail; `fuzz_corpus` plays what fuzzing found worth keeping; `layering` reads the source; `ledger` reads ledgers, whole
//! and spoilt, `ledger_push` writes them by real pushes, and `ledger_report` sums them up; `model` holds random work against
//! a simple model; `pages` looks at the pages that refgate writes, in a real `browser`; `renames` measures how right renames
//! are told; `signatures` asks `ssh-keygen` the same; `witness` fetches the ledger into clones. `support`, `story`,
//! `servers` and `sshd` are what they stand on.

#![allow(clippy::disallowed_methods, reason = "tests start processes and read their environment")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

#[allow(dead_code, reason = "the score example uses the rest")]
#[path = "../corpus/mod.rs"]
mod corpus;

mod actor;
mod at_once;
mod bombs;
mod browser;
mod cases;
mod compat;
mod demo;
mod docs;
mod doctor;
mod drift_commands;
mod drift_exports;
mod drift_fixtures;
mod drift_lent;
mod drift_model;
mod drift_packages;
mod drift_reach;
mod entries;
mod faults;
mod fuzz_corpus;
mod history;
mod hooks;
mod init;
mod install;
mod layering;
mod ledger;
mod ledger_push;
mod ledger_report;
mod model;
mod overrides;
mod pages;
mod places;
mod promote;
mod push_cert;
mod push_file;
mod push_gitolite;
mod push_http;
mod push_ssh;
mod renames;
mod replay;
mod rollback;
mod servers;
mod sign_commands;
mod signatures;
mod sshd;
mod story;
mod support;
mod task;
mod uninstall;
mod witness;
