//! What the languages of the JVM share: packages, imports, and the types that every program knows.

pub(super) mod annotations;
pub(super) mod class;
pub(super) mod parameters;
pub(super) mod tables;

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice as _};

use crate::drift::shape::{Case, Import, Kind, Shape};

/// An import as it is written.
pub(super) struct Imported {
    /// Its dotted name.
    pub(super) path: String,
    /// All that is in it: `.*`.
    pub(super) all: bool,
    /// What the file calls it, if that is another name.
    pub(super) alias: Option<String>,
}

/// Where the names of a file come from.
#[derive(Default)]
pub(super) struct Names<'a> {
    /// Declared in the file itself.
    declared: BTreeSet<String>,
    /// Imported from packages of this repository.
    own: BTreeSet<String>,
    /// Imported from packages from elsewhere.
    foreign: BTreeSet<String>,
    /// All names of some package from elsewhere are imported.
    all_foreign: bool,
    /// Known without an import.
    given: &'a [&'a str],
    /// The full names of what is imported by name, functions included.
    full: BTreeMap<String, String>,
    /// What all names are imported of.
    all: Vec<String>,
    /// How the names of packages begin, the file's own and those that it imports from.
    packages: BTreeSet<String>,
}

impl<'a> Names<'a> {
    /// Nothing but the names known without an import.
    pub(super) fn new(given: &'a [&'a str]) -> Self {
        Self { given, ..Self::default() }
    }

    /// Takes down a type that the file declares.
    pub(super) fn declare(&mut self, name: &str) {
        self.declared.insert(name.to_owned());
    }

    /// Whether the file declares a type of this name.
    pub(super) fn declares(&self, name: &str) -> bool {
        self.declared.contains(name)
    }

    /// The last name of the annotation that a name is; `None` for one of this repository, which says nothing to a library.
    pub(super) fn annotation<'n>(&'n self, written: &'n str) -> Option<&'n str> {
        let written = written.trim_matches('`');
        // What is imported by its name goes before a type within another one, where that is not around.
        let is_declared = self.declared.contains(written) && !self.full.contains_key(written);
        if is_declared || self.own.contains(written) {
            return None;
        }
        let full = self.full.get(written).map_or(written, String::as_str);
        Some(full.rsplit('.').next().unwrap_or(full).trim())
    }

    /// Why an annotation is unread that the file declares by a name.
    pub(super) fn doubles(&self, name: &str) -> Option<&'static str> {
        let is_imported = self.full.contains_key(name.trim_matches('`'));
        is_imported.then_some("an annotation has the name of one that is imported: give it a name of its own")
    }

    /// Whether a name is imported, by itself, from what is not the language's own.
    #[cfg(feature = "kotlin")]
    pub(super) fn is_elsewhere(&self, name: &str) -> bool {
        const LANGUAGE: [&str; 4] = ["java.", "javax.", "kotlin.", "kotlinx."];
        self.full.get(name).is_some_and(|path| !LANGUAGE.iter().any(|start| path.starts_with(start)))
    }

    /// Takes down what the file's package and its imports say of functions.
    pub(super) fn bring(&mut self, package: &str, imports: &[Imported]) {
        self.packages.insert(package.to_owned());
        for Imported { path, all, alias } in imports {
            let (above, last) = path.rsplit_once('.').unwrap_or(("", path));
            self.packages.extend([path.as_str(), above].iter().filter_map(|name| start(name)).map(str::to_owned));
            match all {
                true => self.all.push(path.clone()),
                false => _ = self.full.insert(alias.as_deref().unwrap_or(last).to_owned(), path.clone()),
            }
        }
    }

    /// What a callee may be, by what is imported: `map` of `Mapper.map`, `m.map` where `Mapper` is called `m`.
    pub(super) fn meanings(&self, callee: &str) -> Vec<String> {
        let (first, rest) = callee.split_once('.').map_or((callee, None), |(first, rest)| (first, Some(rest)));
        let follow = |path: &String| rest.map_or_else(|| path.clone(), |rest| format!("{path}.{rest}"));
        let of_package = callee.rsplit_once('.').filter(|(above, _)| {
            self.packages.contains(*above) || start(above).is_some_and(|start| self.packages.contains(start))
        });
        let all = self.all.iter().map(|path| format!("{path}.{callee}"));
        let named = self.full.get(first).map(follow);
        let others = named.into_iter().chain(of_package.map(|(_, name)| name.to_owned())).chain(all);
        std::iter::once(callee.to_owned()).chain(others).collect()
    }

    /// Whether a name is that of a library and not of a type of this repository.
    pub(super) fn is_library(&self, name: &str) -> bool {
        let known = || scalar(name).is_some() || collection(name).is_some() || WRAPPERS.contains(&name);
        let elsewhere = self.is_given(name) || self.foreign.contains(name) || (self.all_foreign && known());
        elsewhere && !self.declared.contains(name) && !self.own.contains(name)
    }

    /// Whether a name is known without an import.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.given.contains(&name)
    }

    /// Takes down the imports of a file. Where a class stands is told by `file`; without, anywhere in its package.
    pub(super) fn import(&mut self, package: &Package, imports: &[Imported], ending: Option<&str>) -> Vec<Import> {
        let mut found = vec![Import { local: None, name: None, from: vec![package.folder.clone()] }];
        for Imported { path, all, alias } in imports {
            let steps = path.split('.').collect::<Vec<_>>();
            let last = steps.len().saturating_sub(usize::from(!all));
            let class = steps.iter().position(|step| step.starts_with(char::is_uppercase)).unwrap_or(last);
            let (above, names) = steps.split_at_checked(class).unwrap_or_default();
            let from = package.of(above);
            let place = |folder: BString| match (ending, names.first()) {
                (Some(ending), Some(name)) => BString::from(format!("{folder}{name}{ending}")),
                _ => folder,
            };
            let local = alias.clone().or_else(|| names.last().map(|name| (*name).to_owned())).filter(|_| !all);
            match (&local, &from) {
                (Some(local), Some(_)) => _ = self.own.insert(local.clone()),
                (Some(local), None) => _ = self.foreign.insert(local.clone()),
                (None, None) => self.all_foreign = true,
                (None, Some(_)) => {}
            }
            let name = local.is_some().then(|| names.join("."));
            found.push(Import { local, name, from: from.map(place).into_iter().collect() });
        }
        found
    }
}

