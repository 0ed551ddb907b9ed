//! From a case to objects: a store that holds everything the case names, and the label of each object in it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use gix::ObjectId;
use gix::objs::{Kind, Write};

use super::case::{Case, Commit, Entry, Format, Generate, Push, Spec, Tag};
use super::spell::{self, Names};
use super::tree::{Node, Tree};
use super::{Context, Fallible, process, sign, trace};

/// One line of what `pre-receive` reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Update {
    pub(crate) old: String,
    pub(crate) new: String,
    pub(crate) name: Vec<u8>,
}

impl Update {
    /// The line as Git feeds it to the hook.
    pub(crate) fn line(&self) -> Vec<u8> {
        let mut line = format!("{} {} ", self.old, self.new).into_bytes();
        line.extend_from_slice(&self.name);
        line.push(b'\n');
        line
    }
}

/// A built case.
pub(crate) struct Built {
    /// A bare repository with every object and no ref.
    pub(crate) store: PathBuf,
    pub(crate) format: Format,
    pub(crate) names: Names,
    /// The server's refs before the push.
    pub(crate) refs: Vec<(Vec<u8>, String)>,
    pub(crate) updates: Vec<Update>,
    /// The oids of commits that the client claims are shallow.
    pub(crate) shallow: Vec<String>,
}

/// Builds a case's objects in a new store at `store`.
pub(crate) fn build(case: &Case, store: &Path) -> Fallible<Built> {
    super::server::init(store, case.object_format, false)?;
    let repo = gix::open_opts(store, gix::open::Options::isolated()).context(|| "cannot open the store".into())?;
    let mut builder = Builder { repo, store, names: Names::default(), trees: HashMap::new(), blobs: HashMap::new() };
    let mut previous: Option<&str> = None;
    for (index, commit) in case.commits.iter().enumerate() {
        let generators = case.generators.iter().filter(|generate| generate.commit == commit.id).collect::<Vec<_>>();
        builder.commit(index, commit, previous, &generators).context(|| format!("commit `{}`", commit.id))?;
        previous = Some(&commit.id);
    }
    for tag in &case.tags {
        builder.tag(tag).context(|| format!("tag `{}`", tag.id))?;
    }
    let mut refs = Vec::new();
    for entry in &case.refs {
        refs.push((spell::decode(&builder.names.fill(&entry.name)?)?, builder.resolve(&entry.target)?.0.to_string()));
    }
    let mut updates = Vec::new();
    for push in &case.pushes {
        builder.updates(push, &refs, case.object_format, &mut updates)?;
    }
    let shallow =
        case.shallow.iter().map(|label| builder.names.oid(label).map(str::to_owned)).collect::<Fallible<_>>()?;
    Ok(Built { store: store.into(), format: case.object_format, names: builder.names, refs, updates, shallow })
}

struct Builder<'a> {
    repo: gix::Repository,
    store: &'a Path,
    names: Names,
    trees: HashMap<String, Tree>,
    blobs: HashMap<Vec<u8>, ObjectId>,
}

