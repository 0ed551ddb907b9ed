//! The lines of goose, sql-migrate and dbmate.

/// A line by which a tool divides a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) tool: &'static str,
    pub(super) down: bool,
}

impl Marker {
    pub(super) fn of(line: &str) -> Option<Self> {
        let comment = line.strip_prefix("--")?.trim();
        ["+goose ", "+migrate ", "migrate:"].into_iter().find_map(|tool| {
            let start = comment.get(..tool.len()).filter(|start| start.eq_ignore_ascii_case(tool))?;
            let word = comment.get(start.len()..)?.split_whitespace().next()?;
            let down = word.eq_ignore_ascii_case("down");
            (down || word.eq_ignore_ascii_case("up")).then_some(Self { tool, down })
        })
    }
}
