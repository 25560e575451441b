import type { Claims } from "./claims.js";
import { StaleLogin } from "./errors.js";

/** How strongly somebody has logged in, in this order. */
export type Level = "aal1" | "aal2" | "phr";

const levels: readonly string[] = ["aal1", "aal2", "phr"] satisfies Level[];

/** Throws for what no login can be compared with: it would let everybody through. */
export function checkDemand(acr: string, maxAge?: number): void {
  if (!levels.includes(acr)) throw new TypeError(`acr: ${String(acr)} is no level: say aal1, aal2 or phr`);
  if (maxAge !== undefined && !(maxAge >= 0)) throw new TypeError(`maxAge: ${String(maxAge)} is no number of seconds`);
}

/** Who sent the request, and what they may do. */
export class Principal {
  /** The id of the user or service account. Store this, never an address. */
  readonly sub: string;
  readonly kind: "user" | "service_account" | (string & {});
  /** A service account has none. */
  readonly sessionId: string | undefined;
  readonly clientId: string;
  /** Short names, such as `invoice:read`; empty if they are too many for a token (`claims.perm_ref`): ask `allowed`. */
  readonly permissions: readonly string[];
  /** For display: permissions decide. */
  readonly roles: readonly string[];
  /** What the token says, which may be older than `permissions` and `roles`. */
  readonly claims: Claims;
  readonly #allowed: (permission: string) => Promise<boolean>;
  readonly #now: () => number;

  constructor(
    claims: Claims, permissions: readonly string[], roles: readonly string[], allowed: (permission: string) => Promise<boolean>,
    now: () => number = () => Date.now() / 1000,
  ) {
    this.sub = claims.sub;
    this.kind = claims.kind ?? "user";
    this.sessionId = claims.sid;
    this.clientId = claims.client_id;
    this.permissions = permissions;
    this.roles = roles;
    this.claims = claims;
    this.#allowed = allowed;
    this.#now = now;
  }

  /**
   * Throws StaleLogin unless they have logged in at a level or a higher one, at most maxAge seconds ago. Ask after the permission. A service
   * has no level, and is not fresh: decide about it by kind before.
   */
  requireFresh(acr: Level, maxAge?: number): void {
    checkDemand(acr, maxAge);
    const { acr: level, auth_time: at } = this.claims;
    const known = typeof level === "string" ? Math.max(levels.indexOf(level), 0) : 0;
    if (typeof at !== "number" || known < levels.indexOf(acr) || (maxAge !== undefined && this.#now() - at > maxAge)) {
      throw new StaleLogin(acr, maxAge, this.sub);
    }
  }

  /** Whether they have the permission of this service. A malformed name, or another service's, throws: it is a mistake of the program. */
  allowed(permission: string): Promise<boolean> {
    return this.#allowed(permission);
  }
}
