// Every state of the portal as people with other eyes, hands, windows and languages meet it: held before axe's rules for
// WCAG 2.2 AA, in windows of four kinds, and with the focus where one goes on.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";

import { chooseQuality, forgetFiles, openGame, openWindow, pause, play, shows, signIn, trouble } from "./viewer.mjs";
import { GAME, openWorld, picture } from "./world.mjs";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

// A slider of vidstack that a message has taken the place of measures itself once more (its observer is throttled), and
// has no properties by then.
const SLIDER_GONE = /^TypeError: \w+ is not a function\n +at #/;

// They differ in all that a page can look different for: width, colours, language, motion.
const WINDOWS = {
  "wide and dark": { viewport: { width: 1440, height: 900 }, locale: "en-GB", colorScheme: "dark" },
  "narrow and light": {
    viewport: { width: 320, height: 640 },
    isMobile: true,
    hasTouch: true,
    locale: "de-DE",
    reducedMotion: "reduce",
  },
};

let world;
before(async () => {
  world = await openWorld();
});
after(() => world?.close());

/** So many films, with and without a picture. */
function films(count) {
  return Array.from({ length: count }, (_, number) => ({
    id: `film-${number}`,
    title: `Week ${number + 1}: Bremen at Hamburg`,
    date: new Date(Date.UTC(2020, 0, 1 + number)).toISOString().slice(0, 10),
    duration_seconds: 5400 + number,
    poster: number % 2 === 0 ? "/poster.jpg" : "/no-such-poster.jpg",
  }));
}

const LONG = [
  { id: "words", title: "The cup final of the second season, ".repeat(6), date: "2025-10-09", poster: "/poster.jpg" },
  { id: "word", title: "Donaudampfschifffahrtsgesellschaft".repeat(5), duration_seconds: 36_000, poster: "/no-such-poster.jpg" },
];

const BEGUN = { "film-0": { at: 60, of: 5400, when: 1 }, "film-3": { at: 5000, of: 5403, when: 2 } };

const answer = (status, json = {}) => (route) => route.fulfill({ status, json });
const list = (count) => ({ "**/games.json": answer(200, films(count)) });

