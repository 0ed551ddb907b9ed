//! Signed documents: each is of one kind, says the same when it is written again, and an envelope has one spelling.

use refgate::statement::approval::SignedApproval;
use refgate::statement::check::Check;
use refgate::statement::dsse::Envelope;
use refgate::statement::place::Place;
use refgate::statement::policy_change::{PolicyChange, key};
use refgate::statement::waiver::Override;
use refgate::statement::withdrawal::Withdrawal;
use refgate::strict_json;

use super::tells;

pub(crate) fn holds(data: &[u8]) {
    let mut kinds = 0;
    macro_rules! document {
        ($kind:ty) => {
            match <$kind>::parse(data) {
                Ok(read) => {
                    kinds += 1;
                    let written = read.to_json();
                    assert_eq!(<$kind>::parse(written.as_bytes()), Ok(read), "written again it says something else");
                    // The order of keys and the space between them is all that a writer is free in.
                    let value = |bytes: &[u8]| strict_json::parse(bytes).unwrap();
                    assert_eq!(value(data), value(written.as_bytes()), "something in it was not read");
                }
                Err(error) => tells(&error.to_string()),
            }
        };
    }
    document!(Override);
    document!(SignedApproval);
    document!(PolicyChange);
    document!(Withdrawal);
    document!(Check);
    assert!(kinds < 2, "one document is of two kinds");
    match Envelope::parse(data) {
        Ok(envelope) => {
            assert_eq!(envelope.to_json().as_bytes(), data, "an envelope has two spellings");
            assert!(!envelope.signatures.is_empty() && envelope.signed().starts_with(b"DSSEv1 "));
        }
        Err(error) => tells(&error.to_string()),
    }
    if let Some(place) = Place::parse(data.into()) {
        assert_eq!(place.name(), data, "a ref is the place of two documents");
    }
    if let Ok(change) = PolicyChange::parse(data) {
        assert_eq!(key(&change.changes).len(), 64);
    }
}
