//! Task names, object names and folded spellings.

use bstr::ByteSlice;
use refgate::fold::fold;
use refgate::oid::Oid;
use refgate::provenance::task::is_task_name;

use super::git_takes_branch;

pub(crate) fn holds(data: &[u8]) {
    let folded = fold(data).into_owned();
    assert_eq!(fold(&folded).as_bstr(), folded.as_bstr(), "folding twice changes something");
    if data.is_ascii() {
        assert_eq!(folded, data.to_ascii_lowercase());
    } else {
        assert_eq!(fold(&data.to_ascii_uppercase()).as_bstr(), folded.as_bstr(), "case counts");
    }
    // A separator never comes or goes: folders stay folders.
    let slashes = |bytes: &[u8]| bytes.iter().filter(|byte| **byte == b'/').count();
    assert_eq!(slashes(data), slashes(&folded));
    if let Ok(text) = std::str::from_utf8(data) {
        if is_task_name(text) {
            assert!(git_takes_branch(text.as_bytes()), "Git has no branch of that name");
            assert!(!text.contains('/') && text.is_ascii());
        }
        if Oid::is_abbreviation(text) {
            assert!(text.bytes().all(|digit| digit.is_ascii_hexdigit()));
        }
        let zeros = Oid::from_hex(&[b'0'; 40]).unwrap();
        assert_eq!(zeros.has_prefix(text), text.len() <= 40 && text.bytes().all(|digit| digit == b'0'));
    }
    if let Some(oid) = Oid::from_hex(data) {
        assert_eq!(oid.to_string().as_bytes(), data);
        assert_eq!(Oid::from_bytes(oid.as_bytes()), Some(oid));
    }
}
