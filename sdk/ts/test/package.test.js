// The package as others get it: the tarball, installed into a clean folder.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

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

test("it brings jose, and nothing else", () => {
  assert.deepEqual(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith(".")), ["@signet-auth", "jose"]);
  const files = readdirSync(join(folder, "node_modules/@signet-auth/server")).sort();
  assert.deepEqual(files, ["LICENSE", "README.md", "dist", "package.json"]);
});
