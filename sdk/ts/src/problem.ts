import { Forbidden, StaleLogin, TokenMissing, type Refusal, Unavailable } from "./errors.js";

/** The answer to a request that is refused, for any framework. */
export interface Problem {
  status: number;
  headers: Record<string, string>;
  body: Record<string, unknown>;
}

const details: Record<string, [title: string, detail: string]> = {
  token_missing: ["Unauthorized", "an access token is needed"],
  token_invalid: ["Unauthorized", "the access token is not valid"],
  reauth_required: ["Unauthorized", "a fresh or stronger login is needed"],
  unavailable: ["Service Unavailable", "the access token can't be checked now"],
};

/** What a client is told of a refusal: problem+json with the codes of Signet. The reason is not in it. */
export function problem(refusal: Refusal, audience: string): Problem {
  const { status, code } = refusal;
  const [title, detail] = details[code] ?? ["Forbidden", refusal.message];
  return {
    status,
    headers: { "Content-Type": "application/problem+json", ...challenge(refusal, audience) },
    body: { type: "about:blank", title, status, detail, code, success: false, message: detail },
  };
}

// challenge is RFC 6750 section 3.
function challenge(refusal: Refusal, audience: string): Record<string, string> {
  if (refusal instanceof Unavailable) return { "Retry-After": String(refusal.retryAfter) };
  const error = refusal instanceof TokenMissing ? ""
    : refusal instanceof Forbidden ? `, error="insufficient_scope", scope="${refusal.permissions.join(" ")}"`
    : refusal instanceof StaleLogin ? `, error="insufficient_user_authentication", acr_values="${refusal.acr}"${age(refusal)}`
    : `, error="invalid_token"`;
  return { "WWW-Authenticate": `Bearer realm="${audience}"${error}` };
}

const age = ({ maxAge }: StaleLogin) => (maxAge === undefined ? "" : `, max_age=${maxAge}`);
