// What a person gets who installs the package.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
/** Milliseconds. The package is built when it is packed. */
const PATIENCE = 300_000;

test("what npm packs is built, has the licence, and can be imported", { timeout: PATIENCE }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "reelgate-pack-"));
  try {
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: PACKAGE });
    // npm prints what the build says before it.
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf("["))) as [{ filename: string }];
    await run("tar", ["-xzf", join(folder, packed.filename), "-C", folder]);
    const unpacked = join(folder, "package");
    const licence = await readFile(join(unpacked, "LICENSE"), "utf8");
    assert.equal(licence, await readFile(join(PACKAGE, "../../LICENSE"), "utf8"));
    const { exports } = JSON.parse(await readFile(join(unpacked, "package.json"), "utf8"));
    assert.deepEqual(Object.keys(exports), [".", "./mint", "./react"]);
    for (const { types, default: code } of Object.values<{ types: string; default: string }>(exports)) {
      assert.ok((await readFile(join(unpacked, types), "utf8")).includes("export"));
      assert.ok(code.endsWith(".js"));
    }
    const client = await import(pathToFileURL(join(unpacked, "dist/index.js")).href);
    assert.equal(typeof client.attach, "function");
    const mint = await import(pathToFileURL(join(unpacked, "dist/mint.js")).href);
    assert.equal(typeof mint.mintPlaybackToken, "function");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
