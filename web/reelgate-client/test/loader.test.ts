import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import type { HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderContext, LoaderStats } from "hls.js";

import { PlaybackError } from "../src/errors.js";
import { gateLoader } from "../src/loader.js";
import { GateSession } from "../src/session.js";
import { FakeGate } from "./gate.js";

const SEGMENT = "https://gate.example/games/7/seg_00001.m4s";

/** A loader that answers when the test says so, and only once, as those of hls.js do. */
class FakeLoader implements Loader<LoaderContext> {
  static made: FakeLoader[] = [];
  context: LoaderContext | null = null;
  stats: LoaderStats = newStats();
  callbacks: LoaderCallbacks<LoaderContext> | null = null;
  destroyed = false;

  constructor(readonly config: HlsConfig) {
    FakeLoader.made.push(this);
  }

  load(context: LoaderContext, _: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
    assert.equal(this.callbacks, null, "a loader of hls.js loads once");
    this.context = context;
    this.callbacks = callbacks;
    this.stats.loading.start = FakeLoader.made.length;
  }

  abort(): void {}

  destroy(): void {
    this.destroyed = true;
  }

  succeed(): void {
    const context = this.asked();
    this.callbacks?.onSuccess({ url: context.url, data: "bytes", code: 200 }, this.stats, context, null);
  }

  fail(code: number): void {
    const context = this.asked();
    const response = new Response("", { status: code === 0 ? 500 : code, headers: { "X-Reelgate-Reason": "token_expired" } });
    this.callbacks?.onError({ code, text: "" }, context, response, this.stats);
  }

  asked(): LoaderContext {
    assert.ok(this.context);
    return this.context;
  }
}

function newStats(): LoaderStats {
  const timing = { start: 0, first: 0, end: 0 };
  const counts = { aborted: false, loaded: 0, retry: 0, total: 0, chunkCount: 0, bwEstimate: 0 };
  return { ...counts, loading: { ...timing }, parsing: { start: 0, end: 0 }, buffering: { ...timing } };
}

let gate: FakeGate;
let session: GateSession;

