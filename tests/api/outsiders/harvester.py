"""Harvests with sickle, and holds every answer against the schemas. What is known of from the first list must be in each that
follows, once, whatever is written meanwhile."""

import json
import sys
import urllib.request

from lxml import etree
from sickle import Sickle

address, protocol = sys.argv[1:]
OAI = "{http://www.openarchives.org/OAI/2.0/}"
DC = "{http://purl.org/dc/elements/1.1/}"
# The fifteen elements of Dublin Core, which take no attributes but a language.
ELEMENTS = set(
    "title creator subject description publisher contributor date type format identifier source language relation"
    " coverage rights".split()
)
schema = etree.XMLSchema(etree.parse(protocol))
own = etree.XMLSchema(etree.fromstring(urllib.request.urlopen(address + "/duijie.xsd").read()))
found = {"valid": 0}


def check(answer):
    document = etree.fromstring(answer)
    schema.assertValid(document)
    for metadata in document.iter(OAI + "metadata"):
        (record,) = metadata
        if record.tag == "{http://www.openarchives.org/OAI/2.0/oai_dc/}dc":
            assert len(record) and all(child.tag.removeprefix(DC) in ELEMENTS for child in record)
        else:
            own.assertValid(etree.fromstring(etree.tostring(record)))
    found["valid"] += 1


class Checked(Sickle):
    def harvest(self, **arguments):
        answer = super().harvest(**arguments)
        check(answer.http_response.content)
        return answer


harvester = Checked(address)
known = {header.identifier for header in harvester.ListIdentifiers(metadataPrefix="oai_dc")}
for prefix in ("oai_dc", "duijie"):
    headers = [record.header for record in harvester.ListRecords(metadataPrefix=prefix)]
    identifiers = {header.identifier for header in headers}
    assert len(identifiers) == len(headers), "a record came twice"
    assert known <= identifiers, "a record was missed"
    found[prefix] = len(headers)
    known = identifiers
found["deleted"] = sum(header.deleted for header in headers)
found["sets"] = len(list(harvester.ListSets()))
assert harvester.Identify().deletedRecord == "persistent"

queries = ["verb=ListMetadataFormats", "", "verb=Identify&x=1"]
queries += [f"verb=ListRecords&metadataPrefix={prefix}&set=kind:{kind}"
            for prefix in ("oai_dc", "duijie") for kind in ("result", "expert", "policy")]
for query in queries:
    check(urllib.request.urlopen(f"{address}?{query}").read())
print(json.dumps(found))
