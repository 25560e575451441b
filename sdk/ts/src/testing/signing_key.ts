import { createHash, generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";

// SigningKey signs as Signet does: ES256, and its thumbprint is its name.
export class SigningKey {
  readonly kid: string;
  readonly jwk: Record<string, unknown>;
  readonly #private: KeyObject;
  readonly #public: KeyObject;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { crv, kty, x, y } = publicKey.export({ format: "jwk" });
    this.kid = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url"); // RFC 7638
    this.jwk = { kty, crv, x, y, kid: this.kid, alg: "ES256", use: "sig" };
    this.#private = privateKey;
    this.#public = publicKey;
  }

  token(claims: Record<string, unknown>): string {
    const text = `${encode({ alg: "ES256", kid: this.kid, typ: "at+jwt" })}.${encode(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), { key: this.#private, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  }

  signed(token: string): boolean {
    const [header, claims, signature] = token.split(".") as [string, string, string];
    return verify("sha256", Buffer.from(`${header}.${claims}`), { key: this.#public, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));
  }
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
