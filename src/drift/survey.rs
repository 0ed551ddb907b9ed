//! Two states of a repository, and the drift between code and contract that the second has or adds.
//!
//! Four sets of fields are compared: contract and code, each before and after. Only so does a field show that is deleted
//! from both in one change. Where a change touches code alone, the types that it can be seen in are read (`reach`); once a
//! field has come that the contract does not know, or one is gone, all sources are.

mod databases;
mod findings;
mod given;
mod held;
mod lent;
mod listed;
mod lost;
mod mapped;
mod reach;
mod reading;
mod side;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};

use super::acknowledgement::{Acknowledgement, dotted, write_field};
use super::compare::{Key, Nearest};
use super::config::{Config, Mode};
use super::contract::{Contract, Entry};
use super::languages::Language;
use super::packages;
use super::path::FieldPath;
use super::problem::Problem;
use super::rename::Evidence;
use super::resolve::{Declared, Field};
use super::shape::Form;
use crate::error::Result;
use crate::oid::Oid;

pub use databases::databases;
pub use side::{Side, State, Written};

/// The word for a field that the contract does not know,
const ADDED: &str = "added";
/// and for one that the code does not have.
const REMOVED: &str = "removed";

/// One state of the files, as they are stored.
pub trait Tree {
    /// The plain file at a path; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    fn blob(&self, path: &BStr) -> Result<Option<Blob>>;

    /// Whether a link or a submodule stands at a path.
    ///
    /// # Errors
    /// The tree cannot be read.
    fn is_odd(&self, path: &BStr) -> Result<bool>;

    /// The plain files that are wanted.
    ///
    /// # Errors
    /// The tree cannot be read, or holds too much.
    fn list(&self, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<BString>>;

    /// What is wanted and no plain file: links and submodules.
    ///
    /// # Errors
    /// The tree cannot be read, or holds too much.
    fn odd(&self, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<BString>>;

    /// The plain files that are wanted and of whose bytes something is true; those that are larger than the policy's limit
    /// are among them.
    ///
    /// # Errors
    /// The tree or a file cannot be read, or there is too much of it.
    fn search(&self, wanted: &dyn Fn(&[u8]) -> bool, is_true: &(dyn Fn(&[u8]) -> bool + Sync)) -> Result<Vec<BString>>;

    /// The plain files of a folder, not of those below it.
    ///
    /// # Errors
    /// The tree cannot be read.
    fn folder(&self, folder: &BStr) -> Result<Vec<BString>>;

    /// What else stands in a folder: links, submodules, and folders.
    ///
    /// # Errors
    /// The tree cannot be read.
    fn others(&self, folder: &BStr) -> Result<Vec<BString>>;
}

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its name.
    pub oid: Oid,
    /// What it holds; `None` where that is more than the policy's limit.
    pub bytes: Option<Vec<u8>>,
}

impl Blob {
    /// What of it is read: nothing where it is too large.
    fn read(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or_default()
    }
}

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: BString,
    /// 1-based.
    pub line: u32,
    /// 1-based, in bytes; 0 where the whole line is meant.
    pub column: u32,
}

/// One divergence of code and contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// What diverges.
    pub condition: Condition,
    /// The type; empty where a path names none.
    pub ty: String,
    /// The path; `None` where a whole type or file is meant.
    pub path: Option<FieldPath>,
    /// The contract that it is held against.
    pub contract: BString,
    /// Where the contract speaks of it, by line.
    pub contract_line: Option<u32>,
    /// Where the code does.
    pub code: Option<Place>,
    /// The listed path that is most like it.
    pub nearest: Nearest,
    /// Whether it stood before the change.
    pub stood: Stood,
}

/// What of a drift stood before the change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stood {
    /// The drift of its type and path.
    pub own: bool,
    /// That of the new name, where it is a rename.
    pub new: bool,
}

