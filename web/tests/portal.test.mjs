// The portal in Chromium, in front of a real gate and bucket.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { LENGTH } from "./film.mjs";
import { tampered } from "./portal.mjs";
import {
  assertSmooth, chooseQuality, forgetFiles, look, openGame, openWindow, OTHER_SITE, pause, play, playsOn, SAME_SITE, seek, shows, signIn,
  trouble, untilRefused,
} from "./viewer.mjs";
import { GAME, openWorld, picture, SESSION, startGate } from "./world.mjs";

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

describe("a viewer", { concurrency: 2 }, () => {
  test("signs in, opens a game, and watches it to its end by cookie", async () => {
    const page = await openWindow(world, { host: SAME_SITE });
    await page.goto(page.portal);
    await page.getByRole("heading", { name: "Sign in to watch" }).waitFor();
    await picture(page, "desktop-sign-in");
    await signIn(page, "Ada");
    await page.getByRole("link", { name: /cup final/ }).waitFor();
    await picture(page, "desktop-list");
    await page.getByRole("link", { name: /opening night/ }).click();
    await play(page);
    const { duration } = await look(page);
    assert.ok(Math.abs(duration - LENGTH) < 1, `${duration}`);
    await picture(page, "desktop-playing");
    await seek(page, LENGTH - 3);
    await page.waitForFunction(() => document.querySelector("video").ended);
    assert.ok((await look(page)).frames > 30);
    assertSmooth(page);
    // The token opened the session, and the cookie all the rest.
    const [first, ...rest] = page.gateAnswers.filter(({ path }) => !/thumbnails/.test(path));
    assert.ok(first.token && first.path === `/games/${GAME}/session.json`);
    assert.ok(rest.length > 5 && rest.every(({ token, path }) => !token && path.startsWith(`/games/${GAME}/`)));
    assert.equal(await page.evaluate(() => document.cookie), "");
    const mine = world.portal.asked.filter(({ viewer }) => viewer === "Ada");
    assert.ok(mine.length > 0 && mine.every(({ bearer }) => bearer === "Bearer of-Ada"));
    await page.context().close();
  });

  test("of a browser that keeps out other sites' cookies watches by the path", async () => {
    const page = await openWindow(world, { host: OTHER_SITE });
    await openGame(page, "Brahmagupta");
    await play(page);
    await seek(page, LENGTH - 3);
    await page.waitForFunction(() => document.querySelector("video").ended);
    const films = page.gateAnswers.filter(({ path }) => !path.endsWith("/session.json"));
    assert.ok(films.length > 5 && films.every(({ status, path }) => status < 400 && path.startsWith("/s/")));
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  test("chooses a quality and gets it", async () => {
    const page = await openWindow(world);
    await openGame(page, "Caroline");
    await play(page);
    await chooseQuality(page, /180p/);
    await shows(page, 180);
    await chooseQuality(page, /360p/);
    await shows(page, 360);
    await pause(page);
    await page.getByRole("button", { name: "Settings" }).click();
    await page.getByRole("menuitem", { name: /Quality/ }).click();
    await picture(page, "desktop-quality");
    assertSmooth(page);
    await page.context().close();
  });

  test("sees the film's pictures over the time line", async () => {
    for (const [host, name] of [[SAME_SITE, "cookie"], [OTHER_SITE, "path"]]) {
      const page = await openWindow(world, { host });
      await openGame(page, `Dorothy by ${name}`);
      await play(page);
      await pause(page);
      await page.locator("[data-media-player]").hover();
      const slider = page.locator(".vds-time-slider");
      const { width } = await slider.boundingBox();
      await slider.hover({ position: { x: width / 2, y: 5 } });
      const image = page.locator(".vds-slider-thumbnail img");
      await image.waitFor({ state: "attached" });
      await page.waitForFunction(() => document.querySelector(".vds-slider-thumbnail img").naturalWidth > 0);
      await picture(page, `desktop-thumbnail-${name}`);
      assert.deepEqual(page.faults, []);
      await page.context().close();
    }
  });

  test("shares a moment, and who opens the link sees that part alone", async () => {
    const page = await openWindow(world, { permissions: ["clipboard-read", "clipboard-write"] });
    await openGame(page, "Emmy");
    await play(page);
    await pause(page);
    await seek(page, 40);
    await page.getByRole("button", { name: /Start here/ }).click();
    await seek(page, 44);
    await page.getByRole("button", { name: /End here/ }).click();
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText("Copied.").waitFor();
    await picture(page, "desktop-clip-link");
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(link, `${page.portal}/#/games/${GAME}?start=40&end=44`);
    const other = await page.context().newPage();
    await other.goto(link);
    await other.getByText("You are watching 0:40 to 0:44.").waitFor();
    await play(other);
    const { time } = await look(other);
    assert.ok(time >= 40 && time < 44, `${time}`);
    await other.waitForFunction(() => document.querySelector("video").paused);
    const stopped = await look(other);
    assert.ok(stopped.time >= 43.5 && stopped.time < 44.5, `${stopped.time}`);
    await picture(other, "desktop-clip");
    await page.context().close();
  });

  test("goes from a film to a part of it and back, each from where it begins or was left", async () => {
    const page = await openWindow(world);
    await openGame(page, "Johanna");
    await play(page);
    await seek(page, 50);
    await playsOn(page);
    await page.evaluate((game) => (location.hash = `#/games/${game}?start=12&end=16`), GAME);
    await page.getByText("You are watching 0:12 to 0:16.").waitFor();
    await playFrom(page, 12);
    await page.waitForFunction(() => document.querySelector("video").paused);
    await page.getByRole("link", { name: "Watch the whole film" }).click();
    await page.getByText("You are watching").waitFor({ state: "detached" });
    // The link that had it is gone.
    await page.locator("main:focus").waitFor();
    await playFrom(page, 50);
    await page.context().close();
  });

  test("who has seen a part of a film alone begins the whole at its beginning", async () => {
    const page = await openWindow(world);
    await signIn(page, "Irène");
    await page.goto(`${page.portal}/#/games/${GAME}?start=40&end=44`);
    await playFrom(page, 40);
    await page.waitForFunction(() => document.querySelector("video").paused);
    await page.getByRole("link", { name: "Watch the whole film" }).click();
    await page.getByText("You are watching").waitFor({ state: "detached" });
    await playFrom(page, 0);
    assert.equal(await page.evaluate(() => localStorage.getItem("reelgate-positions:Irène")), null);
    await page.context().close();
  });

  test("watches on after the first session has ended", async () => {
    const page = await openWindow(world, { host: OTHER_SITE });
    await forgetFiles(page);
    await openGame(page, "Florence");
    await play(page);
    await chooseQuality(page, /180p/);
    await shows(page, 180);
    const old = page.gateAnswers.map(({ path }) => /^\/s\/[^/]+/.exec(path)?.[0]).find(Boolean);
    const first = `${old}/games/${GAME}/master.m3u8`;
    await untilRefused(page, world.gate.address + first, SESSION + 5);
    page.gateAnswers.splice(0);
    await chooseQuality(page, /360p/);
    await shows(page, 360);
    await playsOn(page);
    assertSmooth(page, first);
    assert.ok(page.gateAnswers.some(({ path }) => path.endsWith(".m4s") && !path.startsWith(old)));
    assert.ok(world.portal.asked.filter(({ viewer }) => viewer === "Florence").length >= 2);
    await page.context().close();
  });

  for (const [name, fault, kind, reason] of [
    ["a tampered token", { change: tampered }, "forbidden", "token_signature"],
    ["a token for another game", { game: "2025002" }, "forbidden", "wrong_game"],
    ["an expired token", { now: Math.floor(Date.now() / 1000) - 1000 }, "expired", "token_expired"],
    ["no permission", { status: 403 }, "forbidden", null],
    ["a portal that is out of order", { status: 500 }, "down", null],
  ]) {
    test(`with ${name} is told: ${kind}`, async () => {
      const page = await openWindow(world);
      world.portal.faults.set(name, fault);
      const reasons = [];
      page.on("response", (response) => reasons.push(response.headers()["x-reelgate-reason"]));
      await openGame(page, name);
      await trouble(page, kind);
      await picture(page, `desktop-${name.replaceAll(" ", "-")}`);
      assert.deepEqual(reasons.filter(Boolean), reason === null ? [] : [reason, reason], "asked twice and no more");
      assert.deepEqual(page.faults, []);
      // With the fault gone, trying again is enough where that can help, and loading anew everywhere.
      world.portal.faults.delete(name);
      const again = page.getByRole("button", { name: "Try again" });
      assert.equal(await again.count(), kind === "forbidden" ? 0 : 1);
      await (kind === "forbidden" ? page.reload() : again.click());
      await play(page);
      assert.equal(await page.locator("[role=alert]").count(), 0);
      await page.context().close();
    });
  }

  test("is told that a game has no film yet, or is none", async () => {
    const page = await openWindow(world);
    await openGame(page, "Grace", /Bremen/);
    await trouble(page, "missing");
    await picture(page, "desktop-missing");
    await page.goto(`${page.portal}/#/games/nowhere`);
    await page.locator(".watch").waitFor({ state: "detached" });
    await trouble(page, "missing");
    await page.getByRole("link", { name: "All films" }).click();
    await page.getByRole("heading", { level: 1, name: "Films" }).waitFor();
    await page.context().close();
  });

  test("who is not signed in is asked to, and the gate is not asked at all", async () => {
    const page = await openWindow(world);
    await page.goto(`${page.portal}/#/games/${GAME}`);
    await page.getByRole("heading", { name: "Sign in to watch" }).waitFor();
    assert.deepEqual(page.gateAnswers, []);
    // After signing in they are where they wanted to go.
    await page.getByLabel("Your name").fill("Hypatia");
    await page.getByRole("button", { name: "Sign in" }).click();
    await play(page);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in to watch" }).waitFor();
    assert.equal(await page.locator("video").count(), 0);
    await page.context().close();
  });

  test("whose sign-in ends goes on where they were, after signing in again", async () => {
    const page = await openWindow(world);
    await openGame(page, "Ida");
    await play(page);
    await seek(page, 50);
    await playsOn(page);
    world.portal.gone.add("Ida");
    await page.reload();
    await page.getByLabel("Your name").fill("Ida");
    await page.getByRole("button", { name: "Sign in" }).click();
    await play(page);
    const { time } = await look(page);
    assert.ok(time > 48 && time < 60, `${time}`);
    await page.context().close();
  });

  test("is told when there is no connection, and the film goes on by itself when it is back", async () => {
    const page = await openWindow(world);
    await forgetFiles(page);
    await openGame(page, "Joan");
    await play(page);
    await chooseQuality(page, /180p/);
    await shows(page, 180);
    await page.context().setOffline(true);
    await chooseQuality(page, /360p/);
    await trouble(page, "offline");
    await picture(page, "desktop-offline");
    await page.context().setOffline(false);
    await page.locator("[role=alert]").waitFor({ state: "detached" });
    await playsOn(page);
    await page.context().close();
  });

  for (const [name, host] of [["by cookie", SAME_SITE], ["by path", OTHER_SITE]]) {
    test(`does not notice that the gate forgot all sessions, ${name}`, async () => {
      // A gate with another secret stands for all that can end a session early.
      const [before, after] = ["web-journeys-first-secret-0123456789ab", "web-journeys-second-secret-0123456789a"];
      let gate = await startGate(world, before);
      try {
        world.portal.faults.set(name, { gate: gate.address, secret: before });
        const page = await openWindow(world, { host });
        await forgetFiles(page);
        await openGame(page, name);
        await play(page);
        await chooseQuality(page, /180p/);
        await shows(page, 180);
        await gate.stop();
        gate = await startGate(world, after, new URL(gate.address).host);
        world.portal.faults.set(name, { gate: gate.address, secret: after });
        page.gateAnswers.splice(0);
        await chooseQuality(page, /360p/);
        await shows(page, 360);
        await playsOn(page);
        const statuses = new Set(page.gateAnswers.map(({ status }) => status));
        assert.ok(statuses.has(403) && statuses.has(200), "refused first, then let in");
        assert.equal(await page.locator("[role=alert]").count(), 0);
        assert.deepEqual(page.faults, []);
        await page.context().close();
      } finally {
        await gate.stop();
      }
    });
  }

  test("without hls.js plays by the browser's own HLS, past a session that was lost", async () => {
    const [before, after] = ["web-journeys-first-secret-0123456789ab", "web-journeys-second-secret-0123456789a"];
    let gate = await startGate(world, before);
    try {
      world.portal.faults.set("Katherine", { gate: gate.address, secret: before });
      const page = await openWindow(world, { host: OTHER_SITE });
      await signIn(page, "Katherine");
      await page.goto(`${page.portal}/native.html`);
      await play(page);
      const address = () => page.evaluate(() => document.querySelector("video").currentSrc);
      const first = await address();
      assert.match(first, /\/s\/[^/]+\/games\//);
      await gate.stop();
      gate = await startGate(world, after, new URL(gate.address).host);
      world.portal.faults.set("Katherine", { gate: gate.address, secret: after });
      await seek(page, 80);
      await page.waitForFunction((first) => document.querySelector("video").currentSrc !== first, first);
      await page.waitForFunction(() => document.querySelector("video").currentTime > 81);
      assert.deepEqual(await page.evaluate(() => window.errors), []);
      await page.context().close();
    } finally {
      await gate.stop();
    }
  });
});

describe("the portal", { concurrency: 2 }, () => {
  for (const [name, context] of [
    ["phone", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
    ["phone-dark", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true, colorScheme: "dark" }],
    ["desktop-dark", { colorScheme: "dark" }],
    ["narrow", { viewport: { width: 320, height: 640 } }],
  ]) {
    test(`fits a ${name} window`, async () => {
      const page = await openWindow(world, context);
      world.portal.faults.set(name, { status: 403 });
      await openGame(page, name);
      await trouble(page, "forbidden");
      await picture(page, `${name}-forbidden`);
      world.portal.faults.delete(name);
      await page.reload();
      await play(page);
      await picture(page, `${name}-playing`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} px too wide`);
      await page.getByRole("link", { name: "All films" }).click();
      await page.getByRole("link", { name: /cup final/ }).waitFor();
      await picture(page, `${name}-list`);
      await page.getByRole("button", { name: "Sign out" }).click();
      await page.getByLabel("Your name").waitFor();
      await picture(page, `${name}-sign-in`);
      await page.context().close();
    });
  }

  test("is used with the keyboard alone", async () => {
    const page = await openWindow(world);
    await page.goto(page.portal);
    await page.getByLabel("Your name").waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "Skip to content");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Lise");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: /opening night/ }).waitFor();
    await tabTo(page, async () => /opening night/.test(await focused(page)));
    await picture(page, "desktop-focus");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.querySelector("video")?.readyState >= 3);
    assert.equal(await page.title(), "Hamburg at Cologne, opening night · Films");
    const playButton = page.getByRole("button", { name: "Play", exact: true }).first();
    await tabTo(page, () => playButton.evaluate((button) => button === document.activeElement));
    await page.keyboard.press("Enter");
    await playsOn(page);
    await page.context().close();
  });
});

/** Starts the film, which is to stand at about that second: where it was left is noted now and then. */
async function playFrom(page, second) {
  await page.waitForFunction((second) => {
    const { readyState, currentTime } = document.querySelector("video") ?? {};
    return readyState >= 3 && Math.abs(currentTime - second) < 3;
  }, second);
  await play(page);
  const { time } = await look(page);
  assert.ok(time > second && time < second + 6, `${time} instead of ${second}`);
}

/** What a link or button in focus says. */
function focused(page) {
  return page.evaluate(() => document.activeElement?.closest("a, button")?.textContent ?? "");
}

async function tabTo(page, isThere) {
  for (let presses = 0; presses < 20; presses += 1) {
    if (await isThere()) return;
    await page.keyboard.press("Tab");
  }
  assert.fail("20 presses of Tab do not lead there");
}
