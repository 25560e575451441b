"""A verifier with its threads, and an issuer on loopback."""

from urllib.request import urlopen

from signet_auth import NotReady, TokenInvalid, Unavailable, Verifier
from signet_auth.testing import FakeIssuer, service, user

from .case import Case
from .server import Server, eventually, say


class TestFollowing(Case):
    def setUp(self):
        super().setUp()
        self.issuer = self.enters(FakeIssuer())
        self.verifier = self.issuer.verifier("billing")

    def refused(self, token, reason):
        with self.assertRaises(TokenInvalid) as caught:
            self.verifier.verify(token)
        self.assertEqual(reason, caught.exception.reason)

    def test_a_session_ends(self):
        token, other = self.issuer.token(user("u-1")), self.issuer.token(user("u-2"))
        self.assertEqual("u-1", self.verifier.verify(token).sub)
        self.issuer.end("s-u-1")
        self.refused(token, "ended")
        self.assertEqual("u-2", self.verifier.verify(other).sub)

    def test_a_user_is_disabled(self):
        token = self.issuer.token(user("u-1"))
        self.verifier.ready()
        self.issuer.disable("u-1")
        self.refused(token, "ended")

    def test_a_permission_is_taken_and_given(self):
        token = self.issuer.token(user("u-1", "invoice:read"))
        self.assertTrue(self.verifier.verify(token).allowed("invoice:read"))
        self.issuer.grant("u-1", "invoice:write")
        who = self.verifier.verify(token)
        self.assertEqual((False, True), (who.allowed("invoice:read"), who.allowed("billing/invoice:write")))
        self.verifier.verify(token)
        self.assertEqual(1, self.issuer.calls()["introspect"])

    def test_keys_change(self):
        before = self.issuer.token(user("u-1"))
        self.verifier.ready()
        kid = self.issuer.rotate_key()
        after = self.issuer.token(user("u-1"))
        self.assertEqual("u-1", self.verifier.verify(after).sub)
        self.issuer.revoke_key(kid)
        self.assertEqual("u-1", self.verifier.verify(before).sub)
        with self.assertRaises(TokenInvalid) as caught:
            self.verifier.verify(after)
        self.assertIn(caught.exception.reason, ("key_revoked", "key_unknown"))  # which, depends on whether the set is there already

    def test_a_restored_signet_is_asked_about_every_token(self):
        token = self.issuer.token(user("u-1"))
        self.verifier.ready()
        for _ in range(8):
            self.issuer.grant("u-2")
        self.issuer.restore()
        self.verifier.verify(token)
        self.verifier.verify(token)
        self.assertEqual(1, self.issuer.calls()["introspect"])

    def test_what_happened_during_a_cut_is_heard_after_it(self):
        token = self.issuer.token(user("u-1"))
        self.verifier.ready()
        self.issuer.cut()
        eventually(lambda: self.verifier.state().stream == "cut")
        self.issuer.end("s-u-1")
        self.assertEqual("u-1", self.verifier.verify(token).sub)
        self.issuer.resume()
        self.issuer.heard(self.verifier, within=15)
        self.refused(token, "ended")
        self.assertEqual(1, self.verifier.state().cuts)

    def test_permissions_by_reference_are_asked_for_once(self):
        token = self.issuer.token(user("u-1", "invoice:read").by_reference())
        self.verifier.wire(["invoice:read", "invoice:write"])
        who = self.verifier.verify(token)
        self.assertEqual((True, False), (who.allowed("invoice:read"), who.allowed("invoice:write")))
        self.assertEqual(1, self.issuer.calls()["check"])

    def test_a_service_account(self):
        who = self.verifier.verify(self.issuer.token(service("shop", "invoice:read")))
        self.assertEqual(("id-shop", "service_account", "", "shop"), (who.sub, who.kind, who.session_id, who.client_id))

    def test_a_token_expires_when_the_clock_says_so(self):
        token = self.issuer.token(user("u-1"))
        self.verifier.verify(token)
        self.issuer.move(931)
        self.refused(token, "expired")

    def test_a_hook_hears_reasons_and_no_token(self):
        heard = []
        token = self.issuer.token(user("u-1").with_claims(aud="shipping"))
        with Verifier(**self.issuer.config("billing"), on_refusal=heard.append) as verifier:
            with self.assertRaises(TokenInvalid):
                verifier.authorize([f"Bearer {token}"])
        self.assertEqual([("audience", "u-1")], [(refusal.reason, refusal.sub) for refusal in heard])
        self.assertNotIn(token.split(".")[2], repr(heard) + str(heard[0]))