impl Stood {
    /// Whether all that is drift of it stood.
    pub fn all(self, condition: &Condition) -> bool {
        self.own && (self.new || !matches!(condition, Condition::Renamed { listed: false, .. }))
    }
}

/// The conditions of drift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// In the code and not in the contract.
    Added {
        /// The kind of value, in a word.
        kind: &'static str,
        /// An entry in whose form the contract would list it, where it speaks of the type.
        beside: Option<Arc<Entry>>,
    },
    /// In the contract, and gone from the code.
    Removed {
        /// The change takes it out of the contract too.
        from_both: bool,
        /// What it may have become.
        candidates: Vec<String>,
        /// The file of another type of the name, which still has it.
        other: Option<BString>,
    },
    /// Under another name in the code.
    Renamed {
        /// The type after; the path where it is a field.
        to: (String, Option<FieldPath>),
        /// Why that is taken for it.
        evidence: Evidence,
        /// The contract knows the new name already.
        listed: bool,
    },
    /// Code maps to a path that the contract does not know.
    NonCanonical {
        /// How.
        form: Mapping,
        /// The path that the contract has retired it for.
        retired: Option<FieldPath>,
        /// As the code writes it.
        written: String,
    },
    /// A mapping file that does not name its contract.
    Unnamed,
}

/// How code maps to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mapping {
    /// By a site of the code.
    Site(Form),
    /// By a claim of the file's header.
    Claim,
}

/// A place that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// Where.
    pub place: Place,
    /// What is there.
    pub reason: String,
}

/// An acknowledgement and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    /// What it says.
    pub acknowledgement: Acknowledgement,
    /// The file.
    pub file: BString,
    /// The contract that it is about, by the file that it stands in.
    pub contract: BString,
    /// It was not there before the change.
    pub is_new: bool,
}

/// The state of one contract.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contracted {
    /// Where it stands.
    pub path: BString,
    /// The change touches it.
    pub changed: bool,
    /// It is not there.
    pub missing: bool,
    /// What is wrong with it, as far as the mode asks.
    pub problems: Vec<Problem>,
    /// Types that it has a section for and that no source declares, with the line.
    pub orphans: Vec<(String, u32)>,
    /// The change touches files that map to it.
    pub mapped: bool,
    /// All its drift was looked for, so that an acknowledgement can be told to be stale.
    pub complete: bool,
}

/// Drift of one field, whatever the mode asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Standing {
    /// Its type.
    pub ty: String,
    /// Its path.
    pub path: FieldPath,
    /// The contract that it is held against.
    pub contract: BString,
    /// The word for it, as acknowledgements have it.
    pub what: &'static str,
    /// The file that maps there, where one does.
    pub file: Option<BString>,
}

/// What is known of drift after looking.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// The drift that the mode asks for.
    pub drifts: Vec<Arc<Drift>>,
    /// All drift that was seen: what an acknowledgement may be for.
    pub standing: BTreeSet<Standing>,
    /// What could not be read.
    pub unread: BTreeSet<Unread>,
    /// The contracts.
    pub contracts: Vec<Contracted>,
    /// Acknowledgements in code and contracts.
    pub given: Vec<Given>,
    /// Comments that mean to acknowledge and cannot be read: file and problem.
    pub unclear: BTreeSet<(BString, Problem)>,
    /// The fields that mappings name, and
    pub known: BTreeSet<Key>,
    /// all that code and contracts speak of.
    pub spoken: Vec<Spoken>,
    /// The baseline before the change and after it, by line; `None` where there is none.
    pub baseline: [Option<BTreeSet<String>>; 2],
}

/// What speaks of fields.
#[derive(Clone, Debug, PartialEq)]
pub enum Spoken {
    /// Sources.
    Code(Rc<Declared>),
    /// A contract.
    Contract(Rc<Contract>),
}

impl Drift {
    /// The field as programs read it, or what stands in its place.
    pub fn dotted(&self) -> String {
        self.path.as_ref().map_or_else(|| self.field(), |path| dotted(&self.ty, path))
    }