/// The package of a file, and where others of its repository stand.
pub(super) struct Package {
    /// The file's folder.
    folder: BString,
    /// The folder that packages begin in.
    root: BString,
    /// The beginning of packages' names that has no folders, as Kotlin allows.
    cut: Vec<String>,
    /// What the names of this repository's packages begin with.
    own: Vec<String>,
}

impl Package {
    /// The package called `name`, of the file at `path`.
    pub(super) fn new(path: &BStr, name: &str) -> Self {
        let folder = path.rfind_byte(b'/').and_then(|end| path.get(..=end)).unwrap_or_default();
        let mut steps: Vec<String> = name.split('.').filter(|step| !step.is_empty()).map(str::to_owned).collect();
        let own = steps.iter().take(2).cloned().collect();
        let mut root = folder;
        while let Some(above) = steps.last().and_then(|last| strip(root, last.as_bytes())) {
            root = above;
            steps.pop();
        }
        Self { folder: spelled(folder), root: root.into(), cut: steps, own }
    }

    /// The folder of another package, if it begins as this one does.
    fn of(&self, steps: &[&str]) -> Option<BString> {
        if self.own.is_empty() || !steps.get(..self.own.len())?.iter().eq(&self.own) {
            return None;
        }
        let begins = steps.get(..self.cut.len()).is_some_and(|start| start.iter().eq(&self.cut));
        let rest = if begins { steps.get(self.cut.len()..)? } else { steps };
        let mut folder = self.root.clone();
        for step in rest {
            folder.extend_from_slice(step.as_bytes());
            folder.push(b'/');
        }
        Some(spelled(&folder))
    }
}

