// What a person gets who installs the package, and whether what its README shows is right.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
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

test("what the README shows passes the compiler", { timeout: PATIENCE }, async () => {
  const readme = await readFile(join(PACKAGE, "README.md"), "utf8");
  const snippets = [...readme.matchAll(/^```(tsx?)\n([^]*?)^```/gm)];
  assert.ok(snippets.length >= 4, `${snippets.length} snippets`);
  // Below the package, so that its dependencies and the package itself are found.
  const folder = join(PACKAGE, "build-test/snippets");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const files = await Promise.all(
    snippets.map(async ([, kind, code], number) => {
      const file = join(folder, `snippet${number}.${kind}`);
      await writeFile(file, code ?? "");
      return file;
    }),
  );
  const options = ["--noEmit", "--strict", "--skipLibCheck", "--jsx", "react-jsx", "--target", "es2022"];
  const modules = ["--module", "esnext", "--moduleResolution", "bundler", "--types", "node"];
  await run("npx", ["--no-install", "tsc", "--ignoreConfig", ...options, ...modules, ...files], { cwd: PACKAGE }).catch(
    ({ stdout }: { stdout: string }) => assert.fail(stdout),
  );
});
