// A viewer in a window of their own, and what they see.

import assert from "node:assert/strict";

import { PATIENCE } from "./world.mjs";

/** Of which host the portal is opened: of the gate's site, or of another, whose cookies the browser keeps out. */
export const SAME_SITE = "127.0.0.1";
export const OTHER_SITE = "localhost";

/** A window with nobody signed in. What the gate is asked is in `page.gateAnswers`. */
export async function openWindow(world, { host = SAME_SITE, ...context } = {}) {
  const window = await world.browser.newContext({ viewport: { width: 1280, height: 900 }, locale: "en-GB", ...context });
  const page = await window.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.gateAnswers = [];
  page.faults = [];
  page.on("response", (response) => {
    const url = new URL(response.url());
    if (url.pathname.includes("/games/") && url.origin !== page.portal) page.gateAnswers.push({ status: response.status(), path: url.pathname, token: url.searchParams.has("t") });
  });
  page.on("pageerror", (error) => page.faults.push(error.stack ?? String(error)));
  page.portal = world.portal.origin(host);
  return page;
}

/** Has the browser ask anew for what it has had before. */
export async function forgetFiles(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
}

/** Waits until the gate answers 403 there. */
export function untilRefused(page, url, seconds) {
  return page.evaluate(async ({ url, deadline }) => {
    while ((await fetch(url, { cache: "no-store" })).status !== 403) {
      if (Date.now() > deadline) throw new Error("it is let in for too long");
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }, { url, deadline: Date.now() + seconds * 1000 });
}

/** Signs in by the form, as `name`. */
export async function signIn(page, name) {
  await page.goto(page.portal);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Signs in and opens the game from the list. */
export async function openGame(page, name, title = /opening night/) {
  await signIn(page, name);
  await page.getByRole("link", { name: title }).click();
  await page.getByRole("heading", { level: 1, name: title }).waitFor();
}

/** Signs in and opens the film by its address: a list leaves out what a viewer may not watch. */
export async function openByAddress(page, name, game) {
  await signIn(page, name);
  await page.goto(`${page.portal}/#/games/${game}`);
  await page.locator(".watch").waitFor();
}

/** Waits until the film can play, and starts it without sound. */
export async function play(page) {
  try {
    await page.waitForFunction(() => document.querySelector("video")?.readyState >= 3);
  } catch (error) {
    throw new Error(`the film cannot be played: ${await state(page)}`, { cause: error });
  }
  await page.evaluate(() => {
    const video = document.querySelector("video");
    video.muted = true;
    return video.play();
  });
  await playsOn(page);
}

/** Waits until the film is a second further than now. */
export async function playsOn(page) {
  const from = (await look(page)).time;
  await page.waitForFunction((from) => document.querySelector("video").currentTime > from + 1, from);
}

export function look(page) {
  return page.evaluate(() => {
    const video = document.querySelector("video");
    return {
      time: video.currentTime,
      duration: video.duration,
      height: video.videoHeight,
      paused: video.paused,
      ended: video.ended,
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
    };
  });
}

export async function seek(page, seconds) {
  await page.evaluate((seconds) => (document.querySelector("video").currentTime = seconds), seconds);
}

/** Chooses a quality in the player's own menu, and plays on. */
export async function chooseQuality(page, name) {
  await openMenu(page, /Quality/);
  await chooseInMenu(page, name);
  await page.evaluate(() => void document.querySelector("video").play());
}

/** Opens a menu of the player's settings. While a film plays its controls hide, so it is paused. */
export async function openMenu(page, menu) {
  await pause(page);
  await page.locator("[data-media-player]").hover();
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitem", { name: menu }).click();
  await page.getByRole("menuitemradio").first().waitFor();
}

/** Chooses in the menu that is open, and closes it. */
export async function chooseInMenu(page, name) {
  await page.getByRole("menuitemradio", { name }).click();
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitemradio", { name }).waitFor({ state: "hidden" });
}

export async function pause(page) {
  await page.evaluate(() => document.querySelector("video").pause());
  await page.locator("[data-media-player][data-paused]").waitFor();
}

/** Waits until the picture is so high. */
export async function shows(page, height) {
  try {
    await page.waitForFunction((height) => document.querySelector("video").videoHeight === height, height);
  } catch (error) {
    throw new Error(`the picture is not ${height} lines high: ${await state(page)}`, { cause: error });
  }
}

/** What a failed journey is told by: the player, and what the gate answered last. */
async function state(page) {
  const player = await page.evaluate(() => {
    const video = document.querySelector("video");
    if (video === null) return { page: document.body.innerText.slice(0, 500) };
    const { buffered, currentTime, paused, videoHeight, readyState, networkState, error } = video;
    const ranges = Array.from({ length: buffered.length }, (_, at) => [buffered.start(at), buffered.end(at)]);
    const frames = video.getVideoPlaybackQuality().totalVideoFrames;
    return { currentTime, paused, videoHeight, readyState, networkState, frames, error: error?.message, buffered: ranges };
  });
  const asked = page.gateAnswers.slice(-20).map(({ status, path }) => `${status} ${path.replace(/^\/s\/[^/]+/, "/s/…")}`);
  return JSON.stringify({ ...player, asked, faults: page.faults }, null, 1);
}

/** Nothing of the film was refused, and no script of the page failed. `refused` is a path that the test itself asked for. */
export function assertSmooth(page, refused) {
  const isWanted = ({ path, token }) => path === refused || (keepsOutCookies(page) && isCookieQuestion(path, token));
  assert.deepEqual(page.gateAnswers.filter((answer) => answer.status >= 400 && !isWanted(answer)), []);
  assert.deepEqual(page.faults, []);
}

function keepsOutCookies(page) {
  return new URL(page.portal).hostname === OTHER_SITE;
}

/** With each new session the page asks once whether its cookie comes back. */
function isCookieQuestion(path, token) {
  return !token && /^\/games\/[^/]+\/session\.json$/.test(path);
}

/** The message in the film's place, once there is one of that kind. */
export async function trouble(page, kind) {
  const message = page.locator(`[role=alert][data-kind=${kind}]`);
  await message.waitFor();
  return message;
}
