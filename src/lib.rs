//! `refgate` decides whether a Git ref may move. ARCHITECTURE.md says how the rooms of this crate fit together.

pub mod oid;
