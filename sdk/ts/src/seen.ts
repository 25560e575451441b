import type { Clock } from "./clock.js";

// Seen is what an answer of Signet is worth: it has all changes up to covers, and counts until a moment of the monotonic clock. After a
// reset, which begins another generation, it counts no more.
export interface Seen {
  covers: number;
  generation: number;
  until: number;
}

const unsureFor = 5_000;

export interface Asked {
  /** The change that the answer had to have. */
  after: number;
  generation: number;
  /** When the token expires, in seconds. */
  exp: number;
  /** How many seconds facts are kept: it counts for as long as those since then are known. */
  ttl: number;
}

// seenIn reads it from an answer. One that is older than asked for, or doesn't say, is of a replica of the release before: it counts for 5 s,
// because the next replica may know more.
export function seenIn(body: Record<string, unknown>, { after, generation, exp, ttl }: Asked, clock: Clock): Seen {
  const { cs, valid_until: validUntil } = body;
  const sure = typeof cs === "number" && cs >= after;
  const end = typeof validUntil === "string" ? Date.parse(validUntil) : NaN;
  const now = clock.now();
  const life = Math.min(exp * 1000 - now, Number.isNaN(end) ? Infinity : end - now, ttl * 1000, sure ? Infinity : unsureFor);
  return { covers: sure ? cs : after, generation, until: clock.elapsed() + life };
}
