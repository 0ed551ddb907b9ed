//! One state of the files, read when it is asked for, each file once.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice};
use elsa::FrozenMap;

use super::lost::units;
use super::{Blob, Mapping, Place, Tree};
use crate::drift::claims::{self, Claim};
use crate::drift::config::{Config, Declares, Held};
use crate::drift::extract::{Job, extract};
use crate::drift::languages::Language;
use crate::drift::manifest::{self, is_manifest};
use crate::drift::packages::{self, Packages};
use crate::drift::problem::{LineCounts, Problem};
use crate::drift::resolve::{Asked, Blind, Declared, Files, Unit, resolve};
use crate::drift::shape::{IfKnown, Lends, Loans, Module, Sites, Unread};
use crate::error::{Error, Result};
use crate::oid::Oid;

/// The most bytes that the files of one state may have together: a small push can put one file at any number of paths.
const MOST_BYTES: usize = 1 << 30;

/// A path that code writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The type, where the code says it.
    pub ty: Option<String>,
    /// The path, as the code writes it.
    pub path: String,
    /// How it is written.
    pub form: Mapping,
    /// Where in the file, in bytes.
    pub at: u32,
}

/// A module and its file.
type Read = (BString, Arc<Module>);

/// Modules by what they were read from.
type Modules<K> = RefCell<HashMap<K, Arc<Module>>>;

/// What files give to others, by the language and the paths that an import may mean.
type Lenders = RefCell<HashMap<Language, HashMap<Vec<BString>, Option<(BString, Arc<Lends>)>>>>;

/// What a file was read as, each with what others lent it.
pub(super) type Borrowing = Vec<(Loans, Arc<Module>)>;

/// The claims of a file, and what is wrong with them.
type Claims = (Vec<Claim>, Vec<Problem>);

/// Why a file is not read.
const TOO_LARGE: &str = "the file is larger than limits.blob_bytes of the policy";

/// What two states have in common: a file that both have is read once.
#[derive(Default)]
pub struct State {
    modules: Modules<(Oid, Language, BString)>,
    /// What of a file of several mappings one of them asks for.
    parts: Modules<(Oid, Language, BString, Sites)>,
    /// What of a file is read with constants that it has from others.
    pub(super) borrowing: RefCell<HashMap<(Oid, Language, BString, Sites), Borrowing>>,
    /// What files give to others.
    pub(super) lends: RefCell<HashMap<(Oid, Language, BString), Arc<Lends>>>,
}

/// One state.
pub struct Side<'a> {
    config: &'a Config,
    pub(super) tree: &'a dyn Tree,
    pub(super) shared: &'a State,
    blobs: FrozenMap<BString, Box<Option<Blob>>>,
    modules: FrozenMap<(Language, BString), Box<Read>>,
    folders: FrozenMap<BString, Vec<BString>>,
    /// Whether links stand in folders in the place of files of Go.
    linked: RefCell<HashMap<BString, bool>>,
    /// What stands in folders, whatever it is.
    #[expect(clippy::box_collection, reason = "a frozen map keeps what it has behind a pointer")]
    pub(super) listed: FrozenMap<BString, Box<HashSet<BString>>>,
    /// What the files give that the paths of imports mean.
    pub(super) lenders: Lenders,
    lines: FrozenMap<BString, Box<LineCounts>>,
    claims: FrozenMap<BString, Box<Claims>>,
    /// Where the packages of Go stand, once that was asked, and the files that say so.
    packages: Rc<OnceCell<Packages>>,
    placing: &'a dyn Tree,
    /// How many bytes of files are held.
    held: Cell<usize>,
    /// Why something that an import leads to could not be read.
    broken: RefCell<Option<Error>>,
}

impl<'a> Side<'a> {
    pub(super) fn new(config: &'a Config, tree: &'a dyn Tree, shared: &'a State) -> Self {
        Self {
            config,
            tree,
            shared,
            blobs: FrozenMap::new(),
            modules: FrozenMap::new(),
            folders: FrozenMap::new(),
            linked: RefCell::default(),
            listed: FrozenMap::new(),
            lenders: RefCell::default(),
            lines: FrozenMap::new(),
            claims: FrozenMap::new(),
            packages: Rc::default(),
            placing: tree,
            held: Cell::default(),
            broken: RefCell::default(),
        }
    }

