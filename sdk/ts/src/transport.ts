import http from "node:http";
import https from "node:https";

/** A call to Signet. */
export interface Call {
  method: "GET" | "POST";
  url: string;
  headers: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  /** A connection of its own: the last one led to a replica that could not answer. */
  fresh?: boolean;
}

/** Signet's answer. Redirects are answers too: they are not followed. */
export interface Answer {
  status: number;
  header(name: string): string | undefined;
  body: AsyncIterable<Uint8Array>;
}

/** Carries calls to Signet. Replace it to go through something that httpTransport doesn't know. */
export type Transport = (call: Call) => Promise<Answer>;

export interface TransportOptions {
  /** Certificates of the authority that signed Signet's, in PEM, instead of the system's. */
  ca?: string | Buffer | (string | Buffer)[];
  /** An agent, for a proxy. It has its own certificates. */
  agent?: http.Agent;
}

/** Calls by node:http. Its sockets don't keep the process alive. */
export function httpTransport(options: TransportOptions = {}): Transport {
  const pools = {
    "http:": { request: http.request, agent: options.agent ?? new http.Agent({ keepAlive: true }) },
    "https:": { request: https.request, agent: options.agent ?? new https.Agent({ keepAlive: true, ...authority(options) }) },
  };
  return (call) => new Promise((resolve, reject) => {
    const url = new URL(call.url);
    const { request, agent } = pools[url.protocol as keyof typeof pools];
    const outgoing = request(url, {
      method: call.method,
      headers: call.headers,
      agent: call.fresh && !options.agent ? false : agent,
      ...authority(options),
    });
    // Without an error: node would throw it for everybody if the answer is read to its end by now.
    const giveUp = () => outgoing.destroy();
    if (call.signal.aborted) giveUp();
    call.signal.addEventListener("abort", giveUp);
    outgoing.on("close", () => call.signal.removeEventListener("abort", giveUp));
    outgoing.on("socket", (socket) => socket.unref());
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => resolve({
      status: incoming.statusCode ?? 0,
      header: (name) => incoming.headers[name]?.toString(),
      body: incoming,
    }));
    outgoing.end(call.body);
  });
}

const authority = ({ ca }: TransportOptions) => (ca === undefined ? {} : { ca });

// readJSON reads an answer to its end, whatever its media type.
export async function readJSON(answer: Answer, limit: number): Promise<unknown> {
  return JSON.parse(await readAll(answer, limit));
}

async function readAll(answer: Answer, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > limit) throw new Error(`the answer is larger than ${limit} bytes`);
    chunks.push(chunk);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}

// discard reads what is left, so that the connection can serve another call. Of more than 64 KB it is closed.
export async function discard(answer: Answer): Promise<void> {
  await readAll(answer, 65_536).catch(() => {});
}

// retryAfter is how many seconds Signet asks to wait, at most an hour; 0 if it doesn't say.
export function retryAfter(answer: Answer): number {
  const text = answer.header("retry-after") ?? "";
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), 3600) : 0;
}
