//! SQL, which is split into statements by a reader of our own, and migrations that are folded.

use bstr::BString;
use refgate::drift::languages::{Language, Source};
use refgate::drift::migrations::fold;
use refgate::drift::shape::Sites;

pub(crate) fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let module = Language::Sql(None).read(&Source { path: "1.sql".into(), text, sites: &Sites::default() });
    super::declares(text, &module);
    let files = [(BString::from("1.sql"), &module)];
    let folded = fold(&files);
    for (_, unread) in &folded.unread {
        super::tells(&unread.reason);
    }
    for module in folded.modules(&files) {
        super::declares(text, &module);
    }
    // A statement that ends adds nothing, nor takes anything away.
    if module.unread.is_empty() {
        let ended = format!("{text}\n;");
        let again = Language::Sql(None).read(&Source { path: "1.sql".into(), text: &ended, sites: &Sites::default() });
        if again.unread.is_empty() {
            assert_eq!(again.steps, module.steps, "{text:?}");
        }
    }
}
