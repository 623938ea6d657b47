// From a folder with a film and texts beside it to captions in the portal, as a person would go about it.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { folderWithTexts, LENGTH, SPOKEN } from "./captions.mjs";
import { startUpWith } from "./up.mjs";
import { assertSmooth, chooseInMenu, look, openMenu, openWindow, pause, play, seek, signIn } from "./viewer.mjs";
import { openWorld, picture } from "./world.mjs";

const TITLE = "The final of 2025";

let world;
before(async () => {
  world = await openWorld(startUpWith(async (add, data) => {
    const film = await folderWithTexts(join(data, "archive"));
    await add(film, "final-2025", ["--title", TITLE, "--date", "2025-10-09"]);
  }));
});
after(() => world?.close());

describe("a film packaged from a folder with texts beside it", () => {
  test("is in the portal's list with its title, its day and its length", async () => {
    const page = await openWindow(world);
    await signIn(page, "Ada");
    const card = page.getByRole("listitem").filter({ has: page.getByRole("link", { name: TITLE }) });
    await card.waitFor();
    const facts = await card.innerText();
    assert.match(facts, /9 October 2025/);
    assert.match(facts, /\b1:15\b|\b1:14\b/);
    await picture(page, "captions-list");
    await page.context().close();
  });

  test("has its captions in the player's menu, and they are on the screen when they are spoken", async () => {
    const page = await openWindow(world);
    await signIn(page, "Brahmagupta");
    await page.getByRole("link", { name: TITLE }).click();
    await play(page);
    const { duration } = await look(page);
    assert.ok(Math.abs(duration - LENGTH) < 1, `${duration}`);
    await openMenu(page, /Captions/);
    const offered = await page.getByRole("menuitemradio").allInnerTexts();
    await picture(page, "captions-menu");
    assert.deepEqual(offered.map((it) => it.trim()).sort(), ["Deutsch", "English", "Off"]);
    await chooseInMenu(page, "Off");
    for (const [language, name] of [["de", "Deutsch"], ["en", "English"]]) {
      await openMenu(page, /Captions/);
      await chooseInMenu(page, name);
      for (const [second, words] of SPOKEN[language]) {
        await seek(page, second + 3);
        await page.locator(".vds-captions").getByText(words).waitFor();
        await picture(page, `captions-${language}-${second}`);
        // Before they are spoken and after, they are not there.
        for (const silent of [second - 1, second + 7]) {
          await seek(page, silent);
          await page.locator(".vds-captions").getByText(words).waitFor({ state: "detached" });
        }
      }
    }
    assertSmooth(page);
    await page.context().close();
  });

  for (const colorScheme of ["light", "dark"]) {
    test(`has a menu for how captions look, ${colorScheme} and in German`, async () => {
      const page = await openWindow(world, { colorScheme });
      await signIn(page, `Dorothy, ${colorScheme}`);
      await page.getByRole("combobox", { name: "Language" }).selectOption("Deutsch");
      await page.getByRole("link", { name: TITLE }).click();
      await play(page);
      await pause(page);
      await page.locator("[data-media-player]").hover();
      await page.getByRole("button", { name: "Einstellungen" }).click();
      await page.getByRole("menuitem", { name: "Bedienungshilfen" }).click();
      await page.getByRole("menuitem", { name: "Aussehen der Untertitel" }).click();
      await page.getByRole("menuitem", { name: "Familie Proportional, ohne Serifen" }).waitFor();
      await page.getByRole("menuitem", { name: "Schatten Keiner" }).waitFor();
      const boost = page.locator(".vds-audio-gain-slider");
      assert.equal(await boost.getAttribute("aria-label"), "Verstärkung des Tons");
      await page.locator(".vds-color-picker").first().scrollIntoViewIfNeeded();
      await picture(page, `captions-styles-${colorScheme}`);
      // As large as the player draws it: 32 pixels square, with Chromium's own padding.
      const swatches = await page.locator(".vds-color-picker").evaluateAll((inputs) => inputs.map((input) => {
        const { width, height, borderTopWidth, paddingLeft } = getComputedStyle(input);
        return [width, height, borderTopWidth, paddingLeft].join(" ");
      }));
      assert.deepEqual(swatches, [0, 0, 0].map(() => "32px 32px 0px 2px"));
      await page.context().close();
    });
  }

  test("has captions that can be read on the smallest phone", async () => {
    const page = await openWindow(world, { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true });
    await signIn(page, "Caroline");
    await page.getByRole("link", { name: TITLE }).click();
    await play(page);
    await pause(page);
    await page.locator(".vds-caption-button").click();
    // The first of them that there is.
    const [second, words] = SPOKEN.de[0];
    await seek(page, second + 3);
    const cue = page.locator(".vds-captions").getByText(words);
    await cue.waitFor();
    await picture(page, "captions-narrow");
    const size = await cue.evaluate((it) => Number.parseFloat(getComputedStyle(it).fontSize));
    assert.ok(size >= 13, `${size} px`);
    await page.context().close();
  });
});
