// A film of 100 seconds in two qualities with sound apart, and pictures for the time line.

import { existsSync } from "node:fs";
import { cp, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { run } from "./process.mjs";

/** Seconds. Longer than the shortest session that a gate can be told to give. */
export const LENGTH = 100;
/** Seconds between two pictures for the time line. */
const STEP = 5;
const TILE = { width: 160, height: 90, columns: 5 };

/** Puts the film into `folder`; made by ffmpeg at the first use, then kept in `cache`. */
export async function film(cache, folder) {
  const kept = join(cache, "film");
  if (!existsSync(kept)) {
    const unfinished = join(cache, `unfinished-${process.pid}`);
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    await make(unfinished);
    await rename(unfinished, kept).catch(async (error) => {
      // Another process was quicker.
      if (error.code !== "ENOTEMPTY") throw error;
      await rm(unfinished, { recursive: true });
    });
  }
  await cp(kept, folder, { recursive: true });
}

async function make(folder) {
  const picture = ["-f", "lavfi", "-i", `testsrc2=size=640x360:rate=25:duration=${LENGTH}`];
  const sound = ["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=48000:duration=${LENGTH}`];
  const rung = (number, rate) => [`-b:v:${number}`, `${rate}k`, `-maxrate:v:${number}`, `${rate}k`, `-bufsize:v:${number}`, `${rate}k`];
  await run("ffmpeg", [
    ...["-v", "error", ...picture, ...sound],
    ...["-filter_complex", "[0:v]split=2[big][whole];[whole]scale=320:180[small]"],
    ...["-map", "[big]", "-map", "[small]", "-map", "1:a"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-sc_threshold", "0"],
    ...rung(0, 700),
    ...rung(1, 200),
    ...["-c:a", "aac", "-b:a", "64k"],
    ...["-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"],
    ...["-hls_flags", "independent_segments", "-master_pl_name", "master.m3u8"],
    ...["-var_stream_map", "v:0,agroup:a v:1,agroup:a a:0,agroup:a,default:yes"],
    ...["-hls_fmp4_init_filename", "init_%v.mp4", "-hls_segment_filename", join(folder, "v%v_%05d.m4s")],
    join(folder, "v%v.m3u8"),
  ], { cwd: folder });
  const tiles = `fps=1/${STEP},scale=${TILE.width}:${TILE.height},tile=${TILE.columns}x${LENGTH / STEP / TILE.columns}`;
  await run("ffmpeg", ["-v", "error", ...picture, "-vf", tiles, "-frames:v", "1", join(folder, "thumbnails.jpg")]);
  await run("ffmpeg", ["-v", "error", ...picture, "-frames:v", "1", join(folder, "poster.jpg")]);
  await writeFile(join(folder, "thumbnails.vtt"), thumbnails());
}

function thumbnails() {
  const time = (seconds) => `00:${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}.000`;
  const cues = Array.from({ length: LENGTH / STEP }, (_, number) => {
    const [x, y] = [(number % TILE.columns) * TILE.width, Math.floor(number / TILE.columns) * TILE.height];
    const place = `thumbnails.jpg#xywh=${x},${y},${TILE.width},${TILE.height}`;
    return `${time(number * STEP)} --> ${time((number + 1) * STEP)}\n${place}\n`;
  });
  return `WEBVTT\n\n${cues.join("\n")}`;
}
