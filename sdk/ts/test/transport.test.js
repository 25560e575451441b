import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { createVerifier, httpTransport } from "../dist/index.js";

const large = Buffer.alloc(10_000_000, " "); // JSON may begin with blanks

// The server answers as the path says, and counts connections.
let server, base, connections = 0;
before(async () => {
  server = http.createServer((req, res) => {
    if (req.url === "/redirect") return res.writeHead(302, { Location: "/text" }).end();
    if (req.url === "/stream") return res.write("event: hello\n");
    if (req.url === "/hangs/.well-known/jwks.json") return;
    if (req.url === "/large/.well-known/jwks.json") return res.end(large);
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

test("an answer that is given up just when it ends crashes nothing", async () => {
  const transport = httpTransport();
  for (let i = 0; i < 100; i++) {
    const abort = new AbortController();
    const { body } = await transport(call("/text", { signal: abort.signal }));
    await body[Symbol.asyncIterator]().next();
    abort.abort();
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
});

test("a stream that is given up crashes nothing, whether it is read or not", async () => {
  const abort = new AbortController();
  const answers = await Promise.all([0, 1].map(() => httpTransport()(call("/stream", { signal: abort.signal }))));
  const read = answers[0].body[Symbol.asyncIterator]();
  await read.next();
  const next = read.next();
  abort.abort();
  await assert.rejects(next);
  await new Promise((resolve) => setTimeout(resolve, 20));
});

for (const [path, why] of [["/hangs", /no answer within 3 s/], ["/large", /larger than 262144 bytes/], ["/text", /not a set of keys/]]) {
  test(`a key set at ${path} is none, and the log says where`, async () => {
    const [line, verifier] = await new Promise((resolve) => {
      const log = { info() {}, warn: (text) => text.includes("keys") && resolve([text, made]), error() {} };
      const made = createVerifier({ issuer: base + path, audience: "billing", log });
    });
    assert.ok(line.includes(`${base}${path}/.well-known/jwks.json`), line);
    assert.match(line, why);
    await assert.rejects(verifier.ready(50), why);
    verifier.close();
  });
}
