//! Records as rows of a table: the columns of each kind, by the names of the fields and as people call them.

use serde_json::Value;

use super::Kind;

/// Between the items of a list in one cell.
pub const BETWEEN: &str = "；";

/// A column of a table of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The field, with dots where it is inside another.
    pub name: &'static str,
    pub zh: &'static str,
    pub holds: Holds,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Text,
    Number,
    Flag,
    /// Texts with [`BETWEEN`] between them.
    List,
    /// JSON.
    Items,
}

const fn text(name: &'static str, zh: &'static str) -> Column {
    Column { name, zh, holds: Holds::Text }
}

const fn number(name: &'static str, zh: &'static str) -> Column {
    Column { name, zh, holds: Holds::Number }
}

const fn list(name: &'static str, zh: &'static str) -> Column {
    Column { name, zh, holds: Holds::List }
}

const fn items(name: &'static str, zh: &'static str) -> Column {
    Column { name, zh, holds: Holds::Items }
}

const STAMP: [Column; 4] =
    [text("id", "编号"), number("version", "版本"), text("created_at", "登记时间"), text("updated_at", "更新时间")];

const RESULT: &[Column] = &[
    text("title", "成果名称"),
    text("summary", "成果简介"),
    list("keywords", "关键词"),
    text("form", "成果形式"),
    number("maturity", "技术成熟度"),
    list("industries", "应用行业"),
    list("disciplines", "学科"),
    text("holder_id", "持有单位编号"),
    list("contributor_ids", "完成人编号"),
    items("intellectual_property", "知识产权"),
    list("cooperation", "合作方式"),
    Column { name: "asking_price.negotiable", zh: "价格面议", holds: Holds::Flag },
    number("asking_price.min", "最低价格"),
    number("asking_price.max", "最高价格"),
    text("region", "地区"),
    text("source.origin", "来源"),
    text("source.url", "来源网址"),
    text("source.collected_on", "采集日期"),
    text("source.partner", "合作站点"),
    text("source.identifier", "站点内编号"),
    list("awards", "获奖"),
    items("attachments", "附件"),
    text("status", "状态"),
];

const EXPERT: &[Column] = &[
    text("name", "姓名"),
    text("title", "职称"),
    text("organisation_id", "单位编号"),
    list("categories", "专家类别"),
    text("biography", "简介"),
    list("expertise", "专长"),
    list("disciplines", "学科"),
    list("industries", "行业"),
    list("regions", "服务地区"),
    list("services", "服务方式"),
    text("availability", "可服务时间"),
    list("languages", "语言"),
    list("result_ids", "参与成果编号"),
    text("status", "状态"),
];

const ORGANISATION: &[Column] = &[
    text("name", "单位名称"),
    text("kind", "单位类型"),
    text("credit_code", "统一社会信用代码"),
    text("region", "地区"),
    text("industry", "行业"),
    text("scale", "规模"),
    list("labels", "资质"),
    list("main_products", "主要产品"),
    text("profile", "单位简介"),
];

const DEMAND: &[Column] = &[
    text("title", "需求名称"),
    text("description", "需求描述"),
    list("keywords", "关键词"),
    text("enterprise_id", "企业编号"),
    list("industries", "行业"),
    list("cooperation", "合作方式"),
    number("maturity_from", "最低技术成熟度"),
    number("budget.min", "最低预算"),
    number("budget.max", "最高预算"),
    text("deadline", "截止日期"),
    text("region", "地区"),
    list("wanted", "需要"),
    text("confidentiality", "公开范围"),
    text("status", "状态"),
];

const POLICY: &[Column] = &[
    text("title", "政策标题"),
    text("level", "级别"),
    text("document_number", "文号"),
    text("issuer", "发文机关"),
    text("source", "来源"),
    text("author", "作者"),
    text("published_on", "发布日期"),
    text("effective_on", "生效日期"),
    text("expires_on", "失效日期"),
    text("body", "正文"),
    list("topics", "主题"),
    text("status", "状态"),
];

/// The columns of the fields of a kind. Personal data has none.
#[must_use]
pub const fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Result => RESULT,
        Kind::Expert => EXPERT,
        Kind::Organisation => ORGANISATION,
        Kind::Demand => DEMAND,
        Kind::Policy => POLICY,
    }
}

/// The same with those of the stamp before them.
pub fn all_columns(kind: Kind) -> impl Iterator<Item = &'static Column> {
    STAMP.iter().chain(columns(kind))
}

impl Column {
    /// What a record has in this column; nothing where it has no such field.
    #[must_use]
    pub fn cell(&self, record: &Value) -> String {
        let value = self.name.split('.').try_fold(record, |value, name| value.get(name));
        match value.unwrap_or(&Value::Null) {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Array(list) if list.is_empty() => String::new(),
            Value::Array(list) if self.holds == Holds::List => {
                list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(BETWEEN)
            }
            other => other.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;
    use utoipa::PartialSchema;

    use super::*;
    use crate::registry::demands::Demand;
    use crate::registry::experts::Expert;
    use crate::registry::organisations::Organisation;
    use crate::registry::policies::Policy;
    use crate::registry::results::ResearchResult;

    /// The fields of a concept, by its schema.
    fn fields<C: PartialSchema>() -> BTreeSet<String> {
        let schema = serde_json::to_value(C::schema()).expect("a schema");
        schema["properties"].as_object().expect("fields").keys().cloned().collect()
    }

    #[test]
    fn every_field_has_a_column_but_how_people_are_reached() {
        let all = [
            (Kind::Result, fields::<ResearchResult>()),
            (Kind::Expert, fields::<Expert>()),
            (Kind::Organisation, fields::<Organisation>()),
            (Kind::Demand, fields::<Demand>()),
            (Kind::Policy, fields::<Policy>()),
        ];
        for (kind, mut fields) in all {
            fields.remove("contact");
            let first = |column: &Column| column.name.split('.').next().unwrap_or_default().to_owned();
            let named: BTreeSet<String> = columns(kind).iter().map(first).collect();
            assert_eq!(named, fields, "{kind:?}");
            let names: BTreeSet<&str> = all_columns(kind).flat_map(|column| [column.name, column.zh]).collect();
            assert_eq!(names.len(), 2 * all_columns(kind).count(), "{kind:?}");
        }
    }

    #[test]
    fn a_cell_is_what_a_person_reads() {
        let record = json!({
            "title": "模具", "maturity": 6, "keywords": ["模具", "寿命"], "awards": [], "asking_price": {"negotiable": true},
            "intellectual_property": [{"kind": "invention"}]
        });
        let cell = |name: &str| RESULT.iter().find(|column| column.name == name).map(|column| column.cell(&record));
        let cells =
            ["title", "maturity", "keywords", "awards", "asking_price.negotiable", "asking_price.min"].map(cell);
        let expected = ["模具", "6", "模具；寿命", "", "true", ""].map(|text| Some(text.to_owned()));
        assert_eq!(cells, expected);
        assert_eq!(cell("intellectual_property").as_deref(), Some(r#"[{"kind":"invention"}]"#));
    }
}
