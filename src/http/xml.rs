//! XML 1.0, written element by element.

use std::fmt::Write;

/// A document in the making.
#[derive(Default)]
pub struct Xml(String);

impl Xml {
    #[must_use]
    pub fn document() -> Self {
        Self("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned())
    }

    /// An element with what is written inside.
    pub fn element(&mut self, name: &str, attributes: &[(&str, &str)], inside: impl FnOnce(&mut Self)) {
        let _ = write!(self.0, "<{name}");
        for (attribute, value) in attributes {
            let _ = write!(self.0, " {attribute}=\"{}\"", escaped(value));
        }
        self.0.push('>');
        inside(self);
        let _ = write!(self.0, "</{name}>");
    }

    /// An element with a text.
    pub fn text(&mut self, name: &str, text: &str) {
        self.element(name, &[], |xml| xml.0.push_str(&escaped(text)));
    }

    /// The text of an element that has attributes.
    pub fn characters(&mut self, text: &str) {
        self.0.push_str(&escaped(text));
    }

    #[must_use]
    pub fn finish(self) -> String {
        self.0
    }
}

/// A text as it stands in XML: what XML 1.0 has no place for (section 2.2) is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_markup_is_text_and_what_xml_has_no_place_for_is_left_out() {
        let mut xml = Xml::default();
        xml.element("a", &[("b", "\"<&>\"")], |xml| {
            xml.text("c", "1 < 2 & ]]> \u{0}\u{b}\u{fffe}\u{ffff}😀\n\t");
        });
        assert_eq!(xml.finish(), "<a b=\"&quot;&lt;&amp;&gt;&quot;\"><c>1 &lt; 2 &amp; ]]&gt; 😀\n\t</c></a>");
    }
}
