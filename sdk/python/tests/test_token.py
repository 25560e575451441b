"""Whatever is sent as a token is refused as one, by TokenInvalid and nothing else."""

import base64
import random
import unittest

from signet_auth import TokenInvalid, TokenMissing
from signet_auth.testing import FakeIssuer, user
from signet_auth.token import bearer, read

from .case import Case


def b64(text):
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).rstrip(b"=").decode()


class TestNonsense(Case):
    def test_changed_tokens_are_refused(self):
        with FakeIssuer() as issuer:
            verifier, genuine = issuer.verifier("billing", app_token=None), issuer.token(user("u-1", "invoice:read"))
            verifier.verify(genuine)
            for seed in range(1500):
                chance = random.Random(seed)
                at, n = chance.randrange(len(genuine)), chance.randint(0, 3)
                changed = genuine[:at] + "".join(chance.choice("Az09-_.=\n é\x00") for _ in range(n)) + genuine[at + chance.randint(0, 3) :]
                if changed != genuine:
                    with self.subTest(changed), self.assertRaises(TokenInvalid):
                        verifier.verify(changed)

    def test_json_that_libraries_stumble_over_is_malformed(self):
        good = b64('{"alg":"ES256","kid":"k","typ":"at+jwt"}')
        for text in (
            "[" * 4000,
            '{"a":' * 1500,
            '{"exp":' + "9" * 5000 + "}",
            '{"exp":1,"exp":2}',
            '{"\\u0065xp":1,"exp":2}',
            '{"exp":NaN}',
            '{"exp":Infinity}',
            "\ufeff{}",
            "\ud800",
            "{} {}",
        ):
            with self.subTest(text[:20]), self.assertRaises(TokenInvalid) as caught:
                read(f"{good}.{b64(text)}.AAAA")
            self.assertEqual("malformed", caught.exception.reason)

    def test_numbers_without_end_are_compared_as_they_are(self):
        good = b64('{"alg":"ES256","kid":"k","typ":"at+jwt"}')
        for number in ("9" * 400, "-" + "9" * 400, "1e400"):
            claims = f'{{"iss":"i","aud":"a","sub":"s","jti":"j","client_id":"c","exp":{number},"iat":1,"nbf":1}}'
            with self.subTest(number[:5]), self.assertRaises(TokenInvalid):
                read(f"{good}.{b64(claims)}.AAAA").check("i", "a", 30, 1.5)

    def test_half_of_a_character_is_a_kid_that_nobody_has(self):
        header = '{"alg":"ES256","kid":"\\ud800","typ":"at+jwt"}'
        with FakeIssuer() as issuer:
            verifier = issuer.verifier("billing", app_token=None)
            verifier.ready()
            with self.assertRaises(TokenInvalid) as caught:
                verifier.verify(f"{b64(header)}.e30.AAAA")
        self.assertEqual("key_unknown", caught.exception.reason)


class TestBearer(unittest.TestCase):
    def test_what_a_server_joins_of_two_headers_is_no_token(self):
        for values in (["Bearer a,Bearer b"], ["Bearer a, Bearer b"], ["Bearer a,b"]):
            with self.assertRaises(TokenMissing):
                bearer(values)
