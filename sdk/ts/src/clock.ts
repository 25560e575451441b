// Clock is all that this package knows of time and chance, so that tests can move it.
export interface Clock {
  /** Milliseconds since 1970. Only what a token says of time is compared with it. */
  now(): number;
  /** Milliseconds since some moment. They never jump, so periods are measured with them. */
  elapsed(): number;
  /** Calls run once after ms. Only with hold does the timer keep the process alive. The result cancels it. */
  after(ms: number, run: () => void, hold?: boolean): () => void;
  /** Waits for ms, without keeping the process alive, or until over is true, which is looked at once in a second. */
  sleep(ms: number, over: () => boolean): Promise<void>;
  /** From 0 to 1, without 1. */
  random(): number;
}

export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  after(ms, run, hold = false) {
    const timer = setTimeout(run, ms);
    if (!hold) timer.unref();
    return () => clearTimeout(timer);
  },
  async sleep(ms, over) {
    const end = this.elapsed() + ms;
    for (let left = ms; left > 0 && !over(); left = end - this.elapsed()) {
      await new Promise<void>((resolve) => this.after(Math.min(left, 1000), resolve));
    }
  },
  random: Math.random,
};

// within gives work a deadline. After ms its signal is aborted and the promise is rejected, whether work listens or not. No socket of ours
// holds the process, so where a caller waits, the deadline must.
export async function within<T>(
  clock: Clock, ms: number, hold: boolean, work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  let cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => {
      reject(new Error(`no answer within ${ms / 1000} s`));
      abort.abort();
    }, hold);
  });
  try {
    return await Promise.race([work(abort.signal), late]);
  } finally {
    cancel();
  }
}

// settled waits for a promise, but for ms at most, and never fails.
export function settled(clock: Clock, ms: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve, true);
    const done = () => {
      cancel();
      resolve();
    };
    promise.then(done, done);
  });
}
