//! A record as a page for people, and for search engines, which read its JSON-LD there as well.

use std::fmt::Write;

use serde_json::Value;

use super::linked::{excerpt, language};
use super::{Around, JSON_LD};
use crate::pages::escaped;
use crate::policies;
use crate::problem::{Answer, Language, Problem};
use crate::registry::columns::{Column, columns};
use crate::registry::public::{REFERENCES, called, each};
use crate::registry::{Kind, codes, words};

/// The page of a record.
///
/// # Errors
/// `internal` if the record is none of its kind.
pub fn page(kind: Kind, record: &Value, around: &Around, reader: Language, linked: &Value) -> Answer<String> {
    let page = Page { kind, record, around, reader };
    let name = called(record).unwrap_or_default();
    let address = around.address(kind, record["id"].as_str().unwrap_or_default());
    let mut html = String::new();
    let _ = write!(
        html,
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · {called} · 对接 Duijie</title>\n<meta name=\"description\" content=\"{description}\">\n\
         <link rel=\"canonical\" href=\"{address}\">\n<link rel=\"stylesheet\" href=\"/pages.css\">\n\
         <script type=\"{JSON_LD}\">{data}</script>\n</head>\n<body>\n<main class=\"record\">\n\
         <p>{called}</p>\n<h1{of_title}>{title}</h1>\n",
        lang = reader.code(),
        title = escaped(name),
        called = page.kind_name(),
        description = escaped(&page.description()),
        // No end of the script, and no comment in it, can stand in a text.
        data = linked.to_string().replace('<', "\\u003c"),
        of_title = page.lang(name),
    );
    html.push_str(&page.story()?);
    html.push_str(&page.facts());
    let moment = record["updated_at"].as_str().unwrap_or_default();
    let (updated, day) = (page.label("更新时间", "updated_at"), moment.get(..10).unwrap_or_default());
    let _ = writeln!(html, "<p>{updated} <time datetime=\"{moment}\">{day}</time></p>\n</main>\n</body>\n</html>");
    Ok(html)
}

struct Page<'a> {
    kind: Kind,
    record: &'a Value,
    around: &'a Around,
    reader: Language,
}

