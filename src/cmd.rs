//! One file a subcommand, each thin: gather what the judge needs, ask it, tell the answer.

pub mod answer;
pub mod approve;
pub mod attest;
pub mod check;
pub mod client;
pub mod demo;
pub mod doctor;
pub mod drift;
pub mod hook;
pub mod init;
pub mod install;
pub mod ledger;
pub mod notify;
pub mod overrides;
pub mod pages;
pub mod person;
pub mod policy;
mod progress;
pub mod promote;
pub mod replay;
pub mod rollback;
pub mod rules;
pub mod sig;
mod signing;
pub mod task;
pub mod uninstall;
