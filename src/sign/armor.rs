//! The armor of a signature: `-----BEGIN SSH SIGNATURE-----`, base64 in lines of any width, the end.

use super::Refusal;

/// The name of the armor's first and last line.
const BEGIN: &[u8] = b"-----BEGIN SSH SIGNATURE-----\n";
const END: &[u8] = b"\n-----END SSH SIGNATURE-----";

/// The most bytes that an armored signature may have; the longest that OpenSSH makes has a third of it.
pub(super) const MOST: usize = 64 * 1024;

/// The bytes within the armor. Like OpenSSH, white space among the base64 means nothing; unlike it, nothing but white
/// space may follow the armor.
pub(super) fn open(armored: &[u8]) -> Result<Vec<u8>, Refusal> {
    if armored.len() > MOST {
        return Err(Refusal::Armor("it has more than 65536 bytes"));
    }
    let body = armored.strip_prefix(BEGIN).ok_or(Refusal::Armor("it does not begin with its first line"))?;
    let end = bstr::ByteSlice::find(body, END).ok_or(Refusal::Armor("its last line is missing"))?;
    let (body, tail) = body.split_at_checked(end).unwrap_or_default();
    let tail = tail.strip_prefix(END).unwrap_or_default();
    if !tail.iter().all(is_space) {
        return Err(Refusal::Armor("something follows its last line"));
    }
    let base64: Vec<u8> = body.iter().copied().filter(|byte| !is_space(byte)).collect();
    decode(&base64).ok_or(Refusal::Armor("what it holds is not base64"))
}

/// Base64 in its one canonical form: padded, no bits left over.
pub(super) fn decode(base64: &[u8]) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(base64).ok()
}

/// What C's `isspace` says.
const fn is_space(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || *byte == 0x0b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(armored: &str) -> Refusal {
        open(armored.as_bytes()).unwrap_err()
    }

    #[test]
    fn lines_may_have_any_width_and_no_end() {
        for body in ["U1NIU0lH", "U1NI\nU0lH", "U\n1\nN\nI\nU\n0\nl\nH\n\n", "U1NIU0lH\r", " U1NI\tU0lH"] {
            for tail in ["", "\n", "\r\n\n"] {
                let armored = format!("-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----{tail}");
                assert_eq!(open(armored.as_bytes()), Ok(b"SSHSIG".to_vec()), "{armored:?}");
            }
        }
    }

    #[test]
    fn what_is_no_armor_says_why() {
        let (first, last) = ("-----BEGIN SSH SIGNATURE-----\n", "\n-----END SSH SIGNATURE-----\n");
        let begin = Refusal::Armor("it does not begin with its first line");
        for text in ["", "\n", "x", &format!(" {first}AAAA{last}"), &first.replace('\n', "\r\n"), "U1NIU0lH"] {
            assert_eq!(reason(text), begin, "{text:?}");
        }
        let end = Refusal::Armor("its last line is missing");
        assert_eq!(reason(&format!("{first}AAAA-----END SSH SIGNATURE-----\n")), end);
        assert_eq!(reason(first), end);
        let base64 = Refusal::Armor("what it holds is not base64");
        for body in ["A", "AA", "AAA", "AA==AAAA", "AB==", "AA=", "AAAA=", "A-_A", "A*AA", "AAAA\0"] {
            assert_eq!(reason(&format!("{first}{body}{last}")), base64, "{body:?}");
        }
        assert_eq!(reason(&format!("{first}AAAA{last}x")), Refusal::Armor("something follows its last line"));
        assert_eq!(
            reason(&format!("{first}{}{last}", "\n".repeat(MOST))),
            Refusal::Armor("it has more than 65536 bytes")
        );
    }
}
