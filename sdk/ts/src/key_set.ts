import { importJWK, type CryptoKey, type JWK } from "jose";
import { algorithms } from "./text.js";

export interface Key {
  kid: string;
  alg: string;
  public: CryptoKey | Uint8Array;
}

const maxKeys = 32;
const minRSABytes = 256;

// readKeySet reads a JWKS. A key that is not understood is left out, whatever is wrong with it: a later Signet may publish others beside
// ours. A set without any is broken.
export async function readKeySet(document: unknown): Promise<Map<string, Key>> {
  const entries = (document as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(entries)) throw new Error("not a set of keys");
  if (entries.length > maxKeys) throw new Error(`${entries.length} keys are more than ${maxKeys}`);
  const keys = new Map<string, Key>();
  for (const entry of entries) {
    const key = await readKey(entry).catch(() => undefined);
    if (key && !keys.has(key.kid)) keys.set(key.kid, key);
  }
  if (keys.size === 0) throw new Error("no key in it that can be used");
  return keys;
}

const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

async function readKey(entry: JWK): Promise<Key | undefined> {
  const { kid, use, key_ops: operations } = entry;
  const alg = algorithmOf(entry);
  if (typeof kid !== "string" || kid === "" || alg === undefined || entry.alg !== alg) return undefined;
  if ((use !== undefined && use !== "sig") || (operations !== undefined && !operations.includes("verify"))) return undefined;
  if (privateMembers.some((name) => Object.hasOwn(entry, name))) return undefined;
  const { kty, crv, x, y, n, e } = entry; // and nothing else: certificates and addresses (x5*) are not looked at
  const jwk = Object.fromEntries(Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined)) as JWK;
  return { kid, alg, public: await importJWK(jwk, alg) };
}

function algorithmOf({ kty, crv, n }: JWK): string | undefined {
  const alg = kty === "EC" && crv === "P-256" ? "ES256"
    : kty === "OKP" && crv === "Ed25519" ? "EdDSA"
    : kty === "RSA" && bytesOf(n) >= minRSABytes ? "RS256"
    : undefined;
  return algorithms.find((name) => name === alg);
}

function bytesOf(n: unknown): number {
  const number = typeof n === "string" ? Buffer.from(n, "base64url") : Buffer.alloc(0);
  const begin = number.findIndex((byte) => byte !== 0);
  if (begin < 0) return 0;
  return number.length - begin - (number[begin]! < 0x80 ? 1 : 0); // 2047 bits are no 256 bytes
}
