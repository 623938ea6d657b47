import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";

import { Key, signingKey } from "../src/mint/secret.js";
import { MintError, mintPlaybackToken, playbackAnswer, type MintOptions } from "../src/mint.js";

const ROOT = new URL("../../../../", import.meta.url);
const ISSUED = 1_760_000_000;

interface Vectors {
  readonly secret: string;
  readonly second_secret: string;
  readonly playback_tokens: readonly { readonly name: string; readonly token: string }[];
}

const vectors: Vectors = JSON.parse(readFileSync(new URL("tests/vectors.json", ROOT), "utf8"));
const { secret: SECRET, second_secret: SECOND } = vectors;

function vector(name: string): string {
  const found = vectors.playback_tokens.find((one) => one.name === name);
  assert.ok(found, name);
  return found.token;
}

function claims(token: string): unknown {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

test("the same grant gives the token that PyJWT gave", () => {
  const grant = { sub: "user_2abc", now: ISSUED };
  assert.equal(mintPlaybackToken(SECRET, { ...grant, gid: "2025001" }), vector("valid"));
  assert.equal(mintPlaybackToken(SECRET, { ...grant, gid: 2025001 }), vector("valid"));
});

test("patterns give the claims that PyJWT gave", () => {
  for (const [name, ent] of [["ent_prefix", ["nfl-*"]], ["ent_all", ["*"]]] as const) {
    const token = mintPlaybackToken(SECRET, { ent, sub: "user_2abc", now: ISSUED });
    assert.deepEqual(claims(token), claims(vector(name)));
  }
});

test("a named secret signs with its name", () => {
  const grant = { gid: "2025001", sub: "user_2abc", now: ISSUED };
  const expected = vector("kid_second_secret");
  assert.equal(mintPlaybackToken(`k2:${SECOND},k1:${SECRET}`, grant), expected);
  assert.equal(mintPlaybackToken(`k1:${SECRET},k2:${SECOND}`, { ...grant, kid: "k2" }), expected);
  assert.equal(mintPlaybackToken(SECOND, { ...grant, kid: "k2" }), expected);
  assert.equal(mintPlaybackToken(` k2 : ${SECOND} , k1 : ${SECRET}\n`, grant), expected);
});

const badSecrets: readonly [unknown, string | undefined, RegExp][] = [
  ["", undefined, /empty name or secret in entry 1/],
  ["x".repeat(31), undefined, /shorter than 32 bytes/],
  [`k1:${SECRET},k2:short`, undefined, /entry 2 is shorter than 32 bytes/],
  [`:${SECRET}`, undefined, /empty name or secret/],
  [`k1:${SECRET}:more`, undefined, /a second `:`/],
  [`${SECRET},${SECOND}`, undefined, /entry 1 has no name/],
  [`k1:${SECRET},${SECOND}`, undefined, /entry 2 has no name/],
  [`k1:${SECRET},k1:${SECOND}`, undefined, /name of an earlier one/],
  [`k1:${SECRET},`, undefined, /empty name or secret in entry 2/],
  [`k1:${SECRET}`, "k9", /no secret has the name/],
  [SECRET, "", /kid is empty/],
  [Buffer.from(SECRET), undefined, /must be a string, not object/],
];

badSecrets.forEach(([secret, kid, says], number) => {
  test(`unusable secret ${number}: ${says.source}`, () => {
    const mint = () => mintPlaybackToken(secret as string, { gid: "7", ...(kid !== undefined && { kid }) });
    assert.throws(mint, (error) => {
      assert.ok(error instanceof MintError && error.kind === "secret");
      assert.match(error.message, says);
      assert.ok(!error.message.includes(SECRET) && !error.message.includes(SECOND));
      return true;
    });
  });
});

test("thirty-two bytes are enough, counted as UTF-8", () => {
  assert.ok(mintPlaybackToken("x".repeat(32), { gid: "7" }));
  assert.ok(mintPlaybackToken("é".repeat(16), { gid: "7" }));
});

test("a secret is not shown", () => {
  const key: Key = signingKey(`k1:${SECRET}`);
  assert.equal(inspect(key), "[secret]");
  assert.equal(JSON.stringify({ key }), '{"key":"[secret]"}');
});

const badGrants: readonly [unknown, RegExp][] = [
  [{}, /give gid/],
  [{ gid: "" }, /1 to 128 bytes/],
  [{ gid: "é".repeat(65) }, /1 to 128 bytes/],
  [{ gid: ".." }, /not `.` or `..`/],
  [{ gid: "a/b" }, /no slash/],
  [{ gid: "a\\b" }, /no slash/],
  [{ gid: "a\nb" }, /no slash/],
  [{ gid: "a\u007fb" }, /no slash/],
  [{ gid: "a%2Fb" }, /percent escape/],
  [{ gid: 1.5 }, /whole number/],
  [{ gid: "\ud800" }, /Unicode/],
  [{ ent: "nfl-*" }, /a list of patterns/],
  [{ ent: [] }, /1 to 64 patterns/],
  [{ ent: Array(65).fill("a") }, /1 to 64 patterns/],
  [{ ent: ["nfl-*-w1"] }, /at the end/],
  [{ ent: [7] }, /non-empty string/],
  [{ ent: Array.from({ length: 60 }, (_, n) => `${n}${"x".repeat(120)}`) }, /fewer or shorter patterns/],
  [{ gid: "7", sub: 7 }, /String\(user\.id\)/],
  [{ gid: "7", ttl: 0 }, /1 to 900/],
  [{ gid: "7", ttl: 901 }, /1 to 900/],
  [{ gid: "7", ttl: 60.5 }, /1 to 900/],
  [{ gid: "7", issuer: "" }, /issuer/],
  [{ gid: "7", audience: 7 }, /audience/],
];

badGrants.forEach(([grant, says], number) => {
  test(`a grant that the gate would refuse ${number}: ${says.source}`, () => {
    const mint = () => mintPlaybackToken(SECRET, grant as MintOptions);
    assert.throws(mint, (error) => error instanceof MintError && error.kind === "grant" && says.test(error.message));
  });
});

test("the portal's answer has the address, escaped, and the token's end", () => {
  const options = { gid: "Wände (1)!", videoOrigin: "https://video.portal.example", ttl: 600, now: ISSUED };
  const answer = playbackAnswer(SECRET, options);
  const url = new URL(answer.url);
  // Python: urllib.parse.quote("Wände (1)!", safe="")
  assert.equal(url.origin + url.pathname, "https://video.portal.example/games/W%C3%A4nde%20%281%29%21/master.m3u8");
  assert.equal(url.searchParams.get("t"), mintPlaybackToken(SECRET, { gid: "Wände (1)!", ttl: 600, now: ISSUED }));
  // date -u -d @1760000600 +%FT%TZ
  assert.equal(answer.expires_at, "2025-10-09T09:03:20Z");
  assert.equal(answer.type, "hls");
});

for (const videoOrigin of ["", "video.portal.example", "https://v.example/", "https://v.example/x", "ftp://v.example"]) {
  test(`«${videoOrigin}» is no origin`, () => {
    assert.throws(() => playbackAnswer(SECRET, { gid: "7", videoOrigin }), /videoOrigin/);
  });
}

const built = process.env["REELGATE_BIN"] ?? fileURLToPath(new URL("target/release/reelgate", ROOT));
const skip = existsSync(built) ? false : "there is no reelgate: run `cargo xtask build` first";

function inspectedBy(token: string, secrets: string): { playback: string; session: string } {
  const env = {
    SPIN_VARIABLE_PLAYBACK_TOKEN_SECRET: secrets,
    SPIN_VARIABLE_S3_ENDPOINT: "http://127.0.0.1:1",
    SPIN_VARIABLE_S3_BUCKET: "films",
  };
  // Its exit code is 1 for a token that the gate would not take.
  return JSON.parse(spawnSync(built, ["token", "inspect", "--json", "-"], { input: token, env, timeout: 20_000 }).stdout.toString());
}

test("the gate takes what is minted here", { skip }, () => {
  const grants: MintOptions[] = [
    { gid: "2025001" },
    { gid: "Wände+(1) 100%~&=", sub: "Zoë" },
    { ent: ["nfl-*", "2025001"], ttl: 1 },
    { gid: "a", ent: ["*"] },
  ];
  for (const grant of grants) {
    const { playback, session } = inspectedBy(mintPlaybackToken(SECRET, grant), SECRET);
    assert.deepEqual([playback, session], ["valid", "token_issuer"]);
  }
  const both = `k2:${SECOND},k1:${SECRET}`;
  assert.equal(inspectedBy(mintPlaybackToken(both, { gid: "7", kid: "k1" }), both).playback, "valid");
  assert.equal(inspectedBy(mintPlaybackToken(SECRET, { gid: "7", kid: "k9" }), both).playback, "token_signature");
});
