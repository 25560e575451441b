package backend

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
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
	if err := await(ctx, nil, c.ping, addr); err != nil {
		return "", err
	}
	return c.direct(ctx, addr), nil
}

// direct is the address of the container itself where it can be reached, as on Linux: behind the published port a program of Docker's
// copies every byte. Else it is the published one.
func (c *container) direct(ctx context.Context, published string) string {
	ip, err := c.running.ContainerIP(ctx)
	if err != nil || ip == "" {
		return published
	}
	port, _, _ := strings.Cut(c.port, "/")
	addr := net.JoinHostPort(ip, port)
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return published
	}
	_ = conn.Close()
	return addr
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
