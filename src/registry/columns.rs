//! Records as rows of a table: the columns of each kind, by the names of the fields and as people call them.

use serde_json::Value;

use super::Kind;
use super::words::{
    CONFIDENTIALITY, COOPERATION, DEMAND_STATUS, EXPERT_CATEGORIES, EXPERT_SERVICES, ORGANISATION_KINDS,
    ORGANISATION_LABELS, POLICY_LEVELS, PUBLICATION_STATUS, RESULT_FORMS, RESULT_STATUS, SCALES, WANTED, Words,
};

/// Between the items of a list in one cell.
pub const BETWEEN: &str = "；";

/// A column of a table of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The field, with dots where it is inside another.
    pub name: &'static str,
    pub zh: &'static str,
    pub holds: Holds,
    pub of: Values,
}

/// What the values of a column are taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Whatever fits the field.
    Any,
    /// A closed list.
    Words(Words),
    /// GB/T 4754-2017.
    Industries,
    /// GB/T 2260.
    Regions,
    /// GB/T 13745-2009.
    Disciplines,
    /// The calendar.
    Days,
    /// Records of a kind.
    Records(Kind),
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    Text,
    Number,
    Flag,
    /// Texts with [`BETWEEN`] between them.
    List,
    /// The same, of texts that have commas in them.
    Phrases,
    /// JSON.
    Items,
}

const fn column(name: &'static str, zh: &'static str, holds: Holds) -> Column {
    Column { name, zh, holds, of: Values::Any }
}

const fn text(name: &'static str, zh: &'static str) -> Column {
    column(name, zh, Holds::Text)
}

const fn number(name: &'static str, zh: &'static str) -> Column {
    column(name, zh, Holds::Number)
}

const fn list(name: &'static str, zh: &'static str) -> Column {
    column(name, zh, Holds::List)
}

const fn items(name: &'static str, zh: &'static str) -> Column {
    column(name, zh, Holds::Items)
}

const STAMP: [Column; 4] =
    [text("id", "编号"), number("version", "版本"), text("created_at", "登记时间"), text("updated_at", "更新时间")];

const RESULT: &[Column] = &[
    text("title", "成果名称"),
    text("summary", "成果简介"),
    list("keywords", "关键词"),
    text("form", "成果形式").of(Values::Words(RESULT_FORMS)),
    number("maturity", "技术成熟度"),
    list("industries", "应用行业").of(Values::Industries),
    list("disciplines", "学科").of(Values::Disciplines),
    text("holder_id", "持有单位编号").of(Values::Records(Kind::Organisation)),
    list("contributor_ids", "完成人编号").of(Values::Records(Kind::Expert)),
    items("intellectual_property", "知识产权"),
    list("cooperation", "合作方式").of(Values::Words(COOPERATION)),
    column("asking_price.negotiable", "价格面议", Holds::Flag),
    number("asking_price.min", "最低价格"),
    number("asking_price.max", "最高价格"),
    text("region", "地区").of(Values::Regions),
    text("source.origin", "来源"),
    text("source.url", "来源网址"),
    text("source.collected_on", "采集日期").of(Values::Days),
    text("source.partner", "合作站点"),
    text("source.identifier", "站点内编号"),
    column("awards", "获奖", Holds::Phrases),
    items("attachments", "附件"),
    text("status", "状态").of(Values::Words(RESULT_STATUS)),
];

const EXPERT: &[Column] = &[
    text("name", "姓名"),
    text("title", "职称"),
    text("organisation_id", "单位编号").of(Values::Records(Kind::Organisation)),
    list("categories", "专家类别").of(Values::Words(EXPERT_CATEGORIES)),
    text("biography", "简介"),
    list("expertise", "专长"),
    list("disciplines", "学科").of(Values::Disciplines),
    list("industries", "行业").of(Values::Industries),
    list("regions", "服务地区").of(Values::Regions),
    list("services", "服务方式").of(Values::Words(EXPERT_SERVICES)),
    text("availability", "可服务时间"),
    list("languages", "语言"),
    list("result_ids", "参与成果编号").of(Values::Records(Kind::Result)),
    text("status", "状态").of(Values::Words(PUBLICATION_STATUS)),
];

const ORGANISATION: &[Column] = &[
    text("name", "单位名称"),
    text("kind", "单位类型").of(Values::Words(ORGANISATION_KINDS)),
    text("credit_code", "统一社会信用代码"),
    text("region", "地区").of(Values::Regions),
    text("industry", "行业").of(Values::Industries),
    text("scale", "规模").of(Values::Words(SCALES)),
    list("labels", "资质").of(Values::Words(ORGANISATION_LABELS)),
    list("main_products", "主要产品"),
    text("profile", "单位简介"),
];

const DEMAND: &[Column] = &[
    text("title", "需求名称"),
    text("description", "需求描述"),
    list("keywords", "关键词"),
    text("enterprise_id", "企业编号").of(Values::Records(Kind::Organisation)),
    list("industries", "行业").of(Values::Industries),
    list("cooperation", "合作方式").of(Values::Words(COOPERATION)),
    number("maturity_from", "最低技术成熟度"),
    number("budget.min", "最低预算"),
    number("budget.max", "最高预算"),
    text("deadline", "截止日期").of(Values::Days),
    text("region", "地区").of(Values::Regions),
    list("wanted", "需要").of(Values::Words(WANTED)),
    text("confidentiality", "公开范围").of(Values::Words(CONFIDENTIALITY)),
    text("status", "状态").of(Values::Words(DEMAND_STATUS)),
];

const POLICY: &[Column] = &[
    text("title", "政策标题"),
    text("level", "级别").of(Values::Words(POLICY_LEVELS)),
    text("document_number", "文号"),
    text("issuer", "发文机关"),
    text("source", "来源"),
    text("author", "作者"),
    text("published_on", "发布日期").of(Values::Days),
    text("effective_on", "生效日期").of(Values::Days),
    text("expires_on", "失效日期").of(Values::Days),
    text("body", "正文"),
    list("topics", "主题"),
    text("status", "状态").of(Values::Words(PUBLICATION_STATUS)),
];

const NOBODY: &[Column] = &[];
const PERSON: &[Column] = &[text("contact.phone", "电话"), text("contact.email", "电子邮箱")];
const OFFICE: &[Column] =
    &[text("contact.person", "联系人"), text("contact.phone", "电话"), text("contact.email", "电子邮箱")];

/// The columns of how people are reached, which is taken in and never given out in a table.
#[must_use]
pub const fn personal_columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Expert => PERSON,
        Kind::Organisation => OFFICE,
        Kind::Result | Kind::Demand | Kind::Policy => NOBODY,
    }
}

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
    const fn of(self, of: Values) -> Self {
        Self { of, ..self }
    }

    /// What a record has in this column; nothing where it has no such field.
    #[must_use]
    pub fn cell(&self, record: &Value) -> String {
        let value = self.name.split('.').try_fold(record, |value, name| value.get(name));
        match value.unwrap_or(&Value::Null) {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Array(list) if list.is_empty() => String::new(),
            Value::Array(list) if matches!(self.holds, Holds::List | Holds::Phrases) => {
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
