package rig

import (
	"strings"
	"sync"
)

// Log keeps what was logged. Safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write keeps a line.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all lines.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
