//! Which repository a push certificate was made for. A client signs the URL that it pushed to, and the server sees
//! nothing of that URL but its own folder; so the administrator can say what the server is called.

use bstr::{BStr, ByteSlice};

/// Whether a client that pushed to `pushee` meant this repository: one of `urls`, or where there are none, a path whose
/// last name is the folder's.
pub(super) fn is_here(pushee: &[u8], urls: &[String], folder: &BStr) -> bool {
    let pushee = plain(pushee);
    if urls.is_empty() {
        let name = path(pushee).rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        return !name.is_empty() && name == plain(folder);
    }
    urls.iter().any(|url| is_called(pushee, plain(url.as_bytes())))
}

/// A whole URL is that one alone; the end of a path may follow any host.
fn is_called(pushee: &[u8], url: &[u8]) -> bool {
    if path(url).len() != url.len() {
        return pushee == without_user(url);
    }
    let end = url.strip_prefix(b"/").unwrap_or(url);
    path(pushee).strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with(b"/"))
}

/// Without what does not matter at the end: Git finds `project`, `project.git` and `project/.git` by either name.
fn plain(url: &[u8]) -> &[u8] {
    let url = url.trim_end_with(|c| c == '/');
    let url = url.strip_suffix(b".git").unwrap_or(url);
    url.trim_end_with(|c| c == '/')
}

/// What follows the host: of `scheme://host/path`, of `host:path`, or the whole of a path.
fn path(url: &[u8]) -> &[u8] {
    if let Some((_, rest)) = url.split_once_str("://") {
        return rest.find_byte(b'/').and_then(|slash| rest.get(slash + 1..)).unwrap_or_default();
    }
    match url.split_once_str(":") {
        // As Git tells them apart: a slash before the colon makes it a path.
        Some((host, path)) if !host.contains(&b'/') => path,
        _ => url,
    }
}

/// The client leaves the user out; an administrator may write it.
fn without_user(url: &[u8]) -> Vec<u8> {
    let host = url.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = url.split_at_checked(host).unwrap_or_default();
    let authority = rest.find_byteset(b"/:").unwrap_or(rest.len());
    let user = rest.get(..authority).and_then(|authority| authority.rfind_byte(b'@')).map_or(0, |at| at + 1);
    [scheme, rest.get(user..).unwrap_or_default()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_nothing_is_said_the_last_name_is_the_folder_s() {
        let project = |pushee: &str| is_here(pushee.as_bytes(), &[], "project.git".into());
        for pushee in [
            "https://git.example.com/git/project.git",
            "https://git.example.com/project",
            "ssh://git.example.com:22/~/project.git/",
            "git.example.com:project.git",
            "git.example.com:group/project",
            "/srv/git/project.git",
            "../project",
            "file:///srv/project/.git",
            "project",
        ] {
            assert!(project(pushee), "{pushee}");
        }
        for pushee in [
            "",
            "/",
            ".git",
            "https://project.git",
            "https://project/",
            "project:other",
            "project:",
            "/srv/project/other.git",
            "/srv/myproject.git",
            "/srv/project.git.git/x",
            "/srv/Project.git",
            "/srv/project.git?x",
        ] {
            assert!(!project(pushee), "{pushee}");
        }
        assert!(is_here(b"/home/a/project", &[], "project".into()));
        assert!(!is_here(b"/", &[], "".into()) && !is_here(b"x/.git", &[], ".git".into()));
    }

    fn called(url: &str, pushee: &str) -> bool {
        is_here(pushee.as_bytes(), &["nowhere/at-all".into(), url.into()], "any".into())
    }

    #[test]
    fn the_end_of_a_path_is_whole_names_behind_any_host() {
        for url in ["group/project", "/group/project.git", "group/project/"] {
            for pushee in ["https://a.example/git/group/project.git", "a.example:group/project", "/group/project"] {
                assert!(called(url, pushee), "{url} {pushee}");
            }
            for pushee in
                ["https://group/project", "https://a.example/mygroup/project", "a.example:project", "x:y/project"]
            {
                assert!(!called(url, pushee), "{url} {pushee}");
            }
        }
    }

    #[test]
    fn a_whole_url_is_that_one_alone() {
        let url = "https://git.example.com/project.git";
        for pushee in ["https://git.example.com/project", "https://git.example.com/project.git/"] {
            assert!(called(url, pushee), "{pushee}");
        }
        for pushee in [
            "https://evil.example/project.git",
            "https://evil.example/https://git.example.com/project.git",
            "http://git.example.com/project.git",
            "https://git.example.com:8443/project.git",
            "https://git.example.com.evil.example/project.git",
            "https://git.example.com/project/x",
        ] {
            assert!(!called(url, pushee), "{pushee}");
        }
        assert!(called("git@git.example.com:project.git", "git.example.com:project"));
        assert!(called("ssh://git@git.example.com/project", "ssh://git.example.com/project.git"));
        assert!(!called("git@git.example.com:project.git", "evil.example:git@git.example.com:project"));
        assert!(!called("git@git.example.com:project.git", "evil.example/x:project"));
    }
}
