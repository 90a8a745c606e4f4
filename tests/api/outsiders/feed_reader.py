"""Feeds as the library feedparser reads them: their entries as JSON."""

import json
import sys
from time import strftime

import feedparser

feeds = []
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        feed = feedparser.parse(file.read())
    assert not feed.bozo and feed.version == "atom10", (feed.get("bozo_exception"), feed.version)
    assert feed.feed.id.startswith("urn:uuid:") and feed.feed.title and feed.feed.updated_parsed, feed.feed
    assert [link.href for link in feed.feed.links if link.rel == "self"], feed.feed.links
    entries = []
    for entry in feed.entries:
        assert entry.updated_parsed and entry.link.endswith(entry.id.removeprefix("urn:uuid:")), entry
        entries.append({
            "id": entry.id, "title": entry.title, "author": entry.author, "summary": entry.summary,
            "published": strftime("%Y-%m-%dT%H:%M:%SZ", entry.published_parsed),
            "topics": [tag.term for tag in entry.get("tags", [])],
        })
    feeds.append(entries)
print(json.dumps(feeds))
