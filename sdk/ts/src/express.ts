import type { IncomingMessage, ServerResponse } from "node:http";
import { bearer } from "./bearer.js";
import { Refusal, TokenMissing } from "./errors.js";
import { checkDemand, type Level, type Principal } from "./principal.js";
import { problem } from "./problem.js";
import type { Verifier } from "./verifier.js";

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** Who sent this. Set by requirePermission, and by optional if there is a token. */
      auth: Principal;
    }
  }
}

/** A request of Express 4 or 5. */
export type Request = IncomingMessage & { auth?: Principal };
export type Next = (error?: unknown) => void;
/** A middleware. Its promise is always fulfilled, because Express 4 ignores it: failures go to next. */
export type Handler = (req: Request, res: ServerResponse, next: Next) => Promise<void>;
/** Answers a request that is refused. */
export type Answer = (refusal: Refusal, req: Request, res: ServerResponse, next: Next) => void;

export interface Middleware {
  /** Lets through who has all of the permissions, or with none named, everybody with a valid token. A malformed name throws at once. */
  requirePermission(verifier: Verifier, ...permissions: string[]): Handler;
  /**
   * Behind requirePermission: lets through who has logged in at a level or a higher one, at most maxAge seconds ago. Others get 401 (RFC 9470),
   * and the front end asks for a step-up. A level that does not exist throws at once.
   */
  requireFresh(verifier: Verifier, acr: Level, maxAge?: number): Handler;
  /** Lets a request without token through. A bad token is refused. */
  optional(verifier: Verifier): Handler;
}

/** The middleware with answers of your own. */
export function answering(answer: (verifier: Verifier) => Answer): Middleware {
  const guard = (verifier: Verifier, admit: (req: Request) => Promise<Principal | undefined>): Handler => (req, res, next) => {
    const admitted = (principal: Principal | undefined) => {
      if (principal) req.auth = principal;
      next();
    };
    const refused = (cause: unknown) => (cause instanceof Refusal ? answer(verifier)(cause, req, res, next) : next(cause));
    return admit(req).then(admitted, refused).catch(next);
  };
  return {
    requirePermission(verifier, ...permissions) {
      verifier.wire(permissions);
      return guard(verifier, (req) => verifier.authorize(req.headersDistinct["authorization"], permissions));
    },
    requireFresh(verifier, acr, maxAge) {
      checkDemand(acr, maxAge);
      return guard(verifier, async (req) => {
        if (!req.auth) throw new TokenMissing();
        req.auth.requireFresh(acr, maxAge);
        return req.auth;
      });
    },
    optional(verifier) {
      return guard(verifier, async (req) => {
        const token = bearer(req.headersDistinct["authorization"]);
        return token === undefined ? undefined : verifier.verify(token);
      });
    },
  };
}

export const { requirePermission, requireFresh, optional } = answering((verifier) => (refusal, _req, res) => {
  const { status, headers, body } = problem(refusal, verifier.audience);
  res.writeHead(status, headers).end(JSON.stringify(body));
});
