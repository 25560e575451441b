// Flights lets callers that want the same thing share one way to it.
export class Flights<T> {
  readonly #open = new Map<string, Promise<T>>();

  share(key: string, begin: () => Promise<T>): Promise<T> {
    let flight = this.#open.get(key);
    if (!flight) {
      flight = begin().finally(() => this.#open.delete(key));
      this.#open.set(key, flight);
    }
    return flight;
  }
}
