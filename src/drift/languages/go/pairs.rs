//! Documents of BSON, which are lists of pairs: `bson.D{{"city", x}}`, `primitive.D{{Key: "city", Value: x}}`.

use tree_sitter::Node;

use super::super::tree::{Entry, at, field, parts, said};
use super::sites::Reader;

impl<'t> Reader<'_, 't> {
    /// Whether the type of a literal is a list of pairs.
    pub(super) fn is_paired(&self, ty: Node<'t>) -> bool {
        let named = |ty: Node<'t>, names: &[&str]| {
            ty.kind() == "qualified_type"
                && field(ty, "name").is_some_and(|name| names.contains(&said(self.file.text, name)))
        };
        let ty = self.made_of(ty).unwrap_or(ty);
        named(ty, &["D"])
            || ty.kind() == "slice_type" && field(ty, "element").is_some_and(|item| named(item, &["E", "DocElem"]))
    }

    /// The entries of such a literal. Its pairs are no literals of their own.
    pub(super) fn pairs(&self, elements: &[Node<'t>]) -> Vec<Entry<'t>> {
        let entry = |element: &Node<'t>| {
            let pair = parts(*element).first().copied().unwrap_or(*element);
            let body = field(pair, "body").unwrap_or(pair);
            let items = if body.kind() == "literal_value" { parts(body) } else { Vec::new() };
            self.claim_pair(pair);
            self.claim_pair(body);
            let side = |place: usize, names: [&str; 2]| {
                let named = |item: &&Node<'t>| {
                    let key = field(**item, "key").and_then(|key| parts(key).first().copied());
                    key.is_some_and(|key| names.contains(&said(self.file.text, key)))
                };
                let item = items.iter().find(named).and_then(|item| field(*item, "value"));
                let plain = || items.get(place).copied().filter(|item| item.kind() == "literal_element");
                item.or_else(plain).map(|item| parts(item).first().copied().unwrap_or(item))
            };
            let (key, value) = (side(0, ["Key", "Name"]), side(1, ["Value", "Value"]));
            let text = key.and_then(|key| self.folded(key));
            Entry { key: text, at: at(key.unwrap_or(*element)), value }
        };
        elements.iter().map(entry).collect()
    }
}
