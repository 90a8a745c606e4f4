"""The main job of a partner site with the client that openapi-python-client makes of the contract: a token, a result, what it
fits, what changed, and results from a file."""

import base64
import io
import json
import os
import sys
import time
from typing import TypeVar

from duijie_client import AuthenticatedClient
from duijie_client.api.changes import list_changes
from duijie_client.api.imports import create_import, download_import_remarks, list_import_rows, read_import
from duijie_client.api.matches import match_text, search
from duijie_client.api.organisations import list_organisations
from duijie_client.api.partners import issue_token
from duijie_client.api.results import create_result, read_result
from duijie_client.models import (
    ChangePage,
    CreateImportFormat,
    FreeText,
    Import,
    ImportRowPage,
    ImportState,
    IssuedToken,
    Kind,
    MatchPage,
    OrganisationPage,
    Problem,
    Result,
    ResultRecord,
    ResultStatus,
    SearchKindItem,
    SearchPage,
    SourceType0,
    TokenRequest,
)
from duijie_client.types import File

T = TypeVar("T")


def got(kind: type[T], answer: object) -> T:
    assert isinstance(answer, kind), answer
    return answer


address, client_id = sys.argv[1:]
pair = base64.b64encode(f"{client_id}:{os.environ['CLIENT_SECRET']}".encode()).decode()
request = TokenRequest(grant_type="client_credentials")
token = got(IssuedToken, issue_token.sync(client=AuthenticatedClient(address, pair, prefix="Basic"), body=request))
client = AuthenticatedClient(address, token.access_token)

# Where the feed stands before anything is registered.
before = got(ChangePage, list_changes.sync(client=client, limit=100))
while before.more:
    before = got(ChangePage, list_changes.sync(client=client, after=before.position, limit=100))

holder = got(OrganisationPage, list_organisations.sync(client=client, limit=1)).items[0]
result = Result(
    title="球墨铸铁件热节缩松的控制工艺",
    summary="冷铁与发热冒口配合，热节处不再缩松，成品率提高百分之八。",
    holder_id=holder.id,
    keywords=["球墨铸铁", "缩松"],
    source=SourceType0(partner="省平台", identifier="py-1"),
    status=ResultStatus.PUBLISHED,
)
made = got(ResultRecord, create_result.sync(client=client, body=result, idempotency_key="py-1", prefer="wait=20"))
again = got(ResultRecord, create_result.sync(client=client, body=result, idempotency_key="py-1"))
assert again.id == made.id, again
read = got(ResultRecord, read_result.sync(made.id, client=client))
assert (read.title, read.version) == (result.title, 1), read
refused = got(Problem, create_result.sync(client=client, body=result))
assert refused.type_ == "/problems/conflict", refused

for _ in range(300):
    found = got(SearchPage, search.sync(client=client, q="热节缩松", kind=[SearchKindItem.RESULT]))
    text = FreeText(kind=Kind.RESULT, text="球铁阀体热节处总有缩松，废品率高。")
    matches = got(MatchPage, match_text.sync(client=client, body=text))
    changes = got(ChangePage, list_changes.sync(client=client, after=before.position, limit=100))
    places = [[item.id for item in page] for page in (found.items, matches.items, changes.items)]
    if all(made.id in ids for ids in places):
        break
    time.sleep(0.1)
else:
    raise AssertionError("what was registered is not found everywhere")
match = next(item for item in matches.items if item.id == made.id)
assert match.score > 0 and match.explanation.terms, match

# A file of two results, of which one is wrong.
rows = [
    {"source": {"identifier": f"py-{number}"}, "title": title, "summary": summary, "holder_id": str(holder.id),
     "maturity": maturity, "status": "published"}
    for number, title, summary, maturity in (
        (2, "阀体铸件的冷铁布置方法", "按热节位置布置冷铁的方法，缩孔明显减少。", 7),
        (3, "铸件余热的回收装置", "回收铸件冷却余热用于烘砂的装置。", 10),
    )
]
file = File(io.BytesIO("\n".join(map(json.dumps, rows)).encode()))
ndjson = CreateImportFormat.NDJSON
job = got(Import, create_import.sync(client=client, body=file, kind=Kind.RESULT, format_=ndjson))
for _ in range(300):
    if job.ended_at:
        break
    time.sleep(0.1)
    job = got(Import, read_import.sync(job.id, client=client))
assert (job.state, job.created, job.refused) == (ImportState.COMPLETED, 1, 1), job
created, refused_row = got(ImportRowPage, list_import_rows.sync(job.id, client=client)).items
(fault,) = refused_row.faults
assert (refused_row.row, fault.column, fault.code) == (2, "maturity", "out_of_range"), refused_row
remarks = got(File, download_import_remarks.sync(job.id, client=client)).payload.read().decode()
assert "py-3" in remarks and fault.detail in remarks, remarks
for _ in range(300):
    text = FreeText(kind=Kind.RESULT, text="阀体铸件缩孔多，冷铁该怎么布置？")
    matches = got(MatchPage, match_text.sync(client=client, body=text))
    if created.record_id in [item.id for item in matches.items]:
        break
    time.sleep(0.1)
else:
    raise AssertionError("what was imported is not found")
