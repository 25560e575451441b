// Package upgrade holds the test that a release and the one before it serve side by side, as they do during a rollout. It builds the parent
// of the newest commit that touches migrations/up: the last program that knows nothing of the newest migration. Both run as processes on
// one Postgres. That takes minutes, so it runs where releases are tried (.ci/package) and with SIGNET_TEST_UPGRADE=on.
package upgrade
