// The portal's list: found, sorted, turned over, in the viewer's language, and told by the gate.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { LENGTH } from "./film.mjs";
import { look, openWindow, OTHER_SITE, pause, play, playsOn, SAME_SITE, seek, signIn } from "./viewer.mjs";
import { GAME, openWorld, picture } from "./world.mjs";

/** Films on one page, as `arrange.ts` has it. */
const ON_A_PAGE = 12;

/** Fifty films of weekly games, the last one first. */
const FIFTY = Array.from({ length: 50 }, (_, week) => ({
  id: `2024${String(week).padStart(3, "0")}`,
  title: `Week ${week + 1}: ${["Bremen", "Köln", "Leipzig", "Kiel"][week % 4]} at Hamburg`,
  date: new Date(Date.UTC(2024, 0, 1 + 7 * week)).toISOString().slice(0, 10),
  duration_seconds: 5400 + week * 60,
  poster: "/poster.jpg",
}));

const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

let world;
before(async () => {
  world = await openWorld();
  const document = { id: GAME, title: "The cup final", date: "2025-10-09", duration_seconds: LENGTH, poster: "poster.jpg", thumbnails: "thumbnails.vtt" };
  await writeFile(join(world.data, "s3/films/games", GAME, "film.json"), JSON.stringify(document));
});
after(() => world?.close());

/** Has the portal list something else to the page. */
function list(page, films) {
  return page.route("**/games.json", (route) => route.fulfill({ json: films }));
}

const TITLES = "main > ul.films h3";
const titles = (page) => page.locator(TITLES).allInnerTexts();

/** Waits until the list begins with these. A page is drawn some time after a key was pressed. */
function begins(page, expected) {
  return page.waitForFunction(([titles, expected]) => {
    const shown = [...document.querySelectorAll(titles)].map((title) => title.innerText);
    return expected.every((title, at) => shown[at] === title);
  }, [TITLES, expected]);
}