/// How the name of a package begins that has more than one step: `com.acme` of `com.acme.orders`.
fn start(name: &str) -> Option<&str> {
    let (first, rest) = name.split_once('.')?;
    let second = rest.split('.').next().unwrap_or_default();
    name.get(..first.len() + 1 + second.len())
}

/// A folder as imports spell it.
fn spelled(folder: &[u8]) -> BString {
    if folder.is_empty() { "/".into() } else { folder.into() }
}

/// The folder above, if `folder` is called `name`.
fn strip<'a>(folder: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let above = folder.strip_suffix(b"/")?.strip_suffix(name)?;
    (above.is_empty() || above.ends_with(b"/")).then_some(above)
}

/// The types of libraries that have no parts on the wire.
pub(super) fn scalar(name: &str) -> Option<Shape> {
    Some(match name {
        "String" | "CharSequence" | "Character" | "StringBuilder" | "UUID" | "URI" | "URL" | "LocalDate"
        | "LocalTime" | "LocalDateTime" | "Instant" | "OffsetDateTime" | "OffsetTime" | "ZonedDateTime" | "Date"
        | "Timestamp" | "Calendar" | "Duration" | "Period" | "YearMonth" | "MonthDay" | "ZoneId" | "ZoneOffset"
        | "TimeZone" | "Locale" | "Currency" | "Path" | "File" | "Pattern" | "Charset" | "InetAddress" | "ObjectId"
        | "Uuid" => Shape::STRING,
        "Integer" | "Long" | "Short" | "Byte" | "Double" | "Float" | "Number" | "BigDecimal" | "BigInteger"
        | "AtomicInteger" | "AtomicLong" | "OptionalInt" | "OptionalLong" | "OptionalDouble" | "Year" => Shape::NUMBER,
        "Boolean" | "AtomicBoolean" => Shape::BOOLEAN,
        "DayOfWeek" | "Month" | "ChronoUnit" | "TimeUnit" => Shape::enumerated(Kind::String),
        _ => return None,
    })
}

/// The types of libraries that are what they hold.
pub(super) const WRAPPERS: [&str; 3] = ["Optional", "AtomicReference", "Lazy"];

/// The collections of libraries: which of their arguments is the item, and whether there are keys.
pub(super) fn collection(name: &str) -> Option<(usize, bool)> {
    Some(match name {
        "List"
        | "Set"
        | "Collection"
        | "Iterable"
        | "Iterator"
        | "Stream"
        | "Queue"
        | "Deque"
        | "ArrayList"
        | "LinkedList"
        | "HashSet"
        | "LinkedHashSet"
        | "TreeSet"
        | "SortedSet"
        | "NavigableSet"
        | "EnumSet"
        | "Vector"
        | "ArrayDeque"
        | "PriorityQueue"
        | "CopyOnWriteArrayList"
        | "ImmutableList"
        | "ImmutableSet"
        | "ImmutableSortedSet"
        | "SequencedCollection"
        | "SequencedSet"
        | "Array"
        | "MutableList"
        | "MutableSet"
        | "MutableCollection"
        | "Sequence"
        | "PersistentList"
        | "PersistentSet"
        | "ImmutableCollection" => (0, false),
        "Map" | "HashMap" | "LinkedHashMap" | "TreeMap" | "SortedMap" | "NavigableMap" | "ConcurrentMap"
        | "EnumMap" | "ConcurrentHashMap" | "Hashtable" | "ImmutableMap" | "ImmutableSortedMap" | "SequencedMap"
        | "MutableMap" | "PersistentMap" => (1, true),
        _ => return None,
    })
}

/// Jackson's rules of spelling; `None` for one that is not known here.
fn naming(strategy: &str) -> Option<Option<Case>> {
    Some(match strategy {
        "SnakeCaseStrategy" => Some(Case::Snake),
        "UpperSnakeCaseStrategy" => Some(Case::ScreamingSnake),
        "UpperCamelCaseStrategy" => Some(Case::Pascal),
        "LowerCaseStrategy" => Some(Case::Lower),
        "KebabCaseStrategy" => Some(Case::Kebab),
        "LowerCamelCaseStrategy" | "PropertyNamingStrategy" => None,
        _ => return None,
    })
}
