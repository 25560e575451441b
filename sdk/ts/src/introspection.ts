import type { AppToken } from "./app_token.js";
import { Unavailable } from "./errors.js";
import type { Facts } from "./facts.js";
import { Flights } from "./flights.js";
import type { Known, Live } from "./memory.js";
import { Questions } from "./questions.js";
import { isNames } from "./claims.js";
import { seenIn } from "./seen.js";
import type { Settings } from "./settings.js";

// Introspection asks what a token is and allows now.
export class Introspection {
  readonly #questions: Questions;
  readonly #flights = new Flights<Live>();
  readonly #settings: Settings;
  readonly #facts: Facts;

  constructor(settings: Settings, facts: Facts) {
    this.#settings = settings;
    this.#facts = facts;
    this.#questions = new Questions(settings, "/oauth2/introspect");
  }

  // ask gives an answer that has the change after, or that of a question which somebody asked before.
  ask(token: string, known: Known, after: number, appToken: AppToken): Promise<Live> {
    return this.#flights.share(known.id, async () => {
      const asked = { after, generation: this.#facts.generation, ttl: this.#facts.ttl };
      const { status, body } = await this.#questions.ask({
        headers: { "content-type": "application/x-www-form-urlencoded", ...signetAfter(after) },
        body: new URLSearchParams({ token }).toString(),
        bearer: (refused) => (refused && !appToken.again() ? undefined : appToken.get()),
      });
      if (status === 401) throw new Unavailable("appToken is refused by Signet (401): was it revoked, or has it ended?");
      const { active, permissions = [], roles = [] } = body;
      if (typeof active !== "boolean" || !isNames(permissions) || !isNames(roles)) throw new Unavailable("introspection gave an answer that is not understood");
      return { seen: seenIn(body, asked, this.#settings.clock), active, permissions, roles };
    });
  }
}

// signetAfter has a replica answer only with this change in it: it may know less than the one that told of the change.
export const signetAfter = (cs: number): Record<string, string> => (cs > 0 ? { "signet-after": String(cs) } : {});
