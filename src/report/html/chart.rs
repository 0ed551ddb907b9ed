//! The two pictures that a page has: bars, and decisions over time.

use std::collections::BTreeMap;

use super::{Html, Table, column, number};
use crate::finding::Decision;

/// The picture of one number beside the largest of its kind.
pub fn bar(count: usize, most: usize) -> Html {
    let mut html = Html::new();
    html.raw("<svg class=\"bar\" aria-hidden=\"true\" width=\"100%\" height=\"10\"><rect class=\"refused\" rx=\"2\" ");
    html.raw("height=\"10\" width=\"").number(count.min(most).saturating_mul(100).div_ceil(most.max(1)));
    html.raw("%\"/></svg>");
    html
}

/// Decisions over time, in columns that get wider as there are more of them.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Seconds of a column.
    width: i64,
    /// How many were accepted, refused, undecided, by the number of the column.
    slots: BTreeMap<i64, [usize; 3]>,
}

/// The most columns.
const COLUMNS: i64 = 120;
/// Where there are fewer, a column gets no wider than this part of the picture.
const FEW: usize = 16;
/// Columns begin with the Monday before 1970, so that weeks begin with Mondays.
const MONDAY: i64 = 3 * DAY;
const DAY: i64 = 24 * 60 * 60;
/// What a column may be, each a multiple of the one before. Wider ones are twice as wide each.
const WIDTHS: [(i64, &str); 8] = [
    (60, "1 minute"),
    (600, "10 minutes"),
    (3600, "1 hour"),
    (6 * 3600, "6 hours"),
    (DAY, "1 day"),
    (7 * DAY, "1 week"),
    (28 * DAY, "4 weeks"),
    (364 * DAY, "52 weeks"),
];
const WORDS: [&str; 3] = ["accepted", "refused", "undecided"];
/// What was refused stands at the foot, where columns can be compared.
const UPWARDS: [usize; 3] = [1, 2, 0];
/// In pixels: the plot, and the labels below it.
const HIGH: usize = 168;
const BELOW: usize = 24;

impl Default for Timeline {
    fn default() -> Self {
        Self { width: 60, slots: BTreeMap::new() }
    }
}

impl Timeline {
    /// One more decision, at this second since 1970.
    pub fn add(&mut self, second: i64, decision: Decision) {
        let [accepted, refused, undecided] = self.slots.entry(self.place(second)).or_default();
        *match decision {
            Decision::Accept => accepted,
            Decision::Refuse => refused,
            Decision::Undecided => undecided,
        } += 1;
        while self.span().is_some_and(|(first, last)| last.saturating_sub(first) >= COLUMNS) {
            let wider = WIDTHS.iter().map(|(width, _)| *width).find(|width| *width > self.width);
            let wider = wider.unwrap_or(self.width.saturating_mul(2));
            let slots = std::mem::take(&mut self.slots);
            let starts = slots.into_iter().map(|(place, counts)| (place.saturating_mul(self.width), counts));
            let starts: Vec<_> = starts.collect();
            self.width = wider;
            for (start, counts) in starts {
                let slot = self.slots.entry(start.div_euclid(wider)).or_default();
                slot.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            }
        }
    }

    const fn place(&self, second: i64) -> i64 {
        second.saturating_add(MONDAY).div_euclid(self.width)
    }

    fn span(&self) -> Option<(i64, i64)> {
        Some((*self.slots.first_key_value()?.0, *self.slots.last_key_value()?.0))
    }

    /// What a column is.
    pub fn unit(&self) -> String {
        match WIDTHS.iter().find(|(width, _)| *width == self.width) {
            Some((_, word)) => (*word).to_owned(),
            None => format!("{} weeks", self.width / (7 * DAY)),
        }
    }

    /// When the column begins: with the time of day where that is not always the same.
    fn label(&self, place: i64, with_year: bool) -> String {
        let start = place.saturating_mul(self.width).saturating_sub(MONDAY);
        let form = match (self.width < DAY, with_year) {
            (false, _) => "%Y-%m-%d",
            (true, true) => "%Y-%m-%d %H:%M",
            (true, false) => "%m-%d %H:%M",
        };
        let time = jiff::Timestamp::from_second(start);
        time.map_or_else(|_| "beyond any calendar".to_owned(), |time| time.strftime(form).to_string())
    }

