//! Who is shown how somebody is reached: the other side of a docking that was accepted and did not come to nothing.

use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::DockingStage;
use crate::database::schema::dockings;

/// Are two, each an organisation or an expert, the two sides of such a docking?
///
/// # Errors
/// What the database says.
pub async fn are_acquainted(one: Uuid, other: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let asks = dockings::enterprise_id.eq(one).and(dockings::provider_id.eq(other));
    let offers = dockings::provider_id.eq(one).and(dockings::enterprise_id.eq(other));
    let accepted = dockings::table.filter(dockings::stage.eq_any(DockingStage::ACQUAINTED));
    diesel::select(exists(accepted.filter(asks.or(offers)))).get_result(connection).await
}
