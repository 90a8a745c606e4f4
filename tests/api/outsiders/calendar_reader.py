"""A timetable as the library icalendar reads it: its entries as JSON, by their beginning."""

import json
import sys
from datetime import timezone

from icalendar import Calendar

with open(sys.argv[1], "rb") as file:
    calendar = Calendar.from_ical(file.read())
assert str(calendar["VERSION"]) == "2.0" and calendar["PRODID"], calendar
entries = []
for event in calendar.walk("VEVENT"):
    assert event["UID"] and event["DTSTAMP"], event
    times = [event.decoded(name).astimezone(timezone.utc) for name in ("DTSTART", "DTEND")]
    begins, ends = [time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in times]
    entries.append({
        "begins": begins, "ends": ends, "summary": str(event["SUMMARY"]), "location": str(event["LOCATION"]),
    })
print(json.dumps(sorted(entries, key=lambda entry: entry["begins"])))
