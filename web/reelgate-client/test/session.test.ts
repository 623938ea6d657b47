import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { PlaybackError } from "../src/errors.js";
import { GateSession, type Transport } from "../src/session.js";
import { FakeGate } from "./gate.js";

const MASTER = "https://gate.example/games/7/master.m3u8";
const SEGMENT = "https://gate.example/games/7/v1/seg_00001.m4s";

let gate: FakeGate;
let session: GateSession;

function open(transport: Transport = "auto"): GateSession {
  session = new GateSession(gate.getPlaybackUrl, { transport });
  return session;
}

/** Lets everything that waits for answers of the fakes go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}

async function pass(milliseconds: number): Promise<void> {
  mock.timers.tick(milliseconds);
  await settle();
}

beforeEach(() => {
  gate = new FakeGate();
  mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_760_000_000_000 });
  mock.method(globalThis, "fetch", gate.fetch);
});

afterEach(() => {
  session.close();
  mock.timers.reset();
  mock.restoreAll();
});

test("where cookies flow, requests keep their address and carry the cookie", async () => {
  assert.equal(await open().start(), MASTER);
  assert.deepEqual(session.admit(SEGMENT), { url: SEGMENT, credentials: "include", generation: 1 });
  assert.deepEqual(gate.asked, ["/games/7/session.json?t=token1", "/games/7/session.json"]);
  assert.equal(session.urlFor("poster.jpg"), "https://gate.example/s/s1/games/7/poster.jpg");
});

test("where cookies are blocked, requests go by the path, and players do not notice", async () => {
  gate.cookies = false;
  assert.equal(await open().start(), MASTER);
  const url = "https://gate.example/s/s1/games/7/v1/seg_00001.m4s";
  assert.deepEqual(session.admit(SEGMENT), { url, credentials: "omit", generation: 1 });
  assert.equal(session.known(url), SEGMENT);
  assert.equal(session.urlFor("poster.jpg"), "https://gate.example/s/s1/games/7/poster.jpg");
});

test("a page may insist on one of the two", async () => {
  gate.cookies = false;
  await open("cookie").start();
  assert.equal(session.admit(SEGMENT)?.url, SEGMENT);
  gate.cookies = true;
  await open("path").start();
  assert.match(session.admit(SEGMENT)?.url ?? "", /\/s\/s2\/games\/7\//);
});

test("what is not of the game is left alone", async () => {
  await open().start();
  for (const url of ["https://gate.example/games/77/a.m4s", "https://cdn.example/games/7/a.m4s"]) {
    assert.equal(session.admit(url), null);
    assert.equal(session.known(url), url);
  }
});

test("what a playlist's query says beside the token is kept", async () => {
  session = new GateSession(async () => "https://gate.example/games/7/clip.m3u8?start=1&t=token1&end=9", { transport: "auto" });
  assert.equal(await session.start(), "https://gate.example/games/7/clip.m3u8?start=1&end=9");
});

test("a session is renewed with a fifth of its life left, five minutes at most, again and again", async () => {
  gate.life = 60_000;
  await open("path").start();
  await pass(47_999);
  assert.deepEqual(gate.causes, ["start"]);
  gate.life = 6 * 3_600_000;
  await pass(1);
  assert.deepEqual(gate.causes, ["start", "renewal"]);
  assert.equal(session.admit(MASTER)?.url, "https://gate.example/s/s2/games/7/master.m3u8");
  await pass(6 * 3_600_000 - 300_001);
  assert.equal(gate.causes.length, 2);
  await pass(1);
  assert.equal(gate.causes.length, 3);
});

test("a renewal that gets no answer is tried again until the session is over", async () => {
  gate.life = 60_000;
  await open("path").start();
  gate.down = true;
  await pass(48_000);
  await pass(10_000);
  assert.equal(gate.causes.length, 3);
  await pass(10_000);
  assert.equal(gate.causes.length, 4);
  await pass(600_000);
  assert.equal(gate.causes.length, 4);
});

test("a clock that is wrong by hours makes no storm of renewals", async () => {
  gate.life = -3_600_000;
  await open().start();
  await pass(86_400_000);
  assert.deepEqual(gate.causes, ["start"]);
});

test("a closed session asks no more", async () => {
  await open().start();
  session.close();
  await pass(86_400_000);
  assert.deepEqual(gate.causes, ["start"]);
});

test("requests that are refused at once share one renewal", async () => {
  await open("path").start();
  await Promise.all([session.renewAfter(1), session.renewAfter(1), session.renewAfter(1)]);
  assert.deepEqual(gate.causes, ["start", "refused"]);
  await session.renewAfter(1);
  assert.deepEqual(gate.causes, ["start", "refused"], "the session of that request is gone already");
  await session.renewAfter(2);
  assert.deepEqual(gate.causes, ["start", "refused", "refused"]);
});

test("a token that comes too late is replaced once", async () => {
  gate.refused.set("token1", "token_expired");
  await open().start();
  assert.deepEqual(gate.causes, ["start", "refused"]);
});

for (const [reason, kind] of [["token_expired", "expired"], ["wrong_game", "forbidden"], ["token_signature", "forbidden"]] as const) {
  test(`a gate that goes on saying ${reason} means ${kind}`, async () => {
    gate.refused.set("token1", reason).set("token2", reason);
    await assert.rejects(open().start(), { name: "PlaybackError", kind, status: 403, reason });
    assert.deepEqual(gate.causes, ["start", "refused"]);
  });
}

test("what the portal refuses is not asked for again", async () => {
  gate.portalError = PlaybackError.fromStatus(403, "forbidden");
  await assert.rejects(open().start(), { kind: "forbidden", status: 403 });
  assert.deepEqual(gate.causes, ["start"]);
  assert.deepEqual(gate.asked, []);
});

test("a final refusal is not asked about again, until somebody starts anew", async () => {
  await open().start();
  gate.portalError = PlaybackError.fromStatus(401);
  await assert.rejects(session.renewAfter(1), { kind: "expired" });
  await assert.rejects(session.renewAfter(1), { kind: "expired" });
  assert.deepEqual(gate.causes, ["start", "refused"]);
  gate.portalError = null;
  await session.start();
  assert.equal(session.failure, null);
});

test("no answer is not final", async () => {
  await open().start();
  gate.down = true;
  await assert.rejects(session.renewAfter(1), { kind: "offline", status: null });
  gate.down = false;
  await session.renewAfter(1);
  assert.equal(session.failure, null);
});

for (const [status, kind] of [[500, "offline"], [503, "offline"], [429, "offline"], [404, "missing"]] as const) {
  test(`a gate that answers ${status} means ${kind}`, async () => {
    gate.status = status;
    await assert.rejects(open().start(), { kind, status });
  });
}

test("an address that is no playback URL is told, without its token", async () => {
  for (const url of ["master.m3u8?t=x", "https://gate.example/films/7?t=x", "https://gate.example/games/7/master.m3u8"]) {
    session = new GateSession(async () => url, { transport: "auto" });
    await assert.rejects(session.start(), { kind: "missing", message: /a playback URL reads/ });
  }
});

test("an answer that is no session is told", async () => {
  mock.method(globalThis, "fetch", async () => new Response("<html>", { status: 200 }));
  await assert.rejects(open().start(), { kind: "offline", message: "the gate's answer is no session" });
});
