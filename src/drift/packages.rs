//! Where the packages of Go stand: what `go.mod` and `go.work` say, and where no such file is above the one that imports,
//! what the paths of imports look like.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice};

/// How many steps the path of a package or of a file may have; longer ones are nobody's.
const MOST_STEPS: usize = 64;
/// How many folders may say that they are one module.
const MOST_FOLDERS: usize = 32;

/// Packages from elsewhere whose types the reader knows by their paths.
const KNOWN: [&str; 11] = [
    "github.com/gofrs/uuid",
    "github.com/gofrs/uuid/v5",
    "github.com/google/uuid",
    "github.com/oklog/ulid",
    "github.com/oklog/ulid/v2",
    "github.com/satori/go.uuid",
    "github.com/shopspring/decimal",
    "github.com/uptrace/bun",
    "go.mongodb.org/mongo-driver/bson/primitive",
    "go.mongodb.org/mongo-driver/v2/bson",
    "gorm.io/gorm",
];

/// Whether a file says where packages stand.
pub fn is_named(path: &BStr) -> bool {
    matches!(path.rsplit(|byte| *byte == b'/').next(), Some(b"go.mod" | b"go.work"))
}

/// Whether a file is built for tests alone, so that no program has what it declares.
pub fn is_test(path: &BStr) -> bool {
    path.ends_with(b"_test.go")
}

/// The name that a file of Go gives to its package; empty where it gives none.
pub fn name_in(text: &str) -> &str {
    let rest = without_comments(text.strip_prefix('\u{feff}').unwrap_or(text));
    let rest = rest.strip_prefix("package").map_or("", without_comments);
    rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// A text from its first token on.
fn without_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let after = match (rest.strip_prefix("//"), rest.strip_prefix("/*")) {
            (Some(line), _) => line.split_once('\n'),
            (_, Some(block)) => block.split_once("*/"),
            (None, None) => return rest,
        };
        rest = after.map_or("", |(_, rest)| rest.trim_start());
    }
}

/// What all such files of a repository say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Packages {
    /// The folders that are modules, with their paths; `None` where nobody can tell. Folders end in `/`, the top is empty.
    modules: BTreeMap<BString, Option<String>>,
    /// Where the modules stand that are in the repository, by their paths.
    folders: BTreeMap<String, BTreeSet<BString>>,
    /// Something of it cannot be read.
    is_unclear: bool,
}

impl Packages {
    /// Takes in what a file says; `None` for one that is a link or too large.
    pub fn add(&mut self, path: &BStr, text: Option<&[u8]>) {
        let (folder, name) = path.split_at(path.rfind_byte(b'/').map_or(0, |end| end + 1));
        let said = text.and_then(|text| said(&text.to_str_lossy()));
        self.is_unclear |= said.is_none();
        let Said { module, replaced } = said.unwrap_or_default();
        for (path, target) in replaced {
            self.folders.entry(path).or_default().extend(beside(folder, &target));
        }
        if name == b"go.mod" {
            let path = module.iter().cloned();
            path.for_each(|path| _ = self.folders.entry(path).or_default().insert(folder.into()));
            self.modules.insert(folder.into(), module);
        }
    }

    /// The folders that a package may stand in which a file imports: of the first list of which one is there, that is it.
    /// `None` where nobody can tell.
    pub fn folders(&self, file: &BStr, package: &BStr) -> Option<Vec<Vec<BString>>> {
        let package = package.to_str().ok().filter(|package| !package.is_empty())?;
        let around: Vec<&[u8]> = above(file);
        if around.len().max(package.split('/').count()) > MOST_STEPS {
            return None;
        }
        let own = around.iter().find_map(|folder| Some((*folder, self.modules.get(folder.as_bstr())?)));
        let mut lists = Vec::new();
        if let Some((folder, module)) = own {
            let rest = below(module.as_ref()?, package);
            lists.extend(rest.and_then(|rest| self.folder(folder, rest)).map(|folder| vec![folder]));
        }
        if is_standard(package) {
            return Some(lists);
        }
        let mut others = BTreeSet::new();
        for (at, _) in package.match_indices('/').chain([(package.len(), "")]) {
            let (path, rest) = package.split_at(at);
            let folders = self.folders.get(path);
            if folders.is_some_and(|folders| folders.len() > MOST_FOLDERS) {
                return None;
            }
            let rest = rest.trim_start_matches('/');
            others.extend(folders.into_iter().flatten().filter_map(|folder| self.folder(folder, rest)));
        }
        if own.is_none() {
            lists.push(others.into_iter().collect());
            lists.push(guesses(&around, package));
        } else if others.is_empty() && lists.is_empty() && self.is_unclear {
            return None;
        } else {
            lists.push(others.into_iter().collect());
        }
        Some(lists)
    }

