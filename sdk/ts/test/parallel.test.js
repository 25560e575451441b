import assert from "node:assert/strict";
import { test } from "node:test";
import { SigningKey } from "../dist/testing/signing_key.js";
import { outcome, Scene } from "./scene.js";

const count = (list) => list.reduce((counts, one) => ({ ...counts, [one]: (counts[one] ?? 0) + 1 }), {});
const active = (cs) => ({ body: { active: true, permissions: ["invoice:read"], roles: [], cs } });

// gate is an answer that waits until it is opened.
function gate(answer) {
  let open;
  const waits = new Promise((resolve) => { open = resolve; });
  return { answer: { ...answer, waits }, open };
}

test("1 000 unknown kids at once are one fetch", async () => {
  const scene = await Scene.following();
  scene.signet.calls = {};
  const other = new SigningKey();
  const tokens = Array.from({ length: 1000 }, (_, i) => {
    const header = Buffer.from(JSON.stringify({ alg: "ES256", kid: `k-${i}`, typ: "at+jwt" })).toString("base64url");
    return [header, ...scene.token({}, other).split(".").slice(1)].join(".");
  });
  const outcomes = await Promise.all(tokens.map((token) => outcome(scene.verifier.verify(token))));
  assert.deepEqual(count(outcomes), { key_unknown: 1000 });
  assert.deepEqual(scene.signet.calls, { jwks: 1 });
});

test("a hundred requests with one token are one question", async () => {
  const scene = await Scene.following();
  const token = scene.token();
  scene.signet.fact({ kind: "subject", fact: "stale", sub: "u-1", cs: 11 });
  const { answer, open } = gate(active(11));
  scene.signet.answers.introspect = [answer];
  await scene.clock.settle();
  const asked = Array.from({ length: 100 }, () => outcome(scene.verifier.verify(token)));
  await scene.until(() => scene.signet.calls.introspect === 1);
  open();
  assert.deepEqual(count(await Promise.all(asked)), { accept: 100 });
  assert.equal(scene.signet.calls.introspect, 1);
});

test("a fact that comes while its token is asked about is asked about, too", async () => {
  const scene = await Scene.following();
  const token = scene.token();
  const first = gate(active(11));
  scene.signet.answers.introspect = [{ ...first.answer, times: 1 }, { body: { active: false, cs: 12 } }];
  scene.signet.fact({ kind: "subject", fact: "stale", sub: "u-1", cs: 11 });
  await scene.clock.settle();
  const early = outcome(scene.verifier.verify(token));
  await scene.until(() => scene.signet.calls.introspect === 1);
  scene.signet.fact({ kind: "subject", fact: "stale", sub: "u-1", cs: 12 });
  await scene.clock.settle();
  const late = outcome(scene.verifier.verify(token));
  await scene.clock.settle();
  first.open();
  assert.deepEqual([await early, await late], ["inactive", "inactive"]);
  assert.equal(scene.signet.calls.introspect, 2);
});

test("32 questions are open at once, others wait 2 s", async () => {
  const scene = await Scene.following();
  const tokens = Array.from({ length: 50 }, () => scene.token());
  for (const token of tokens) assert.equal(await outcome(scene.verifier.verify(token)), "accept");
  scene.signet.fact({ kind: "subject", fact: "stale", sub: "u-1", cs: 11 });
  const { answer, open } = gate(active(11));
  scene.signet.answers.introspect = [answer];
  await scene.clock.settle();
  const asked = tokens.map((token) => outcome(scene.verifier.verify(token)));
  await scene.until(() => scene.signet.calls.introspect >= 32);
  await scene.clock.settle();
  assert.equal(scene.signet.calls.introspect, 32);
  open();
  assert.deepEqual(count(await Promise.all(asked)), { accept: 50 });

  scene.signet.answers.introspect = [{ ...answer, waits: new Promise(() => {}) }];
  scene.signet.fact({ kind: "subject", fact: "stale", sub: "u-1", cs: 12 });
  await scene.clock.settle();
  const lost = tokens.map((token) => outcome(scene.verifier.verify(token)));
  await scene.moveBy(4.1);
  assert.deepEqual(count(await Promise.all(lost)), { unavailable: 50 });
});

test("a reset that comes while a token is asked about makes the answer worthless", async () => {
  const scene = await Scene.following();
  const first = gate(active(11));
  scene.signet.answers.introspect = [{ ...first.answer, times: 1 }, { body: { active: false, cs: 5 } }];
  scene.signet.fact({ kind: "subject", fact: "stale", sub: "u-1", cs: 11 });
  await scene.clock.settle();
  const asked = outcome(scene.verifier.verify(scene.token()));
  await scene.until(() => scene.signet.calls.introspect === 1);
  scene.signet.say("", { kind: "reset", cs: 5 }, "id");
  await scene.clock.settle();
  first.open();
  assert.equal(await asked, "inactive");
});