/** What each state is reached by: other answers, the address after `#`, what is stored, and what is done and waited for then. */
const SIGNED_OUT = {
  "sign-in": { shows: ".sign-in input" },
  "sign-in-refused": { answers: { "**/api/session": post(answer(400)) }, then: submit, shows: ".refused" },
  "sign-in-failed": { answers: { "**/api/session": post(answer(503)) }, then: submit, shows: ".refused" },
  "sign-in-asking": { answers: { "**/api/session": post(hold) }, then: submit, shows: "button[aria-disabled=true]" },
  "sign-in-elsewhere": { answers: { "**/config.json": answer(200, { signIn: "/elsewhere" }) }, shows: "a.primary" },
  "portal-down": { answers: { "**/api/session": answer(502) }, shows: "[data-kind=down]" },
  "portal-unreachable": { answers: { "**/api/session": (route) => route.abort() }, shows: "[data-kind=unreachable]" },
};
const SIGNED_IN = {
  "list-none": { answers: list(0), shows: "main p.quiet" },
  "list-one": { answers: list(1), shows: ".card" },
  "list-many": { answers: list(300), shows: ".pages" },
  "list-page-3": { answers: list(300), hash: "#/?page=3&sort=oldest", shows: "[rel=prev]" },
  "list-none-found": { answers: list(50), hash: "#/?q=nobody", shows: ".none" },
  "list-long-titles": { answers: { "**/games.json": answer(200, LONG), "**/config.json": answer(200, { title: LONG[0].title }) }, shows: ".card" },
  "list-begun": { answers: list(12), stored: BEGUN, shows: ".go-on" },
  "list-expired": { answers: { "**/games.json": answer(401) }, shows: "[data-kind=expired]" },
  "list-barred": { answers: { "**/games.json": answer(403) }, shows: "[data-kind=barred]" },
  "list-down": { answers: { "**/games.json": answer(500) }, shows: "[data-kind=down]" },
  "sign-out-failed": { answers: { "**/api/session": remove(answer(500)) }, then: (page) => page.locator(".viewer button").click(), shows: ".refused" },
  film: { hash: `#/games/${GAME}`, then: settle, shows: ".clip-link" },
  "film-clip": { hash: `#/games/${GAME}?start=10&end=20`, then: settle, shows: ".clip-note" },
  "film-clip-link": { hash: `#/games/${GAME}`, then: chooseClip, shows: ".clip-link .link" },
  "film-settings": { hash: `#/games/${GAME}`, then: openSettings, shows: ".vds-menu-items[data-root]:not([aria-hidden=true])" },
  "film-none": { hash: "#/games/nowhere", shows: "[data-kind=missing]" },
  "film-expired": { hash: `#/games/${GAME}`, answers: { "**/playback": answer(401) }, shows: "[data-kind=expired]" },
  "film-forbidden": { hash: `#/games/${GAME}`, answers: { "**/playback": answer(403) }, shows: "[data-kind=forbidden]" },
  "film-missing": { hash: `#/games/${GAME}`, answers: { "**/playback": answer(404) }, shows: "[data-kind=missing]" },
  "film-down": { hash: `#/games/${GAME}`, answers: { "**/playback": answer(503) }, shows: "[data-kind=down]" },
  "film-unreachable": { hash: `#/games/${GAME}`, answers: { "**/playback": (route) => route.abort() }, shows: "[data-kind=unreachable]" },
  "film-damaged": { hash: `#/games/${GAME}`, answers: { "**/*.m4s": (route) => route.fulfill({ body: "no film" }) }, shows: "[data-kind=broken]" },
  "film-unknown": { hash: `#/games/${GAME}`, answers: { "**/master.m3u8*": withCodecsOfTomorrow }, shows: "[data-kind=broken]" },
};

/** What may be over in a moment, or after signing in again. */
const PASSING = ["down", "unreachable", "offline", "expired"];

/** Answers a request that signs in, and leaves the others to the portal. */
function post(answers) {
  return (route) => (route.request().method() === "POST" ? answers(route) : route.fallback());
}

function remove(answers) {
  return (route) => (route.request().method() === "DELETE" ? answers(route) : route.fallback());
}

/** Requests that get no answer before the page has been looked at. */
const held = [];
function hold(route) {
  held.push(route);
}

async function release() {
  for (const route of held.splice(0)) await route.abort();
}

async function withCodecsOfTomorrow(route) {
  const response = await route.fetch();
  const playlist = await response.text();
  await route.fulfill({ response, body: playlist.replaceAll(/avc1[^",]*/g, "zzzz.1") });
}

async function submit(page) {
  await page.locator(".sign-in input").fill("nobody");
  await page.locator(".sign-in button").click();
}

/** Plays a little, and stops. */
async function settle(page) {
  await play(page);
  await pause(page);
  await page.locator("[data-media-player]").hover();
}

async function chooseClip(page) {
  await settle(page);
  await page.locator(".clip-link button").first().click();
}

async function openSettings(page) {
  await settle(page);
  await page.locator(".vds-menu-button[data-root], .vds-settings-menu .vds-menu-button, .vds-menu > .vds-menu-button").first().click();
}

async function show(page, name, { answers = {}, hash = "", stored, then, shows }) {
  for (const [url, handler] of Object.entries(answers)) await page.route(url, handler);
  if (stored !== undefined) {
    await page.evaluate((it) => localStorage.setItem("reelgate-positions:states", JSON.stringify(it)), stored);
  }
  await page.goto("about:blank");
  await page.goto(`${page.portal}/${hash}`);
  await then?.(page);
  await page.locator(shows).first().waitFor();
  await picture(page, `state-${name}`);
}

async function assertGood(page, name) {
  await page.addScriptTag({ path: AXE });
  const violations = await page.evaluate(async (values) => {
    const { violations } = await window.axe.run(document, { runOnly: { type: "tag", values } });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => ({ id, html, failureSummary })));
  }, RULES);
  assert.deepEqual(violations, [], name);
  const [width, language] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.lang]);
  // A phone's own idea of its width grows with what does not fit.
  assert.ok(width <= page.viewportSize().width, `${name}: ${width} px wide`);
  assert.deepEqual(await page.evaluate(faintFields), [], `${name}: fields with an edge below 3:1`);
  assert.equal(language, page.language, name);
  const kind = await page.evaluate(() => document.querySelector(".trouble")?.dataset.kind);
  const again = await page.locator(".trouble button:not(.primary)").count();
  assert.equal(again, PASSING.includes(kind) ? 1 : 0, `${name}: whether trying again is offered`);
  const faults = kind === undefined ? page.faults : page.faults.filter((fault) => !SLIDER_GONE.test(fault));
  assert.deepEqual(faults, [], name);
}

