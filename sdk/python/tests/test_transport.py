"""Answers that no good Signet gives, over real sockets."""

import datetime
import ipaddress
import os
import ssl
import tempfile
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from signet_auth import TokenInvalid, Transport, Unavailable, Verifier
from signet_auth.testing import FakeIssuer, user
from signet_auth.transport import TransportError

from .case import Case
from .server import Server, say

DAY = datetime.timedelta(days=1)


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


class TestTransport(Case):
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


class TestTLS(Case):
    def setUp(self):
        super().setUp()
        self.ca_file, self.tls = certificate(self.enters(tempfile.TemporaryDirectory()))

    def test_a_certificate_of_ones_own_authority_is_trusted_if_it_is_named(self):
        with Server(lambda handler: say(handler, 200, b"by TLS"), tls=self.tls) as server:
            self.assertEqual(b"by TLS", Transport(ca_file=self.ca_file).call("GET", server.url + "/", {}, None, 5, 1000).body)
            with self.assertRaisesRegex(TransportError, "certificate is not trusted: self.signed"):
                Transport().call("GET", server.url + "/", {}, None, 5, 1000)

    def test_a_certificate_of_another_host_is_not(self):
        with Server(lambda handler: say(handler, 200, b""), tls=self.tls) as server:
            with self.assertRaisesRegex(TransportError, "not trusted: .*mismatch"):
                Transport(ca_file=self.ca_file).call("GET", server.url.replace("127.0.0.1", "localhost") + "/", {}, None, 5, 1000)

    def test_a_stream_is_read_and_interrupted(self):
        def answer(handler):
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(b"hello")
            time.sleep(3)

        with Server(answer, tls=self.tls) as server:
            stream = Transport(ca_file=self.ca_file).stream(server.url + "/", {}, 5, 5)
            chunks = stream.chunks()
            self.assertEqual(b"hello", next(chunks))
            threading.Timer(0.2, stream.interrupt).start()
            began = time.monotonic()
            try:
                self.assertEqual([], list(chunks))
            except TransportError:
                pass
            self.assertLess(time.monotonic() - began, 2)
            stream.close()


def certificate(folder):
    """A certificate for 127.0.0.1 that nobody trusts, as a file and as the settings of a server."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - DAY, now + DAY)
    built = built.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
    path = os.path.join(folder, "pem")
    with open(path, "wb") as f:
        f.write(built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
        f.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


class TestKeySets(Case):
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
