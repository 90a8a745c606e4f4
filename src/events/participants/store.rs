//! SQL of participants.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use crate::database::schema::{event_participants, event_wishes, experts, organisations};
use crate::events::inputs::{Attending, Wish};
use crate::events::{Attendance, InvitedKind, Side};
use crate::registry::fields::OrganisationKind;

/// A participant as it is kept.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = event_participants)]
pub struct Participant {
    pub id: Uuid,
    pub event_id: Uuid,
    pub version: i64,
    pub side: Side,
    pub organisation_id: Option<Uuid>,
    pub expert_id: Option<Uuid>,
    pub state: Attendance,
    pub most: i16,
    pub hours: Option<Vec<i16>>,
}

/// A wish as it is kept.
#[derive(Clone, Copy, Debug, Queryable, Selectable)]
#[diesel(table_name = event_wishes)]
pub struct WishRow {
    pub participant_id: Uuid,
    pub wished_id: Uuid,
    pub wish: i16,
}

impl Participant {
    /// The record of the registry that takes part.
    #[must_use]
    pub fn record(&self) -> Option<Uuid> {
        self.organisation_id.or(self.expert_id)
    }
}

/// What a living organisation is.
///
/// # Errors
/// What the database says.
pub async fn kind_of(organisation: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<OrganisationKind>> {
    let living = organisations::table.find(organisation).filter(organisations::deleted_at.is_null());
    living.select(organisations::kind).first(connection).await.optional()
}

/// Whether there is such an expert.
///
/// # Errors
/// What the database says.
pub async fn is_expert(expert: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let living = experts::table.find(expert).filter(experts::deleted_at.is_null());
    diesel::select(diesel::dsl::exists(living)).get_result(connection).await
}

/// Invites a record of the registry.
///
/// # Errors
/// What the database says: a unique violation if it is invited already.
pub async fn invite(
    event: Uuid,
    id: Uuid,
    side: Side,
    (kind, record): (InvitedKind, Uuid),
    connection: &mut AsyncPgConnection,
) -> QueryResult<Participant> {
    let row = (
        event_participants::id.eq(id),
        event_participants::event_id.eq(event),
        event_participants::side.eq(side),
        event_participants::organisation_id.eq((kind == InvitedKind::Organisation).then_some(record)),
        event_participants::expert_id.eq((kind == InvitedKind::Expert).then_some(record)),
    );
    let made = diesel::insert_into(event_participants::table).values(row).returning(Participant::as_returning());
    made.get_result(connection).await
}

/// Keeps what a participant says, from a version; false if it is of another by now.
///
/// # Errors
/// What the database says: a foreign key violation if a wish is for nobody of the other side.
pub async fn answer(before: &Participant, said: &Attending, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let same = event_participants::table.find(before.id).filter(event_participants::version.eq(before.version));
    let set = (
        event_participants::version.eq(event_participants::version + 1),
        event_participants::state.eq(said.state),
        event_participants::most.eq(said.most),
        event_participants::hours.eq(&said.hours),
    );
    if diesel::update(same).set(set).execute(connection).await? == 0 {
        return Ok(false);
    }
    let own = event_wishes::table.filter(event_wishes::participant_id.eq(before.id));
    diesel::delete(own).execute(connection).await?;
    let wish = |wish: &Wish| {
        (
            event_wishes::event_id.eq(before.event_id),
            event_wishes::participant_id.eq(before.id),
            event_wishes::side.eq(before.side),
            event_wishes::wished_id.eq(wish.participant_id),
            event_wishes::wish.eq(wish.wish),
        )
    };
    let rows: Vec<_> = said.wishes.iter().map(wish).collect();
    diesel::insert_into(event_wishes::table).values(rows).execute(connection).await.map(|_| true)
}

/// A participant of an event.
///
/// # Errors
/// What the database says.
pub async fn find(event: Uuid, id: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Option<Participant>> {
    let of = event_participants::table.find(id).filter(event_participants::event_id.eq(event));
    of.select(Participant::as_select()).first(connection).await.optional()
}

/// The participant that a record of the registry is.
///
/// # Errors
/// What the database says.
pub async fn of_record(
    event: Uuid,
    record: Uuid,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Option<Participant>> {
    let is = event_participants::organisation_id.eq(record).or(event_participants::expert_id.eq(record));
    let of = event_participants::table.filter(event_participants::event_id.eq(event)).filter(is);
    of.select(Participant::as_select()).first(connection).await.optional()
}

/// One page of the participants of an event, as they were invited.
///
/// # Errors
/// What the database says.
pub async fn page(
    event: Uuid,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<Participant>> {
    let mut query = event_participants::table.filter(event_participants::event_id.eq(event)).into_boxed();
    if let Some(after) = after {
        query = query.filter(event_participants::id.gt(after));
    }
    query.order(event_participants::id).limit(limit).select(Participant::as_select()).load(connection).await
}

/// Those of an event who accepted, as they were invited.
///
/// # Errors
/// What the database says.
pub async fn accepted(event: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Vec<Participant>> {
    let of = event_participants::table.filter(event_participants::event_id.eq(event));
    let accepted = of.filter(event_participants::state.eq(Attendance::Accepted)).order(event_participants::id);
    accepted.select(Participant::as_select()).load(connection).await
}

/// All wishes of an event.
///
/// # Errors
/// What the database says.
pub async fn wishes(event: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Vec<WishRow>> {
    let of = event_wishes::table.filter(event_wishes::event_id.eq(event));
    of.select(WishRow::as_select()).load(connection).await
}

/// What a participant wishes, the most first.
///
/// # Errors
/// What the database says.
pub async fn wishes_of(participant: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<Vec<WishRow>> {
    let of = event_wishes::table.filter(event_wishes::participant_id.eq(participant));
    of.order((event_wishes::wish.desc(), event_wishes::wished_id)).select(WishRow::as_select()).load(connection).await
}

/// The names of participants.
///
/// # Errors
/// What the database says.
pub async fn names(
    participants: &[Participant],
    connection: &mut AsyncPgConnection,
) -> QueryResult<HashMap<Uuid, String>> {
    let ids = |of: fn(&Participant) -> Option<Uuid>| participants.iter().filter_map(of).collect::<Vec<Uuid>>();
    let (firms, people) = (ids(|one| one.organisation_id), ids(|one| one.expert_id));
    let firms = organisations::table.filter(organisations::id.eq_any(firms));
    let people = experts::table.filter(experts::id.eq_any(people));
    let mut names: HashMap<Uuid, String> = HashMap::new();
    let firms: Vec<(Uuid, String)> = firms.select((organisations::id, organisations::name)).load(connection).await?;
    let people: Vec<(Uuid, String)> = people.select((experts::id, experts::name)).load(connection).await?;
    names.extend(firms.into_iter().chain(people));
    let named = participants.iter().filter_map(|one| Some((one.id, names.get(&one.record()?)?.clone())));
    Ok(named.collect())
}
