"""Tokens for calls that a service makes as itself."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

from signet_auth import SettingsError, TokenRefused, TokenSource, Unavailable, Verifier
from signet_auth.testing import FakeIssuer

from .case import Case
from .driven import Moved
from .server import Server, eventually, say


class TestTokenSource(Case):
    def setUp(self):
        super().setUp()
        self.clock, self.asked = Moved(), []
        self.answer = lambda n: (200, {"access_token": f"t-{n}", "token_type": "Bearer", "expires_in": 900})

    def serve(self, **settings):
        def answer(handler):
            self.asked.append((handler.headers["Authorization"], handler.body))
            status, body = self.answer(len(self.asked))
            say(handler, status, json.dumps(body).encode())

        server = self.enters(Server(answer))
        return TokenSource(server.url, "shop", "sgat_x", service="billing", clock=self.clock, **settings)

    def test_a_verifier_takes_its_tokens(self):
        with FakeIssuer() as issuer, Verifier(**issuer.config("billing")) as verifier:
            source = TokenSource(issuer.url, "shop", "sgat_shop", service="billing", scope="invoice:read")
            who = verifier.verify(source.token())
            self.assertEqual(("service_account", "shop", True), (who.kind, who.client_id, who.allowed("invoice:read")))

    def test_it_asks_as_the_client(self):
        self.serve(scope="invoice:read invoice:write").token()
        self.assertEqual("Basic c2hvcDpzZ2F0X3g=", self.asked[0][0])
        self.assertEqual(b"grant_type=client_credentials&service=billing&scope=invoice%3Aread+invoice%3Awrite", self.asked[0][1])

    def test_one_is_fetched_for_many(self):
        source = self.serve()
        with ThreadPoolExecutor(20) as pool:
            self.assertEqual({"t-1"}, set(pool.map(lambda _: source.token(), range(20))))
        self.assertEqual("t-1", asyncio.run(source.atoken()))

    def test_it_is_renewed_beside_the_calls(self):
        source = self.serve()
        source.token()
        self.clock.at = 719
        self.assertEqual(("t-1", 1), (source.token(), len(self.asked)))
        self.clock.at = 721
        self.assertEqual("t-1", source.token())
        eventually(lambda: source.token() == "t-2")

    def test_the_old_one_serves_until_30_s_before_its_end(self):
        source = self.serve()
        source.token()
        self.answer = lambda n: (503, {})
        self.clock.at = 869
        self.assertEqual("t-1", source.token())
        eventually(lambda: len(self.asked) == 2 and not source._renewing)
        self.clock.at = 871
        with self.assertRaises(Unavailable):
            source.token()

    def test_after_failures_it_waits_longer_each_time(self):
        source = self.serve()
        self.answer = lambda n: (500, {})
        for at in (0, 0.1, 1, 1.5, 2, 5):
            self.clock.at = at
            with self.assertRaises(Unavailable):
                source.token()
        self.assertEqual(4, len(self.asked))

    def test_a_no_is_told_at_once_and_not_asked_for_again_within_10_s(self):
        source = self.serve()
        self.answer = lambda n: (400, {"error": "invalid_target", "error_description": "no role there"})
        for at in (0, 5, 9, 11):
            self.clock.at = at
            with self.assertRaisesRegex(TokenRefused, "invalid_target: no role there"):
                source.token()
        self.assertEqual(2, len(self.asked))

    def test_a_token_that_was_refused_is_dropped(self):
        source = self.serve()
        source.refused(source.token())
        source.refused("another")
        self.assertEqual(("t-2", "t-2"), (source.token(), source.token()))

    def test_settings(self):
        with self.assertRaisesRegex(SettingsError, "app_token"):
            TokenSource("https://auth.example.com", "shop")
        with self.assertRaisesRegex(SettingsError, "client_id"):
            TokenSource("https://auth.example.com", "", "sgat_x")
