"""The stream and the long poll, over real sockets."""

import json
import os
import random
import tempfile
import time
from unittest import mock

from signet_auth import NotReady, Verifier, follower
from signet_auth.sse import EventReader

from .case import Case
from .server import Server, eventually, say

HELLO = 'event: hello\ndata: {"v":1,"token_ttl":960,"heartbeat":5,"service":"billing","cs":1}\n\n'
READY = 'event: ready\nid: sgcu_1\ndata: {"cs":7}\n\n'


def stream(handler, *events):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    handler.close_connection = True
    handler.wfile.write("".join(events).encode())
    handler.wfile.flush()


class TestFollower(Case):
    def follow(self, answer):
        """A verifier of an issuer whose stream is answered by answer(handler, n), n being how often it was opened before."""
        opened = []

        def route(handler):
            if "revocations" in handler.path:
                opened.append((handler.path, handler.headers.get("Last-Event-ID"), handler.headers.get("Authorization"), time.monotonic()))
                return answer(handler, len(opened) - 1)
            return say(handler, 200, b'{"keys": []}')

        server = self.enters(Server(route))
        return opened, self.enters(Verifier(issuer=server.url, audience="billing", app_token="sgat_x"))

    def begin(self, verifier):
        with self.assertRaises(NotReady):
            verifier.ready(timeout=0.01)

    def test_after_bye_the_stream_goes_on_by_its_cursor(self):
        def answer(handler, n):
            if n == 0:
                return stream(handler, HELLO, READY, 'event: bye\ndata: {"reason":"renew"}\n\n')
            stream(handler, HELLO, READY)
            time.sleep(2)

        opened, verifier = self.follow(answer)
        self.begin(verifier)
        eventually(lambda: len(opened) == 2, within=3)
        self.assertEqual([None, "sgcu_1"], [last for _, last, _, _ in opened])
        self.assertLess(opened[1][3] - opened[0][3], 1.5)

    def test_where_a_proxy_holds_streams_back_it_polls(self):
        def answer(handler, n):
            if handler.path.endswith("/stream"):
                stream(handler)
                return time.sleep(3)
            time.sleep(0.01 if "wait=0" in handler.path else 0.5)
            facts = [{"kind": "session", "fact": "ended", "sid": f"s-{n}", "cs": n}]
            return say(
                handler,
                200,
                json.dumps({"facts": facts, "cursor": f"sgcu_{n}", "cs": n, "token_ttl": 960, "heartbeat": 5, "more": n < 3}).encode(),
            )

        with mock.patch.object(follower, "_HELLO_WITHIN", 0.3):
            opened, verifier = self.follow(answer)
            self.begin(verifier)
            eventually(lambda: verifier.state().stream == "ready" and len(opened) >= 4)
        queries = [path.partition("?")[2] for path, *_ in opened[1:4]]
        self.assertEqual(["limit=1000&wait=0", "limit=1000&wait=0&cursor=sgcu_1", "limit=1000&wait=0&cursor=sgcu_2"], queries)
        self.assertGreaterEqual(verifier.state().facts, 3)

    def test_a_cursor_that_is_refused_is_forgotten(self):
        def answer(handler, n):
            if n == 1:
                return say(handler, 400, b'{"code":"invalid_cursor"}')
            stream(handler, HELLO, READY)
            time.sleep(0.2 if n == 0 else 2)

        opened, verifier = self.follow(answer)
        self.begin(verifier)
        eventually(lambda: len(opened) == 3, within=12)
        self.assertEqual([None, "sgcu_1", None], [last for _, last, _, _ in opened])

    def test_nonsense_in_the_stream_is_a_cut_and_not_the_end(self):
        for text in (
            "data: [1]\n\n",
            "data: {\n\n",
            "data: " + "[" * 9000 + "\n\n",
            "x" * 70_000,
            'data: {"kind":["x"],"sub":[1],"cs":"1"}\n\n',
            "data: \xff\n\n",
        ):

            def answer(handler, n):
                if n == 0:
                    return stream(handler, HELLO, READY, text)
                stream(handler, HELLO, READY)
                time.sleep(2)

            with self.subTest(text[:20]):
                opened, verifier = self.follow(answer)
                self.begin(verifier)
                eventually(lambda: len(opened) == 2 and verifier.state().stream == "ready", within=8)

    def test_a_refused_app_token_is_tried_again_when_its_file_changes(self):
        def answer(handler, n):
            if handler.headers["Authorization"] != "Bearer sgat_new":
                return say(handler, 401, b"{}")
            stream(handler, HELLO, READY)
            time.sleep(1)

        path = os.path.join(self.enters(tempfile.TemporaryDirectory()), "token")
        write(path, "sgat_old\n")
        opened, unused = self.follow(answer)
        with Verifier(issuer=unused.issuer, audience="billing", app_token_file=path) as verifier:
            self.begin(verifier)
            eventually(lambda: verifier.state().stream == "app_token_refused")
            write(path, "sgat_new\n")
            eventually(lambda: verifier.state().stream == "ready", within=3)
        self.assertEqual(["Bearer sgat_old", "Bearer sgat_new"], [sent for _, _, sent, _ in opened])


def write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.replace(path + ".new", path)


class TestEventReader(Case):
    def test_events_are_the_same_however_they_are_cut(self):
        text = (HELLO + ": a comment\n\nid: sgcu_2\r\ndata: {\r\ndata: }\r\n\r\n" + READY).encode()
        whole = list(EventReader().feed(text))
        self.assertEqual(["hello", "message", "ready"], [event.name for event in whole])
        self.assertEqual(("{\n}", "sgcu_2"), (whole[1].data, whole[1].id))
        for seed in range(200):
            chance, reader, events, rest = random.Random(seed), EventReader(), [], text
            while rest:
                n = chance.randint(1, 30)
                events += reader.feed(rest[:n])
                rest = rest[n:]
            self.assertEqual(whole, events)

    def test_whatever_comes_it_reads_or_refuses(self):
        for seed in range(300):
            chance, reader = random.Random(seed), EventReader()
            try:
                for _ in range(20):
                    for event in reader.feed(bytes(chance.choice(b"\r\n:dataeventid \xff{}") for _ in range(50))):
                        self.assertTrue(event.data)
            except ValueError:
                pass
