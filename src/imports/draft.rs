//! A row as what it says of a record.

use std::hash::{DefaultHasher, Hash, Hasher};

use deserr::Deserr;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::cells;
use super::faults::RowFault;
use super::heading::{Heading, IDENTIFIER, Origin, Target, defaults, target};
use super::reading::{Cell, Content, Row};
use crate::problem::{Faults, FieldFault};
use crate::registry::columns::Column;
use crate::registry::{Kind, ids};

/// What a row says of a record: the members that it writes, null for those that it empties.
#[derive(Debug, Default)]
pub struct Draft {
    pub number: i64,
    pub members: Map<String, Value>,
    pub key: Key,
    pub faults: Vec<RowFault>,
    /// Whether a row before says the very same.
    pub is_again: bool,
    /// The fields that it came from: name, column of the file, what stands there.
    given: Vec<(String, String, String)>,
}

/// By what a record is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Key {
    /// Our own id.
    Id(Uuid),
    /// That of whoever the file is from.
    Identifier(String),
    /// The partner site of a result and its identifier, which stand in the record itself.
    Source(String, String),
    /// The unified social credit code of an organisation.
    CreditCode(String),
    /// All that the row says, where nothing else is told: so that the same row never makes two.
    Content(String),
    #[default]
    None,
}

impl Key {
    /// Short enough to be kept of each row of a file. Of a thousand million rows two might share one.
    #[must_use]
    pub fn short(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// Under which it is kept for the file's owner.
    #[must_use]
    pub fn kept_as(&self) -> Option<&str> {
        match self {
            Self::Identifier(text) | Self::Content(text) => Some(text),
            Self::Id(_) | Self::Source(..) | Self::CreditCode(_) | Self::None => None,
        }
    }
}

impl Draft {
    /// Reads a row; a table's by its heading.
    #[must_use]
    pub fn read(row: Row, origin: &Origin<'_>, heading: &Heading) -> Self {
        let mut draft = Self { number: row.number, ..Self::default() };
        match row.content {
            Content::Cells(cells) => draft.read_cells(&cells, heading),
            Content::Object(members) => draft.read_object(members, origin),
            Content::Unreadable(fault) => draft.faults.push(RowFault::of_row(fault)),
        }
        draft.know(origin);
        draft
    }

    fn read_cells(&mut self, cells: &[Cell], heading: &Heading) {
        for (place, (name, target)) in heading.columns.iter().enumerate() {
            let cell = cells.get(place).unwrap_or(&Cell::Empty);
            match target {
                Target::Field(column) => self.read_cell(column, name, cell),
                Target::Id if *cell != Cell::Empty => self.read_id(name, &cell.shown()),
                Target::Identifier if *cell != Cell::Empty => self.read_cell(&IDENTIFIER, name, cell),
                Target::Id | Target::Identifier | Target::Nothing => {}
            }
        }
        for (column, text) in &heading.defaults {
            self.read_cell(column, column.name, &Cell::Text(text.clone()));
        }
        if cells.iter().skip(heading.columns.len()).any(|cell| *cell != Cell::Empty) {
            self.faults.push(RowFault::of_row(FieldFault::new(
                "too_many",
                "这一行比表头的列多",
                "the row has more cells than the heading",
            )));
        }
    }

    fn read_cell(&mut self, column: &Column, name: &str, cell: &Cell) {
        let text = cell.shown();
        match cells::value(column, cell) {
            Ok(value) => self.put(column.name, value),
            Err(fault) => {
                self.faults.push(RowFault::of_column(name, fault).with(&text));
                return;
            }
        }
        self.given.push((column.name.to_owned(), name.to_owned(), text));
    }

    fn read_id(&mut self, name: &str, text: &str) {
        match ids::id(text.trim().to_owned()) {
            Ok(id) => self.key = Key::Id(id),
            Err(fault) => self.faults.push(RowFault::of_column(name, fault).with(text)),
        }
    }

    /// Members are fields, under their names in the API or under those of the mapping.
    fn read_object(&mut self, members: Map<String, Value>, origin: &Origin<'_>) {
        let renamed = |name: &String| origin.mapping.columns.get(name);
        for (name, value) in members {
            let field = match renamed(&name) {
                Some(None) => continue,
                Some(Some(field)) => match target(origin.kind, field) {
                    Some(Target::Field(column)) => column.name.to_owned(),
                    _ => field.clone(),
                },
                None => name.clone(),
            };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match field.as_str() {
                "id" => self.read_id(&name, &text),
                "version" | "created_at" | "updated_at" => {}
                _ => self.put(&field, value),
            }
            self.given.push((field, name, text));
        }
        let has =
            |target| matches!(target, Target::Field(column) if self.given.iter().any(|(name, ..)| name == column.name));
        for (column, text) in defaults(origin.kind, origin.mapping, has) {
            self.read_cell(column, column.name, &Cell::Text(text));
        }
    }

