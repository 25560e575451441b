"""What the conformance file leaves out of the memory of facts: its size and its speed."""

import unittest

from signet_auth.facts import Facts
from signet_auth.memory import Covered
from signet_auth.token import Token

from .driven import Moved


def token(**claims):
    return Token("t", "kid", {"sub": "u-1", "exp": 1000, "iat": 100, "cs": 5, **claims})


class TestFacts(unittest.TestCase):
    def setUp(self):
        self.clock = Moved()
        self.facts = Facts("billing", self.clock, bound=100)

    def session(self, n):
        self.facts.add({"kind": "session", "fact": "ended", "sid": f"s-{n}", "cs": n})

    def test_they_stay_within_their_bound(self):
        for n in range(1, 1000):
            self.session(n)
            self.assertLessEqual(len(self.facts), 100)

    def test_the_floor_goes_when_all_tokens_that_it_meant_are_gone(self):
        for n in range(1, 200):
            self.session(n)
        self.assertTrue(self.facts.judge(token(), Covered()).ask)
        self.clock.at = 960
        self.assertFalse(self.facts.judge(token(), Covered()).ask)

    def test_they_are_dropped_token_ttl_after_they_came(self):
        self.session(1)
        self.clock.at = 500
        self.session(2)
        self.clock.at = 961
        self.facts.judge(token(), Covered())
        self.assertEqual(1, len(self.facts))

    def test_a_fact_that_comes_again_is_one(self):
        for _ in range(5):
            self.facts.add({"kind": "subject", "fact": "stale", "sub": "u-1", "cs": 7})
        self.assertEqual(1, len(self.facts))

    def test_whatever_is_sent_is_taken_in(self):
        for data in (
            {},
            {"kind": None},
            {"kind": "subject"},
            {"kind": "subject", "sub": 5, "cs": "7"},
            {"kind": ["x"], "cs": True},
            {"kind": "signing_key", "kid": {}},
        ):
            self.facts.add(data)
        self.assertTrue(self.facts.judge(token(cs=0), Covered()).ask or self.facts.cs == 0)
