// Package rueidis holds the adapters on Redis (≥ 6.2) or Valkey: the limits that all replicas share, and the wake-up of the
// change feed. Redis is an accelerator; losing it must cost nobody a request.
//
// The flow: [Open] only reads options. Behind it one goroutine, the keeper, connects, and again whenever the connection is
// lost; requests use Redis while the keeper says it is healthy and never dial, so none of them waits longer than its budget
// of 100 ms. The first error turns to "lost": from then on callers are served by their fallback at once, while the keeper tries
// Redis once a second by running a script such as the limiter's. [Limiter] counts by GCRA in Lua on the server's clock;
// [Waker] announces and hears news on one channel. Behind Sentinels ([Options.Sentinels]) the library follows the master: a failover is a
// loss like any other, and the keeper finds the new master in its place.
package rueidis
