// What `cargo xtask up` starts after the build: the real gate, the real playback endpoint, and the portal
// with its identity for development. A film in a ladder of qualities is added as a person would.

import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { listening, run } from "./process.mjs";
import { KEPT, launch, REELGATE, ROOT, SESSION, TARGET } from "./world.mjs";

/** Seconds. Longer than a session. */
export const LENGTH = 90;
/** The game that `up` packages itself, in one quality. */
export const SAMPLE = "sample";
/** The game with a ladder. */
export const LADDER = "ladder";

/** Starts it for `openWorld`, with the film in a ladder. */
export const startUp = startUpWith(async (add) => add(await keptFilm(), LADDER, ["--ladder", "abr"]));

/**
 * What starts it for `openWorld`. `fill` is told the folder for what it makes, and packages what is to be there
 * beside the sample: by `add(film, game, options)`, as a person would.
 */
export function startUpWith(fill) {
  return (endings) => start(endings, fill);
}

async function start(endings, fill) {
  const data = await mkdtemp(join(tmpdir(), "reelgate-up-"));
  endings.push(() => rm(data, { recursive: true, force: true }));
  const film = await keptFilm();
  await copyFile(film, join(data, "sample.mp4"));
  await mkdir(join(KEPT, "cache"), { recursive: true });
  await symlink(join(KEPT, "cache"), join(data, "cache"));
  const page = join(ROOT, "web/portal/dist");
  const ports = ["--port", "0", "--page-port", "0", "--portal-port", "0"];
  const places = ["--data", data, "--app", join(ROOT, "spin.toml"), "--build-folder", TARGET];
  const env = { PATH: process.env.PATH, SPIN_VARIABLE_SESSION_TTL_SECONDS: `${SESSION}` };
  const up = await listening(REELGATE, ["up", ...ports, ...places, "--portal", page], env, /token mint --film/);
  endings.push(up.stop);
  const portal = new URL(up.log.find((line) => line.startsWith("portal "))?.split(/ +/)[1]);
  const settings = await readFile(join(data, "up.env"), "utf8");
  const gate = /^REELGATE_URL=(.+)$/m.exec(settings)[1];
  const bucket = ["--env-file", join(data, "up.env")];
  const add = (film, game, options) => run(REELGATE, ["package", film, "--game", game, ...bucket, ...options], { env }, 300_000);
  await fill(add, data);
  const browser = await launch();
  endings.push(() => browser.close());
  const origin = (host) => `http://${host}:${portal.port}`;
  return { up, data, gate, portal: { origin }, browser };
}

/** 480 lines, a key frame every two seconds; made by ffmpeg at the first use. */
async function keptFilm() {
  const kept = join(KEPT, "up.mp4");
  if (existsSync(kept)) return kept;
  const unfinished = join(KEPT, `up-${process.pid}.mp4`);
  await run("ffmpeg", [
    ...["-v", "error", "-y", "-f", "lavfi", "-i", `testsrc2=size=640x480:rate=12:duration=${LENGTH}`],
    ...["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=48000:duration=${LENGTH}`],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "24", "-sc_threshold", "0"],
    ...["-b:v", "900k", "-maxrate", "900k", "-bufsize", "900k", "-c:a", "aac", "-b:a", "64k", unfinished],
  ]);
  await rename(unfinished, kept);
  return kept;
}
