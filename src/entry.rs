//! What a Git tree says of a path: an object and a mode.

use crate::oid::Oid;

/// The modes that Git writes into trees. Anything else in the mode field reads as the nearest of these, as in Git.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// 100644
    File,
    /// 100755
    Executable,
    /// 120000
    Symlink,
    /// 160000
    Submodule,
    /// 040000
    Tree,
}

impl Mode {
    /// The mode in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "a plain file",
            Self::Executable => "an executable file",
            Self::Symlink => "a symbolic link",
            Self::Submodule => "a submodule",
            Self::Tree => "a folder",
        }
    }

    /// Whether the entry's object is a blob with the content of a file.
    pub const fn is_file(self) -> bool {
        matches!(self, Self::File | Self::Executable)
    }
}

/// One entry of a tree, without its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// What kind of thing stands there.
    pub mode: Mode,
    /// The object that it is.
    pub oid: Oid,
}