    /// Has the packages of Go where another state has them: no tree is gone through for what both say.
    pub(super) fn share_packages(&mut self, other: &Self) {
        (self.packages, self.placing) = (Rc::clone(&other.packages), other.placing);
    }

    /// Where the packages of Go stand.
    pub(super) fn packages(&self) -> Result<&Packages> {
        if let Some(known) = self.packages.get() {
            return Ok(known);
        }
        let is_named = |path: &[u8]| packages::is_named(path.as_bstr());
        let mut packages = Packages::default();
        for path in self.placing.list(&is_named)? {
            let text = self.placing.blob(path.as_bstr())?.and_then(|blob| blob.bytes);
            self.hold(text.as_ref().map_or(0, Vec::len))?;
            packages.add(path.as_bstr(), text.as_deref());
        }
        self.placing.odd(&is_named)?.iter().for_each(|path| packages.add(path.as_bstr(), None));
        Ok(self.packages.get_or_init(|| packages))
    }

    pub(super) fn blob(&self, path: &BStr) -> Result<Option<&Blob>> {
        if let Some(blob) = self.blobs.get(path) {
            return Ok(blob.as_ref());
        }
        let blob = self.tree.blob(path)?;
        self.hold(blob.iter().flat_map(|blob| &blob.bytes).map(Vec::len).sum())?;
        Ok(self.blobs.insert(path.into(), Box::new(blob)).as_ref())
    }

    /// Counts what was read of files.
    fn hold(&self, bytes: usize) -> Result<()> {
        self.held.set(self.held.get().saturating_add(bytes));
        if self.held.get() <= MOST_BYTES {
            return Ok(());
        }
        let message = format!("the files that are held against contracts have more than {MOST_BYTES} bytes");
        Err(Error::undecided(message).help("exclude in the policy's [drift] what declares no fields"))
    }

    /// What a file holds; nothing where it is too large.
    pub(super) fn bytes(&self, path: &BStr) -> Result<Option<&[u8]>> {
        Ok(self.blob(path)?.map(Blob::read))
    }

    /// Whether the file is there and larger than the policy's limit.
    pub(super) fn is_too_large(&self, path: &BStr) -> Result<bool> {
        Ok(self.blob(path)?.is_some_and(|blob| blob.bytes.is_none()))
    }

    /// The lines of a text file.
    pub(super) fn lines(&self, path: &BString) -> Result<Option<BTreeSet<String>>> {
        let Some(bytes) = self.bytes(path.as_bstr())? else { return Ok(None) };
        let text = bytes.to_str_lossy();
        let lines = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let kept = lines.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        Ok(Some(kept.map(ToOwned::to_owned).collect()))
    }

    /// Every file of a source.
    pub(super) fn files(&self, source: &Declares) -> Result<Vec<BString>> {
        self.tree.list(&|path| source.files.has(path))
    }

    /// Every source and mapping file of a contract.
    pub(super) fn all_files(&self, held: &Held) -> Result<Vec<BString>> {
        self.tree.list(&|path| held.concerns(path))
    }

    /// The wanted files of which something is true, by their bytes, which are not held; those that are too large are too.
    pub(super) fn search(
        &self,
        wanted: &dyn Fn(&[u8]) -> bool,
        is_true: &(dyn Fn(&[u8]) -> bool + Sync),
    ) -> Result<Vec<BString>> {
        self.tree.search(wanted, is_true)
    }

    /// Whether what stands at a path leads imports to files of other names.
    pub(super) fn leads_on(&self, path: &BStr) -> Result<bool> {
        if !is_manifest(path) {
            return self.tree.is_odd(path);
        }
        match self.blob(path)? {
            Some(blob) => Ok(blob.bytes.as_ref().is_none_or(|text| manifest::leads_on(text))),
            None => self.tree.is_odd(path),
        }
    }

