// @signet-auth/server verifies Signet's access tokens in a service. The way of a token: bearer takes it from the header, text and claims
// check what it says, keys has what its signature is checked with, memory spares all that the second time, facts knows what ended since,
// and introspection asks where that does not suffice. The follower hears the facts.
export { createVerifier, Verifier, type State } from "./verifier.js";
export { Principal, type Level } from "./principal.js";
export { Refusal, TokenMissing, TokenInvalid, Forbidden, StaleLogin, Unavailable, type Reason } from "./errors.js";
export { fromEnv, type VerifierOptions, type OnCut, type Log } from "./settings.js";
export { httpTransport, type Transport, type TransportOptions, type Call, type Answer } from "./transport.js";
export { problem, type Problem } from "./problem.js";
export type { Claims } from "./claims.js";
export type { StreamState } from "./standing.js";
export type { Clock } from "./clock.js";
