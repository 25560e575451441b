// A clock that stands still until it is moved.
export const turn = () => new Promise((resolve) => setImmediate(resolve));

export class FakeClock {
  #begin;
  #at = 0;
  #timers = [];
  #sleepers = [];

  constructor(begin = 1794000000000) {
    this.#begin = begin;
  }

  now = () => this.#begin + this.#at;
  elapsed = () => this.#at;
  random = () => 0.5;

  after(ms, run, hold = false) {
    const timer = { due: this.#at + ms, run, hold };
    this.#timers.push(timer);
    return () => this.#remove(timer);
  }

  // sleep ends by wake: how long somebody waits between two tries is the test's to say.
  sleep(ms, over) {
    this.lastSleep = ms;
    this.over = over;
    return new Promise((resolve) => this.#sleepers.push(resolve));
  }

  wake() {
    this.#sleepers.splice(0).forEach((resolve) => resolve());
  }

  // settle lets everything happen that needs no time, and goes on while busy.
  async settle(busy = () => false) {
    for (let i = 0; i < 20 || busy(); i++) await turn();
  }

  // moveTo fires timers in their order. It stops at each of them, and every so many ms, for what follows.
  async moveTo(at, every = Infinity, follows = () => this.settle()) {
    await this.settle();
    for (;;) {
      const next = Math.min(at, this.#at + every, ...this.#timers.map((timer) => timer.due));
      const timer = this.#timers.find(({ due }) => due <= next);
      this.#at = Math.max(this.#at, next);
      if (timer) this.#fire(timer);
      else if (next >= at) break;
      await follows();
    }
    await follows();
  }

  // hurrying shortens what a caller waits for, if that does not come by itself.
  async hurrying(promise) {
    let done = false;
    promise.then(() => (done = true), () => (done = true));
    for (let since = performance.now(); !done; await turn()) {
      if (performance.now() - since < 50) continue;
      const timer = this.#timers.filter(({ hold }) => hold).sort((a, b) => a.due - b.due)[0];
      if (timer) this.#fire(timer);
      since = performance.now();
    }
    return promise;
  }

  #fire(timer) {
    this.#remove(timer);
    timer.run();
  }

  #remove(timer) {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }
}
