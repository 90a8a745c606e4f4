//! A schedule on paper: a table for a spreadsheet, and a page to print. Times are those of China.

use std::fmt::Write;

use chrono::{DateTime, FixedOffset, Utc};

use super::view::PlannedMeeting;
use crate::events::store::EventRow;
use crate::http::harmless;
use crate::pages::escaped;
use crate::problem::{Answer, Problem};

/// Seconds by which clocks in China are ahead.
const AHEAD: i32 = 8 * 3600;

/// The table for the hall.
pub fn table(meetings: &[PlannedMeeting]) -> Answer<String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let head = ["slot", "begins", "ends", "table", "enterprise", "expert"];
    writer.write_record(head).map_err(Problem::internal)?;
    for meeting in meetings {
        let cells = [
            meeting.slot.to_string(),
            clock(meeting.begins_at, "%Y-%m-%d %H:%M"),
            clock(meeting.ends_at, "%Y-%m-%d %H:%M"),
            meeting.table.to_string(),
            harmless(&meeting.enterprise.name),
            harmless(&meeting.expert.name),
        ];
        writer.write_record(cells).map_err(Problem::internal)?;
    }
    let bytes = writer.into_inner().map_err(Problem::internal)?;
    // The mark before it tells spreadsheets that this is UTF-8.
    Ok(format!("\u{feff}{}", String::from_utf8(bytes).map_err(Problem::internal)?))
}

/// The page, a table for each slot.
pub fn page(event: &EventRow, meetings: &[PlannedMeeting]) -> String {
    let (title, place) = (escaped(&event.title), escaped(&event.place));
    let mut page = format!(
        "<!doctype html><html lang=\"zh-CN\"><meta charset=\"utf-8\"><title>{title}</title>\
         <link rel=\"stylesheet\" href=\"/pages.css\"><h1>{title}</h1><p>{place}</p>"
    );
    for slot in meetings.chunk_by(|one, next| one.slot == next.slot) {
        let Some(first) = slot.first() else { continue };
        let (begins, ends) = (clock(first.begins_at, "%Y-%m-%d %H:%M"), clock(first.ends_at, "%H:%M"));
        let _ = write!(
            page,
            "<h2>第 {} 时段 {begins}–{ends}</h2><table><tr><th>桌 Table</th><th>企业 Enterprise</th>\
             <th>专家、院所 Expert</th></tr>",
            first.slot
        );
        for meeting in slot {
            let (enterprise, expert) = (escaped(&meeting.enterprise.name), escaped(&meeting.expert.name));
            let _ = write!(page, "<tr><td>{}</td><td>{enterprise}</td><td>{expert}</td></tr>", meeting.table);
        }
        page.push_str("</table>");
    }
    page.push_str("</html>");
    page
}

fn clock(moment: DateTime<Utc>, form: &str) -> String {
    FixedOffset::east_opt(AHEAD).map_or_else(String::new, |china| moment.with_timezone(&china).format(form).to_string())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::events::schedule::view::Party;

    fn meeting(name: &str) -> PlannedMeeting {
        let party = |name: &str| Party { participant_id: Uuid::nil(), name: name.to_owned() };
        let begins_at = DateTime::from_timestamp(1_796_691_600, 0).unwrap_or_default();
        let ends_at = begins_at + chrono::TimeDelta::minutes(20);
        PlannedMeeting { slot: 1, begins_at, ends_at, table: 2, enterprise: party(name), expert: party("陈志远") }
    }

    #[test]
    fn a_table_has_no_formulas() -> Answer<()> {
        let table = table(&[meeting("=1+1, \"厂\"")])?;
        let line = "1,2026-12-08 09:00,2026-12-08 09:20,2,\"'=1+1, \"\"厂\"\"\",陈志远\r\n";
        assert_eq!(table, format!("\u{feff}slot,begins,ends,table,enterprise,expert\r\n{line}"));
        Ok(())
    }

    #[test]
    fn a_page_has_no_markup_of_others() {
        let event = EventRow {
            id: Uuid::nil(),
            version: 1,
            revision: 1,
            title: "<b>会</b>".to_owned(),
            place: "\"厅\"".to_owned(),
            tables: 2,
            created_at: DateTime::default(),
        };
        let page = page(&event, &[meeting("<script>")]);
        assert!(page.contains("&lt;b&gt;会&lt;/b&gt;") && page.contains("&lt;script&gt;") && !page.contains("<script"));
        assert!(page.contains("第 1 时段 2026-12-08 09:00–09:20"));
    }
}
