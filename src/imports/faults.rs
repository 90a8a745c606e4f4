//! What is wrong with a row: where, what stands there, and what would be right.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::problem::{FieldFault, Language};

/// Characters of a value that are told.
const TOLD: usize = 200;

/// A fault of a row, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFault {
    /// The column as the file names it, or the member of an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub code: String,
    pub zh: String,
    pub en: String,
}

/// A fault of a row, as it is told.
#[derive(Serialize, ToSchema)]
pub struct RowFaultView {
    /// The column as the file names it, or the member of an object; none where it is the row, or the file, as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000, example = "技术成熟度")]
    pub column: Option<String>,
    /// What stands there, cut after 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 201, example = "10")]
    pub value: Option<String>,
    /// For machines.
    #[schema(pattern = "^[a-z_]+$", max_length = 40, example = "out_of_range")]
    pub code: String,
    /// What would be right, in the language of `Accept-Language`.
    #[schema(max_length = 4000)]
    pub detail: String,
}

impl RowFault {
    /// Of the row, or the file, as a whole.
    #[must_use]
    pub fn of_row(fault: FieldFault) -> Self {
        let text = |language| fault.detail.in_language(language).to_owned();
        let (zh, en) = (text(Language::Chinese), text(Language::English));
        Self { column: None, value: None, code: fault.code.to_owned(), zh, en }
    }

    #[must_use]
    pub fn of_column(column: &str, fault: FieldFault) -> Self {
        Self { column: Some(kept_part(column)), ..Self::of_row(fault) }
    }

    /// With what stands there.
    #[must_use]
    pub fn with(self, value: &str) -> Self {
        let told = kept_part(value);
        let value = if value.chars().nth(TOLD).is_some() { told + "…" } else { told };
        Self { value: Some(value).filter(|value| !value.is_empty()), ..self }
    }

    /// In a language, for a person or a machine.
    #[must_use]
    pub fn told(self, language: Language) -> RowFaultView {
        let detail = match language {
            Language::Chinese => self.zh,
            Language::English => self.en,
        };
        RowFaultView { column: self.column, value: self.value, code: self.code, detail }
    }

    /// In one sentence, for a column of remarks.
    #[must_use]
    pub fn remark(&self, language: Language) -> String {
        let (detail, mark) = match language {
            Language::Chinese => (&self.zh, "："),
            Language::English => (&self.en, ": "),
        };
        self.column.as_ref().map_or_else(|| detail.clone(), |column| format!("{column}{mark}{detail}"))
    }
}

/// The beginning, without NUL, which the database keeps in no text.
fn kept_part(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(TOLD).collect()
}

/// Faults as they were kept.
#[must_use]
pub fn kept(faults: Value) -> Vec<RowFault> {
    serde_json::from_value(faults).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_kept_and_told_in_either_language() {
        let fault = FieldFault::new("out_of_range", "应为 1 到 9", "must be 1 to 9");
        let fault = RowFault::of_column("技术成熟度", fault).with(&"10".repeat(150));
        let kept = kept(serde_json::json!([fault]));
        assert_eq!(kept, std::slice::from_ref(&fault));
        assert_eq!(fault.remark(Language::Chinese), "技术成熟度：应为 1 到 9");
        let told = fault.told(Language::English);
        assert_eq!(
            (told.detail.as_str(), told.value.map(|value| value.chars().count())),
            ("must be 1 to 9", Some(201))
        );
    }
}
