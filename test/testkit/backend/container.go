package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// container is a server in Docker.
type container struct {
	image string
	port  string // inside, "5432/tcp"
	ping  ping
	run   func(ctx context.Context, image string) (testcontainers.Container, error)

	running testcontainers.Container
	release func()
}

// dockerAnswers asks for the daemon once per process. The library's own search may wait long for a daemon that
// accepts connections and says nothing.
var dockerAnswers = sync.OnceValue(func() error {
	if os.Getenv("SIGNET_TEST_CONTAINERS") == "off" {
		return errors.New("SIGNET_TEST_CONTAINERS=off")
	}
	log.SetDefault(log.NewNoopLogger())
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	answer := make(chan error, 1)
	go func() {
		provider, err := testcontainers.ProviderDefault.GetProvider()
		if err == nil {
			err = provider.Health(ctx)
		}
		answer <- err
	}()
	select {
	case err := <-answer:
		if err != nil {
			return fmt.Errorf("no answer from Docker: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("no answer from Docker: %w", ctx.Err())
	}
})

func (c *container) String() string { return "a container of " + c.image }

func (c *container) start(ctx context.Context) (string, error) {
	var err error
	if c.running == nil {
		c.running, err = c.run(ctx, c.image)
		if err == nil && testcontainers.ReadConfig().RyukDisabled {
			c.release = atDeath("docker rm --force --volumes $1", c.running.GetContainerID())
		}
	} else {
		err = c.running.Start(ctx)
	}
	if err != nil {
		return "", err
	}
	addr, err := c.running.PortEndpoint(ctx, c.port, "")
	if err != nil {
		return "", err
	}
	return addr, await(ctx, nil, c.ping, addr)
}

func (c *container) stop(ctx context.Context) error {
	at := time.Duration(0)
	return c.running.Stop(ctx, &at)
}

func (c *container) remove() {
	// A container that is left is Ryuk's or the shell's; the tests have had their result.
	_ = testcontainers.TerminateContainer(c.running, testcontainers.StopTimeout(0))
	if c.release != nil {
		c.release()
	}
}