    /// Whether a package whose types are known by its path stands in this repository: they may be others here.
    pub fn is_known_and_here(&self, package: &BStr) -> bool {
        let known = KNOWN.iter().find(|known| package == BStr::new(known));
        let around =
            |known: &&str| known.match_indices('/').map(|(end, _)| end).chain([known.len()]).collect::<Vec<_>>();
        let of = |known: &&str, end| known.get(..end).is_some_and(|module| self.folders.contains_key(module));
        known.is_some_and(|known| around(known).into_iter().any(|end| of(known, end)))
    }

    /// A folder of a module, unless it belongs to another module within.
    fn folder(&self, module: &[u8], rest: &str) -> Option<BString> {
        let mut folder = BString::from(module);
        for step in rest.split('/').filter(|step| !step.is_empty()) {
            folder.extend_from_slice(step.as_bytes());
            folder.push(b'/');
            if self.modules.contains_key(&folder) {
                return None;
            }
        }
        Some(named(folder))
    }
}

/// A folder as imports spell it.
fn named(folder: BString) -> BString {
    if folder.is_empty() { "/".into() } else { folder }
}

/// The folders around a file, the nearest first, each with its `/`; the top is empty.
fn above(file: &BStr) -> Vec<&[u8]> {
    let ends = file.rfind_iter("/").map(|end| end + 1).chain([0]);
    ends.filter_map(|end| file.get(..end)).take(MOST_STEPS + 1).collect()
}

/// What of a package's path is below a module's.
fn below<'p>(module: &str, package: &'p str) -> Option<&'p str> {
    let rest = package.strip_prefix(module)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

/// A folder by its path from another; `None` where that leads out of the repository.
fn beside(folder: &[u8], target: &str) -> Option<BString> {
    let mut steps: Vec<&[u8]> = folder.split(|byte| *byte == b'/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => _ = steps.pop()?,
            step => steps.push(step.as_bytes()),
        }
    }
    Some(steps.iter().flat_map(|step| [step, b"/".as_slice()]).collect::<Vec<_>>().concat().into())
}

/// The folders that the path of an import looks like: those below any folder around the file whose path ends as it does.
fn guesses(around: &[&[u8]], package: &str) -> Vec<BString> {
    let mut found = BTreeSet::new();
    let endings = std::iter::successors(Some(package), |ending| ending.split_once('/').map(|(_, rest)| rest));
    // The host is none of the folders, unless all of the path is.
    for ending in endings.filter(|ending| *ending != package || package.contains('/')).take(9) {
        found.extend(around.iter().take(16).map(|above| BString::from([above, ending.as_bytes(), b"/"].concat())));
    }
    found.into_iter().collect()
}

/// What one file says: the path of its module, and which modules stand in other folders.
#[derive(Default)]
struct Said {
    module: Option<String>,
    replaced: Vec<(String, String)>,
}

/// Reads one file; `None` where a name in it is not written out. Whatever else is wrong with it Go refuses.
fn said(text: &str) -> Option<Said> {
    let (mut said, mut block) = (Said::default(), None);
    for line in text.lines() {
        let words = words(line)?;
        let mut words = words.iter().map(String::as_str);
        let verb = match &block {
            Some(verb) => String::clone(verb),
            None => words.next().unwrap_or_default().to_owned(),
        };
        match (verb.as_str(), words.collect::<Vec<_>>().as_slice()) {
            (_, ["("]) => block = Some(verb),
            (_, [")"]) => block = None,
            ("module", [path, ..]) => _ = said.module.get_or_insert_with(|| (*path).to_owned()),
            ("replace", [path, "=>", target, ..] | [path, _, "=>", target, ..]) if target.starts_with('.') => {
                said.replaced.push(((*path).to_owned(), (*target).to_owned()));
            }
            _ => {}
        }
    }
    Some(said)
}

/// The words of a line, without their quotation marks and what is behind `//`; `None` where one has an escape.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut rest) = (Vec::new(), line.trim_start());
    while !rest.is_empty() && !rest.starts_with("//") {
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '`'));
        let (word, after) = match quote {
            Some(quote) => rest.get(1..)?.split_once(quote)?,
            None if rest.starts_with(['(', ')']) => rest.split_at(1),
            None => {
                let ends = [rest.find([' ', '\t', '\r', '(', ')', '"', '`']), rest.find("//"), Some(rest.len())];
                rest.split_at(ends.into_iter().flatten().min()?)
            }
        };
        if quote == Some('"') && word.contains('\\') {
            return None;
        }
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Some(words)
}

