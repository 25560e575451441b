import { settled } from "./clock.js";
import type { Settings } from "./settings.js";

const second = 1000;
const tolerated = 30 * second; // how long facts may not come before onCut counts

/** `ready`: revocations are heard. `cut`: they are not, since `cutSince`. `off`: there is no appToken. */
export type StreamState = "starting" | "ready" | "cut" | "app_token_refused" | "off";

// Standing is how far the facts can be relied on now. The follower tells it how its connections do.
export class Standing {
  state: StreamState = "starting";
  /** Since when facts don't come, in milliseconds since 1970. */
  cutSince: number | undefined;
  /** How often that lasted so long that onCut counted. */
  cuts = 0;
  /** The last change that was heard of. */
  cs = 0;
  /** What is wrong. */
  why = "no answer yet";
  readonly #settings: Settings;
  #cutAt: number | undefined; // of the monotonic clock
  #everReady = false;
  #firstWait: Promise<void> | undefined;
  #waited = false;
  #told = false; // that onCut counts
  #cancel: () => void;
  #settle = () => {};
  readonly #settled: Promise<void>; // ready or refused: nothing better comes soon

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#cancel = settings.clock.after(tolerated, () => this.#tell());
  }

  // trusted tells whether facts come, or came until a moment ago.
  get trusted(): boolean {
    if (this.state === "ready") return true;
    return this.#everReady && this.#settings.clock.elapsed() - this.#cutAt! <= tolerated;
  }

  // begun lets the first verifications wait a second for the facts.
  async begun(): Promise<void> {
    if (this.#everReady || this.#waited) return;
    this.#firstWait ??= settled(this.#settings.clock, second, this.#settled).then(() => {
      this.#waited = true;
      if (!this.#everReady) this.#tell();
    });
    await this.#firstWait;
  }

  ready(): void {
    this.#everReady = true;
    this.state = "ready";
    this.#cutAt = undefined;
    this.cutSince = undefined;
    this.#cancel();
    if (this.#told) this.#settings.log.info("signet: revocations are heard again");
    this.#told = false;
    this.why = "";
    this.#settle();
  }

  cut(why: string): void {
    this.#away("cut", why);
  }

  // refused is a cut that no patience ends.
  refused(why: string, ofToken: boolean): void {
    if (this.why !== why) this.#settings.log.error(`signet: revocations are not heard: ${why}`);
    this.#away(ofToken ? "app_token_refused" : "cut", why);
    this.#settle();
  }

  close(): void {
    this.#cancel();
    this.#settle();
  }

  #away(state: StreamState, why: string): void {
    const { clock } = this.#settings;
    this.state = state;
    this.why = why;
    if (this.#cutAt !== undefined) return;
    this.#cutAt = clock.elapsed();
    this.cutSince = clock.now();
    this.#cancel();
    this.#cancel = clock.after(tolerated, () => this.#tell());
  }

  // tell says once that onCut counts now.
  #tell(): void {
    const { log, onCut, url } = this.#settings;
    if (this.#told) return;
    this.#told = true;
    this.cuts++;
    const effect = onCut === "allow" ? "tokens count until they expire" : "all tokens are answered with 503";
    log.warn(`signet: revocations can't be heard from ${url} (${this.why}); onCut is ${onCut}: ${effect}`);
  }
}
