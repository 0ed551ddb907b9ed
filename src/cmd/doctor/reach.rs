//! Who reaches a repository as files. Whoever can write there needs no push; and whoever runs Git's receiving program
//! of their own choice, or with configuration of their own (`--receive-pack`, `GIT_CONFIG_GLOBAL`), starts no hook.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::ByteSlice as _;

use super::sshd::unforced;
use super::{Complaint, shown, word};

/// File systems that other machines write to as well (mount(8), /proc/filesystems).
const SHARED: [&str; 14] = [
    "9p",
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "fuse.glusterfs",
    "fuse.s3fs",
    "fuse.sshfs",
    "gfs2",
    "glusterfs",
    "lustre",
    "nfs",
    "nfs4",
    "smb3",
];
/// Login shells that start nothing of the client's choice.
const CLOSED: [&str; 4] = ["git-shell", "nologin", "false", "true"];
/// Others may write here.
const BY_GROUP: u32 = 0o020;
const BY_ALL: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// An entry of the account database (passwd(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) home: PathBuf,
    pub(super) shell: String,
}

impl Account {
    /// The account of a user id. `getent` asks every source of accounts that the machine has; without it the file counts.
    #[expect(clippy::disallowed_methods, reason = "no file holds the accounts of a directory service")]
    pub(super) fn of(uid: u32) -> Option<Self> {
        let asked = Command::new("getent").args(["passwd", &uid.to_string()]).output();
        let text = match asked {
            Ok(output) => output.stdout,
            Err(_) => fs_err::read("/etc/passwd").unwrap_or_default(),
        };
        text.lines().find_map(|line| Self::parse(&line.to_str_lossy(), uid))
    }

    fn parse(line: &str, uid: u32) -> Option<Self> {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, id, _, _, home, shell] = fields.as_slice() else { return None };
        (id.parse() == Ok(uid)).then(|| Self { name: (*name).into(), home: home.into(), shell: (*shell).into() })
    }
}

/// Whoever can change what stands at these paths without a push.
pub(super) fn writers(paths: &[PathBuf]) -> Vec<Complaint> {
    let mut found = Vec::new();
    for path in paths {
        // A link's own mode says nothing; a path that is not there is another check's concern.
        let Ok(meta) = fs_err::metadata(path) else { continue };
        if let Some(who) = strangers(meta.mode()) {
            found.push(Complaint::problem(
                "files-writable",
                format!("{who} can write {}, and so change it without a push", shown(path)),
                format!("chmod go-w {}", word(path)),
            ));
        }
    }
    let first = paths.first().and_then(|path| path.parent());
    for folder in first.into_iter().flat_map(Path::ancestors) {
        let Ok(meta) = fs_err::metadata(folder) else { continue };
        if meta.mode() & STICKY == 0 && meta.mode() & BY_ALL != 0 {
            found.push(Complaint::problem(
                "files-writable",
                format!("every account can write {}, and so put another repository in this one's place", shown(folder)),
                format!("chmod o-w {}", word(folder)),
            ));
        }
    }
    found
}

fn strangers(mode: u32) -> Option<&'static str> {
    if mode & BY_ALL != 0 {
        Some("every account")
    } else if mode & BY_GROUP != 0 {
        Some("its group")
    } else {
        None
    }
}

/// Files that another account owns than the repository's: left by root, they cannot be renewed by the account that
/// receives the pushes, and its first push cannot use the bootstrap up.
pub(super) fn strangers_files(repository: &Path, paths: &[PathBuf]) -> Option<Complaint> {
    let owner = fs_err::metadata(repository).ok()?.uid();
    let strange = paths.iter().find(|path| {
        path.starts_with(repository) && fs_err::symlink_metadata(path).is_ok_and(|found| found.uid() != owner)
    })?;
    let what = format!("{} does not belong to the account that owns the repository", shown(strange));
    Some(Complaint::problem("files-owner", what, format!("chown -R --reference={0} {0}", word(repository))))
}

/// Whether other machines mount the repository's file system.
pub(super) fn file_system(repository: &Path) -> Option<Complaint> {
    let table = fs_err::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = mounted(&table, repository)?;
    SHARED.contains(&kind).then(|| {
        Complaint::problem(
            "network-file-system",
            format!(
                "{} is on a network file system ({kind}); a client that mounts it pushes without the hook",
                shown(repository)
            ),
            "move the repository to a disk of the server's own",
        )
    })
}

