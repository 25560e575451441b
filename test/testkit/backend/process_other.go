//go:build !unix

package backend

import (
	"context"
	"errors"
)

var errNoProcess = errors.New("local servers need a Unix system")

// process is never made here; see newProcess.
type process struct {
	dir     string
	command func(port int) []string
	ping    ping
}

func newProcess(string) (*process, error) { return nil, errNoProcess }

func (*process) String() string                        { return "local binaries" }
func (*process) write(string, string) error            { return errNoProcess }
func (*process) run(...string) error                   { return errNoProcess }
func (*process) start(context.Context) (string, error) { return "", errNoProcess }
func (*process) stop(context.Context) error            { return errNoProcess }
func (*process) remove()                               {}

// atDeath can promise nothing here: containers are left to Ryuk.
func atDeath(string, ...string) (release func()) { return func() {} }
