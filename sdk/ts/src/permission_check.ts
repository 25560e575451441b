import { TokenInvalid, Unavailable } from "./errors.js";
import type { Facts } from "./facts.js";
import { Flights } from "./flights.js";
import { signetAfter } from "./introspection.js";
import type { Checks, Known } from "./memory.js";
import { Questions } from "./questions.js";
import { seenIn } from "./seen.js";
import type { Settings } from "./settings.js";

const maxNames = 100;
const withoutStream = 60_000;

// PermissionCheck asks what a token permits whose permissions are too many for it. It asks with that token, so it needs no secret, and the
// answer is narrowed as the token is.
export class PermissionCheck {
  readonly #questions: Questions;
  readonly #flights = new Flights<void>();
  readonly #settings: Settings;
  readonly #facts: Facts;
  readonly #wired = new Set<string>();

  constructor(settings: Settings, facts: Facts) {
    this.#settings = settings;
    this.#facts = facts;
    this.#questions = new Questions(settings, "/api/authz/check");
  }

  // wire adds a name that every question asks about from now on.
  wire(name: string): void {
    this.#wired.add(name);
  }

  // allowed remembers answers until a fact names the token, and for a minute if facts are not heard.
  async allowed(token: string, known: Known, name: string, following: boolean): Promise<boolean> {
    const after = this.#facts.newest(known);
    const fresh = () => (this.#counts(known.checks, after, following) ? known.checks : undefined);
    if (!fresh()?.allowed.has(name)) {
      await this.#flights.share(`${known.id} ${name}`, async () => {
        const answer = await this.#ask(token, known, name, after);
        const before = fresh();
        known.checks = before ? merged(before, answer) : answer;
      });
    }
    return known.checks?.allowed.get(name) === true;
  }

  #counts(checks: Checks | undefined, after: number, following: boolean): boolean {
    if (!checks || !this.#facts.holds(checks.seen) || checks.seen.covers < after) return false;
    return following || this.#settings.clock.elapsed() - checks.at < withoutStream;
  }

  async #ask(token: string, known: Known, name: string, after: number): Promise<Checks> {
    const { clock, audience } = this.#settings;
    const asked = { after, generation: this.#facts.generation, ttl: this.#facts.ttl };
    const names = [...new Set([name, ...this.#wired])].slice(0, maxNames);
    const { status, body } = await this.#questions.ask({
      headers: { "content-type": "application/json", ...signetAfter(after) },
      body: JSON.stringify({ checks: names.map((permission) => ({ service: audience, permission })) }),
      bearer: (refused) => (refused ? undefined : token),
    });
    if (status === 401) throw new TokenInvalid("inactive", "Signet says that the token does not count any more", { sub: known.claims.sub, kid: known.kid });
    const results = body["results"];
    if (!Array.isArray(results) || results.length !== names.length || results.some((result) => typeof result?.allowed !== "boolean")) throw new Unavailable("the check gave an answer that is not understood");
    return { at: clock.elapsed(), seen: seenIn(body, asked, clock), allowed: new Map(names.map((permission, i) => [permission, results[i].allowed])) };
  }
}

// merged keeps earlier answers beside later ones, and counts as long as both.
function merged(a: Checks, b: Checks): Checks {
  const seen = { ...b.seen, covers: Math.min(a.seen.covers, b.seen.covers), until: Math.min(a.seen.until, b.seen.until) };
  return { at: Math.min(a.at, b.at), seen, allowed: new Map([...a.allowed, ...b.allowed]) };
}