/// Whether a package is of Go itself, or none of those that have a place in a repository.
pub(super) fn is_standard(path: &str) -> bool {
    const FIRST: &[&str] = &[
        "archive",
        "bufio",
        "bytes",
        "cmp",
        "compress",
        "container",
        "context",
        "crypto",
        "database",
        "debug",
        "embed",
        "encoding",
        "errors",
        "expvar",
        "flag",
        "fmt",
        "go",
        "hash",
        "html",
        "image",
        "index",
        "io",
        "iter",
        "log",
        "maps",
        "math",
        "mime",
        "net",
        "os",
        "path",
        "plugin",
        "reflect",
        "regexp",
        "runtime",
        "slices",
        "sort",
        "strconv",
        "strings",
        "structs",
        "sync",
        "syscall",
        "testing",
        "text",
        "time",
        "unicode",
        "unique",
        "unsafe",
        "weak",
        "C",
    ];
    FIRST.contains(&path.split('/').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(files: &[(&str, &str)], file: &str, package: &str) -> Option<Vec<Vec<String>>> {
        let mut packages = Packages::default();
        files.iter().for_each(|(path, text)| packages.add(BStr::new(path), Some(text.as_bytes())));
        let lists = packages.folders(file.into(), package.into())?;
        Some(lists.into_iter().map(|list| list.iter().map(ToString::to_string).collect()).collect())
    }

    #[test]
    fn a_package_of_the_own_module_stands_where_its_path_says() {
        let top = [("go.mod", "module example.com/shop // v1\n\ngo 1.22\n")];
        for (package, due) in [
            ("example.com/shop/models", vec![vec!["models/"], vec!["models/"]]),
            ("example.com/shop", vec![vec!["/"], vec!["/"]]),
            ("example.com/shopping/models", vec![vec![]]),
            ("other.com/shop/models", vec![vec![]]),
            ("time", vec![]),
        ] {
            assert_eq!(folders(&top, "shop/api/a.go", package).unwrap(), due, "{package}");
        }
        let nested = [top[0], ("api/go.mod", "module (\n\t\"example.com/api\"\n)\n")];
        assert_eq!(folders(&nested, "api/in/a.go", "example.com/api/x").unwrap()[0], ["api/x/"]);
        assert_eq!(folders(&nested, "api/in/a.go", "example.com/shop/models").unwrap(), [["models/"]]);
        // It is no part of the module around it.
        assert_eq!(folders(&nested, "a.go", "example.com/shop/api/x").unwrap(), [Vec::<String>::new()]);
    }

    #[test]
    fn a_module_may_stand_in_another_folder() {
        let text = "module example.com/shop\nreplace (\n\texample.com/a v1.0.0 => ./in/a\n\texample.com/b => ../b\n)\n\
            replace example.com/c => other.com/c v1.0.0\nreplace example.com/d => ../../d\n";
        let files = [("shop/go.mod", text), ("go.work", "use ./shop\nreplace example.com/e => `./e`//x\n")];
        for (package, due) in [
            ("example.com/a/x", vec!["shop/in/a/x/"]),
            ("example.com/b", vec!["b/"]),
            ("example.com/c", vec![]),
            ("example.com/d", vec![]),
            ("example.com/e/x", vec!["e/x/"]),
        ] {
            assert_eq!(folders(&files, "shop/a.go", package).unwrap(), [due], "{package}");
        }
        let twice = [files[0], ("fork/go.mod", "module example.com/b")];
        assert_eq!(folders(&twice, "shop/a.go", "example.com/b").unwrap(), [["b/", "fork/"]]);
    }

    #[test]
    fn what_is_not_written_out_is_not_known() {
        let escaped = [("go.mod", "module \"example.com/\\x61\"")];
        assert_eq!(folders(&escaped, "a.go", "example.com/a/x"), None);
        assert_eq!(folders(&[("go.mod", "go 1.22")], "a.go", "example.com/a/x"), None);
        let deep = "a/".repeat(1 << 16);
        assert_eq!(folders(&[("go.mod", "module a")], "a.go", &deep), None);
        let many: Vec<(String, &str)> = (0..100).map(|n| (format!("{n}/go.mod"), "module example.com/a")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        assert_eq!(folders(&many, "a.go", "example.com/a"), None);
    }

    #[test]
    fn a_file_names_its_package_behind_comments() {
        for (text, due) in [
            ("package a\n", "a"),
            ("\u{feff}// package b\n/* package c */ package /* d */\n// e\nf_1; import \"g\"", "f_1"),
            ("/* package a", ""),
            ("packages", "s"),
            ("", ""),
        ] {
            assert_eq!(name_in(text), due, "{text}");
        }
    }

    #[test]
    fn without_a_module_the_path_says_what_it_looks_like() {
        let lists = folders(&[], "src/example.com/shop/api/a.go", "example.com/shop/models").unwrap();
        assert_eq!(lists[0], Vec::<String>::new());
        for folder in ["src/example.com/shop/models/", "models/", "src/example.com/shop/api/models/"] {
            assert!(lists[1].iter().any(|one| one == folder), "{folder}: {lists:?}");
        }
    }
}
