package backend

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/redis/rueidis"
	"github.com/testcontainers/testcontainers-go"
	tcredis "github.com/testcontainers/testcontainers-go/modules/redis"
)

// redisDatabases is the number of databases of a server that we start; numbers are cheap there.
const redisDatabases = "512"

var redisEngine = &engine{
	name:      "Redis",
	env:       "TEST_REDIS_URL",
	container: redisContainer,
	local:     redisLocal,
	url:       redisURL,
}

// Redis returns the URL of an empty database (by number) of the test's own, emptied again when the test ends. It skips
// or fails the test when there is no server. A given server has 15 numbers to share among all processes as it is
// usually configured: the call waits up to a minute for a free one.
func Redis(tb testing.TB) string {
	tb.Helper()
	server := *redisEngine.sharedURL(tb)
	own := server
	number := claim(tb, server.String())
	own.Path = "/" + strconv.Itoa(number)
	flush := func() error { return redisDo(own.String(), []string{"FLUSHDB"}) }
	if err := flush(); err != nil {
		tb.Fatalf("backend: empty the database: %v", err)
	}
	tb.Cleanup(func() {
		if err := flush(); err != nil {
			tb.Errorf("backend: empty the database: %v", err)
		}
	})
	return own.String()
}

// RedisServer starts a server of the test's own. It keeps nothing on disk: stopped, it has forgotten everything.
func RedisServer(tb testing.TB) *Server {
	tb.Helper()
	return newServer(tb, redisEngine)
}

func redisURL(addr, password string) *url.URL {
	return &url.URL{Scheme: "redis", User: url.UserPassword("default", password), Host: addr, Path: "/0"}
}

// redisClient connects without the client-side cache and the pipeline of a product client: it sends a few commands.
func redisClient(uri string) (rueidis.Client, error) {
	options, err := rueidis.ParseURL(uri)
	if err != nil {
		return nil, err
	}
	options.DisableCache = true
	options.ForceSingleClient = true
	return rueidis.NewClient(options)
}

func redisDo(uri string, command []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	client, err := redisClient(uri)
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Do(ctx, client.B().Arbitrary(command...).Build()).Error()
}

func redisPing(password string) ping {
	return func(_ context.Context, addr string) error {
		return redisDo(redisURL(addr, password).String(), []string{"PING"})
	}
}

// redisSettings keep everything in memory.
func redisSettings(password string) []string {
	return []string{"--databases", redisDatabases, "--save", "", "--appendonly", "no", "--requirepass", password}
}

func redisContainer(password string, _ bool) machine {
	return &container{
		image: cmp.Or(os.Getenv("SIGNET_TEST_REDIS_IMAGE"), "redis:7-alpine"),
		port:  "6379/tcp",
		ping:  redisPing(password),
		run: func(ctx context.Context, image string) (testcontainers.Container, error) {
			return tcredis.Run(ctx, image,
				testcontainers.WithCmd(append([]string{"redis-server"}, redisSettings(password)...)...))
		},
	}
}

func redisLocal(password string) (machine, error) {
	server, err := findProgram("redis-server")
	if err != nil {
		return nil, err
	}
	p, err := newProcess("signet-redis-")
	if err != nil {
		return nil, err
	}
	// By file: arguments are public to every account of the machine.
	config := fmt.Sprintf("bind 127.0.0.1\ndatabases %s\nsave \"\"\nappendonly no\nrequirepass %s\ndir %s\n",
		redisDatabases, password, p.dir)
	if err := p.write("redis.conf", config); err != nil {
		p.remove()
		return nil, err
	}
	p.command = func(port int) []string {
		return []string{server, filepath.Join(p.dir, "redis.conf"), "--port", strconv.Itoa(port)}
	}
	p.ping = redisPing(password)
	return p, nil
}