describe("a list of fifty films", () => {
  test("is a page of some, and leads to all others", async () => {
    const page = await openWindow(world, { viewport: { width: 1440, height: 900 } });
    await list(page, FIFTY);
    await signIn(page, "Ada");
    await page.getByText("50 films").waitFor();
    await picture(page, "list-fifty");
    assert.equal((await titles(page)).length, ON_A_PAGE);
    assert.equal((await titles(page))[0], FIFTY[49].title, "the newest first");
    const screens = await page.evaluate(() => document.documentElement.scrollHeight / innerHeight);
    assert.ok(screens < 2, `${screens} screens`);
    const seen = new Set(await titles(page));
    for (let turned = 2; turned <= 5; turned += 1) {
      await page.getByRole("link", { name: "Next" }).click();
      await page.getByText(`Page ${turned} of 5`).waitFor();
      (await titles(page)).forEach((title) => seen.add(title));
    }
    assert.equal(seen.size, 50);
    assert.equal(await page.getByRole("link", { name: "Next" }).count(), 0);
    await page.goBack();
    await page.getByText("Page 4 of 5").waitFor();
    await page.context().close();
  });

  test("is searched and sorted, and the focus stays where one types", async () => {
    const page = await openWindow(world);
    await list(page, FIFTY);
    await signIn(page, "Brahmagupta");
    await page.getByRole("link", { name: "Next" }).click();
    await page.getByText("Page 2 of 5").waitFor();
    const search = page.getByRole("searchbox", { name: "Search" });
    // Without the accent, in another case, and in another order.
    await search.pressSequentially("koln WEEK 34");
    await page.getByText("1 film", { exact: true }).waitFor();
    assert.deepEqual(await titles(page), ["Week 34: Köln at Hamburg"]);
    await search.fill("nobody");
    await page.getByText("No film matches your search.").waitFor();
    await picture(page, "list-none-found");
    await page.getByRole("button", { name: "Clear the search" }).click();
    await page.getByLabel("Sort by").selectOption("Longest first");
    await begins(page, [FIFTY[49].title]);
    await page.getByLabel("Sort by").selectOption("Title");
    await begins(page, ["Week 1: Bremen at Hamburg", "Week 2: Köln at Hamburg", "Week 3: Leipzig at Hamburg"]);
    await page.reload();
    await page.getByText("50 films").waitFor();
    assert.equal((await titles(page))[0], "Week 1: Bremen at Hamburg", "the address knows");
    await page.context().close();
  });

  for (const [name, context] of [["phone", PHONE], ["phone-dark", { ...PHONE, colorScheme: "dark" }], ["desktop-dark", { colorScheme: "dark", viewport: { width: 1440, height: 900 } }]]) {
    test(`fits a ${name} window in German`, async () => {
      const page = await openWindow(world, { ...context, locale: "de-DE" });
      await list(page, FIFTY);
      await page.goto(page.portal);
      await page.getByLabel("Ihr Name").fill(name);
      await page.getByRole("button", { name: "Anmelden" }).click();
      await page.getByText("50 Filme").waitFor();
      await picture(page, `list-${name}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `${overflow} px too wide`);
      const screens = await page.evaluate(() => document.documentElement.scrollHeight / innerHeight);
      assert.ok(screens < 3, `${screens} screens`);
      await page.context().close();
    });
  }
});

describe("a portal that knows the films' ids alone", () => {
  for (const [name, host] of [["its own site", SAME_SITE], ["another site", OTHER_SITE]]) {
    test(`shows title, day, length and poster from the gate on ${name}`, async () => {
      const page = await openWindow(world, { host });
      await list(page, [GAME, { id: "nothing-yet" }]);
      await signIn(page, `Caroline on ${name}`);
      await page.getByRole("link", { name: "The cup final" }).waitFor();
      const card = page.getByRole("listitem").filter({ hasText: "The cup final" });
      await page.waitForFunction(() => document.querySelector(".poster img")?.naturalWidth > 0);
      assert.match(await card.innerText(), /1:40[^]*9 October 2025/);
      assert.match(await card.locator("img").getAttribute("src"), new RegExp(`^${world.gate.address}/s/[^/]+/games/${GAME}/poster\\.jpg$`));
      await page.getByRole("link", { name: "nothing-yet" }).waitFor();
      await picture(page, `list-told-by-the-gate`);
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });
  }

  test("leaves out what the viewer may not watch, and says so to who has the address", async () => {
    const page = await openWindow(world);
    world.portal.faults.set("Dorothy", { status: 403 });
    await list(page, [GAME]);
    await signIn(page, "Dorothy");
    // Not that there are none: there are, for others.
    await page.getByRole("heading", { name: "You may not watch any film here" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
    await page.goto(`${page.portal}/#/games/${GAME}`);
    await page.getByRole("heading", { name: "You may not watch this film" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Try again" }).count(), 0);
    await page.context().close();
  });
});

describe("a viewer of the list", () => {
  test("goes on watching where they stopped, and nobody else does", async () => {
    const page = await openWindow(world);
    await signIn(page, "Emmy");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "main", "the focus is on the page's content");
    await page.getByRole("link", { name: /opening night/ }).click();
    await play(page);
    await seek(page, 50);
    await playsOn(page);
    await pause(page);
    await page.getByRole("link", { name: "All films" }).click();
    const goOn = page.getByRole("region", { name: "Go on watching" });
    await goOn.getByText("1 min left").waitFor();
    await picture(page, "list-go-on");
    await goOn.getByRole("link", { name: /opening night/ }).click();
    await play(page);
    const { time } = await look(page);
    assert.ok(time > 48 && time < 60, `${time}`);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Your name").fill("Florence");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("link", { name: "All films" }).click();
    await page.getByRole("link", { name: /cup final/ }).waitFor();
    assert.equal(await goOn.count(), 0);
    await page.context().close();
  });

  test("chooses a language, and finds it again", async () => {
    const page = await openWindow(world, { locale: "fr-FR" });
    await signIn(page, "Grace");
    await page.getByLabel("Language").selectOption("Deutsch");
    await page.getByRole("heading", { level: 1, name: "Filme" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Filme" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
    await page.getByText("9. Oktober 2025").waitFor();
    await page.getByRole("link", { name: /opening night/ }).click();
    await play(page);
    await pause(page);
    await page.locator("[data-media-player]").hover();
    await page.getByRole("button", { name: "Einstellungen" }).click();
    await page.getByRole("menuitem", { name: /Qualität/ }).waitFor();
    await picture(page, "desktop-german");
    await page.context().close();
  });
});
