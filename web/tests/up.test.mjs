// The portal as `cargo xtask up` serves it, before the real playback endpoint.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { LADDER, LENGTH, SAMPLE, startUp } from "./up.mjs";
import {
  assertSmooth, chooseQuality, forgetFiles, look, openByAddress, openGame, openWindow, OTHER_SITE, play, playsOn, seek, shows, signIn, trouble,
  untilRefused,
} from "./viewer.mjs";
import { openWorld, picture, SESSION } from "./world.mjs";

let world;
before(async () => {
  world = await openWorld(startUp);
});
after(() => world?.close());

/** Has the endpoint's answer to the page be another one, until the page is closed. */
async function change(page, other) {
  await page.route("**/api/games/*/playback", async (route) => {
    const answer = await route.fetch();
    const playback = await other(await answer.json());
    await route.fulfill({ response: answer, json: playback });
  });
}

describe("before the real playback endpoint, a viewer", { concurrency: 2 }, () => {
  test("signs in, opens a game, and watches it to its end", async () => {
    const page = await openWindow(world);
    await signIn(page, "Ada");
    await page.getByRole("link", { name: SAMPLE }).waitFor();
    await page.waitForFunction(() => [...document.querySelectorAll(".poster img")].filter((it) => it.naturalWidth > 0).length === 2);
    await picture(page, "up-list");
    await page.getByRole("link", { name: LADDER }).click();
    await play(page);
    const { duration } = await look(page);
    assert.ok(Math.abs(duration - LENGTH) < 1, `${duration}`);
    await picture(page, "up-playing");
    await seek(page, LENGTH - 3);
    await page.waitForFunction(() => document.querySelector("video").ended);
    assertSmooth(page);
    assert.ok(page.gateAnswers.some(({ path }) => path === `/api/games/${LADDER}/playback`));
    await page.context().close();
  });

  test("chooses a quality and gets it", async () => {
    const page = await openWindow(world);
    await openGame(page, "Caroline", LADDER);
    await play(page);
    await chooseQuality(page, /240p/);
    await shows(page, 240);
    await chooseQuality(page, /480p/);
    await shows(page, 480);
    await picture(page, "up-quality");
    assertSmooth(page);
    await page.context().close();
  });

  test("watches on after the first session has ended", async () => {
    const page = await openWindow(world, { host: OTHER_SITE });
    await forgetFiles(page);
    await openGame(page, "Florence", LADDER);
    await play(page);
    await chooseQuality(page, /240p/);
    await shows(page, 240);
    // The list has sessions of its own.
    const old = page.gateAnswers.map(({ path }) => /^(\/s\/[^/]+)\/games\/ladder\/master/.exec(path)?.[1]).find(Boolean);
    const first = `${old}/games/${LADDER}/master.m3u8`;
    await untilRefused(page, world.gate + first, SESSION + 5);
    page.gateAnswers.splice(0);
    // The sign-in token of the beginning has ended too: a minute is its life.
    await chooseQuality(page, /480p/);
    // By a seek Chromium looks for the new picture; what is asked here is whether the session was renewed.
    await seek(page, 1);
    await shows(page, 480);
    await playsOn(page);
    assertSmooth(page, first);
    assert.ok(page.gateAnswers.some(({ path }) => path.endsWith(".m4s") && !path.startsWith(old)));
    await page.context().close();
  });

  test("opens a clip and sees that part alone", async () => {
    const page = await openWindow(world);
    await signIn(page, "Emmy");
    await page.goto(`${page.portal}/#/games/${LADDER}?start=40&end=44`);
    await page.getByText("You are watching 0:40 to 0:44.").waitFor();
    await play(page);
    const { time } = await look(page);
    assert.ok(time >= 40 && time < 44, `${time}`);
    await page.waitForFunction(() => document.querySelector("video").paused);
    const stopped = await look(page);
    assert.ok(stopped.time >= 43.5 && stopped.time < 44.5, `${stopped.time}`);
    await picture(page, "up-clip");
    assertSmooth(page);
    await page.context().close();
  });

  for (const [name, other, reason] of [
    ["a tampered token", (it) => ({ ...it, url: it.url.replace(/.(?=.$)/, (last) => (last === "A" ? "B" : "A")) }), "token_signature"],
    ["a token for another game", (it) => ({ ...it, url: it.url.replace(`/${LADDER}/`, `/${SAMPLE}/`) }), "wrong_game"],
  ]) {
    test(`with ${name} is told: forbidden`, async () => {
      const page = await openWindow(world);
      const reasons = [];
      page.on("response", (response) => reasons.push(response.headers()["x-reelgate-reason"]));
      await change(page, other);
      await openByAddress(page, "Grace", LADDER);
      await trouble(page, "forbidden");
      await picture(page, `up-${name.replaceAll(" ", "-")}`);
      assert.deepEqual([...new Set(reasons.filter(Boolean))], [reason]);
      await page.unrouteAll();
      await page.reload();
      await play(page);
      assert.equal(await page.locator("[role=alert]").count(), 0);
      await page.context().close();
    });
  }

  test("is told what films are called by the gate alone, and a guest nothing", async () => {
    const page = await openWindow(world);
    await signIn(page, "guest");
    const listed = await page.evaluate(async () => (await fetch("/games.json")).json());
    assert.deepEqual(listed, [LADDER, SAMPLE], "ids");
    await page.getByRole("heading", { name: "You may not watch any film here" }).waitFor();
    await picture(page, "up-guest-list");
    assert.equal(await page.locator(".card").count(), 0);
    await page.context().close();
  });

  test("without the permission is told: forbidden", async () => {
    const page = await openWindow(world);
    await openByAddress(page, "guest", LADDER);
    await trouble(page, "forbidden");
    await picture(page, "up-guest");
    const statuses = new Set(page.gateAnswers.map(({ status }) => status));
    assert.deepEqual([...statuses], [403]);
    await page.context().close();
  });

  test("who is not signed in is asked to, and the endpoint gives them nothing", async () => {
    const page = await openWindow(world);
    await page.goto(`${page.portal}/#/games/${LADDER}`);
    await page.getByRole("heading", { name: "Sign in to watch" }).waitFor();
    await picture(page, "up-signed-out");
    assert.deepEqual(page.gateAnswers, []);
    const ask = (authorization) => page.evaluate(async ([url, authorization]) => {
      const headers = authorization === null ? {} : { Authorization: authorization };
      return (await fetch(url, { headers })).status;
    }, [`${world.gate}/api/games/${LADDER}/playback`, authorization]);
    assert.equal(await ask(null), 401);
    assert.equal(await ask("Bearer e30.e30.e30"), 401);
    await page.context().close();
  });
});
