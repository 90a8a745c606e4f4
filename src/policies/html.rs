//! The body of a policy as clean HTML: what came as HTML without anything that runs, frames or tracks, and plain text with its
//! headings, paragraphs and tables.

use std::fmt::Write;

use super::cutting::text::Text;
use super::cutting::{Piece, PieceKind};

/// Elements that end a line.
const BLOCKS: [&str; 16] =
    ["p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "section", "blockquote"];

/// Elements by which a body is known as HTML.
const KNOWN: [&str; 9] = ["<p>", "<p ", "</p>", "</div>", "<br", "</table>", "</span>", "</li>", "</h"];

/// Is a body HTML? What is not known as such is shown as the text that it is.
#[must_use]
pub fn is_html(body: &str) -> bool {
    let lower = body.to_ascii_lowercase();
    KNOWN.iter().any(|mark| lower.contains(mark))
}

/// HTML without scripts, styles, frames, forms and pictures from elsewhere.
#[must_use]
pub fn clean(body: &str) -> String {
    ammonia::Builder::default().rm_tags(["img"]).clean(body).to_string()
}

/// The text of a body, without the marks of HTML.
#[must_use]
pub fn plain(body: &str) -> String {
    if is_html(body) { text_of(body) } else { body.to_owned() }
}

/// The text of HTML, with a line for each block and a tab between cells.
fn text_of(body: &str) -> String {
    let clean = clean(body).replace(['\n', '\r'], " ");
    let mut text = String::with_capacity(clean.len());
    let mut rest = clean.as_str();
    // What was cleaned is well-formed: `<` stands only before a tag.
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        let (tag, after) = after.split_once('>').unwrap_or((after, ""));
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        if BLOCKS.contains(&name) {
            text.push('\n');
        } else if tag == "/td" || tag == "/th" {
            text.push('\t');
        }
        rest = after;
    }
    text.push_str(rest);
    // Those that the serialisation of HTML writes; `&amp;` comes last, so that nothing is read twice.
    text.replace("&nbsp;", "\u{a0}")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// Plain text as HTML, by its pieces.
#[must_use]
pub fn of_pieces(text: &Text, pieces: &[Piece]) -> String {
    let mut html = String::new();
    for piece in pieces {
        let number = piece.number.as_deref().unwrap_or_default();
        let mut lines = piece.text.lines();
        if let Some(heading) = &piece.heading {
            let level = (piece.depth + 2).min(6);
            let _ = write!(html, "<h{level}>{}{}</h{level}>", escaped(number), escaped(heading));
        } else if piece.kind == PieceKind::Clause || piece.kind == PieceKind::Part {
            let first = lines.next().unwrap_or_default();
            let space = if first.starts_with(|c: char| c.is_ascii_alphanumeric()) { " " } else { "" };
            let _ = write!(html, "<p>{}{space}{}</p>", escaped(number), escaped(first));
        }
        write_lines(&mut html, lines);
    }
    if pieces.is_empty() {
        write_lines(&mut html, text.given(&(0..text.len())).lines());
    }
    html
}

/// Paragraphs, and tables where lines have cells.
fn write_lines<'l>(html: &mut String, lines: impl Iterator<Item = &'l str>) {
    let mut in_table = false;
    for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
        let row = line.contains('\t');
        if row != in_table {
            html.push_str(if row { "<table>" } else { "</table>" });
            in_table = row;
        }
        if row {
            let cells = line.split('\t').map(|cell| format!("<td>{}</td>", escaped(cell.trim())));
            let _ = write!(html, "<tr>{}</tr>", cells.collect::<String>());
        } else {
            let _ = write!(html, "<p>{}</p>", escaped(line));
        }
    }
    if in_table {
        html.push_str("</table>");
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::cutting::pieces;

    #[test]
    fn nothing_of_hostile_html_runs() {
        let hostile = r#"<p onclick="x()">一、甲</p><script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">乙</a>
            <iframe src="https://example.com"></iframe><style>*{}</style><svg/onload=alert(1)><form action=x><input></form>
            <p style="background:url(javascript:x)">二、丙<!-- <script> --></p><object data=x></object><math><mi xlink:href="data:x,<script>">"#;
        assert!(is_html(hostile));
        let clean = clean(hostile);
        for word in
            ["script", "onclick", "onerror", "onload", "iframe", "style", "svg", "form", "img", "object", "javascript"]
        {
            assert!(!clean.to_ascii_lowercase().contains(word), "{word}: {clean}");
        }
        assert!(clean.contains("一、甲") && clean.contains("二、丙"));
    }

    #[test]
    fn html_is_cut_as_its_text_is() {
        let body = "<div><p>一、支持&nbsp;甲 &amp; 乙</p><p>（一）补助。</p><table><tr><td>1</td><td>&lt;b&gt;</td></tr></table></div>";
        let text = text_of(body);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, ["一、支持\u{a0}甲 & 乙", "（一）补助。", "1\t<b>"]);
    }

    #[test]
    fn plain_text_gets_headings_paragraphs_and_tables_and_stays_text() {
        let text = Text::of("一、支持<b>创新\n（一）奖励。每家10万元。\n甲\t1\n乙\t2\n（二）1 < 2");
        let html = of_pieces(&text, &pieces(&text));
        let expected = "<h2>一、支持&lt;b&gt;创新</h2><h3>（一）奖励</h3><p>每家10万元。</p>\
            <table><tr><td>甲</td><td>1</td></tr><tr><td>乙</td><td>2</td></tr></table><p>（二） 1 &lt; 2</p>";
        assert_eq!(html, expected);
    }
}