impl Builder<'_> {
    fn commit(&mut self, index: usize, commit: &Commit, previous: Option<&str>, bulk: &[&Generate]) -> Fallible<()> {
        let parents = match &commit.parents {
            Some(labels) => labels.iter().map(String::as_str).collect(),
            None => previous.into_iter().collect::<Vec<_>>(),
        };
        let mut tree = self.starting_tree(commit, &parents)?;
        for generate in bulk {
            self.generate(&mut tree, generate)?;
        }
        let (trace_files, rest): (Vec<_>, Vec<_>) = match &commit.trace {
            Some(trace) => commit.files.iter().partition(|(path, _)| path.starts_with(&trace::folder(&trace.task))),
            None => (Vec::new(), commit.files.iter().collect()),
        };
        self.apply(&mut tree, &rest)?;
        self.write_trace(&mut tree, commit)?;
        self.apply(&mut tree, &trace_files)?;

        let tree_oid = tree.write(&*self.repo.objects)?;
        let date = commit.date.unwrap_or(1_700_000_000 + index as u64 * 60);
        let fixture = "Fixture <fixture@example.com>";
        let mut text = format!("tree {tree_oid}\n");
        for parent in &parents {
            text.push_str(&format!("parent {}\n", self.names.oid(parent)?));
        }
        text.push_str(&format!("author {} {date} +0000\n", commit.author.as_deref().unwrap_or(fixture)));
        text.push_str(&format!("committer {} {date} +0000\n", commit.committer.as_deref().unwrap_or(fixture)));
        let message = format!("\n{}\n", self.names.fill(commit.message.as_deref().unwrap_or(&commit.id))?);
        if let Some(key) = &commit.signed {
            let header = if self.repo.object_hash() == gix::hash::Kind::Sha1 { "gpgsig" } else { "gpgsig-sha256" };
            let armor = sign::sign(self.store, key, format!("{text}{message}").as_bytes())?;
            text.push_str(&format!("{header} {}\n", armor.trim_end().replace('\n', "\n ")));
        }
        text.push_str(&message);
        let oid = self.write(Kind::Commit, text.as_bytes())?;
        self.names.insert(&commit.id, oid.to_string(), Some(tree_oid.to_string()));
        self.trees.insert(commit.id.clone(), tree);
        Ok(())
    }

    fn starting_tree(&self, commit: &Commit, parents: &[&str]) -> Fallible<Tree> {
        if commit.merge {
            let [first, second] = parents else { return Err("`merge` needs two parents".into()) };
            let (first, second) = (self.names.oid(first)?, self.names.oid(second)?);
            let mut command = process::git(self.store, &["merge-tree", "--write-tree", first, second]);
            let output = process::must(&mut command, b"")?;
            let oid = ObjectId::from_hex(output.trim_ascii()).context(|| "no tree from merge-tree".into())?;
            return Tree::read(&self.repo, oid);
        }
        match commit.tree.as_deref().or_else(|| parents.first().copied()) {
            Some(label) => self.trees.get(label).cloned().ok_or_else(|| format!("no commit is labelled `{label}` yet")),
            None => Ok(Tree::default()),
        }
    }

    fn generate(&mut self, tree: &mut Tree, generate: &Generate) -> Fallible<()> {
        for i in 0..generate.count {
            let number = i.to_string();
            let mut path = vec![b"d".to_vec(); generate.depth];
            path.extend(spell::components(&generate.path.replace("{i}", &number))?);
            let oid = self.blob(generate.text.replace("{i}", &number).into_bytes())?;
            tree.insert(&path, Node::Leaf { mode: "100644".into(), oid });
        }
        Ok(())
    }

    /// Deletions first, so that a file may make room for a folder of its name.
    fn apply(&mut self, tree: &mut Tree, files: &[(&String, &Entry)]) -> Fallible<()> {
        for (path, _) in files.iter().filter(|(_, entry)| matches!(entry, Entry::Spec(Spec { delete: true, .. }))) {
            if !tree.remove(&spell::components(path)?) {
                return Err(format!("`{path}` is to be deleted but is not there"));
            }
        }
        for (path, entry) in files {
            if let Some(leaf) = self.leaf(entry).context(|| format!("`{path}`"))? {
                tree.insert(&spell::components(path)?, leaf);
            }
        }
        Ok(())
    }

    fn leaf(&mut self, entry: &Entry) -> Fallible<Option<Node>> {
        let spec = match entry {
            Entry::Text(text) => {
                let oid = self.blob(self.names.fill(text)?.into_bytes())?;
                return Ok(Some(Node::Leaf { mode: "100644".into(), oid }));
            }
            Entry::Spec(spec) => spec,
        };
        let (mode, oid) = match spec {
            Spec { delete: true, .. } => return Ok(None),
            Spec { text: Some(text), .. } => ("100644", self.blob(self.names.fill(text)?.into_bytes())?),
            Spec { symlink: Some(target), .. } => ("120000", self.blob(spell::decode(target)?)?),
            Spec { gitlink: Some(oid), .. } => {
                ("160000", ObjectId::from_hex(oid.as_bytes()).context(|| "no oid in `gitlink`".into())?)
            }
            Spec { base64: Some(text), .. } => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(text);
                ("100644", self.blob(bytes.context(|| "no base64".into())?)?)
            }
            Spec { repeat: Some(text), times, .. } => ("100644", self.blob(text.repeat(*times).into_bytes())?),
            _ => return Err("no content given".into()),
        };
        Ok(Some(Node::Leaf { mode: spec.mode.clone().unwrap_or_else(|| mode.into()), oid }))
    }

    fn write_trace(&mut self, tree: &mut Tree, commit: &Commit) -> Fallible<()> {
        let Some(trace) = &commit.trace else { return Ok(()) };
        let changed = match &trace.files_changed {
            Some(paths) => paths.clone(),
            None => {
                let base = self.trees.get(&trace.base).ok_or_else(|| format!("no commit `{}`", trace.base))?;
                let own = trace::folder(&trace.task);
                let (before, after) = (base.flatten(), tree.flatten());
                let paths = before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path));
                let mut paths = paths.map(|path| String::from_utf8_lossy(path).into_owned()).collect::<Vec<_>>();
                paths.retain(|path| !path.starts_with(&own));
                paths.sort();
                paths.dedup();
                paths
            }
        };
        let commit_sha = trace.commit_sha.as_deref().map(|label| self.names.oid(label)).transpose()?;
        for (path, text) in trace::files(trace, self.names.oid(&trace.base)?, &changed, commit_sha) {
            let oid = self.blob(text.into_bytes())?;
            tree.insert(&spell::components(&path)?, Node::Leaf { mode: "100644".into(), oid });
        }
        Ok(())
    }

    fn tag(&mut self, tag: &Tag) -> Fallible<()> {
        let (oid, kind) = self.resolve(&tag.target)?;
        let id = &tag.id;
        let mut text = format!(
            "object {oid}\ntype {kind}\ntag {}\ntagger Fixture <fixture@example.com> 1700000000 +0000\n\n{id}\n",
            tag.name.as_deref().unwrap_or(id)
        );
        if let Some(key) = &tag.signed {
            text.push_str(&sign::sign(self.store, key, text.as_bytes())?);
        }
        let oid = self.write(Kind::Tag, text.as_bytes())?;
        self.names.insert(id, oid.to_string(), None);
        Ok(())
    }

    /// A label, `tree:LABEL` or `blob:LABEL:path`.
    fn resolve(&self, target: &str) -> Fallible<(ObjectId, Kind)> {
        let parse = |hex: &str| ObjectId::from_hex(hex.as_bytes()).context(|| format!("`{target}` has no oid"));
        if let Some(label) = target.strip_prefix("tree:") {
            return Ok((parse(self.names.tree(label)?)?, Kind::Tree));
        }
        if let Some((label, path)) = target.strip_prefix("blob:").and_then(|rest| rest.split_once(':')) {
            let tree = self.trees.get(label).ok_or_else(|| format!("no commit is labelled `{label}`"))?;
            let leaf = tree.leaf(&spell::components(path)?).ok_or_else(|| format!("`{target}` is not there"))?;
            return Ok((leaf.1, Kind::Blob));
        }
        let kind = if self.trees.contains_key(target) { Kind::Commit } else { Kind::Tag };
        Ok((parse(self.names.oid(target)?)?, kind))
    }

    fn updates(&self, push: &Push, refs: &[(Vec<u8>, String)], format: Format, out: &mut Vec<Update>) -> Fallible<()> {
        for i in 0..push.times {
            let name = spell::decode(&self.names.fill(&push.name.replace("{i}", &i.to_string()))?)?;
            let held = refs.iter().find(|(held, _)| *held == name).map(|(_, oid)| oid.clone());
            let old = match (&push.raw_old, &push.old) {
                (Some(raw), _) => raw.clone(),
                (None, Some(label)) if !label.is_empty() => self.resolve(label)?.0.to_string(),
                (None, Some(_)) => format.zero(),
                (None, None) => held.unwrap_or_else(|| format.zero()),
            };
            let new = match (&push.raw_new, &push.new) {
                (Some(raw), _) => raw.clone(),
                (None, Some(label)) if !label.is_empty() => self.resolve(label)?.0.to_string(),
                (None, _) => format.zero(),
            };
            if push.delete && push.new.as_deref().is_some_and(|label| !label.is_empty()) {
                return Err(format!("`{}` cannot be deleted and moved at once", push.name));
            }
            out.push(Update { old, new, name });
        }
        Ok(())
    }

    fn blob(&mut self, bytes: Vec<u8>) -> Fallible<ObjectId> {
        if let Some(oid) = self.blobs.get(&bytes) {
            return Ok(*oid);
        }
        let oid = self.write(Kind::Blob, &bytes)?;
        self.blobs.insert(bytes, oid);
        Ok(oid)
    }

    fn write(&self, kind: Kind, bytes: &[u8]) -> Fallible<ObjectId> {
        self.repo.objects.write_buf(kind, bytes).context(|| format!("cannot write a {kind}"))
    }
}
