// Plays a film in Chromium and prints what happened, as one JSON object.
//
//   node play.mjs CHROMIUM PAGE FILM CREDENTIALS PLAYER
//
// PAGE is the address of player.html, FILM that of the master playlist, CREDENTIALS `yes` or `no`, PLAYER `hls.js`
// or `shaka-player`.

import { chromium } from "playwright-core";

const [executablePath, pageUrl, film, credentials, player] = process.argv.slice(2);
/** Milliseconds. Decoding is done by the processor, which others may be using too. */
const PATIENCE = 25_000;

const browser = await chromium.launch({
  executablePath,
  headless: true,
  timeout: PATIENCE,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
  ],
});

try {
  // The certificate is the journey's own.
  const page = await browser.newPage({ ignoreHTTPSErrors: true });
  page.setDefaultTimeout(PATIENCE);
  const responses = [];
  page.on("response", (response) => {
    const { pathname, search } = new URL(response.url());
    const media = /\.(m3u8|m4s|mp4)$/.test(pathname);
    if (media) responses.push({ status: response.status(), file: pathname.split("/").pop(), token: search !== "" });
  });
  await page.goto(`${pageUrl}?${new URLSearchParams({ film, credentials, player })}`);
  await until(page, () => window.failure !== null || document.getElementById("video").currentTime > 1);
  const played = await look(page);
  const sought = played.failure === null ? await seek(page) : null;
  const asked = await page.evaluate(ask, { film, credentials });
  const cookies = await page.evaluate(() => document.cookie);
  console.log(JSON.stringify({ played, sought, asked, cookies, responses }));
} finally {
  await browser.close();
}

/** The state of the player. */
function look(page) {
  return page.evaluate(() => {
    const video = document.getElementById("video");
    return {
      failure: window.failure,
      time: video.currentTime,
      duration: Number.isFinite(video.duration) ? video.duration : null,
      frames: video.getVideoPlaybackQuality().totalVideoFrames,
      ended: video.ended,
    };
  });
}

/** Waits in the page. A player that stands still is looked at, as one that ended or failed is. */
function until(page, isSo, argument) {
  return page.waitForFunction(isSo, argument).catch((error) => {
    if (error.name !== "TimeoutError") throw error;
  });
}

/** Goes to the middle and watches a little of it, then to where 0.7 s are left, and watches those. */
async function seek(page) {
  const middle = await page.evaluate(() => {
    const video = document.getElementById("video");
    return (video.currentTime = video.duration / 2);
  });
  await until(
    page,
    (middle) => window.failure !== null || document.getElementById("video").currentTime > middle + 0.3,
    middle,
  );
  await page.evaluate(() => {
    const video = document.getElementById("video");
    video.currentTime = video.duration - 0.7;
  });
  await until(page, () => window.failure !== null || document.getElementById("video").ended);
  return look(page);
}

/** What a script of the page can read of an answer. */
async function ask({ film, credentials }) {
  const response = await fetch(film, { credentials: credentials === "yes" ? "include" : "omit" });
  return {
    status: response.status,
    reason: response.headers.get("x-reelgate-reason"),
    length: response.headers.get("content-length"),
  };
}
