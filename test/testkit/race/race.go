// Package race lets functions of a test run against each other. It stands apart from testkit, which links the whole server.
package race

import "sync"

// Together runs n functions at the same moment and returns what they return, in order. They must not end the test
// themselves: that is for its own goroutine, with what they return.
func Together[T any](n int, run func(i int) T) []T {
	results := make([]T, n)
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-begin
			results[i] = run(i)
		})
	}
	ready.Wait()
	close(begin)
	done.Wait()
	return results
}
