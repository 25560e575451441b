import type { Claims } from "./claims.js";

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

  constructor(claims: Claims, permissions: readonly string[], roles: readonly string[], allowed: (permission: string) => Promise<boolean>) {
    this.sub = claims.sub;
    this.kind = claims.kind ?? "user";
    this.sessionId = claims.sid;
    this.clientId = claims.client_id;
    this.permissions = permissions;
    this.roles = roles;
    this.claims = claims;
    this.#allowed = allowed;
  }

  /** Whether they have the permission of this service. A malformed name, or another service's, throws: it is a mistake of the program. */
  allowed(permission: string): Promise<boolean> {
    return this.#allowed(permission);
  }
}
