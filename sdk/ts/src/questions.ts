import { within } from "./clock.js";
import { Unavailable } from "./errors.js";
import { Places } from "./places.js";
import type { Settings } from "./settings.js";
import { discard, readJSON, retryAfter, type Call } from "./transport.js";

const seconds = 1000;
const deadline = 2 * seconds;
const maxAnswer = 1024 * 1024;
const maxAtOnce = 32;
const maxFailures = 5;

export interface Question {
  headers: Record<string, string>;
  body: string;
  // bearer is called again with a credential that is refused (401), and then gives undefined if there is no other.
  bearer(refused?: string): string | undefined;
}

export interface Reply {
  /** 200 or 401. */
  status: number;
  body: Record<string, unknown>;
}

// NoFailure says nothing against Signet: it was not asked, or does not answer this caller (429). Others may ask on.
class NoFailure extends Unavailable {}

// Questions asks one endpoint of Signet: 32 at once, and after five failures in a row nothing for 10 s.
export class Questions {
  readonly #settings: Settings;
  readonly #url: string;
  readonly #places: Places;
  #failures = 0;
  #silentUntil = -Infinity;

  constructor(settings: Settings, path: string) {
    this.#settings = settings;
    this.#url = settings.url + path;
    this.#places = new Places(settings.clock, maxAtOnce);
  }

  // ask throws Unavailable unless Signet says something about the token.
  async ask(question: Question): Promise<Reply> {
    const { clock } = this.#settings;
    this.#mayAsk();
    if (!(await this.#places.take(deadline))) throw new Unavailable(`${maxAtOnce} questions to ${this.#url} wait for their answers`);
    try {
      this.#mayAsk(); // still, after the wait
      const reply = await within(clock, deadline, true, (signal) => this.#authenticated(question, signal));
      this.#failures = 0;
      return reply;
    } catch (cause) {
      if (cause instanceof NoFailure) throw cause;
      if (++this.#failures >= maxFailures) this.#silentUntil = clock.elapsed() + 10 * seconds;
      throw cause instanceof Unavailable ? cause : new Unavailable(`${this.#url}: ${(cause as Error).message}`);
    } finally {
      this.#places.leave();
    }
  }

  #mayAsk(): void {
    if (this.#settings.clock.elapsed() < this.#silentUntil) throw new NoFailure(`${this.#url} failed ${maxFailures} times in a row and is left alone for 10 s`);
  }

  async #authenticated({ headers, body, bearer }: Question, signal: AbortSignal): Promise<Reply> {
    const send = (token: string) => this.#post({
      method: "POST", url: this.#url, headers: { ...headers, accept: "application/json", authorization: `Bearer ${token}` }, body, signal,
    });
    const token = bearer() ?? "";
    const reply = await send(token);
    const other = reply.status === 401 ? bearer(token) : undefined;
    return other === undefined ? reply : send(other);
  }

  // post tries once more on a new connection if the replica can't answer: one that lost its database must not count for all of them.
  async #post(call: Call): Promise<Reply> {
    const first = await this.#send(call).catch((cause: Error) => {
      if (call.signal.aborted) throw cause;
      return undefined;
    });
    const reply = first && first.status !== 503 ? first : await this.#send({ ...call, fresh: true });
    if (reply.status === 200 || reply.status === 401) return reply;
    const Failure = reply.status < 500 ? NoFailure : Unavailable;
    throw new Failure(`${this.#url}: the answer has status ${reply.status}`, reply.retryAfter || 1);
  }

  async #send(call: Call): Promise<Reply & { retryAfter: number }> {
    const answer = await this.#settings.transport(call);
    const { status } = answer;
    if (status !== 200) {
      await discard(answer);
      return { status, body: {}, retryAfter: retryAfter(answer) };
    }
    const body = await readJSON(answer, maxAnswer);
    if (typeof body !== "object" || body === null) throw new Error("the answer is not a JSON object");
    return { status, body: body as Record<string, unknown>, retryAfter: 0 };
  }
}
