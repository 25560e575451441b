"""Billing, a FastAPI service that Signet protects, with the package signet-auth. fastapi_app.py does it with nothing but a JWT library.

Until the package is published, start it with PYTHONPATH=../../sdk/python. SIGNET_APP_TOKEN is what `signet tokens create billing example`
prints; with it a logout counts within a second, without it when the token expires.
"""

import os

import uvicorn
from fastapi import Depends, FastAPI

from signet_auth import Principal, Verifier
from signet_auth.fastapi import require

app = FastAPI()
v = Verifier.from_env({"SIGNET_ISSUER": "http://localhost:5000", "SIGNET_AUDIENCE": "billing", **os.environ})


@app.get("/")
def public():
    return {"service": "billing"}


@app.get("/me")
def me(who: Principal = Depends(require(v))):
    return {"sub": who.sub, "permissions": who.permissions}


@app.get("/invoices", dependencies=[Depends(require(v, "invoice:read"))])
def invoices():
    return {"invoices": ["2026-001", "2026-002"]}


@app.delete("/invoices/{number}", dependencies=[Depends(require(v, "invoice:delete"))])
def delete_invoice(number: str):
    return {"deleted": number}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
