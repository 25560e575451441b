"""The package against Signet itself.

SIGNET_BIN names its binary. Without it these tests are skipped, or fail where SIGNET_TEST_BACKENDS=required.
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from base64 import urlsafe_b64decode as b64decode
from contextlib import contextmanager
from unittest import mock
from urllib.error import URLError
from urllib.request import Request, urlopen

from flask import Flask

from signet_auth import TokenSource, Verifier, follower
from signet_auth.flask import current, require

from .case import Case
from .server import eventually

BINARY = os.environ.get("SIGNET_BIN", "")
ADA = {"email": "ada@example.com", "password": "correct horse battery", "service": "billing"}


class Signet:
    """A server with SQLite in a folder of its own, or with what DATABASE_URI and REDIS_URL name."""

    def __init__(self, folder):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.url = f"http://localhost:{port}"
        self._environment = {**os.environ, "SIGNET_ENV": "development", "DATA_DIR": folder, "PORT": str(port), "ADMIN_ADDR": "off"}
        self._folder, self._log, self._process = folder, os.path.join(folder, "log"), None

    def start(self):
        with open(self._log, "a", encoding="utf-8") as log:
            self._process = subprocess.Popen([BINARY, "serve"], cwd=self._folder, env=self._environment, stdout=log, stderr=log)
        eventually(self._up, within=60)

    def kill(self):
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def run(self, *arguments, stdin=""):
        done = subprocess.run(
            [BINARY, *arguments], cwd=self._folder, env=self._environment, input=stdin, capture_output=True, text=True, timeout=60
        )
        if done.returncode != 0:
            raise AssertionError(f"signet {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def call(self, path, body=None, token=""):
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        with urlopen(Request(self.url + path, json.dumps(body or {}).encode(), headers)) as answer:
            return json.load(answer)

    def login(self):
        return self.call("/api/auth/login", ADA)["access_token"]

    def _up(self):
        if self._process.poll() is not None:
            with open(self._log, encoding="utf-8") as log:
                raise AssertionError(log.read())
        try:
            return urlopen(self.url + "/readyz").status == 200
        except (URLError, OSError):
            return False


def service(verifier):
    app = Flask(__name__)

    @app.get("/invoices")
    @require(verifier, "invoice:read")
    def invoices():
        return {"sub": current().sub}

    return app


class TestSignet(Case):
    @classmethod
    def setUpClass(cls):
        if not BINARY:
            text = "SIGNET_BIN names no binary of Signet (go build -o /tmp/signet ./cmd/signet)"
            if os.environ.get("SIGNET_TEST_BACKENDS") == "required":
                raise AssertionError(text)
            raise unittest.SkipTest(text)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.signet = Signet(folder.name)
        cls.addClassCleanup(cls.signet.kill)
        cls.signet.start()
        cls.signet.run("services", "create", "Billing")
        cls.signet.run("permissions", "create", "billing", "invoice:read")
        cls.signet.run("roles", "create", "billing", "clerk", "--permission", "invoice:read")
        cls.signet.run("admin", "create", "--email", ADA["email"], "--password-stdin", stdin=ADA["password"] + "\n")
        cls.signet.run("roles", "assign", "billing", "clerk", ADA["email"])
        cls.app_token = cls.app_token_named("production")

    @classmethod
    def app_token_named(cls, name):
        return cls.signet.run("tokens", "create", "billing", name).split()[-1]

    def setUp(self):
        super().setUp()
        self.follow(self.app_token)

    def follow(self, app_token):
        self.verifier = self.enters(Verifier(issuer=self.signet.url, audience="billing", app_token=app_token))
        self.verifier.ready()
        self.client = service(self.verifier).test_client()

    def get(self, token):
        return self.client.get("/invoices", headers={"Authorization": f"Bearer {token}"}).status_code

    def becomes(self, status, token, since):
        eventually(lambda: self.get(token) == status)
        took = time.monotonic() - since
        print(f"{self._testMethodName}: {status} after {took * 1000:.0f} ms")
        self.assertLess(took, 1.0)

    def test_logout(self):
        token, other = self.signet.login(), self.signet.login()
        self.assertEqual((200, 200), (self.get(token), self.get(other)))
        self.signet.call("/api/auth/logout", token=token)
        self.becomes(401, token, time.monotonic())
        self.assertEqual(200, self.get(other))

    def test_a_role_is_taken_and_given(self):
        token = self.signet.login()
        self.assertEqual(200, self.get(token))
        self.signet.run("roles", "unassign", "billing", "clerk", ADA["email"])
        self.becomes(403, token, time.monotonic())
        self.signet.run("roles", "assign", "billing", "clerk", ADA["email"])
        self.becomes(200, token, time.monotonic())

    def test_a_user_is_logged_out_everywhere(self):
        token = self.signet.login()
        self.assertEqual(200, self.get(token))
        self.signet.run("users", "end-sessions", ADA["email"])
        self.becomes(401, token, time.monotonic())

    def test_the_service_calls_as_itself(self):
        source = TokenSource(self.signet.url, "billing", self.app_token, service="billing")
        who = self.verifier.verify(source.token())
        self.assertEqual(("service_account", "billing"), (who.kind, who.client_id))

    def test_signet_is_killed_and_comes_back(self):
        token, other = self.signet.login(), self.signet.login()
        with self.called_all_the_while(other) as statuses:
            self.signet.kill()
            eventually(lambda: self.verifier.state().stream == "cut")
            self.assertEqual(200, self.get(token))
            self.signet.start()
            self.signet.call("/api/auth/logout", token=token)
            eventually(lambda: self.get(token) == 401, within=40)  # when the stream is tried again is chance, up to 30 s
        self.assertEqual({200}, set(statuses))
        self.assertEqual(200, self.get(self.signet.login()))

    @contextmanager
    def called_all_the_while(self, token):
        """Calls the service with a token until the block ends, and gives the statuses."""
        statuses, over = [], threading.Event()

        def call():
            while not over.wait(0.01):
                statuses.append(self.get(token))

        caller = threading.Thread(target=call)
        caller.start()
        try:
            yield statuses
        finally:
            over.set()
            caller.join()

    def test_a_signing_key_is_rotated_and_revoked(self):
        before = self.signet.login()
        self.assertEqual(200, self.get(before))
        self.signet.run("keys", "revoke", "--", json.loads(b64decode(before.split(".")[0] + "=="))["kid"])
        self.becomes(401, before, time.monotonic())
        self.assertEqual(200, self.get(self.signet.login()))

    def test_long_polls_hear_it_too(self):
        with mock.patch.object(follower.Follower, "_polls", lambda self: not self._closed.is_set()):
            self.follow(self.app_token)
            token = self.signet.login()
            self.assertEqual(200, self.get(token))
            self.signet.call("/api/auth/logout", token=token)
            self.becomes(401, token, time.monotonic())
            self.verifier.close()

    def test_a_revoked_app_token_is_told(self):
        self.follow(self.app_token_named("spare"))
        listed = json.loads(self.signet.run("tokens", "list", "billing", "--json"))["tokens"]
        (spare,) = [token["id"] for token in listed if token["name"] == "spare"]
        self.signet.run("tokens", "revoke", spare)
        eventually(lambda: self.verifier.state().stream == "app_token_refused")