    /// Writes a member, inside another where the field's name has a dot.
    fn put(&mut self, name: &str, value: Value) {
        match name.split_once('.') {
            None => _ = self.members.insert(name.to_owned(), value),
            Some((outer, inner)) => {
                let outer = self.members.entry(outer).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(members) = outer {
                    members.insert(inner.to_owned(), value);
                }
            }
        }
    }

    /// Finds by what the record is known.
    fn know(&mut self, origin: &Origin<'_>) {
        if self.members.values().any(has_nul) {
            // The database keeps none, and is not even to be asked with one.
            let fault = FieldFault::new("format", "含有空字符（U+0000）", "has a NUL character (U+0000)");
            self.faults.push(RowFault::of_row(fault));
            self.members.clear();
        }
        for value in self.members.values_mut() {
            if value.as_object().is_some_and(|inner| !inner.is_empty() && inner.values().all(Value::is_null)) {
                *value = Value::Null;
            }
        }
        self.know_source(origin);
        let identifier = self.members.remove("identifier");
        if !matches!(self.key, Key::None) {
            return;
        }
        let of_source = |name| self.members.get("source").and_then(|source| source.get(name));
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::trim).map(str::to_owned);
        let source = text(of_source("partner")).zip(text(of_source("identifier")));
        self.key = if let Some((partner, identifier)) = source {
            Key::Source(partner, identifier)
        } else if let Some(identifier) = text(identifier.as_ref()) {
            if !(1..=200).contains(&identifier.chars().count()) {
                let fault = FieldFault::new("too_long", "标识为 1 到 200 字", "an identifier has 1 to 200 characters");
                self.faults.push(RowFault::of_column("identifier", fault).with(&identifier));
            }
            Key::Identifier(identifier)
        } else if let Some(code) = text(self.members.get("credit_code")).filter(|_| origin.kind == Kind::Organisation) {
            Key::CreditCode(code.to_ascii_uppercase())
        } else {
            Key::Content(self.digest())
        };
    }

    /// The partner site of an identifier is the one that the file is from.
    fn know_source(&mut self, origin: &Origin<'_>) {
        if origin.kind != Kind::Result {
            return;
        }
        let identifier = self.members.remove("identifier").filter(|value| !value.is_null());
        let source = self.members.get("source").filter(|source| !source.is_null());
        if identifier.is_none() && source.is_none() && origin.partner.is_none() {
            return;
        }
        let source = self.members.entry("source").or_insert_with(|| Value::Object(Map::new()));
        if source.is_null() {
            *source = Value::Object(Map::new());
        }
        if let Value::Object(source) = source {
            if let Some(identifier) = identifier {
                source.insert("identifier".to_owned(), identifier);
            }
            let partner = source.get("partner").is_some_and(|partner| !partner.is_null());
            if let Some(known) = origin.partner.filter(|_| !partner) {
                source.insert("partner".to_owned(), known.into());
            }
        }
    }

