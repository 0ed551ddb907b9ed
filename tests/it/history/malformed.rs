//! Trees as nobody's Git writes them, on either side of a comparison and in every place: where both sides are alike, and
//! where they differ. Most of two versions of a tree is alike; that must not keep any of the new one from being looked at.

use refgate::error::Kind;

use super::*;

/// An entry as it is spelt: mode, name, object name.
type Spelt = (&'static str, String, [u8; 20]);
/// A path with what stands there.
type Placed = (Vec<u8>, [u8; 20]);

const FOLDER: &str = "40000";
const FILE: &str = "100644";

fn raw(hex: &str) -> [u8; 20] {
    oid(hex).as_bytes().try_into().unwrap()
}

/// Stores objects of a kind.
fn store(folder: &Path, kind: &str, contents: &[Vec<u8>]) -> Vec<String> {
    let place = tempfile::tempdir().unwrap();
    let mut paths = String::new();
    for (number, content) in contents.iter().enumerate() {
        let path = place.path().join(number.to_string());
        fs_err::write(&path, content).unwrap();
        let _ = writeln!(paths, "{}", path.display());
    }
    let args = ["hash-object", "-w", "--literally", "--no-filters", "-t", kind, "--stdin-paths"];
    let out = process::must(&mut process::git(folder, &args), paths.as_bytes()).unwrap();
    String::from_utf8(out).unwrap().lines().map(ToOwned::to_owned).collect()
}

fn bytes(entries: &[Spelt]) -> Vec<u8> {
    entries.iter().flat_map(|(mode, name, id)| [mode.as_bytes(), b" ", name.as_bytes(), b"\0", id].concat()).collect()
}

fn sort(entries: &mut [Spelt]) {
    entries.sort_by_key(|(mode, name, _)| format!("{name}{}", if *mode == FOLDER { "/" } else { "" }));
}

struct Maker {
    dice: Dice,
    /// Two trees that differ.
    trees: [[u8; 20]; 2],
}

impl Maker {
    fn entry(&mut self, mode: &'static str, name: String) -> Spelt {
        let folder = self.trees[self.dice.roll(2)];
        (mode, name, if mode.ends_with(FOLDER) { folder } else { [b'p' + self.dice.roll(3) as u8; 20] })
    }

    /// Well-formed, with names that begin alike.
    fn tree(&mut self) -> Vec<Spelt> {
        let mut entries: BTreeMap<String, Spelt> = BTreeMap::new();
        for _ in 0..4 + self.dice.roll(24) {
            let ending = ["", "-", "-a", ".b", "0", "00000000000000000000000000000000000000"][self.dice.roll(6)];
            let name = format!("k{}{ending}", self.dice.roll(8));
            let mode = [FILE, FILE, FOLDER][self.dice.roll(3)];
            entries.insert(name.clone(), self.entry(mode, name));
        }
        let mut entries: Vec<Spelt> = entries.into_values().collect();
        sort(&mut entries);
        entries
    }

    /// One honest change.
    fn change(&mut self, entries: &mut Vec<Spelt>) {
        let place = self.dice.roll(entries.len());
        let (mode, name, _) = entries[place].clone();
        match self.dice.roll(4) {
            0 => entries.insert(place + 1, (FILE, format!("{name}\u{1}"), [b'n'; 20])),
            1 if entries.len() > 1 => drop(entries.remove(place)),
            _ => entries[place] = self.entry(mode, name),
        }
        sort(entries);
    }

    /// One that no Git tool makes, most times.
    fn spoil(&mut self, entries: &mut Vec<Spelt>) {
        let place = self.dice.roll(entries.len());
        let (mode, name, id) = entries[place].clone();
        let other = self.dice.roll(entries.len());
        match self.dice.roll(9) {
            0 => entries.swap(place, other),
            1 => entries.insert(place, (mode, name, id)),
            2 => entries[place].1 = String::new(),
            3 => entries[place].1 = format!("{name}/x"),
            4 => entries[place].0 = ["140000", "100664", "9", "0"][self.dice.roll(4)],
            5 => entries[place] = (["040000", "1040000"][self.dice.roll(2)], name, self.trees[0]),
            6 => entries[place].1 = entries[other].1.clone(),
            // A file and a folder of one name, each in its own place.
            _ => {
                let twin = self.entry(if mode == FOLDER { FILE } else { FOLDER }, name);
                entries.push(twin);
                sort(entries);
            }
        }
    }
}

struct Read {
    /// Name, whether it is a folder, object name, whether the mode is none.
    entries: Vec<(Vec<u8>, bool, [u8; 20], bool)>,
}

impl Read {
    /// A tree, entry for entry, or what becomes of one that cannot be read.
    fn of(bytes: &[u8]) -> Result<Self, Kind> {
        let (mut entries, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() {
            let space = rest.iter().position(|byte| *byte == b' ').ok_or(Kind::Undecided)?;
            let mode = std::str::from_utf8(&rest[..space]).ok().and_then(|mode| u32::from_str_radix(mode, 8).ok());
            let mode = mode.ok_or(Kind::Undecided)?;
            let name = &rest[space + 1..];
            let end = name.iter().position(|byte| *byte == 0).ok_or(Kind::Undecided)?;
            let id = name.get(end + 1..end + 21).ok_or(Kind::Undecided)?;
            if mode == 0o140_000 {
                return Err(Kind::Malformed);
            }
            entries.push((name[..end].to_vec(), mode & 0o170_000 == 0o040_000, id.try_into().unwrap(), mode == 0));
            rest = &name[end + 21..];
        }
        Ok(Self { entries })
    }

    fn is_well_formed(&self) -> bool {
        let key = |(name, folder, ..): &(Vec<u8>, bool, _, _)| [&name[..], if *folder { b"/" } else { b"" }].concat();
        let keys: Vec<Vec<u8>> = self.entries.iter().map(key).collect();
        let names: BTreeSet<&Vec<u8>> = self.entries.iter().map(|(name, ..)| name).collect();
        keys.windows(2).all(|pair| pair[0] < pair[1])
            && names.len() == keys.len()
            && names.iter().all(|name| !name.is_empty() && !name.contains(&b'/'))
    }

    /// Whether an entry cannot be told.
    fn has_nameless(&self) -> bool {
        self.entries.iter().any(|(name, _, _, no_mode)| name.is_empty() || *no_mode)
    }

    /// The files: each of the two trees holds one.
    fn files(&self, maker: &Maker) -> BTreeSet<Placed> {
        let file = |(name, folder, id, _): &(Vec<u8>, bool, [u8; 20], bool)| match folder {
            true if *id == maker.trees[0] => ([name, &b"/f"[..]].concat(), [b'f'; 20]),
            true => ([name, &b"/g"[..]].concat(), [b'g'; 20]),
            false => (name.clone(), *id),
        };
        self.entries.iter().map(file).collect()
    }
}

fn told(repo: &Repo, old: Oid, new: Oid) -> refgate::error::Result<Vec<(BString, Side, Side)>> {
    let mut told = Vec::new();
    repo.diff(Some(old), Some(new), &mut |path, old, new| {
        told.push((path.to_owned(), old, new));
        Ok(())
    })?;
    Ok(told)
}

#[test]
fn no_part_of_a_new_tree_goes_unseen_for_being_as_it_was() {
    let history = History::random(1, 1);
    let folder = history.folder.path();
    let inner = [b'f', b'g'].map(|letter| bytes(&[(FILE, (letter as char).to_string(), [letter; 20])]));
    let trees = store(folder, "tree", &inner);
    let mut maker = Maker { dice: Dice(11), trees: [raw(&trees[0]), raw(&trees[1])] };
    let mut pairs = Vec::new();
    for _ in 0..3000 {
        let mut old = maker.tree();
        if maker.dice.roll(4) == 0 {
            maker.spoil(&mut old);
        }
        let mut new = old.clone();
        match maker.dice.roll(4) {
            0 => maker.spoil(&mut new),
            1 => maker.spoil(&mut old),
            _ => {}
        }
        maker.change(&mut new);
        let mut sides = [bytes(&old), bytes(&new)];
        if maker.dice.roll(12) == 0 {
            // Cut off, one of them or both.
            let (which, less) = (maker.dice.roll(3), 1 + maker.dice.roll(40));
            for (_, side) in sides.iter_mut().enumerate().filter(|(number, _)| *number != which) {
                side.truncate(side.len().saturating_sub(less));
            }
        }
        pairs.push(sides);
    }
    let names = store(folder, "tree", &pairs.concat());
    let repo = history.repo();
    let (mut told_exactly, mut told_at_least, mut refused) = (0, 0, BTreeMap::<&str, usize>::new());
    for (round, ([old, new], names)) in pairs.iter().zip(names.chunks(2)).enumerate().filter(|(_, ([a, b], _))| a != b)
    {
        let got = told(&repo, oid(&names[0]), oid(&names[1]));
        let (mut gone, mut come) = (BTreeSet::new(), BTreeSet::new());
        let got = got.map_err(|error| error.kind).map(|differences| {
            for (path, old, new) in differences {
                let placed = |side: Side| side.map(|entry| (path.to_vec(), entry.oid.as_bytes().try_into().unwrap()));
                gone.extend(placed(old));
                come.extend(placed(new));
            }
        });
        let new = match Read::of(new) {
            Ok(new) if new.is_well_formed() => new,
            Ok(_) => {
                *refused.entry("a form").or_default() += 1;
                assert_eq!(got, Err(Kind::Malformed), "round {round}: {names:?}");
                continue;
            }
            Err(kind) => {
                *refused.entry("the new one").or_default() += 1;
                assert_eq!(got, Err(kind), "round {round}: {names:?}");
                continue;
            }
        };
        let old = match Read::of(old) {
            Ok(old) => old,
            Err(kind) => {
                *refused.entry("the old one").or_default() += 1;
                assert_eq!(got, Err(kind), "round {round}: {names:?}");
                continue;
            }
        };
        if got == Err(Kind::Malformed) {
            *refused.entry("an entry").or_default() += 1;
            assert!(old.has_nameless() || new.has_nameless(), "round {round}: {names:?}");
            continue;
        }
        assert_eq!(got, Ok(()), "round {round}: {names:?}");
        let (before, after) = (old.files(&maker), new.files(&maker));
        let (lost, won): (BTreeSet<_>, BTreeSet<_>) = (&before - &after, &after - &before);
        if old.is_well_formed() {
            told_exactly += 1;
            assert_eq!((&gone, &come), (&lost, &won), "round {round}: {names:?}");
        } else {
            told_at_least += 1;
            assert!(gone.is_superset(&lost) && come.is_superset(&won), "round {round}: {names:?}");
            assert!(gone.is_subset(&before) && come.is_subset(&after), "round {round}: {names:?}");
        }
    }
    eprintln!("{told_exactly} told exactly, {told_at_least} with more, {refused:?}");
    assert!(told_exactly > 500 && told_at_least > 50, "{told_exactly} {told_at_least}");
    assert!(["a form", "the new one", "the old one", "an entry"].iter().all(|why| refused[why] > 20), "{refused:?}");
}
