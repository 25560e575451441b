import { AppToken } from "./app_token.js";
import { systemClock, type Clock } from "./clock.js";
import type { Refusal } from "./errors.js";
import { httpTransport, type Transport } from "./transport.js";

/** What becomes of tokens while revocations can't be heard: they count as plain JWTs, or nobody gets in. */
export type OnCut = "allow" | "deny";

/** Where log lines go. `console` is one, and so are pino and winston. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface VerifierOptions {
  /** Signet's issuer, exactly as its tokens say it: `https://auth.example.com`. */
  issuer: string;
  /** The key of this service at Signet: `billing`. */
  audience: string;
  /** Where to call Signet, if that is not the issuer: inside a cluster it often differs. */
  url?: string | undefined;
  /** An application token of this service. Without one, a logout or a role that is taken counts when the token ends. */
  appToken?: string | undefined;
  /** A file with the application token, which is read again when it changes. */
  appTokenFile?: string | undefined;
  /** `allow` unless set. */
  onCut?: OnCut | undefined;
  /** How many seconds clocks may differ: 30 unless set, 60 at most. */
  leeway?: number | undefined;
  /** Lets issuer and url be http on other machines than this one. */
  allowHttp?: boolean | undefined;
  /** Carries calls: `httpTransport({ ca })` for an authority of your own, `httpTransport({ agent })` for a proxy. */
  transport?: Transport | undefined;
  /** Hears of every refusal, for logs and counters. A client never learns the reason. */
  onRefused?: ((refusal: Refusal) => void) | undefined;
  /** `console` unless set. */
  log?: Log | undefined;
  /** For tests. */
  clock?: Clock | undefined;
}

export interface Settings {
  issuer: string;
  audience: string;
  url: string;
  appToken: AppToken | undefined;
  onCut: OnCut;
  leeway: number;
  transport: Transport;
  onRefused: (refusal: Refusal) => void;
  log: Log;
  clock: Clock;
}

/** The settings that the environment has: SIGNET_ISSUER, _URL, _AUDIENCE, _APP_TOKEN, _APP_TOKEN_FILE. */
export function fromEnv(env: Record<string, string | undefined> = process.env): VerifierOptions {
  return {
    issuer: env["SIGNET_ISSUER"] ?? "",
    audience: env["SIGNET_AUDIENCE"] ?? "",
    url: env["SIGNET_URL"] || undefined,
    appToken: env["SIGNET_APP_TOKEN"] || undefined,
    appTokenFile: env["SIGNET_APP_TOKEN_FILE"] || undefined,
  };
}

// check reads settings and names the wrong one. It makes no call: a service starts while Signet is down.
export function check(options: VerifierOptions): Settings {
  const { issuer, audience, onCut = "allow", leeway = 30, allowHttp = false } = options;
  checkURL("issuer", issuer, allowHttp);
  const url = options.url ?? issuer;
  checkURL("url", url, allowHttp);
  if (typeof audience !== "string" || !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(audience)) {
    throw new TypeError(`audience must be the key of your service at Signet (not its name), such as billing; it is ${JSON.stringify(audience)}`);
  }
  if (onCut !== "allow" && onCut !== "deny") throw new TypeError(`onCut must be "allow" or "deny"; it is ${JSON.stringify(onCut)}`);
  if (typeof leeway !== "number" || !(leeway >= 0 && leeway <= 60)) throw new TypeError(`leeway must be 0 to 60 seconds; it is ${leeway}`);
  return {
    issuer, audience, onCut, leeway,
    url: url.replace(/\/$/, ""),
    appToken: AppToken.from(options.appToken, options.appTokenFile),
    transport: options.transport ?? httpTransport(),
    onRefused: options.onRefused ?? (() => {}),
    log: options.log ?? console,
    clock: options.clock ?? systemClock,
  };
}

function checkURL(setting: string, value: unknown, allowHttp: boolean): void {
  const seen = JSON.stringify(value);
  if (typeof value === "string" && value.includes("@")) throw new TypeError(`${setting} must have no user or password in it`); // nor is it shown
  if (typeof value !== "string" || !URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw new TypeError(`${setting} must be the address of Signet, such as https://auth.example.com; it is ${seen}`);
  }
  const { protocol, hostname, search, hash } = new URL(value);
  if (search || hash) throw new TypeError(`${setting} must have no query and no fragment; it is ${seen}`);
  const loopback = hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  if (protocol !== "https:" && !(protocol === "http:" && (loopback || allowHttp))) {
    throw new TypeError(`${setting} must begin with https:// (or set allowHttp inside a network that you trust); it is ${seen}`);
  }
}
