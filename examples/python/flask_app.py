"""Billing, a Flask service that Signet protects. verify.py is the part to copy; the routes are yours."""

import os
from functools import wraps

from flask import Flask, g, jsonify, request

from verify import Refused, caller, fresh

app = Flask(__name__)


def needs(permission=None, now=False):
    def protect(view):
        @wraps(view)
        def protected(*args, **kwargs):
            g.caller = caller(request.headers.get("Authorization"), permission, now)
            return view(*args, **kwargs)

        return protected

    return protect


@app.errorhandler(Refused)
def refuse(e):
    return jsonify(e.body), e.status, e.headers


@app.get("/")
def public():
    return {"service": "billing"}


@app.get("/me")
@needs()
def me():
    return {"sub": g.caller["sub"], "permissions": g.caller.get("permissions", [])}


@app.get("/invoices")
@needs("invoice:read")
def invoices():
    return {"invoices": ["2026-001", "2026-002"]}


@app.delete("/invoices/<number>")
@needs("invoice:delete", now=True)
def delete_invoice(number):
    return {"deleted": number}


@app.delete("/invoices")
@needs("invoice:delete", now=True)
def delete_all():
    fresh(g.caller, "aal2", max_age=600)
    return {"deleted": "all"}


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "8000")))
