// A bucket, a gate, a portal on another origin, and a browser.

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";

import { film, LENGTH } from "./film.mjs";
import { startPortal } from "./portal.mjs";
import { listening } from "./process.mjs";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
export const REELGATE = process.env.REELGATE_BIN ?? join(ROOT, "target/release/reelgate");
export const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
export const KEPT = join(TARGET, "journeys/web");
const SHOTS = fileURLToPath(new URL("screenshots", import.meta.url));

const SECRET = "reelgate-web-journeys-secret-0123456789";
const BUCKET = { id: "web-journeys", secret: "web-journeys-bucket-secret", name: "films" };

export const GAME = "2025001";
/** Seconds that a session at the gate lives: the least it can be told. */
export const SESSION = 60;

const GAMES = [
  {
    id: GAME,
    title: "Hamburg at Cologne, opening night",
    description: "The first game of the season, from the whistle to the last second.",
    date: "2025-10-09",
    duration_seconds: LENGTH,
    poster: "/poster.jpg",
    thumbnails: "thumbnails.vtt",
  },
  { id: "2025002", title: "Bremen at Leipzig", date: "2025-10-16", duration_seconds: 7320 },
  { id: "cup final (1)", title: "The cup final, with extra time and a title that needs two lines", duration_seconds: 9000 },
  { id: "2025004", title: "Dresden at Kiel", date: "2025-10-30" },
  // With a picture there is nothing left to ask the gate for.
].map((game) => ({ poster: "/poster.jpg", ...game }));

/** Milliseconds. Decoding is done by the processor, which others may be using too. */
export const PATIENCE = 60_000;

/** Everything, or nothing: what was started before something failed is stopped again. */
export async function openWorld(start = startOwn) {
  if (!existsSync(REELGATE)) throw new Error(`there is no ${REELGATE}: run \`cargo xtask build\` first`);
  await mkdir(KEPT, { recursive: true });
  await mkdir(SHOTS, { recursive: true });
  const endings = [];
  const close = async () => {
    while (endings.length > 0) await endings.pop()();
  };
  try {
    return { ...(await start(endings)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Starts one after the other and puts into `endings` how each is stopped. */
async function startOwn(endings) {
  const data = await mkdtemp(join(tmpdir(), "reelgate-web-"));
  endings.push(() => rm(data, { recursive: true, force: true }));
  const game = join(data, "s3", BUCKET.name, "games", GAME);
  await mkdir(game, { recursive: true });
  await film(KEPT, game);
  const portal = await startPortal({ games: GAMES, poster: join(game, "poster.jpg"), secret: SECRET });
  endings.push(portal.stop);
  const keys = ["--access-key-id", BUCKET.id, "--secret-access-key", BUCKET.secret];
  const bucket = ["--data", join(data, "s3"), ...keys, "--bucket", BUCKET.name];
  const s3 = await listening(REELGATE, ["s3", "--listen", "127.0.0.1:0", ...bucket], {});
  endings.push(s3.stop);
  const gate = await startGate({ portal, data, s3 });
  endings.push(gate.stop);
  portal.gate = gate.address;
  const browser = await launch();
  endings.push(() => browser.close());
  return { portal, data, s3, gate, browser };
}

/** A gate before the world's bucket; at the address `listen` where one is given. */
export async function startGate({ portal, data, s3 }, secret = SECRET, listen = "127.0.0.1:0") {
  const variables = {
    S3_ENDPOINT: s3.address,
    S3_BUCKET: BUCKET.name,
    S3_ACCESS_KEY_ID: BUCKET.id,
    S3_SECRET_ACCESS_KEY: BUCKET.secret,
    PLAYBACK_TOKEN_SECRET: secret,
    SESSION_TTL_SECONDS: `${SESSION}`,
    ALLOWED_ORIGINS: ["127.0.0.1", "localhost"].map(portal.origin).join(","),
  };
  const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [`SPIN_VARIABLE_${name}`, value]));
  const app = join(ROOT, "spin.toml");
  // A store belongs to one host at a time. What is compiled is the same for all.
  const own = await mkdtemp(join(data, "host-"));
  await mkdir(join(KEPT, "cache"), { recursive: true });
  await symlink(join(KEPT, "cache"), join(own, "cache"));
  const places = ["--app", app, "--build-folder", TARGET, "--data", own];
  return listening(REELGATE, ["serve", "--listen", listen, ...places], env);
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.REELGATE_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    timeout: PATIENCE,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-background-timer-throttling",
      "--disable-renderer-backgrounding",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
}

/** Takes a picture of the page, for people to look at. */
export function picture(page, name) {
  return page.screenshot({ path: join(SHOTS, `${name}.png`) });
}
