import { compactVerify } from "jose";
import { bearer } from "./bearer.js";
import { checkClaims } from "./claims.js";
import { Forbidden, Refusal, TokenInvalid, TokenMissing, Unavailable, type Reason } from "./errors.js";
import { Facts, subjectsOf, type Question } from "./facts.js";
import { Flights } from "./flights.js";
import { Follower } from "./follower.js";
import { Introspection } from "./introspection.js";
import { Keys } from "./keys.js";
import { idOf, Memory, type Known } from "./memory.js";
import { shortName } from "./permission.js";
import { PermissionCheck } from "./permission_check.js";
import { Principal } from "./principal.js";
import { check, type Settings, type VerifierOptions } from "./settings.js";
import { Standing, type StreamState } from "./standing.js";
import { readText } from "./text.js";

const askedAgainAfter = 5_000;

export interface State {
  /** Whether all that was set up works: keys are there, and revocations are heard if there is an appToken. */
  ready: boolean;
  keys: number;
  stream: StreamState;
  /** Since when revocations are not heard. */
  cutSince: Date | undefined;
  /** How often that lasted so long that onCut counted. */
  cuts: number;
  /** How many facts are remembered. */
  facts: number;
  /** The number of the last change that was heard of. */
  cs: number;
}

/** Makes a verifier. It fails only on settings: a service starts while Signet is down. */
export function createVerifier(options: VerifierOptions): Verifier {
  return new Verifier(check(options));
}

/** Verifies access tokens, and follows what ends them. One serves a whole process. */
export class Verifier {
  /** The key of this service. */
  readonly audience: string;
  #closed = false;
  readonly #told = new Set<Reason>();
  readonly #settings: Settings;
  readonly #memory = new Memory();
  readonly #proofs = new Flights<Known>();
  readonly #keys: Keys;
  readonly #facts: Facts;
  readonly #standing: Standing | undefined;
  readonly #follower: Follower | undefined;
  readonly #introspection: Introspection;
  readonly #check: PermissionCheck;

