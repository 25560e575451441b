import assert from "node:assert/strict";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import express4 from "express4";
import express5 from "express5";
import { answering, optional, requireFresh, requirePermission } from "../dist/express.js";
import { Unavailable } from "../dist/index.js";
import { FakeIssuer, user } from "../dist/testing.js";

let issuer, verifier;
const refusals = [];
before(async () => {
  issuer = await FakeIssuer.start();
  verifier = await issuer.verifier("billing", { onRefused: (refusal) => refusals.push(refusal) });
});
after(() => issuer.close());

// get sends a request with header lines as they are; fetch would join them.
function get(server, path, ...authorization) {
  return new Promise((resolve, reject) => {
    const headers = authorization.flatMap((value) => ["Authorization", value]);
    http.get({ port: server.address().port, path, headers: ["Host", "billing", ...headers] }, async (res) => {
      const text = (await res.toArray()).join("");
      resolve({ status: res.statusCode, headers: res.headers, body: text.startsWith("{") ? JSON.parse(text) : text });
    }).on("error", reject);
  });
}

for (const [version, express] of [["4", express4], ["5", express5]]) {
  describe(`Express ${version}`, () => {
    let server;
    before(async () => {
      const app = express();
      app.get("/me", requirePermission(verifier), (req, res) => res.json({ sub: req.auth.sub }));
      app.get("/invoices", requirePermission(verifier, "invoice:read"), (req, res) => res.json({ sub: req.auth.sub }));
      app.delete("/invoices", requirePermission(verifier, "invoice:read", "billing/invoice:delete"), (req, res) => res.end());
      app.get("/fresh", requirePermission(verifier, "invoice:read"), requireFresh(verifier, "aal2", 600), (req, res) => res.json({ sub: req.auth.sub }));
      app.get("/front", optional(verifier), (req, res) => res.json({ sub: req.auth?.sub ?? null }));
      app.get("/away", requirePermission({ wire() {}, audience: "billing", authorize: async () => { throw new Unavailable("x", 7); } }), (req, res) => res.end());
      app.get("/broken", requirePermission({ wire() {}, authorize: async () => { throw new Error("a bug"); } }), (req, res) => res.end());
      app.get("/own", answering(() => (refusal, req, res) => res.status(418).json({ code: refusal.code })).requirePermission(verifier), (req, res) => res.end());
      app.get("/faulty", answering(() => () => { throw new Error("no answer"); }).requirePermission(verifier), (req, res) => res.end());
      app.use((error, req, res, _next) => res.status(500).json({ caught: error.message }));
      server = app.listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
    });
    after(() => server.close());

    test("a permission lets through", async () => {
      const answer = await get(server, "/invoices", `bearer ${issuer.token(user("u-1", "invoice:read"))}`);
      assert.deepEqual([answer.status, answer.body], [200, { sub: "u-1" }]);
      assert.equal((await get(server, "/me", `Bearer ${issuer.token(user("u-2"))}`)).status, 200);
    });

    test("no token, or anything but one", async () => {
      const token = issuer.token(user("u-1", "invoice:read"));
      for (const values of [[], [`DPoP ${token}`], [`Bearer ${token}`, `Bearer ${token}`], [`Bearer  ${token}`], ["Basic eA=="]]) {
        const { status, headers, body } = await get(server, "/invoices", ...values);
        assert.deepEqual([status, headers["www-authenticate"], headers["content-type"], body.code, body.success],
          [401, 'Bearer realm="billing"', "application/problem+json", "token_missing", false]);
      }
    });

    test("a login that is too weak or too old is told what would be enough", async () => {
      const now = Math.floor(Date.now() / 1000);
      const fresh = (claims) => get(server, "/fresh", `Bearer ${issuer.token(user("u-1", "invoice:read").with(claims))}`);
      const challenge = 'Bearer realm="billing", error="insufficient_user_authentication", acr_values="aal2", max_age=600';
      for (const claims of [{ acr: "aal1", auth_time: now }, { acr: "aal2", auth_time: now - 660 }, { acr: "aal9", auth_time: now }, { acr: "aal2" }, { auth_time: now }, {}]) {
        const { status, headers, body } = await fresh(claims);
        assert.deepEqual([status, headers["www-authenticate"], body.code], [401, challenge, "reauth_required"], JSON.stringify(claims));
      }
      for (const acr of ["aal2", "phr"]) assert.equal((await fresh({ acr, auth_time: now - 60 })).status, 200);
      const principal = await verifier.verify(issuer.token(user("u-1").with({ acr: "phr", auth_time: now })));
      for (const demand of [["aal3"], ["AAL2"], ["aal2", NaN], ["aal2", -1]]) { // none of which a login can be compared with
        assert.throws(() => requireFresh(verifier, ...demand), TypeError);
        assert.throws(() => principal.requireFresh(...demand), TypeError);
      }
    });

    test("a bad token is told no reason, the hook is", async () => {
      refusals.length = 0;
      const token = issuer.token(user("u-1").for("shipping"));
      const { status, headers, body } = await get(server, "/invoices", `Bearer ${token}`);
      assert.deepEqual([status, headers["www-authenticate"], body.code], [401, 'Bearer realm="billing", error="invalid_token"', "token_invalid"]);
      assert.ok(!JSON.stringify(body).includes("audience"));
      assert.deepEqual(refusals.map(({ reason, sub, kid }) => [reason, sub, kid]), [["audience", "u-1", issuer.kid]]);
      assert.match(refusals[0].message, /^audience: the token says "shipping", the setting is "billing"$/);
      assert.ok(!JSON.stringify({ ...refusals[0], message: refusals[0].message, stack: refusals[0].stack }).includes(token));
    });

    test("a permission that is missing", async () => {
      const { status, headers, body } = await get(server, "/invoices", `Bearer ${issuer.token(user("u-1", "invoice:write"))}`);
      assert.deepEqual([status, headers["www-authenticate"], body.code, body.detail],
        [403, 'Bearer realm="billing", error="insufficient_scope", scope="invoice:read"', "forbidden", "invoice:read is needed"]);
    });

    test("no verdict is 503", async () => {
      const { status, headers, body } = await get(server, "/away", "Bearer x");
      assert.deepEqual([status, headers["retry-after"], headers["www-authenticate"], body.code], [503, "7", undefined, "unavailable"]);
    });

    test("optional lets through without token, and refuses a bad one", async () => {
      assert.deepEqual((await get(server, "/front")).body, { sub: null });
      assert.deepEqual((await get(server, "/front", `Bearer ${issuer.token(user("u-1"))}`)).body, { sub: "u-1" });
      assert.equal((await get(server, "/front", "Bearer x")).status, 401);
    });

    test("another failure reaches next, and answers can be replaced", async () => {
      assert.deepEqual((await get(server, "/broken", "Bearer x")).body, { caught: "a bug" });
      assert.deepEqual((await get(server, "/faulty")).body, { caught: "no answer" });
      const own = await get(server, "/own");
      assert.deepEqual([own.status, own.body], [418, { code: "token_missing" }]);
    });
  });
}

test("a permission that can't be right throws where it is wired", () => {
  assert.throws(() => requirePermission(verifier, "invoice"), /permission "invoice" is no name like "invoice:read"/);
  assert.throws(() => requirePermission(verifier, "invoice:*"), TypeError);
  assert.throws(() => requirePermission(verifier, "shipping/parcel:read"), /is one of "shipping"; tokens of "billing" never have it/);
});
