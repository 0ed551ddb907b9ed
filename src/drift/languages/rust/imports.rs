//! Which files the names of other modules may stand in.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use bstr::{BStr, BString, ByteSlice};
use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::{ItemUse, UseTree};

use super::macros::Macros;
use super::scopes::Scopes;
use crate::drift::shape::{Import, Module, Shape, Unread};

/// How many names one file imports, and how many parts the path of one has.
const MAX_IMPORTS: usize = 2_000;
const MAX_PARTS: usize = 16;
/// How many modules a file has the macros of.
const MAX_MACRO_USES: usize = 64;
/// The longest path of a name.
const MAX_PATH: usize = 1_024;

/// How many paths a name may stand for, and how many names lead to one.
const MAX_MEANINGS: usize = 16;
const MAX_HOPS: usize = 4;

/// Why a file is unread that goes beyond these.
const TOO_MANY: &str = "this file imports too many names";

/// Crates that are no part of any repository.
const STD: [&str; 5] = ["std", "core", "alloc", "serde", "serde_json"];

/// Packages that everybody has: what they call as `std` and others do is that.
const PACKAGES: &str = "actix_web ahash anyhow arrayvec assert_matches async_graphql async_lock async_std axum \
    bigdecimal bitflags bson bstr bytes bytestring camino cfg_if chrono color_eyre compact_str const_format \
    criterion crossbeam dashmap diesel ecow either email_address eyre fnv futures futures_util fxhash garde \
    hashbrown hashlink heapless hipstr http hyper im indexmap insta itertools jiff kstring lazy_static log maplit \
    mongodb near_sdk nonempty num_bigint once_cell ordered_float parking_lot phf poem pretty_assertions proptest \
    prost prost_types quote regex reqwest rocket rust_decimal rustc_hash schemars sea_orm secrecy semver \
    serde_derive serde_repr serde_with smallvec smartstring smol_str sqlx static_assertions strum syn thiserror \
    time tinyvec tokio tracing triomphe ulid url utoipa uuid validator warp";

/// What this file calls the names of others.
#[derive(Default)]
pub(super) struct Paths {
    /// The folder that the crate's modules lie in, and the modules down to this file's.
    root: BString,
    module: Vec<String>,
    file: BString,
    /// `use`, by local name: the paths, from `crate` or from the name of another crate. Modules and functions of one file
    /// may each have their own by one name.
    uses: HashMap<String, Vec<Vec<String>>>,
    count: usize,
    globs: Vec<Vec<String>>,
    /// Where in the file all of these hold.
    pub(super) scopes: Scopes,
    /// The modules whose macros this file has (`#[macro_use]`).
    macro_uses: Vec<String>,
    /// Whether all names of something are imported that is no package which everybody has, and may have macros of its own.
    has_strange_globs: bool,
    has_strange_macros: bool,
    modules: HashSet<String>,
    inside: Vec<String>,
    too_many: bool,
    /// The modules that stand in other files than their names say.
    placed: Vec<BString>,
}

impl Paths {
    pub(super) fn of(path: &BStr) -> Self {
        let parts: Vec<&[u8]> = path.split_str("/").collect();
        let (name, folders) = parts.split_last().map_or((&b""[..], &[][..]), |(name, folders)| (*name, folders));
        let stem = name.strip_suffix(b".rs").unwrap_or(name);
        let top = folders.iter().rposition(|folder| *folder == b"src").map_or(folders.len(), |index| index + 1);
        // A program of its own: `src/bin/tool.rs`, or `src/bin/tool/` with its `main.rs` and its modules.
        let below = folders.get(top..).unwrap_or_default();
        let top = if below.first().is_some_and(|first| *first == b"bin") { top + below.len().min(2) } else { top };
        let (root, below) = folders.split_at(top.min(folders.len()));
        let mut module: Vec<String> = below.iter().map(|part| part.to_str_lossy().into_owned()).collect();
        let is_binary = root.ends_with(&[b"src", b"bin"]) && below.is_empty();
        if !is_binary && !matches!(stem, b"lib" | b"main" | b"mod") {
            module.push(stem.to_str_lossy().into_owned());
        }
        let mut paths = Self { root: bstr::join("/", root).into(), module, file: path.to_owned(), ..Self::default() };
        paths.scopes = Scopes::of(paths.here(&[]));
        paths
    }

