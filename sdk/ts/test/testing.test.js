import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeIssuer, service, user } from "../dist/testing.js";

let issuer, verifier;
before(async () => {
  issuer = await FakeIssuer.start();
  verifier = await issuer.verifier("billing");
});
after(() => issuer.close());

const verdict = (token) => verifier.verify(token).then((p) => `accept ${p.permissions}`, (error) => error.reason ?? error.code);

test("a user and a service's account are accepted", async () => {
  const person = await verifier.verify(issuer.token(user("u-1", "invoice:read")));
  assert.deepEqual([person.sub, person.kind, person.sessionId, await person.allowed("invoice:read")], ["u-1", "user", "s-u-1", true]);
  const shop = await verifier.verify(issuer.token(service("shop", "invoice:write")));
  assert.deepEqual([shop.sub, shop.kind, shop.clientId, shop.sessionId], ["svc-shop", "service_account", "shop", undefined]);
});

test("what ends has ended when the verb returns", async () => {
  const token = issuer.token(user("u-2", "invoice:read").session("s-2"));
  assert.equal(await verdict(token), "accept invoice:read");
  await issuer.end("s-2");
  assert.equal(await verdict(token), "ended");
  const other = issuer.token(user("u-3"));
  await issuer.disable("u-3");
  assert.equal(await verdict(other), "ended");
  await issuer.enable("u-3");
  assert.equal(await verdict(other), "accept ");
});

test("what is granted counts for the token that is there", async () => {
  const token = issuer.token(user("u-4", "invoice:read"));
  await issuer.grant("u-4", "invoice:write");
  assert.equal(await verdict(token), "accept invoice:write");
  assert.equal(await verdict(issuer.token(user("u-4"))), "accept invoice:write");
});

test("keys are rotated and revoked", async () => {
  const old = issuer.kid;
  const token = issuer.token(user("u-5"));
  await issuer.rotateKey();
  assert.equal(await verdict(token), "accept ");
  assert.equal(await verdict(issuer.token(user("u-5"))), "accept ");
  await issuer.revokeKey(old);
  assert.match(await verdict(token), /key_/);
});

test("after a restore every token is asked about, once", async () => {
  const token = issuer.token(user("u-6"));
  const asked = issuer.calls()["/oauth2/introspect"];
  await issuer.restore();
  assert.equal(await verdict(token), "accept ");
  assert.equal(await verdict(token), "accept ");
  assert.equal(issuer.calls()["/oauth2/introspect"], asked + 1);
});

test("time moves", async () => {
  const token = issuer.token(user("u-7"));
  issuer.advance(1000);
  assert.equal(await verdict(token), "expired");
});

test("an issuer that is away and comes back", async () => {
  const token = issuer.token(user("u-8"));
  assert.equal(await verdict(token), "accept ");
  await issuer.cut();
  assert.equal(verifier.state().stream, "cut");
  assert.equal(await verdict(token), "accept ");
  await issuer.resume();
  assert.equal(verifier.state().ready, true);
});

test("more permissions than a token holds are asked for, with that token", async () => {
  const token = issuer.token(user("u-9").with({ permissions: undefined, perm_ref: true }));
  const many = await verifier.verify(token);
  assert.deepEqual([many.permissions, await many.allowed("invoice:read")], [[], false]);
  await issuer.grant("u-9", "invoice:read");
  const other = await verifier.verify(issuer.token(user("u-9").with({ permissions: undefined, perm_ref: true })));
  assert.deepEqual([other.permissions, await other.allowed("invoice:read")], [[], true]);
});
