import { TokenInvalid } from "./errors.js";

export const algorithms: readonly string[] = ["ES256", "RS256", "EdDSA"];

const maxBytes = 8192;
const maxKid = 128;

// TokenText is a token that has the form of one of Signet's. Nothing is proved yet.
export interface TokenText {
  alg: string;
  kid: string;
  payload: Record<string, unknown>;
}

// readText checks all that can be checked without a key, before any cryptography.
export function readText(token: string): TokenText {
  if (typeof token !== "string" || token.length > maxBytes) throw malformed(`longer than ${maxBytes} bytes`);
  const parts = token.split(".");
  if (parts.length !== 3) throw malformed("not three parts");
  const [header, payload] = parts.map(decode).slice(0, 2).map(object) as [Record<string, unknown>, Record<string, unknown>];
  const { alg, kid, typ } = header;
  if (typeof kid !== "string" || kid === "" || kid.length > maxKid) throw malformed("kid is missing or too long");
  if (typeof alg !== "string" || !algorithms.includes(alg)) throw new TokenInvalid("algorithm", `alg is not one of ${algorithms.join(", ")}`, { kid });
  if (typ !== "at+jwt") throw new TokenInvalid("type", "typ is not at+jwt: this is no access token", { kid });
  const critical = ["crit", "b64", "enc", "zip"].find((name) => Object.hasOwn(header, name));
  if (critical) throw new TokenInvalid("critical", `the header has ${critical}`, { kid });
  return { alg, kid, payload };
}

// decode takes base64url in its one spelling only: no padding, no blanks, no spare bits.
function decode(part: string): Buffer {
  const bytes = Buffer.from(part, "base64url");
  if (bytes.toString("base64url") !== part) throw malformed("not base64url");
  return bytes;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function object(bytes: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw malformed("not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed("not a JSON object");
  return value as Record<string, unknown>;
}

const malformed = (what: string) => new TokenInvalid("malformed", `not a token: ${what}`);
