"""Many threads at once, and the event loop."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from signet_auth import TokenInvalid, Unavailable
from signet_auth.testing import FakeIssuer, user
from signet_auth.transport import Transport

from .case import Case


class Slow(Transport):
    """A transport whose questions take a while, and which counts those under way."""

    def __init__(self, seconds=0.2):
        super().__init__()
        self.seconds, self.most, self._now = seconds, 0, 0
        self._lock = threading.Lock()

    def call(self, method, url, headers, body, timeout, limit):
        if method == "GET":
            return super().call(method, url, headers, body, timeout, limit)
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            time.sleep(self.seconds)
            return super().call(method, url, headers, body, timeout, limit)
        finally:
            with self._lock:
                self._now -= 1


def outcome(verifier, token):
    try:
        return verifier.verify(token).sub
    except TokenInvalid as e:
        return e.reason
    except Unavailable:
        return "unavailable"


class TestParallel(Case):
    def setUp(self):
        super().setUp()
        self.issuer, self.transport = self.enters(FakeIssuer()), Slow()
        self.verifier = self.issuer.verifier("billing", transport=self.transport)

    def stale(self, token):
        """Has a token remembered, and then a fact that has it asked about."""
        self.verifier.ready()
        self.issuer.grant(self.verifier.verify(token).sub)

    def test_a_thousand_unknown_kids_are_one_fetch(self):
        with FakeIssuer() as stranger:
            tokens = []
            for _ in range(1000):
                stranger.rotate_key()
                tokens.append(stranger.token(user("u-1")))
        self.verifier.ready()
        before = self.issuer.calls()["jwks"]
        with ThreadPoolExecutor(50) as pool:
            outcomes = set(pool.map(lambda token: outcome(self.verifier, token), tokens))
        self.assertEqual({"key_unknown"}, outcomes)
        self.assertLessEqual(self.issuer.calls()["jwks"] - before, 2)  # one of them may be the fetch that ready causes

    def test_a_token_is_asked_about_by_one_of_many_threads(self):
        token = self.issuer.token(user("u-1"))
        self.stale(token)
        with ThreadPoolExecutor(40) as pool:
            outcomes = list(pool.map(lambda _: outcome(self.verifier, token), range(40)))
        self.assertEqual((["u-1"] * 40, 1), (outcomes, self.issuer.calls()["introspect"]))

    def test_at_most_32_questions_are_under_way(self):
        self.verifier.ready()
        tokens = [self.issuer.token(user("u-1")) for _ in range(64)]
        self.issuer.grant("u-1")
        with ThreadPoolExecutor(64) as pool:
            outcomes = set(pool.map(lambda token: outcome(self.verifier, token), tokens))
        self.assertIn("u-1", outcomes)  # and unavailable, where the machine is so busy that 2 s are over
        self.assertLessEqual(self.transport.most, 32)
        self.assertGreater(self.transport.most, 8)

    def test_a_fact_that_comes_while_another_is_asked_about_is_asked_about_too(self):
        token = self.issuer.token(user("u-1", "invoice:read"))
        self.stale(token)
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(outcome, self.verifier, token)
            time.sleep(0.05)
            self.issuer.end("s-u-1")
            self.assertIn(first.result(), ("ended", "inactive"))
        self.assertEqual("ended", outcome(self.verifier, token))

    def test_the_event_loop_runs_on_while_signet_is_asked(self):
        token = self.issuer.token(user("u-1").by_reference())
        self.stale(token)

        async def story():
            beats, asked = 0, asyncio.ensure_future(self.verifier.averify(token))
            while not asked.done():
                await asyncio.sleep(0.01)
                beats += 1
            self.assertEqual("u-1", asked.result().sub)
            return beats

        self.assertGreater(asyncio.run(story()), 5)

    def test_a_remembered_token_is_judged_without_a_thread(self):
        token = self.issuer.token(user("u-1", "invoice:read"))
        self.verifier.verify(token)

        async def story():
            before = threading.active_count()
            for _ in range(100):
                self.assertTrue(await (await self.verifier.averify(token)).aallowed("invoice:read"))
            return threading.active_count() - before

        self.assertEqual(0, asyncio.run(story()))

    def test_cancelled_requests_leave_nothing_behind(self):
        token = self.issuer.token(user("u-1"))
        self.stale(token)

        async def story():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(self.verifier.averify(token), 0.05)
            return (await self.verifier.averify(token)).sub

        self.assertEqual("u-1", asyncio.run(story()))