/** Fields whose edge has less than 3:1 against what they stand on (WCAG 1.4.11), which axe does not look at. */
function faintFields() {
  const luminance = (colour) => {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255);
    const [red, green, blue] = parts.map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    const { backgroundColor } = getComputedStyle(element);
    return /, 0\)$/.test(backgroundColor) && element.parentElement ? ground(element.parentElement) : backgroundColor;
  };
  return [...document.querySelectorAll("main input, main select, header select")].flatMap((field) => {
    const [edge, behind] = [getComputedStyle(field).borderTopColor, ground(field.parentElement)].map(luminance);
    const contrast = (Math.max(edge, behind) + 0.05) / (Math.min(edge, behind) + 0.05);
    return contrast >= 3 ? [] : [`${field.outerHTML.slice(0, 80)}: ${contrast}`];
  });
}

describe("every state", () => {
  for (const [window, context] of Object.entries(WINDOWS)) {
    test(`can be read, reached and understood in a ${window} window`, async () => {
      const page = await openWindow(world, context);
      page.language = context.locale.slice(0, 2);
      const failures = [];
      const visit = async ([name, state]) => {
        try {
          await show(page, `${name}-${window}`, state);
          await assertGood(page, name);
        } catch (error) {
          failures.push(error);
        }
        await release();
        await page.unrouteAll({ behavior: "ignoreErrors" });
      };
      for (const state of Object.entries(SIGNED_OUT)) await visit(state);
      await page.goto(page.portal);
      await page.locator(".sign-in input").fill("states");
      await page.locator(".sign-in button").click();
      await page.locator(".card").first().waitFor();
      for (const state of Object.entries(SIGNED_IN)) await visit(state);
      if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("\n"));
      await page.context().close();
    });
  }
});

/** Whether the focus is in what the selector names, or is that itself. */
function hasFocus(page, selector) {
  return page.waitForFunction((selector) => document.activeElement?.closest(selector) !== null, selector);
}

