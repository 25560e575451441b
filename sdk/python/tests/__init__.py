import logging

# Verifiers warn of what tests do to them. A test that is about the log says so by assertLogs.
logging.getLogger("signet_auth").setLevel(logging.CRITICAL)
