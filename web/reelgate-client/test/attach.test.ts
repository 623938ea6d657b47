import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import type Hls from "hls.js";

import { attach, type Attachment, type AttachOptions, PlaybackError, type Player } from "../src/index.js";
import { FakeGate } from "./gate.js";

const MASTER = "https://gate.example/games/7/master.m3u8";

/** As much of hls.js as is used. */
class FakeHls {
  static isSupported = (): boolean => true;
  static made: FakeHls[] = [];
  readonly config = { loader: class {} };
  readonly calls: unknown[][] = [];
  levels: object[] = [];
  url: string | null = null;
  media: { currentTime: number; readyState?: number } | null = null;
  destroyed = false;
  #onError: ((event: string, data: object) => void)[] = [];

  constructor() {
    FakeHls.made.push(this);
  }

  on(_: string, callback: (event: string, data: object) => void): void {
    this.#onError.push(callback);
  }

  off(_: string, callback: (event: string, data: object) => void): void {
    this.#onError = this.#onError.filter((one) => one !== callback);
  }

  fail(data: object): void {
    this.#onError.forEach((callback) => callback("hlsError", data));
  }

  loadSource(url: string): void {
    this.calls.push(["loadSource", url]);
  }

  startLoad(position: number): void {
    this.calls.push(["startLoad", position]);
  }

  attachMedia(media: object): void {
    this.calls.push(["attachMedia", media]);
  }

  destroy(): void {
    this.destroyed = true;
  }
}

/** As much of a media element as is used. */
class FakeVideo extends EventTarget {
  currentTime = 0;
  playbackRate = 1;
  paused = true;
  error: object | null = null;
  crossOrigin: string | null = null;
  src = "";
  get currentSrc(): string {
    return this.src;
  }
  play = async (): Promise<void> => {
    this.paused = false;
  };
  removeAttribute(name: string): void {
    assert.equal(name, "src");
    this.src = "";
  }
  load(): void {
    this.paused = true;
  }
}

/** As much of a vidstack player as is used. */
class FakeVidstack extends EventTarget {
  provider: object | null = null;
  src: unknown = null;

  provide(provider: object): void {
    this.provider = provider;
    this.dispatchEvent(Object.assign(new Event("provider-change"), { detail: provider }));
  }
}

let gate: FakeGate;
let attachment: Attachment | null = null;
let errors: PlaybackError[];
let ready: number;

function play(player: object, options: AttachOptions = {}): Attachment {
  attachment = attach(player as Player, gate.getPlaybackUrl, {
    onError: (error) => errors.push(error),
    onReady: () => (ready += 1),
    ...options,
  });
  return attachment;
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => {
  gate = new FakeGate();
  errors = [];
  ready = 0;
  FakeHls.made = [];
  mock.method(globalThis, "fetch", gate.fetch);
  Object.assign(globalThis, { HTMLVideoElement: FakeVideo });
});

afterEach(() => {
  attachment?.detach();
  mock.restoreAll();
  Reflect.deleteProperty(globalThis, "HTMLVideoElement");
  Reflect.deleteProperty(globalThis, "MediaSource");
});

test("hls.js gets the film's address without a token", async () => {
  const hls = new FakeHls();
  const { urlFor } = play(hls);
  await settled();
  assert.deepEqual(hls.calls, [["loadSource", MASTER]]);
  assert.equal(ready, 1);
  assert.equal(urlFor("thumbnails.vtt"), "https://gate.example/s/s1/games/7/thumbnails.vtt");
});

for (const [code, kind] of [[404, "missing"], [0, "offline"], [503, "offline"], [403, "forbidden"]] as const) {
  test(`a fatal ${code} of hls.js is told as ${kind}`, async () => {
    const hls = new FakeHls();
    play(hls);
    await settled();
    hls.fail({ fatal: true, type: "networkError", response: { code } });
    assert.deepEqual(errors.map((error) => error.kind), [kind]);
  });
}

test("what hls.js recovers from, and what is not the network's, is not told", async () => {
  const hls = new FakeHls();
  play(hls);
  await settled();
  hls.fail({ fatal: false, type: "networkError", response: { code: 404 } });
  hls.fail({ fatal: true, type: "mediaError" });
  assert.deepEqual(errors, []);
});

