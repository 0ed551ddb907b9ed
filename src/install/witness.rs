//! Whether a clone keeps what its server's ledger said: a fetch that brings the ledger's mirror along, by fast forward only,
//! so that one that was written anew is refused.

use bstr::{BString, ByteSlice as _};

use super::Place;
use crate::error::Result;
use crate::git::{found, settings};

/// What a remote fetches beside its branches. A pattern, for without one Git fetches nothing at all from a server that
/// has no ledger; and without a plus sign.
pub const REFSPEC: &str = "refs/refgate/ledger*:refs/refgate/ledger*";

/// The ref that it is about: the ledger's own word for it stands above this room.
const MIRROR: &[u8] = b"refs/refgate/ledger";

/// How a clone stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witness {
    /// A fetch from this remote brings the ledger along.
    Kept {
        /// The remote.
        remote: String,
        /// What was written anew takes the place of what the clone knows.
        forced: bool,
        /// A mirror that is gone on the server is taken away here.
        pruned: bool,
    },
    /// A fetch from this remote could.
    Missing {
        /// The remote.
        remote: String,
    },
    /// There is no remote, or several of which none is the server for certain, or one that fetches nothing by itself.
    Unasked,
}

impl Witness {
    /// Looks at the remotes of a clone; `named` are those that its pushes are judged for.
    ///
    /// # Errors
    /// Git cannot read the configuration.
    pub fn look(place: &Place, named: &[String]) -> Result<Self> {
        let all = found(place.git().arg("remote"))?.unwrap_or_default();
        let all: Vec<&str> = all.lines().filter_map(|name| name.to_str().ok()).collect();
        for remote in &all {
            let specs = specs(place, remote)?;
            let bringing: Vec<&Spec> = specs.iter().filter(|spec| spec.brings(MIRROR)).collect();
            if !bringing.is_empty() {
                // A name without a pattern makes the fetch fail where the ref is gone, before anything is taken away.
                let exact = bringing.iter().any(|spec| !spec.from.contains(&b'*'));
                let forced = bringing.iter().any(|spec| spec.forced);
                return Ok(Self::Kept {
                    remote: (*remote).to_owned(),
                    forced,
                    pruned: !exact && prunes(place, remote)?,
                });
            }
        }
        let usual = || all.iter().find(|name| **name == "origin").or_else(|| all.first().filter(|_| all.len() == 1));
        // Two ledgers cannot stand at one ref, so one remote alone is asked.
        let chosen = named.first().map(String::as_str).or_else(|| usual().copied());
        match chosen {
            // Where nothing is named git fetch brings the branch of HEAD, which it would not do any more.
            Some(remote) if !specs(place, remote)?.is_empty() => Ok(Self::Missing { remote: remote.to_owned() }),
            _ => Ok(Self::Unasked),
        }
    }
}

/// One refspec, as far as it matters here.
struct Spec {
    forced: bool,
    from: BString,
    to: BString,
}

impl Spec {
    fn parse(text: &[u8]) -> Self {
        let (forced, rest) = text.strip_prefix(b"+").map_or((false, text), |rest| (true, rest));
        let (from, to) = rest.split_once_str(":").unwrap_or((rest, b""));
        Self { forced, from: from.into(), to: to.into() }
    }

    /// Whether it puts a ref of the server at the same name here.
    fn brings(&self, name: &[u8]) -> bool {
        self.from == self.to && matches(&self.from, name)
    }
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_once_str("*") {
        Some((start, end)) => name.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
        None => pattern == name,
    }
}

fn specs(place: &Place, remote: &str) -> Result<Vec<Spec>> {
    let values = settings(&mut place.git(), &format!("remote.{remote}.fetch"), "")?;
    Ok(values.iter().map(|setting| Spec::parse(&setting.value)).collect())
}

fn prunes(place: &Place, remote: &str) -> Result<bool> {
    for key in [format!("remote.{remote}.prune"), "fetch.prune".to_owned()] {
        if let Some(last) = settings(&mut place.git(), &key, "bool")?.last() {
            return Ok(last.value == "true");
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refspec_brings_the_mirror_where_both_sides_are_its_name() {
        for (text, brings, forced) in [
            (REFSPEC, true, false),
            ("refs/refgate/ledger:refs/refgate/ledger", true, false),
            ("+refs/*:refs/*", true, true),
            ("refs/refgate/*:refs/refgate/*", true, false),
            ("+refs/heads/*:refs/remotes/origin/*", false, true),
            ("refs/refgate/ledger", false, false),
            ("refs/refgate/ledger:refs/elsewhere", false, false),
            ("^refs/refgate/ledger", false, false),
            ("refs/refgate/ledger/*:refs/refgate/ledger/*", false, false),
        ] {
            let spec = Spec::parse(text.as_bytes());
            assert_eq!((spec.brings(MIRROR), spec.forced), (brings, forced), "{text}");
        }
    }
}
