"""Billing, a FastAPI service that Signet protects. verify.py is the part to copy; the routes are yours."""

import os

import uvicorn
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from verify import Refused, caller, fresh

app = FastAPI()


def needs(permission=None, now=False):
    def protect(request: Request):  # no async: it may wait for Signet, in a thread of its own
        return caller(request.headers.get("Authorization"), permission, now)

    return Depends(protect)


@app.exception_handler(Refused)
def refuse(request: Request, e: Refused):
    return JSONResponse(e.body, e.status, e.headers)


@app.get("/")
def public():
    return {"service": "billing"}


@app.get("/me")
def me(claims: dict = needs()):
    return {"sub": claims["sub"], "permissions": claims.get("permissions", [])}


@app.get("/invoices", dependencies=[needs("invoice:read")])
def invoices():
    return {"invoices": ["2026-001", "2026-002"]}


@app.delete("/invoices/{number}", dependencies=[needs("invoice:delete", now=True)])
def delete_invoice(number: str):
    return {"deleted": number}


@app.delete("/invoices")
def delete_all(claims: dict = needs("invoice:delete", now=True)):
    fresh(claims, "aal2", max_age=600)
    return {"deleted": "all"}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