    /// The picture, what its colours mean, and its numbers as a table. Nothing where nothing was counted.
    pub fn render(&self, what: &'static str) -> Html {
        let mut html = Html::new();
        let Some((first, last)) = self.span() else { return html };
        let columns: Vec<(i64, [usize; 3])> =
            (first..=last).map(|place| (place, self.slots.get(&place).copied().unwrap_or_default())).collect();
        let most = columns.iter().map(|(_, counts)| counts.iter().sum()).max().unwrap_or(0_usize);
        html.raw("<p class=\"legend\">");
        for (at, word) in WORDS.iter().enumerate() {
            let sum = columns.iter().filter_map(|(_, counts)| counts.get(at)).sum();
            html.raw("<span><svg aria-hidden=\"true\" width=\"12\" height=\"12\"><rect rx=\"2\" width=\"12\" height=\"12\" class=\"");
            html.raw(word).raw("\"/></svg> ").raw(word).raw(" <b>").count(sum).raw("</b></span> ");
        }
        html.raw("<span class=\"soft\">a column is ").text(&self.unit()).raw(", UTC</span></p>\n");
        html.raw("<div class=\"chart\" role=\"img\" aria-label=\"").raw(what).raw(" over time, from ");
        html.text(&self.label(first, true)).raw(" on, a column for each ").text(&self.unit());
        html.raw("; at the most ").count(most).raw(" in one. The numbers follow as a table.\">\n");
        self.plot(&mut html, &columns, nice(most));
        html.raw("</div>\n<details><summary>The numbers as a table</summary>\n");
        html.piece(&self.table(what, &columns)).raw("</details>\n");
        html
    }

    fn plot(&self, html: &mut Html, columns: &[(i64, [usize; 3])], top: usize) {
        let marks: &[usize] = if top.is_multiple_of(2) { &[top, top / 2, 0] } else { &[top, 0] };
        let at = |count: usize| HIGH.saturating_sub(count.saturating_mul(HIGH - 8).div_ceil(top));
        html.raw("<svg class=\"marks\" aria-hidden=\"true\" height=\"").number(HIGH + BELOW).raw("\" width=\"");
        html.number(12 + 8 * Html::new().count(top).0.len()).raw("\">");
        for mark in marks {
            html.raw("<text x=\"100%\" dx=\"-6\" dy=\"4\" text-anchor=\"end\" y=\"").number(at(*mark)).raw("\">");
            html.count(*mark).raw("</text>");
        }
        html.raw("</svg>\n<svg class=\"plot\" aria-hidden=\"true\" width=\"100%\" height=\"")
            .number(HIGH + BELOW)
            .raw("\">\n");
        for mark in marks {
            html.raw("<line x1=\"0\" x2=\"100%\" y1=\"")
                .number(at(*mark))
                .raw("\" y2=\"")
                .number(at(*mark))
                .raw("\"/>");
        }
        let wide = columns.len().max(FEW);
        for (place, (slot, counts)) in
            columns.iter().enumerate().filter(|(_, (_, counts))| counts.iter().any(|c| *c > 0))
        {
            html.raw("<g><title>").text(&self.label(*slot, true));
            for (word, count) in WORDS.iter().zip(counts).filter(|(_, count)| **count > 0) {
                html.raw(", ").count(*count).raw(" ").raw(word);
            }
            html.raw("</title>");
            let mut below = 0_usize;
            for (word, count) in UPWARDS.iter().filter_map(|at| WORDS.get(*at).zip(counts.get(*at))) {
                let (foot, head) = (at(below), at(below.saturating_add(*count)));
                below = below.saturating_add(*count);
                if head < foot {
                    html.raw("<rect class=\"").raw(word).raw("\" x=\"").text(&percent(place * 100, wide * 100));
                    html.raw("\" width=\"").text(&percent(84, wide * 100)).raw("\" y=\"").number(head);
                    html.raw("\" height=\"").number(foot - head).raw("\"/>");
                }
            }
            html.raw("</g>\n");
        }
        self.dates(html, columns, wide);
        html.raw("</svg>\n");
    }

    /// When columns begin, below them: fewer where the page is narrow.
    fn dates(&self, html: &mut Html, columns: &[(i64, [usize; 3])], wide: usize) {
        for (quarter, class) in [(0, "first"), (1, "quarter"), (2, "half"), (3, "quarter")] {
            let place = columns.len() * quarter / 4;
            let Some((slot, _)) = columns.get(place).filter(|_| quarter == 0 || columns.len() >= FEW) else { continue };
            html.raw("<text class=\"").raw(class).raw("\" y=\"").number(HIGH + 18).raw("\" x=\"");
            html.text(&percent(place, wide)).raw("\">").text(&self.label(*slot, false)).raw("</text>");
        }
        if let Some((slot, _)) = columns.last().filter(|_| columns.len() >= FEW) {
            html.raw("<text class=\"last\" x=\"100%\" text-anchor=\"end\" y=\"").number(HIGH + 18).raw("\">");
            html.text(&self.label(slot.saturating_add(1), false)).raw("</text>");
        }
    }

