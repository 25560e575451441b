"""What test cases share."""

import unittest


class Case(unittest.TestCase):
    def enters(self, context):
        """Enters a context until the test ends (enterContext is newer than Python 3.9)."""
        entered = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return entered
