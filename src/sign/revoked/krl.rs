//! OpenSSH's key revocation list (PROTOCOL.krl), version 1, what stands behind its first bytes.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::sign::certificate::Certificate;
use crate::sign::key::Key;
use crate::sign::wire::Reader;

/// The first bytes of a list.
pub(super) const MAGIC: &[u8] = b"SSHKRL\n\0";
const VERSION: u32 = 1;

/// Why a list is not understood.
type Fault = &'static str;

const CUT_OFF: Fault = "the list is cut off";

/// What is revoked.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    keys: BTreeSet<Vec<u8>>,
    /// The SHA-1 and SHA-256 of keys.
    digests: BTreeSet<Vec<u8>>,
    certificates: Vec<Certificates>,
}

/// What is revoked of one authority's certificates.
#[derive(Clone, Debug)]
struct Certificates {
    /// `None` for those of any authority.
    authority: Option<Key>,
    serials: Vec<RangeInclusive<u64>>,
    /// The first serial, and for each from there on a bit, the last byte's lowest one first. Kept as they are written:
    /// spelled out they would take a hundred times the memory.
    bitmaps: Vec<(u64, Vec<u8>)>,
    ids: BTreeSet<Vec<u8>>,
}

impl List {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(bytes);
        if reader.u32().ok_or(CUT_OFF)? != VERSION {
            return Err("the list is not of version 1");
        }
        let _number_date_flags = reader.bytes(24).ok_or(CUT_OFF)?;
        let _reserved = reader.string().ok_or(CUT_OFF)?;
        let _comment = reader.c_string().ok_or(CUT_OFF)?;
        let mut list = Self::default();
        while !reader.is_empty() {
            let section = reader.u8().ok_or(CUT_OFF)?;
            let body = reader.string().ok_or(CUT_OFF)?;
            match section {
                1 => list.certificates.push(Certificates::parse(body)?),
                2 => list.keys.extend(strings(body, None)?),
                3 => list.digests.extend(strings(body, Some(20))?),
                4 => return Err("the list is signed, which nobody here can verify"),
                5 => list.digests.extend(strings(body, Some(32))?),
                _ => return Err("the list has a section of an unknown kind"),
            }
        }
        Ok(list)
    }

    /// Takes up one key.
    pub(super) fn revoke(&mut self, key: &Key) {
        self.keys.insert(key.blob().to_vec());
    }

    pub(super) fn has_key(&self, key: &Key) -> bool {
        let blob = key.blob();
        let digests = || [Sha1::digest(blob).to_vec(), Sha256::digest(blob).to_vec()];
        self.keys.contains(blob)
            || !self.digests.is_empty() && digests().iter().any(|digest| self.digests.contains(digest))
    }

    /// Whether the certificate is revoked by its number or name.
    pub(super) fn has_certificate(&self, certificate: &Certificate) -> bool {
        let theirs = |of: &&Certificates| of.authority.as_ref().is_none_or(|key| key == certificate.authority());
        self.certificates.iter().filter(theirs).any(|of| of.has(certificate))
    }
}

impl Certificates {
    fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut reader = Reader::new(bytes);
        let authority = reader.string().ok_or(CUT_OFF)?;
        let _reserved = reader.string().ok_or(CUT_OFF)?;
        let authority = match authority {
            [] => None,
            blob => Some(Key::of_any_strength(blob).map_err(|_| "the list names an authority that is no key")?),
        };
        let mut of = Self { authority, serials: Vec::new(), bitmaps: Vec::new(), ids: BTreeSet::new() };
        while !reader.is_empty() {
            let section = reader.u8().ok_or(CUT_OFF)?;
            let body = reader.string().ok_or(CUT_OFF)?;
            of.take(section, body)?;
        }
        Ok(of)
    }

    fn take(&mut self, section: u8, body: &[u8]) -> Result<(), Fault> {
        let mut reader = Reader::new(body);
        match section {
            0x20 => {
                while !reader.is_empty() {
                    let serial = reader.u64().ok_or(CUT_OFF)?;
                    self.serials.push(range(serial, serial)?);
                }
            }
            0x21 => self.serials.push(range(reader.u64().ok_or(CUT_OFF)?, reader.u64().ok_or(CUT_OFF)?)?),
            0x22 => self.bitmaps.push(bitmap(reader.u64().ok_or(CUT_OFF)?, reader.string().ok_or(CUT_OFF)?)?),
            0x23 => {
                while !reader.is_empty() {
                    self.ids.insert(reader.c_string().ok_or(CUT_OFF)?.to_vec());
                }
            }
            _ => return Err("the list has a section on certificates of an unknown kind"),
        }
        if reader.is_empty() { Ok(()) } else { Err("something follows a section of the list") }
    }

    fn has(&self, certificate: &Certificate) -> bool {
        // Zero is what an authority writes that does not number its certificates.
        let serial = certificate.serial;
        self.ids.contains(&certificate.id)
            || serial != 0
                && (self.serials.iter().any(|range| range.contains(&serial))
                    || self.bitmaps.iter().any(|(first, bits)| bit(bits, serial.checked_sub(*first))))
    }
}

fn range(first: u64, last: u64) -> Result<RangeInclusive<u64>, Fault> {
    match first != 0 && first <= last {
        true => Ok(first..=last),
        false => Err("the list has serials that cannot be"),
    }
}

/// A number whose bits stand for serials, `first` by the lowest.
fn bitmap(first: u64, number: &[u8]) -> Result<(u64, Vec<u8>), Fault> {
    if number.first().is_some_and(|byte| byte & 0x80 != 0) {
        return Err("the list has a bitmap that is no number");
    }
    let bits: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
    let highest = bits.len() as u64 * 8 - u64::from(bits.first().map_or(0, |byte| byte.leading_zeros()));
    match (first == 0 && bit(&bits, Some(0))) || (highest > 0 && first.checked_add(highest - 1).is_none()) {
        true => Err("the list has serials that cannot be"),
        false => Ok((first, bits)),
    }
}

