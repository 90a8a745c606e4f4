//! Faults of an input, each with a JSON Pointer (RFC 6901), collected while the input is parsed.

use std::borrow::Cow;
use std::ops::ControlFlow;

use deserr::{DeserializeError, ErrorKind, IntoValue, MergeWithError, ValueKind, ValuePointerRef};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Language, Message};

/// More than these are counted no further: a hostile body should not make us write a longer answer than it is.
const MOST_FAULTS: usize = 100;

/// One fault, as it is sent.
#[derive(Serialize, ToSchema)]
pub struct Fault {
    /// JSON Pointer of the value at fault; for query parameters `/` and the parameter's name.
    #[schema(example = "/credit_code", max_length = 1000)]
    pub pointer: String,
    /// For machines: `required`, `wrong_type`, `unknown_field`, `too_short`, `duplicate`, …
    #[schema(example = "check_digit", pattern = "^[a-z_]+$", max_length = 40)]
    pub code: &'static str,
    /// For people, in the language of `Accept-Language`.
    #[schema(max_length = 2000)]
    pub detail: String,
}

/// What is wrong with a value, before anyone knows where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    pub code: &'static str,
    pub detail: Message,
}

impl FieldFault {
    pub fn new(code: &'static str, zh: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: Message::new(zh, en) }
    }
}

/// All faults of one input.
#[derive(Debug, Default)]
pub struct Faults(Vec<(String, FieldFault)>);

impl Faults {
    #[must_use]
    pub fn one(pointer: &str, fault: FieldFault) -> Self {
        Self(vec![(pointer.to_owned(), fault)])
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a fault, unless there are more than anyone reads.
    pub fn add(&mut self, pointer: String, fault: FieldFault) {
        if self.0.len() < MOST_FAULTS {
            self.0.push((pointer, fault));
        }
    }

    /// The faults in one line, for a log or a terminal.
    #[must_use]
    pub fn summary(&self, language: Language) -> String {
        let faults = self.0.iter().map(|(pointer, fault)| format!("{pointer}: {}", fault.detail.in_language(language)));
        faults.collect::<Vec<_>>().join("; ")
    }

    pub(super) fn in_language(&self, language: Language) -> Vec<Fault> {
        let faults = self.0.iter();
        let sent = faults.map(|(pointer, fault)| Fault {
            pointer: pointer.clone(),
            code: fault.code,
            detail: fault.detail.in_language(language).to_owned(),
        });
        sent.collect()
    }
}

impl IntoIterator for Faults {
    type Item = (String, FieldFault);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// The JSON Pointer of a place in the input, `~` and `/` in names escaped.
fn pointer(location: ValuePointerRef<'_>) -> String {
    match location {
        ValuePointerRef::Origin => String::new(),
        ValuePointerRef::Key { key, prev } => {
            let name: String = key.chars().take(100).collect();
            format!("{}/{}", pointer(*prev), name.replace('~', "~0").replace('/', "~1"))
        }
        ValuePointerRef::Index { index, prev } => format!("{}/{index}", pointer(*prev)),
    }
}

impl MergeWithError<FieldFault> for Faults {
    fn merge(earlier: Option<Self>, fault: FieldFault, location: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut faults = earlier.unwrap_or_default();
        faults.add(pointer(location), fault);
        ControlFlow::Continue(faults)
    }
}

impl MergeWithError<Self> for Faults {
    fn merge(earlier: Option<Self>, more: Self, _: ValuePointerRef<'_>) -> ControlFlow<Self, Self> {
        let mut faults = earlier.unwrap_or_default();
        for (pointer, fault) in more.0 {
            faults.add(pointer, fault);
        }
        ControlFlow::Continue(faults)
    }
}

impl DeserializeError for Faults {
    fn error<V: IntoValue>(
        earlier: Option<Self>,
        error: ErrorKind<'_, V>,
        location: ValuePointerRef<'_>,
    ) -> ControlFlow<Self, Self> {
        let (place, fault) = match error {
            ErrorKind::IncorrectValueKind { actual, accepted } => {
                (pointer(location), wrong_type(actual.kind(), accepted))
            }
            ErrorKind::MissingField { field } => {
                (pointer(location.push_key(field)), FieldFault::new("required", "必填", "is required"))
            }
            ErrorKind::UnknownKey { key, .. } => (
                pointer(location.push_key(key)),
                FieldFault::new("unknown_field", "没有这个字段", "there is no such field"),
            ),
            ErrorKind::UnknownValue { accepted, .. } => (pointer(location), not_allowed(accepted)),
            ErrorKind::BadSequenceLen { expected, .. } => (
                pointer(location),
                FieldFault::new("wrong_length", format!("应有 {expected} 项"), format!("must have {expected} items")),
            ),
            ErrorKind::Unexpected { .. } => {
                (pointer(location), FieldFault::new("invalid", "值不合要求", "is not a valid value"))
            }
        };
        let mut faults = earlier.unwrap_or_default();
        faults.add(place, fault);
        ControlFlow::Continue(faults)
    }
}

/// A word that is not on a closed list; the list is named, so that the next try is right.
#[must_use]
pub fn not_allowed(accepted: &[&str]) -> FieldFault {
    let list = accepted.join(", ");
    FieldFault::new("not_allowed", format!("只能是：{list}"), format!("must be one of: {list}"))
}

fn wrong_type(actual: ValueKind, accepted: &[ValueKind]) -> FieldFault {
    let wanted_zh: Vec<&str> = accepted.iter().map(|kind| kind_name(*kind).0).collect();
    let wanted_en: Vec<&str> = accepted.iter().map(|kind| kind_name(*kind).1).collect();
    let (actual_zh, actual_en) = kind_name(actual);
    FieldFault::new(
        "wrong_type",
        format!("应为{}，不是{actual_zh}", wanted_zh.join("或")),
        format!("must be {}, not {actual_en}", wanted_en.join(" or ")),
    )
}

const fn kind_name(kind: ValueKind) -> (&'static str, &'static str) {
    match kind {
        ValueKind::Null => ("空值", "null"),
        ValueKind::Boolean => ("布尔值", "a boolean"),
        ValueKind::Integer | ValueKind::NegativeInteger => ("整数", "an integer"),
        ValueKind::Float => ("小数", "a decimal number"),
        ValueKind::String => ("文字", "a string"),
        ValueKind::Sequence => ("列表", "a list"),
        ValueKind::Map => ("对象", "an object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_escape_what_rfc_6901_reserves() {
        let origin = ValuePointerRef::Origin;
        let list = origin.push_key("a/b~c");
        assert_eq!(pointer(list.push_index(3)), "/a~1b~0c/3");
    }

    #[test]
    fn faults_are_bounded() {
        let mut faults = Faults::default();
        for _ in 0..1000 {
            faults.add(String::new(), FieldFault::new("required", "必填", "is required"));
        }
        assert_eq!(faults.in_language(Language::English).len(), MOST_FAULTS);
    }
}
