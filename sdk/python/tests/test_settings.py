"""Settings, and what is said of wrong ones."""

import os
import tempfile
import unittest

from signet_auth import SettingsError, Verifier
from signet_auth.settings import AppToken
from signet_auth.testing import FakeIssuer, user

from .case import Case

GOOD = {"issuer": "https://auth.example.com", "audience": "billing"}


class TestSettings(unittest.TestCase):
    def test_what_is_wrong_is_named(self):
        for changes, named in (
            ({"issuer": None}, "issuer must be the address of Signet, such as .*; it is None"),
            ({"issuer": "auth.example.com"}, "issuer must be the address of Signet.* it is 'auth.example.com'"),
            ({"issuer": "http://auth.example.com"}, "issuer must begin with https://"),
            ({"url": "http://10.0.0.1"}, "url must begin with https://"),
            ({"issuer": "https://u:secret@auth.example.com"}, "issuer must have no user or password"),
            ({"audience": None}, "audience must be the key .*; it is None"),
            ({"audience": "Billing"}, "audience must be the key .*; it is 'Billing'"),
            ({"app_token": "eyJhbGciOi"}, "app_token must be an application token"),
            ({"app_token": "sgat_x", "app_token_file": "/x"}, "both"),
            ({"app_token_file": "/nowhere"}, "app_token_file can't be read: /nowhere"),
            ({"on_cut": "maybe"}, "on_cut must be .*; it is 'maybe'"),
            ({"leeway": 61}, "leeway must be 0 to 60 seconds; it is 61"),
            ({"leeway": "30"}, "leeway must be .*; it is '30'"),
        ):
            with self.subTest(changes), self.assertRaisesRegex(SettingsError, named) as caught:
                Verifier(**{**GOOD, **changes})
            self.assertNotIn("secret", str(caught.exception))

    def test_the_environment_gives_them_and_arguments_go_before(self):
        environment = {
            "SIGNET_ISSUER": "https://a.example.com",
            "SIGNET_AUDIENCE": "billing",
            "SIGNET_APP_TOKEN": "",
            "SIGNET_URL": "https://b.example.com",
        }
        verifier = Verifier.from_env(environment, audience="shipping")
        self.assertEqual(("https://a.example.com", "shipping"), (verifier.issuer, verifier.audience))
        self.assertFalse(verifier._app_token)

    def test_an_issuer_with_a_slash_at_its_end_is_said(self):
        verifier = Verifier(issuer="http://127.0.0.1:1/", audience="billing")
        with self.assertLogs("signet_auth", "WARNING") as said:
            verifier._parts.begin()
        verifier.close()
        self.assertIn("issuer ends with a slash", "\n".join(said.output))  # beside what the threads say of an address where nobody is

    def test_secrets_are_not_shown(self):
        token = AppToken("sgat_secret", None)
        self.assertNotIn("secret", f"{token!r} {token} {vars(Verifier(**GOOD, app_token='sgat_secret'))}")

    def test_a_malformed_permission_is_an_error_where_it_is_wired(self):
        for name in ("invoice", "invoice:*", "Invoice:read", "shipping/invoice:read", "", None):
            with self.subTest(name), self.assertRaises(SettingsError):
                Verifier(**GOOD).wire([name])


class TestFile(Case):
    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.enters(tempfile.TemporaryDirectory()), "token")
        self.write("sgat_old\n")

    def write(self, text):
        with open(self.path + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.replace(self.path + ".new", self.path)

    def test_it_is_read_again_when_it_changes(self):
        token = AppToken(None, self.path)
        self.write("sgat_new")
        self.assertEqual("sgat_new", token.value())

    def test_an_empty_one_is_told_from_a_wrong_one(self):
        for content, said in (("\n", "app_token_file .* is empty"), ("eyJhbGciOi", "app_token_file must be an application token")):
            self.write(content)
            with self.assertRaisesRegex(SettingsError, said):
                AppToken(None, self.path)

    def test_nonsense_and_absence_keep_the_old_one(self):
        token = AppToken(None, self.path)
        self.write("")
        self.assertEqual("sgat_old", token.value())
        os.remove(self.path)
        self.assertEqual(("sgat_old", False), (token.value(), token.read_again()))

    def test_it_is_read_once_more_after_a_401(self):
        with FakeIssuer() as issuer:
            self.write("sgat_billing")
            with Verifier(issuer=issuer.url, audience="billing", app_token_file=self.path) as verifier:
                token = issuer.token(user("u-1"))
                verifier.ready()
                verifier._app_token._token = "sga"  # what the file said before; nothing of it changed since, as on a coarse file system
                issuer.grant("u-1")
                issuer.heard(verifier)
                self.assertEqual("u-1", verifier.verify(token).sub)
