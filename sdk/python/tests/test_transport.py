"""Answers that no good Signet gives, over real sockets."""

import time

from signet_auth import TokenInvalid, Transport, Unavailable, Verifier
from signet_auth.testing import FakeIssuer, user
from signet_auth.transport import TransportError

from .quiet import Quiet
from .server import Server, say


def hangs(handler):
    time.sleep(4)


def drips(handler):
    handler.send_response(200)
    handler.end_headers()
    for _ in range(40):
        handler.wfile.write(b" ")
        time.sleep(0.1)


def is_long(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(10 << 20))
    handler.end_headers()
    for _ in range(10):
        handler.wfile.write(b" " * (1 << 20))


class TestTransport(Quiet):
    def fails(self, answer, text, timeout=0.5):
        with Server(answer) as server:
            began = time.monotonic()
            with self.assertRaisesRegex(TransportError, text):
                Transport().call("GET", server.url + "/", {}, None, timeout, 256 * 1024)
            self.assertLess(time.monotonic() - began, 2)

    def test_an_answer_that_hangs(self):
        self.fails(hangs, "no answer within")

    def test_an_answer_that_drips(self):
        self.fails(drips, "within 0.5 s")

    def test_an_answer_of_10_mb(self):
        self.fails(is_long, "longer than", timeout=3)

    def test_a_redirect_is_not_followed(self):
        def answer(handler):
            say(handler, 302, b"", Location="/elsewhere")

        with Server(answer) as server:
            self.assertEqual(302, Transport().call("GET", server.url + "/", {"Authorization": "Bearer x"}, None, 2, 1000).status)
            self.assertEqual(["/"], server.paths)

    def test_a_proxy_is_used(self):
        def answer(handler):
            say(handler, 200, b"through the proxy")

        with Server(answer) as proxy:
            answered = Transport(proxy=proxy.url).call("GET", "http://signet.example/x?y", {}, None, 2, 1000)
            self.assertEqual((b"through the proxy", ["http://signet.example/x?y"]), (answered.body, proxy.paths))

    def test_a_certificate_that_is_not_trusted_is_told(self):
        with Server(hangs) as server, self.assertRaises(TransportError):
            Transport().call("GET", server.url.replace("http:", "https:") + "/", {}, None, 0.5, 1000)


class TestKeySets(Quiet):
    """A key set that was good, and then isn't."""

    def kept(self, broken):
        good = True
        with FakeIssuer() as issuer, FakeIssuer() as stranger:
            keys = Transport().call("GET", issuer.url + "/.well-known/jwks.json", {}, None, 2, 1 << 20).body

            def answer(handler):
                say(handler, 200, keys) if good else broken(handler)

            with Server(answer) as server:
                settings = {**issuer.config("billing"), "url": server.url, "app_token": None}
                with Verifier(**settings) as verifier:
                    token = issuer.token(user("u-1"))
                    verifier.verify(token)
                    good = False
                    began = time.monotonic()
                    with self.assertRaises(TokenInvalid):
                        verifier.verify(stranger.token(user("u-1")))
                    self.assertLess(time.monotonic() - began, 3)
                    self.assertEqual("u-1", verifier.verify(issuer.token(user("u-1"))).sub)

    def test_one_that_hangs(self):
        self.kept(hangs)

    def test_one_that_is_a_page(self):
        self.kept(lambda handler: say(handler, 200, b"<!doctype html><title>Sign in to the network</title>"))

    def test_one_that_is_long(self):
        self.kept(is_long)

    def test_one_that_is_deep(self):
        self.kept(lambda handler: say(handler, 200, b"[" * 200_000))

    def test_without_any_nobody_can_tell(self):
        with Server(lambda handler: say(handler, 500, b"")) as server, FakeIssuer() as issuer:
            with Verifier(issuer=server.url, audience="billing") as verifier, self.assertRaises(Unavailable):
                verifier.verify(issuer.token(user("u-1")))
