import { inspect } from "node:util";

import { MintError } from "./error.js";

/** Shortest secret in bytes: the length of the hash (RFC 7518 §3.2). */
const MIN_SECRET_BYTES = 32;

/** One secret and its name. Neither printing nor JSON shows them. */
export class Key {
  readonly #secret: string;
  readonly #kid: string | null;

  constructor(kid: string | null, secret: string) {
    this.#kid = kid;
    this.#secret = secret;
  }

  get secret(): string {
    return this.#secret;
  }

  get kid(): string | null {
    return this.#kid;
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}

/**
 * The key that signs: the first of `text`, or the one named `kid`.
 *
 * `text` is one plain secret or `k2:new,k1:old`. A plain secret has no name of its own; `kid` then says what
 * the gate calls it.
 *
 * @throws {MintError} of kind `secret`. Entries are counted from 1.
 */
export function signingKey(text: string, kid?: string): Key {
  const [first, ...rest] = parse(text);
  if (first === undefined) throw bad("the secret is empty");
  if (kid === undefined) return first;
  if (kid.trim() === "") throw bad("kid is empty");
  if (rest.length === 0 && first.kid === null) return new Key(kid, first.secret);
  const named = [first, ...rest].find((key) => key.kid === kid);
  if (named === undefined) throw bad("no secret has the name given as kid");
  return named;
}

function parse(text: string): Key[] {
  if (typeof text !== "string") throw bad(`the secret must be a string, not ${typeof text}`);
  const keys = text.split(",").map((part, index) => parseEntry(part, index + 1));
  const names = keys.map((key) => key.kid);
  names.forEach((name, index) => {
    if (name === null && keys.length > 1) {
      throw bad(`the secret in entry ${index + 1} has no name; several read name1:secret1,name2:secret2`);
    }
    if (names.indexOf(name) < index) throw bad(`the secret in entry ${index + 1} has the name of an earlier one`);
  });
  return keys;
}

function parseEntry(text: string, entry: number): Key {
  const colon = text.indexOf(":");
  const name = colon < 0 ? null : text.slice(0, colon).trim();
  const secret = text.slice(colon + 1).trim();
  if (secret === "" || name === "") throw bad(`an empty name or secret in entry ${entry}`);
  if (secret.includes(":")) throw bad(`a second \`:\` in entry ${entry}; a secret holds no \`:\` and no \`,\``);
  if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
    throw bad(
      `the secret in entry ${entry} is shorter than ${MIN_SECRET_BYTES} bytes; \`openssl rand -hex 32\` makes a good one`,
    );
  }
  return new Key(name, secret);
}

function bad(message: string): MintError {
  return new MintError("secret", message);
}
