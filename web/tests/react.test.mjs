// The React hook in a page under development, in front of a real gate.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";

import { createServer } from "vite";

import { LENGTH } from "./film.mjs";
import { assertSmooth, forgetFiles, openWindow, OTHER_SITE, play, playsOn, SAME_SITE, seek, signIn } from "./viewer.mjs";
import { GAME, openWorld } from "./world.mjs";

/** Loads of a page, one after the other: a race between two mounts shows in some of them only. */
const LOADS = 4;

let world;
let vite;
before(async () => {
  world = await openWorld();
  vite = await developing(world.portal.server);
  world.portal.develop = vite.middlewares;
});
after(async () => {
  await vite?.stop();
  await world?.close();
});

/** Vite without a port of its own: the portal passes on what is below `/react/`, and its sockets are at `server`. */
async function developing(server) {
  const cacheDir = await mkdtemp(join(tmpdir(), "reelgate-vite-"));
  const vite = await createServer({
    configFile: false,
    root: fileURLToPath(new URL("react", import.meta.url)),
    base: "/react/",
    cacheDir,
    appType: "mpa",
    logLevel: "error",
    esbuild: { jsx: "automatic", jsxDev: true },
    server: { middlewareMode: true, hmr: { server }, watch: null },
    optimizeDeps: { include: ["react", "react-dom/client", "react/jsx-dev-runtime", "hls.js", "@vidstack/react"] },
  });
  return {
    middlewares: vite.middlewares,
    stop: async () => {
      await vite.close();
      await rm(cacheDir, { recursive: true, force: true });
    },
  };
}

describe("a React page under development", () => {
  for (const player of ["vidstack", "hls", "native"]) {
    for (const [name, host] of [["cookie", SAME_SITE], ["path", OTHER_SITE]]) {
      test(`plays with ${player} whenever it is loaded, by ${name}`, async () => {
        const page = await openWindow(world, { host });
        await signIn(page, `Ada, ${player} by ${name}`);
        for (let load = 0; load < LOADS; load += 1) {
          await page.goto(`${page.portal}/react/?player=${player}`);
          await play(page);
          assert.equal(await page.evaluate(() => window.film.error), null);
        }
        assertSmooth(page);
        await page.context().close();
      });
    }

    test(`plays on with ${player} when it is attached anew`, async () => {
      const page = await openWindow(world);
      await forgetFiles(page);
      await signIn(page, `Dorothy, ${player}`);
      await page.goto(`${page.portal}/react/?player=${player}`);
      await play(page);
      await page.evaluate(() => window.attachAnew());
      await page.waitForFunction(() => window.film.isReady);
      await play(page);
      await seek(page, LENGTH - 5);
      await playsOn(page);
      assertSmooth(page);
      await page.context().close();
    });

    test(`leaves nothing of a film in ${player} where the next one is refused`, async () => {
      const page = await openWindow(world);
      const name = `Emmy, ${player}`;
      await signIn(page, name);
      await page.goto(`${page.portal}/react/?player=${player}`);
      await play(page);
      world.portal.faults.set(name, { status: 403 });
      await page.evaluate(() => window.attachAnew());
      await page.waitForFunction(() => window.film.error?.kind === "forbidden");
      await page.waitForFunction(() => (document.querySelector("video")?.readyState ?? 0) === 0);
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });

    test(`plays with ${player} again after it was closed`, async () => {
      const page = await openWindow(world);
      await signIn(page, `Brahmagupta, ${player}`);
      await page.goto(`${page.portal}/react/?player=${player}`);
      await play(page);
      const toggle = page.getByRole("button", { name: "Open or close" });
      await toggle.click();
      await page.locator("video").waitFor({ state: "detached" });
      await toggle.click();
      await play(page);
      assertSmooth(page);
      await page.context().close();
    });
  }

  test("is told why a film does not play, and plays it when it is let in", async () => {
    const page = await openWindow(world);
    world.portal.faults.set("Caroline", { status: 403 });
    await signIn(page, "Caroline");
    await page.goto(`${page.portal}/react/?player=vidstack`);
    await page.waitForFunction(() => window.film?.error?.kind === "forbidden");
    world.portal.faults.delete("Caroline");
    await page.evaluate(() => window.film.retry());
    await play(page);
    assert.equal(await page.evaluate(() => window.film.error), null);
    assert.match(await page.evaluate(() => window.film.urlFor("thumbnails.vtt")), new RegExp(`/s/[^/]+/games/${GAME}/thumbnails\\.vtt$`));
    await page.context().close();
  });
});