    fn table(&self, what: &str, columns: &[(i64, [usize; 3])]) -> Html {
        const COLUMNS: &[super::Column] = &[column("From"), number("Accepted"), number("Refused"), number("Undecided")];
        let mut table = Table::new(&format!("{what}, by {} from the time on", self.unit()), COLUMNS);
        for (slot, counts) in columns.iter().filter(|(_, counts)| counts.iter().any(|count| *count > 0)) {
            let when = super::piece(|html| _ = html.text(&self.label(*slot, true)));
            let counts = counts.iter().map(|count| super::piece(|html| _ = html.count(*count)));
            table.row(&[when].into_iter().chain(counts).collect::<Vec<_>>());
        }
        table.finish()
    }
}

/// The round number that the axis goes up to.
fn nice(most: usize) -> usize {
    let mut unit = 1_usize;
    loop {
        for step in [1, 2, 4, 6, 8] {
            let top = unit.saturating_mul(step);
            if top >= most || top == usize::MAX {
                return top;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// A part of a whole, in percent with three places.
fn percent(part: usize, whole: usize) -> String {
    let thousandths = part.saturating_mul(100_000) / whole.max(1);
    format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_longest_bar_is_the_whole_width() {
        for (count, width) in [(8, "100%"), (1, "13%"), (0, "0%"), (9, "100%")] {
            assert!(bar(count, 8).0.contains(&format!("height=\"10\" width=\"{width}\"/>")), "{count}");
        }
        assert!(bar(0, 0).0.contains("width=\"0%\""));
    }

    fn filled(seconds: &[i64]) -> Timeline {
        let mut time = Timeline::default();
        seconds.iter().for_each(|second| time.add(*second, Decision::Refuse));
        time
    }

    #[test]
    fn columns_get_wider_as_time_goes_on() {
        let week = 7 * DAY;
        for (seconds, unit, columns) in [
            (vec![0, 59, 60], "1 minute", 2),
            (vec![0, 60 * 119], "1 minute", 2),
            (vec![0, 60 * 120], "10 minutes", 2),
            (vec![0, DAY * 119], "1 day", 2),
            (vec![0, week * 100, week], "1 week", 3),
            (vec![0, week * 52 * 119], "52 weeks", 2),
            (vec![0, week * 52 * 121], "104 weeks", 2),
        ] {
            let time = filled(&seconds);
            assert_eq!((time.unit().as_str(), time.slots.len()), (unit, columns), "{seconds:?}");
        }
        // Weeks begin with Mondays: 1970-01-05 was one.
        let time = filled(&[0, 4 * DAY, 4 * DAY + week * 60]);
        assert_eq!(
            time.slots.keys().map(|place| time.label(*place, true)).collect::<Vec<_>>(),
            ["1969-12-29", "1970-01-05", "1971-03-01"]
        );
    }

    #[test]
    fn columns_stand_on_each_other() {
        let mut time = filled(&[0, 0]);
        time.add(0, Decision::Accept);
        time.add(0, Decision::Undecided);
        let html = time.render("Decisions").0;
        assert!(html.contains("<title>1970-01-01 00:00, 1 accepted, 2 refused, 1 undecided</title>"), "{html}");
        for rect in [
            "\"refused\" x=\"0.000%\" width=\"5.250%\" y=\"88\" height=\"80\"",
            "\"undecided\" x=\"0.000%\" width=\"5.250%\" y=\"48\" height=\"40\"",
            "\"accepted\" x=\"0.000%\" width=\"5.250%\" y=\"8\" height=\"40\"",
        ] {
            assert!(html.contains(&format!("<rect class={rect}/>")), "{rect}: {html}");
        }
        assert!(Timeline::default().render("Decisions").is_empty());
    }

    #[test]
    fn the_axis_ends_with_a_round_number() {
        for (most, top) in [(0, 1), (1, 1), (3, 4), (9, 10), (11, 20), (99, 100), (301, 400), (usize::MAX, usize::MAX)]
        {
            assert_eq!(nice(most), top, "{most}");
        }
    }

    proptest! {
        #[test]
        fn no_times_make_many_columns_or_lose_a_decision(seconds in prop::collection::vec(any::<i64>(), 0..40)) {
            let time = filled(&seconds);
            prop_assert_eq!(time.slots.values().map(|counts| counts[1]).sum::<usize>(), seconds.len());
            let span = time.span().map_or(0, |(first, last)| last - first);
            prop_assert!(span < COLUMNS);
            prop_assert!(time.render("Steps").0.matches("<g>").count() <= 120);
        }
    }
}