    /// Enters a module, which stands between two brackets if it stands in this file.
    pub(super) fn enter(&mut self, module: &syn::Ident, range: Option<Range<usize>>) {
        let name = module.unraw().to_string();
        self.modules.insert(name.clone());
        self.inside.push(name);
        match range {
            Some(range) => self.scopes.enter_module(range, self.here(&self.inside)),
            None => self.scopes.enter(0..0),
        }
    }

    pub(super) fn leave(&mut self) {
        self.inside.pop();
        self.scopes.leave();
    }

    /// Takes in a `use`.
    pub(super) fn import(&mut self, item: &ItemUse) {
        let mut rest: Vec<(Vec<String>, &UseTree)> = vec![(Vec::new(), &item.tree)];
        while let Some((mut path, tree)) = rest.pop() {
            if self.count + self.globs.len() >= MAX_IMPORTS || path.len() > MAX_PARTS {
                self.too_many = true;
                return;
            }
            match tree {
                UseTree::Path(part) => {
                    path.push(part.ident.unraw().to_string());
                    rest.push((path, &part.tree));
                }
                UseTree::Group(group) => rest.extend(group.items.iter().map(|tree| (path.clone(), tree))),
                UseTree::Glob(_) => {
                    let full = self.absolute(path);
                    self.scopes.star(full.clone());
                    self.globs.push(full);
                }
                UseTree::Name(name) if name.ident == "self" => {
                    let local = path.last().cloned().unwrap_or_default();
                    self.name_it(local, path);
                }
                UseTree::Name(name) => {
                    let local = name.ident.unraw().to_string();
                    path.push(local.clone());
                    self.name_it(local, path);
                }
                UseTree::Rename(rename) => {
                    path.push(rename.ident.unraw().to_string());
                    self.name_it(rename.rename.unraw().to_string(), path);
                }
            }
        }
    }

    /// Takes in a crate that gets another name.
    pub(super) fn rename(&mut self, item: &syn::ItemExternCrate) {
        if let Some((_, name)) = item.rename.as_ref().filter(|(_, name)| *name != item.ident && *name != "_") {
            self.name_it(name.unraw().to_string(), vec![item.ident.unraw().to_string()]);
        }
    }

    /// A name that a `use` gives.
    fn name_it(&mut self, local: String, path: Vec<String>) {
        let full = self.absolute(path);
        self.scopes.name(&local);
        let known = self.uses.entry(local).or_default();
        if !known.contains(&full) {
            known.push(full);
            self.count += 1;
        }
    }

    /// Takes in `mod name;` that says itself where it stands.
    pub(super) fn declare(&mut self, item: &syn::ItemMod) {
        let is_path = |attr: &syn::Attribute| {
            let words = attr.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
            attr.path().is_ident("path") || (attr.path().is_ident("cfg_attr") && words.contains("path"))
        };
        if item.attrs.iter().any(|attr| attr.path().is_ident("macro_use")) {
            let module = item.ident.unraw().to_string();
            self.too_many |= self.macro_uses.len() >= MAX_MACRO_USES;
            self.macro_uses.truncate(MAX_MACRO_USES);
            self.macro_uses.push(self.here(&self.inside).join(".") + "." + &module);
        }
        if item.attrs.iter().any(is_path) {
            let parts = self.module.iter().chain(&self.inside).cloned().chain([item.ident.unraw().to_string()]);
            let path: Vec<String> = parts.collect();
            let own = modules(self.root.as_bstr(), &path);
            self.placed.extend(own.into_iter().take(2));
        }
    }

    /// The files that are not what their names say.
    pub(super) fn elsewhere(&self) -> Vec<BString> {
        self.placed.clone()
    }

    /// The modules around what is being looked at.
    pub(super) fn inside(&self) -> Vec<String> {
        self.inside.clone()
    }

    /// To be called when all is taken in.
    pub(super) fn settle(&mut self) {
        for glob in &self.globs {
            let full = self.only(&glob.join("."), &[]).unwrap_or_default();
            let (is_package, is_own) = (self.is_package(&full), full.first().is_some_and(|head| head == "crate"));
            self.has_strange_globs |= !is_package;
            self.has_strange_macros |= !is_package && !is_own && !is_within_serde(&full);
        }
    }

