// Programs that run for the length of a test.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Milliseconds until a program must be listening, or have ended. */
const PATIENCE = 120_000;

/** Runs a program to its end; throws with what it said when it fails. */
export async function run(program, args, options = {}, patience = PATIENCE) {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (bytes) => (said += bytes));
  const [code] = await once(child, "close", { signal: AbortSignal.timeout(patience) });
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said}`);
}

/** Starts a program that says `listening on http://…`, and gives back that address and a way to stop it. */
export async function listening(program, args, env, says = /listening on (http:\/\/\S+)/) {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const log = [];
  const address = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        log.push(line);
        const found = says.exec(line);
        if (found) resolve(found[1]);
      });
    }
    child.once("close", (code) => reject(new Error(`${program} ended with ${code}: ${log.join("\n")}`)));
    AbortSignal.timeout(PATIENCE).addEventListener("abort", () => reject(new Error(`${program} does not listen`)));
  });
  const ended = once(child, "close");
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  try {
    return { address: await address, log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
