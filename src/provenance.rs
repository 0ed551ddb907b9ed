//! The trace folder of a task: its marker, its approval, its status.
//!
//! Owns what these files say, as values. Must not know which task is judged, what the base is, nor what follows from
//! a file that is missing or wrong: rules decide that.

pub mod approval;
pub mod approved;
pub mod status;
pub mod task;
