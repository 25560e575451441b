/** Why a token was refused. It is for logs: a client only learns `token_invalid`. */
export type Reason =
  | "malformed" | "algorithm" | "type" | "critical" | "key_unknown" | "signature"
  | "issuer" | "audience" | "claims" | "expired" | "not_yet_valid" | "token_bound"
  | "key_revoked" | "ended" | "inactive";

/** A request that doesn't get through, with the status and the code of its answer. */
export abstract class Refusal extends Error {
  abstract readonly status: number;
  abstract readonly code: string;
  override get name() {
    return this.constructor.name;
  }
}

/** The request has no token. */
export class TokenMissing extends Refusal {
  readonly status = 401;
  readonly code = "token_missing";
  constructor() {
    super("an access token is needed");
  }
}

/** The token does not count, or not any more. Message, reason, sub and kid are for logs. */
export class TokenInvalid extends Refusal {
  readonly status = 401;
  readonly code = "token_invalid";
  readonly reason: Reason;
  /** Whose token it is; absent unless its signature was right. */
  readonly sub: string | undefined;
  readonly kid: string | undefined;
  constructor(reason: Reason, message: string, about: { sub?: string | undefined; kid?: string | undefined } = {}) {
    super(message);
    this.reason = reason;
    this.sub = about.sub;
    this.kid = about.kid;
  }
}

/** The token is good, and lacks a permission. */
export class Forbidden extends Refusal {
  readonly status = 403;
  readonly code = "forbidden";
  /** What the route needs. */
  readonly permissions: readonly string[];
  readonly sub: string;
  constructor(permissions: readonly string[], sub: string) {
    super(`${permissions.join(" ")} is needed`);
    this.permissions = permissions;
    this.sub = sub;
  }
}

/** The token is good, and its login is too weak or too long ago: the front end asks for a step-up at Signet (RFC 9470). */
export class StaleLogin extends Refusal {
  readonly status = 401;
  readonly code = "reauth_required";
  /** What would be enough; `maxAge` in seconds. */
  readonly acr: string;
  readonly maxAge: number | undefined;
  readonly sub: string;
  constructor(acr: string, maxAge: number | undefined, sub: string) {
    super("a fresh or stronger login is needed");
    this.acr = acr;
    this.maxAge = maxAge;
    this.sub = sub;
  }
}

/** Nobody can tell now whether the token counts: Signet has to be asked and gives no answer. */
export class Unavailable extends Refusal {
  readonly status = 503;
  readonly code = "unavailable";
  /** Seconds. */
  readonly retryAfter: number;
  constructor(message: string, retryAfter = 1) {
    super(message);
    this.retryAfter = retryAfter;
  }
}
