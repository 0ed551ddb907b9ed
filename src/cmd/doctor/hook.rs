//! Whether Git runs the gate's hook.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bstr::ByteSlice as _;

use super::{Complaint, reach, shown, word};
use crate::error::Result;
use crate::escape;
use crate::install::{Gate, Place, Seen, Standing, VERSION, standing};

/// Looks at one hook in `folder`, where Git (or husky) looks for it. `install` is the command that puts it there.
///
/// # Errors
/// Something at the hook's place cannot be read.
pub(super) fn examine(place: &Place, folder: &Path, gate: Gate, install: &str) -> Result<Vec<Complaint>> {
    let hook = folder.join(gate.name());
    let mut found = Vec::new();
    match standing(&hook)? {
        Standing::Ours(shim) => {
            // Husky runs what stands there with sh, executable or not.
            if !shim.executable && folder == place.hooks {
                found.push(not_executable(&hook));
            }
            found.extend(read(&hook, &shim, install));
        }
        Standing::Foreign { executable } if calls(&hook, gate) => {
            if !executable && folder == place.hooks {
                found.push(not_executable(&hook));
            }
        }
        Standing::Foreign { .. } => {
            let what = format!("{} does not run refgate hook {}", shown(&hook), gate.name());
            found.push(Complaint::problem("hook-foreign", what, install));
        }
        Standing::Nothing => found.push(missing(place, &hook, gate, install)?),
    }
    Ok(found)
}

fn read(hook: &Path, shim: &Seen, install: &str) -> Vec<Complaint> {
    let mut found = Vec::new();
    if shim.version < VERSION {
        let what = format!("{} is of version {}, and this refgate writes version {VERSION}", shown(hook), shim.version);
        found.push(Complaint::advice("shim-old", what, install));
    }
    match &shim.program {
        None => found.push(Complaint::problem("hook-foreign", format!("{} does not judge", shown(hook)), install)),
        Some(program) if !is_program(program) => {
            let what =
                format!("{} cannot be started, so all rests on the PATH of whoever runs the hook", shown(program));
            found.push(Complaint::problem("program-missing", what, install));
        }
        Some(program) => found.extend(reach::writers(std::slice::from_ref(program))),
    }
    found
}

/// A hook of the person's own may call the gate.
fn calls(hook: &Path, gate: Gate) -> bool {
    let call = format!("hook {}", gate.name());
    fs_err::read(hook).is_ok_and(|text| {
        let code = text.lines().filter(|line| !line.trim_start().starts_with(b"#"));
        code.into_iter().any(|line| line.contains_str("refgate") && line.contains_str(&call))
    })
}

/// Nothing stands where Git looks. When a shim stands where it does not, the setting is to blame.
fn missing(place: &Place, hook: &Path, gate: Gate, install: &str) -> Result<Complaint> {
    for folder in [place.common_dir.join("hooks"), place.own_folder()] {
        let passed_by = folder.join(gate.name());
        if let (Standing::Ours(_), Some(setting)) = (standing(&passed_by)?, place.setting()) {
            let (scope, value) = (&setting.scope, escape::quote_path(&setting.value));
            let what = format!("Git does not look at {}: core.hooksPath ({scope}) is {value}", shown(&passed_by));
            return Ok(Complaint::problem("hooks-path", what, install));
        }
    }
    let so = match gate {
        Gate::PostReceive => "so the ledger hears with the next push only which refs moved",
        Gate::ReferenceTransaction => "so refs can be moved past the gate",
        Gate::PreCommit | Gate::PrePush | Gate::PreReceive => "so nothing is judged",
    };
    Ok(Complaint::problem("hook-missing", format!("there is no {}, {so}", shown(hook)), install))
}

fn not_executable(hook: &Path) -> Complaint {
    let what = format!("{} is not executable, so Git ignores it", shown(hook));
    Complaint::problem("hook-not-executable", what, format!("chmod +x {}", word(hook)))
}

fn is_program(path: &Path) -> bool {
    fs_err::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
