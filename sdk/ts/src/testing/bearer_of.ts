/** Somebody who sends a token. */
export interface Bearer {
  readonly sub: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** The session, of a user. */
  session(id: string): Bearer;
  /** The service that the token is for. By default it is the one of the last config. */
  for(audience: string): Bearer;
  /** Other claims: `{ acr: "…" }`, and undefined takes one away. */
  with(claims: Record<string, unknown>): Bearer;
}

/** A user with permissions. Their session is `s-` and the id, unless session says another. */
export function user(id: string, ...permissions: string[]): Bearer {
  return bearer({ sub: id, sid: `s-${id}`, client_id: "signet", email_verified: true, roles: [], permissions });
}

/** The account of a service, by its key, with permissions. */
export function service(key: string, ...permissions: string[]): Bearer {
  return bearer({ sub: `svc-${key}`, client_id: key, kind: "service_account", key: `token-of-${key}`, roles: [], permissions });
}

function bearer(claims: Record<string, unknown>): Bearer {
  const changed = (changes: Record<string, unknown>) => bearer({ ...claims, ...changes });
  return { sub: String(claims["sub"]), claims, session: (sid) => changed({ sid }), for: (aud) => changed({ aud }), with: changed };
}
