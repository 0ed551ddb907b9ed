//! `refgate` decides whether a Git ref may move. ARCHITECTURE.md says how the rooms of this crate fit together.

pub mod actor;
pub mod change;
pub mod cli;
pub mod cmd;
pub mod engine;
pub mod entry;
pub mod env;
pub mod error;
pub mod escape;
pub mod finding;
pub mod fold;
pub mod git;
pub mod glob;
pub mod install;
pub mod judge;
pub mod oid;
pub mod path;
pub mod policy;
pub mod provenance;
pub mod refs;
pub mod report;
pub mod rule;
pub mod rules;
pub mod sign;
pub mod statement;
pub mod strict_json;
