// What the documents show to who writes a page, held before the compiler with the client as npm packs it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { ROOT } from "./world.mjs";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const CLIENT = join(ROOT, "web/reelgate-client");
/** Milliseconds. The client is built when it is packed. */
const PATIENCE = 300_000;

const run = promisify(execFile);

/** What the tutorial has a reader do, once in the repository and once in their own project. */
const TUTORIAL = join(ROOT, "docs/tutorials/react.md");
const PACK = "npm pack --workspace reelgate-client";
const INSTALL = /^npm install (\.\/\S+\.tgz) (.+)$/m;

let folder;
before(async () => {
  // Below this package, so that what the snippets import beside the client is found as in a reader's project.
  folder = await mkdtemp(join(HERE, "snippets-"));
  const tutorial = await readFile(TUTORIAL, "utf8");
  assert.ok(tutorial.includes(PACK), `${TUTORIAL} does not pack the client`);
  const [, tarball] = INSTALL.exec(tutorial) ?? assert.fail(`${TUTORIAL} does not install the client`);
  // Packing builds, and another test may be reading what was built before.
  const source = join(folder, "source");
  const isSource = (path) => !["node_modules", "dist"].includes(basename(path));
  await cp(CLIENT, join(source, basename(CLIENT)), { recursive: true, filter: isSource });
  await cp(join(ROOT, "web/package.json"), join(source, "package.json"));
  await shell(PACK, source);
  await rename(join(source, tarball), join(folder, tarball));
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  // The client needs no other package, and those that the page needs are there.
  await shell(`npm install ${tarball} --offline`, folder);
});
after(() => folder && rm(folder, { recursive: true, force: true }));

test("every snippet for a page or a Node back end passes the compiler", { timeout: PATIENCE }, async () => {
  const documents = (await Promise.all(["docs", "web", "README.md"].map(markdown))).flat();
  const snippets = (await Promise.all(documents.map(snippetsOf))).flat();
  for (const name of ["react.md", "clerk.md", "players.md", "README.md"]) {
    assert.ok(snippets.some(({ document }) => basename(document) === name), `${name} shows nothing`);
  }
  const files = await Promise.all(
    snippets.map(async ({ document, line, kind, code }) => {
      const file = `${document.slice(ROOT.length).replaceAll(/[/.]/g, "-")}-line-${line}.${kind}`;
      await writeFile(join(folder, file), code);
      return file;
    }),
  );
  const compilerOptions = {
    ...{ target: "es2022", module: "esnext", moduleResolution: "bundler", jsx: "react-jsx" },
    ...{ strict: true, noEmit: true, skipLibCheck: true, allowJs: true, moduleDetection: "force" },
    types: ["node"],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  await run("npx", ["--no-install", "tsc", "--project", folder], { cwd: HERE }).catch(({ stdout }) => assert.fail(stdout));
});

test("the tutorial installs a copy of the client, and what its examples import", async () => {
  const tutorial = await readFile(TUTORIAL, "utf8");
  const installed = join(folder, "node_modules/reelgate-client");
  // A link would lead to another React than the page's own.
  assert.equal(await realpath(installed), await realpath(folder).then((it) => join(it, "node_modules/reelgate-client")));
  const named = ["reelgate-client", ...INSTALL.exec(tutorial)[2].split(" ")];
  const imported = [...tutorial.matchAll(/from "((?:@[^/"]+\/)?[^/"]+)/g)].map(([, name]) => name);
  assert.deepEqual([...new Set(imported)].sort(), named.sort());
});

/** Documents below a folder of the repository, or the one that it is. */
async function markdown(place) {
  if (place.endsWith(".md")) return [join(ROOT, place)];
  const entries = await readdir(join(ROOT, place), { recursive: true });
  return entries.filter((name) => name.endsWith(".md") && !name.includes("node_modules")).map((name) => join(ROOT, place, name));
}

/** Runs a line of a document. */
function shell(command, cwd) {
  const [program, ...parts] = command.split(" ");
  return run(program, parts, { cwd, timeout: PATIENCE });
}

/** The fenced blocks of a document that are programs for a browser or Node. */
async function snippetsOf(document) {
  const text = await readFile(document, "utf8");
  return [...text.matchAll(/^```([jt]sx?)\n([^]*?)^```/gm)].map(({ 1: kind, 2: code, index }) => {
    return { document, kind, code, line: text.slice(0, index).split("\n").length };
  });
}
