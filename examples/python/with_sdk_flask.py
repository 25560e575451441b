"""Billing, a Flask service that Signet protects, with the package signet-auth. flask_app.py does it with nothing but a JWT library.

Until the package is published, start it with PYTHONPATH=../../sdk/python. SIGNET_APP_TOKEN is what `signet tokens create billing example`
prints; with it a logout counts within a second, without it when the token expires.
"""

import os

from flask import Flask

from signet_auth import Verifier
from signet_auth.flask import current, require

app = Flask(__name__)
v = Verifier.from_env({"SIGNET_ISSUER": "http://localhost:5000", "SIGNET_AUDIENCE": "billing", **os.environ})


@app.get("/")
def public():
    return {"service": "billing"}


@app.get("/me")
@require(v)
def me():
    return {"sub": current().sub, "permissions": current().permissions}


@app.get("/invoices")
@require(v, "invoice:read")
def invoices():
    return {"invoices": ["2026-001", "2026-002"]}


@app.delete("/invoices/<number>")
@require(v, "invoice:delete")
def delete_invoice(number):
    return {"deleted": number}


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