    /// Of all that it says.
    fn digest(&self) -> String {
        let digest = Sha256::digest(Value::Object(self.members.clone()).to_string());
        digest.iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// The fields after it: those that were there, with what it says, or it alone.
    ///
    /// # Errors
    /// What is wrong with them, by the columns of the file.
    pub fn applied<C: Deserr<Faults>>(&self, before: Option<Value>) -> Result<C, Vec<RowFault>> {
        let mut fields = before.unwrap_or_else(|| Value::Object(Map::new()));
        json_patch::merge(&mut fields, &Value::Object(self.members.clone()));
        deserr::deserialize(fields).map_err(|faults: Faults| self.located(faults))
    }

    /// Faults of fields, where the file has them.
    #[must_use]
    pub fn located(&self, faults: Faults) -> Vec<RowFault> {
        let mut located: Vec<RowFault> =
            faults.into_iter().map(|(pointer, fault)| self.fault(&pointer, fault)).collect();
        // In the order of the columns.
        located.sort_by_key(|fault| self.given.iter().position(|(_, column, _)| Some(column) == fault.column.as_ref()));
        located
    }

    /// A fault of a field, where the file has it.
    #[must_use]
    pub fn fault(&self, pointer: &str, fault: FieldFault) -> RowFault {
        let path: Vec<&str> = pointer.split('/').skip(1).collect();
        let name = path.join(".");
        let is_of = |field: &str| name == field || name.strip_prefix(field).is_some_and(|rest| rest.starts_with('.'));
        let within = |field: &str| field.strip_prefix(&name).is_some_and(|rest| rest.starts_with('.'));
        let given = self.given.iter();
        match given.clone().find(|(field, ..)| is_of(field)).or_else(|| given.clone().find(|(field, ..)| within(field)))
        {
            Some((_, column, text)) => RowFault::of_column(column, fault).with(text),
            None if name.is_empty() => RowFault::of_row(fault),
            None => RowFault::of_column(&name, fault),
        }
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::heading::Mapping;
    use super::*;
    use crate::registry::organisations::Organisation;
    use crate::registry::results::ResearchResult;

    const HOLDER: &str = "01939c5e-0000-7000-8000-000000000001";

    fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    fn draft(kind: Kind, names: &[&str], cells: &[&str], partner: Option<&str>) -> Draft {
        let mapping = Mapping::default();
        let heading: Vec<Cell> = names.iter().map(|name| text(name)).collect();
        let origin = Origin { kind, mapping: &mapping, partner };
        let heading = Heading::read(&origin, &heading).expect("a heading");
        let cells = cells.iter().map(|cell| if cell.is_empty() { Cell::Empty } else { text(cell) }).collect();
        let row = Row { number: 2, content: Content::Cells(cells) };
        Draft::read(row, &origin, &heading)
    }

    #[test]
    fn a_row_writes_what_its_columns_say_and_empties_what_is_empty() {
        let names = ["id", "成果名称", "关键词", "最低价格", "最高价格", "价格面议"];
        let row = draft(Kind::Result, &names, &[HOLDER, "模具", "", "1万", "2万", ""], None);
        assert!(row.faults.is_empty());
        assert_eq!(row.key, Key::Id(HOLDER.parse().expect("an id")));
        let price = json!({"min": 10_000, "max": 20_000, "negotiable": null});
        assert_eq!(
            Value::Object(row.members.clone()),
            json!({"title": "模具", "keywords": null, "asking_price": price})
        );
        let before =
            json!({"title": "x", "summary": "关于模具寿命的一项成果。", "keywords": ["y"], "holder_id": HOLDER});
        let after: ResearchResult = row.applied(Some(before)).expect("fields");
        assert_eq!(
            (&*after.title, after.keywords.len(), after.asking_price.and_then(|price| price.min)),
            ("模具", 0, Some(10_000))
        );
    }

    #[test]
    fn faults_are_told_by_the_columns_of_the_file() {
        let names = ["题目", "简介", "完成单位", "成熟度", "成果形式", "最低价格"];
        let row = draft(Kind::Result, &names, &["模具", "短", HOLDER, "10", "点子", "5万"], None);
        assert_eq!((row.faults[0].column.as_deref(), row.faults[0].value.as_deref()), (Some("成果形式"), Some("点子")));
        let faults = row.applied::<ResearchResult>(None).expect_err("faults");
        let told: Vec<_> =
            faults.iter().map(|fault| (fault.column.as_deref().unwrap_or(""), fault.code.as_str())).collect();
        assert_eq!(told, [("简介", "too_short"), ("成熟度", "out_of_range"), ("最低价格", "either_or")]);
        assert_eq!(faults[1].value.as_deref(), Some("10"));
    }

    #[test]
    fn a_record_is_known_by_the_first_that_is_told() {
        let key = |kind, names: &[&str], cells: &[&str], partner| draft(kind, names, cells, partner).key;
        let of_site = draft(Kind::Result, &["title", "外部编号"], &["模具", "R-1"], Some("省平台"));
        assert_eq!(of_site.key, Key::Source("省平台".to_owned(), "R-1".to_owned()));
        assert_eq!(of_site.members["source"], json!({"partner": "省平台", "identifier": "R-1"}));
        let firm = ["name", "kind", "credit_code"];
        assert_eq!(
            key(Kind::Organisation, &firm, &["厂", "企业", "91350100m000100y43"], None),
            Key::CreditCode("91350100M000100Y43".to_owned())
        );
        let (one, same, other) = (["厂", "企业", ""], ["厂", "enterprise", ""], ["店", "企业", ""]);
        let [one, same, other] = [one, same, other].map(|cells| key(Kind::Organisation, &firm, &cells, None));
        assert!(one == same && one != other && one.short() != other.short());
        assert!(one.kept_as().is_some_and(|kept| kept.starts_with("sha256:")));
    }

    #[test]
    fn an_object_has_the_fields_of_the_api_and_a_mapping_renames_them() {
        let columns = [("firm".to_owned(), Some("单位名称".to_owned())), ("extra".to_owned(), None)];
        let mapping = Mapping { columns: columns.into(), defaults: [("kind".to_owned(), "企业".to_owned())].into() };
        let origin = Origin { kind: Kind::Organisation, mapping: &mapping, partner: None };
        let object = json!({"firm": "五金厂", "extra": 1, "version": 3, "scale": "huge", "identifier": "F-1"});
        let Value::Object(members) = object else { panic!() };
        let row = Draft::read(Row { number: 1, content: Content::Object(members) }, &origin, &Heading::default());
        assert_eq!(row.key, Key::Identifier("F-1".to_owned()));
        let faults = row.applied::<Organisation>(None).expect_err("faults");
        assert_eq!(faults.len(), 1);
        assert_eq!((faults[0].column.as_deref(), faults[0].value.as_deref()), (Some("scale"), Some("huge")));
        assert_eq!((&row.members["name"], &row.members["kind"]), (&json!("五金厂"), &json!("enterprise")));
    }
}
