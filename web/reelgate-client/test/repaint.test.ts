import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import type Hls from "hls.js";

import { repaintAfterFlush } from "../src/repaint.js";

/** A media element that stands at `now`, with the picture from `from` to `to`. */
class FakeMedia {
  seeks = 0;
  frames = 0;
  paused = false;
  seeking = false;
  #now: number;

  constructor(now: number, public range: [number, number] | null) {
    this.#now = now;
  }

  getVideoPlaybackQuality(): { totalVideoFrames: number } {
    return { totalVideoFrames: this.frames };
  }

  /** Half a second of film, with its pictures or without. */
  play(frames: number): void {
    this.#now += 0.5;
    this.frames += frames;
    mock.timers.tick(500);
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

beforeEach(() => mock.timers.enable({ apis: ["setInterval", "setTimeout"] }));
afterEach(() => mock.timers.reset());

test("a picture that stands still while time goes on is sought again, and one that moves is not", () => {
  const { hls, media } = repainting();
  hls.flush("video", null);
  hls.append("main", [0, 18]);
  for (let half = 0; half < 4; half += 1) media.play(6);
  assert.equal(media.seeks, 1, "it moves");
  for (let half = 0; half < 4; half += 1) media.play(0);
  assert.equal(media.seeks, 2, "it stood for two seconds");
  media.paused = true;
  for (let half = 0; half < 6; half += 1) mock.timers.tick(500);
  assert.equal(media.seeks, 2, "it is to stand");
});

test("a film of slides is left alone in the end", () => {
  const { hls, media } = repainting();
  hls.flush("video", null);
  hls.append("main", [0, 90]);
  for (let half = 0; half < 60; half += 1) media.play(0);
  assert.ok(media.seeks <= 5, `${media.seeks}`);
});

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
