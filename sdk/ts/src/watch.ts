import type { Clock } from "./clock.js";

// Watch gives up on a connection that stays silent. It never keeps the process alive.
export class Watch {
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #cancel = () => {};
  #reject: (why: Error) => void = () => {};
  #failed: Error | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Is aborted when the connection is given up. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  // expect gives the other side ms from now on.
  expect(ms: number, why: () => Error): void {
    this.#cancel();
    this.#cancel = this.#clock.after(ms, () => this.fail(why()));
  }

  fail(why: Error): void {
    this.#cancel();
    this.#failed ??= why;
    this.#reject(this.#failed);
    this.#abort.abort();
  }

  // guard waits for a promise, for as long as there is hope.
  guard<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#failed) reject(this.#failed);
      this.#reject = reject;
      promise.then(resolve, reject);
    });
  }

  // pieces hands on what comes.
  async *pieces(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const pieces = body[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await this.guard(pieces.next());
      if (done) return;
      yield value;
    }
  }
}
