// Package cache is the port to bounded, in-process memory of what the store knows.
package cache

import "context"

// Cache remembers values by key. It is filled only through Get, and the change feed drops what is out of date: a value that
// was being loaded while its key was dropped, or everything was, is returned to those who asked before and not remembered.
type Cache[K comparable, V any] interface {
	// Get returns the remembered value, or loads it; parallel loads of one key are one. Errors of load are returned and not
	// remembered.
	Get(ctx context.Context, key K, load func(context.Context) (V, error)) (V, error)
	// Drop forgets a key, and makes a load under way unfit to be remembered.
	Drop(key K)
	// Flush forgets everything, likewise.
	Flush()
}
