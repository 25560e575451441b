import { randomUUID } from "node:crypto";
import { systemClock, type Clock } from "../clock.js";
import type { Fact } from "../facts.js";
import type { VerifierOptions } from "../settings.js";
import { createVerifier, type Verifier } from "../verifier.js";
import type { Bearer } from "./bearer_of.js";
import { FakeServer } from "./fake_server.js";
import { SigningKey } from "./signing_key.js";

const life = 900;

/**
 * A Signet for unit tests, on this machine only.
 *
 * ```js
 * const issuer = await FakeIssuer.start();
 * const verifier = await issuer.verifier("billing");
 * const token = issuer.token(user("u-1", "invoice:read"));
 * await issuer.end("s-u-1"); // token is refused from here on
 * await issuer.close();
 * ```
 *
 * What its verbs do has arrived at the verifiers that it made when their promises are fulfilled.
 */
export class FakeIssuer {
  /** @internal */ keys: SigningKey[] = [new SigningKey()]; // the last one signs
  /** @internal */ readonly facts: Fact[] = [];
  /** @internal */ epoch = 1;
  /** @internal */ cs = 100;
  /** @internal */ gone = false;
  readonly #server: FakeServer;
  readonly #verifiers: Verifier[] = [];
  readonly #ended = new Set<string>(); // sessions, subjects, keys
  readonly #grants = new Map<string, readonly string[]>();
  #audience = "billing";
  #ahead = 0;

  private constructor() {
    this.#server = new FakeServer(this);
  }

  static async start(): Promise<FakeIssuer> {
    const issuer = new FakeIssuer();
    await issuer.#server.listen();
    return issuer;
  }

  /** `http://127.0.0.1:…`. No verifier takes such an issuer elsewhere unless allowHttp is set. */
  get url(): string {
    return this.#server.url;
  }

  /** The clock of the issuer and its verifiers, which advance moves. */
  get clock(): Clock {
    return { ...systemClock, now: () => systemClock.now() + this.#ahead, elapsed: () => systemClock.elapsed() + this.#ahead };
  }

  /** The kid of the key that signs. */
  get kid(): string {
    return this.#key.kid;
  }

  /** Settings of a verifier for a service. Tokens are for it from now on, unless they say another. */
  config(audience: string): VerifierOptions {
    this.#audience = audience;
    return { issuer: this.url, audience, appToken: `sgat_fake_${audience}`, clock: this.clock };
  }

  /** A verifier that is ready. The issuer closes it. */
  async verifier(audience: string, options: Partial<VerifierOptions> = {}): Promise<Verifier> {
    const verifier = createVerifier({ log: { info() {}, warn() {}, error() {} }, ...this.config(audience), ...options });
    this.#verifiers.push(verifier);
    await verifier.ready();
    return verifier;
  }

  /** An access token that lives 15 minutes. What was granted counts, rather than what the bearer says. */
  token(bearer: Bearer): string {
    const now = Math.floor(this.clock.now() / 1000);
    const granted = bearer.claims["perm_ref"] ? undefined : this.#grants.get(bearer.sub);
    return this.#key.token({
      iss: this.url, aud: this.#audience, iat: now, nbf: now, exp: now + life, jti: randomUUID(), pv: 1, cs: this.cs,
      ...bearer.claims, ...(granted ? { permissions: granted } : {}),
    });
  }

  /** Ends a session: its tokens are refused. */
  async end(session: string): Promise<void> {
    this.#ended.add(`sid ${session}`);
    await this.#tell({ kind: "session", fact: "ended", sid: session });
  }

  /** Disables a user or a service's account: the tokens that they have are refused. */
  async disable(sub: string): Promise<void> {
    this.#ended.add(`sub ${sub}`);
    await this.#tell({ kind: "subject", fact: "ended", sub });
  }

  /** Enables them again. */
  async enable(sub: string): Promise<void> {
    this.#ended.delete(`sub ${sub}`);
    await this.#tell({ kind: "subject", fact: "stale", sub });
  }

  /** Says what somebody may do from now on. It also counts for the tokens that they have. */
  async grant(sub: string, ...permissions: string[]): Promise<void> {
    this.#grants.set(sub, permissions);
    await this.#tell({ kind: "subject", fact: "stale", sub });
  }

  /** Has another key sign from now on. Tokens of the old one go on. */
  async rotateKey(): Promise<string> {
    this.keys.push(new SigningKey());
    await this.#tell({ kind: "signing_key", fact: "stale", kid: this.kid });
    return this.kid;
  }

  /** Revokes a key: its tokens are refused. If it is the one that signs, another does from now on. */
  async revokeKey(kid: string): Promise<void> {
    if (kid === this.kid) this.keys.push(new SigningKey());
    this.keys = this.keys.filter((key) => key.kid !== kid);
    await this.#tell({ kind: "signing_key", fact: "ended", kid });
  }

  /** Takes the issuer away: streams end, and every call is answered with 503. */
  async cut(): Promise<void> {
    this.gone = true;
    this.#server.hangUp();
    await this.#until((verifier) => verifier.state().stream !== "ready");
  }

  /** Brings it back. */
  async resume(): Promise<void> {
    this.gone = false;
    await this.#until((verifier) => verifier.state().stream === "ready");
  }

  /** What happens when Signet's database comes from a backup: numbers begin at another place, and every token is asked about. */
  async restore(): Promise<void> {
    this.epoch++;
    this.facts.length = 0;
    this.cs = 50;
    await this.#tell({ kind: "reset" });
  }

  /** Moves the clock of the issuer and of the verifiers that it made. */
  advance(seconds: number): void {
    this.#ahead += seconds * 1000;
  }

  /** How often each path was called: `/oauth2/introspect`, `/.well-known/jwks.json` and so on. */
  calls(): Record<string, number> {
    return { ...this.#server.calls };
  }

  async close(): Promise<void> {
    for (const verifier of this.#verifiers) verifier.close();
    await this.#server.close();
  }

  /**
   * What a token says, if it still counts.
   * @internal
   */
  live(token: string): Record<string, unknown> | undefined {
    const key = this.keys.find(({ kid }) => kid === part(token, 0)?.["kid"]);
    const claims = part(token, 1);
    if (!key?.signed(token) || !claims || Number(claims["exp"]) * 1000 <= this.clock.now()) return undefined;
    const ended = ["sid", "sub", "key"].some((member) => this.#ended.has(`${member} ${claims[member]}`));
    return ended ? undefined : { ...claims, permissions: this.#grants.get(String(claims["sub"])) ?? claims["permissions"] ?? [] };
  }

  get #key(): SigningKey {
    return this.keys.at(-1)!;
  }

  async #tell(fact: Omit<Fact, "cs">): Promise<void> {
    this.facts.push({ ...fact, kind: String(fact["kind"]), cs: ++this.cs, at: new Date(this.clock.now()).toISOString() });
    this.#server.flush();
    await this.#until((verifier) => verifier.state().stream !== "ready" || verifier.state().cs === this.cs);
  }

  // until waits for the verifiers, but not for one that was closed.
  async #until(heard: (verifier: Verifier) => boolean): Promise<void> {
    for (const end = Date.now() + 5000; Date.now() < end && !this.#verifiers.every((verifier) => verifier.closed || heard(verifier)); ) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function part(token: string, n: number): Record<string, unknown> | undefined {
  try {
    return JSON.parse(Buffer.from(token.split(".")[n] ?? "", "base64url").toString());
  } catch {
    return undefined;
  }
}
