//! Values by names that a sender chooses.

use std::collections::BTreeMap;
use std::ops::Deref;

use deserr::{
    DeserializeError, Deserr, ErrorKind, IntoValue, Map, MergeWithError, Value, ValueKind, ValuePointerRef,
    take_cf_content,
};
use serde::{Deserialize, Serialize};

use crate::problem::Faults;

/// A map whose every value is looked at: what is wrong is a fault, not left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Named<T>(pub BTreeMap<String, T>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> Deref for Named<T> {
    type Target = BTreeMap<String, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T, const N: usize> From<[(String, T); N]> for Named<T> {
    fn from(named: [(String, T); N]) -> Self {
        Self(named.into())
    }
}

impl<T: Deserr<Faults>> Deserr<Faults> for Named<T> {
    fn deserialize_from_value<V: IntoValue>(value: Value<V>, location: ValuePointerRef<'_>) -> Result<Self, Faults> {
        let named = match value {
            Value::Map(named) => named,
            actual => {
                let error = ErrorKind::IncorrectValueKind { actual, accepted: &[ValueKind::Map] };
                return Err(take_cf_content(Faults::error::<V>(None, error, location)));
            }
        };
        let (mut values, mut faults) = (BTreeMap::new(), None);
        for (name, value) in named.into_iter() {
            let place = location.push_key(&name);
            match T::deserialize_from_value(value.into_value(), place) {
                Ok(value) => drop(values.insert(name, value)),
                Err(more) => faults = Some(take_cf_content(Faults::merge(faults, more, place))),
            }
        }
        faults.map_or(Ok(Self(values)), Err)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::problem::Language;

    #[test]
    fn every_value_is_looked_at() {
        let read = |value| deserr::deserialize::<Named<Option<String>>, serde_json::Value, Faults>(value);
        let named = read(json!({"a": "x", "b": null})).expect("values");
        assert_eq!(named, Named::from([("a".to_owned(), Some("x".to_owned())), ("b".to_owned(), None)]));
        let faults = read(json!({"a/b": 1, "c": "x", "d": []})).expect_err("faults").summary(Language::English);
        assert!(faults.contains("/a~1b") && faults.contains("/d") && !faults.contains("/c"), "{faults}");
        assert!(read(json!([])).is_err());
    }
}
