"""The package as it is shipped: built without a network, and used from a clean folder."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

import signet_auth

SOURCE = os.path.join(os.path.dirname(__file__), "..")
BUILD = "from setuptools import build_meta; import sys; build_meta.build_wheel(sys.argv[1])"
USE = """
import signet_auth, signet_auth.fastapi, signet_auth.flask
from signet_auth.testing import FakeIssuer, user
with FakeIssuer() as issuer, signet_auth.Verifier(**issuer.config("billing")) as v:
    print(v.verify(issuer.token(user("u-1", "invoice:read"))).sub, signet_auth.__file__)
"""


class TestWheel(unittest.TestCase):
    def run_python(self, *arguments, **options):
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120, **options)
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout

    def test_it_is_built_and_used_from_a_clean_folder(self):
        with tempfile.TemporaryDirectory() as temporary:
            source, clean = os.path.join(temporary, "source"), os.path.join(temporary, "clean")
            shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
            self.run_python("-c", BUILD, temporary, cwd=source)
            (wheel,) = glob.glob(os.path.join(temporary, "signet_auth-*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(clean)  # which is what installing a wheel of Python files is
                self.check_contents(archive)
            printed = self.run_python("-c", USE, cwd=temporary, env={**os.environ, "PYTHONPATH": clean, "PYTHONDONTWRITEBYTECODE": "1"})
            self.assertEqual(["u-1", os.path.join(clean, "signet_auth", "__init__.py")], printed.split())

    def check_contents(self, archive):
        names = archive.namelist()
        self.assertIn("signet_auth/py.typed", names)
        self.assertFalse([name for name in names if not name.startswith(("signet_auth/", "signet_auth-"))])
        (metadata,) = [name for name in names if name.endswith("/METADATA")]
        lines = archive.read(metadata).decode().splitlines()
        self.assertEqual(
            ["Requires-Dist: PyJWT[crypto] (>=2.6)"],
            [line.replace("PyJWT[crypto]>=2.6", "PyJWT[crypto] (>=2.6)") for line in lines if line.startswith("Requires-Dist")],
        )
        self.assertIn("Requires-Python: >=3.9", lines)
        self.assertIn(f"Version: {signet_auth.__version__}", lines)


class TestImports(unittest.TestCase):
    def test_it_imports_the_standard_library_and_pyjwt_only(self):
        allowed = set(sys.stdlib_module_names) | {"jwt", "signet_auth"} if hasattr(sys, "stdlib_module_names") else None
        code = "import sys; before = set(sys.modules); import signet_auth; print(*{n.partition('.')[0] for n in set(sys.modules) - before})"
        done = subprocess.run([sys.executable, "-c", code], cwd=SOURCE, capture_output=True, text=True, check=True)
        imported = set(done.stdout.split())
        self.assertFalse({"fastapi", "flask", "pydantic", "requests", "httpx"} & imported)
        if allowed:
            self.assertLessEqual(
                imported - allowed, {"cryptography", "_cffi_backend", "typing_extensions", "_openssl", "_rust"}, "what PyJWT[crypto] needs"
            )