    /// Whether a macro is serde's, by all paths that its name may stand for.
    pub(super) fn is_of_serde(&self, meanings: &[Vec<String>]) -> bool {
        !meanings.is_empty()
            && meanings.iter().all(|full| match full.first().map(String::as_str) {
                Some("crate") | None => false,
                Some("serde" | "serde_derive" | "serde_repr" | "serde_with") => true,
                // `use serde::*`
                Some(_) if full.len() == 1 => !self.has_strange_macros,
                // `use rocket::serde::Serialize`
                Some(_) => is_within_serde(full),
            })
    }

    /// A path as it is written here, from `crate` where it begins at `self`, `super` or a module of this file.
    fn absolute(&self, path: Vec<String>) -> Vec<String> {
        self.from(path, &self.inside)
    }

    /// The path of the module that stands below this file's in these.
    pub(super) fn here(&self, inside: &[String]) -> Vec<String> {
        let here = std::iter::once("crate").chain(self.module.iter().chain(inside).map(String::as_str));
        here.map(str::to_owned).collect()
    }

    /// The modules of this file of which all names are imported somewhere in it; `None` where those of others are.
    pub(super) fn own_globs(&self) -> Option<Vec<String>> {
        let here = self.here(&[]);
        let others = self.globs.iter().filter(|glob| !self.is_package(glob));
        others.map(|glob| glob.starts_with(&here).then(|| glob.join("."))).collect()
    }

    fn from(&self, path: Vec<String>, inside: &[String]) -> Vec<String> {
        let here = || self.here(inside).into_iter();
        let ups = path.iter().take_while(|part| *part == "super").count();
        let begins_here = ups > 0 || path.first().is_some_and(|head| head == "self");
        if begins_here {
            let mut full: Vec<String> = here().collect();
            full.truncate(full.len().saturating_sub(ups).max(1));
            full.extend(path.into_iter().skip(ups.max(1)));
            return full;
        }
        if path.first().is_some_and(|head| self.modules.contains(head)) {
            return here().chain(path).collect();
        }
        path
    }

    /// The paths that a written name may stand for; none where these are too many to tell.
    pub(super) fn meanings(&self, written: &str, inside: &[String]) -> Vec<Vec<String>> {
        let parts = written.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let (mut found, mut rest) = (Vec::new(), vec![(parts, Vec::new())]);
        while let Some((path, mut seen)) = rest.pop() {
            let path: Vec<String> = path;
            let uses = path.first().filter(|head| !seen.contains(head) && seen.len() < MAX_HOPS);
            let uses = uses.and_then(|head| self.uses.get_key_value(head));
            if found.len() + rest.len() + uses.map_or(0, |(_, all)| all.len()) > MAX_MEANINGS {
                return Vec::new();
            }
            let Some((head, all)) = uses else {
                let full = if seen.is_empty() { self.from(path, inside) } else { path };
                if !found.contains(&full) {
                    found.push(full);
                }
                continue;
            };
            seen.push(head);
            let tail = path.get(1..).unwrap_or_default();
            rest.extend(all.iter().map(|full| (full.iter().chain(tail).cloned().collect(), seen.clone())));
        }
        found
    }

    /// The names that stand for something of this name.
    pub(super) fn names_of(&self, name: &str) -> HashSet<String> {
        let is_it = |full: &Vec<String>| full.last().is_some_and(|last| last == name);
        self.uses.iter().filter(|(_, all)| all.iter().any(is_it)).map(|(local, _)| local.clone()).collect()
    }

    /// The path that a written name stands for wherever it stands in this file; `None` where it may be several.
    pub(super) fn only(&self, written: &str, inside: &[String]) -> Option<Vec<String>> {
        let mut meanings = self.meanings(written, inside);
        meanings.pop().filter(|_| meanings.is_empty())
    }

    /// Whether a path begins at `std` or at a package that everybody has.
    pub(super) fn is_package(&self, full: &[String]) -> bool {
        let Some(head) = full.first() else { return false };
        STD.contains(&head.as_str()) || PACKAGES.split_ascii_whitespace().any(|one| one == head)
    }

