//! Which column of a file is which field: by its name in English or Chinese, by what people else call it, or by a mapping.

use deserr::Deserr;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::faults::RowFault;
use super::reading::Cell;
use crate::matching::text::simplified;
use crate::problem::{Faults, FieldFault};
use crate::registry::Kind;
use crate::registry::columns::{Column, Holds, Values, columns, personal_columns};
use crate::registry::fields::Named;

/// Names that people give fields, beside those of the columns themselves.
const ALIASES: &[(Kind, &str, &[&str])] = &[
    (Kind::Result, "title", &["项目名称", "名称", "题目", "标题", "技术名称"]),
    (Kind::Result, "summary", &["简介", "成果介绍", "技术简介", "内容", "摘要", "项目简介", "abstract"]),
    (Kind::Result, "keywords", &["主题词"]),
    (Kind::Result, "form", &["成果类型", "成果类别"]),
    (Kind::Result, "maturity", &["成熟度", "技术成熟度等级", "trl"]),
    (Kind::Result, "industries", &["行业", "所属行业", "应用领域"]),
    (Kind::Result, "disciplines", &["所属学科", "学科分类"]),
    (Kind::Result, "holder_id", &["holder", "持有单位", "完成单位", "单位", "单位名称", "第一完成单位"]),
    (Kind::Result, "contributor_ids", &["contributors", "完成人", "主要完成人", "发明人", "作者"]),
    (Kind::Result, "intellectual_property", &["专利号", "专利", "知识产权情况"]),
    (Kind::Result, "cooperation", &["转化方式", "拟合作方式", "拟转化方式"]),
    (Kind::Result, "source.identifier", &["identifier", "成果编号", "外部编号", "项目编号"]),
    (Kind::Result, "source.url", &["网址", "链接"]),
    (Kind::Expert, "name", &["专家姓名"]),
    (Kind::Expert, "organisation_id", &["organisation", "单位", "工作单位", "所在单位", "单位名称"]),
    (Kind::Expert, "categories", &["类别"]),
    (Kind::Expert, "biography", &["个人简介", "专家简介"]),
    (Kind::Expert, "expertise", &["研究方向", "专业领域", "擅长领域", "研究领域"]),
    (Kind::Expert, "industries", &["服务行业"]),
    (Kind::Expert, "result_ids", &["results", "参与成果"]),
    (Kind::Expert, "contact.phone", &["phone", "联系电话", "手机", "手机号"]),
    (Kind::Expert, "contact.email", &["email", "邮箱", "电子邮件"]),
    (Kind::Organisation, "name", &["名称", "企业名称"]),
    (Kind::Organisation, "kind", &["类型", "单位性质", "单位类别"]),
    (Kind::Organisation, "credit_code", &["信用代码", "社会信用代码", "统一代码"]),
    (Kind::Organisation, "region", &["所在地区", "所在地"]),
    (Kind::Organisation, "industry", &["所属行业"]),
    (Kind::Organisation, "scale", &["企业规模"]),
    (Kind::Organisation, "labels", &["企业资质", "认定"]),
    (Kind::Organisation, "main_products", &["产品", "主营产品"]),
    (Kind::Organisation, "profile", &["简介", "企业简介"]),
    (Kind::Organisation, "contact.phone", &["phone", "联系电话"]),
    (Kind::Organisation, "contact.email", &["email", "邮箱"]),
    (Kind::Demand, "title", &["名称", "需求标题"]),
    (Kind::Demand, "description", &["描述", "需求内容", "需求简介"]),
    (Kind::Demand, "enterprise_id", &["enterprise", "企业", "企业名称", "单位", "需求单位"]),
    (Kind::Demand, "industries", &["所属行业"]),
    (Kind::Demand, "deadline", &["截止时间", "期限"]),
    (Kind::Policy, "title", &["标题", "名称"]),
    (Kind::Policy, "document_number", &["发文字号"]),
    (Kind::Policy, "issuer", &["发布机关", "发布单位"]),
    (Kind::Policy, "published_on", &["成文日期", "发文日期"]),
    (Kind::Policy, "body", &["内容"]),
];

/// Columns that our own tables have and that nobody writes.
const GIVEN_OUT: [(&str, &str); 3] = [("version", "版本"), ("created_at", "登记时间"), ("updated_at", "更新时间")];