describe("a viewer in trouble", () => {
  test("keeps the focus when a list that was not there is", async () => {
    const page = await openWindow(world);
    await page.route("**/games.json", answer(500));
    await signIn(page, "Ada");
    await trouble(page, "down");
    await page.unrouteAll();
    await page.getByRole("button", { name: "Try again" }).press("Enter");
    await page.getByRole("link", { name: /opening night/ }).waitFor();
    await hasFocus(page, "main");
    await page.context().close();
  });

  test("finds the focus in the message over the film, and in the film afterwards", async () => {
    const page = await openWindow(world);
    await forgetFiles(page);
    await openGame(page, "Brahmagupta");
    await play(page);
    await chooseQuality(page, /180p/);
    await shows(page, 180);
    await page.context().setOffline(true);
    await chooseQuality(page, /360p/);
    await hasFocus(page, "[data-media-player]");
    await trouble(page, "offline");
    await hasFocus(page, ".trouble");
    const isReached = await page.locator("[data-media-player]").evaluate((it) => (it.focus(), document.activeElement === it));
    assert.equal(isReached, false, "nothing behind the message is reached");
    await page.context().setOffline(false);
    await page.locator("[role=alert]").waitFor({ state: "detached" });
    await hasFocus(page, "[data-media-player]");
    await page.context().close();
  });

  test("finds the focus in the film when trying again has helped", async () => {
    const page = await openWindow(world);
    world.portal.faults.set("Rosalind", { status: 500 });
    await openGame(page, "Rosalind");
    await trouble(page, "down");
    world.portal.faults.delete("Rosalind");
    await page.getByRole("button", { name: "Try again" }).press("Enter");
    await hasFocus(page, "[data-media-player]");
    await play(page);
    await page.context().close();
  });

  test("sees a list without a connection come back by itself", async () => {
    const page = await openWindow(world);
    await page.route("**/games.json", async (route) => {
      await page.context().setOffline(true);
      await route.abort();
    });
    await signIn(page, "Caroline");
    await trouble(page, "offline");
    await page.unrouteAll();
    await page.context().setOffline(false);
    await page.getByRole("link", { name: /opening night/ }).waitFor();
    await page.context().close();
  });

  test("is told so when the player itself does not come, and it comes by itself", async () => {
    const page = await openWindow(world);
    await signIn(page, "Lise");
    await page.getByRole("link", { name: /opening night/ }).waitFor();
    await page.context().setOffline(true);
    await page.getByRole("link", { name: /opening night/ }).click();
    await trouble(page, "offline");
    await page.context().setOffline(false);
    await play(page);
    await page.context().close();
  });

  test("is not told to be signed out while the portal does not say so", async () => {
    const page = await openWindow(world);
    await signIn(page, "Dorothy");
    await page.route("**/api/session", remove(answer(500)));
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("You are still signed in").waitFor();
    await page.unrouteAll();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Your name").waitFor();
    await page.context().close();
  });

  test("types another name where the first was refused", async () => {
    const page = await openWindow(world);
    await page.route("**/api/session", post(answer(400)));
    await page.goto(page.portal);
    await page.getByLabel("Your name").fill("nobody");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Nobody can sign in by this name.").waitFor();
    await page.unrouteAll();
    await page.keyboard.type("Emmy");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await page.getByText("Emmy", { exact: true }).waitFor();
    await page.context().close();
  });
});

describe("a viewer", () => {
  test("who has signed out leaves no film in the window's title", async () => {
    const page = await openWindow(world);
    await openGame(page, "Florence");
    await page.waitForFunction(() => document.title.startsWith("Hamburg at Cologne"));
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Your name").waitFor();
    await page.waitForFunction(() => document.title === "Sign in · Films");
    await page.context().close();
  });

  test("sees letters where a picture does not come", async () => {
    const page = await openWindow(world);
    await page.route("**/games.json", answer(200, [{ id: "1", title: "Week One", poster: "/no-such-poster.jpg" }]));
    await signIn(page, "Grace");
    await page.locator(".poster").getByText("WO").waitFor();
    assert.equal(await page.locator(".poster img").count(), 0);
    await page.context().close();
  });

  test("copies a link by hand where no page may", async () => {
    const page = await openWindow(world);
    await page.addInitScript(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
    await openGame(page, "Hypatia");
    await play(page);
    await page.getByRole("button", { name: /Start here/ }).click();
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText("copy it by hand").waitFor();
    const selected = await page.evaluate(() => {
      const { value, selectionStart, selectionEnd } = document.activeElement;
      return value.slice(selectionStart, selectionEnd);
    });
    assert.match(selected, new RegExp(`/#/games/${GAME}\\?start=`));
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
});
