import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Fact } from "../facts.js";
import type { FakeIssuer } from "./fake_issuer.js";

// FakeServer is the HTTP of a FakeIssuer.
export class FakeServer {
  readonly calls: Record<string, number> = {};
  readonly #issuer: FakeIssuer;
  readonly #server: http.Server;
  readonly #streams = new Set<Stream>();

  constructor(issuer: FakeIssuer) {
    this.#issuer = issuer;
    this.#server = http.createServer((req, res) => void this.#serve(req, res));
    this.#server.on("connection", (socket) => socket.unref()); // a test that forgets close ends all the same
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.#server.unref();
  }

  // flush sends what streams have not heard.
  flush(): void {
    for (const stream of this.#streams) stream.flush();
  }

  hangUp(): void {
    for (const stream of this.#streams) stream.end();
  }

  async close(): Promise<void> {
    this.hangUp();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
    const url = new URL(req.url ?? "/", this.url);
    this.calls[url.pathname] = (this.calls[url.pathname] ?? 0) + 1;
    if (this.#issuer.gone) return answer(res, 503, { code: "unavailable" }, { "Retry-After": "1" });
    const bearer = /^Bearer (.+)$/.exec(req.headers.authorization ?? "")?.[1] ?? "";
    const service = /^sgat_fake_(.+)$/.exec(bearer)?.[1];
    switch (url.pathname) {
      case "/.well-known/jwks.json":
        return answer(res, 200, { keys: this.#issuer.keys.map(({ jwk }) => jwk) });
      case "/api/authz/revocations/stream":
        if (!service) return answer(res, 401, { code: "token_invalid" });
        return this.#stream(req, res, service);
      case "/api/authz/revocations":
        if (!service) return answer(res, 401, { code: "token_invalid" });
        return this.#poll(res, url.searchParams);
      case "/oauth2/introspect":
        if (!service) return answer(res, 401, { error: "invalid_client" });
        return this.#introspect(res, service, new URLSearchParams(await text(req)).get("token") ?? "");
      case "/api/authz/check":
        return this.#check(res, bearer, JSON.parse(await text(req)));
    }
    answer(res, 404, { code: "not_found" });
  }

  #stream(req: http.IncomingMessage, res: http.ServerResponse, service: string): void {
    const stream = new Stream(this.#issuer, res, req.headers["last-event-id"]?.toString(), service);
    this.#streams.add(stream);
    res.on("close", () => {
      this.#streams.delete(stream);
      stream.end();
    });
  }

  // poll answers at once: a test that goes through a proxy has no time to wait.
  #poll(res: http.ServerResponse, query: URLSearchParams): void {
    const { facts, cursor } = news(this.#issuer, query.get("cursor") ?? undefined);
    answer(res, 200, { facts, cursor, cs: this.#issuer.cs, token_ttl: 960, heartbeat: 5, more: false });
  }

  #introspect(res: http.ServerResponse, service: string, token: string): void {
    const claims = this.#issuer.live(token);
    const active = claims?.["aud"] === service;
    answer(res, 200, { ...(active ? claims : {}), active, cs: this.#issuer.cs });
  }

  #check(res: http.ServerResponse, token: string, { checks }: { checks: { service: string; permission: string }[] }): void {
    const claims = this.#issuer.live(token);
    if (!claims) return answer(res, 401, { code: "token_invalid" });
    const held = claims["permissions"] as string[];
    const results = checks.map(({ service, permission }) => ({ allowed: service === claims["aud"] && held.includes(permission) }));
    answer(res, 200, { success: true, results, cs: this.#issuer.cs });
  }
}

// Stream is one follower, and where it stands.
class Stream {
  readonly #issuer: FakeIssuer;
  readonly #res: http.ServerResponse;
  readonly #heart: NodeJS.Timeout;
  #cursor: string | undefined;

  constructor(issuer: FakeIssuer, res: http.ServerResponse, cursor: string | undefined, service: string) {
    this.#issuer = issuer;
    this.#res = res;
    this.#cursor = cursor;
    res.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform" });
    this.#say("hello", { v: 1, token_ttl: 960, heartbeat: 5, service, cs: issuer.cs });
    this.flush();
    this.#say("ready", { cs: issuer.cs }, this.#cursor);
    this.#heart = setInterval(() => this.#say("tick", { cs: issuer.cs }, this.#cursor), 5000).unref();
  }

  flush(): void {
    const { facts, cursor } = news(this.#issuer, this.#cursor);
    for (const fact of facts) this.#say("", fact, cursor);
    this.#cursor = cursor;
  }

  end(): void {
    clearInterval(this.#heart);
    this.#res.destroy();
  }

  #say(event: string, data: unknown, id?: string): void {
    this.#res.write(`${event ? `event: ${event}\n` : ""}${id ? `id: ${id}\n` : ""}data: ${JSON.stringify(data)}\n\n`);
  }
}

// news are the facts behind a cursor, all for one of another epoch, and the cursor behind them.
function news({ epoch, cs, facts }: FakeIssuer, cursor: string | undefined): { facts: Fact[]; cursor: string } {
  const [, of, number] = /^sgcu_(\d+)_(\d+)$/.exec(cursor ?? "") ?? [];
  const known = Number(of) === epoch ? Number(number) : -1;
  return { facts: facts.filter((fact) => fact.cs > known), cursor: `sgcu_${epoch}_${cs}` };
}

function answer(res: http.ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  res.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
}

async function text(req: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
