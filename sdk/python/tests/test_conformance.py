"""Runs all of sdk/conformance/cases.json, with a clock and a transport of its own."""

import json
import os
import unittest

from signet_auth import Forbidden, Refusal, SettingsError, TokenInvalid, TokenMissing, Unavailable
from signet_auth.transport import Answer, TransportError

from .driven import Driven, Moved

FILE = os.path.join(os.path.dirname(__file__), "..", "..", "conformance", "cases.json")
PATHS = {"/.well-known/jwks.json": "jwks", "/oauth2/introspect": "introspect", "/api/authz/check": "check"}
VERDICTS = {TokenMissing: "missing", TokenInvalid: "invalid", Forbidden: "forbidden", Unavailable: "unavailable", SettingsError: "error"}


class Wire:
    """A transport that answers as the steps say."""

    def __init__(self, url):
        self.url = url
        self.answers = {name: {"fails": "refused"} for name in PATHS.values()}
        self.first = {name: [] for name in PATHS.values()}
        self.begin_step()

    def begin_step(self):
        self.calls, self.sent, self.asked = dict.fromkeys(PATHS.values(), 0), {}, []

    def set(self, to, step):
        if step.get("times"):
            self.first[to] = [step] * step["times"]
        else:
            self.answers[to] = step

    def call(self, method, url, headers, body, timeout, limit):
        if not url.startswith(self.url):
            raise AssertionError(f"a call to {url}")
        to = PATHS[url[len(self.url) :]]
        self.calls[to], self.sent = self.calls[to] + 1, headers
        step = self.first[to].pop(0) if self.first[to] else self.answers[to]
        if "fails" in step:
            raise TransportError(step["fails"], again=True)
        content = step.get("body", {})
        if to == "check":
            self.asked = [check["permission"] for check in json.loads(body)["checks"]]
            if "allows" in step:
                content = {**content, "results": [{"allowed": name in step["allows"]} for name in self.asked]}
        text = (content if isinstance(content, str) else json.dumps(content)) + " " * step.get("pad", 0)
        if len(text) > limit:
            raise TransportError("too long", again=False)
        return Answer(step.get("status", 200), step.get("headers", {}).items(), text.encode())


class Story:
    def __init__(self, file, case):
        self.config = {name: value for name, value in {**file["config"], **case["config"]}.items() if value is not None}
        self.keys, self.case = file["keys"], case
        self.clock, self.wire = Moved(file["base"]), Wire(self.config.get("url", self.config["issuer"]))
        self.verifier, self.ticks = None, False

    def run(self, test):
        for number, step in enumerate(self.case["steps"]):
            with test.subTest(case=self.case["name"], step=number):
                if self.verifier is None and (step["at"] > 0 or step["op"] not in ("jwks", "answer")):
                    self.verifier = Driven(**self.config, transport=self.wire, clock=self.clock)
                    self.verifier.wire(self.case.get("wired", []))
                    self.work()
                self.clock.at = step["at"]
                self.work()
                self.wire.begin_step()
                got = getattr(self, "do_" + step["op"])(step) or {}
                self.work()
                self.compare(
                    test, step.get("want", {}), {**got, "calls": self.wire.calls, "sent": self.wire.sent, "asked": self.wire.asked}
                )

    def work(self):
        if self.verifier is not None:
            self.verifier.work(self.ticks)

    def compare(self, test, want, got):
        for name, value in want.items():
            if name in ("calls", "sent", "claims"):
                test.assertEqual(value, {member: got[name].get(member) for member in value}, name)
            elif isinstance(value, list):
                test.assertEqual(sorted(value), sorted(got[name]), name)
            else:
                test.assertEqual(value, got.get(name), f"{name} of {got}")

    def do_jwks(self, step):
        keys = {"body": {"keys": [self.keys[name]["public"] for name in step["keys"]]}} if "keys" in step else {}
        self.wire.set("jwks", {**step, **keys})

    def do_answer(self, step):
        self.wire.set(step["to"], step)

    def do_stream(self, step):
        feed, state = self.verifier._parts.feed, step["state"]
        if state in ("hello", "ready"):
            feed.receive("hello", {"token_ttl": step.get("token_ttl", 960)})
        if state == "ready":
            feed.receive("ready", {"cs": step["cs"]})
        if state == "reset":
            feed.receive("message", {"kind": "reset", "cs": step["cs"]})
        if state in ("down", "bye", "refused"):
            feed.cut(state)
        self.ticks = state in ("ready", "reset")

    def do_fact(self, step):
        self.verifier._parts.feed.receive("message", step["fact"])

    def do_flood(self, step):
        for i in range(step["count"]):
            self.do_fact({"fact": {"kind": "session", "fact": "ended", "sid": f"flood-{i}", "cs": step["cs"] + i}})

    def do_header(self, step):
        return told(lambda: self.verifier.authorize(step.get("values", [])))

    def do_verify(self, step):
        return told(lambda: self.verifier.verify(step.get("token", "")))

    def do_allowed(self, step):
        return told(lambda: self.verifier.verify(step["token"]), step["permission"])

    def do_new(self, step):
        settings = {name: value for name, value in {**self.config, **step["config"]}.items() if value is not None}
        return told(lambda: Driven(**settings, transport=self.wire, clock=self.clock))


def told(do, permission=None):
    try:
        who = do()
        if permission is not None and not who.allowed(permission):
            return {"verdict": "forbidden"}
    except (Refusal, SettingsError) as e:
        return {"verdict": VERDICTS[type(e)], "reason": getattr(e, "reason", "")}
    names = {"sid": "session_id", **{name: name for name in ("sub", "kind", "client_id", "permissions", "roles", "claims")}}
    return {"verdict": "accept", **{name: getattr(who, attribute, None) for name, attribute in names.items()}}


class Conformance(unittest.TestCase):
    def test_all_cases(self):
        with open(FILE, encoding="utf-8") as f:
            file = json.load(f)
        self.assertEqual((1, True), (file["v"], len(file["cases"]) >= 90))
        for case in file["cases"]:
            Story(file, case).run(self)
