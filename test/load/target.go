package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// lowestCost is the bcrypt cost at which everything else can be seen beside it.
const lowestCost = 4

// target is one server that is measured.
type target struct {
	name       string
	url, admin string
	pid        int    // 0: unknown, so no CPU and no memory
	program    string // empty: a server that somebody else runs
	cores      string
	folder     string
	env        []string
	process    *exec.Cmd

	people       *population
	starts       []time.Duration
	idle, loaded memory
}

// openTargets builds or finds the servers, starts those that don't run, and makes their people.
func openTargets(ctx context.Context, o options, cost int) ([]*target, error) {
	var targets []*target
	for _, server := range []struct{ name, given string }{{"a", o.a}, {"b", o.b}} {
		if server.name == "b" && server.given == "" {
			continue
		}
		t, err := newTarget(ctx, o, server.name, server.given, cost)
		if err == nil {
			err = t.start(ctx)
		}
		if err == nil {
			t.people, err = populate(ctx, t.url, t.admin)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("server %s: %w", server.name, err), stopAll(append(targets, t)))
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func newTarget(ctx context.Context, o options, name, given string, cost int) (*target, error) {
	t := &target{name: name, cores: o.cores, folder: filepath.Join(o.folder, name+strconv.Itoa(cost)), program: given}
	if strings.Contains(given, "://") {
		return t, t.attach(given)
	}
	if err := os.MkdirAll(t.folder, 0o700); err != nil {
		return t, err
	}
	var err error
	if t.program == "" {
		if t.program, err = build(ctx, o.folder); err != nil {
			return t, err
		}
	} else if t.program, err = filepath.Abs(given); err != nil {
		return t, err
	}
	// The limits are in force, as they are in production, and out of reach.
	t.env = []string{
		"SIGNET_ENV=development", "HOST=127.0.0.1", "PORT=0", "ADMIN_ADDR=127.0.0.1:0", "DATA_DIR=" + filepath.Join(t.folder, "data"),
		"BOOTSTRAP_ADMIN_EMAIL=" + adminAddress, "BOOTSTRAP_ADMIN_PASSWORD=" + password,
		"BCRYPT_COST=" + strconv.Itoa(cost), "JWT_ACCESS_TOKEN_EXPIRES=2h", "LOG_LEVEL=warn",
		"LIMIT_CALLS=10000000", "LIMIT_ANONYMOUS=10000000", "LIMIT_FORGED=10000000", "LIMIT_LOGIN=10000000/1m",
		"LIMIT_FAILURES=10000000/1m", "LIMIT_MAIL=10000000/1m", "LIMIT_MAIL_BLOCK=10000000/1m",
		"SECRET_KEY=a-key-of-a-measurement-and-nothing-else-7Jw2", "DATABASE_URI=" + o.postgres, "REDIS_URL=" + o.redis,
	}
	return t, nil
}

// attach takes URL,ADMIN_URL[,PID].
func (t *target) attach(given string) error {
	parts := strings.Split(given, ",")
	if len(parts) < 2 || len(parts) > 3 {
		return errors.New("a running server is given as URL,ADMIN_URL or URL,ADMIN_URL,PID")
	}
	t.program, t.url, t.admin = "", parts[0], parts[1]
	if !isLoopback(t.url) || !isLoopback(t.admin) {
		return errors.New("only servers on this machine are put under load")
	}
	if len(parts) < 3 {
		return nil
	}
	var err error
	t.pid, err = strconv.Atoi(parts[2])
	return err
}

// isLoopback tells whether a URL names this machine by a loopback address.
func isLoopback(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// build builds the server as it is released.
func build(ctx context.Context, folder string) (string, error) {
	program := filepath.Join(folder, "signet")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "github.com/signet-auth/signet/cmd/signet")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, said)
	}
	return program, nil
}

// start runs the program and waits until it is ready. A server of somebody else is left as it is.
func (t *target) start(ctx context.Context) error {
	if t.program == "" {
		return nil
	}
	args := []string{t.program, "serve"}
	if t.cores != "" {
		args = append([]string{"taskset", "-c", t.cores}, args...)
	}
	begun := time.Now()
	t.process = exec.Command(args[0], args[1:]...) // not bound to ctx: it is stopped gracefully
	t.process.Dir, t.process.Env = t.folder, append(t.env, "PATH="+os.Getenv("PATH"))
	said, err := t.process.StdoutPipe()
	if err != nil {
		return err
	}
	if t.process.Stderr, err = os.Create(filepath.Join(t.folder, "log")); err != nil {
		return err
	}
	if err := t.process.Start(); err != nil {
		return err
	}
	t.pid = t.process.Process.Pid
	if err := t.readWelcome(bufio.NewScanner(said)); err != nil {
		return err
	}
	if err := t.ready(ctx); err != nil {
		return err
	}
	t.starts = append(t.starts, time.Since(begun))
	return nil
}

// readWelcome finds the addresses in what a server says once it serves.
func (t *target) readWelcome(lines *bufio.Scanner) error {
	t.url, t.admin = "", ""
	for (t.url == "" || t.admin == "") && lines.Scan() {
		switch what, where, _ := strings.Cut(lines.Text(), " "); what {
		case "API":
			t.url = strings.TrimSpace(where)
		case "Metrics":
			t.admin = strings.TrimSuffix(strings.TrimSpace(where), "/metrics")
		}
	}
	if t.url == "" || t.admin == "" {
		log, _ := os.ReadFile(filepath.Join(t.folder, "log"))
		return fmt.Errorf("it did not start:\n%s", log)
	}
	return nil
}

func (t *target) ready(ctx context.Context) error {
	c, err := newClient(t.url)
	if err != nil {
		return err
	}
	defer c.close()
	deadline := time.Now().Add(patience)
	for {
		err := c.call(get("/readyz", ""), 200, nil)
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

// stop ends a server that we started, by force when it does not end in time.
func (t *target) stop() error {
	if t == nil || t.process == nil || t.process.Process == nil {
		return nil
	}
	defer func() { t.process = nil }()
	_ = t.process.Process.Signal(os.Interrupt)
	kill := time.AfterFunc(20*time.Second, func() { _ = t.process.Process.Kill() })
	defer kill.Stop()
	return t.process.Wait()
}

func stopAll(targets []*target) error {
	var errs []error
	for _, t := range targets {
		errs = append(errs, t.stop())
	}
	return errors.Join(errs...)
}
