import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { test } from "node:test";
import { createVerifier, fromEnv } from "../dist/index.js";
import { AppToken } from "../dist/app_token.js";

const good = { issuer: "https://auth.example.com", audience: "billing" };
const wrong = (change) => () => createVerifier({ ...good, ...change });

test("a wrong setting is named, with what was seen", () => {
  assert.throws(wrong({ issuer: undefined }), /^TypeError: issuer must be the address of Signet, such as https:\/\/auth\.example\.com; it is undefined$/);
  assert.throws(wrong({ issuer: "auth.example.com" }), /issuer must be the address of Signet, such as .*; it is "auth\.example\.com"/);
  assert.throws(wrong({ issuer: "http://auth.example.com" }), /issuer must begin with https:\/\/ \(or set allowHttp inside a network that you trust\); it is "http:\/\/auth/);
  assert.throws(wrong({ url: "http://signet:5000" }), /url must begin with https/);
  assert.throws(wrong({ issuer: "https://auth.example.com/?x=1" }), /issuer must have no query/);
  assert.throws(wrong({ audience: "" }), /audience must be the key of your service at Signet \(not its name\), such as billing; it is ""/);
  assert.throws(wrong({ audience: "Billing" }), /it is "Billing"/);
  assert.throws(wrong({ leeway: 90 }), /leeway must be 0 to 60 seconds; it is 90/);
  assert.throws(wrong({ onCut: "maybe" }), /onCut must be "allow" or "deny"; it is "maybe"/);
  assert.throws(wrong({ appToken: "sgat_1", appTokenFile: "x" }), /appToken and appTokenFile are both set/);
  assert.throws(wrong({ appTokenFile: "/nowhere" }), /appTokenFile can't be read: ENOENT/);
});

test("a secret is in no error and in no output", () => {
  assert.throws(wrong({ appToken: "a-password" }), (error) => /appToken must be an application token/.test(error.message) && !error.message.includes("a-password"));
  assert.throws(wrong({ issuer: "https://user:a-password@auth.example.com" }), (error) => !error.message.includes("a-password"));
  const token = AppToken.from("sgat_a-password", undefined);
  for (const text of [`${token}`, JSON.stringify({ token }), inspect(token, { showHidden: true, depth: 9 })]) assert.ok(!text.includes("password"), text);
});

test("the environment has the settings", () => {
  const env = { SIGNET_ISSUER: "https://a.example.com", SIGNET_URL: "https://b.internal", SIGNET_AUDIENCE: "billing", SIGNET_APP_TOKEN: "sgat_1", SIGNET_APP_TOKEN_FILE: "" };
  assert.deepEqual(fromEnv(env), { issuer: "https://a.example.com", url: "https://b.internal", audience: "billing", appToken: "sgat_1", appTokenFile: undefined });
  assert.throws(() => createVerifier(fromEnv({})), /issuer must be the address of Signet/);
});

test("an empty file of the app token is told from a wrong one", () => {
  const file = join(mkdtempSync(join(tmpdir(), "signet-settings-")), "token");
  for (const [content, said] of [["\n", /^TypeError: appTokenFile \/.*token is empty/], ["a-password\n", /appTokenFile must be an application token/]]) {
    writeFileSync(file, content);
    assert.throws(wrong({ appTokenFile: file }), said);
  }
  rmSync(dirname(file), { recursive: true });
});

test("an issuer with a slash at its end is compared with it, and the start says so", () => {
  const lines = [];
  const log = { info: (line) => lines.push(line), warn: (line) => lines.push(line), error: (line) => lines.push(line) };
  createVerifier({ ...good, issuer: "https://auth.example.com/", log }).close();
  assert.match(lines[0], /issuer ends with a slash, which counts: .* It is https:\/\/auth\.example\.com\/$/);
});

test("without app token the start says so, in one line", () => {
  const lines = [];
  const log = { info: (line) => lines.push(line), warn: (line) => lines.push(line), error: (line) => lines.push(line) };
  createVerifier({ ...good, log }).close();
  assert.deepEqual(lines, ["signet: there is no appToken: a logout, or a role that is taken, counts when the token expires"]);
});
