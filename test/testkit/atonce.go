package testkit

import "github.com/signet-auth/signet/test/testkit/race"

// AtOnce sends n requests at the same moment.
func (c *Client) AtOnce(n int, request func(i int) Request) []Response {
	c.tb.Helper()
	type sent struct {
		response Response
		err      error
	}
	results := race.Together(n, func(i int) sent {
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