    /// Whether a name is that of a package that everybody has, wherever it stands in this file. One that nobody imports is,
    /// but where all names of something else are imported.
    pub(super) fn is_only_of_packages(&self, written: &str) -> bool {
        match self.only(written, &[]).as_deref() {
            Some([_]) => !self.has_strange_globs,
            Some(full) => self.is_package(full),
            None => false,
        }
    }

    /// Whether a name without an import may come from elsewhere (`use crate::models::*`).
    pub(super) fn may_be_own(&self, written: &str) -> bool {
        let is_bare = !written.contains('.') && !self.uses.contains_key(written);
        is_bare && self.has_strange_globs
    }

    /// Whether a macro that nobody imports by name may be another one than that of a package.
    pub(super) fn has_strange_macros(&self) -> bool {
        self.has_strange_macros
    }

    /// The names by which to look at a place for what imports of all names may make of a name; `None` where a `use` gives
    /// it there, and where there are no such imports. None of them where only the file itself may say it.
    pub(super) fn hidden(&self, name: &str, at: usize) -> Option<Vec<String>> {
        if !self.has_strange_globs || !self.uses.contains_key(name) {
            return None;
        }
        let nearer = self.scopes.nearer(name, at, |full| !self.is_package(full))?;
        let here = self.here(&[]);
        let full = nearer.iter().map(|full| (!full.starts_with(&here)).then(|| full.join(".") + "." + name));
        Some(full.collect::<Option<Vec<_>>>().unwrap_or_default())
    }

    /// As [`Self::hidden`] for a name that needs no import.
    pub(super) fn doubts(&self, name: &str, at: usize) -> Vec<String> {
        if self.may_be_own(name) { vec![name.to_owned()] } else { self.hidden(name, at).unwrap_or_default() }
    }

    /// The names by which to look for a macro in the modules whose macros this file has.
    pub(super) fn macro_uses(&self, name: &str) -> Vec<String> {
        self.macro_uses.iter().map(|module| format!("{module}.{name}")).collect()
    }

    /// The name that the definition has, by which an import below finds it: modules of this file are left out.
    pub(super) fn name(&self, written: &str, inside: &[String]) -> String {
        if !written.contains('.') {
            return written.to_owned();
        }
        let full = self.only(written, inside).unwrap_or_else(|| vec![written.to_owned()]);
        full.join(".").chars().take(MAX_PATH).collect()
    }

    /// The files of a module by its path.
    fn files(&self, path: &[String]) -> Vec<BString> {
        let Some((head, below)) = path.split_first() else { return Vec::new() };
        let below = below.get(..below.len().min(MAX_PARTS)).unwrap_or_default();
        if head == "crate" {
            let mut files = modules(self.root.as_bstr(), below);
            files.push(self.file.clone());
            return files;
        }
        if STD.contains(&head.as_str()) || (self.is_package(path) && is_within_serde(path)) {
            return Vec::new();
        }
        // Another crate of this repository lies beside this one, or below `crates`; else it is a package's.
        let own = parent(self.root.as_bstr());
        let beside = parent(own);
        let mut files = Vec::new();
        for folder in [beside, BStr::new("crates"), BStr::new("")] {
            for name in [head.clone(), head.replace('_', "-")] {
                let parts: Vec<&[u8]> =
                    [folder.as_bytes(), name.as_bytes(), b"src"].into_iter().filter(|part| !part.is_empty()).collect();
                files.extend(modules(bstr::join("/", parts).as_bstr(), below));
            }
        }
        files.push(BString::default());
        files
    }
}

/// `rocket::serde`
fn is_within_serde(full: &[String]) -> bool {
    full.iter().any(|part| part == "serde")
}

fn parent(path: &BStr) -> &BStr {
    path.split_at(path.rfind_byte(b'/').unwrap_or_default()).0.as_bstr()
}

/// The files that a module may stand in: its own, or that of one around it.
fn modules(root: &BStr, path: &[String]) -> Vec<BString> {
    let mut files = Vec::new();
    for length in (0..=path.len()).rev() {
        let names = path.iter().take(length).map(String::as_bytes);
        let parts: Vec<&[u8]> = std::iter::once(root.as_bytes()).chain(names).filter(|part| !part.is_empty()).collect();
        let stem: BString = bstr::join("/", parts).into();
        let endings: &[&str] = match (length, stem.is_empty()) {
            (0, true) => &["lib.rs", "main.rs"],
            (0, false) => &["/lib.rs", "/main.rs"],
            _ => &[".rs", "/mod.rs"],
        };
        files.extend(endings.iter().map(|ending| BString::from([stem.as_slice(), ending.as_bytes()].concat())));
    }
    files
}

