/** What cannot be used: the secret, or what the token is to say. */
export type MintErrorKind = "secret" | "grant";

/** A token that is not minted. The message never holds a secret. */
export class MintError extends Error {
  override readonly name = "MintError";
  readonly kind: MintErrorKind;

  constructor(kind: MintErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