  /** @internal */
  constructor(settings: Settings) {
    this.audience = settings.audience;
    this.#settings = settings;
    this.#keys = new Keys(settings, (kid) => this.#memory.drop(kid));
    this.#facts = new Facts(settings.clock, (kid, revoked) => {
      if (revoked) this.#memory.drop(kid);
      void this.#keys.refresh();
    });
    this.#introspection = new Introspection(settings, this.#facts);
    this.#check = new PermissionCheck(settings, this.#facts);
    if (settings.issuer.endsWith("/")) {
      settings.log.warn(`signet: issuer ends with a slash, which counts: Signet's own ends with one only if its ISSUER does. It is ${settings.issuer}`);
    }
    if (settings.appToken) {
      this.#standing = new Standing(settings);
      this.#follower = new Follower(settings, settings.appToken, this.#facts, this.#standing, () => void this.#keys.refresh());
    } else {
      settings.log.warn("signet: there is no appToken: a logout, or a role that is taken, counts when the token expires");
    }
    settings.clock.after(0, () => {
      void this.#keys.refresh();
      void this.#follower?.run();
    });
  }

  /** Checks a token. It throws TokenMissing, TokenInvalid or Unavailable. */
  verify(token: string | undefined): Promise<Principal> {
    return this.#reporting(() => this.#verify(token));
  }

  /** Checks the token of a request, given all values of its header Authorization, and that it has all the permissions, or throws Forbidden. */
  authorize(authorization: string | readonly string[] | undefined, permissions: readonly string[] = []): Promise<Principal> {
    return this.#reporting(async () => {
      const principal = await this.#verify(bearer(authorization));
      for (const permission of permissions) {
        if (!(await principal.allowed(permission))) throw new Forbidden(permissions, principal.sub);
      }
      return principal;
    });
  }

  /** Says which permissions routes will need, so that one question asks about all of them. A name that can't be right throws. */
  wire(permissions: readonly string[]): void {
    for (const permission of permissions) this.#check.wire(shortName(permission, this.audience));
  }

  /** Waits for the keys and, with an appToken, until revocations are heard. It throws when that does not come. */
  async ready(timeout = 10_000): Promise<void> {
    const { clock } = this.#settings;
    const end = clock.elapsed() + timeout;
    while (!this.state().ready) {
      const { stream } = this.state();
      if (stream === "app_token_refused") throw new Unavailable(`signet: ${this.#standing!.why}`);
      if (clock.elapsed() >= end) throw new Unavailable(this.#keys.ready ? `signet: revocations are not heard: ${this.#standing!.why}` : `signet: ${this.#keys.why}`);
      await new Promise<void>((resolve) => clock.after(20, resolve, true));
    }
  }

  state(): State {
    const stream = this.#standing?.state ?? "off";
    const since = this.#standing?.cutSince;
    return {
      ready: this.#keys.ready && (stream === "ready" || stream === "off"),
      keys: this.#keys.size,
      stream,
      cutSince: since === undefined ? undefined : new Date(since),
      cuts: this.#standing?.cuts ?? 0,
      facts: this.#facts.size,
      cs: this.#standing?.cs ?? 0,
    };
  }

  /** Ends what runs in the background. A process that forgets it ends all the same. */
  close(): void {
    this.#closed = true;
    this.#keys.close();
    this.#follower?.close();
    this.#standing?.close();
  }

  get closed(): boolean {
    return this.#closed;
  }

  async #reporting<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof Refusal) this.#report(cause);
      throw cause;
    }
  }

  // report keeps a faulty hook from changing the answer. A setting that seems wrong is also told in the log, once.
  #report(refusal: Refusal): void {
    const { reason } = refusal as Partial<TokenInvalid>;
    if ((reason === "issuer" || reason === "audience") && !this.#told.has(reason)) {
      this.#told.add(reason);
      this.#settings.log.warn(`signet: a token of Signet was refused, which is told once: ${refusal.message}`);
    }
    try {
      this.#settings.onRefused(refusal);
    } catch (fault) {
      this.#settings.log.error(`signet: onRefused failed: ${(fault as Error).message}`);
    }
  }

  async #verify(token: string | undefined): Promise<Principal> {
    if (token === undefined) throw new TokenMissing();
    const id = idOf(token);
    const known = this.#memory.get(id, this.#now()) ?? (await this.#proofs.share(id, () => this.#prove(token, id)));
    await this.#standing?.begun();
    return this.#judge(token, known);
  }

  // prove checks text, signature and claims, for a token that is not remembered.
  async #prove(token: string, id: string): Promise<Known> {
    const { alg, kid, payload } = readText(token);
    if (this.#facts.revoked(kid)) throw new TokenInvalid("key_revoked", "Signet has revoked the key", { kid }); // and publishes it no more
    const key = await this.#keys.find(kid);
    if (!key) throw new TokenInvalid("key_unknown", "Signet has no key of this kid", { kid });
    if (key.alg !== alg) throw new TokenInvalid("algorithm", "alg is not the key's", { kid });
    try {
      await compactVerify(token, key.public, { algorithms: [alg] });
    } catch {
      throw new TokenInvalid("signature", "the signature is wrong", { kid });
    }
    const claims = checkClaims(payload, kid, this.#settings, this.#now());
    const known: Known = { id, kid, claims, subjects: subjectsOf(claims, this.audience), excused: 0 };
    this.#memory.add(known);
    return known;
  }

  // judge decides by what is known of the token now, and asks as long as that does not suffice. One question does, unless somebody asked it
  // before the last fact came.
  async #judge(token: string, known: Known): Promise<Principal> {
    const { appToken } = this.#settings;
    for (let asked = 0; appToken; asked++) {
      const judgement = this.#facts.judge(known, known.answer?.seen);
      if (judgement && "refused" in judgement) throw this.#invalid(judgement.refused, "it was revoked, or its session, account or service has ended", known);
      if (!this.#standing!.trusted && this.#settings.onCut === "deny") throw new Unavailable("revocations are not heard, and onCut is deny");
      if (!judgement) break;
      if (asked === 3) throw new Unavailable("facts come faster than answers");
      if (!judgement.question.strict && this.#settings.clock.elapsed() < known.excused) break;
      if (!(await this.#ask(token, known, judgement.question))) break;
    }
    if (this.#live(known)?.active === false) throw this.#invalid("inactive", "Signet says that the token does not count any more", known);
    return this.#principal(token, known);
  }

  // ask tells whether there is an answer. Without one, a token that a fact names is answered with 503. One that only the service or
  // everything was named for goes on as onCut says: a Signet that dies behind a change of a role must not take all services with it.
  async #ask(token: string, known: Known, { after, strict }: Question): Promise<boolean> {
    const { clock, onCut, appToken } = this.#settings;
    try {
      known.answer = await this.#introspection.ask(token, known, after, appToken!);
      return true;
    } catch (cause) {
      if (strict || onCut === "deny" || !(cause instanceof Unavailable)) throw cause;
      known.excused = clock.elapsed() + askedAgainAfter;
      return false;
    }
  }

  #principal(token: string, known: Known): Principal {
    const { claims } = known;
    const live = this.#live(known);
    const permissions = live?.permissions ?? claims.permissions ?? [];
    const whole = claims.perm_ref !== true || live !== undefined;
    return new Principal(claims, permissions, live?.roles ?? claims.roles ?? [], async (name) => {
      const short = shortName(name, this.audience);
      if (permissions.includes(short) || whole) return permissions.includes(short);
      return this.#check.allowed(token, known, short, this.#standing?.state === "ready");
    }, () => this.#now());
  }

  #live(known: Known) {
    return this.#facts.holds(known.answer?.seen) ? known.answer : undefined;
  }

  #invalid(reason: Reason, message: string, { kid, claims }: Known): TokenInvalid {
    return new TokenInvalid(reason, message, { sub: claims.sub, kid });
  }

  #now(): number {
    return this.#settings.clock.now() / 1000;
  }
}
