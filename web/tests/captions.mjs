// What a person has before they package: a folder with a film, and texts beside it that are named after it.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { run } from "./process.mjs";

/** Seconds. */
export const LENGTH = 75;

/** What is spoken, by language: the second in which it appears, and the words. Each is shown for six seconds. */
export const SPOKEN = {
  en: [[4, "The whistle, and they are off."], [40, "A goal! Nobody saw it coming."]],
  de: [[4, "Der Pfiff, und los geht es."], [40, "Tor! Damit hat niemand gerechnet."]],
};

/** Makes the folder, and gives back the film in it. */
export async function folderWithTexts(folder) {
  await mkdir(folder, { recursive: true });
  const film = join(folder, "final.mp4");
  await run("ffmpeg", [
    ...["-v", "error", "-y", "-f", "lavfi", "-i", `testsrc2=size=320x180:rate=12:duration=${LENGTH}`],
    ...["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=48000:duration=${LENGTH}`],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "24", "-sc_threshold", "0"],
    ...["-b:v", "200k", "-c:a", "aac", "-b:a", "64k", film],
  ]);
  for (const [language, cues] of Object.entries(SPOKEN)) {
    await writeFile(join(folder, `final.${language}.srt`), cues.map(subRip).join("\n"));
  }
  return film;
}

function subRip([second, words], index) {
  const time = (at) => `00:00:${String(at).padStart(2, "0")},000`;
  return `${index + 1}\n${time(second)} --> ${time(second + 6)}\n${words}\n`;
}
