// Package porttest is the contract of every port, as tests that each adapter of it must pass.
//
// The flow: an adapter's test calls the function named after the port ([Store], [Cache], [Limiter], …) with a way to open itself, once per
// implementation; the suite checks what the port's comments promise, including races. An in-memory adapter that passes can replace the real
// one in other tests, which is why there are no mocks.
package porttest
