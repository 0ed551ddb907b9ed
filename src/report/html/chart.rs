//! The two pictures that a page has: bars, and counts over time.

use super::Html;

/// One bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What is counted.
    pub label: String,
    /// How many.
    pub count: usize,
    /// What else is said of it.
    pub note: String,
}

/// Bars below each other, with their numbers.
pub fn bars(rows: &[Bar]) -> Html {
    let most = rows.iter().map(|row| row.count).max().unwrap_or_default().max(1);
    let mut html = Html::new();
    html.raw("<table class=\"bars\">\n");
    for row in rows {
        html.raw("<tr><th>").text(&row.label).raw("</th><td class=\"number\">").number(row.count);
        html.raw("</td><td class=\"bar\"><svg width=\"100%\" height=\"12\" aria-hidden=\"true\"><rect class=\"refused\" height=\"12\" width=\"");
        html.number(row.count.saturating_mul(100).div_ceil(most)).raw("%\"/></svg></td><td>").text(&row.note);
        html.raw("</td></tr>\n");
    }
    html.raw("</table>\n");
    html
}

/// What happened in one span of time.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    /// When that was.
    pub label: String,
    /// How many were accepted, refused, undecided.
    pub counts: [usize; 3],
}

/// Units of the picture for one slot, and for the most of any.
const WIDE: usize = 10;
const HIGH: usize = 100;
const CLASSES: [&str; 3] = ["accepted", "refused", "undecided"];

/// Columns beside each other, each as high as its counts.
pub fn timeline(slots: &[Slot]) -> Html {
    let most = slots.iter().map(|slot| slot.counts.iter().sum()).max().unwrap_or(0_usize).max(1);
    let mut html = Html::new();
    html.raw("<svg class=\"timeline\" preserveAspectRatio=\"none\" role=\"img\" viewBox=\"0 0 ");
    html.number(slots.len().max(1) * WIDE).raw(" ").number(HIGH).raw("\">\n");
    for (place, slot) in slots.iter().enumerate() {
        html.raw("<g><title>").text(&slot.label);
        for (class, count) in CLASSES.into_iter().zip(slot.counts).filter(|(_, count)| *count > 0) {
            html.raw(", ").number(count).raw(" ").raw(class);
        }
        html.raw("</title>");
        let mut top = HIGH;
        // What was refused stands at the foot, where columns can be compared.
        for at in [1, 2, 0] {
            let (Some(class), Some(count)) = (CLASSES.get(at), slot.counts.get(at)) else { continue };
            let high = count.saturating_mul(HIGH).div_ceil(most).min(top);
            if high == 0 {
                continue;
            }
            top -= high;
            html.raw("<rect class=\"").raw(class).raw("\" x=\"").number(place * WIDE).raw("\" y=\"").number(top);
            html.raw("\" width=\"").number(WIDE - 1).raw("\" height=\"").number(high).raw("\"/>");
        }
        html.raw("</g>\n");
    }
    html.raw("</svg>\n");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_is_the_whole_width_and_labels_are_text() {
        let row = |label: &str, count| Bar { label: label.into(), count, note: "<i>".into() };
        let html = bars(&[row("a<b", 8), row("c", 1), row("d", 0)]).0;
        assert!(html.contains("<th>a&lt;b</th>") && html.contains("&lt;i&gt;") && !html.contains("<i>"), "{html}");
        for width in ["width=\"100%\"/>", "width=\"13%\"/>", "width=\"0%\"/>"] {
            assert!(html.contains(width), "{width}: {html}");
        }
        assert!(!bars(&[]).0.contains("<tr>"));
    }

    #[test]
    fn columns_stand_on_each_other_and_never_leave_the_picture() {
        let slot = |label: &str, counts| Slot { label: label.into(), counts };
        let html = timeline(&[slot("w<1", [2, 1, 1]), slot("w2", [0, 0, 0]), slot("w3", [1000, 1, 1])]).0;
        assert!(
            html.contains("viewBox=\"0 0 30 100\"")
                && html.contains("<title>w&lt;1, 2 accepted, 1 refused, 1 undecided</title>")
        );
        assert!(html.contains("<rect class=\"refused\" x=\"20\" y=\"99\" width=\"9\" height=\"1\"/>"), "{html}");
        assert!(html.contains("<rect class=\"accepted\" x=\"20\" y=\"0\" width=\"9\" height=\"98\"/>"), "{html}");
        assert!(html.contains("<title>w2</title></g>"), "{html}");
        assert!(timeline(&[]).0.contains("viewBox=\"0 0 10 100\""));
    }
}
