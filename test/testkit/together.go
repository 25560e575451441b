package testkit

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

// AtOnce sends n requests at the same moment.
func (c *Client) AtOnce(n int, request func(i int) Request) []Response {
	c.tb.Helper()
	type sent struct {
		response Response
		err      error
	}
	results := Together(n, func(i int) sent {
		r, err := c.Try(request(i))
		return sent{r, err}
	})
	responses := make([]Response, n)
	for i, s := range results {
		if s.err != nil {
			c.tb.Fatal(s.err)
		}
		responses[i] = s.response
	}
	return responses
}

// Tally counts answers by status and code.
func Tally(responses []Response) map[string]int {
	counts := map[string]int{}
	for _, r := range responses {
		counts[r.Outcome()]++
	}
	return counts
}