class TestAway(Case):
    def test_a_service_starts_while_signet_is_down(self):
        with Verifier(issuer="http://127.0.0.1:9", audience="billing", app_token="sgat_x") as verifier:
            with FakeIssuer() as issuer, self.assertRaises(Unavailable):
                verifier.verify(issuer.token(user("u-1")))
            with self.assertRaisesRegex(NotReady, "url"):
                verifier.ready(timeout=0.1)

    def test_a_refused_app_token_is_no_cut(self):
        with FakeIssuer() as issuer:
            keys = urlopen(issuer.url + "/.well-known/jwks.json").read()

        def answer(handler):
            say(handler, 401, b"{}") if "revocations" in handler.path else say(handler, 200, keys)

        with Server(answer) as server, Verifier(issuer=server.url, audience="billing", app_token="sgat_x") as verifier:
            with self.assertRaisesRegex(NotReady, "app_token"):
                verifier.ready()
            self.assertEqual("app_token_refused", verifier.state().stream)
            self.assertEqual(1, sum("revocations" in path for path in server.paths))

    def test_an_app_token_of_another_service_is_told(self):
        with FakeIssuer() as issuer, Verifier(**{**issuer.config("billing"), "app_token": "sgat_shipping"}) as verifier:
            with self.assertRaisesRegex(NotReady, "shipping.*billing"):
                verifier.ready()

    def test_without_an_app_token_tokens_count_until_they_expire(self):
        with FakeIssuer() as issuer, Verifier(**{**issuer.config("billing"), "app_token": None}) as verifier:
            token = issuer.token(user("u-1"))
            issuer.end("s-u-1")
            self.assertEqual("u-1", verifier.verify(token).sub)
            self.assertEqual(("off", 0), (verifier.state().stream, issuer.calls().get("stream", 0)))


class TestLog(Case):
    def test_a_cut_is_a_line_when_it_begins_and_one_when_it_ends(self):
        with FakeIssuer() as issuer, Verifier(**issuer.config("billing")) as verifier:
            verifier.ready()
            token = issuer.token(user("u-1"))
            with self.assertLogs("signet_auth", "WARNING") as logs:
                issuer.cut()
                eventually(lambda: verifier.state().stream == "cut")
                verifier.verify(token)
                issuer.resume()
                eventually(lambda: verifier.state().stream == "ready", within=15)
        stream = [line for line in logs.output if "stream" in line]
        self.assertEqual(2, len(stream), logs.output)
        self.assertRegex(stream[0], "is cut: .*on_cut allow")
        self.assertNotIn(token, str(logs.output))

    def test_a_wrong_issuer_and_audience_are_named_with_what_was_seen(self):
        with FakeIssuer() as issuer:
            for changed, line in (
                ({"iss": "https://other.example"}, "issuer 'https://other.example', the setting issuer"),
                ({"aud": "shop"}, "'shop' .*'billing'"),
            ):
                with Verifier(**issuer.config("billing")) as verifier, self.assertLogs("signet_auth", "WARNING") as logs:
                    for _ in range(3):
                        with self.assertRaises(TokenInvalid):
                            verifier.verify(issuer.token(user("u-1").with_claims(**changed)))
                self.assertEqual(1, len(logs.output))
                self.assertRegex(logs.output[0], line)
