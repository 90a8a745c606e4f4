//! SQL of the log and of its files.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{ContactWay, DockingContact, DockingFile, NewDockingContact};
use crate::database::schema::{docking_contacts, docking_files, dockings, files};
use crate::dockings::DockingParty;
use crate::files::{COLUMNS, File, FileRow};

type ContactRow = (Uuid, NaiveDate, ContactWay, String, String, DockingParty, DateTime<Utc>);

const CONTACT: (
    docking_contacts::id,
    docking_contacts::on,
    docking_contacts::way,
    docking_contacts::people,
    docking_contacts::note,
    docking_contacts::party,
    docking_contacts::created_at,
) = (
    docking_contacts::id,
    docking_contacts::on,
    docking_contacts::way,
    docking_contacts::people,
    docking_contacts::note,
    docking_contacts::party,
    docking_contacts::created_at,
);

fn contact((id, on, way, people, note, party, created_at): ContactRow, files: Vec<File>) -> DockingContact {
    DockingContact { id, on, way, people, note, party, created_at, files }
}

/// Puts a contact on the log.
///
/// # Errors
/// What the database says.
pub async fn add(
    docking: Uuid,
    new: &NewDockingContact,
    (by, party): (Uuid, DockingParty),
    connection: &mut AsyncPgConnection,
) -> QueryResult<DockingContact> {
    let row = (
        docking_contacts::id.eq(Uuid::now_v7()),
        docking_contacts::docking_id.eq(docking),
        docking_contacts::on.eq(new.on),
        docking_contacts::way.eq(new.way),
        docking_contacts::people.eq(&new.people),
        docking_contacts::note.eq(&new.note),
        docking_contacts::party.eq(party),
        docking_contacts::created_by.eq(by),
    );
    let added = diesel::insert_into(docking_contacts::table).values(row).returning(CONTACT);
    Ok(contact(added.get_result(connection).await?, Vec::new()))
}

/// One page of the log, newest first, with its files.
///
/// # Errors
/// What the database says.
pub async fn page(
    docking: Uuid,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<DockingContact>> {
    let mut query = docking_contacts::table.filter(docking_contacts::docking_id.eq(docking)).into_boxed();
    if let Some(after) = after {
        query = query.filter(docking_contacts::id.lt(after));
    }
    let rows: Vec<ContactRow> =
        query.order(docking_contacts::id.desc()).limit(limit).select(CONTACT).load(connection).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.0).collect();
    let mut by_contact: HashMap<Uuid, Vec<File>> = HashMap::new();
    let of_contacts = docking_files::table.inner_join(files::table).filter(docking_files::contact_id.eq_any(&ids));
    let of_contacts =
        of_contacts.order(docking_files::file_id).select((docking_files::contact_id.assume_not_null(), COLUMNS));
    for (contact, file) in of_contacts.load::<(Uuid, FileRow)>(connection).await? {
        by_contact.entry(contact).or_default().push(file.into());
    }
    let contacts = rows.into_iter().map(|row| {
        let files = by_contact.remove(&row.0).unwrap_or_default();
        contact(row, files)
    });
    Ok(contacts.collect())
}

/// How many files a docking has; nobody else adds one until the transaction ends.
///
/// # Errors
/// What the database says.
pub async fn count_files(docking: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<i64> {
    let held = dockings::table.find(docking).select(dockings::id).for_no_key_update();
    held.first::<Uuid>(connection).await?;
    docking_files::table.filter(docking_files::docking_id.eq(docking)).count().get_result(connection).await
}

/// Adds a file that is kept to a docking, or to one of its contacts.
///
/// # Errors
/// What the database says, also of a contact that is not the docking's.
pub async fn add_file(docking: Uuid, added: &DockingFile, connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let row = (
        docking_files::file_id.eq(added.file.id),
        docking_files::docking_id.eq(docking),
        docking_files::contact_id.eq(added.contact_id),
        docking_files::party.eq(added.party),
    );
    diesel::insert_into(docking_files::table).values(row).execute(connection).await.map(drop)
}

/// One page of the files of a docking, newest first.
///
/// # Errors
/// What the database says.
pub async fn files(
    docking: Uuid,
    after: Option<Uuid>,
    limit: i64,
    connection: &mut AsyncPgConnection,
) -> QueryResult<Vec<DockingFile>> {
    let of_docking = docking_files::table.inner_join(files::table).filter(docking_files::docking_id.eq(docking));
    let mut query = of_docking.into_boxed();
    if let Some(after) = after {
        query = query.filter(docking_files::file_id.lt(after));
    }
    let query = query.order(docking_files::file_id.desc()).limit(limit);
    let rows: Vec<(FileRow, Option<Uuid>, DockingParty)> =
        query.select((COLUMNS, docking_files::contact_id, docking_files::party)).load(connection).await?;
    Ok(rows.into_iter().map(|(file, contact_id, party)| DockingFile { file: file.into(), contact_id, party }).collect())
}

/// Is the file one of the docking's?
///
/// # Errors
/// What the database says.
pub async fn has_file(docking: Uuid, file: Uuid, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
    let of_docking = docking_files::table.find(file).filter(docking_files::docking_id.eq(docking));
    diesel::select(diesel::dsl::exists(of_docking)).get_result(connection).await
}
