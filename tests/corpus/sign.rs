//! Signatures as Git makes them, with the keys of `fixtures/keys`, which protect nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{Fallible, process};

/// The armored signature of a key over a payload, in Git's namespace. `scratch` is a folder of the test's own.
pub(crate) fn sign(scratch: &Path, key: &str, payload: &[u8]) -> Fallible<String> {
    sign_with(&own_copy(scratch, key)?, payload)
}

/// A copy of a key of `fixtures/keys` that ssh-keygen takes: it takes none that others can read, and a checkout is open
/// to all.
pub(crate) fn own_copy(scratch: &Path, key: &str) -> Fallible<PathBuf> {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keys").join(key);
    let own = scratch.join(format!("key-{key}"));
    fs_err::copy(kept, &own).map_err(|error| error.to_string())?;
    fs_err::set_permissions(&own, std::fs::Permissions::from_mode(0o600)).map_err(|error| error.to_string())?;
    Ok(own)
}

/// As [`sign`], with the key in this file.
pub(crate) fn sign_with(key: &Path, payload: &[u8]) -> Fallible<String> {
    let mut command = process::command("ssh-keygen");
    let armor = process::must(command.args(["-Y", "sign", "-n", "git", "-f"]).arg(key), payload)?;
    String::from_utf8(armor).map_err(|error| error.to_string())
}
