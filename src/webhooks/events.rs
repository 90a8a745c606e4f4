//! What becomes of changes and notifications for a subscription: deliveries of what its owner may know.
//!
//! Changes are told as in the change feed, to which the owner would be a follower; notifications are the owner's own.

use diesel_async::AsyncPgConnection;
use serde_json::{Value, json};
use uuid::Uuid;

use super::WebhookEvent;
use super::queue::{self, NewDelivery, Places, Subscription};
use crate::changes::{self, Asked, ChangeView, Position};
use crate::identity::{Caller, Member};
use crate::problem::Answer;
use crate::registry::Kind;

/// Changes, and notifications, of a step.
const STEP: usize = 100;

/// Makes deliveries of the next of what a subscription was not told.
///
/// # Errors
/// What the database says.
pub async fn step(of: &Subscription, url: &str, connection: &mut AsyncPgConnection) -> Answer<()> {
    let mut reading = connection.build_transaction().repeatable_read().read_only();
    let (deliveries, places) = reading.run(async |connection| gather(of, url, connection).await).await?;
    let mut keeping = connection.build_transaction();
    keeping
        .run(async |connection| {
            // Where another process was faster, or the owner has gone elsewhere, nothing is kept.
            if queue::move_on(of.id, of.places, places, connection).await? && !deliveries.is_empty() {
                queue::keep(of.id, &deliveries, connection).await?;
            }
            Ok(())
        })
        .await
}

/// What is next, all of one moment, and how far that reaches.
async fn gather(
    of: &Subscription,
    url: &str,
    connection: &mut AsyncPgConnection,
) -> Answer<(Vec<NewDelivery>, Places)> {
    let now = changes::now(connection).await?;
    let after = now.at(of.places.change_xid, of.places.change_seq).min(now);
    let asked = Asked { after: Some(after), kind: None, most: STEP };
    let told = changes::read(asked, &of.owner(), connection).await?;
    let mut deliveries: Vec<NewDelivery> = told.changes.iter().map(|change| of_change(change, url)).collect();

    let most = i64::try_from(STEP).unwrap_or(i64::MAX);
    let notices = queue::notices(of.owner_id, of.places, now.xid, most, connection).await?;
    let last = notices.last().filter(|_| notices.len() >= STEP).map(|last| now.at(last.xid, last.seq));
    let noticed = last.unwrap_or(now.max(now.at(of.places.notice_xid, of.places.notice_seq)));
    deliveries.extend(notices.into_iter().map(|notice| {
        let (event, subject) = (event_of(&notice.data), subject_of(&notice.data).unwrap_or(notice.id));
        NewDelivery { source: "notification", xid: notice.xid, seq: notice.seq, event, subject, data: notice.data }
    }));
    deliveries.retain(|delivery| of.types.contains(&delivery.event));
    Ok((deliveries, places(told.position, noticed)))
}

fn places(change: Position, notice: Position) -> Places {
    Places { change_xid: change.xid, change_seq: change.seq, notice_xid: notice.xid, notice_seq: notice.seq }
}

/// The record itself is not sent: it would have to be what the owner may read when it arrives.
fn of_change(change: &ChangeView, url: &str) -> NewDelivery {
    let ChangeView { position, kind, id, version, action, .. } = change;
    let data = json!({
        "kind": kind, "id": id, "version": version, "action": action, "position": position,
        "url": format!("{url}/v1/{}/{id}", Kind::plural(*kind)),
    });
    let (xid, seq) = (position.xid, position.seq);
    NewDelivery { source: "change", xid, seq, event: WebhookEvent::of(*kind), subject: *id, data }
}

/// What a notification is, by what it is of.
fn event_of(data: &Value) -> WebhookEvent {
    if data["news"] == "still" {
        WebhookEvent::DockingReminder
    } else if data.get("docking_id").is_some() {
        WebhookEvent::DockingMoved
    } else if data.get("score").is_some() {
        WebhookEvent::MatchFound
    } else if data.get("case_id").is_some() {
        WebhookEvent::PatentReminder
    } else if data.get("team_id").is_some() {
        WebhookEvent::TeamChanged
    } else if data.get("policy_id").is_some() {
        WebhookEvent::PolicyFound
    } else if data.get("webhook_id").is_some() {
        WebhookEvent::WebhookDisabled
    } else {
        WebhookEvent::Notification
    }
}

/// What is told of one docking, team or case is told in order.
fn subject_of(data: &Value) -> Option<Uuid> {
    let subject = ["docking_id", "team_id", "case_id"].into_iter().find_map(|name| data[name].as_str());
    subject.and_then(|id| Uuid::try_parse(id).ok())
}

impl Subscription {
    /// Its owner, with what it may now.
    fn owner(&self) -> Caller {
        Caller::on_behalf_of(Member {
            user: self.owner_id,
            session: self.id,
            role: self.owner_role,
            organisation: None,
            expert: None,
            partner: self.partner.clone(),
            scopes: self.scopes.clone().unwrap_or_default(),
            strong: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_is_named_by_what_it_is_of() {
        let named = |data| event_of(&data).as_str();
        assert_eq!(named(json!({"docking_id": "x", "news": "still"})), "docking.reminder");
        assert_eq!(named(json!({"docking_id": "x", "news": "accepted"})), "docking.moved");
        assert_eq!(named(json!({"demand_id": "x", "score": 0.8})), "match.found");
        assert_eq!(named(json!({"webhook_id": "x"})), "webhook.disabled");
        assert_eq!(named(json!({"case_id": "x", "days": 7})), "patent.reminder");
        assert_eq!(named(json!({"team_id": "x"})), "team.changed");
        assert_eq!(named(json!({"policy_id": "x"})), "policy.found");
        assert_eq!(named(json!({})), "notification.created");
    }
}
