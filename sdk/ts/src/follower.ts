import type { AppToken } from "./app_token.js";
import type { Facts } from "./facts.js";
import { pollPages } from "./long_poll.js";
import { NoHello, StreamRefused, type Message } from "./messages.js";
import type { Settings } from "./settings.js";
import type { Standing } from "./standing.js";
import { openStream } from "./stream.js";
import { Watch } from "./watch.js";

const second = 1000;
const pollsFor = 600 * second;
const refusedFor = 60 * second;

// WrongAudience is a stream that would tell of another service's tokens.
class WrongAudience extends Error {}

// Follower connects to the stream again and again, and hands on what it says.
export class Follower {
  readonly #settings: Settings;
  readonly #appToken: AppToken;
  readonly #facts: Facts;
  readonly #standing: Standing;
  readonly #onReady: () => void;
  #watch: Watch;
  #cursor: string | undefined;
  #pollUntil = -Infinity;
  #failures = 0;
  #closed = false;

  constructor(settings: Settings, appToken: AppToken, facts: Facts, standing: Standing, onReady: () => void) {
    this.#settings = settings;
    this.#appToken = appToken;
    this.#facts = facts;
    this.#standing = standing;
    this.#onReady = onReady;
    this.#watch = new Watch(settings.clock);
  }

  async run(): Promise<void> {
    while (!this.#closed) {
      const wait = await this.#follow();
      await this.#settings.clock.sleep(wait, () => this.#closed || this.#appToken.changed());
    }
  }

  close(): void {
    this.#closed = true;
    this.#watch.fail(new Error("closed"));
  }

  // follow follows one connection to its end, and tells how many ms to wait before the next.
  async #follow(): Promise<number> {
    const { clock } = this.#settings;
    this.#watch = new Watch(clock);
    const token = this.#appToken.get();
    const messages = clock.elapsed() < this.#pollUntil
      ? pollPages(this.#settings, token, this.#cursor, this.#watch, this.#pollUntil)
      : openStream(this.#settings, token, this.#cursor, this.#watch);
    try {
      for await (const message of messages) this.#take(message);
      return this.#ended("the connection was closed", 0);
    } catch (cause) {
      return this.#failed(cause as Error, token);
    } finally {
      this.#watch.fail(new Error("over"));
    }
  }

  #take(message: Message): void {
    switch (message.type) {
      case "hello":
        if (message.service !== undefined && message.service !== this.#settings.audience) {
          throw new WrongAudience(`the setting audience is ${JSON.stringify(this.#settings.audience)}, but appToken is one of ${JSON.stringify(message.service)}`);
        }
        this.#facts.ttl = message.tokenTTL;
        return;
      case "fact":
        this.#facts.add(message.fact);
        this.#standing.cs = message.fact.cs;
        break;
      case "tick":
        this.#standing.cs = message.cs;
        break;
      case "ready":
        this.#failures = 0;
        this.#standing.cs = message.cs;
        this.#standing.ready();
        this.#onReady();
        break;
      case "bye":
        throw new Error(`Signet said bye: ${message.reason}`);
    }
    this.#cursor = message.cursor ?? this.#cursor;
  }

  #failed(cause: Error, token: string): number {
    const { status, retryAfter } = cause instanceof StreamRefused ? cause : { status: 0, retryAfter: 0 };
    if (cause instanceof NoHello) {
      // Signet greets at once, so something in between keeps its words until it has enough of them.
      this.#pollUntil = this.#settings.clock.elapsed() + pollsFor;
      this.#ended(cause.message, 0);
      return 0;
    }
    if (status === 400 && this.#cursor !== undefined) {
      this.#cursor = undefined; // of another Signet: begin with the window
      return this.#ended("the cursor is not taken", 0);
    }
    if (status === 401 && this.#appToken.insteadOf(token)) return 0;
    if (status === 401 || status === 403 || status === 404 || cause instanceof WrongAudience) {
      this.#standing.refused(explain(status, this.#settings.url, cause), status !== 404);
      return refusedFor;
    }
    return this.#ended(cause.message, retryAfter);
  }

  // ended begins a cut, unless there is one. The first try after a good connection comes soon; others are spread and slow down, so that the
  // followers of a replica that stopped are no herd.
  #ended(why: string, retryAfter: number): number {
    const { random } = this.#settings.clock;
    const wait = this.#standing.state === "ready" ? random() : Math.min(30, (0.5 + 4.5 * random()) * 2 ** this.#failures++);
    this.#standing.cut(why);
    return Math.max(wait, retryAfter) * second;
  }
}

function explain(status: number, url: string, cause: Error): string {
  switch (status) {
    case 401:
      return "Signet does not take appToken (401): was it revoked, or has it ended? A new one in appTokenFile is used at once";
    case 403:
      return "appToken does not open the stream (403): it must be an application token of this service";
    case 404:
      return `${url} has no stream (404): is the setting url right, and Signet as new as this package?`;
  }
  return cause.message;
}
