//! Whether a ledger still holds what somebody outside of it knows: asked at every push, so without reading it all.

use super::{Ledger, MIRROR, Receipt};
use crate::error::{Error, Result};

/// A record that others know is among so many last ones, or else it is searched for.
const LAST: usize = 8;

impl Ledger {
    /// Holds the ledger against the end of its mirror. The mirror gets what is written to last, so it may lag behind and is
    /// never ahead, whenever it was looked at before this.
    ///
    /// # Errors
    /// The ledger was cut back, or an older copy of it or another one was put there; or it cannot be read.
    pub fn reaches(&self, known: Receipt) -> Result<()> {
        let reader = self.read(&[])?;
        let (mut end, mut found) = (0, None);
        for entry in reader.newest_first()?.take(LAST) {
            let entry = entry?;
            end = end.max(entry.record.sequence);
            if entry.record.sequence <= known.sequence {
                found = Some(entry).filter(|entry| entry.record.sequence == known.sequence);
                break;
            }
        }
        if found.is_none() && known.sequence < end {
            found = reader.find(known.sequence)?;
        }
        let number = known.sequence;
        match found {
            Some(entry) if entry.receipt() == known => Ok(()),
            Some(_) => Err(not_that(format!("its record {number} is not the one that {MIRROR} knows"), RESTORE)),
            None if number > end => {
                let what = format!("it ends with record {end}, and {MIRROR} knows record {number}");
                Err(not_that(what, RESTORE))
            }
            None => {
                let what = format!("its record {number}, with which {MIRROR} ends, is not here");
                Err(not_that(
                    what,
                    "an administrator puts the segments back that were moved away, until the mirror has caught up",
                ))
            }
        }
    }
}

const RESTORE: &str = "an administrator puts refgate/ledger back as it was (a backup has it, and what that lacks stands in the \
    commits of that ref), or, knowing what that hides, deletes the ref to go on from here; refgate ledger verify says more";

fn not_that(what: String, help: &str) -> Error {
    Error::undecided(format!("the ledger was cut back or exchanged: {what}")).help(help)
}

#[cfg(test)]
mod tests {
    use super::super::tests::*;
    use super::*;
    use crate::finding::Decision;
    use crate::ledger::Hash;

    /// Several segments, each much longer than what is read line by line.
    #[test]
    fn every_record_is_found_wherever_it_stands_and_no_other() {
        let place = Place::begun();
        let ledger = place.ledger.clone().sealed_at(200_000);
        let mut receipts = Vec::new();
        for batch in 0..12 {
            let mut writer = ledger.lock(at(1)).unwrap();
            for number in 0..100 {
                let mut decided = decided(Decision::Refuse, vec![moved(MAIN, 1, 2)]);
                decided.actor = Some("a".repeat((batch * 100 + number) % 97));
                receipts.push(writer.decide(decided).unwrap());
            }
            writer.commit().unwrap();
        }
        let reader = place.ledger.read(&[]).unwrap();
        assert!(reader.segments.len() > 2, "{reader:?}");
        for known in receipts.iter().step_by(7) {
            assert_eq!(reader.find(known.sequence).unwrap().unwrap().receipt(), *known);
            let next = reader.from(known.sequence).unwrap().next().unwrap().unwrap();
            assert_eq!(next.receipt(), *known);
        }
        let last = receipts[receipts.len() - 1];
        for known in [last, receipts[receipts.len() - 10], receipts[600], receipts[0]] {
            place.ledger.reaches(known).unwrap();
            let other = Receipt { hash: Hash::ZERO, ..known };
            let said = place.ledger.reaches(other).unwrap_err();
            assert!(said.message.contains("is not the one"), "{said}");
        }
        let beyond = Receipt { sequence: last.sequence + 1, ..last };
        assert!(place.ledger.reaches(beyond).unwrap_err().message.contains("it ends with record"));
        assert!(reader.find(beyond.sequence).unwrap().is_none() && reader.find(0).unwrap().is_none());
        // What was moved away cannot be asked.
        fs_err::remove_file(place.segment(1)).unwrap();
        let said = place.ledger.reaches(receipts[0]).unwrap_err();
        assert!(said.message.contains("is not here") && said.help.contains("segments"), "{said}");
        place.ledger.reaches(last).unwrap();
    }
}
