// Runs all of sdk/conformance/cases.json: the README.md beside it says what the steps mean.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createVerifier, Forbidden, TokenInvalid, TokenMissing, Unavailable } from "../dist/index.js";
import { FakeClock } from "./fake_clock.js";
import { FakeSignet } from "./fake_signet.js";

const file = JSON.parse(readFileSync(new URL("../../conformance/cases.json", import.meta.url), "utf8"));
const names = { issuer: "issuer", url: "url", audience: "audience", app_token: "appToken", on_cut: "onCut", leeway: "leeway", allow_http: "allowHttp" };
const log = { info() {}, warn() {}, error() {} };

// Scene is one verifier, with a Signet and a clock of its own.
class Scene {
  constructor(config) {
    this.config = { ...file.config, ...config };
    this.clock = new FakeClock(file.base * 1000);
    this.signet = new FakeSignet(this.config.url ?? this.config.issuer);
  }

  options(config = {}) {
    const set = Object.entries({ ...this.config, ...config }).filter(([, value]) => value !== null);
    return { ...Object.fromEntries(set.map(([name, value]) => [names[name], value])), clock: this.clock, transport: this.signet.transport, log };
  }

  async begin(wired) {
    this.verifier = createVerifier(this.options());
    this.verifier.wire(wired);
    await this.moveTo(0);
  }

  async moveTo(at) {
    await this.clock.moveTo(at * 1000, this.ticks ? 10_000 : Infinity, async () => {
      if (this.ticks) this.signet.say("tick", { cs: 0 }, "c");
      await this.clock.settle(() => this.signet.busy);
    });
  }

  async do(step) {
    const { signet, verifier } = this;
    switch (step.op) {
      case "jwks":
        signet.jwks = step.keys ? { body: { keys: step.keys.map((name) => file.keys[name].public) } } : step;
        return;
      case "answer":
        signet.answers[step.to] = step.times ? [{ ...step }, ...signet.answers[step.to]] : [step];
        return;
      case "stream":
        return this.streamed(step);
      case "fact":
        return signet.fact(step.fact);
      case "flood":
        for (let i = 0; i < step.count; i++) signet.fact({ kind: "session", fact: "ended", sid: `flood-${i}`, cs: step.cs + i });
        return;
      case "header":
        return this.verdict(verifier.authorize(step.values));
      case "verify":
        return this.verdict(verifier.verify(step.token ?? ""));
      case "allowed":
        return this.verdict(verifier.verify(step.token).then(async (principal) => {
          if (!(await principal.allowed(step.permission))) throw new Forbidden([step.permission], principal.sub);
        }));
      case "new":
        return this.verdict((async () => createVerifier(this.options(step.config)).close())());
    }
    assert.fail(`the op ${step.op} is unknown`);
  }

  async streamed({ state, cs, reason, status, token_ttl: tokenTTL = 960 }) {
    const { signet, clock } = this;
    switch (state) {
      case "hello":
      case "ready":
        Object.assign(signet.stream, { opens: true, hello: true, tokenTTL, service: this.config.audience });
        clock.wake();
        await clock.settle(() => signet.busy);
        if (state === "ready") signet.say("ready", { cs }, "c");
        this.ticks = state === "ready";
        return;
      case "reset":
        return signet.say("", { kind: "reset", cs }, "c");
      case "bye":
        signet.say("bye", { reason });
    }
    this.ticks = false;
    if (state === "silent") signet.stream = { opens: false };
    else signet.hangUp(status);
  }

  async verdict(promise) {
    try {
      return { verdict: "accept", principal: await this.clock.hurrying(promise) };
    } catch (error) {
      const verdicts = { missing: TokenMissing, invalid: TokenInvalid, forbidden: Forbidden, unavailable: Unavailable, error: TypeError };
      const verdict = Object.keys(verdicts).find((name) => error instanceof verdicts[name]);
      if (!verdict) throw error;
      return { verdict, reason: error.reason };
    }
  }

  compare({ verdict, reason, principal: p }, want) {
    const sorted = (list) => [...list].sort();
    const { calls, last } = this.signet;
    const seen = { verdict, reason, sub: p?.sub, kind: p?.kind, sid: p?.sessionId ?? "", client_id: p?.clientId };
    if (verdict === "accept" && !p) delete seen.sub; // of allowed
    for (const name of Object.keys(seen)) if (name in want) assert.equal(seen[name], want[name], name);
    for (const name of ["permissions", "roles"]) if (name in want) assert.deepEqual(sorted(p[name]), sorted(want[name]), name);
    for (const [name, value] of Object.entries(want.claims ?? {})) assert.deepEqual(p.claims[name], value, name);
    for (const [to, n] of Object.entries(want.calls ?? {})) assert.equal(calls[to] ?? 0, n, `calls to ${to}`);
    for (const [name, value] of Object.entries(want.sent ?? {})) assert.equal(last.headers[name.toLowerCase()], value, name);
    if (want.asked) assert.deepEqual(sorted(JSON.parse(last.body).checks.map((check) => check.permission)), sorted(want.asked), "asked");
  }
}

for (const { name, config, wired = [], steps } of file.cases) {
  test(name, async () => {
    const scene = new Scene(config);
    for (const [i, step] of steps.entries()) {
      if (!scene.verifier && (step.at > 0 || !["jwks", "answer"].includes(step.op))) await scene.begin(wired);
      if (scene.verifier) await scene.moveTo(step.at);
      scene.signet.calls = {};
      const seen = await scene.do(step);
      await scene.clock.settle(() => scene.signet.busy);
      if (step.want) assert.doesNotThrow(() => scene.compare(seen, step.want), `step ${i}: ${step.op} at ${step.at}`);
    }
    assert.deepEqual(scene.signet.strange, []);
    scene.verifier.close();
  });
}
