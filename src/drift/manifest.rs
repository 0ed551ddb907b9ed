//! The file that says of a folder what it is as a package: `package.json`.

use bstr::{BStr, ByteSlice};

/// What says which file an import of the folder means; text that may hide such a key does too.
const LEADING: [&str; 5] = ["\"main\"", "\"types\"", "\"typings\"", "\"typesVersions\"", "\\u"];

/// Whether a file says of its folder what it is.
pub(super) fn is_manifest(path: &BStr) -> bool {
    path.rsplit(|byte| *byte == b'/').next() == Some(b"package.json")
}

/// Whether it says that an import of the folder means a file of its choice. What is not there says nothing.
pub(super) fn leads_on(text: &[u8]) -> bool {
    LEADING.iter().any(|key| text.contains_str(key))
}
