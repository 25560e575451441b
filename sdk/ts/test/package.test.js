// The package as others get it: the tarball, installed into a clean folder.
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FakeIssuer, user } from "../dist/testing.js";
import { freePort } from "./real_signet.js";

const root = fileURLToPath(new URL("..", import.meta.url));
let folder;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "signet-package-"));
  const tarball = execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd: root, encoding: "utf8" }).trim();
  writeFileSync(join(folder, "package.json"), '{"name":"billing","private":true}');
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefer-offline", join(folder, tarball)], { cwd: folder });
});
after(() => rmSync(folder, { recursive: true, force: true }));

function run(file, text) {
  writeFileSync(join(folder, file), text);
  return spawnSync(process.execPath, [file], { cwd: folder, encoding: "utf8", timeout: 20_000 });
}

const story = `
  (async () => {
    const issuer = await FakeIssuer.start();
    const v = createVerifier(issuer.config("billing"));
    await v.ready();
    const principal = await v.verify(issuer.token(user("u-1", "invoice:read")));
    console.log(principal.sub, await principal.allowed("invoice:read"), typeof requirePermission(v, "invoice:read"));
  })();`;

test("import works, and a script that never calls close ends", () => {
  const { status, stdout, stderr } = run("story.mjs", `
    import { createVerifier } from "@signet-auth/server";
    import { requirePermission } from "@signet-auth/server/express";
    import { FakeIssuer, user } from "@signet-auth/server/testing";${story}`);
  assert.deepEqual([status, stdout, stderr], [0, "u-1 true function\n", ""]);
});

test("require works, too", () => {
  const { status, stdout, stderr } = run("story.cjs", `
    const { createVerifier } = require("@signet-auth/server");
    const { requirePermission } = require("@signet-auth/server/express");
    const { FakeIssuer, user } = require("@signet-auth/server/testing");${story}`);
  assert.deepEqual([status, stdout], [0, "u-1 true function\n"], stderr);
});

test("a script that is done ends, though Signet is away", () => {
  const { status, stdout } = run("away.mjs", `
    import { createVerifier } from "@signet-auth/server";
    const v = createVerifier({ issuer: "http://127.0.0.1:9", audience: "billing", appToken: "sgat_1", log: { info() {}, warn() {}, error() {} } });
    await v.verify("x.y.z").catch((error) => console.log(error.code));`);
  assert.deepEqual([status, stdout], [0, "token_invalid\n"]);
});

test("the example for Express, by the package", async () => {
  const issuer = await FakeIssuer.start();
  writeFileSync(join(folder, "server.mjs"), readFileSync(join(root, "../../examples/node/sdk/server.js")));
  mkdirSync(join(folder, "node_modules/express"));
  writeFileSync(join(folder, "node_modules/express/index.js"), `module.exports = require(${JSON.stringify(join(root, "node_modules/express5"))})`);
  const { appToken } = issuer.config("billing");
  const port = await freePort();
  const server = spawn(process.execPath, ["server.mjs"], {
    cwd: folder, env: { SIGNET_ISSUER: issuer.url, SIGNET_APP_TOKEN: appToken, PORT: port }, stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => server.stdout.once("data", resolve));
  const get = (path, token, method = "GET") => fetch(`http://127.0.0.1:${port}${path}`, { method, headers: token ? { authorization: `Bearer ${token}` } : {} });
  const token = issuer.token(user("u-1", "invoice:read"));
  assert.equal((await get("/")).status, 200);
  assert.equal((await get("/invoices")).status, 401);
  assert.equal((await get("/invoices", token)).status, 200);
  assert.equal((await get("/invoices/2026-001", token, "DELETE")).status, 403);
  assert.deepEqual(await (await get("/me", token)).json(), { sub: "u-1", permissions: ["invoice:read"] });
  await issuer.end("s-u-1");
  for (let i = 0; i < 100 && (await get("/me", token)).status === 200; i++) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal((await get("/me", token)).status, 401);
  server.kill();
  await issuer.close();
});

test("it brings jose, and nothing else", () => {
  assert.deepEqual(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith(".")), ["@signet-auth", "express", "jose"]); // express is the example's
  const files = readdirSync(join(folder, "node_modules/@signet-auth/server")).sort();
  assert.deepEqual(files, ["LICENSE", "README.md", "dist", "package.json"]);
});
