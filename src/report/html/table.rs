//! Tables. Where there is no room beside each other, the cells of a row stand below each other, each with the name of its
//! column; roles are written out because a browser forgets them then.

use super::Html;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    name: &'static str,
    class: &'static str,
}

/// A column of text.
pub const fn column(name: &'static str) -> Column {
    Column { name, class: "text" }
}

/// A column of numbers.
pub const fn number(name: &'static str) -> Column {
    Column { name, class: "number" }
}

/// A table that grows by rows. The first cell of a row is its heading.
#[derive(Debug)]
pub struct Table {
    columns: &'static [Column],
    html: Html,
}

impl Table {
    /// A table that is named by what it shows.
    pub fn new(caption: &str, columns: &'static [Column]) -> Self {
        let mut html = Html::new();
        html.raw("<table role=\"table\">\n<caption>").text(caption);
        html.raw("</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">");
        for Column { name, class } in columns {
            html.raw("<th role=\"columnheader\" scope=\"col\" class=\"").raw(class).raw("\">").raw(name).raw("</th>");
        }
        html.raw("</tr></thead>\n<tbody role=\"rowgroup\">\n");
        Self { columns, html }
    }

    /// One more row, a cell for each column.
    pub fn row(&mut self, cells: &[Html]) {
        self.html.raw("<tr role=\"row\">");
        for (place, (Column { name, class }, cell)) in self.columns.iter().zip(cells).enumerate() {
            let (start, end) = match place {
                0 => ("<th role=\"rowheader\" scope=\"row\" class=\"", "</th>"),
                _ => ("<td role=\"cell\" class=\"", "</td>"),
            };
            self.html.raw(start).raw(class).raw("\" data-name=\"").raw(name).raw("\">").raw("<div>");
            self.html.piece(cell).raw("</div>").raw(end);
        }
        self.html.raw("</tr>\n");
    }

    /// The table.
    pub fn finish(mut self) -> Html {
        self.html.raw("</tbody>\n</table>\n");
        self.html
    }
}

#[cfg(test)]
mod tests {
    use super::super::piece;
    use super::*;

    #[test]
    fn each_cell_has_its_column_s_name_and_the_first_is_the_row_s() {
        const COLUMNS: &[Column] = &[column("Rule"), number("Times")];
        let mut table = Table::new("what <it> shows", COLUMNS);
        table.row(&[piece(|html| _ = html.text("<a>")), piece(|html| _ = html.number(7))]);
        assert_eq!(
            table.finish().0,
            "<table role=\"table\">\n<caption>what &lt;it&gt; shows</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">\
             <th role=\"columnheader\" scope=\"col\" class=\"text\">Rule</th>\
             <th role=\"columnheader\" scope=\"col\" class=\"number\">Times</th></tr></thead>\n<tbody role=\"rowgroup\">\n\
             <tr role=\"row\"><th role=\"rowheader\" scope=\"row\" class=\"text\" data-name=\"Rule\"><div>&lt;a&gt;</div></th>\
             <td role=\"cell\" class=\"number\" data-name=\"Times\"><div>7</div></td></tr>\n</tbody>\n</table>\n"
        );
    }
}
