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
        let _number_date_flags = (reader.u64(), reader.u64(), reader.u64().ok_or(CUT_OFF)?);
        let (_reserved, _comment) = (reader.string(), reader.c_string().ok_or(CUT_OFF)?);
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
