"""Processes that fork, as gunicorn --preload does."""

import os
import subprocess
import sys
import tempfile
import unittest
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from signet_auth import TokenInvalid, TokenSource, Verifier
from signet_auth.testing import FakeIssuer, user

from .case import Case
from .server import eventually

APP = """
import os
from flask import Flask
from signet_auth import Verifier
from signet_auth.flask import current, require

v = Verifier.from_env()
app = Flask(__name__)

@app.get("/")
@require(v)
def who():
    return f"{current().sub} {os.getpid()}"
"""


def in_child(do):
    """What do returns in a forked child, as text."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writer, str(do()).encode())
        except BaseException as e:
            os.write(writer, repr(e).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader) as f:
        return f.read()


class TestFork(Case):
    def setUp(self):
        super().setUp()
        self.issuer = self.enters(FakeIssuer())

    def test_a_child_hears_by_itself_and_leaves_its_parents_stream_alone(self):
        token = self.issuer.token(user("u-1"))
        with Verifier(**self.issuer.config("billing")) as verifier:
            verifier.ready()

            def child():
                verifier.ready()
                return verifier.verify(token).sub, verifier.state().stream

            self.assertEqual("('u-1', 'ready')", in_child(child))
            self.assertEqual((2, 0), (self.issuer.calls()["stream"], verifier.state().cuts))
            self.issuer.end("s-u-1")
            self.issuer.heard(verifier)
            with self.assertRaises(TokenInvalid):
                verifier.verify(token)

    def test_locks_that_are_held_while_forking_are_made_anew(self):
        token = self.issuer.token(user("u-1"))
        with Verifier(**self.issuer.config("billing")) as verifier:
            verifier.ready()
            parts = verifier._parts
            with parts.verification._memory._lock, parts.facts._lock, parts.keys._condition, parts.feed._condition, parts._lock:
                self.assertEqual("u-1", in_child(lambda: verifier.verify(token).sub))

    def test_a_token_source_goes_on_in_a_child(self):
        source = TokenSource(self.issuer.url, "shop", "sgat_shop", service="billing")
        token = source.token()
        with source._lock:
            self.assertEqual("True", in_child(lambda: source.token() == token))

    def test_a_stream_ends_with_its_process_though_children_live(self):
        with Verifier(**self.issuer.config("billing")) as verifier:
            verifier.ready()
            reader, writer = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.read(reader, 1)
                os._exit(0)
            verifier.close()
            eventually(lambda: self.issuer.streams == 0)
            os.write(writer, b"x")
            os.waitpid(pid, 0)


class TestGunicorn(unittest.TestCase):
    def workers(self, issuer):
        """Starts gunicorn with an application that is loaded before it forks, and gives its address."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with open(os.path.join(folder.name, "app.py"), "w", encoding="utf-8") as f:
            f.write(APP)
        log = open(os.path.join(folder.name, "log"), "w+", encoding="utf-8")
        self.addCleanup(log.close)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SIGNET_ISSUER": issuer.url,
            "SIGNET_AUDIENCE": "billing",
            "SIGNET_APP_TOKEN": "sgat_billing",
        }
        command = [sys.executable, "-m", "gunicorn", "--preload", "--workers", "4", "--bind", "127.0.0.1:0", "app:app"]
        server = subprocess.Popen(command, cwd=folder.name, env=environment, stdout=log, stderr=log)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)

        def address():
            log.seek(0)
            found = [line.split()[-2] for line in log if "Listening at" in line]
            self.assertIsNone(server.poll(), "gunicorn ended")
            return found[0] if found else ""

        eventually(address, within=20)
        return address()

    def pids(self, address, token):
        """The workers that accept a token, or refuse it, by 40 calls."""
        accepted, refused = set(), 0
        for _ in range(40):
            try:
                with urlopen(Request(address, headers={"Authorization": f"Bearer {token}", "Connection": "close"})) as answer:
                    accepted.add(answer.read().decode().split()[1])
            except HTTPError as e:
                refused += e.code == 401
                e.close()
        return accepted, refused

    def test_four_workers_hear_four_times(self):
        with FakeIssuer() as issuer:
            address, token, seen = self.workers(issuer), issuer.token(user("u-1")), set()

            def all_seen():
                seen.update(self.pids(address, token)[0])
                return len(seen) == 4 and issuer.streams == 4

            eventually(all_seen, within=20)
            issuer.end("s-u-1")
            eventually(lambda: self.pids(address, token) == (set(), 40))
            self.assertEqual(4, issuer.calls()["stream"])
