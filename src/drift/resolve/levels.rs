//! What several types and members of one name are.
//!
//! Members as Go's encoders choose among them: the outermost one counts; where that is not one, the one of them whose tag
//! gives the name; and none where that is not one either.

use std::rc::Rc;

use bstr::{BStr, ByteSlice};

use super::lookup::{Found, is_beside};
use super::{Module, Part, Parts, Resolver, Scope, Shape, Unread, blind};
use crate::drift::shape::Import;

/// Why a file is unread that imports what is known otherwise.
const REPLACED: &str = "a package that this file imports is known by its path, and this repository has another in its place: \
    give that one a path of its own";

impl<'a> Resolver<'a, '_> {
    /// Tells of a file that gives the name of one of Go's own types to another: all files of its package mean that.
    pub(super) fn shadowed(&self, found: &Found<'a>) {
        let home = (found.file, found.module);
        let package = (folder(found.file), found.module.package.name.as_str());
        if !found.module.is_leveled || !self.shadowed.borrow_mut().insert(package) {
            return;
        }
        let end = found.file.rfind_byte(b'/').map_or(0, |end| end + 1);
        for file in self.lookup.files.folder(found.file.split_at(end).0.as_bstr()) {
            let other = self.lookup.files.module(file).filter(|other| is_beside(home, *other));
            let Some((file, module)) = other else { continue };
            let mut imports = module.imports.iter().filter_map(Import::package_path);
            let is_odd = imports.any(|path| self.lookup.files.packages().is_known_and_here(path));
            let own = is_odd.then(|| blind(file, &Unread::new(0, REPLACED)));
            let shadow = module.package.shadow.as_ref().map(|unread| blind(file, unread));
            self.ends.borrow_mut().extend(own.into_iter().chain(shadow));
        }
    }

    /// The members of a struct and of those that it embeds.
    pub(super) fn levels(&mut self, shapes: &'a [Shape], scope: &Rc<Scope<'a>>, parts: &mut Parts<'a>) {
        let mut all: Vec<Part<'a>> = Vec::new();
        for shape in shapes {
            let Shape::Object(members) = shape else {
                all.extend(self.some_parts(shape, scope));
                continue;
            };
            all.extend(members.iter().map(|member| Part {
                member,
                file: scope.home.file,
                shapes: vec![(&member.shape, Rc::clone(scope))],
                case: None,
                beside: members,
                is_dropped: false,
            }));
        }
        let level = |part: &Part<'_>| part.shapes.first().map_or(0, |(_, scope)| scope.level());
        all.sort_by(|one, other| {
            let untagged = |part: &Part<'_>| !part.member.explicit;
            let key = |part: &Part<'_>| (level(part), untagged(part));
            one.member.name.cmp(&other.member.name).then_with(|| key(one).cmp(&key(other)))
        });
        let mut rest = all.into_iter().peekable();
        while let Some(mut first) = rest.next() {
            let mut is_first = true;
            while let Some(next) = rest.next_if(|next| next.member.name == first.member.name) {
                let alike = level(&next) == level(&first) && next.member.explicit == first.member.explicit;
                first.is_dropped |= is_first && alike;
                is_first = false;
            }
            parts.put(first);
        }
    }
}

/// Whether one name is given to several types that are not the same, of which the program has one: what another still has
/// must not stand for what that one lost.
pub(super) fn differs(found: &[Found<'_>]) -> bool {
    let is_one = |module: &Module| module.is_exact || module.is_leveled || module.is_placed;
    let mut rest = found.iter().filter(|found| is_one(found.module));
    let Some(first) = rest.next() else { return false };
    rest.any(|other| {
        // The files of a folder are one package.
        let beside = first.module.is_leveled && folder(first.file) == folder(other.file);
        (beside || std::ptr::eq(other.module, first.module))
            && !(other.definition.shape.says(&first.definition.shape) && says_in_json(first, other))
    })
}

/// Whether two definitions are the same where `json` writes them.
fn says_in_json(one: &Found<'_>, other: &Found<'_>) -> bool {
    let [one, other] = [one, other].map(|found| found.module.package.others.get(&found.definition.at));
    one.is_some() == other.is_some() && one.zip(other).is_none_or(|(one, other)| one.json.shape.says(&other.json.shape))
}

fn folder(file: &BStr) -> &[u8] {
    file.split_at(file.rfind_byte(b'/').unwrap_or_default()).0
}