/// Of whom a file is, what it has, and how it names that.
#[derive(Clone, Copy)]
pub struct Origin<'o> {
    pub kind: Kind,
    pub mapping: &'o Mapping,
    /// The partner site that it comes from; none for the centre's own.
    pub partner: Option<&'o str>,
}

/// What a column of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Field(&'static Column),
    /// Our own id of the record.
    Id,
    /// The identifier of whoever the file is from.
    Identifier,
    Nothing,
}

/// How the files of somebody name the fields of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Deserr, ToSchema)]
#[deserr(error = Faults, deny_unknown_fields)]
#[schema(as = NewImportMapping, example = json!({
    "columns": {"研究题目": "title", "经费（万元）": null}, "defaults": {"holder_id": "沧州师范学院", "status": "published"}
}))]
pub struct Mapping {
    /// The field that each column is, by the column's name; null for one that is left out. At most 100.
    #[deserr(default)]
    #[schema(value_type = BTreeMap<String, Option<String>>, required = false)]
    pub columns: Named<Option<String>>,
    /// What is written in a field whose column the file does not have. At most 100.
    #[deserr(default)]
    #[schema(value_type = BTreeMap<String, String>, required = false)]
    pub defaults: Named<String>,
}

impl Mapping {
    /// Without control characters, which no heading is known by and the database does not keep.
    #[must_use]
    pub fn cleaned(self) -> Self {
        let clean = |text: String| text.chars().filter(|c| !c.is_control()).collect::<String>();
        let columns = self.columns.0.into_iter().map(|(name, field)| (clean(name), field.map(clean)));
        let defaults = self.defaults.0.into_iter().map(|(name, text)| (clean(name), clean(text)));
        Self { columns: Named(columns.collect()), defaults: Named(defaults.collect()) }
    }

    /// What is wrong with it for a kind of records.
    #[must_use]
    pub fn faults(&self, kind: Kind) -> Faults {
        let mut faults = Faults::default();
        let unknown = || FieldFault::new("unknown_code", "没有这个字段", "there is no such field");
        for (name, field) in self.columns.iter().filter_map(|(name, field)| Some((name, field.as_ref()?))) {
            if target(kind, field).is_none() {
                faults.add(format!("/columns/{}", escaped(name)), unknown());
            }
        }
        for name in self.defaults.keys().filter(|name| !matches!(target(kind, name), Some(Target::Field(_)))) {
            faults.add(format!("/defaults/{}", escaped(name)), unknown());
        }
        for (pointer, count) in [("/columns", self.columns.len()), ("/defaults", self.defaults.len())] {
            if count > 100 {
                faults
                    .add(pointer.to_owned(), FieldFault::new("too_many", "至多 100 项", "must have at most 100 items"));
            }
        }
        faults
    }

    /// What a column is.
    fn target(&self, kind: Kind, name: &str) -> Option<Target> {
        let wanted = normal(name);
        match self.columns.iter().find(|(known, _)| normal(known) == wanted) {
            Some((_, None)) => Some(Target::Nothing),
            Some((_, Some(field))) => target(kind, field),
            None => target(kind, name),
        }
    }
}

/// A part of a JSON Pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The columns that a file of a kind can have.
pub fn fields(kind: Kind) -> impl Iterator<Item = &'static Column> {
    columns(kind).iter().chain(personal_columns(kind))
}

/// A field by any of its names.
#[must_use]
pub fn target(kind: Kind, name: &str) -> Option<Target> {
    let wanted = normal(name);
    let is = |known: &str| normal(known) == wanted;
    if is("id") || is("编号") {
        return Some(Target::Id);
    }
    if GIVEN_OUT.iter().any(|(en, zh)| is(en) || is(zh)) {
        return Some(Target::Nothing);
    }
    let alias = |(of, _, names): &&(Kind, &str, &[&str])| *of == kind && names.iter().any(|name| is(name));
    let field = ALIASES.iter().find(alias).map(|(_, field, _)| *field);
    let found = fields(kind).find(|column| is(column.name) || is(column.zh) || field == Some(column.name));
    match found {
        Some(column) => Some(Target::Field(column)),
        None => (is("identifier") || is("外部编号")).then_some(Target::Identifier),
    }
}

/// A name without what is written differently from file to file: script, width, case, blanks, marks of what is required,
/// and what stands in brackets behind it.
fn normal(name: &str) -> String {
    let name: String = simplified(name).chars().filter(|c| !c.is_whitespace() && *c != '*').collect();
    let bare = name.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')).map(|(bare, _)| bare);
    bare.filter(|bare| !bare.is_empty()).unwrap_or(&name).to_owned()
}

