package run

import (
	"context"
	"errors"
	"time"
)

type serveCommand struct{}

// Run serves until the context ends, then stops gracefully.
func (serveCommand) Run(p *program) error {
	config, err := ParseConfig(p.environ)
	if err != nil {
		for _, warning := range nearMisses(p.environ) { // the cause, perhaps
			err = errors.Join(err, errors.New(warning))
		}
		return err
	}
	server, err := Start(p.ctx, config, p.stdio)
	if err != nil {
		return err
	}
	server.welcome.print(p.stdio.Out)
	select {
	case <-p.ctx.Done():
	case err = <-server.Failed():
	}
	// The server's own context is over: stopping has a time of its own, with some for the work behind the listeners.
	wait := time.Duration(config.StopDelay) + time.Duration(config.StopWait) + 5*time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), wait)
	defer cancel()
	if stopErr := server.Stop(ctx); err == nil {
		err = stopErr
	}
	return err
}
