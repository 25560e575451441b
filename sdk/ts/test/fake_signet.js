// A transport without network, and what Signet says through it.
const refused = { fails: "refused" };

export class FakeSignet {
  jwks = refused;
  answers = { introspect: [refused], check: [refused] }; // the last one stays
  stream = { opens: false, status: 0, tokenTTL: 960, hello: true, service: undefined };
  headers = {}; // of an answer that is no stream
  pages = []; // of the long poll, which waits for more
  calls = {}; // how many, by name
  sent = []; // all of them
  strange = []; // addresses that are not Signet's

  constructor(url) {
    this.url = url;
  }

  transport = async (call) => {
    this.sent.push(call);
    const path = call.url.startsWith(this.url) ? call.url.slice(this.url.length) : "";
    if (path === "/.well-known/jwks.json") return this.#answer("jwks", call, this.jwks);
    if (path === "/oauth2/introspect") return this.#answer("introspect", call, this.#next("introspect"));
    if (path === "/api/authz/check") return this.#answer("check", call, this.#next("check"));
    if (path === "/api/authz/revocations/stream") return this.#open();
    if (path.startsWith("/api/authz/revocations?")) return this.pages.length > 0 ? reply({ body: this.pages.shift() }) : new Promise(() => {});
    this.strange.push(call.url);
    return reply(refused);
  };

  get last() {
    return this.sent.at(-1);
  }

  // say sends an event to who is connected.
  say(event, data, id) {
    this.stream.pipe?.push(`${event ? `event: ${event}\n` : ""}${id ? `id: ${id}\n` : ""}data: ${JSON.stringify(data)}\n\n`);
  }

  fact(fact) {
    this.say("", fact, `id-${fact.cs}`);
  }

  hangUp(status = 0) {
    this.stream.pipe?.end();
    this.stream = { opens: false, status };
  }

  get busy() {
    return this.stream.pipe?.full === true;
  }

  #open() {
    const { opens, status, tokenTTL, hello, service } = this.stream;
    if (!opens) return reply(status ? { status, headers: this.headers } : refused);
    this.stream.pipe = new Pipe();
    if (hello) this.say("hello", { v: 1, token_ttl: tokenTTL, heartbeat: 5, service, cs: 0 });
    return { status: 200, header: () => undefined, body: this.stream.pipe };
  }

  #next(to) {
    const [answer, ...more] = this.answers[to];
    if (answer.times && --answer.times === 0) this.answers[to] = more;
    return answer;
  }

  async #answer(to, call, answer) {
    this.calls[to] = (this.calls[to] ?? 0) + 1;
    answer.does?.();
    if (answer.waits) await answer.waits;
    if (!answer.allows) return reply(answer);
    const results = JSON.parse(call.body).checks.map(({ permission }) => ({ allowed: answer.allows.includes(permission) }));
    return reply({ ...answer, body: { ...answer.body, results } });
  }
}

function reply({ status = 200, headers = {}, body = "", pad = 0, fails }) {
  if (fails) throw new Error(`the connection is ${fails}`);
  const pipe = new Pipe();
  pipe.push((typeof body === "string" ? body : JSON.stringify(body)) + " ".repeat(pad));
  pipe.end();
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { status, header: (name) => lower[name], body: pipe };
}

// Pipe is a body that grows.
class Pipe {
  #text = "";
  #ended = false;
  #wake = () => {};

  get full() {
    return this.#text !== "";
  }

  push(text) {
    this.#text += text;
    this.#wake();
  }

  end() {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator]() {
    for (;;) {
      if (this.full) {
        const piece = new TextEncoder().encode(this.#text);
        this.#text = "";
        yield piece;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise((resolve) => { this.#wake = resolve; });
      }
    }
  }
}
