// Package stream tells services that verify access tokens by themselves what became of those tokens: facts, in the order of their commits.
//
//	feed.Follower ── Changed, Flush ──► Hub: the newest changes in a ring ──► Stream: a place in the feed, one for each follower
//	                                     └── older ones: read from the table, 1 000 at a time
//
// A change comes here after every cache of this replica was told, so an answer that a service asks for because of a fact is not older than
// the fact.
package stream
