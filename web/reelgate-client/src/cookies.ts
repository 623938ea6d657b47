const told = new Set<string>();

/**
 * Says in the console, once for each gate, why a film plays with its session in the path: nothing is broken,
 * but whoever set the hosts up may not know that they are two sites to a browser.
 */
export function sayThatCookiesAreKeptOut(folder: string): void {
  const gate = new URL(folder).origin;
  if (told.has(gate)) return;
  told.add(gate);
  const page = typeof location === "undefined" ? "this page" : location.origin;
  console.info(
    `reelgate: the cookie of ${gate} does not come back from ${page}, so the session goes in the path instead. ` +
      "A browser keeps cookies of another site out; localhost and 127.0.0.1 are two sites. " +
      "To play by cookie, serve the gate under the page's own site.",
  );
}
