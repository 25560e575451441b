// Package porttest is the contract of every port, as tests that each adapter of it must pass.
//
// The flow: an adapter's test calls the function named after the port ([Store], [Cache], [Limiter], …) with a way to open
// itself, once per implementation; the suite proves what the port's comments promise, races included. An adapter in memory that
// passes is as good as the real one in other tests, which is why there are no mocks.
package porttest