test("a film that stands still while the browser is offline is told of, once", async () => {
  const browser = { onLine: false };
  Object.defineProperty(globalThis, "navigator", { value: browser, configurable: true });
  Object.assign(globalThis, { HTMLMediaElement: { HAVE_FUTURE_DATA: 3 } });
  const hls = new FakeHls();
  play(hls);
  await settled();
  mock.timers.enable({ apis: ["setInterval"] });
  hls.media = { currentTime: 5, readyState: 4 };
  hls.fail({ fatal: false, type: "networkError", response: { code: 0 } });
  mock.timers.tick(60_000);
  assert.equal(errors.length, 0, "it still has what to show");
  hls.media.readyState = 2;
  mock.timers.tick(60_000);
  assert.deepEqual(errors.map((error) => error.kind), ["offline"]);
  hls.fail({ fatal: false, type: "networkError", response: { code: 0 } });
  browser.onLine = true;
  mock.timers.tick(60_000);
  browser.onLine = false;
  mock.timers.tick(60_000);
  assert.equal(errors.length, 1, "the network came back before anybody noticed");
  mock.timers.reset();
  Reflect.deleteProperty(globalThis, "HTMLMediaElement");
  Reflect.deleteProperty(globalThis, "navigator");
});

test("a retry goes on where the film stood", async () => {
  const hls = new FakeHls();
  const { retry } = play(hls);
  await settled();
  hls.levels = [{}];
  hls.media = { currentTime: 12.5 };
  hls.fail({ fatal: true, type: "networkError", response: { code: 0 } });
  retry();
  await settled();
  assert.deepEqual(hls.calls, [["loadSource", MASTER], ["startLoad", 12.5]]);
  assert.equal(ready, 2);
});

test("a film that never began is begun by a retry", async () => {
  gate.down = true;
  const hls = new FakeHls();
  const { retry } = play(hls);
  await settled();
  assert.deepEqual(errors.map((error) => error.kind), ["offline"]);
  assert.deepEqual(hls.calls, []);
  gate.down = false;
  retry();
  await settled();
  assert.deepEqual(hls.calls, [["loadSource", MASTER]]);
});

test("when the network is back the film goes on by itself, and only then", async () => {
  const network = new EventTarget();
  Object.assign(globalThis, {
    addEventListener: network.addEventListener.bind(network),
    removeEventListener: network.removeEventListener.bind(network),
  });
  const hls = new FakeHls();
  play(hls);
  await settled();
  network.dispatchEvent(new Event("online"));
  await settled();
  assert.equal(gate.causes.length, 1, "nothing was wrong");
  hls.fail({ fatal: true, type: "networkError", response: { code: 0 } });
  network.dispatchEvent(new Event("online"));
  await settled();
  assert.equal(gate.causes.length, 2);
  attachment?.detach();
  hls.fail({ fatal: true, type: "networkError", response: { code: 0 } });
  network.dispatchEvent(new Event("online"));
  await settled();
  assert.equal(gate.causes.length, 2, "detached");
  Reflect.deleteProperty(globalThis, "addEventListener");
  Reflect.deleteProperty(globalThis, "removeEventListener");
});

test("a detached hls.js is as it was", async () => {
  const hls = new FakeHls();
  const { loader } = hls.config;
  play(hls);
  assert.notEqual(hls.config.loader, loader);
  attachment?.detach();
  assert.equal(hls.config.loader, loader);
  await settled();
  assert.deepEqual([hls.calls, errors], [[], []]);
});

test("a video element plays by hls.js where the page has one", async () => {
  const video = new FakeVideo();
  play(video, { Hls: FakeHls as unknown as typeof Hls });
  await settled();
  const [hls] = FakeHls.made;
  assert.deepEqual(hls?.calls, [["attachMedia", video], ["loadSource", MASTER]]);
  attachment?.detach();
  assert.ok(hls?.destroyed);
});

test("a video element without hls.js gets the session in the path", async () => {
  const video = new FakeVideo();
  play(video);
  await settled();
  assert.equal(video.src, "https://gate.example/s/s1/games/7/master.m3u8");
  assert.equal(video.crossOrigin, "anonymous");
});

test("a video element is left without the film that was given to it", async () => {
  const video = new FakeVideo();
  play(video);
  await settled();
  await video.play();
  attachment?.detach();
  assert.deepEqual([video.src, video.paused], ["", true]);
});

