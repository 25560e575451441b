// Package sdk runs what the packages for services try with a real server (sdk/e2e, and the same in TypeScript and Python) on SQLite and on
// Postgres and Redis, which it gets as all tests do. tools/sdk.sh starts it, after it has built the packages.
package sdk
