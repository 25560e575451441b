import { TokenInvalid, type Reason } from "./errors.js";

/** What a token says. Claims that are not listed are handed on as they are. */
export interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  readonly client_id: string;
  readonly jti: string;
  readonly exp: number;
  readonly iat: number;
  readonly nbf: number;
  /** The session, of a user. */
  readonly sid?: string;
  /** `service_account`; absent: a user. */
  readonly kind?: string;
  /** The application token behind a service's token. */
  readonly key?: string;
  /** The change that the token is younger than. */
  readonly cs?: number;
  readonly permissions?: readonly string[];
  readonly roles?: readonly string[];
  /** The permissions are too many for a token. */
  readonly perm_ref?: boolean;
  readonly [name: string]: unknown;
}

const endOfYear9999 = 253_402_300_799;

export interface Expected {
  issuer: string;
  audience: string;
  leeway: number;
}

// checkClaims checks the claims of a token whose signature is right. now is in seconds.
export function checkClaims(payload: Record<string, unknown>, kid: string, expected: Expected, now: number): Claims {
  const refuse = (reason: Reason, message: string) => {
    const sub = typeof payload["sub"] === "string" ? payload["sub"] : undefined;
    return new TokenInvalid(reason, message, { sub, kid });
  };
  const { iss, aud } = payload;
  if (iss !== expected.issuer) throw refuse("issuer", differs("issuer", iss, expected.issuer));
  if (aud !== expected.audience && !(Array.isArray(aud) && aud.length === 1 && aud[0] === expected.audience)) {
    throw refuse("audience", differs("audience", aud, expected.audience));
  }
  const wrong = wrongClaim(payload);
  if (wrong) throw refuse("claims", `the claim ${wrong} is missing or of a wrong type`);
  const claims = payload as unknown as Claims;
  if (now >= claims.exp + expected.leeway) throw refuse("expired", "the token has expired");
  if (claims.nbf > now + expected.leeway || claims.iat > now + expected.leeway) throw refuse("not_yet_valid", "the token is not valid yet");
  if (Object.hasOwn(claims, "cnf")) throw refuse("token_bound", "the token is bound to a key (cnf), and was sent without a proof of it");
  return claims;
}

const differs = (setting: string, seen: unknown, set: string) => `${setting}: the token says ${JSON.stringify(seen)?.slice(0, 200)}, the setting is ${JSON.stringify(set)}`;

function wrongClaim(payload: Record<string, unknown>): string | undefined {
  const wrong = (names: string[], right: (value: unknown) => boolean) => names.find((name) => !right(payload[name]));
  return wrong(["sub", "jti", "client_id"], (v) => typeof v === "string" && v !== "")
    ?? wrong(["exp", "iat", "nbf"], (v) => Number.isInteger(v) && (v as number) <= endOfYear9999)
    ?? wrong(["sid", "kind", "key"], (v) => v === undefined || typeof v === "string")
    ?? wrong(["cs"], (v) => v === undefined || (Number.isInteger(v) && (v as number) >= 0 && (v as number) <= 2 ** 53))
    ?? wrong(["perm_ref"], (v) => v === undefined || typeof v === "boolean")
    ?? wrong(["permissions", "roles"], (v) => v === undefined || isNames(v));
}

export const isNames = (value: unknown): value is string[] => Array.isArray(value) && value.every((name) => typeof name === "string");
