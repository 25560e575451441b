"""FastAPI and Flask, as applications use them."""

import time
import unittest
from typing import Optional

import fastapi.testclient
from fastapi import Depends, FastAPI
from flask import Flask

import signet_auth.fastapi
import signet_auth.flask
from signet_auth import Principal, SettingsError
from signet_auth.testing import FakeIssuer, user

from .case import Case


def flask_app(v):
    app = Flask(__name__)

    @app.get("/me")
    @signet_auth.flask.require(v)
    def me():
        return {"sub": signet_auth.flask.current().sub}

    @app.get("/invoices")
    @signet_auth.flask.require(v, "invoice:read", "invoice:list")
    def invoices():
        return {"sub": signet_auth.flask.current().sub}

    @app.get("/fresh")
    @signet_auth.flask.require(v, "invoice:read", acr="aal2", max_age=600)
    def fresh():
        return {"sub": signet_auth.flask.current().sub}

    @app.get("/recent")
    @signet_auth.flask.require(v, max_age=600)
    def recent():
        return {"sub": signet_auth.flask.current().sub}

    @app.get("/maybe")
    @signet_auth.flask.optional(v)
    def maybe():
        who = signet_auth.flask.current_or_none()
        return {"sub": who.sub if who else None}

    return app


def fastapi_app(v):
    app = FastAPI()

    @app.get("/me")
    def me(who: Principal = Depends(signet_auth.fastapi.require(v))):
        return {"sub": who.sub}

    @app.get("/invoices")
    def invoices(who: Principal = Depends(signet_auth.fastapi.require(v, "invoice:read", "invoice:list"))):
        return {"sub": who.sub}

    @app.get("/fresh")
    def fresh(who: Principal = Depends(signet_auth.fastapi.require(v, "invoice:read", acr="aal2", max_age=600))):
        return {"sub": who.sub}

    @app.get("/recent")
    def recent(who: Principal = Depends(signet_auth.fastapi.require(v, max_age=600))):
        return {"sub": who.sub}

    @app.get("/maybe")
    def maybe(who: Optional[Principal] = Depends(signet_auth.fastapi.optional(v))):
        return {"sub": who.sub if who else None}

    return app


