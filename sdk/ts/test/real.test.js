// The package against the real server: SIGNET_BIN is a built one.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { randomUUID } from "node:crypto";
import { createVerifier, httpTransport } from "../dist/index.js";
import { RealSignet } from "./real_signet.js";

const binary = process.env.SIGNET_BIN;
const required = process.env.SIGNET_TEST_BACKENDS === "required";

test("there is a server to test with", { skip: !binary && !required && "SKIPPED: SIGNET_BIN names no server" }, () => {
  assert.ok(binary, "SIGNET_BIN must name a built server");
});

describe("with the real server", { skip: !binary && "SIGNET_BIN names no server" }, () => {
  const service = `billing-${randomUUID().slice(0, 8)}`;
  const email = `ada-${service}@example.com`;
  const lines = [];
  const log = { info: (line) => lines.push(line), warn: (line) => lines.push(line), error: (line) => lines.push(line) };
  let signet, verifier, appToken;
  before(async () => {
    signet = await RealSignet.start(binary);
    appToken = signet.service(service, "invoice:read", "invoice:write");
    signet.admin("root@example.com"); // the last administrator can't be disabled
    signet.admin(email);
    signet.run("roles", "assign", service, "clerk", email);
    verifier = createVerifier({ issuer: signet.url, audience: service, appToken: appToken.token, log });
    await verifier.ready();
  });
  after(async () => {
    verifier?.close();
    await signet?.stop();
  });

  const login = () => signet.login(email, service);

  async function verdict(token, by = verifier, permission = "invoice:read") {
    try {
      return (await (await by.verify(token)).allowed(permission)) ? "accept" : "forbidden";
    } catch (error) {
      return error.reason ?? error.code;
    }
  }

  // within waits for a verdict and says how many ms it took.
  async function within(t, seconds, token, wanted, by) {
    const begin = performance.now();
    let last;
    do {
      last = await verdict(token, by);
      if (last !== wanted) await new Promise((resolve) => setTimeout(resolve, 5));
    } while (last !== wanted && performance.now() - begin < seconds * 1000);
    t.diagnostic(`${wanted} after ${Math.round(performance.now() - begin)} ms`);
    assert.equal(last, wanted);
  }

  test("a login is accepted, and refused within a second after the logout", async (t) => {
    const token = await login();
    assert.equal(await verdict(token), "accept");
    await signet.post("/api/auth/logout", undefined, token);
    await within(t, 1, token, "ended");
  });

  test("a role that is taken is missing within a second, and counts again when it is given", async (t) => {
    const token = await login();
    assert.equal(await verdict(token), "accept");
    signet.run("roles", "unassign", service, "clerk", email);
    await within(t, 1, token, "forbidden");
    signet.run("roles", "assign", service, "clerk", email);
    await within(t, 1, token, "accept");
  });

  test("a user who is disabled is refused within a second, and may log in after that", async (t) => {
    const token = await login();
    assert.equal(await verdict(token), "accept");
    signet.run("users", "disable", email, "--reason", "a test");
    await within(t, 1, token, "ended");
    signet.run("users", "enable", email);
    assert.equal(await verdict(await login()), "accept");
  });

  test("keys are rotated, and one that got out is refused within a second", async (t) => {
    const old = await login();
    const { kid } = JSON.parse(Buffer.from(old.split(".")[0], "base64url"));
    assert.equal(await verdict(old), "accept");
    signet.run("keys", "revoke", kid);
    await within(t, 1, old, "key_revoked");
    assert.equal(await verdict(await login()), "accept");
  });

  test("through a proxy that holds the stream back, a logout counts within a second, too", async (t) => {
    const direct = httpTransport();
    const transport = (call) => (call.url.endsWith("/stream") ? new Promise(() => {}) : direct(call));
    const other = createVerifier({ issuer: signet.url, audience: service, appToken: appToken.token, log, transport });
    await other.ready(20_000);
    const token = await login();
    assert.equal(await verdict(token, other), "accept");
    await signet.post("/api/auth/logout", undefined, token);
    await within(t, 1, token, "ended", other);
    other.close();
  });

  test("Signet is killed and comes back: tokens count meanwhile, and what happens then is heard", async (t) => {
    const token = await login();
    assert.equal(await verdict(token), "accept");
    await signet.kill();
    for (let i = 0; i < 20; i++) {
      assert.equal(await verdict(token), "accept");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(verifier.state().stream, "cut");
    await signet.up();
    await signet.post("/api/auth/logout", undefined, token);
    await verifier.ready(35_000);
    await within(t, 1, token, "ended");
    assert.equal(await verdict(await login()), "accept");
  });

  test("an app token that is revoked ends the stream, and says so", async () => {
    signet.run("tokens", "revoke", appToken.id);
    for (let i = 0; i < 400 && verifier.state().stream !== "app_token_refused"; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(verifier.state().stream, "app_token_refused");
    assert.match(lines.join("\n"), /Signet does not take appToken \(401\)/);
  });
});
