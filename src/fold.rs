//! The spelling under which a case-insensitive, normalising file system (APFS, HFS+, NTFS) would find a name.
//!
//! Two names with one fold may be one file on somebody's machine. Owns the spelling only; must not know which names
//! are guarded, nor what a collision means. Trailing dots, spaces and short names of Windows are no matter of fold.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};

/// The folded spelling of a name, equal for every spelling that such a file system takes for the same.
///
/// Drops what HFS+ ignores, then folds by Unicode's full case folding between NFD and NFC. Bytes that are no UTF-8
/// stay. Folding twice changes nothing. Looser than any one file system, on purpose: it is used to refuse.
pub fn fold(name: &[u8]) -> Cow<'_, [u8]> {
    if name.is_ascii() {
        return if name.iter().any(u8::is_ascii_uppercase) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
    }
    let visible = drop_ignored(name);
    let mut folded = Vec::with_capacity(visible.len());
    for chunk in visible.utf8_chunks() {
        folded.extend_from_slice(fold_text(chunk.valid()).as_bytes());
        folded.extend_from_slice(chunk.invalid());
    }
    Cow::Owned(folded)
}

fn fold_text(text: &str) -> String {
    // NFD first: folding knows fewer composed letters than there are; see "canonical caseless match" in the
    // Unicode standard, D145.
    let decomposed = DecomposingNormalizer::new_nfd();
    let decomposed = decomposed.normalize(text);
    let folded = CaseMapper::new().fold_string(&decomposed);
    ComposingNormalizer::new_nfc().normalize(&folded).into_owned()
}

/// Drops the code points that HFS+ ignores, as Git's `next_hfs_char` (utf8.c) lists them.
///
/// Done over bytes and with a look back, because what is left of a dropped one and what is right of it may make a
/// character together, or another one to drop.
fn drop_ignored(name: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(name.len());
    for byte in name {
        kept.push(*byte);
        if kept.last_chunk::<3>().is_some_and(is_ignored) {
            kept.truncate(kept.len() - 3);
        }
    }
    kept
}

/// U+200C to U+200F, U+202A to U+202E, U+206A to U+206F and U+FEFF, in UTF-8.
const fn is_ignored(encoded: &[u8; 3]) -> bool {
    matches!(
        encoded,
        [0xe2, 0x80, 0x8c..=0x8f | 0xaa..=0xae] | [0xe2, 0x81, 0xaa..=0xaf] | [0xef, 0xbb, 0xbf]
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use bstr::ByteSlice;
    use proptest::prelude::*;

    #[track_caller]
    fn same(a: &str, b: &str) {
        assert_eq!(fold(a.as_bytes()).as_bstr(), fold(b.as_bytes()).as_bstr());
    }

    #[test]
    fn spellings_that_differ_in_case_or_form_fold_alike() {
        same("MAIN", "main");
        same("caf\u{e9}", "CAFE\u{301}");
        same("\u{17f}rc", "src");
        same("stra\u{df}e", "STRASSE");
        same("\u{1e9e}", "ss");
        same("\u{212a}ey", "key");
        same("\u{130}", "i\u{307}");
        same("\u{3a3}\u{3c2}", "\u{3c3}\u{3c3}");
        same("\u{1fb3}", "\u{3b1}\u{345}");
    }

    #[test]
    fn what_hfs_ignores_is_gone() {
        same(".g\u{200c}it", ".git");
        same("\u{feff}.G\u{202e}i\u{206a}t\u{200f}", ".git");
        assert_ne!(fold("\u{200b}a".as_bytes()).as_ref(), b"a");
    }

    #[test]
    fn names_that_differ_stay_apart() {
        assert_ne!(fold("\u{131}".as_bytes()).as_ref(), b"i");
        assert_ne!(fold(b"main"), fold(b"man"));
    }

    #[test]
    fn bytes_that_are_no_text_stay_and_the_text_about_them_folds() {
        assert_eq!(fold(b"A\xff\xc3\x89").as_ref(), b"a\xff\xc3\xa9");
    }

    #[test]
    fn a_letter_split_by_an_ignored_one_folds_too() {
        assert_eq!(fold(b"\xc3\xe2\x80\x8c\x89").as_ref(), "\u{e9}".as_bytes());
        assert_eq!(fold(b"\xe2\xe2\x80\x8c\x80\x8ca").as_ref(), b"a");
    }

    #[test]
    fn a_name_in_lower_ascii_is_lent() {
        assert!(matches!(fold(b"src/main.rs"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = fold(text.as_bytes());
            prop_assert_eq!(fold(&once), once.clone());
        }

        #[test]
        fn folding_any_bytes_twice_changes_nothing(
            parts in prop::collection::vec(prop_oneof![
                any::<[u8; 1]>().prop_map(|byte| byte.to_vec()),
                any::<char>().prop_map(|c| c.to_string().into_bytes()),
                prop::sample::select(vec!["\u{200c}", "\u{345}", "\u{301}", "\u{3b9}", "\u{307}", "I", "\u{feff}"])
                    .prop_map(|text| text.as_bytes().to_vec()),
            ], 0..24),
        ) {
            let name = parts.concat();
            let once = fold(&name);
            prop_assert_eq!(fold(&once), once.clone());
        }
    }

    #[test]
    fn folding_each_cased_code_point_twice_changes_nothing() {
        // Ideographs and syllables left out: they have no case, and debug builds are slow.
        let cased = ('\0'..='\u{33ff}').chain('\u{a640}'..='\u{abff}').chain('\u{fa00}'..='\u{1efff}');
        for c in cased {
            let text = c.to_string();
            let once = fold(text.as_bytes());
            assert_eq!(fold(&once), once, "U+{:04X}", u32::from(c));
        }
    }
}
