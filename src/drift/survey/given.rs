//! The acknowledgements that stand in code and contracts, and which of them the change brings.

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::{BString, ByteSlice};

use super::held::Look;
use super::side::Side;
use super::{Given, Survey};
use crate::drift::acknowledgement::{self, Acknowledgement};
use crate::drift::config::Held;
use crate::drift::problem::{self, Problem};
use crate::error::Result;

/// What an acknowledgement in code begins with.
const MARK: &[u8] = b"DRIFT ACKNOWLEDG";

/// Things, each with the file that it stands in.
type InFiles<T> = Vec<(BString, T)>;

/// What one state acknowledges in some files.
fn in_files(side: &Side<'_>, files: &[BString]) -> Result<(InFiles<Acknowledgement>, InFiles<Problem>)> {
    let (mut given, mut unclear) = (Vec::new(), Vec::new());
    for file in files {
        let Some(bytes) = side.bytes(file.as_bstr())? else { continue };
        if memchr::memmem::find(bytes, MARK).is_none() {
            continue;
        }
        let (found, mut problems) = acknowledgement::in_code(&bytes.to_str_lossy());
        problem::settle(&mut problems);
        given.extend(found.into_iter().map(|one| (file.clone(), one)));
        unclear.extend(problems.into_iter().map(|problem| (file.clone(), problem)));
    }
    Ok((given, unclear))
}

/// All that an acknowledgement says, wherever it stands.
fn said(one: &Acknowledgement) -> String {
    let Acknowledgement { divergence, fields, contract, reason, approved_by, date, expires, .. } = one;
    // Where a flaw goes, what held nothing holds something.
    format!("{:?}", (divergence, fields, contract, reason, approved_by, date, expires, one.flaws()))
}

/// Which acknowledgements are not among the old ones, each of which stands for one: first for that of its own file, then
/// for one that was moved. A copy is new.
fn fresh(new: &[(BString, Acknowledgement)], old: &[(BString, Acknowledgement)]) -> Vec<bool> {
    let mut left: HashMap<String, BTreeMap<&BString, usize>> = HashMap::new();
    for (file, one) in old {
        *left.entry(said(one)).or_default().entry(file).or_default() += 1;
    }
    let mut take = |one: &Acknowledgement, from: Option<&BString>| {
        let Some(files) = left.get_mut(&said(one)) else { return false };
        let Some(from) = from.or_else(|| files.keys().next().copied()).cloned() else { return false };
        let Some(count) = files.get_mut(&from) else { return false };
        *count -= 1;
        if *count == 0 {
            files.remove(&from);
        }
        true
    };
    let stayed: Vec<bool> = new.iter().map(|(file, one)| take(one, Some(file))).collect();
    new.iter().zip(stayed).map(|((_, one), stayed)| !stayed && !take(one, None)).collect()
}

/// Whether the change brings an acknowledgement in one of the files that it touches.
pub(super) fn any_new(held: &Held, base: Option<&Side<'_>>, head: &Side<'_>, touched: &[BString]) -> Result<bool> {
    let Some(base) = base else { return Ok(true) };
    let files: Vec<BString> = touched.iter().filter(|path| held.concerns(path)).cloned().collect();
    let ((new, unclear), (old, _)) = (in_files(head, &files)?, in_files(base, &files)?);
    Ok(!unclear.is_empty() || fresh(&new, &old).contains(&true) || old.len() > new.len())
}

/// Notes what is acknowledged: in every file where any drift was found, else in the files that the change touches.
pub(super) fn collect(survey: &mut Survey, look: &Look<'_, '_>, touched: &[BString], everywhere: bool) -> Result<()> {
    let files = if everywhere { look.head.all_files(look.held)? } else { look.head.present(touched.iter())? };
    let (mut new, unclear) = in_files(look.head, &files)?;
    let (mut old, old_unclear) = look.base.map(|base| in_files(base, touched)).transpose()?.unwrap_or_default();
    let path = &look.held.path;
    let mut unclear: Vec<(BString, Problem)> = unclear;
    if let Some(contract) = look.contract() {
        new.extend(contract.acknowledgements.iter().map(|one| (path.clone(), one.clone())));
        unclear.extend(contract.unclear.iter().map(|problem| (path.clone(), problem.clone())));
    }
    let old_contract = look.old_contract();
    old.extend(
        old_contract.into_iter().flat_map(|contract| &contract.acknowledgements).map(|one| (path.clone(), one.clone())),
    );
    let in_contract = old_contract.into_iter().flat_map(|contract| &contract.unclear);
    let before = old_unclear.iter().map(|(_, problem)| problem).chain(in_contract);
    let told: HashSet<&str> = before.filter(|_| look.introduced()).map(|problem| problem.message.as_str()).collect();
    // A file may belong to two contracts.
    survey.unclear.extend(unclear.into_iter().filter(|(_, problem)| !told.contains(problem.message.as_str())));
    // What the change does not touch was there before.
    let is_touched = |file: &BString| file == path || look.changed.contains(file);
    let (now, before): (Vec<_>, Vec<_>) = new.into_iter().partition(|(file, _)| is_touched(file));
    let is_fresh = fresh(&now, &old);
    let all = now.into_iter().zip(is_fresh).chain(before.into_iter().map(|one| (one, false)));
    for ((file, acknowledgement), is_fresh) in all {
        let is_other_s = |named: &String| *named != path.to_str_lossy() && look.config.is_contract(named.as_bytes());
        if acknowledgement.contract.as_ref().is_some_and(is_other_s) {
            continue;
        }
        let is_new = look.base.is_none() || is_fresh;
        survey.given.push(Given { acknowledgement, file, contract: path.clone(), is_new });
    }
    Ok(())
}
