package backend

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Sentinels are three Sentinels of a test's own that watch a Redis and its replica. All five are programs of this machine: a container has
// addresses of its own, which Sentinels would tell their clients.
type Sentinels struct {
	Addrs            []string // host:port of the three
	Master           string   // the name by which they know the Redis
	Password         string   // of the two servers
	SentinelPassword string

	tb      testing.TB
	servers map[string]*process // by address
}

// RedisSentinels starts all five, and returns when the Sentinels know each other, and that the replica could take over. It skips or fails
// the test when there is no redis-server.
func RedisSentinels(tb testing.TB) *Sentinels {
	tb.Helper()
	requireMain(tb, redisEngine.name)
	s := &Sentinels{Master: "signet", Password: rand.Text(), SentinelPassword: rand.Text(), tb: tb, servers: map[string]*process{}}
	if err := s.start(); err != nil {
		redisEngine.unavailable(tb, err)
	}
	return s
}

func (s *Sentinels) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), launchTimeout)
	defer cancel()
	common := fmt.Sprintf("save \"\"\nappendonly no\nrepl-diskless-sync-delay 0\nrequirepass %s\nmasterauth %s\n", s.Password, s.Password)
	master, err := s.run(ctx, "redis", common, s.Password)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(master)
	if err != nil {
		return err
	}
	replica, err := s.run(ctx, "redis", common+fmt.Sprintf("replicaof %s %s\n", host, port), s.Password)
	if err != nil {
		return err
	}
	if err := s.until(ctx, replica, s.Password, "master_link_status:up", "INFO", "replication"); err != nil {
		return err
	}
	watch := fmt.Sprintf("requirepass %[5]s\nsentinel sentinel-pass %[5]s\nsentinel monitor %[1]s %[2]s %[3]s 2\nsentinel auth-pass %[1]s %[4]s\n"+
		"sentinel down-after-milliseconds %[1]s 1000\nsentinel failover-timeout %[1]s 5000\n", s.Master, host, port, s.Password, s.SentinelPassword)
	for range 3 {
		addr, err := s.run(ctx, "sentinel", watch, s.SentinelPassword, "--sentinel")
		if err != nil {
			return err
		}
		s.Addrs = append(s.Addrs, addr)
	}
	for _, addr := range s.Addrs {
		for _, want := range []struct{ text, command string }{{"OK 3 usable", "CKQUORUM"}, {"master-link-status,ok", "REPLICAS"}} {
			if err := s.until(ctx, addr, s.SentinelPassword, want.text, "SENTINEL", want.command, s.Master); err != nil {
				return err
			}
		}
	}
	return nil
}

// run starts one of them.
func (s *Sentinels) run(ctx context.Context, name, config, password string, args ...string) (addr string, err error) {
	server, err := findProgram("redis-server")
	if err != nil {
		return "", err
	}
	p, err := newProcess("signet-" + name + "-")
	if err != nil {
		return "", err
	}
	s.tb.Cleanup(p.remove)
	if err := p.write("server.conf", fmt.Sprintf("bind 127.0.0.1\ndir %s\n", p.dir)+config); err != nil {
		return "", err
	}
	p.command = func(port int) []string {
		return append([]string{server, filepath.Join(p.dir, "server.conf"), "--port", strconv.Itoa(port)}, args...)
	}
	p.ping = redisPing(password)
	if addr, err = p.start(ctx); err == nil && name == "redis" {
		s.servers[addr] = p
	}
	return addr, err
}

// until asks one of them until its answer, joined by commas, has a text in it.
func (s *Sentinels) until(ctx context.Context, addr, password, text string, command ...string) error {
	tick := time.NewTicker(5 * pollEvery)
	defer tick.Stop()
	for {
		answer, err := ask(ctx, redisURL(addr, password).String(), command)
		if err == nil && strings.Contains(answer, text) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s does not say %q to %v: %s, %w", addr, text, command, answer, err)
		}
	}
}

// ask runs a command, and joins what it answers by commas.
func ask(ctx context.Context, uri string, command []string) (string, error) {
	client, err := redisClient(uri)
	if err != nil {
		return "", err
	}
	defer client.Close()
	message, err := client.Do(ctx, client.B().Arbitrary(command...).Build()).ToMessage()
	if err != nil {
		return "", err
	}
	if text, err := message.ToString(); err == nil {
		return text, nil
	}
	var words []string
	var gather func(any)
	gather = func(value any) {
		switch v := value.(type) {
		case []any:
			for _, each := range v {
				gather(each)
			}
		case map[string]any:
			for name, each := range v {
				words = append(words, name)
				gather(each)
			}
		default:
			words = append(words, fmt.Sprint(v))
		}
	}
	value, err := message.ToAny()
	gather(value)
	return strings.Join(words, ","), err
}

// KillMaster ends the server that is the master now, as a crash would.
func (s *Sentinels) KillMaster() {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	answer, err := ask(ctx, redisURL(s.Addrs[0], s.SentinelPassword).String(), []string{"SENTINEL", "GET-MASTER-ADDR-BY-NAME", s.Master})
	host, port, _ := strings.Cut(answer, ",")
	master := s.servers[net.JoinHostPort(host, port)]
	if err != nil || master == nil {
		s.tb.Fatalf("backend: the master is %q: %v", answer, err)
	}
	if err := master.stop(ctx); err != nil {
		s.tb.Fatalf("backend: kill the master: %v", err)
	}
}

// Demote makes the replica the master, and the master its replica: as before maintenance. Both live on.
func (s *Sentinels) Demote() {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	if _, err := ask(ctx, redisURL(s.Addrs[0], s.SentinelPassword).String(), []string{"SENTINEL", "FAILOVER", s.Master}); err != nil {
		s.tb.Fatalf("backend: demote the master: %v", err)
	}
}

// Settings are those of a server that asks these Sentinels.
func (s *Sentinels) Settings() map[string]string {
	return map[string]string{
		"REDIS_URL": "", "REDIS_SENTINELS": strings.Join(slices.Sorted(slices.Values(s.Addrs)), ","), "REDIS_SENTINEL_MASTER": s.Master,
		"REDIS_PASSWORD": s.Password, "REDIS_SENTINEL_PASSWORD": s.SentinelPassword,
	}
}
