//! The only floor that touches `gix` or runs `git`. It answers questions about objects and refs with plain facts; it
//! knows no policy and no rule. gix's gaps (quarantine, nested alternates, reftable) are closed here and nobody above
//! hears of them.

mod blobs;
mod config;
mod diff;
mod index;
mod keep;
mod loose;
mod merge;
mod mirror;
mod object;
mod odb;
mod refs;
pub mod remote;
mod repo;
mod store;
mod tree;
mod walk;
mod window;
mod worktree;

pub use blobs::Blobs;
pub use config::{Setting, answer, configured, found, settings};
pub use diff::{Difference, Side};
pub use merge::Merged;
pub use object::{Commit, Headline, ObjectKind};
pub use repo::{Repo, command};
pub use store::{Signing, commit, signing_help};
pub use walk::Node;
pub use worktree::{Uncommitted, switch_to_new, top, uncommitted};
