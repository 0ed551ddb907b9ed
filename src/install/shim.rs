//! The shims: the small sh scripts that Git runs as its hooks, how they read, and how ours are known again. Their
//! texts stand in `hooks/`.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString, ByteSlice as _};

use crate::error::{Error, Result};
use crate::escape;

/// What follows the name of a hook that stood where ours stands now.
pub const BESIDE: &str = ".before-refgate";
/// The version of the shims that are written.
pub const VERSION: u32 = 2;
/// How a shim of ours is known; the version follows, and the hook's name in parentheses.
const MARK: &[u8] = b"# refgate shim ";

/// The hooks that judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Judges what is staged.
    PreCommit,
    /// Judges what is about to be pushed.
    PrePush,
    /// Judges every push on the server.
    PreReceive,
    /// Writes down which refs a push moved.
    PostReceive,
    /// Holds up refs that move past the gate.
    ReferenceTransaction,
}

impl Gate {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::PreCommit, Self::PrePush, Self::PreReceive, Self::PostReceive, Self::ReferenceTransaction];

    /// The name that Git gives the hook.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PrePush => "pre-push",
            Self::PreReceive => "pre-receive",
            Self::PostReceive => "post-receive",
            Self::ReferenceTransaction => "reference-transaction",
        }
    }

    const fn does(self) -> &'static str {
        match self {
            Self::PreCommit => "judges what is staged",
            Self::PrePush => "judges what is about to be pushed",
            Self::PreReceive => "judges every push",
            Self::PostReceive => "writes down which refs a push moved",
            Self::ReferenceTransaction => "holds up refs that move past the gate",
        }
    }

    const fn missing(self) -> &'static str {
        match self {
            Self::PreCommit => "the program is not on the PATH; install it, or commit with --no-verify",
            Self::PrePush => "the program is not on the PATH; install it, or push with --no-verify",
            Self::PreReceive => {
                "the gate's program is missing on this server, so nothing can be pushed; tell its administrator"
            }
            Self::PostReceive => "the gate's program is missing, so the ledger does not hear which refs moved",
            Self::ReferenceTransaction => {
                "the gate's program is missing on this server, so no ref can be moved; tell its administrator"
            }
        }
    }
}

/// The hook that runs after ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// None.
    Nothing,
    /// The one that was renamed to stand beside ours.
    Beside,
    /// As [`Next::Beside`], run as husky runs it: by sh, executable or not.
    Husky,
    /// One in a shared folder.
    At(PathBuf),
}

/// A shim to write.
#[derive(Clone, Debug)]
pub struct Shim<'a> {
    /// The hook that it is.
    pub gate: Gate,
    /// The program that judges.
    pub program: &'a Path,
    /// Options for the program.
    pub options: Vec<BString>,
    /// What runs afterwards.
    pub next: Next,
}

impl Shim<'_> {
    /// The text of the file.
    pub fn text(&self) -> BString {
        let (chained, input) = (self.next != Next::Nothing, self.gate != Gate::PreCommit);
        let template = match (chained, input) {
            (false, _) => include_str!("../../hooks/plain"),
            (true, false) => include_str!("../../hooks/chained"),
            (true, true) => include_str!("../../hooks/chained-input"),
        };
        let name = self.gate.name();
        let next = match &self.next {
            Next::At(path) => quoted(path.as_os_str().as_bytes()),
            _ => format!("\"${{0%/*}}/{name}{BESIDE}\"").into(),
        };
        let husky = self.next == Next::Husky;
        let mut call = BString::from(name);
        for option in &self.options {
            call.push(b' ');
            call.extend(quoted(option).iter());
        }
        match self.gate {
            Gate::PreCommit | Gate::PostReceive => {}
            Gate::PrePush | Gate::ReferenceTransaction => call.extend(b" \"$@\""),
            Gate::PreReceive => call.extend(b" --guarded"),
        }
        fill(
            template,
            &[
                ("@HOOK@", name.as_bytes()),
                ("@DOES@", self.gate.does().as_bytes()),
                ("@MISSING@", self.gate.missing().as_bytes()),
                ("@REFGATE@", &quoted(self.program.as_os_str().as_bytes())),
                ("@CALL@", &call),
                ("@NEXT@", &next),
                ("@IF@", if husky { b"-f" } else { b"-x" }),
                ("@RUN@", if husky { b"sh -e " } else { b"" }),
            ],
        )
    }
}

/// The text of a shim that runs `hook`, which stands in a shared folder, and judges nothing.
pub fn passed(hook: &Path) -> BString {
    fill(include_str!("../../hooks/passed"), &[("@NEXT@", &quoted(hook.as_os_str().as_bytes()))])
}

/// Puts values for the names in a template; what a value holds is not looked at again.
fn fill(template: &str, values: &[(&str, &[u8])]) -> BString {
    let (mut text, mut rest) = (BString::default(), template);
    while let Some((before, value, after)) = values
        .iter()
        .filter_map(|(name, value)| rest.split_once(name).map(|(before, after)| (before, value, after)))
        .min_by_key(|(before, ..)| before.len())
    {
        text.extend(before.bytes().chain(value.iter().copied()));
        rest = after;
    }
    text.extend(rest.bytes());
    text
}

/// One word of sh that is these bytes.
fn quoted(bytes: &[u8]) -> BString {
    let inner = bytes.replace("'", r"'\''");
    bstr::concat([&b"'"[..], &inner, b"'"]).into()
}

