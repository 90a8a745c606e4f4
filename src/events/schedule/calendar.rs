//! Somebody's meetings as a calendar (RFC 5545).

use chrono::{DateTime, Utc};
use icalendar::{Calendar, Component, Event, EventLike};

use super::view::PlannedMeeting;
use crate::events::Side;
use crate::events::participants::store::Participant;
use crate::events::store::EventRow;

/// The meetings of a participant.
pub fn calendar(event: &EventRow, own: &Participant, meetings: &[PlannedMeeting], planned_at: DateTime<Utc>) -> String {
    let mut calendar = Calendar::new();
    calendar.name(&event.title);
    for meeting in meetings {
        let other = if own.side == Side::Enterprise { &meeting.expert } else { &meeting.enterprise };
        let parties = [meeting.enterprise.participant_id, meeting.expert.participant_id];
        let entry = Event::new()
            // The same two meet once: a meeting that moved is the same entry.
            .uid(&format!("{}-{}@duijie", parties[0], parties[1]))
            .timestamp(planned_at)
            .starts(meeting.begins_at)
            .ends(meeting.ends_at)
            .summary(&format!("{}：{}", event.title, other.name))
            .location(&format!("{} {} 号桌", event.place, meeting.table))
            .done();
        calendar.push(entry);
    }
    calendar.to_string()
}
