import type { Fact } from "./facts.js";
import { retryAfter, type Answer } from "./transport.js";

// Message is what a stream says, whether it comes as events or page by page.
export type Message =
  | { type: "hello"; tokenTTL: number; service?: string }
  | { type: "fact"; fact: Fact; cursor?: string | undefined }
  | { type: "ready" | "tick"; cs: number; cursor?: string | undefined }
  | { type: "bye"; reason: string };

// StreamRefused is an answer that is no stream.
export class StreamRefused extends Error {
  readonly status: number;
  readonly retryAfter: number;
  constructor(answer: Answer) {
    super(`the answer has status ${answer.status}`);
    this.status = answer.status;
    this.retryAfter = retryAfter(answer);
  }
}

// NoHello is a connection that says nothing: a proxy in between collects what should flow.
export class NoHello extends Error {}

export function readHello(data: Record<string, unknown>): Message {
  const { token_ttl: tokenTTL, service } = data;
  if (typeof tokenTTL !== "number" || !(tokenTTL > 0)) throw new Error("token_ttl is missing");
  return { type: "hello", tokenTTL, ...(typeof service === "string" ? { service } : {}) };
}

// readFact takes every fact with a number, whatever its kind.
export function readFact(data: Record<string, unknown>): Fact {
  if (typeof data["kind"] !== "string" || typeof data["cs"] !== "number") throw new Error("a fact without kind or cs");
  return data as Fact;
}
