//! The marker `APPROVED`: one spelling only, and nothing else in the file.

use refgate::provenance::approved::Marker;

use super::{git_takes_branch, tells};

pub(crate) fn holds(data: &[u8]) {
    match Marker::parse(data) {
        Ok(marker) => {
            let line = format!("APPROVED:{}:{}", marker.task, marker.oid);
            assert_eq!(data.strip_suffix(b"\n").unwrap_or(data), line.as_bytes(), "not all there was is read");
            assert!((7..=64).contains(&marker.oid.len()) && marker.oid.bytes().all(|digit| digit.is_ascii_hexdigit()));
            assert!(git_takes_branch(format!("autoTest/{}", marker.task).as_bytes()), "no branch can be named so");
            tells(&line);
            // What is glued to a good marker spoils it.
            for more in [&b"\n"[..], b" ", b":", b"\r\n", b"\0", b"\xef\xbb\xbf"] {
                let glued = [format!("{line}\n").as_bytes(), more].concat();
                assert!(Marker::parse(&glued).is_err(), "{more:?} passes after it");
                assert!(Marker::parse(&[more, data].concat()).is_err(), "{more:?} passes before it");
            }
        }
        Err(error) => tells(&error.to_string()),
    }
}
