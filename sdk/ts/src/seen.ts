import type { Clock } from "./clock.js";

// Seen is what an answer of Signet is worth: it has all changes up to covers, and counts until a moment of the monotonic clock. After a
// reset, which begins another generation, it counts no more.
export interface Seen {
  covers: number;
  generation: number;
  until: number;
}

const unsureFor = 5_000;

const atLeast = 1_000; // for who asked, whatever the clocks say

export interface Asked {
  /** The change that the answer had to have. */
  after: number;
  generation: number;
  /** How many seconds facts are kept: it counts for as long as those since then are known. */
  ttl: number;
}

// seenIn reads it from an answer. One that is older than asked for, or doesn't say, is of a replica of the release before: it counts for 5 s,
// because the next replica may know more. Tokens are forgotten when they expire, so their end needs no mention.
export function seenIn(body: Record<string, unknown>, { after, generation, ttl }: Asked, clock: Clock): Seen {
  const { cs, valid_until: validUntil } = body;
  const sure = typeof cs === "number" && cs >= after;
  const end = typeof validUntil === "string" ? Date.parse(validUntil) : NaN;
  const life = Math.min(Number.isNaN(end) ? Infinity : end - clock.now(), ttl * 1000, sure ? Infinity : unsureFor);
  return { covers: sure ? cs : after, generation, until: clock.elapsed() + Math.max(life, atLeast) };
}
