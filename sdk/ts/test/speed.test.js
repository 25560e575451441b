import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

// No time is asserted: machines differ.
test("what a token costs, in µs of CPU", (t) => {
  const lines = execFileSync(process.execPath, [fileURLToPath(new URL("cost.js", import.meta.url))], { encoding: "utf8" });
  lines.trim().split("\n").forEach((line) => t.diagnostic(line));
});
