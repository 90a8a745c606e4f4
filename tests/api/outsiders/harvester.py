"""Harvests with sickle, and holds every answer against the schemas."""

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

harvester = Sickle(address)
found = {}
for prefix in ("oai_dc", "duijie"):
    records = list(harvester.ListRecords(metadataPrefix=prefix))
    identifiers = {record.header.identifier for record in records}
    assert len(identifiers) == len(records), "a record came twice"
    found[prefix] = len(records)
found["deleted"] = sum(header.deleted for header in harvester.ListIdentifiers(metadataPrefix="oai_dc"))
found["sets"] = len(list(harvester.ListSets()))
assert harvester.Identify().deletedRecord == "persistent"

schema = etree.XMLSchema(etree.parse(protocol))
own = etree.XMLSchema(etree.fromstring(urllib.request.urlopen(address + "/duijie.xsd").read()))


def check(query):
    document = etree.fromstring(urllib.request.urlopen(f"{address}?{query}").read())
    schema.assertValid(document)
    for metadata in document.iter(OAI + "metadata"):
        (record,) = metadata
        if record.tag == "{http://www.openarchives.org/OAI/2.0/oai_dc/}dc":
            assert len(record) and all(child.tag.removeprefix(DC) in ELEMENTS for child in record)
        else:
            own.assertValid(etree.fromstring(etree.tostring(record)))
    return document


queries = ["verb=Identify", "verb=ListSets", "verb=ListMetadataFormats", "", "verb=Identify&x=1"]
queries += [f"verb=ListRecords&metadataPrefix={prefix}&set=kind:{kind}"
            for prefix in ("oai_dc", "duijie") for kind in ("result", "expert", "policy")]
queries += ["verb=ListRecords&metadataPrefix=duijie", "verb=ListIdentifiers&metadataPrefix=oai_dc"]
for query in queries:
    document = check(query)
token = document.find(f".//{OAI}resumptionToken").text
check(f"verb=ListIdentifiers&resumptionToken={token}")
found["valid"] = len(queries) + 1
print(json.dumps(found))