class TestFlask(Case):
    def setUp(self):
        super().setUp()
        self.issuer = self.enters(FakeIssuer())
        self.verifier = self.issuer.verifier("billing")
        self.app = self.make()

    def make(self):
        return flask_app(self.verifier)

    def get(self, path, token=None):
        answer = self.app.test_client().get(path, headers=[("Authorization", f"Bearer {token}")] if token else [])
        return answer.status_code, answer.headers, answer.get_json()

    def refused(self, answer, status, code, challenge):
        self.assertEqual((status, code), (answer[0], answer[2]["code"]))
        self.assertEqual("application/problem+json", answer[1]["Content-Type"])
        self.assertEqual(challenge, answer[1].get("WWW-Authenticate"))
        self.assertEqual((status, False, answer[2]["detail"]), (answer[2]["status"], answer[2]["success"], answer[2]["message"]))

    def test_a_caller_passes(self):
        token = self.issuer.token(user("u-1", "invoice:read", "invoice:list"))
        for path in ("/me", "/invoices", "/maybe"):
            self.assertEqual((200, {"sub": "u-1"}), self.get(path, token)[::2])

    def test_without_a_token(self):
        self.refused(self.get("/me"), 401, "token_missing", 'Bearer realm="billing"')
        self.assertEqual((200, {"sub": None}), self.get("/maybe")[::2])

    def test_with_a_bad_token(self):
        for path in ("/me", "/maybe"):
            self.refused(self.get(path, "x.y.z"), 401, "token_invalid", 'Bearer realm="billing", error="invalid_token"')

    def test_the_reason_is_not_in_the_answer(self):
        answer = self.get("/me", self.issuer.token(user("u-1").with_claims(aud="shipping")))
        self.assertNotIn("audience", str(answer))

    def test_without_a_permission(self):
        challenge = 'Bearer realm="billing", error="insufficient_scope", scope="invoice:list"'
        self.refused(self.get("/invoices", self.issuer.token(user("u-1", "invoice:read"))), 403, "forbidden", challenge)

    def test_with_a_login_that_is_too_weak_or_too_old(self):
        challenge = 'Bearer realm="billing", error="insufficient_user_authentication", acr_values="aal2", max_age=600'
        now = int(time.time())
        for acr, at in (("aal1", now), ("aal2", now - 660), ("aal9", now), ("aal2", None), (None, now)):
            claims = {name: value for name, value in (("acr", acr), ("auth_time", at)) if value is not None}
            token = self.issuer.token(user("u-1", "invoice:read").with_claims(**claims))
            self.refused(self.get("/fresh", token), 401, "reauth_required", challenge)
        for acr in ("aal2", "phr"):
            token = self.issuer.token(user("u-1", "invoice:read").with_claims(acr=acr, auth_time=now - 60))
            self.assertEqual(200, self.get("/fresh", token)[0])
        lacking = self.get("/fresh", self.issuer.token(user("u-1")))  # the permission comes first
        self.assertEqual((403, "forbidden"), (lacking[0], lacking[2]["code"]))

    def test_an_age_alone_is_one_of_any_login(self):
        challenge = 'Bearer realm="billing", error="insufficient_user_authentication", acr_values="aal1", max_age=600'
        now = int(time.time())
        self.assertEqual(200, self.get("/recent", self.issuer.token(user("u-1").with_claims(auth_time=now - 60)))[0])
        self.refused(self.get("/recent", self.issuer.token(user("u-1").with_claims(auth_time=now - 660))), 401, "reauth_required", challenge)

    def test_when_nobody_can_tell(self):
        token = self.issuer.token(user("u-1"))
        self.verifier.ready()
        self.issuer.grant("u-1")
        self.issuer.cut()
        answer = self.get("/me", token)
        self.refused(answer, 503, "unavailable", None)
        self.assertEqual("1", answer[1]["Retry-After"])

    def test_a_misspelled_permission_or_level_fails_at_wiring(self):
        for require in (signet_auth.flask.require, signet_auth.fastapi.require):
            for permissions, acr in ((["invoice.read"], None), ([], "aal3"), ([], "AAL2"), ([], "")):
                with self.assertRaises(SettingsError):
                    require(self.verifier, *permissions, acr=acr)

    def test_what_no_login_can_be_compared_with_lets_nobody_through(self):
        strong = self.verifier.verify(self.issuer.token(user("u-1").with_claims(acr="phr", auth_time=int(time.time()))))
        strong.require_fresh("aal2", 600)
        for acr in ("aal3", "AAL2", ""):
            with self.assertRaises(ValueError):
                strong.require_fresh(acr)
        with self.assertRaises(signet_auth.StaleLogin):
            strong.require_fresh("aal2", float("nan"))

    def test_answers_can_be_replaced(self):
        @self.app.errorhandler(signet_auth.flask.Refused)
        def refuse(refused):
            return {"code": refused.refusal.code}, 418

        self.assertEqual((418, {"code": "token_missing"}), self.get("/me")[::2])


class TestFastAPI(TestFlask):
    def make(self):
        return fastapi_app(self.verifier)

    def get(self, path, token=None):
        answer = fastapi.testclient.TestClient(self.app).get(path, headers={"Authorization": f"Bearer {token}"} if token else {})
        return answer.status_code, answer.headers, answer.json()

    def test_answers_can_be_replaced(self):
        @self.app.exception_handler(signet_auth.fastapi.Refused)
        def refuse(request, refused):
            return fastapi.responses.JSONResponse({"code": refused.refusal.code}, 418)

        self.assertEqual((418, {"code": "token_missing"}), self.get("/me")[::2])

    def test_two_headers_are_no_token(self):
        token = self.issuer.token(user("u-1"))
        headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
        self.assertEqual(401, fastapi.testclient.TestClient(self.app).get("/me", headers=headers).status_code)


class TestSize(unittest.TestCase):
    def test_a_framework_is_at_most_80_lines(self):
        for module in (signet_auth.flask, signet_auth.fastapi):
            with open(module.__file__, encoding="utf-8") as f:
                self.assertLessEqual(len(f.readlines()), 80, module.__name__)
