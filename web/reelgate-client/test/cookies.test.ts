import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { GateSession, type Transport } from "../src/session.js";
import { FakeGate } from "./gate.js";

afterEach(() => mock.restoreAll());

/** What the console is told while a session begins and is renewed. */
async function told(cookies: boolean, transport: Transport = "auto"): Promise<string[]> {
  const gate = new FakeGate();
  gate.cookies = cookies;
  const lines: string[] = [];
  mock.method(globalThis, "fetch", gate.fetch);
  mock.method(console, "info", (line: string) => lines.push(line));
  const session = new GateSession(gate.getPlaybackUrl, { transport });
  await session.start();
  await session.renewAfter(1);
  session.close();
  return lines;
}

test("where the cookie does not come back, the console says why, once, and with no token in it", async () => {
  assert.deepEqual(await told(true), []);
  assert.deepEqual(await told(false, "path"), [], "who asked for the path knows");
  const [line, ...more] = await told(false);
  assert.deepEqual(more, []);
  assert.match(line ?? "", /cookie of https:\/\/gate\.example does not come back/);
  assert.doesNotMatch(line ?? "", /token|\/s\//);
  assert.deepEqual(await told(false), [], "once for a page");
});
