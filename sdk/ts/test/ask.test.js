import assert from "node:assert/strict";
import { test } from "node:test";
import { outcome, Scene } from "./scene.js";

const stale = { kind: "subject", fact: "stale", sub: "u-1", cs: 11 };
const active = { active: true, permissions: ["invoice:read"], roles: [], cs: 11 };

test("an answer counts for who asked, though the clocks differ", async () => {
  const scene = await Scene.following();
  const old = scene.token({ exp: Math.floor(scene.clock.now() / 1000) - 20 }); // within the leeway
  scene.signet.fact(stale);
  scene.signet.answers.introspect = [{ body: { ...active, valid_until: "2020-01-01T00:00:00Z" } }];
  await scene.clock.settle();
  assert.equal(await outcome(scene.verifier.verify(old)), "accept");
  assert.equal(scene.signet.calls.introspect, 1);
});

test("what check said is forgotten a minute later when the stream is cut", async () => {
  const scene = await Scene.following();
  const token = scene.token({ permissions: undefined, perm_ref: true });
  const allowed = async () => (await scene.verifier.verify(token)).allowed("invoice:read");
  scene.signet.answers.check = [{ allows: ["invoice:read"], body: { success: true, cs: 10 } }];
  assert.deepEqual([await allowed(), await allowed(), scene.signet.calls.check], [true, true, 1]);
  scene.signet.hangUp();
  await scene.moveBy(50);
  assert.deepEqual([await allowed(), scene.signet.calls.check], [true, 1]);
  await scene.moveBy(20);
  assert.deepEqual([await allowed(), scene.signet.calls.check], [true, 2]);
});

test("a hook that fails changes nothing, and is told of", async () => {
  const scene = await Scene.following({ onRefused: () => { throw new Error("no database"); } });
  assert.equal(await outcome(scene.verifier.verify("x")), "malformed");
  assert.deepEqual(scene.lines, ["error signet: onRefused failed: no database"]);
});

test("a question that fails is told with its Retry-After", async () => {
  const scene = await Scene.following();
  scene.signet.fact(stale);
  scene.signet.answers.introspect = [{ status: 429, headers: { "Retry-After": "7" } }];
  await scene.clock.settle();
  await assert.rejects(scene.verifier.verify(scene.token()), { code: "unavailable", status: 503, retryAfter: 7 });
});
