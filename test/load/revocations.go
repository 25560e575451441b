package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// followerIssuer is what the replicas call themselves in tokens, whatever their addresses are.
const followerIssuer = "http://localhost"

// revocationOptions are the flags of "load revocations".
type revocationOptions struct {
	options

	followers, replicas, logouts int
}

// revocations measures the time from the answer to a logout until all services that follow refuse the token: the promise of the stream, with the
// SDK as a service has it.
//
//	go run ./test/load revocations -followers 100
//	go run ./test/load revocations -followers 100 -replicas 3 -postgres postgresql://… -redis redis://…
func revocations(ctx context.Context, args []string, out io.Writer) (err error) {
	o, err := parseRevocations(args)
	if err != nil {
		return err
	}
	if o.folder, err = os.MkdirTemp("", "signet-load-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.folder)) }()
	targets, err := openReplicas(ctx, o)
	defer func() { err = errors.Join(err, stopAll(targets)) }()
	if err != nil {
		return err
	}
	before := targets[0].memory()
	f, err := follow(ctx, o, targets)
	if err != nil {
		return err
	}
	defer f.stop()
	api, err := newClient(targets[0].url)
	if err != nil {
		return err
	}
	defer api.close()
	var first, all []time.Duration
	for range o.logouts {
		took, err := f.logout(api, targets[0].people)
		if err != nil {
			return err
		}
		first, all = append(first, took...), append(all, slices.Max(took))
	}
	after := targets[0].memory()
	_, err = fmt.Fprintf(out, "%d followers of %d replicas, %d logouts, from the answer to the refusal:\n"+
		"  at each      p50 %v  p99 %v\n  at the last  p50 %v  p99 %v\n  memory of the first replica: %d KiB before, %d KiB with its followers\n",
		o.followers, o.replicas, o.logouts, quantile(first, 0.5), quantile(first, 0.99), quantile(all, 0.5), quantile(all, 0.99), before.anon>>10, after.anon>>10)
	return err
}

func parseRevocations(args []string) (o revocationOptions, err error) {
	f := flag.NewFlagSet("load revocations", flag.ContinueOnError)
	f.StringVar(&o.a, "a", "", "the server: a program (built from this tree)")
	f.StringVar(&o.postgres, "postgres", "", "DATABASE_URI of an empty database on this machine (SQLite)")
	f.StringVar(&o.redis, "redis", "", "REDIS_URL on this machine (none)")
	f.IntVar(&o.followers, "followers", 100, "services that follow, in one process")
	f.IntVar(&o.replicas, "replicas", 1, "servers on one database, which must be Postgres for more than one")
	f.IntVar(&o.logouts, "logouts", 50, "how many are measured, one after the other")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.followers < 1 || o.followers > 500*o.replicas || o.replicas < 1 || o.replicas > 9 || o.logouts < 1 {
		return o, errors.New("followers are from 1 to 500 for each replica, replicas from 1 to 9")
	}
	if o.replicas > 1 && o.postgres == "" {
		return o, errors.New("several replicas need -postgres")
	}
	for _, url := range []string{o.postgres, o.redis} {
		if url != "" && !isLoopback(url) {
			return o, errors.New("databases must be on this machine: everything in them is load")
		}
	}
	return o, nil
}

// openReplicas makes the people before there is a second replica, which would have some of their mails in its own inbox.
func openReplicas(ctx context.Context, o revocationOptions) (targets []*target, err error) {
	for i := range o.replicas {
		t, err := newTarget(ctx, o.options, "r"+strconv.Itoa(i), o.a, lowestCost)
		if err != nil {
			return targets, err
		}
		t.env = append(t.env, "ISSUER="+followerIssuer)
		targets = append(targets, t)
		if err := t.start(ctx); err != nil {
			return targets, err
		}
		if i > 0 {
			continue
		}
		if t.people, err = populate(ctx, t.url, t.admin); err != nil {
			return targets, err
		}
		if t.people.fleet == nil {
			return targets, errors.New("there is no administrator to make a service")
		}
	}
	return targets, nil
}

// followers is the program in sdk/e2e/follower: a module of its own, since the SDK's are not the server's.
type followers struct {
	process *exec.Cmd
	in      io.WriteCloser
	lines   *bufio.Scanner
}

func follow(ctx context.Context, o revocationOptions, targets []*target) (*followers, error) {
	program := filepath.Join(o.folder, "follower")
	build := exec.CommandContext(ctx, "tools/sdk.sh", "follower", program)
	if said, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run it in the root of the repository: %w\n%s", err, said)
	}
	urls := make([]string, len(targets))
	for i, t := range targets {
		urls[i] = t.url
	}
	fleet := targets[0].people.fleet
	f := &followers{process: exec.CommandContext(ctx, program, "-followers", strconv.Itoa(o.followers))}
	f.process.Env = append(os.Environ(), "SIGNET_ISSUER="+followerIssuer, "SIGNET_URLS="+strings.Join(urls, ","), "SIGNET_AUDIENCE="+fleet.key, "SIGNET_APP_TOKEN="+fleet.token)
	f.process.Stderr = os.Stderr
	var err error
	if f.in, err = f.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := f.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	f.lines = bufio.NewScanner(out)
	f.lines.Buffer(nil, 1<<20)
	if err := f.process.Start(); err != nil {
		return nil, err
	}
	_, err = f.expect("ready")
	return f, err
}

func (f *followers) stop() {
	_ = f.in.Close()
	_ = f.process.Wait()
}

// expect reads a line that begins with a word, and returns the rest.
func (f *followers) expect(word string) (string, error) {
	if !f.lines.Scan() {
		return "", fmt.Errorf("the followers ended before they said %q: %w", word, f.lines.Err())
	}
	said, rest, _ := strings.Cut(f.lines.Text(), " ")
	if said != word {
		return "", fmt.Errorf("the followers said %q, not %q", said, word)
	}
	return rest, nil
}

// logout logs a user in and out, and returns how long each follower took to refuse the token.
func (f *followers) logout(api *client, p *population) ([]time.Duration, error) {
	var user session
	login := post("/api/auth/login", map[string]string{"email": p.logins[0], "password": password, "service": p.fleet.key})
	if err := api.call(login, http.StatusOK, &user); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintln(f.in, user.Access); err != nil {
		return nil, err
	}
	if _, err := f.expect("accepted"); err != nil {
		return nil, err
	}
	if err := api.call(postAs(user.Access, "/api/auth/logout", struct{}{}), http.StatusOK, nil); err != nil {
		return nil, err
	}
	answered := time.Now().UnixNano()
	times, err := f.expect("refused")
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	for text := range strings.FieldsSeq(times) {
		at, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("a follower refused the token %s", text)
		}
		took = append(took, max(0, time.Duration(at-answered)).Round(100*time.Microsecond))
	}
	return took, nil
}