test("a video element moves to a new session where it stands", async () => {
  const video = new FakeVideo();
  play(video);
  await settled();
  await video.play();
  video.dispatchEvent(new Event("play"));
  Object.assign(video, { currentTime: 61, playbackRate: 1.5 });
  // The gate refuses the first session from now on.
  mock.method(globalThis, "fetch", async (input: string, init?: RequestInit) =>
    input.includes("/s/s1/") ? new Response("", { status: 403 }) : gate.fetch(input, init),
  );
  // A browser pauses what has failed.
  Object.assign(video, { error: {}, paused: true });
  video.dispatchEvent(new Event("error"));
  video.dispatchEvent(new Event("pause"));
  await settled();
  assert.equal(video.src, "https://gate.example/s/s2/games/7/master.m3u8");
  Object.assign(video, { currentTime: 0, playbackRate: 1, error: null });
  video.dispatchEvent(new Event("loadedmetadata"));
  assert.deepEqual([video.currentTime, video.playbackRate, video.paused], [61, 1.5, false]);
  assert.deepEqual(errors, []);
});

test("a video element's error is told by asking for the same address", async () => {
  const video = new FakeVideo();
  play(video);
  await settled();
  gate.status = 404;
  video.dispatchEvent(new Event("error"));
  await settled();
  gate.down = true;
  video.dispatchEvent(new Event("error"));
  await settled();
  assert.deepEqual(errors.map((error) => error.kind), ["missing", "offline"]);
});

test("vidstack gets the source, the page's hls.js, and the session through it", async () => {
  Object.assign(globalThis, { MediaSource: class {} });
  const player = new FakeVidstack();
  play(player, { Hls: FakeHls as unknown as typeof Hls });
  await settled();
  assert.deepEqual(player.src, { src: MASTER, type: "application/vnd.apple.mpegurl" });
  const hls = new FakeHls();
  const { loader } = hls.config;
  let instance = (_: FakeHls): void => assert.fail("nobody waits for the instance");
  const provider = {
    type: "hls",
    library: "a CDN",
    instance: null,
    onInstance: (callback: (hls: FakeHls) => void) => {
      instance = callback;
      return () => {};
    },
  };
  player.provide(provider);
  assert.equal(provider.library, FakeHls);
  instance(hls);
  assert.notEqual(hls.config.loader, loader);
  hls.fail({ fatal: true, type: "networkError", response: { code: 404 } });
  assert.deepEqual(errors.map((error) => error.kind), ["missing"]);
});

test("vidstack that was attached before goes on with the hls.js that it has", async () => {
  Object.assign(globalThis, { MediaSource: class {} });
  const player = new FakeVidstack();
  const hls = new FakeHls();
  hls.url = MASTER;
  hls.levels = [{}];
  hls.media = { currentTime: 7 };
  const { loader } = hls.config;
  player.provider = { type: "hls", instance: hls, onInstance: () => () => {} };
  play(player).detach();
  assert.equal(hls.config.loader, loader, "given back");
  play(player);
  assert.notEqual(hls.config.loader, loader);
  await settled();
  assert.equal(player.src, null, "the source is the same");
  assert.deepEqual(hls.calls, [["startLoad", 7]]);
  assert.deepEqual([errors, ready], [[], 1]);
});

test("vidstack's hls.js is let go of when there is another one, and not before", async () => {
  Object.assign(globalThis, { MediaSource: class {} });
  const player = new FakeVidstack();
  const [first, second] = [new FakeHls(), new FakeHls()];
  const { loader } = first.config;
  const provider = (instance: FakeHls): object => ({ type: "hls", instance, onInstance: () => () => {} });
  const { detach } = play(player);
  player.provide(provider(first));
  player.dispatchEvent(Object.assign(new Event("provider-change"), { detail: null }));
  assert.notEqual(first.config.loader, loader, "told late of another one that has gone");
  const secondLoader = second.config.loader;
  player.provide(provider(second));
  assert.deepEqual([first.config.loader, second.config.loader === secondLoader], [loader, false]);
  player.removeEventListener = () => {};
  detach();
  assert.equal(second.config.loader, secondLoader);
  player.provide(provider(first));
  assert.equal(first.config.loader, loader, "who has given the player back adopts nothing more");
});

test("vidstack on a device without media source gets the session in the path", async () => {
  const player = new FakeVidstack();
  const sources: unknown[] = [];
  play(player, { setSource: (source) => sources.push(source) });
  await settled();
  assert.deepEqual(sources, [
    { src: "https://gate.example/s/s1/games/7/master.m3u8", type: "application/vnd.apple.mpegurl" },
  ]);
});