/// The columns of a file, in their order.
#[derive(Debug, Default)]
pub struct Heading {
    pub columns: Vec<(String, Target)>,
    /// What a field has whose column is not there.
    pub defaults: Vec<(&'static Column, String)>,
}

impl Heading {
    /// Is this row one? One that has at least two columns that are known.
    #[must_use]
    pub fn is_one(origin: &Origin<'_>, cells: &[Cell]) -> bool {
        let names = cells.iter().filter_map(|cell| if let Cell::Text(text) = cell { Some(text) } else { None });
        names.filter(|name| origin.mapping.target(origin.kind, name).is_some()).count() >= 2
    }

    /// Reads a row as the heading.
    ///
    /// # Errors
    /// All columns that are nobody's, that two are, and that are missing.
    pub fn read(origin: &Origin<'_>, cells: &[Cell]) -> Result<Self, Vec<RowFault>> {
        let Origin { kind, mapping, .. } = *origin;
        let mut heading = Self::default();
        let mut faults = Vec::new();
        for cell in cells {
            let name = cell.shown().trim().to_owned();
            let target = if name.is_empty() { Some(Target::Nothing) } else { mapping.target(kind, &name) };
            if target.is_none() {
                faults.push(RowFault::of_column(&name, unknown_column(kind)));
            }
            let target = target.unwrap_or(Target::Nothing);
            if target != Target::Nothing && heading.columns.iter().any(|(_, other)| *other == target) {
                faults.push(RowFault::of_column(
                    &name,
                    FieldFault::new("duplicate", "前面已有一列是这个字段", "a column before it is the same field"),
                ));
            }
            heading.columns.push((name, target));
        }
        heading.defaults = defaults(kind, mapping, |target| heading.columns.iter().any(|(_, other)| *other == target));
        faults.extend(heading.missing(origin));
        if faults.is_empty() { Ok(heading) } else { Err(faults) }
    }

    /// What every record needs and no column has; a file that names records that are there needs none.
    fn missing(&self, origin: &Origin<'_>) -> Vec<RowFault> {
        let kind = origin.kind;
        let has = |target: Target| self.columns.iter().any(|(_, other)| *other == target);
        let identifies = has(Target::Id) || has(Target::Identifier) || self.has_field("source.identifier");
        let needed = if identifies { &[] } else { needed(kind) };
        // What a partner site has bears its identifier.
        let of_site = (kind == Kind::Result && origin.partner.is_some() && !identifies).then_some(&"source.identifier");
        let missing = needed.iter().chain(of_site).filter(|name| !self.has_field(name));
        let fault = |name: &&str| {
            let zh = fields(kind).find(|column| column.name == *name).map_or(*name, |column| column.zh);
            let fault = FieldFault::new("required", format!("缺少“{zh}”一列"), format!("there is no column {name}"));
            RowFault::of_column(zh, fault)
        };
        missing.map(fault).collect()
    }

    fn has_field(&self, name: &str) -> bool {
        let of_columns = self.columns.iter().filter_map(|(_, target)| match target {
            Target::Field(column) => Some(column.name),
            _ => None,
        });
        of_columns.chain(self.defaults.iter().map(|(column, _)| column.name)).any(|other| other == name)
    }
}

/// What stands in fields whose columns a file does not have.
pub fn defaults(kind: Kind, mapping: &Mapping, has: impl Fn(Target) -> bool) -> Vec<(&'static Column, String)> {
    let of = |(name, text): (&String, &String)| match target(kind, name) {
        Some(target @ Target::Field(column)) if !has(target) => Some((column, text.clone())),
        _ => None,
    };
    mapping.defaults.iter().filter_map(of).collect()
}

/// The fields that no record is without.
#[must_use]
pub const fn needed(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Result => &["title", "summary", "holder_id"],
        Kind::Expert => &["name", "organisation_id", "categories"],
        Kind::Organisation => &["name", "kind"],
        Kind::Demand => &["title", "description", "enterprise_id"],
        Kind::Policy => &["title", "level", "body"],
    }
}

