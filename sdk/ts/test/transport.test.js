import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { createVerifier, httpTransport } from "../dist/index.js";

// The server answers as the path says, and counts connections.
let server, base, connections = 0;
before(async () => {
  server = http.createServer((req, res) => {
    if (req.url === "/redirect") return res.writeHead(302, { Location: "/text" }).end();
    if (req.url === "/hangs/.well-known/jwks.json") return;
    if (req.url === "/large/.well-known/jwks.json") return res.end(JSON.stringify({ keys: [], pad: "x".repeat(10_000_000) }));
    res.end(`{"method":"${req.method}"}`);
  });
  server.on("connection", () => connections++);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${server.address().port}`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const call = (path, more = {}) => ({ method: "GET", url: base + path, headers: {}, signal: new AbortController().signal, ...more });
const read = async (answer) => Buffer.concat(await answer.body.toArray()).toString();

test("redirects are not followed", async () => {
  const answer = await httpTransport()(call("/redirect"));
  assert.deepEqual([answer.status, answer.header("location")], [302, "/text"]);
});

test("connections are used again, but for a fresh one", async () => {
  const transport = httpTransport();
  connections = 0;
  for (let i = 0; i < 3; i++) assert.equal(await read(await transport(call("/text"))), '{"method":"GET"}');
  assert.equal(connections, 1);
  assert.equal(await read(await transport(call("/text", { fresh: true, method: "POST", body: "x" }))), '{"method":"POST"}');
  assert.equal(connections, 2);
});

for (const [path, wait, why] of [
  ["/hangs", 3500, /no answer within 3 s/], ["/large", 3000, /larger than 262144 bytes/], ["/text", 1000, /not a set of keys/],
]) {
  test(`a key set at ${path} is none, and the error says where`, async () => {
    const log = { info() {}, warn() {}, error() {} };
    const verifier = createVerifier({ issuer: base + path, audience: "billing", log });
    await assert.rejects(verifier.ready(wait), (error) => error.message.includes(`${base}${path}/.well-known/jwks.json`) && why.test(error.message));
    verifier.close();
  });
}
