"""Prints what verifying costs: python3 -m tests.benchmark"""

import timeit

from signet_auth import Verifier
from signet_auth.testing import FakeIssuer, user


def microseconds(do, number):
    return min(timeit.repeat(do, number=number, repeat=5)) / number * 1e6


def main():
    with FakeIssuer() as issuer, Verifier(**issuer.config("billing")) as verifier:
        verifier.ready()
        token = issuer.token(user("u-1", "invoice:read"))
        header = [f"Bearer {token}"]
        first = [issuer.token(user("u-1", "invoice:read")) for _ in range(500)]
        rest = iter(first * 6)
        print(f"a remembered token: {microseconds(lambda: verifier.verify(token), 5000):.1f} us (at most 40)")
        print(f"with header and permission: {microseconds(lambda: verifier.authorize(header, ['invoice:read']), 5000):.1f} us")

        def forget_and_verify():
            verifier._parts.verification._memory._records.clear()
            verifier.verify(next(rest))

        print(f"a first token, ES256: {microseconds(forget_and_verify, 500):.0f} us")


if __name__ == "__main__":
    main()