    /// Whether there is no file of a language beside a path, nor at it.
    pub(super) fn is_bare(&self, language: Language, path: &BStr) -> Result<bool> {
        let (folder, _) = path.split_at(path.rfind_byte(b'/').map_or(0, |end| end + 1));
        let files = self.tree.folder(folder.as_bstr())?;
        let counts = |file: &BStr| Language::of_code(file) == Some(language) && !packages::is_test(file);
        Ok(!files.iter().any(|file| counts(file.as_bstr())))
    }

    /// The plain files that are wanted.
    pub(super) fn list(&self, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<BString>> {
        self.tree.list(wanted)
    }

    /// Links and submodules in the place of wanted files.
    pub(super) fn odd(&self, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<BString>> {
        self.tree.odd(wanted)
    }

    /// Those of the paths that are there.
    pub(super) fn present<'p>(&self, paths: impl Iterator<Item = &'p BString>) -> Result<Vec<BString>> {
        let mut there = Vec::new();
        for path in paths {
            if self.blob(path.as_bstr())?.is_some() {
                there.push(path.clone());
            }
        }
        Ok(there)
    }

    /// What some files of a source declare, under the names that the contract gives to types; of types that are asked for.
    pub(super) fn declared(&self, source: &Declares, paths: &[BString], asked: &Asked<'_>) -> Result<Declared> {
        self.load(source.language, paths)?;
        let reader = Reader { side: self, source };
        let own: Vec<(&BStr, &Module)> = paths.iter().filter_map(|path| reader.module(path.as_bstr())).collect();
        let mut declared = resolve(&own, &source.types, asked, &reader);
        if let Some(error) = self.broken.borrow_mut().take() {
            return Err(error);
        }
        if !source.names.is_empty() {
            call(&mut declared, source);
        }
        Ok(declared)
    }

    /// What one file declares; `None` where there is none.
    pub(super) fn module(&self, language: Language, path: &BString) -> Result<Option<&Module>> {
        self.load(language, std::slice::from_ref(path))?;
        Ok(self.modules.get(&(language, path.clone())).map(|(_, module)| &**module))
    }

    /// What one file says as program code, of the sites that are asked for; `None` where it is none or not there.
    pub(super) fn code(&self, path: &BString, sites: &Sites) -> Result<Option<Arc<Module>>> {
        let language = Language::of_code(path.as_bstr()).filter(|_| !sites.is_empty());
        let Some((language, blob)) = language.zip(self.blob(path.as_bstr())?) else { return Ok(None) };
        if self.sites(path.as_bstr()) == *sites {
            self.load(language, std::slice::from_ref(path))?;
            return Ok(self.modules.get(&(language, path.clone())).map(|(_, module)| Arc::clone(module)));
        }
        // Other mappings have other sites in it, which are not this one's.
        let key = (blob.oid, language, path.clone(), sites.clone());
        let known = self.shared.parts.borrow().get(&key).cloned();
        let read = match (known, &blob.bytes) {
            (Some(known), _) => Some(known),
            (None, Some(bytes)) => {
                let lent = Loans::new();
                extract(&[Job { language, path: path.as_bstr(), bytes, sites, lent: &lent }])?.pop().map(Arc::new)
            }
            (None, None) => Some(Arc::new(Module::unread(0, TOO_LARGE))),
        };
        self.shared.parts.borrow_mut().extend(read.clone().map(|module| (key, module)));
        read.map(|module| self.with_lent((language, path, blob, sites), module)).transpose()
    }

    /// What a file claims in its own comments.
    pub(super) fn claims(&self, file: &BString) -> Result<&Claims> {
        if let Some(claims) = self.claims.get(file) {
            return Ok(claims);
        }
        let claims = claims::in_code(&self.bytes(file.as_bstr())?.unwrap_or_default().to_str_lossy());
        Ok(self.claims.insert(file.clone(), Box::new(claims)))
    }

    /// The paths that a mapping file writes at the sites that are asked for, and those that it claims.
    pub(super) fn mapped(
        &self,
        file: &BString,
        sites: &Sites,
        is_known: &dyn Fn(&IfKnown) -> bool,
    ) -> Result<Vec<Written>> {
        let mut mapped = Vec::new();
        if let Some(code) = self.code(file, sites)? {
            let known = code.if_known.iter().filter(|one| is_known(one)).flat_map(|known| &known.sites);
            mapped.extend(code.sites.iter().chain(known).map(|site| Written {
                ty: site.ty.clone(),
                path: site.path.clone(),
                form: Mapping::Site(site.form),
                at: site.at,
            }));
        }
        mapped.extend(self.claims(file)?.0.iter().map(|claim| Written {
            ty: Some(claim.ty.clone()).filter(|ty| !ty.is_empty()),
            path: claim.path.to_string(),
            form: Mapping::Claim,
            at: claim.at,
        }));
        Ok(mapped)
    }

    /// Which places of a file are mapping sites of any mapping.
    pub(super) fn sites(&self, path: &BStr) -> Sites {
        let (mut all, mut members) = (Sites::default(), BTreeSet::new());
        let mappings = self.config.contracts.iter().flat_map(|held| &held.mappings);
        for sites in mappings.filter(|maps| maps.files.has(path)).map(|maps| &maps.sites) {
            all.functions.extend(sites.functions.iter().cloned());
            all.tables.extend(sites.tables.iter().cloned());
            members.extend((!sites.tables.is_empty()).then_some(&sites.table_member));
            all.discriminators.extend(sites.discriminators.iter().cloned());
            all.types.extend(sites.types.iter().cloned());
            all.patches.extend(sites.patches.iter().cloned());
        }
        // Where they say it of some tables alone, the entries of all are read whole.
        all.table_member = members.first().filter(|_| members.len() == 1).and_then(|member| (*member).clone());
        all
    }

    /// Whether something that could not be read belongs to its file, and to no type.
    pub(super) fn is_of_file(&self, language: Language, blind: &Blind) -> Result<bool> {
        let module = self.module(language, &blind.file)?;
        let same = |unread: &Unread| unread.at == blind.at && unread.reason == blind.reason;
        Ok(module.is_some_and(|module| module.unread.iter().any(same)))
    }

    /// Reads files, many of them together.
    pub(super) fn load(&self, language: Language, paths: &[BString]) -> Result<()> {
        let mut wanted = Vec::new();
        let mut seen = BTreeSet::new();
        for path in paths.iter().filter(|path| self.modules.get(&(language, (*path).clone())).is_none()) {
            let Some(blob) = self.blob(path.as_bstr())?.filter(|_| seen.insert(path)) else { continue };
            let known = self.shared.modules.borrow().get(&(blob.oid, language, path.clone())).cloned();
            match (known, &blob.bytes) {
                (Some(module), _) => self.keep(language, path, blob, module)?,
                (None, None) => {
                    self.keep(language, path, blob, Arc::new(Module::unread(0, TOO_LARGE)))?;
                }
                (None, Some(bytes)) => wanted.push((path, blob, bytes, self.sites(path.as_bstr()))),
            }
        }
        let lent = Loans::new();
        let jobs: Vec<Job<'_>> = wanted
            .iter()
            .map(|(path, _, bytes, sites)| Job { language, path: path.as_bstr(), bytes, sites, lent: &lent })
            .collect();
        for ((path, blob, ..), module) in wanted.iter().zip(extract(&jobs)?) {
            let module = Arc::new(module);
            self.shared.modules.borrow_mut().insert((blob.oid, language, (*path).clone()), Arc::clone(&module));
            self.keep(language, path, blob, module)?;
        }
        Ok(())
    }

    fn keep(&self, language: Language, path: &BString, blob: &Blob, read: Arc<Module>) -> Result<()> {
        let module = match read.wanted.is_empty() {
            true => read,
            false => self.with_lent((language, path, blob, &self.sites(path.as_bstr())), read)?,
        };
        self.modules.insert((language, path.clone()), Box::new((path.clone(), module)));
        Ok(())
    }

    /// Where an offset lies.
    pub(super) fn place(&self, file: &BString, at: u32) -> Result<Place> {
        let bytes = self.bytes(file.as_bstr())?.unwrap_or_default();
        let lines = match self.lines.get(file) {
            Some(lines) => lines,
            None => self.lines.insert(file.clone(), Box::new(LineCounts::of(bytes))),
        };
        let (line, column) = lines.place(bytes, usize::try_from(at).unwrap_or(usize::MAX));
        Ok(Place { file: file.clone(), line, column })
    }
}

/// The files that imports of one language lead to.
struct Reader<'s, 'a> {
    side: &'s Side<'a>,
    source: &'s Declares,
}

impl Files for Reader<'_, '_> {
    fn is_own(&self, path: &BStr) -> bool {
        self.source.files.has(path)
    }

