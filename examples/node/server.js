// Billing is an Express service that Signet protects. guard.js is the part to copy; the routes are yours.
import express from "express";
import { newGuard } from "./guard.js";

const issuer = process.env.SIGNET_ISSUER ?? "http://localhost:5000";
const { loggedIn, may, mayNow, fresh } = await newGuard(issuer, "billing"); // the service's key at Signet

const app = express();
app.get("/", (req, res) => res.json({ service: "billing" }));
app.get("/me", loggedIn, (req, res) => res.json({ sub: req.caller.sub, permissions: req.caller.permissions ?? [] }));
app.get("/invoices", may("invoice:read"), (req, res) => res.json({ invoices: ["2026-001", "2026-002"] }));
app.delete("/invoices/:number", mayNow("invoice:delete"), (req, res) => res.json({ deleted: req.params.number }));
app.delete("/invoices", mayNow("invoice:delete"), fresh("aal2", 600), (req, res) => res.json({ deleted: "all" }));

const port = process.env.PORT ?? 8000;
app.listen(port, "127.0.0.1", () => console.log(`billing is at http://127.0.0.1:${port}`));