fn bit(bits: &[u8], place: Option<u64>) -> bool {
    let Some(place) = place.and_then(|place| usize::try_from(place).ok()) else {
        return false;
    };
    bits.iter().rev().nth(place / 8).is_some_and(|byte| byte & (1 << (place % 8)) != 0)
}

/// The strings that a section is made of, each of the length that is asked for.
fn strings(body: &[u8], length: Option<usize>) -> Result<Vec<Vec<u8>>, Fault> {
    let mut reader = Reader::new(body);
    let mut found = Vec::new();
    while !reader.is_empty() {
        let string = reader.string().ok_or(CUT_OFF)?;
        if length.is_some_and(|length| length != string.len()) {
            return Err("the list has a digest of the wrong length");
        }
        found.push(string.to_vec());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::Signature;
    use crate::sign::wire::put_string;

    /// A certificate with the number 7.
    fn certified() -> Signature {
        Signature::parse(include_bytes!("../../../fixtures/signatures/certificate.sig")).unwrap()
    }

    fn string(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_string(&mut out, bytes);
        out
    }

    fn list(section: u8, body: &[u8]) -> Result<List, Fault> {
        List::parse(&[&[0, 0, 0, 1][..], &[0; 24], &string(b""), &string(b""), &[section], &string(body)].concat())
    }

    /// A list about certificates of any authority.
    fn of(section: u8, body: &[u8]) -> Result<List, Fault> {
        list(1, &[string(b""), string(b""), vec![section], string(body)].concat())
    }

    fn revokes(section: u8, body: &[u8]) -> bool {
        of(section, body).unwrap().has_certificate(certified().certificate().unwrap())
    }

    fn serials(serials: &[u64]) -> Vec<u8> {
        serials.iter().flat_map(|serial| serial.to_be_bytes()).collect()
    }

    fn bitmap(first: u64, bits: &[u8]) -> Vec<u8> {
        [serials(&[first]), string(bits)].concat()
    }

    #[test]
    fn serials_are_listed_one_by_one_in_ranges_and_in_bits() {
        assert!(revokes(0x20, &serials(&[6, 7])) && !revokes(0x20, &serials(&[6, 8])) && !revokes(0x20, &[]));
        assert!(revokes(0x21, &serials(&[7, 7])) && revokes(0x21, &serials(&[1, u64::MAX])));
        assert!(!revokes(0x21, &serials(&[1, 6])) && !revokes(0x21, &serials(&[8, 9])));
        assert!(
            revokes(0x22, &bitmap(7, &[1])) && revokes(0x22, &bitmap(6, &[2])) && revokes(0x22, &bitmap(0, &[0, 0x80]))
        );
        assert!(
            !revokes(0x22, &bitmap(7, &[2])) && !revokes(0x22, &bitmap(8, &[1])) && !revokes(0x22, &bitmap(7, &[]))
        );
        assert!(revokes(0x22, &bitmap(1, &[0, 0x40])) && !revokes(0x22, &bitmap(1, &[0x40, 0])));
        assert!(
            revokes(0x23, &[string(b"x"), string(b"number-7\0")].concat()) && !revokes(0x23, &string(b"number-70"))
        );
    }

    #[test]
    fn serials_that_cannot_be_are_no_list() {
        let wrong = |section, body: &[u8]| of(section, body).map(drop).unwrap_err();
        let cannot_be = "the list has serials that cannot be";
        assert_eq!(wrong(0x20, &serials(&[1, 0])), cannot_be);
        assert_eq!((wrong(0x21, &serials(&[0, 1])), wrong(0x21, &serials(&[2, 1]))), (cannot_be, cannot_be));
        assert_eq!((wrong(0x22, &bitmap(0, &[1])), wrong(0x22, &bitmap(u64::MAX, &[2]))), (cannot_be, cannot_be));
        assert!(of(0x22, &bitmap(u64::MAX, &[1])).is_ok() && of(0x22, &bitmap(u64::MAX - 7, &[0, 0x80])).is_ok());
        assert_eq!(wrong(0x22, &bitmap(1, &[0x80])), "the list has a bitmap that is no number");
    }

    #[test]
    fn what_is_not_known_is_no_list() {
        assert_eq!(of(0x24, &[]).map(drop), Err("the list has a section on certificates of an unknown kind"));
        assert_eq!(of(0x21, &serials(&[1, 2, 3])).map(drop), Err("something follows a section of the list"));
        assert_eq!(of(0x20, &[0; 7]).map(drop), Err(CUT_OFF));
        assert_eq!(list(0, &[]).map(drop), Err("the list has a section of an unknown kind"));
        assert_eq!(list(3, &string(&[0; 19])).map(drop), Err("the list has a digest of the wrong length"));
        assert_eq!(list(5, &string(&[0; 20])).map(drop), Err("the list has a digest of the wrong length"));
        let authority = [string(b"no key"), string(b"")].concat();
        assert_eq!(list(1, &authority).map(drop), Err("the list names an authority that is no key"));
        let reserved = [&[0, 0, 0, 1][..], &[0; 24], &[0, 0, 0, 9], &string(b"abcd")].concat();
        assert_eq!(List::parse(&reserved).map(drop), Err(CUT_OFF), "what is reserved is cut off");
        assert_eq!(List::parse(&[0, 0, 0, 2]).map(drop), Err("the list is not of version 1"));
    }
}
