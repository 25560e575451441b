import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("the types fit strict projects and those of Express", () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "test/types"], { cwd: root, encoding: "utf8" });
  assert.deepEqual([status, stdout], [0, ""]);
});