    /// The field in one word, as it can be pasted into a command, or what stands in its place.
    pub fn field(&self) -> String {
        match (&self.path, self.ty.as_str()) {
            (Some(path), ty) => write_field(ty, path),
            (None, "") => self.code.as_ref().map(|place| place.file.to_string()).unwrap_or_default(),
            (None, ty) => ty.to_owned(),
        }
    }

    /// The listed path that is most like it, written with its type.
    pub fn nearest(&self) -> Option<String> {
        self.nearest.to(&self.ty, self.path.as_ref()?)
    }

    /// The word for it, as acknowledgements have it.
    const fn what(&self) -> &'static str {
        match &self.condition {
            Condition::Added { .. } => ADDED,
            Condition::Removed { .. } => REMOVED,
            Condition::Renamed { .. } => "renamed",
            Condition::NonCanonical { .. } => "noncanonical",
            Condition::Unnamed => "unnamed",
        }
    }

    /// What tells it from every other drift, whatever lines move.
    pub fn key(&self) -> String {
        let (what, field, contract) = (self.what(), self.field(), &self.contract);
        match &self.condition {
            Condition::Renamed { to: (ty, Some(path)), .. } => {
                format!("{what} {field} {} {contract}", write_field(ty, path))
            }
            Condition::Renamed { to: (ty, None), .. } => format!("{what} {field} {ty} {contract}"),
            // Each file that maps there is one.
            Condition::NonCanonical { .. } => {
                let file = self.code.as_ref().map(|place| place.file.to_string()).unwrap_or_default();
                format!("{what} {field} {file} {contract}")
            }
            _ => [what, " ", &field, " ", &contract.to_str_lossy()].concat(),
        }
    }

    /// The keys of the two halves of a rename: what is gone, and what has come.
    pub fn halves(&self) -> Option<[String; 2]> {
        let Condition::Renamed { to: (ty, Some(path)), .. } = &self.condition else { return None };
        let key = |what: &str, field: String| format!("{what} {field} {}", self.contract);
        Some([key(REMOVED, self.field()), key(ADDED, write_field(ty, path))])
    }

    /// What acknowledgements can be for: both names of a rename.
    pub fn standing(&self) -> impl Iterator<Item = Standing> + use<> {
        let file = self.code.as_ref().map(|place| place.file.clone());
        let file = file.filter(|_| matches!(self.condition, Condition::NonCanonical { .. }));
        let own = self.path.clone().map(|path| (self.ty.clone(), path));
        let other = match &self.condition {
            Condition::Renamed { to: (ty, Some(path)), .. } => Some((ty.clone(), path.clone())),
            _ => None,
        };
        let (contract, what) = (self.contract.clone(), self.what());
        let of = move |(ty, path)| Standing { ty, path, contract: contract.clone(), what, file: file.clone() };
        own.into_iter().chain(other).map(of)
    }
}

impl Survey {
    /// The drift that stands of one field, or of one type.
    pub fn standing_of<'s>(&'s self, ty: &'s str, path: Option<&'s FieldPath>) -> impl Iterator<Item = &'s Standing> {
        let first = Standing {
            ty: ty.to_owned(),
            path: path.cloned().unwrap_or_else(|| FieldPath::of("")),
            contract: BString::default(),
            what: "",
            file: None,
        };
        self.standing.range(first..).take_while(move |one| one.ty == ty && path.is_none_or(|path| one.path == *path))
    }

    /// Every field that contract or code speaks of: what an acknowledgement can name.
    pub fn known(&self) -> HashSet<(&str, &FieldPath)> {
        let mut known: HashSet<(&str, &FieldPath)> = self.known.iter().map(|(ty, path)| (ty.as_str(), path)).collect();
        for spoken in &self.spoken {
            match spoken {
                Spoken::Code(code) => known.extend(code.fields.iter().map(|field| (&*field.ty, &field.path))),
                Spoken::Contract(contract) => {
                    known.extend(contract.entries.iter().map(|entry| (entry.ty.as_str(), &entry.path)));
                }
            }
        }
        known
    }

    /// Notes a place that could not be read, once.
    fn blind(&mut self, place: Place, reason: &str) {
        self.unread.insert(Unread { place, reason: reason.to_owned() });
    }

    /// The contract at a path.
    pub fn contract(&self, path: &BStr) -> Option<&Contracted> {
        self.contracts.iter().find(|contract| contract.path == path)
    }
}

