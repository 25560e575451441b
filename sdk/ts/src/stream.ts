import { NoHello, readFact, readHello, StreamRefused, type Message } from "./messages.js";
import type { Settings } from "./settings.js";
import { EventReader, type ServerEvent } from "./sse.js";
import { discard } from "./transport.js";
import type { Watch } from "./watch.js";

const second = 1000;

// openStream follows the events (SSE) until the connection ends.
export async function* openStream({ transport, url }: Settings, token: string, cursor: string | undefined, watch: Watch): AsyncGenerator<Message> {
  watch.expect(5 * second, () => new NoHello("no hello within 5 s"));
  const answer = await watch.guard(transport({
    method: "GET",
    url: `${url}/api/authz/revocations/stream`,
    headers: { accept: "text/event-stream", authorization: `Bearer ${token}`, ...(cursor ? { "last-event-id": cursor } : {}) },
    signal: watch.signal,
  }));
  if (answer.status !== 200) {
    await watch.guard(discard(answer));
    throw new StreamRefused(answer);
  }
  const reader = new EventReader();
  let greeted = false;
  for await (const piece of watch.pieces(answer.body)) {
    for (const event of reader.read(piece)) {
      const message = readMessage(event);
      if (message?.type === "hello") greeted = true;
      if (message) yield message;
    }
    if (greeted) watch.expect(15 * second, () => new Error("silence for 15 s"));
  }
}

// readMessage gives nothing for an event of a later Signet.
function readMessage({ event, data, id }: ServerEvent): Message | undefined {
  switch (event) {
    case "hello":
      return readHello(JSON.parse(data));
    case "message":
      return { type: "fact", fact: readFact(JSON.parse(data)), cursor: id };
    case "ready":
    case "tick":
      return { type: event, cs: Number(JSON.parse(data).cs), cursor: id };
    case "bye":
      return { type: "bye", reason: String(JSON.parse(data).reason) };
  }
  return undefined;
}
