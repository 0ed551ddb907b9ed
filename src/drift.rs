//! Drift: whether code, its contract and what people acknowledged still say the same. Pure over bytes: nothing here reads
//! a repository, a file or a clock.
//!
//! A source file becomes a [`shape::Module`], in no language any more; [`resolve`] makes fields of modules; [`contract`]
//! reads what the fields are held against, [`survey`] compares two states of both, [`acknowledgement`] reads what people
//! said of the differences.

pub mod acknowledgement;
pub mod case;
pub mod claims;
mod comment;
pub mod compare;
pub mod config;
pub mod contract;
pub mod document;
pub mod extract;
pub mod languages;
pub mod lent;
mod likeness;
mod manifest;
mod mentions;
pub mod migrations;
pub mod packages;
mod page;
pub mod path;
pub mod problem;
pub mod rename;
pub mod resolve;
pub mod shape;
pub mod survey;
pub mod sync;
