// The snippets of README.md run as printed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const text = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const snippets = [...text.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);

// run gives what the snippet's names are at its end.
function run(code, names) {
  const local = code
    .replace("https://auth.example.com", "http://127.0.0.1:9")
    .replaceAll('"@signet-auth/server', '"../dist')
    .replaceAll(/"..\/dist(\/\w+)?"/g, (_, path) => JSON.stringify(new URL(`../dist${path ?? "/index"}.js`, import.meta.url).href))
    .replaceAll('"express"', JSON.stringify(import.meta.resolve("express5")));
  return import(`data:text/javascript,${encodeURIComponent(`${local}\nexport { ${names} };`)}`);
}

test("five lines protect a service", async () => {
  process.env.SIGNET_APP_TOKEN = "sgat_1";
  const { v, app } = await run(snippets[0], "v, app");
  v.close();
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  assert.equal((await fetch(`http://127.0.0.1:${server.address().port}/invoices`)).status, 401);
  server.close();
});

test("the fake issuer", async () => {
  const { v, token } = await run(snippets[1], "v, token");
  await assert.rejects(v.verify(token), { reason: "ended" });
});

test("all settings and all that a verifier can do are on the page", async () => {
  const settings = readFileSync(new URL("../src/settings.ts", import.meta.url), "utf8");
  const names = /interface VerifierOptions \{(.*?)\n\}/s.exec(settings)[1].matchAll(/^ {2}(\w+)\??:/gm);
  for (const [, name] of names) if (name !== "clock") assert.ok(text.includes(`\`${name}\``), name);
  const { FakeIssuer } = await import("../dist/testing.js");
  const { Verifier } = await import("../dist/index.js");
  const verbs = [FakeIssuer, Verifier].flatMap(({ prototype }) => Object.entries(Object.getOwnPropertyDescriptors(prototype)).filter(([, own]) => own.value));
  for (const [name] of verbs) if (!["constructor", "live"].includes(name)) assert.ok(text.includes(`${name}(`), name);
});
