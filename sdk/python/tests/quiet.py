"""A test case whose verifiers' warnings don't clutter the output."""

import logging
import unittest


class Quiet(unittest.TestCase):
    def setUp(self):
        logger = logging.getLogger("signet_auth")
        logger.setLevel(logging.CRITICAL)
        self.addCleanup(logger.setLevel, logging.NOTSET)

    def enters(self, context):
        """Enters a context until the test ends (enterContext is newer than Python 3.9)."""
        entered = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return entered
