// Billing is an Express service that Signet protects, by Signet's own package. ../server.js does it with nothing but a JWT library.
// Until the package is published it is taken from sdk/ts, where `npm ci && npm run build` makes it.
import express from "express";
import { createVerifier, fromEnv } from "@signet-auth/server";
import { requirePermission } from "@signet-auth/server/express";

// SIGNET_APP_TOKEN is from `signet tokens create billing example`. With it a logout, or a role that is taken, counts within a second.
const issuer = process.env.SIGNET_ISSUER ?? "http://localhost:5000";
const v = createVerifier({ ...fromEnv(), issuer, audience: "billing" }); // the service's key at Signet

const app = express();
app.get("/", (req, res) => res.json({ service: "billing" }));
app.get("/me", requirePermission(v), (req, res) => res.json({ sub: req.auth.sub, permissions: req.auth.permissions }));
app.get("/invoices", requirePermission(v, "invoice:read"), (req, res) => res.json({ invoices: ["2026-001", "2026-002"] }));
app.delete("/invoices/:number", requirePermission(v, "invoice:delete"), (req, res) => res.json({ deleted: req.params.number }));

const port = process.env.PORT ?? 8000;
app.listen(port, "127.0.0.1", () => console.log(`billing is at http://127.0.0.1:${port}`));
