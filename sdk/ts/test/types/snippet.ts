// What the documents show must compile, in a strict project.
import express from "express";
import { createVerifier, Forbidden, fromEnv, TokenInvalid, type Principal } from "@signet-auth/server";
import { optional, requirePermission } from "@signet-auth/server/express";
import { FakeIssuer, user } from "@signet-auth/server/testing";

const appToken = "sgat_1";
const app = express();
const v = createVerifier({ issuer: "https://auth.example.com", audience: "billing", appToken });
app.get("/invoices", requirePermission(v, "invoice:read"), (req, res) => { res.json(req.auth.sub); });
app.use(optional(v));

export async function check(token: string): Promise<Principal | undefined> {
  try {
    const principal = await createVerifier({ ...fromEnv(), onCut: "deny" }).verify(token);
    return (await principal.allowed("invoice:read")) ? principal : undefined;
  } catch (error) {
    if (error instanceof TokenInvalid || error instanceof Forbidden) return undefined;
    throw error;
  }
}

export async function fake(): Promise<string> {
  const issuer = await FakeIssuer.start();
  return issuer.token(user("u-1", "invoice:read").with({ acr: "urn:x" }));
}