/** Starts loading `url` and collects what hls.js would be told. */
function load(url = SEGMENT, config: Partial<HlsConfig> = {}) {
  const told: { what: string; url: string; code: number | undefined; context: LoaderContext }[] = [];
  const loader = new (gateLoader(FakeLoader, session))(config as HlsConfig);
  const context = { url, responseType: "arraybuffer" } as LoaderContext;
  loader.load(context, { loadPolicy: {}, timeout: 1 } as LoaderConfiguration, {
    onSuccess: (response, _, told_) => told.push({ what: "success", url: response.url, code: response.code, context: told_ }),
    onError: (error, told_) => told.push({ what: "error", url: told_.url, code: error.code, context: told_ }),
    onTimeout: (_, told_) => told.push({ what: "timeout", url: told_.url, code: undefined, context: told_ }),
  });
  return { loader, context, told, inner: () => FakeLoader.made.at(-1)! };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

beforeEach(async () => {
  gate = new FakeGate();
  FakeLoader.made = [];
  mock.method(globalThis, "fetch", gate.fetch);
  session = new GateSession(gate.getPlaybackUrl, { transport: "path" });
  await session.start();
});

afterEach(() => {
  session.close();
  mock.restoreAll();
});

test("a request goes by the session, and hls.js sees the address without it", () => {
  const { loader, context, told, inner } = load();
  assert.equal(inner().asked().url, "https://gate.example/s/s1/games/7/seg_00001.m4s");
  assert.equal(loader.context, context);
  inner().succeed();
  assert.deepEqual(told, [{ what: "success", url: SEGMENT, code: 200, context }]);
  assert.equal(told[0]?.context, context);
});

test("after a 403 the session is renewed and the request sent once more", async () => {
  const { loader, told, inner } = load();
  const { stats } = loader;
  const first = inner();
  first.fail(403);
  await settled();
  assert.deepEqual(gate.causes, ["start", "refused"]);
  assert.ok(first.destroyed);
  assert.equal(inner().asked().url, "https://gate.example/s/s2/games/7/seg_00001.m4s");
  assert.equal(loader.stats, stats, "hls.js holds on to the object it was given");
  assert.equal(inner().stats, stats);
  inner().succeed();
  assert.deepEqual(told.map(({ what }) => what), ["success"]);
});

test("a second 403 is final", async () => {
  const { told, inner } = load();
  inner().fail(403);
  await settled();
  inner().fail(403);
  await settled();
  assert.deepEqual(told.map(({ what, code, url }) => [what, code, url]), [["error", 403, SEGMENT]]);
  assert.equal(session.failure?.kind, "expired");
  assert.equal(FakeLoader.made.length, 2);
  const next = load();
  next.inner().fail(403);
  await settled();
  assert.deepEqual(next.told.map(({ code }) => code), [403]);
  assert.deepEqual(gate.causes, ["start", "refused"], "nobody is asked again");
});

test("where there is no new session hls.js is told of the 403", async () => {
  gate.portalError = PlaybackError.fromStatus(403, "forbidden");
  const { told, inner } = load();
  inner().fail(403);
  await settled();
  assert.deepEqual(told.map(({ what, code }) => [what, code]), [["error", 403]]);
  assert.equal(session.failure?.kind, "forbidden");
});

for (const code of [0, 404, 503]) {
  test(`a ${code} is for hls.js to deal with`, async () => {
    const { told, inner } = load();
    inner().fail(code);
    await settled();
    assert.deepEqual(told.map((one) => one.code), [code]);
    assert.deepEqual(gate.causes, ["start"]);
  });
}

test("a loader that hls.js has given up stays silent", async () => {
  for (const give of ["abort", "destroy"] as const) {
    const { loader, told, inner } = load();
    inner().fail(403);
    loader[give]();
    const made = FakeLoader.made.length;
    await settled();
    assert.equal(FakeLoader.made.length, made);
    assert.deepEqual(told, []);
  }
});

test("another host gets no session, no cookie and no second request", async () => {
  const { told, inner } = load("https://cdn.example/seg.m4s");
  assert.equal(inner().asked().url, "https://cdn.example/seg.m4s");
  assert.equal(await withCredentials(inner()), false);
  inner().fail(403);
  await settled();
  assert.deepEqual(told.map(({ code }) => code), [403]);
});

test("with a cookie both switches are set, after the page's own settings", async () => {
  session.close();
  session = new GateSession(gate.getPlaybackUrl, { transport: "auto" });
  await session.start();
  const seen: string[] = [];
  const { inner } = load(SEGMENT, {
    xhrSetup: (xhr, url) => {
      xhr.withCredentials = false;
      seen.push(url);
    },
    fetchSetup: (context, init: RequestInit) => new Request(context.url, { ...init, headers: { "X-Page": "1" } }),
  });
  assert.equal(inner().asked().url, SEGMENT);
  assert.equal(await withCredentials(inner()), true);
  assert.deepEqual(seen, [SEGMENT]);
  const request = await inner().config.fetchSetup?.(inner().asked(), { method: "GET" });
  assert.equal(request?.credentials, "include");
  assert.equal(request?.headers.get("X-Page"), "1");
});

test("with the session in the path no cookie is sent", async () => {
  const { inner } = load();
  assert.equal(await withCredentials(inner()), false);
  const request = await inner().config.fetchSetup?.(inner().asked(), {});
  assert.equal(request?.credentials, "omit");
});

async function withCredentials(inner: FakeLoader): Promise<boolean> {
  const xhr = { withCredentials: false } as XMLHttpRequest;
  await inner.config.xhrSetup?.(xhr, inner.asked().url, inner.asked());
  return xhr.withCredentials;
}

test("what is asked for before the session begins waits for it", async () => {
  session.close();
  session = new GateSession(gate.getPlaybackUrl, { transport: "path" });
  const waiting = load();
  const left = load();
  left.loader.abort();
  assert.ok(FakeLoader.made.every(({ context }) => context === null), "nothing is sent without a session");
  await session.start();
  await settled();
  const sent = FakeLoader.made.filter(({ context }) => context !== null);
  assert.deepEqual(sent.map((it) => it.asked().url), ["https://gate.example/s/s2/games/7/seg_00001.m4s"]);
  sent[0]?.succeed();
  assert.deepEqual([waiting.told.map(({ what }) => what), left.told], [["success"], []]);
});
