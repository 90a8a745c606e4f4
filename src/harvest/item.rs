//! What of a record a harvester is told: whether it is public, and in which sets it is.

use diesel_async::AsyncPgConnection;
use serde_json::Value;
use uuid::Uuid;

use crate::registry::{Kind, public};

/// Between the name of a list of sets and the word or code in it.
const OF: char = ':';

/// A public record.
pub struct Item {
    pub id: Uuid,
    pub record: Value,
    pub sets: Vec<String>,
}

/// Those of the ids that are public now.
///
/// # Errors
/// What the database says.
pub async fn public(kind: Kind, ids: &[Uuid], connection: &mut AsyncPgConnection) -> diesel::QueryResult<Vec<Item>> {
    let records = public::find_all(kind, ids, connection).await?.into_iter();
    Ok(records.map(|(id, record)| Item { id, sets: sets_of(kind, &record), record }).collect())
}

/// The sets that a record is in: its kind, its disciplines of the first level, its level.
fn sets_of(kind: Kind, record: &Value) -> Vec<String> {
    let mut sets = vec![format!("kind{OF}{}", kind.as_str())];
    let disciplines = record["disciplines"].as_array().into_iter().flatten().filter_map(Value::as_str);
    sets.extend(disciplines.filter_map(|code| Some(format!("discipline{OF}{}", code.get(..3)?))));
    sets.extend(record["level"].as_str().map(|level| format!("level{OF}{level}")));
    sets.sort_unstable();
    sets.dedup();
    sets
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_in_the_sets_of_its_kind_its_disciplines_and_its_level() {
        let result = json!({"disciplines": ["460.40", "46020", "530"]});
        assert_eq!(sets_of(Kind::Result, &result), ["discipline:460", "discipline:530", "kind:result"]);
        assert_eq!(sets_of(Kind::Policy, &json!({"level": "county"})), ["kind:policy", "level:county"]);
    }
}
