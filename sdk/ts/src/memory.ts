import { hash } from "node:crypto";
import type { Judged } from "./facts.js";
import type { Seen } from "./seen.js";

// Known is a token whose signature and claims were checked, and what Signet last said about it.
export interface Known extends Judged {
  readonly id: string; // of its text
  answer?: Live;
  checks?: Checks;
  /** Until when an answer that is missing is not asked for again. */
  excused: number;
}

// Live is what introspection said.
export interface Live {
  seen: Seen;
  active: boolean;
  permissions: readonly string[];
  roles: readonly string[];
}

// Checks is what /api/authz/check said, by short name.
export interface Checks {
  seen: Seen;
  /** When it was asked, by the monotonic clock. */
  at: number;
  allowed: Map<string, boolean>;
}

const max = 10_000;

export const idOf = (token: string) => hash("sha256", token, "base64");

// Memory keeps tokens until they expire, so that a signature is checked once. The one that was not used for longest makes room.
export class Memory {
  readonly #known = new Map<string, Known>();

  get(id: string, now: number): Known | undefined {
    const known = this.#known.get(id);
    if (!known) return undefined;
    this.#known.delete(id);
    if (now >= known.claims.exp) return undefined;
    this.#known.set(id, known);
    return known;
  }

  add(known: Known): void {
    this.#known.set(known.id, known);
    if (this.#known.size > max) this.#known.delete(this.#known.keys().next().value!);
  }

  // drop forgets the tokens of a signing key.
  drop(kid: string): void {
    for (const [id, known] of this.#known) {
      if (known.kid === kid) this.#known.delete(id);
    }
  }
}
