import assert from "node:assert/strict";
import { test } from "node:test";

import type Hls from "hls.js";

import { repaintAfterFlush } from "../src/repaint.js";

/** A media element that stands at `now`, with the picture from `from` to `to`. */
class FakeMedia {
  seeks = 0;
  #now: number;

  constructor(now: number, public range: [number, number] | null) {
    this.#now = now;
  }

  get currentTime(): number {
    return this.#now;
  }

  set currentTime(seconds: number) {
    this.seeks += 1;
    this.#now = seconds;
  }

  get buffered(): TimeRanges {
    const range = this.range;
    return { length: range === null ? 0 : 1, start: () => range?.[0] ?? 0, end: () => range?.[1] ?? 0 };
  }
}

/** As much of hls.js as is used. */
class FakeHls {
  readonly #listeners = new Map<string, (event: string, data: object) => void>();

  constructor(readonly media: FakeMedia) {}

  on(event: string, listener: (event: string, data: object) => void): void {
    this.#listeners.set(event, listener);
  }

  off(event: string): void {
    this.#listeners.delete(event);
  }

  flush(type: string, left: [number, number] | null): void {
    this.media.range = left;
    this.#listeners.get("hlsBufferFlushed")?.("hlsBufferFlushed", { type });
  }

  append(type: string, range: [number, number]): void {
    this.media.range = range;
    this.#listeners.get("hlsFragBuffered")?.("hlsFragBuffered", { frag: { type } });
  }
}

function repainting(isChromium = true): { hls: FakeHls; media: FakeMedia; stop: () => void } {
  const media = new FakeMedia(10, [0, 90]);
  const hls = new FakeHls(media);
  return { hls, media, stop: repaintAfterFlush(hls as unknown as Hls, isChromium) };
}

test("when all of the picture was replaced, there is one seek to where the film stands", () => {
  const { hls, media } = repainting();
  hls.flush("video", null);
  hls.append("audio", [6, 12]);
  assert.equal(media.seeks, 0, "sound is no picture");
  hls.append("main", [0, 6]);
  assert.equal(media.seeks, 0, "nothing to show yet");
  hls.append("main", [0, 12]);
  assert.deepEqual([media.seeks, media.currentTime], [1, 10]);
  hls.append("main", [0, 18]);
  assert.equal(media.seeks, 1);
});

test("what goes behind or ahead of the playhead, and sound, is let be", () => {
  const { hls, media } = repainting();
  hls.flush("video", [8, 90]);
  hls.append("main", [8, 96]);
  hls.flush("video", [8, 12]);
  hls.append("main", [8, 18]);
  hls.flush("audio", null);
  hls.append("main", [8, 18]);
  assert.equal(media.seeks, 0);
});

test("other browsers need no help, and a player that was given back gets none", () => {
  for (const { hls, media, stop } of [repainting(false), repainting(true)]) {
    stop();
    hls.flush("video", null);
    hls.append("main", [8, 18]);
    assert.equal(media.seeks, 0);
  }
});