    fn module(&self, path: &BStr) -> Option<(&BStr, &Module)> {
        let language = self.source.language;
        let key = (language, path.to_owned());
        if self.side.modules.get(&key).is_none()
            && let Err(error) = self.side.load(language, std::slice::from_ref(&key.1))
        {
            self.side.broken.borrow_mut().get_or_insert(error);
        }
        self.side.modules.get(&key).map(|(path, module)| (path.as_bstr(), &**module))
    }

    fn leads_on(&self, path: &BStr) -> bool {
        self.side.leads_on(path).unwrap_or_else(|error| {
            self.side.broken.borrow_mut().get_or_insert(error);
            true
        })
    }

    fn has_links(&self, folder: &BStr) -> bool {
        if let Some(known) = self.side.linked.borrow().get(folder) {
            return *known;
        }
        let is_file = |path: &BString| path.ends_with(b".go") && !packages::is_test(path.as_bstr());
        let others = self.side.tree.others(folder);
        let is_odd = |path: &BString| Ok(is_file(path) && self.side.tree.is_odd(path.as_bstr())?);
        let found = others.and_then(|others| others.iter().map(is_odd).collect::<Result<Vec<bool>>>());
        let has_links = found.map(|odd| odd.contains(&true)).unwrap_or_else(|error| {
            self.side.broken.borrow_mut().get_or_insert(error);
            true
        });
        self.side.linked.borrow_mut().insert(folder.to_owned(), has_links);
        has_links
    }