/// What a macro's tokens import.
pub(super) fn given(tokens: &TokenStream) -> Vec<ItemUse> {
    let (mut found, mut rest) = (Vec::new(), vec![tokens.clone()]);
    while let Some(tokens) = rest.pop() {
        // What began with `use`, but for the `$` of `$crate`.
        let mut item: Option<TokenStream> = None;
        for token in tokens {
            if let TokenTree::Group(group) = &token {
                rest.push(group.stream());
            }
            let is = |mark: char| matches!(&token, TokenTree::Punct(one) if one.as_char() == mark);
            let ends = is(';');
            match &mut item {
                Some(item) if !is('$') => item.extend([token]),
                None if matches!(&token, TokenTree::Ident(word) if word == "use") => {
                    item = Some([token].into_iter().collect());
                }
                _ => {}
            }
            if ends {
                found.extend(item.take().and_then(|item| syn::parse2(item).ok()));
            }
        }
    }
    found
}

/// Adds the imports of a file to its module.
pub(super) fn take(paths: &Paths, macros: &Macros, module: &mut Module) {
    if paths.too_many {
        module.unread.push(Unread::new(0, TOO_MANY));
    }
    let mut imports = Vec::new();
    let mut uses: Vec<(&String, &Vec<Vec<String>>)> = paths.uses.iter().collect();
    uses.sort();
    for (local, full) in uses.into_iter().flat_map(|(local, all)| all.iter().map(move |full| (local, full))) {
        let Some((name, of)) = full.split_last() else { continue };
        // `pub(crate) use warn;`: a macro of this file, which is nobody else's.
        let is_macro = of.is_empty() && macros.is_own(name);
        let from = if is_macro { vec![BString::default()] } else { paths.files(of) };
        imports.push(Import { local: Some(local.clone()), name: Some(name.clone()), from });
    }
    for name in macros.names().filter(|name| !paths.uses.contains_key(*name)) {
        imports.push(Import { local: Some(name.clone()), name: Some(name.clone()), from: vec![BString::default()] });
    }
    for full in &paths.globs {
        imports.push(Import { local: None, name: None, from: paths.files(full) });
    }
    let mut found = BTreeSet::new();
    module.definitions.iter().for_each(|definition| names(&definition.shape, &mut found));
    let written: Vec<String> = module.written.iter().map(|written| written.name.clone()).collect();
    let assumed = module.assumed.keys().cloned().collect::<Vec<_>>();
    found.extend(written.iter().chain(&assumed).filter(|name| name.contains('.')).map(String::as_str));
    if found.len() > MAX_IMPORTS {
        module.unread.push(Unread::new(0, TOO_MANY));
    }
    for written in found.into_iter().take(MAX_IMPORTS) {
        let full: Vec<String> = written.split('.').map(str::to_owned).collect();
        let Some((name, of)) = full.split_last() else { continue };
        imports.push(Import { local: Some(written.to_owned()), name: Some(name.clone()), from: paths.files(of) });
    }
    module.imports = imports;
}

/// The names with dots in a shape.
fn names<'s>(shape: &'s Shape, found: &mut BTreeSet<&'s str>) {
    let mut rest = vec![shape];
    while let Some(shape) = rest.pop() {
        match shape {
            Shape::Named { name, arguments, .. } => {
                found.extend(Some(name.as_str()).filter(|name| name.contains('.')));
                rest.extend(arguments);
            }
            Shape::Variable { otherwise, .. } => rest.push(otherwise),
            Shape::Object(members) => rest.extend(members.iter().map(|member| &member.shape)),
            Shape::Array(inner) | Shape::Map(inner) | Shape::Pick(inner, _) | Shape::Omit(inner, _) => rest.push(inner),
            Shape::All(shapes) | Shape::Any(shapes) => rest.extend(shapes),
            _ => {}
        }
    }
}
