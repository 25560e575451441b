// Prints what a token costs, in µs of CPU. The test runner would slow promises down, so this is a program of its own.
import { FakeIssuer, user } from "../dist/testing.js";

const issuer = await FakeIssuer.start();
const verifier = await issuer.verifier("billing");

async function cost(tokens) {
  const begin = process.cpuUsage();
  for (const token of tokens) await verifier.verify(token);
  const used = process.cpuUsage(begin);
  return ((used.user + used.system) / tokens.length).toFixed(1);
}

const tokens = Array.from({ length: 1000 }, () => issuer.token(user("u-1", "invoice:read", "invoice:write")));
await cost(tokens.slice(0, 100));
console.log(`the first time: ${await cost(tokens.slice(100))}`);
console.log(`remembered: ${await cost(Array.from({ length: 200_000 }, (_, i) => tokens[i % tokens.length]))}`);
await issuer.close();