    fn packages(&self) -> &Packages {
        self.side.packages().unwrap_or_else(|error| {
            self.side.broken.borrow_mut().get_or_insert(error);
            self.side.packages.get_or_init(Packages::default)
        })
    }

    fn is_of_package(&self, path: &BStr, name: &str) -> bool {
        let bytes = self.side.bytes(path).unwrap_or_else(|error| {
            self.side.broken.borrow_mut().get_or_insert(error);
            None
        });
        bytes.and_then(|bytes| bytes.to_str().ok()).is_some_and(|text| packages::name_in(text) == name)
    }

    fn folder(&self, folder: &BStr) -> Vec<&BStr> {
        if self.side.folders.get(folder).is_none() {
            let listed = self.side.tree.folder(folder).unwrap_or_else(|error| {
                self.side.broken.borrow_mut().get_or_insert(error);
                Vec::new()
            });
            let of_language =
                |path: &BString| Language::of_code(path.as_bstr()).is_none_or(|one| one == self.source.language);
            let listed = listed.into_iter().filter(of_language).collect();
            self.side.folders.insert(folder.to_owned(), listed);
        }
        self.side.folders.get(folder).into_iter().flatten().map(|path| path.as_bstr()).collect()
    }
}

/// Calls types as the contract does. Several that it calls alike are told apart, like those that are called alike in code.
fn call(declared: &mut Declared, source: &Declares) {
    let names = &source.names;
    let name = |ty: &str| names.get(ty).map_or(ty, String::as_str).to_owned();
    let mut alike: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for ty in declared.types.keys() {
        alike.entry(name(ty)).or_default().push(ty);
    }
    let several = alike.into_iter().filter(|(_, types)| types.len() > 1);
    let units =
        |types: Vec<&str>| units(declared, source, &types.into_iter().collect()).into_values().flatten().collect();
    let several: BTreeMap<String, Vec<Unit>> = several.map(|(ty, types)| (ty, units(types))).collect();
    for field in &mut declared.fields {
        if let Some(name) = names.get(&*field.ty) {
            field.ty = name.as_str().into();
        }
    }
    declared.types = std::mem::take(&mut declared.types).into_iter().map(|(ty, place)| (name(&ty), place)).collect();
    declared.apart = std::mem::take(&mut declared.apart).into_iter().map(|(ty, units)| (name(&ty), units)).collect();
    declared.apart.extend(several);
}
