import { settled, type Clock } from "./clock.js";

// Places bounds how much runs at once. A place that becomes free goes to the one that waited longest.
export class Places {
  #free: number;
  #waiting: (() => void)[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock, places: number) {
    this.#clock = clock;
    this.#free = places;
  }

  // take waits for a place, for ms at most, and tells whether it got one.
  async take(ms: number): Promise<boolean> {
    if (this.#free > 0) {
      this.#free--;
      return true;
    }
    let taken = false;
    let give = () => {};
    const turn = new Promise<void>((resolve) => {
      give = () => {
        taken = true;
        resolve();
      };
    });
    this.#waiting.push(give);
    await settled(this.#clock, ms, turn);
    this.#waiting = this.#waiting.filter((other) => other !== give);
    return taken;
  }

  leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