impl Page<'_> {
    /// The field that says what the record is about.
    const fn story_field(&self) -> &'static str {
        match self.kind {
            Kind::Result => "summary",
            Kind::Expert => "biography",
            Kind::Organisation => "profile",
            Kind::Demand => "description",
            Kind::Policy => "body",
        }
    }

    fn kind_name(&self) -> String {
        self.label(self.kind.zh(), self.kind.as_str())
    }

    fn told(&self) -> &str {
        self.record[self.story_field()].as_str().unwrap_or_default()
    }

    /// What a search engine shows below the title.
    fn description(&self) -> String {
        let told = if self.kind == Kind::Policy { policies::plain(self.told()) } else { self.told().to_owned() };
        let about = if told.is_empty() { called(self.record).unwrap_or_default() } else { &told };
        excerpt(about)
    }

    /// Tells of a text in another language than the page (WCAG 2.2, 3.1.2).
    fn lang(&self, text: &str) -> String {
        let of_text = language(text);
        let is_told = self.reader.code().starts_with(of_text) || !text.contains(char::is_alphabetic);
        if is_told { String::new() } else { format!(" lang=\"{of_text}\"") }
    }

    fn story(&self) -> Answer<String> {
        let told = self.told();
        if self.kind == Kind::Policy {
            let policy = serde_json::from_value(self.record.clone()).map_err(Problem::internal)?;
            let lang = self.lang(told);
            return Ok(format!("<article{lang}>{}</article>\n", policies::presentation::html_of(&policy)));
        }
        let lines = told.lines().filter(|line| !line.trim().is_empty());
        Ok(lines.fold(String::new(), |html, line| html + &format!("<p{}>{}</p>\n", self.lang(line), escaped(line))))
    }

    /// The other fields, each with what it is called.
    fn facts(&self) -> String {
        let told = [self.story_field(), "title", "name"];
        let is_title = |column: &&Column| told.contains(&column.name) && !self.is_job(column);
        let mut html = String::from("<dl>\n");
        for column in columns(self.kind).iter().filter(|column| !is_title(column)) {
            let values = self.values(column);
            if values.is_empty() {
                continue;
            }
            let _ = writeln!(html, "<dt>{}</dt>", self.name_of(column));
            for (plain, shown) in values {
                let _ = writeln!(html, "<dd{}>{shown}</dd>", self.lang(&plain));
            }
        }
        html + "</dl>\n"
    }

    /// The title of an expert is what the expert is, not what the record is called.
    fn is_job(&self, column: &Column) -> bool {
        self.kind == Kind::Expert && column.name == "title"
    }

    fn label(&self, zh: &str, en: &str) -> String {
        if self.reader == Language::Chinese {
            return zh.to_owned();
        }
        let words = en.replace('.', ": ").replace('_', " ");
        let mut letters = words.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }

    /// What a column is called; those of references by what they refer to.
    fn name_of(&self, column: &Column) -> String {
        if REFERENCES.iter().any(|(field, _)| *field == column.name) {
            let en = column.name.trim_end_matches("_ids").trim_end_matches("_id");
            return self.label(column.zh.trim_end_matches("编号"), en);
        }
        self.label(column.zh, column.name)
    }

    /// What stands in a column: as text, and as HTML.
    fn values(&self, column: &Column) -> Vec<(String, String)> {
        let value = column.name.split('.').try_fold(self.record, |value, name| value.get(name)).unwrap_or(&Value::Null);
        if let Some((_, kind)) = REFERENCES.iter().find(|(field, _)| *field == column.name) {
            return self.links(*kind, value);
        }
        let texts: Vec<String> = match column.name {
            "industries" | "industry" => named_codes(value, codes::industries()),
            "region" | "regions" => each(value).map(region).collect(),
            "source.url" => return each(value).map(|url| (url.to_owned(), link_outside(url, url))).collect(),
            "attachments" => return attachments(value),
            "intellectual_property" => value.as_array().into_iter().flatten().map(|item| self.property(item)).collect(),
            "asking_price.negotiable" => value.as_bool().map(|yes| self.flag(yes)).into_iter().collect(),
            "asking_price.min" | "asking_price.max" | "budget.min" | "budget.max" => {
                value.as_i64().map(|amount| self.money(amount)).into_iter().collect()
            }
            field if value.is_number() => vec![words::zh(field, &value.to_string()).to_owned()],
            field => each(value).map(|word| self.word(field, word)).collect(),
        };
        texts.into_iter().map(|text| (text.clone(), escaped(&text))).collect()
    }

    fn links(&self, kind: Kind, value: &Value) -> Vec<(String, String)> {
        let named = each(value).filter_map(|id| Some((id, self.around.names.get(&id.parse().ok()?)?)));
        named.map(|(id, name)| (name.clone(), link(&self.around.address(kind, id), name))).collect()
    }

    fn word(&self, field: &str, word: &str) -> String {
        match self.reader {
            Language::Chinese => words::zh(field, word).to_owned(),
            Language::English => words::en(field, word),
        }
    }

    fn property(&self, item: &Value) -> String {
        let word =
            |part: &str| self.word(&format!("intellectual_property.{part}"), item[part].as_str().unwrap_or_default());
        let parts = [word("kind"), item["number"].as_str().unwrap_or_default().to_owned(), word("status")];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    fn flag(&self, yes: bool) -> String {
        match (self.reader, yes) {
            (Language::Chinese, true) => "是",
            (Language::Chinese, false) => "否",
            (Language::English, true) => "yes",
            (Language::English, false) => "no",
        }
        .to_owned()
    }

    fn money(&self, amount: i64) -> String {
        match self.reader {
            Language::Chinese => format!("{amount} 元"),
            Language::English => format!("CNY {amount}"),
        }
    }
}

fn named_codes(value: &Value, list: &codes::CodeList) -> Vec<String> {
    let named = |code: &str| list.find(code).map_or_else(|| code.to_owned(), |item| format!("{code} {}", item.name));
    each(value).map(named).collect()
}

/// A region with those that it lies in.
fn region(code: &str) -> String {
    let mut path: Vec<&str> = codes::regions().path(code).map(|item| item.name.as_str()).collect();
    path.reverse();
    path.concat()
}

fn link(address: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escaped(address), escaped(text))
}

/// A link that others gave: search engines are not to follow it on our word.
fn link_outside(address: &str, text: &str) -> String {
    format!("<a href=\"{}\" rel=\"nofollow\">{}</a>", escaped(address), escaped(text))
}

