// A viewer in a window of their own, and what they see.

import { GAME, PATIENCE } from "./world.mjs";

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
    if (url.origin === world.gate.address) page.gateAnswers.push({ status: response.status(), path: url.pathname, token: url.searchParams.has("t") });
  });
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.portal = world.portal.origin(host);
  return page;
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

/** Waits until the film can play, and starts it without sound. */
export async function play(page) {
  await page.locator("video").waitFor({ state: "attached" });
  await page.waitForFunction(() => document.querySelector("video").readyState >= 3);
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

/** Chooses a quality in the player's own menu, by keyboard. */
export async function chooseQuality(page, name) {
  await page.locator("[data-media-player]").hover();
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("menuitem", { name: /Quality/ }).click();
  await page.getByRole("menuitemradio", { name }).click();
}

/** The message in the film's place, once there is one of that kind. */
export async function trouble(page, kind) {
  const message = page.locator(`[role=alert][data-kind=${kind}]`);
  await message.waitFor();
  return message;
}

export { GAME };
