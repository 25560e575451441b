import type { Claims } from "./claims.js";
import type { Clock } from "./clock.js";
import type { Reason } from "./errors.js";
import type { Seen } from "./seen.js";

// Fact is one line of the stream: something ended, or became stale, at the change with the number cs.
export interface Fact {
  kind: string;
  fact?: string;
  cs: number;
  [name: string]: unknown;
}

// Question is why a token must be asked about. The answer must have the change after. Some changes forbid to go on without an answer.
export interface Question {
  after: number;
  strict: boolean;
}

export type Judgement = { refused: Reason } | { question: Question } | undefined;

interface Kept {
  ended: boolean;
  cs: number;
  came: number;
}

// Subject is something that a fact may name. Narrow ones are about the token alone, the others about its service, or everything. The end of a
// final one is never taken back.
export interface Subject {
  name: string;
  final: boolean;
  narrow: boolean;
}

// Judged is what facts are compared with.
export interface Judged {
  readonly kid: string;
  readonly claims: Claims;
  readonly subjects: readonly Subject[];
}

// subjectsOf are the subjects of a token.
export function subjectsOf({ sid, key, sub }: Claims, audience: string): Subject[] {
  const all: [member: string, id: string | undefined][] = [["sid", sid], ["key", key], ["sub", sub], ["aud", audience], ["aud", "*"]];
  return all.filter(([, id]) => id).map(([member, id]) => ({ name: nameOf(member, id!), final: member === "sid", narrow: member !== "aud" }));
}

const maxFacts = 200_000;

// idOf has the member that names the thing, for each kind that can be kept.
const idOf: Record<string, string> = { session: "sid", key: "key", subject: "sub", audience: "aud" };

// Facts remembers what it hears for as long as tokens may live that are older, and judges tokens by it.
export class Facts {
  /** Changes with each reset. Answers from before it count no more. */
  generation = 0;
  readonly #clock: Clock;
  readonly #onKey: (kid: string, revoked: boolean) => void;
  readonly #kept = new Map<string, Kept>(); // the last one of each thing, in the order in which they came
  readonly #revoked = new Set<string>(); // for good: a cached set of keys may still have them
  #floor: Kept | undefined; // of everything
  #reset: Kept | undefined;
  #ttl = 960;

  // onKey hears of signing keys: of a revoked one, or that there are others now.
  constructor(clock: Clock, onKey: (kid: string, revoked: boolean) => void) {
    this.#clock = clock;
    this.#onKey = onKey;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** For how many seconds facts are kept. */
  get ttl(): number {
    return this.#ttl;
  }

  set ttl(seconds: number) {
    this.#ttl = seconds;
  }

  add(fact: Fact): void {
    const ended = fact.fact === "ended";
    const id = (member: string) => (typeof fact[member] === "string" && fact[member] !== "" ? fact[member] : undefined);
    const member = idOf[fact.kind];
    if (fact.kind === "reset") {
      this.#forget(fact.cs);
    } else if (fact.kind === "signing_key") {
      const kid = id("kid");
      if (ended && kid) this.#revoked.add(kid);
      this.#onKey(kid ?? "", ended);
    } else if (member && id(member)) {
      this.#keep(nameOf(member, id(member)!), ended, fact.cs);
    } else if (!member && id("sub")) { // a kind of a later Signet
      this.#keep(nameOf("sub", id("sub")!), false, fact.cs);
    } else {
      this.#raiseFloor(fact.cs);
    }
  }

  // revoked tells whether a signing key was revoked.
  revoked(kid: string): boolean {
    return this.#revoked.has(kid);
  }

  // judge says what is known against a token: nothing, that it ended, or that Signet must be asked. seen is the last answer about it.
  judge({ claims, kid, subjects }: Judged, seen: Seen | undefined): Judgement {
    if (this.revoked(kid)) return { refused: "key_revoked" };
    const answered = this.holds(seen);
    const reset = this.#alive(this.#reset); // numbers from before a reset compare with nothing
    const numbered = claims.cs !== undefined && !reset;
    const has = Math.max(answered ? seen!.covers : -1, reset ? -1 : (claims.cs ?? 0));

    let after = -1;
    let strict = false;
    let ended = false;
    for (const { name, final, narrow } of subjects) {
      const fact = this.#find(name);
      if (!fact) continue;
      if (fact.ended && final) return { refused: "ended" };
      if (fact.cs <= has) continue;
      ended ||= fact.ended && numbered;
      after = Math.max(after, fact.cs);
      strict ||= narrow;
    }
    if (ended) return { refused: "ended" };
    const floor = this.#alive(this.#floor);
    if (floor && floor.cs > has) after = Math.max(after, floor.cs);
    if (reset && !answered) after = Math.max(after, reset.cs);
    // Another replica makes tokens live longer than facts are kept here, so the facts don't say all about this one.
    if (claims.exp - claims.iat > this.#ttl - 60 && !answered) after = Math.max(after, 0);
    return after < 0 ? undefined : { question: { after, strict } };
  }

  // holds tells whether an answer still counts, facts aside.
  holds(seen: Seen | undefined): boolean {
    return seen !== undefined && seen.generation === this.generation && seen.until > this.#clock.elapsed();
  }

  // newest is the number of the last fact that names a token, 0 if there is none.
  newest({ subjects }: Judged): number {
    const facts = [this.#alive(this.#reset), this.#alive(this.#floor), ...subjects.map(({ name }) => this.#find(name))];
    return Math.max(0, ...facts.map((fact) => fact?.cs ?? 0));
  }

  // keep takes the last fact of a thing: a later stale takes an earlier end back, but for a session's, which is final.
  #keep(name: string, ended: boolean, cs: number): void {
    const before = this.#kept.get(name);
    if (before && before.cs > cs) return; // the stream began again a little earlier
    const final = before?.ended === true && (before.cs === cs || name.startsWith("sid "));
    this.#kept.delete(name);
    this.#kept.set(name, { ended: ended || final, cs, came: this.#clock.elapsed() });
    this.#makeRoom();
  }

  #makeRoom(): void {
    for (const [name, fact] of this.#kept) {
      if (this.#alive(fact)) break;
      this.#kept.delete(name);
    }
    if (this.#kept.size <= maxFacts) return;
    let highest = 0;
    let left = maxFacts / 4;
    for (const [name, fact] of this.#kept) {
      if (left-- === 0) break;
      this.#kept.delete(name);
      highest = Math.max(highest, fact.cs);
    }
    this.#raiseFloor(highest);
  }

  #raiseFloor(cs: number): void {
    this.#floor = { ended: false, cs: Math.max(cs, this.#alive(this.#floor)?.cs ?? 0), came: this.#clock.elapsed() };
  }

  #forget(cs: number): void {
    for (const [name, fact] of this.#kept) {
      if (!(fact.ended && name.startsWith("sid "))) this.#kept.delete(name);
    }
    this.#floor = undefined;
    this.#reset = { ended: false, cs, came: this.#clock.elapsed() };
    this.generation++;
  }

  #find(name: string): Kept | undefined {
    return this.#kept.size === 0 ? undefined : this.#alive(this.#kept.get(name));
  }

  #alive(fact: Kept | undefined): Kept | undefined {
    return fact && this.#clock.elapsed() - fact.came < this.#ttl * 1000 ? fact : undefined;
  }
}

const nameOf = (member: string, id: string) => `${member} ${id}`;
