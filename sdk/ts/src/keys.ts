import { within, settled } from "./clock.js";
import { Unavailable } from "./errors.js";
import { readKeySet, type Key } from "./key_set.js";
import type { Settings } from "./settings.js";
import { discard, readJSON } from "./transport.js";

const second = 1000;
const every = 300 * second;
const serves = 24 * 3600 * second; // a set that could not be renewed
const maxSet = 256 * 1024;

// Keys are Signet's public keys: fetched in the background, and at once when a token names one that is not among them.
export class Keys {
  #set: Map<string, Key> | undefined;
  /** What is wrong with the last fetch. */
  why = "the keys are not fetched yet";
  #etag: string | undefined;
  #renewed = -Infinity; // when the set was last known to be right
  #fetching: Promise<void> | undefined;
  #asked = -Infinity; // when an unknown kid last caused a fetch
  #failures = 0;
  #cancel = () => {};
  #closed = false;
  readonly #settings: Settings;
  readonly #url: string;
  readonly #dropped: (kid: string) => void;

  // dropped hears of keys that are no longer published.
  constructor(settings: Settings, dropped: (kid: string) => void) {
    this.#settings = settings;
    this.#url = `${settings.url}/.well-known/jwks.json`;
    this.#dropped = dropped;
  }

  get ready(): boolean {
    return this.#usable() !== undefined;
  }

  get size(): number {
    return this.#set?.size ?? 0;
  }

  // find gives the key of a kid, undefined if there is none, and throws Unavailable if that can't be known.
  async find(kid: string): Promise<Key | undefined> {
    const key = this.#usable()?.get(kid);
    if (key) return key;
    await this.#ask();
    const set = this.#usable();
    if (!set) throw new Unavailable(this.why);
    return set.get(kid);
  }

  // ask fetches for a caller that waits, once in 10 s for all of them, so that forged kids cost Signet nothing: what is unknown after that
  // stays unknown for as long.
  async #ask(): Promise<void> {
    const { clock } = this.#settings;
    if (clock.elapsed() - this.#asked >= 10 * second) {
      this.#asked = clock.elapsed();
      void this.refresh();
    }
    if (this.#fetching) await settled(clock, 2 * second, this.#fetching);
  }

  // refresh fetches in the background, one fetch at a time, and plans the next.
  refresh(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  #usable(): Map<string, Key> | undefined {
    return this.#settings.clock.elapsed() - this.#renewed < serves ? this.#set : undefined;
  }

  async #fetch(): Promise<void> {
    const { clock, log } = this.#settings;
    this.#cancel();
    let wait: number;
    try {
      await this.#get();
      if (this.#failures > 0) log.info("signet: the keys are fetched again");
      this.#failures = 0;
      wait = every * (0.9 + 0.2 * clock.random());
    } catch (cause) {
      this.why = `no keys from ${this.#url}: ${(cause as Error).message}. Is the setting url right, and Signet up?`;
      if (this.#failures++ === 0) log.warn(`signet: ${this.why}`);
      wait = Math.min(second * 2 ** (this.#failures - 1), 60 * second) * (0.5 + 0.5 * clock.random());
    }
    if (!this.#closed) this.#cancel = clock.after(wait, () => void this.refresh());
  }

  async #get(): Promise<void> {
    const { clock, transport } = this.#settings;
    const headers: Record<string, string> = { accept: "application/json" };
    if (this.#etag !== undefined) headers["if-none-match"] = this.#etag;
    await within(clock, 3 * second, false, async (signal) => {
      const answer = await transport({ method: "GET", url: this.#url, headers, signal });
      if (answer.status === 304 && this.#set) {
        await discard(answer);
      } else if (answer.status === 200) {
        this.#replace(await readKeySet(await readJSON(answer, maxSet)));
        this.#etag = answer.header("etag");
      } else {
        await discard(answer);
        throw new Error(`the answer has status ${answer.status}`);
      }
      this.#renewed = clock.elapsed();
    });
  }

  #replace(set: Map<string, Key>): void {
    for (const kid of this.#set?.keys() ?? []) {
      if (!set.has(kid)) this.#dropped(kid);
    }
    this.#set = set;
  }
}