fn unknown_column(kind: Kind) -> FieldFault {
    let zh: Vec<&str> = fields(kind).map(|column| column.zh).collect();
    let en: Vec<&str> = fields(kind).map(|column| column.name).collect();
    FieldFault::new(
        "unknown_field",
        format!("没有这个字段；请改列名，或在映射中指明它是哪个字段、或不要它。字段有：{}", zh.join("、")),
        format!(
            "is no field; rename it, or say in the mapping which it is or that it is left out. There are: {}",
            en.join(", ")
        ),
    )
}

/// The field of an identifier, for kinds that keep none themselves.
pub const IDENTIFIER: Column = Column { name: "identifier", zh: "外部编号", holds: Holds::Text, of: Values::Any };

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: Kind, name: &str) -> Option<&'static str> {
        match target(kind, name)? {
            Target::Field(column) => Some(column.name),
            Target::Id => Some("id"),
            Target::Identifier => Some("identifier"),
            Target::Nothing => Some("-"),
        }
    }

    fn heading(kind: Kind, mapping: &Mapping, names: &[&str]) -> Result<Heading, Vec<RowFault>> {
        let cells: Vec<Cell> = names.iter().map(|name| Cell::Text((*name).to_owned())).collect();
        Heading::read(&Origin { kind, mapping, partner: None }, &cells)
    }

    #[test]
    fn a_column_is_known_by_every_name() {
        for name in ["title", "TITLE", "成果名称", "成果名稱", " 成果 名称 * ", "成果名称（必填）", "项目名称"]
        {
            assert_eq!(field(Kind::Result, name), Some("title"), "{name}");
        }
        assert_eq!(field(Kind::Result, "完成单位"), Some("holder_id"));
        assert_eq!(field(Kind::Result, "外部编号"), Some("source.identifier"));
        assert_eq!(field(Kind::Expert, "外部编号"), Some("identifier"));
        assert_eq!(field(Kind::Expert, "手机号"), Some("contact.phone"));
        assert_eq!(field(Kind::Organisation, "编号"), Some("id"));
        assert_eq!(field(Kind::Policy, "更新时间"), Some("-"));
        assert_eq!(field(Kind::Policy, "经费"), None);
    }

    #[test]
    fn aliases_name_fields_that_there_are_and_no_name_is_two() {
        for (kind, name, names) in ALIASES {
            assert!(fields(*kind).any(|column| column.name == *name), "{kind:?} {name}");
            for alias in *names {
                assert_eq!(field(*kind, alias), Some(*name), "{alias}");
            }
        }
        for kind in Kind::ALL {
            for column in fields(kind) {
                assert_eq!(field(kind, column.name), Some(column.name));
                assert_eq!(field(kind, column.zh), Some(column.name));
            }
            for name in needed(kind) {
                assert!(fields(kind).any(|column| column.name == *name), "{kind:?} {name}");
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_heading_is_told_at_once() {
        let mapping = Mapping::default();
        let faults = heading(Kind::Result, &mapping, &["题目", "项目名称", "经费", ""]).expect_err("faults");
        let told: Vec<(&str, &str)> =
            faults.iter().map(|fault| (fault.column.as_deref().unwrap_or_default(), fault.code.as_str())).collect();
        assert_eq!(
            told,
            [
                ("项目名称", "duplicate"),
                ("经费", "unknown_field"),
                ("成果简介", "required"),
                ("持有单位编号", "required")
            ]
        );
        assert!(heading(Kind::Result, &mapping, &["id", "题目"]).is_ok());
    }

    #[test]
    fn a_mapping_names_columns_leaves_some_out_and_fills_what_is_missing() {
        let columns = [("研究题目", Some("成果名称")), ("经费（万元）", None), ("说明", Some("summary"))];
        let columns = columns.map(|(name, field)| (name.to_owned(), field.map(str::to_owned)));
        let defaults =
            [("holder_id", "沧州师范学院"), ("title", "x")].map(|(name, text)| (name.to_owned(), text.to_owned()));
        let mapping = Mapping { columns: columns.into(), defaults: defaults.into() };
        assert!(mapping.faults(Kind::Result).is_empty());
        let heading = heading(Kind::Result, &mapping, &["研究题目", "经费", "说明"]).expect("a heading");
        assert_eq!(heading.columns[1].1, Target::Nothing);
        // A column of the file counts more than what it would have without.
        assert_eq!(heading.defaults.iter().map(|(column, _)| column.name).collect::<Vec<_>>(), ["holder_id"]);
        assert!(!mapping.faults(Kind::Policy).is_empty());
    }
}
