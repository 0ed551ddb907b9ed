//! Every reader of a language, which the first byte chooses: whatever it is given, what it says has a place in the text,
//! and the types that it finds resolve to fields in bounded time.

use bstr::BStr;
use refgate::drift::languages::{Language, Source};
use refgate::drift::packages::Packages;
use refgate::drift::resolve::{Files, resolve};
use refgate::drift::shape::{Module, Sites};
use refgate::glob::{Glob, GlobSet};

/// As much as a thread that reads sources has for the smallest file.
const STACK: usize = 64 << 20;

/// One file and no other.
struct Alone<'m>(&'m Module, Packages);

impl Files for Alone<'_> {
    fn is_own(&self, _: &BStr) -> bool {
        true
    }

    fn module(&self, path: &BStr) -> Option<(&BStr, &Module)> {
        (path == "a").then_some((BStr::new("a"), self.0))
    }

    fn folder(&self, _: &BStr) -> Vec<&BStr> {
        vec![BStr::new("a")]
    }

    fn leads_on(&self, _: &BStr) -> bool {
        false
    }

    fn has_links(&self, _: &BStr) -> bool {
        false
    }

    fn packages(&self) -> &Packages {
        &self.1
    }
}

pub(crate) fn holds(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let built: Vec<Language> = Language::ALL.into_iter().filter(|language| language.is_built_in()).collect();
    let language = built[usize::from(*choice) % built.len()];
    std::thread::scope(|scope| {
        let reading = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || read(language, text));
        reading.unwrap().join().unwrap();
    });
}

fn read(language: Language, text: &str) {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    let sites = Sites {
        functions: vec![("map".to_owned(), 1)],
        tables: words(&["MAP"]),
        table_member: None,
        discriminators: words(&["_type"]),
        types: words(&["Order"]),
        patches: words(&["set"]),
    };
    let module = language.read(&Source { path: "a".into(), text, sites: &sites });
    super::declares(text, &module);
    module.sites.iter().for_each(|site| assert!(text.is_char_boundary(site.at as usize), "{site:?}"));
    let all: GlobSet = [Glob::parse("**").unwrap()].into_iter().collect();
    let declared = resolve(&[(BStr::new("a"), &module)], &all, &|_, _| true, &Alone(&module, Packages::default()));
    for field in &declared.fields {
        assert!(text.is_char_boundary(field.at as usize), "{field:?}");
    }
    declared.unread.iter().for_each(|blind| super::tells(&blind.reason));
}