/// Looks at two states. `changed` has the paths that differ between them, and `base` is `None` where everything is new.
///
/// # Errors
/// Something cannot be read: then nothing is known.
pub fn survey(
    config: &Config,
    mode: Mode,
    base: Option<&dyn Tree>,
    head: &dyn Tree,
    changed: &BTreeSet<BString>,
) -> Result<Survey> {
    let mut survey = Survey::default();
    let shared = State::default();
    let mut base = base.map(|tree| Side::new(config, tree, &shared));
    let head = Side::new(config, head, &shared);
    if !changed.iter().any(|path| packages::is_named(path.as_bstr())) {
        base.iter_mut().for_each(|base| base.share_packages(&head));
    }
    for held in &config.contracts {
        held::look(&mut survey, config, held, mode, (base.as_ref(), &head), changed)?;
    }
    for (place, side) in [base.as_ref(), Some(&head)].into_iter().enumerate() {
        let lines = side.map(|side| side.lines(&config.baseline)).transpose()?.flatten();
        if let Some(slot) = survey.baseline.get_mut(place) {
            *slot = lines;
        }
    }
    Ok(survey)
}

/// A field that a source declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What the source is written in.
    pub language: Language,
    /// The field.
    pub field: Field,
    /// Where it is declared.
    pub place: Place,
}

/// The fields that all sources declare in one state, in the order of files and places, with what could not be read.
///
/// # Errors
/// Something cannot be read.
pub fn fields(config: &Config, tree: &dyn Tree) -> Result<(Vec<Listed>, Vec<Unread>)> {
    let shared = State::default();
    let side = Side::new(config, tree, &shared);
    let (mut fields, mut unread) = (Vec::new(), BTreeMap::new());
    for source in config.contracts.iter().flat_map(|held| &held.sources) {
        let declared = side.declared(source, &side.files(source)?, &|_, _| true)?;
        for field in declared.fields {
            let place = side.place(&field.file, field.at)?;
            fields.push(Listed { language: source.language, field, place });
        }
        for file in side.odd(&|path| source.files.has(path))? {
            unread.insert((Place { file, line: 1, column: 1 }, held::ODD.to_owned()), ());
        }
        for blind in declared.unread {
            let place = side.place(&blind.file, blind.at)?;
            unread.entry((place, blind.reason)).or_insert(());
        }
    }
    fields.sort_by(|a: &Listed, b| (&a.place, &a.field.ty, &a.field.path).cmp(&(&b.place, &b.field.ty, &b.field.path)));
    let unread = unread.into_keys().map(|(place, reason)| Unread { place, reason }).collect();
    Ok((fields, unread))
}

/// Every path that the mapping files of one state write.
///
/// # Errors
/// Something cannot be read.
pub fn written(config: &Config, tree: &dyn Tree) -> Result<Vec<(Written, Place)>> {
    let shared = State::default();
    let side = Side::new(config, tree, &shared);
    let is_mapping = |path: &[u8]| config.mapped(path).next().is_some();
    let mut written = Vec::new();
    for file in tree.list(&is_mapping)? {
        for one in side.mapped(&file, &side.sites(file.as_bstr()), &|_| true)? {
            let place = side.place(&file, one.at)?;
            written.push((one, place));
        }
    }
    Ok(written)
}
