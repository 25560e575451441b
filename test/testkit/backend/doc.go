// Package backend gives tests a real Postgres and a real Redis, and the means to take them away.
//
// The flow: [Postgres] and [Redis] hand out an empty database each, on one server per engine and test process that is
// started at the first call; [PostgresServer] and [RedisServer] start a server of the test's own behind a [Proxy],
// to be stopped, cut off, left hanging and brought back. A package that uses any of them runs its tests through [Main],
// which ends the servers:
//
//	func TestMain(m *testing.M) { os.Exit(backend.Main(m)) }
//
// Where a server comes from, in this order, said once per process in the log of the first test that asked:
//
//  1. TEST_DATABASE_URI (a role that may create databases) or TEST_REDIS_URL: shared servers only.
//  2. Testcontainers, when a Docker daemon answers within three seconds, from the images SIGNET_TEST_POSTGRES_IMAGE
//     (postgres:17-alpine) and SIGNET_TEST_REDIS_IMAGE (redis:7-alpine). SIGNET_TEST_CONTAINERS=off passes this by.
//  3. The binaries of this machine, in a temporary folder, on a random port of 127.0.0.1 and with durability off.
//
// With none of them the test is skipped with the reasons, or fails when SIGNET_TEST_BACKENDS=required. Under -short it is skipped at once.
//
// What a test may rely on: its database is empty and no other test touches it, in other processes too. What it may not
// do on a shared server: FLUSHALL (it takes the other tests' data, and the claims on database numbers), and publishing
// on channels that other tests listen to, for Redis scopes keys by database but not channels. Both need [RedisServer].
//
// Servers do not outlive a test process that is killed: a shell holds the other end of a pipe and clears up at its end
// (containers: Ryuk, or that shell and the docker command where Ryuk is disabled).
package backend
