//! What stands in a repository when refgate is installed there: the hooks' folder that Git really uses, the shims in
//! it, and the record of every change, by which it is taken back. It knows no policy and judges nothing.

mod config;
mod place;
mod plan;
mod record;
mod shim;
mod witness;

pub use config::Change;
pub use place::{OWN_FOLDER, Place, Target};
pub use plan::{Before, Plan};
pub use record::{RECORD, Record, Undone};
pub use shim::{BESIDE, Gate, Next, Seen, Shim, Standing, VERSION, passed, standing};
pub use witness::{REFSPEC, Witness};
