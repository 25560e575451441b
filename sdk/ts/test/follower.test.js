import assert from "node:assert/strict";
import { mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { outcome, Scene } from "./scene.js";

const ended = { kind: "session", fact: "ended", sid: "s-1", cs: 11 };
const opened = (scene) => scene.signet.sent.filter(({ url }) => url.endsWith("/stream"));

async function reconnect(scene) {
  scene.signet.stream.opens = true;
  scene.clock.wake();
  await scene.clock.settle();
}

test("after bye renew the stream goes on where it was, and nobody notices", async () => {
  const scene = await Scene.following();
  scene.signet.fact({ kind: "subject", fact: "stale", sub: "u-2", cs: 11 });
  await scene.clock.settle();
  scene.signet.say("bye", { reason: "renew" });
  await scene.clock.settle();
  assert.ok(scene.clock.lastSleep <= 1000, "within a second");
  await reconnect(scene);
  assert.equal(opened(scene).at(-1).headers["last-event-id"], "id-11");
  scene.signet.say("ready", { cs: 11 }, "id-11");
  await scene.clock.settle();
  assert.deepEqual([scene.verifier.state().stream, scene.verifier.state().cuts, scene.lines], ["ready", 0, []]);
});

test("a cut is told once when it begins to count, and once when it is over", async () => {
  const scene = await Scene.following();
  scene.signet.hangUp();
  await scene.moveBy(29);
  assert.equal(scene.verifier.state().stream, "cut");
  assert.deepEqual(scene.lines, []);
  await scene.moveBy(60);
  assert.match(scene.lines.join("\n"), /^warn signet: revocations can't be heard from https:\/\/auth\.example\.com .*tokens count until they expire$/);
  await reconnect(scene);
  scene.signet.say("ready", { cs: 10 }, "id-10");
  await scene.clock.settle();
  assert.deepEqual(scene.lines.slice(1), ["info signet: revocations are heard again"]);
  assert.deepEqual([scene.verifier.state().cuts, scene.verifier.state().cutSince], [1, undefined]);
});

test("tries slow down, and begin with a short wait after a good connection", async () => {
  const scene = await Scene.following();
  scene.signet.hangUp();
  const waits = [];
  for (let i = 0; i < 6; i++) {
    await scene.clock.settle();
    waits.push(scene.clock.lastSleep / 1000);
    scene.clock.wake();
  }
  assert.deepEqual(waits, [0.5, 2.75, 5.5, 11, 22, 30]);
});

test("Retry-After is honoured", async () => {
  const scene = await Scene.following();
  scene.signet.hangUp(429);
  scene.signet.headers = { "Retry-After": "9" };
  await scene.clock.settle();
  scene.clock.wake();
  await scene.clock.settle();
  assert.equal(scene.clock.lastSleep, 9000);
});

test("a proxy that collects what should flow is got through by long poll", async () => {
  const scene = new Scene();
  Object.assign(scene.signet.stream, { opens: true, hello: false });
  const page = { facts: [], cursor: "c-1", cs: 10, token_ttl: 960, heartbeat: 5, more: true };
  scene.signet.pages = [page, { ...page, facts: [ended], cursor: "c-2", more: false }];
  await scene.moveBy(5.1);
  scene.clock.wake();
  await scene.clock.settle();
  assert.equal(scene.verifier.state().stream, "ready");
  assert.equal(await outcome(scene.verifier.verify(scene.token())), "ended");
  const queries = scene.signet.sent.filter(({ url }) => url.includes("revocations?")).map(({ url }) => url.split("?")[1]);
  assert.deepEqual(queries, ["limit=1000&wait=0", "limit=1000&wait=0&cursor=c-1", "limit=1000&wait=10&cursor=c-2"]);
});

test("a refused app token is told apart from a cut, once, and not in a loop", async () => {
  const scene = new Scene();
  scene.signet.stream = { opens: false, status: 401 };
  await scene.moveBy(0);
  assert.equal(scene.verifier.state().stream, "app_token_refused");
  assert.equal(scene.clock.lastSleep, 60_000);
  await assert.rejects(scene.verifier.ready(), /appToken \(401\): was it revoked/);
  scene.clock.wake();
  await scene.clock.settle();
  assert.equal(scene.lines.filter((line) => line.startsWith("error")).length, 1);
  assert.ok(!scene.lines.join().includes("sgat_1"));
});

test("an app token of another service says which setting is wrong", async () => {
  const scene = new Scene();
  Object.assign(scene.signet.stream, { opens: true, service: "shipping" });
  await scene.moveBy(0);
  assert.match(scene.lines.join(), /the setting audience is "billing", but appToken is one of "shipping"/);
  assert.equal(scene.verifier.state().stream, "app_token_refused");
});

test("a token file is read again when it changes, and once after a 401", async () => {
  const file = join(mkdtempSync(join(tmpdir(), "signet-")), "token");
  writeFileSync(file, "sgat_1\n");
  const scene = new Scene({ appToken: undefined, appTokenFile: file });
  scene.signet.stream = { opens: false, status: 401 };
  await scene.moveBy(0);
  assert.equal(scene.clock.over(), false);
  writeFileSync(`${file}.new`, "sgat_2\n"); // as a mounted secret changes: another file takes its place
  renameSync(`${file}.new`, file);
  assert.equal(scene.clock.over(), true);
  await reconnect(scene);
  assert.equal(opened(scene).at(-1).headers.authorization, "Bearer sgat_2");
  scene.signet.say("ready", { cs: 10 }, "id-10");
  scene.signet.fact({ kind: "subject", fact: "stale", sub: "u-1", cs: 11 });
  await scene.clock.settle();
  scene.signet.answers.introspect = [{ status: 401, times: 1, does: () => writeFileSync(file, "sgat_three") }, { body: { active: true, permissions: [], cs: 11 } }];
  assert.equal(await outcome(scene.verifier.verify(scene.token())), "accept");
  assert.equal(scene.signet.last.headers.authorization, "Bearer sgat_three");
});

test("events come in any pieces, with any line ends, with comments and unknown names", async () => {
  const { EventReader } = await import("../dist/sse.js");
  const text = ": hi\r\nevent: new\r\ndata: {}\r\n\r\nid: 7\ndata: a\ndata: ü\n\nevent: empty\n\n";
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const reader = new EventReader();
    const events = [];
    for (let i = 0; i < bytes.length; i += size) events.push(...reader.read(bytes.subarray(i, i + size)));
    assert.deepEqual(events, [{ event: "new", data: "{}", id: undefined }, { event: "message", data: "a\nü", id: "7" }]);
  }
  assert.throws(() => new EventReader().read(new TextEncoder().encode("x".repeat(100_000))), /longer than 65536/);
});