/// The kind of file system that holds `path`, by proc(5)'s table of mounts: the last of the deepest ones counts.
fn mounted<'a>(table: &'a str, path: &Path) -> Option<&'a str> {
    let mounts = table.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = unescaped(before.split(' ').nth(4)?);
        path.starts_with(&point).then(|| (point.components().count(), after.split(' ').next().unwrap_or_default()))
    });
    mounts.max_by_key(|(depth, _)| *depth).map(|(_, kind)| kind)
}

/// Octal escapes stand for the white space in a mount point.
fn unescaped(point: &str) -> PathBuf {
    [(r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")]
        .iter()
        .fold(point.to_owned(), |text, (from, to)| text.replace(from, to))
        .into()
}

/// Keys with which a person gets a shell, or any program, as the account that owns the repository.
pub(super) fn logins(account: &Account) -> Vec<Complaint> {
    let shell = Path::new(&account.shell).file_name().map(|name| name.to_string_lossy().into_owned());
    if CLOSED.contains(&shell.unwrap_or_default().as_str()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for name in ["authorized_keys", "authorized_keys2"] {
        let file = account.home.join(".ssh").join(name);
        let Ok(text) = fs_err::read(&file) else { continue };
        let lines = unforced(&text.to_str_lossy());
        if let Some(line) = lines.first() {
            found.push(Complaint::problem(
                "account-open",
                format!(
                    "{} of the keys in {} can run any program as {}, whose shell is {} (the first is line {line})",
                    lines.len(),
                    shown(&file),
                    account.name,
                    account.shell,
                ),
                format!("usermod --shell \"$(command -v git-shell)\" {}", account.name),
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_account_is_read_from_its_line() {
        let line = "git:x:998:998:Git, the account:/home/git:/usr/bin/git-shell";
        let due = Account { name: "git".into(), home: "/home/git".into(), shell: "/usr/bin/git-shell".into() };
        assert_eq!(Account::parse(line, 998), Some(due));
        assert_eq!(Account::parse(line, 99), None);
        assert_eq!(Account::parse("git:x:998", 998), None);
    }

    #[test]
    fn the_deepest_mount_counts_and_of_two_there_the_last() {
        let table = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n\
                     2 1 0:9 / /srv/my\\040git rw shared:1 - nfs4 host:/x rw\n\
                     3 1 0:9 / /srv rw - xfs /dev/sdb rw\n\
                     4 1 0:9 / /srv rw - btrfs /dev/sdc rw\n";
        for (path, kind) in
            [("/srv/my git/a.git", "nfs4"), ("/srv/a.git", "btrfs"), ("/srvx/a.git", "ext4"), ("/home", "ext4")]
        {
            assert_eq!(mounted(table, Path::new(path)), Some(kind), "{path}");
        }
    }

    #[test]
    fn whoever_can_write_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        fs_err::write(&file, "").unwrap();
        for (mode, due) in [(0o644, None), (0o664, Some("its group")), (0o666, Some("every account"))] {
            fs_err::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let found = writers(std::slice::from_ref(&file));
            assert_eq!(found.len(), usize::from(due.is_some()), "{mode:o}: {found:?}");
            assert!(found.iter().all(|one| one.what.starts_with(due.unwrap()) && one.mend.starts_with("chmod go-w ")));
        }
        fs_err::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        fs_err::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
        let found = writers(&[file]);
        assert!(found.iter().any(|one| one.what.contains("another repository in this one's place")), "{found:?}");
    }

    #[test]
    fn a_key_that_starts_a_shell_is_a_way_around() {
        let home = tempfile::tempdir().unwrap();
        fs_err::create_dir(home.path().join(".ssh")).unwrap();
        fs_err::write(home.path().join(".ssh/authorized_keys"), "restrict ssh-ed25519 AAAA bob\n").unwrap();
        let account = |shell: &str| Account { name: "git".into(), home: home.path().into(), shell: shell.into() };
        assert_eq!(logins(&account("/usr/bin/git-shell")), []);
        let found = logins(&account("/bin/bash"));
        assert!(found.len() == 1 && found[0].what.contains("the first is line 1"), "{found:?}");
        fs_err::write(home.path().join(".ssh/authorized_keys"), "command=\"x\" ssh-ed25519 AAAA bob\n").unwrap();
        assert_eq!(logins(&account("/bin/bash")), []);
    }
}
