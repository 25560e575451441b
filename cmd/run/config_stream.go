package run

import "time"

// streamSettings are about services that follow what becomes of tokens.
type streamSettings struct {
	StreamMax        int
	StreamPerService int
	StreamHeartbeat  duration
	StreamLife       duration
}

func (s *streamSettings) group() group {
	return group{title: "Services that follow revocations", settings: []setting{
		{
			name: "STREAM_MAX", into: &s.StreamMax, preset: "1000", limit: atLeast(1),
			text: "Streams and waiting polls of one replica; above, followers are sent to try again",
		},
		{name: "STREAM_PER_SERVICE", into: &s.StreamPerService, preset: "500", limit: atLeast(1), text: "Of these, how many one service may have"},
		{
			name: "STREAM_HEARTBEAT", into: &s.StreamHeartbeat, preset: "5s",
			text:  "How often a quiet stream says that nothing was missed. Followers take 15 seconds of silence for a broken stream",
			limit: times("between 1s and 10s", func(d time.Duration) bool { return d >= time.Second && d <= 10*time.Second }),
		},
		{
			name: "STREAM_LIFE", into: &s.StreamLife, preset: "15m",
			text:  "How long a stream lasts at most, and two thirds of it at least: followers come again, perhaps at another replica",
			limit: times("1m or more", func(d time.Duration) bool { return d >= time.Minute }),
		},
	}}
}
