import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { fetchPlayback, fetchPlaybackSession, playbackOf } from "../src/playback.js";

const SESSION = {
  type: "session",
  token: "a.b.c",
  url_template: "https://gate.example/games/{id}/master.m3u8?t=a.b.c",
  expires_at: "2025-10-09T09:08:20Z",
} as const;

afterEach(() => mock.restoreAll());

function answering(status: number, body: unknown): void {
  mock.method(globalThis, "fetch", async () => new Response(JSON.stringify(body), { status }));
}

test("one token makes the playback of every game", async () => {
  answering(200, SESSION);
  const session = await fetchPlaybackSession("https://gate.example/api/playback/session");
  for (const [game, segment] of [
    ["2025001", "2025001"],
    ["cup (1) + final/2", "cup%20(1)%20%2B%20final%2F2"],
    ["$&{id}", "%24%26%7Bid%7D"],
  ] as const) {
    assert.deepEqual(playbackOf(session, game), {
      type: "hls",
      url: `https://gate.example/games/${segment}/master.m3u8?t=a.b.c`,
      expires_at: SESSION.expires_at,
    });
  }
});

test("what the gate refuses or garbles is told", async () => {
  for (const [status, body, kind] of [
    [401, { type: "urn:reelgate:problem:unauthorized" }, "expired"],
    [403, { type: "urn:reelgate:problem:forbidden" }, "forbidden"],
    [503, { type: "urn:reelgate:problem:keys-unavailable" }, "offline"],
    [200, { type: "hls", url: "https://gate.example/games/7/master.m3u8?t=a" }, "offline"],
    [200, null, "offline"],
  ] as const) {
    answering(status, body);
    await assert.rejects(fetchPlaybackSession("/session"), { name: "PlaybackError", kind });
  }
});

test("the reason is the gate's own word, the portal's, or that of the header; never the problem's type", async () => {
  const headers = { "X-Reelgate-Reason": "no_credential" };
  for (const [body, given, reason] of [
    [{ type: "urn:reelgate:problem:forbidden", title: "Forbidden", reason: "no_permission" }, {}, "no_permission"],
    [{ error: "signed_out" }, {}, "signed_out"],
    [{ type: "https://docs.example/problems#forbidden" }, {}, null],
    [{ type: "about:blank" }, headers, "no_credential"],
    ["Forbidden", headers, "no_credential"],
  ] as const) {
    mock.method(globalThis, "fetch", async () => Response.json(body, { status: 403, headers: given }));
    await assert.rejects(fetchPlayback("/playback"), { kind: "forbidden", reason });
  }
});
