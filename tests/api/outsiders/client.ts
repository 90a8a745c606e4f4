// The main job of a partner site with what openapi-typescript makes of the contract: a token, a result, what it fits, what
// changed, and results from a file.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

import createClient from "openapi-fetch";

import type { components, paths } from "./duijie.js";

// Of the forms in which records and changes are answered this reads JSON.
type Json = "application/json" | "application/problem+json";

/** What was answered, if it went well. */
function got<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  assert.ok(answer.data !== undefined, JSON.stringify(answer.error));
  return answer.data;
}

async function main(): Promise<void> {
  const [address, clientId] = process.argv.slice(2);
  assert.ok(address && clientId && process.env.CLIENT_SECRET);
  const client = createClient<paths, Json>({ baseUrl: address });
  const body = {
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: process.env.CLIENT_SECRET,
  };
  const headers = { "Content-Type": "application/x-www-form-urlencoded" };
  const token = got(await client.POST("/oauth/token", { body, headers }));
  client.use({
    onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${token.access_token}`);
      return request;
    },
  });

  // Where the feed stands before anything is registered.
  let before = got(await client.GET("/v1/changes", { params: { query: { limit: 100 } } }));
  while (before.more) {
    const query = { after: before.position, limit: 100 };
    before = got(await client.GET("/v1/changes", { params: { query } }));
  }

  const organisations = got(await client.GET("/v1/organisations", { params: { query: { limit: 1 } } }));
  const holder = organisations.items[0];
  assert.ok(holder);
  const result = {
    title: "球墨铸铁件热节缩松的控制工艺",
    summary: "冷铁与发热冒口配合，热节处不再缩松，成品率提高百分之八。",
    holder_id: holder.id,
    keywords: ["球墨铸铁", "缩松"],
    source: { partner: "省平台", identifier: "ts-1" },
    status: "published",
  } satisfies components["schemas"]["Result"];
  const header = { "Idempotency-Key": "ts-1", Prefer: "wait=20" };
  const made = got(await client.POST("/v1/results", { params: { header }, body: result }));
  const again = got(await client.POST("/v1/results", { params: { header }, body: result }));
  assert.equal(again.id, made.id);
  const path = { id: made.id };
  const read = got(await client.GET("/v1/results/{id}", { params: { path } }));
  assert.deepEqual([read.title, read.version], [result.title, 1]);
  const refused = await client.POST("/v1/results", { body: result });
  assert.equal(refused.error?.type, "/problems/conflict");

  for (let tries = 0; ; tries += 1) {
    const found = got(await client.GET("/v1/search", { params: { query: { q: "热节缩松", kind: ["result"] } } }));
    const text = { kind: "result" as const, text: "球铁阀体热节处总有缩松，废品率高。", limit: 20 };
    const matches = got(await client.POST("/v1/matches", { body: text }));
    const query = { after: before.position, limit: 100 };
    const changes = got(await client.GET("/v1/changes", { params: { query } }));
    const match = matches.items.find((item) => item.id === made.id);
    const isFound = [found.items, changes.items].every((items) => items.some((item) => item.id === made.id));
    if (match && isFound) {
      assert.ok(match.score > 0 && match.explanation.terms.length > 0);
      break;
    }
    assert.ok(tries < 300, "what was registered is not found everywhere");
    await pause(100);
  }

  // A file of two results, of which one is wrong.
  const file = `外部编号,成果名称,成果简介,持有单位,成熟度,状态
ts-2,阀体铸件的冷铁布置方法,按热节位置布置冷铁的方法，缩孔明显减少。,${holder.id},7,已发布
ts-3,铸件余热的回收装置,回收铸件冷却余热用于烘砂的装置。,${holder.id},10,已发布
`;
  const sent = await client.POST("/v1/imports", {
    params: { query: { kind: "result", name: "results.csv" } },
    body: file,
    bodySerializer: (text) => text,
    headers: { "Content-Type": "text/csv" },
  });
  let job = got(sent);
  const ofJob = { params: { path: { id: job.id } } };
  for (let tries = 0; !job.ended_at; tries += 1) {
    assert.ok(tries < 300, "the import does not end");
    await pause(100);
    job = got(await client.GET("/v1/imports/{id}", ofJob));
  }
  assert.deepEqual([job.state, job.created, job.refused], ["completed", 1, 1]);
  const rows = got(await client.GET("/v1/imports/{id}/rows", ofJob)).items;
  const faults = rows.map((row) => [row.row, row.outcome, row.faults.map((fault) => [fault.column, fault.code])]);
  assert.deepEqual(faults, [[2, "created", []], [3, "refused", [["成熟度", "out_of_range"]]]]);
  const remarks = got(await client.GET("/v1/imports/{id}/remarks", { ...ofJob, parseAs: "text" }));
  assert.ok(remarks.includes("ts-3") && remarks.includes(rows[1]?.faults[0]?.detail ?? "no remark"), remarks);
  for (let tries = 0; ; tries += 1) {
    const text = { kind: "result" as const, text: "阀体铸件缩孔多，冷铁该怎么布置？", limit: 20 };
    const matches = got(await client.POST("/v1/matches", { body: text }));
    if (matches.items.some((item) => item.id === rows[0]?.record_id)) {
      return;
    }
    assert.ok(tries < 300, "what was imported is not found");
    await pause(100);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
