//! How a verdict is told, one output format a file. Nothing here decides.

pub mod html;
pub mod human;
pub mod json;
pub mod ledger;
pub mod replay;