/// What stands at a hook's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Nothing,
    /// A shim of ours, of any version.
    Ours(Seen),
    /// A hook of somebody else, or a link to one.
    Foreign {
        /// Whether Git would run it.
        executable: bool,
    },
}

/// What a shim says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The version of the shim's text.
    pub version: u32,
    /// The program that it calls; `None` for one that judges nothing and only passes on.
    pub program: Option<PathBuf>,
    /// The hook that runs afterwards.
    pub next: Option<PathBuf>,
    /// Whether Git runs the shim.
    pub executable: bool,
}

/// Looks at a hook's place.
///
/// # Errors
/// There is a folder, or what is there cannot be read.
pub fn standing(hook: &Path) -> Result<Standing> {
    let found = match fs_err::symlink_metadata(hook) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Standing::Nothing),
        Err(error) => return Err(error.into()),
    };
    let executable = |found: &std::fs::Metadata| found.permissions().mode() & 0o111 != 0;
    if found.is_symlink() {
        return Ok(Standing::Foreign { executable: fs_err::metadata(hook).is_ok_and(|found| executable(&found)) });
    }
    if !found.is_file() {
        let shown = escape::quote_path(hook.as_os_str().as_bytes());
        return Err(Error::usage(format!("{shown} is no file")).help("move it away, and install again"));
    }
    let text = fs_err::read(hook)?;
    let folder = hook.parent().unwrap_or(Path::new("."));
    Ok(match seen(text.as_bstr(), folder, executable(&found)) {
        Some(seen) => Standing::Ours(seen),
        None => Standing::Foreign { executable: executable(&found) },
    })
}

/// Reads a shim; `None` for what is not ours.
fn seen(text: &BStr, folder: &Path, executable: bool) -> Option<Seen> {
    let mark = text.lines().nth(1)?.strip_prefix(MARK)?;
    let digits = mark.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let version = mark.get(..digits)?.to_str().ok()?.parse().ok()?;
    let program = word_after(text, b"\nrefgate=").map(PathBuf::from);
    let next = match word_after(text, b"\nnext=") {
        Some(path) => Some(PathBuf::from(path)),
        None => after(text, b"\nnext=\"${0%/*}/")
            .and_then(|rest| rest.split(|byte| *byte == b'"').next())
            .map(|name| folder.join(OsStr::from_bytes(name))),
    };
    Some(Seen { version, program, next, executable })
}

fn after<'t>(text: &'t [u8], mark: &[u8]) -> Option<&'t [u8]> {
    text.find(mark).and_then(|at| text.get(at + mark.len()..))
}

/// The word of sh that [`quoted`] wrote behind `mark`.
fn word_after(text: &[u8], mark: &[u8]) -> Option<std::ffi::OsString> {
    let mut rest = after(text, mark)?.strip_prefix(b"'")?;
    let mut word = Vec::new();
    loop {
        let end = rest.find_byte(b'\'')?;
        word.extend_from_slice(rest.get(..end)?);
        rest = rest.get(end + 1..)?;
        match rest.strip_prefix(br"\''") {
            Some(more) => {
                word.push(b'\'');
                rest = more;
            }
            None => return Some(std::ffi::OsString::from_vec(word)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &BString) -> Seen {
        seen(text.as_bstr(), Path::new("/hooks"), true).unwrap()
    }

    #[test]
    fn a_shim_is_read_back_whatever_its_paths_hold() {
        for path in ["/usr/bin/refgate", "/a b/it's @NEXT@\n'\\''\"$(x)/refgate", "/\nnext='x'"] {
            let program = Path::new(path);
            for gate in Gate::ALL {
                for next in [Next::Nothing, Next::Beside, Next::Husky, Next::At(path.into())] {
                    let options = vec!["--policy".into(), path.into()];
                    let seen = read(&Shim { gate, program, options, next: next.clone() }.text());
                    assert_eq!((seen.version, seen.program.as_deref()), (2, Some(program)));
                    if !path.contains('\n') {
                        let beside = PathBuf::from(format!("/hooks/{}{BESIDE}", gate.name()));
                        let expected = match next {
                            Next::Nothing => None,
                            Next::At(path) => Some(path),
                            Next::Beside | Next::Husky => Some(beside),
                        };
                        assert_eq!(seen.next, expected);
                    }
                }
            }
            assert_eq!(read(&passed(program)).program, None);
        }
    }

    #[test]
    fn every_name_in_a_template_is_filled_and_sh_can_read_it() {
        for gate in Gate::ALL {
            for next in [Next::Nothing, Next::Beside, Next::Husky, Next::At("/it's/x".into())] {
                let text = Shim { gate, program: Path::new("/it's\n/refgate"), options: Vec::new(), next }.text();
                assert!(!text.to_str().unwrap().split("$@").any(|part| part.contains('@')), "{text}");
            }
        }
    }

    #[test]
    fn what_only_mentions_us_is_not_ours() {
        for text in ["", "#!/bin/sh\n", "#!/bin/sh\n\n# refgate shim 1 (x)\n", "#!/bin/sh\n# refgate shim x\n"] {
            assert_eq!(seen(text.into(), Path::new("/"), true), None, "{text}");
        }
        let old = "#!/bin/sh\n# refgate shim 1 (pre-commit): judges.\nrefgate=@REFGATE@; test -x\n";
        let seen = seen(old.into(), Path::new("/"), true).unwrap();
        assert_eq!((seen.version, seen.program, seen.next), (1, None, None));
    }
}
