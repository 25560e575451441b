// An issuer for unit tests: its tokens pass the real verifier, and it says over the real protocol what becomes of them.
export { FakeIssuer } from "./testing/fake_issuer.js";
export { service, user, type Bearer } from "./testing/bearer_of.js";