fn attachments(value: &Value) -> Vec<(String, String)> {
    let files = value.as_array().into_iter().flatten();
    let file = |item: &Value| {
        let (name, url) = (item["name"].as_str()?, item["url"].as_str()?);
        Some((name.to_owned(), link_outside(url, name)))
    };
    files.filter_map(file).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::registry::public::Names;

    fn shown(kind: Kind, record: &Value, around: &Around, reader: Language) -> String {
        page(kind, record, around, reader, &json!({"name": called(record)})).expect("a page")
    }

    #[test]
    fn a_page_says_in_both_languages_what_a_person_wants_and_links_to_what_is_public() {
        let (firm, hidden) = (Uuid::now_v7(), Uuid::now_v7());
        let record = json!({
            "id": Uuid::nil(), "title": "模具 <热处理>", "summary": "寿命长。\n\n成本低。", "form": "process", "maturity": 7,
            "holder_id": firm, "contributor_ids": [hidden], "industries": ["C3311"], "disciplines": ["460"],
            "region": "130927", "keywords": ["冲压"],
            "asking_price": {"min": 100, "max": 200}, "source": {"url": "https://example.com/?a=1&b=2"}, "status": "published",
            "intellectual_property": [{"kind": "invention", "number": "201710601862.3", "status": "granted"}],
            "updated_at": "2026-11-29T01:02:03Z"
        });
        let around = Around { base: "https://d.example".to_owned(), names: [(firm, "五金厂".to_owned())].into() };
        let zh = shown(Kind::Result, &record, &around, Language::Chinese);
        let firm =
            format!("<dt>持有单位</dt>\n<dd><a href=\"https://d.example/v1/organisations/{firm}\">五金厂</a></dd>");
        for part in [
            "<html lang=\"zh-CN\">",
            "<title>模具 &lt;热处理&gt; · 科技成果 · 对接 Duijie</title>",
            "<meta name=\"description\" content=\"寿命长。 成本低。\">",
            "<link rel=\"canonical\" href=\"https://d.example/v1/results/00000000-0000-0000-0000-000000000000\">",
            "<p>寿命长。</p>\n<p>成本低。</p>",
            "<dt>成果形式</dt>\n<dd>新工艺</dd>",
            "<dt>最低价格</dt>\n<dd>100 元</dd>",
            "发明 · 201710601862.3 · 已授权",
            "<dt>地区</dt>\n<dd>河北省沧州市南皮县</dd>",
            "<dt>学科</dt>\n<dd>460</dd>",
            "href=\"https://example.com/?a=1&amp;b=2\" rel=\"nofollow\"",
            "<time datetime=\"2026-11-29T01:02:03Z\">2026-11-29</time>",
            &firm,
        ] {
            assert!(zh.contains(part), "{part}: {zh}");
        }
        assert!(!zh.contains("<热处理>") && !zh.contains(&hidden.to_string()) && !zh.contains("完成人"), "{zh}");
        let en = shown(Kind::Result, &record, &around, Language::English);
        for part in [
            "<html lang=\"en\">",
            "<h1 lang=\"zh\">",
            "<dt>Holder</dt>\n<dd lang=\"zh\">",
            "<dt>Form</dt>\n<dd>process</dd>",
            "<dd>CNY 100</dd>",
            "<dt>Asking price: min</dt>",
        ] {
            assert!(en.contains(part), "{part}: {en}");
        }
    }

    #[test]
    fn nothing_in_a_record_ends_the_data_or_runs() {
        let record = json!({
            "id": "x", "name": "</script><script>steal()</script>", "biography": "<!--<script>", "title": "\"教授\"",
            "updated_at": "2026-11-29T01:02:03Z"
        });
        let around = Around { base: String::new(), names: Names::new() };
        let html = shown(Kind::Expert, &record, &around, Language::Chinese);
        assert_eq!((html.matches("<script").count(), html.matches("</script").count()), (1, 1), "{html}");
        assert!(!html.contains("<!--") && html.contains("<dt>职称</dt>\n<dd>&quot;教授&quot;</dd>"), "{html}");
        let policy = json!({
            "id": Uuid::nil(), "version": 1, "created_at": "2026-11-29T01:02:03Z", "updated_at": "2026-11-29T01:02:03Z",
            "title": "措施", "level": "county", "body": "<p onclick=\"steal()\">一、支持创新</p><script>steal()</script>", "topics": [],
            "status": "published"
        });
        let html = shown(Kind::Policy, &policy, &around, Language::Chinese);
        assert!(html.contains("<article><p>一、支持创新</p></article>") && !html.contains("steal"), "{html}");
    }
}
