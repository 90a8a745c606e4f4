// The main job of a partner site with what openapi-typescript makes of the contract: a token, a result, what it fits, and what
// changed.

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
      return;
    }
    assert.ok(tries < 300, "what was registered is not found everywhere");
    await pause(100);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
