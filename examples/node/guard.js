import { createRemoteJWKSet, errors, jwtVerify } from "jose";

// newGuard makes the middleware that lets callers through by their access tokens. It verifies them itself, and asks Signet only where an
// answer must not be late. It needs nothing but the issuer, which says where its keys are.
export async function newGuard(issuer, audience) {
  const metadata = await get(issuer + "/.well-known/openid-configuration").then((response) => response.json());
  if (metadata.issuer !== issuer) {
    throw new Error(`${issuer} calls itself ${metadata.issuer}, and so do its tokens: SIGNET_ISSUER must be that`);
  }
  // The keys are kept for 5 minutes, so that a revoked one is forgotten, and fetched when a token names one that is not known, but for
  // this once in 30 seconds at most.
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri), { cacheMaxAge: 300_000 });

  // verify checks signature, typ, iss, aud and exp.
  async function verify(token) {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer, audience, clockTolerance: 30, requiredClaims: ["exp", "sub"],
        algorithms: ["ES256"], // never what the token itself names
        typ: "at+jwt", // RFC 9068 section 4
      });
      return payload;
    } catch (e) {
      const ofTheToken = e instanceof errors.JOSEError && !["ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID"].includes(e.code);
      throw ofTheToken ? invalid() : new Refused(503, "Signet can't be asked for its keys");
    }
  }

  // ask is what the token permits this second. Any doubt is no permission.
  async function ask(token) {
    const response = await get(issuer + "/api/auth/validate-jwt", token).catch(() => undefined);
    if (!response || response.status === 429 || response.status >= 500) throw new Refused(503, "Signet can't be asked");
    if (response.status !== 200) throw invalid();
    const valid = await response.json();
    if (valid.audience !== audience) throw invalid();
    return valid.permissions;
  }

  const protect = (permission, now) => async (req, res, next) => {
    try {
      const [, token] = /^bearer (.*)$/i.exec(req.get("Authorization") ?? "") ?? [];
      if (token === undefined) throw new Refused(401, "an access token is needed");
      req.caller = await verify(token);
      if (now || req.caller.perm_ref) req.caller.permissions = await ask(token); // perm_ref: they are too many for a token
      if (permission && !req.caller.permissions?.includes(permission)) {
        throw new Refused(403, `${permission} is needed`, `, error="insufficient_scope", scope="${permission}"`);
      }
    } catch (e) {
      if (!(e instanceof Refused)) throw e;
      if (e.status !== 503) res.set("WWW-Authenticate", `Bearer realm="${audience}"${e.challenge}`); // RFC 6750 section 3
      return res.status(e.status).json({ error: e.message });
    }
    next();
  };

  return {
    // loggedIn lets everybody through whose token is for this service, may those whose token has the permission. A role that was taken and
    // a session that ended count when the token expires. mayNow asks Signet besides, which knows within a second.
    loggedIn: protect(undefined, false),
    may: (permission) => protect(permission, false),
    mayNow: (permission) => protect(permission, true),

    // fresh comes after one of them, and lets those through who proved who they are at a level, not longer ago than maxAge in seconds.
    // Others are told what is missing (RFC 9470): the front end calls Signet's step-up and repeats the call. A service has no level, and
    // does not get through.
    fresh: (acr, maxAge) => (req, res, next) => {
      const wanted = levels.indexOf(acr); // below zero for a misspelled one, which lets nobody through
      const level = Math.max(levels.indexOf(req.caller.acr), 0);
      const age = Date.now() / 1000 - (req.caller.auth_time ?? 0);
      if (wanted >= 0 && level >= wanted && age <= maxAge) return next();
      const challenge = `, error="insufficient_user_authentication", acr_values="${acr}", max_age=${maxAge}`;
      res.set("WWW-Authenticate", `Bearer realm="${audience}"${challenge}`);
      res.status(401).json({ error: "a fresh login is needed" });
    },
  };
}

// levels are in ascending order. A token without one, or with one that is not known here, has the first.
const levels = ["aal1", "aal2", "phr"];

class Refused extends Error {
  constructor(status, why, challenge = "") {
    super(why);
    Object.assign(this, { status, challenge });
  }
}

const invalid = () => new Refused(401, "the access token is not valid here", ', error="invalid_token"');

const get = (url, token) => fetch(url, { headers: token ? { Authorization: `Bearer ${token}` } : {}, signal: AbortSignal.timeout(5000) });
