//! Who may sign: every line counts as it stands, or none does.

use refgate::error::Kind;
use refgate::sign::Signers;

use super::explains;

pub(crate) fn holds(data: &[u8]) {
    let signers = match Signers::parse(data, "signers") {
        Ok(signers) => signers,
        Err(error) => {
            explains(&error, Kind::Undecided);
            let place = error.message.strip_prefix("signers:").and_then(|rest| rest.split(':').next());
            let line: usize = place.and_then(|number| number.parse().ok()).expect("no line is named");
            let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
            let wrong = lines.get(line - 1).expect("there is no such line");
            // The line alone is as wrong, wherever it stands, but for the mark that only counts in front.
            if line > 1 {
                assert!(Signers::parse(&[b"\n", *wrong].concat(), "signers").is_err());
            }
            assert!(Signers::parse(&lines[..line - 1].join(&b'\n'), "signers").is_ok(), "an earlier line is wrong");
            return;
        }
    };
    assert_eq!(signers.digest(), Signers::parse(data, "other").unwrap().digest());
    for line in data.split(|byte| *byte == b'\n') {
        let clean = line.strip_suffix(b"\r").unwrap_or(line);
        assert!(!clean.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t'), "a control character passes");
    }
    for principal in ["alice", "alice@example.com", ""] {
        let keys = signers.keys_of(principal);
        assert!(keys.iter().all(|key| key.fingerprint().starts_with("SHA256:")));
        // Each line gives its keys by itself: two files give what both give.
        let twice =
            Signers::parse(&[data, b"\n", data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data)].concat(), "twice");
        assert_eq!(twice.unwrap().keys_of(principal), keys);
    }
    assert!(Signers::parse(&[data, b"\nalice"].concat(), "signers").is_err(), "a line without a key passes");
}
