"""A search engine in the words of libraries that others wrote: ultimate-sitemap-parser finds the pages, lxml reads them, and
rdflib their data, each term of which is one of schema.org."""

import json
import sys
import urllib.request
from collections import Counter

from lxml import html
from rdflib import RDF, Graph, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import SDO
from usp.tree import sitemap_tree_for_homepage

address = sys.argv[1]
TERMS = set(SDO.__annotations__)


def fetched(url, accept):
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers.get_content_type() == accept, answer.headers
        return answer.read().decode()


def graph_of(text):
    graph = Graph().parse(data=text, format="json-ld")
    for _, predicate, value in graph:
        term = value if predicate == RDF.type else predicate
        assert str(term).removeprefix(str(SDO)) in TERMS, f"{term} is none of schema.org"
    return graph


pages = list(sitemap_tree_for_homepage(address).all_pages())
found = Counter()
for page in pages:
    assert page.last_modified, page
    document = html.document_fromstring(fetched(page.url, "text/html"))
    assert document.xpath("//link[@rel='canonical']/@href") == [page.url]
    assert document.xpath("string(//title)") and document.xpath("string(//meta[@name='description']/@content)")
    assert document.xpath("string(/html/@lang)") == "zh-CN" and len(document.xpath("//main//h1")) == 1
    (data,) = document.xpath("//script[@type='application/ld+json']/text()")
    graph = graph_of(data)
    assert isomorphic(graph, graph_of(fetched(page.url, "application/ld+json"))), page.url
    record = URIRef(page.url)
    assert str(graph.value(record, SDO.name)) == document.xpath("string(//h1)"), page.url
    found[graph.value(record, RDF.type).removeprefix(str(SDO))] += 1
    # What it refers to is found as well.
    for link in document.xpath("//dd/a[not(@rel)]/@href"):
        assert link in {other.url for other in pages}, link
print(json.dumps(found))
