"""What README.md prints and examples/ has runs as it is."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import unittest
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import fastapi.testclient

from signet_auth import TokenSource, Verifier
from signet_auth.testing import FakeIssuer, user

from .server import eventually

HERE = os.path.dirname(__file__)
EXAMPLES = os.path.join(HERE, "..", "..", "..", "examples", "python")


class TestReadme(unittest.TestCase):
    def snippets(self, issuer, app_token_file):
        """The snippets in their order, with the addresses of this test in the place of the printed ones."""
        with open(os.path.join(HERE, "..", "README.md"), encoding="utf-8") as f:
            printed = re.findall(r"```python\n(.*?)```", f.read(), re.DOTALL)
        return [text.replace("https://auth.example.com", issuer.url).replace("/run/secrets/signet", app_token_file) for text in printed]

    def test_all_snippets_run(self):
        with FakeIssuer() as issuer, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "token")
            with open(path, "w", encoding="utf-8") as f:
                f.write("sgat_billing")
            on_fastapi, on_flask, calling, testing = self.snippets(issuer, path)
            token = issuer.token(user("u-1", "invoice:read"))
            headers = {"Authorization": f"Bearer {token}"}
            for text in (on_fastapi, on_flask):
                names = {"__name__": "__main__"}
                exec(text, names)
                with names["v"]:
                    if text is on_fastapi:
                        said = fastapi.testclient.TestClient(names["app"]).get("/invoices", headers=headers).text
                    else:
                        said = names["app"].test_client().get("/invoices", headers=headers).text
                    self.assertIn("u-1", said)
            exec(calling, {"TokenSource": TokenSource, "urllib": __import__("urllib.request"), "url": issuer.url})
            exec(testing, {"Verifier": Verifier})


class TestExamples(unittest.TestCase):
    def test_fastapi(self):
        self.serve("with_sdk_fastapi.py")

    def test_flask(self):
        self.serve("with_sdk_flask.py")

    def serve(self, program):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        with FakeIssuer() as issuer, tempfile.TemporaryFile("w+") as log:
            paths = {"PYTHONPATH": os.pathsep.join([os.path.join(HERE, ".."), *sys.path]), "PYTHONDONTWRITEBYTECODE": "1"}
            environment = {**os.environ, **paths, "PORT": str(port), "SIGNET_ISSUER": issuer.url, "SIGNET_APP_TOKEN": "sgat_billing"}
            process = subprocess.Popen([sys.executable, program], cwd=EXAMPLES, env=environment, stdout=log, stderr=log)
            try:
                self.use(issuer, f"http://127.0.0.1:{port}")
            finally:
                process.terminate()
                process.wait()

    def use(self, issuer, url):
        eventually(lambda: status(url + "/") == 200, within=20)
        token = issuer.token(user("u-1", "invoice:read"))
        got = [
            status(url + path, bearer, method)
            for path, bearer, method in (
                ("/me", "", "GET"),
                ("/me", token, "GET"),
                ("/invoices", token, "GET"),
                ("/invoices/1", token, "DELETE"),
            )
        ]
        self.assertEqual([401, 200, 200, 403], got)
        issuer.end("s-u-1")
        eventually(lambda: status(url + "/me", token) == 401)


def status(url, token="", method="GET"):
    try:
        with urlopen(Request(url, headers={"Authorization": f"Bearer {token}"} if token else {}, method=method)) as answer:
            return answer.status
    except HTTPError as e:
        e.close()
        return e.code
    except (URLError, ConnectionError):
        return 0
