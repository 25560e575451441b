import { readFact, readHello, StreamRefused, type Message } from "./messages.js";
import type { Settings } from "./settings.js";
import { discard, readJSON } from "./transport.js";
import type { Watch } from "./watch.js";

const second = 1000;
const waits = 10; // seconds, so that silence shows as soon as on the stream
const maxPage = 8 * 1024 * 1024;

// pollPages follows the facts page by page, through a proxy that lets no stream through, until the moment end.
export async function* pollPages(
  { transport, url, clock }: Settings, token: string, cursor: string | undefined, watch: Watch, end: number,
): AsyncGenerator<Message> {
  let current = false; // whether all older facts are read
  while (clock.elapsed() < end) {
    const query = new URLSearchParams({ limit: "1000", wait: String(current ? waits : 0), ...(cursor ? { cursor } : {}) });
    watch.expect((waits + 5) * second, () => new Error("no answer within 15 s"));
    const answer = await watch.guard(transport({
      method: "GET",
      url: `${url}/api/authz/revocations?${query}`,
      headers: { accept: "application/json", authorization: `Bearer ${token}` },
      signal: watch.signal,
    }));
    if (answer.status !== 200) {
      await watch.guard(discard(answer));
      throw new StreamRefused(answer);
    }
    const page = (await watch.guard(readJSON(answer, maxPage))) as Record<string, unknown>;
    if (!Array.isArray(page["facts"]) || typeof page["cursor"] !== "string") throw new Error("a page without facts or cursor");
    cursor = page["cursor"];
    yield readHello(page);
    for (const fact of page["facts"]) yield { type: "fact", fact: readFact(fact) };
    if (page["more"] === true) continue;
    yield { type: current ? "tick" : "ready", cs: Number(page["cs"]), cursor };
    current = true;
  }
}
