//! A tree in memory, and its encoding as Git's tree objects. It allows every name that bytes can spell, because a
//! hostile client does.

use std::collections::BTreeMap;

use gix::objs::{Kind, Write};

use super::{Context, Fallible};

/// What a name in a tree stands for.
#[derive(Clone)]
pub(crate) enum Node {
    Leaf { mode: String, oid: gix::ObjectId },
    Folder(Tree),
}

/// A folder's entries by their raw names.
#[derive(Clone, Default)]
pub(crate) struct Tree(BTreeMap<Vec<u8>, Node>);

/// Every file of a tree: its path, and the mode and oid that stand there.
pub(crate) type Flat = BTreeMap<Vec<u8>, (String, gix::ObjectId)>;

impl Tree {
    /// Puts a leaf at a path; files in the way become folders.
    pub(crate) fn insert(&mut self, path: &[Vec<u8>], leaf: Node) {
        match path {
            [] => {}
            [name] => {
                self.0.insert(name.clone(), leaf);
            }
            [name, rest @ ..] => {
                let node = self.0.entry(name.clone()).or_insert_with(|| Node::Folder(Tree::default()));
                if let Node::Leaf { .. } = node {
                    *node = Node::Folder(Tree::default());
                }
                if let Node::Folder(folder) = node {
                    folder.insert(rest, leaf);
                }
            }
        }
    }

    /// Takes a file or a whole folder away; says whether it was there.
    pub(crate) fn remove(&mut self, path: &[Vec<u8>]) -> bool {
        match path {
            [] => false,
            [name] => self.0.remove(name).is_some(),
            [name, rest @ ..] => {
                let Some(Node::Folder(folder)) = self.0.get_mut(name) else { return false };
                let removed = folder.remove(rest);
                if folder.0.is_empty() {
                    self.0.remove(name);
                }
                removed
            }
        }
    }

    /// The leaf at a path.
    pub(crate) fn leaf(&self, path: &[Vec<u8>]) -> Option<(&str, gix::ObjectId)> {
        match (path, self.0.get(path.first()?)?) {
            ([_], Node::Leaf { mode, oid }) => Some((mode, *oid)),
            ([_, rest @ ..], Node::Folder(folder)) => folder.leaf(rest),
            _ => None,
        }
    }

    /// All leaves by path.
    pub(crate) fn flatten(&self) -> Flat {
        let mut flat = Flat::new();
        self.flatten_into(&mut Vec::new(), &mut flat);
        flat
    }

    fn flatten_into(&self, prefix: &mut Vec<u8>, flat: &mut Flat) {
        for (name, node) in &self.0 {
            let length = prefix.len();
            prefix.extend_from_slice(name);
            match node {
                Node::Leaf { mode, oid } => {
                    flat.insert(prefix.clone(), (mode.clone(), *oid));
                }
                Node::Folder(folder) => {
                    prefix.push(b'/');
                    folder.flatten_into(prefix, flat);
                }
            }
            prefix.truncate(length);
        }
    }

    /// Writes the tree objects, deepest first.
    pub(crate) fn write(&self, objects: &dyn Write) -> Fallible<gix::ObjectId> {
        let mut entries = Vec::with_capacity(self.0.len());
        for (name, node) in &self.0 {
            let (mode, oid) = match node {
                Node::Leaf { mode, oid } => (mode.as_str(), *oid),
                Node::Folder(folder) => ("40000", folder.write(objects)?),
            };
            // Git sorts folders as if their names ended in a slash.
            let mut key = name.clone();
            key.extend((mode == "40000").then_some(b'/'));
            entries.push((key, name, mode, oid));
        }
        entries.sort();
        let mut encoded = Vec::new();
        for (_, name, mode, oid) in entries {
            encoded.extend_from_slice(mode.as_bytes());
            encoded.push(b' ');
            encoded.extend_from_slice(name);
            encoded.push(0);
            encoded.extend_from_slice(oid.as_bytes());
        }
        objects.write_buf(Kind::Tree, &encoded).context(|| "cannot write a tree".into())
    }

    /// Reads a tree that Git wrote.
    pub(crate) fn read(repo: &gix::Repository, oid: gix::ObjectId) -> Fallible<Self> {
        let object = repo.find_tree(oid).context(|| format!("cannot read tree {oid}"))?;
        let mut tree = Self::default();
        for entry in object.iter() {
            let entry = entry.context(|| format!("cannot decode tree {oid}"))?;
            let node = if entry.mode().is_tree() {
                Node::Folder(Self::read(repo, entry.oid().to_owned())?)
            } else {
                Node::Leaf { mode: format!("{:o}", entry.mode().value()), oid: entry.oid().to_owned() }
            };
            tree.0.insert(entry.filename().to_vec(), node);
        }
        Ok(tree)
    }
}
