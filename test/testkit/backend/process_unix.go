//go:build unix

package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// process is a server of this machine's own programs, in a temporary folder.
type process struct {
	dir     string
	command func(port int) []string
	ping    ping

	credential *syscall.Credential // nil: run as ourselves
	cmd        *exec.Cmd
	exited     chan struct{}
	release    func()
}

// newProcess makes the folder. Postgres refuses to run as root, so root runs servers as an account without rights.
func newProcess(prefix string) (*process, error) {
	credential, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", prefix)
	if err != nil {
		return nil, err
	}
	p := &process{dir: dir, credential: credential}
	if err := p.own(dir); err != nil {
		p.remove()
		return nil, err
	}
	return p, nil
}

func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // no credential is the answer: stay who we are
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("running as root, and there is no account postgres or nobody to run a server as")
}

func (p *process) own(path string) error {
	if p.credential == nil {
		return nil
	}
	return os.Chown(path, int(p.credential.Uid), int(p.credential.Gid))
}

// write puts a file that only the server's account can read into the folder.
func (p *process) write(name, content string) error {
	path := filepath.Join(p.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	return p.own(path)
}

// prepare makes a command of the folder's account. Its own process group keeps a Ctrl-C in the terminal for the tests,
// which then end the server in order.
func (p *process) prepare(args []string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.dir, "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.credential}
	return cmd
}

// run waits for a command to end.
func (p *process) run(args ...string) error {
	if out, err := p.prepare(args).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// String names the source.
func (*process) String() string { return "local binaries" }

func (p *process) start(ctx context.Context) (string, error) {
	const tries = 3 // another process may take the port between our look and the server's
	for try := 1; ; try++ {
		addr, err := p.startOnce(ctx)
		if err == nil || try == tries {
			return addr, err
		}
	}
}

func (p *process) startOnce(ctx context.Context) (string, error) {
	port, err := freePort(ctx)
	if err != nil {
		return "", err
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	output, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		return "", err
	}
	defer func() { _ = output.Close() }() // the server has its own descriptor

	p.cmd = p.prepare(p.command(port))
	p.cmd.Stdout, p.cmd.Stderr = output, output
	if err := p.cmd.Start(); err != nil {
		return "", err
	}
	exited := make(chan struct{})
	p.exited = exited
	go func(cmd *exec.Cmd) {
		_ = cmd.Wait() // how a server of ours ends is of no interest
		close(exited)
	}(p.cmd)
	p.release = atDeath("kill -QUIT $1; sleep 1; kill -KILL $1; rm -rf $2", strconv.Itoa(p.cmd.Process.Pid), p.dir)

	if err := await(ctx, exited, p.ping, addr); err != nil {
		stopErr := p.stop(ctx)
		said, _ := os.ReadFile(output.Name()) // an aid to the reader of the error
		return "", errors.Join(fmt.Errorf("%w: %s", err, said), stopErr)
	}
	return addr, nil
}

// stop is Postgres's immediate shutdown and sudden death to Redis: neither writes anything more.
func (p *process) stop(ctx context.Context) error {
	if p.cmd == nil {
		return nil
	}
	defer func() {
		p.release()
		p.cmd = nil
	}()
	_ = p.cmd.Process.Signal(syscall.SIGQUIT) // it may have ended by itself
	select {
	case <-p.exited:
		return nil
	case <-time.After(10 * time.Second):
	case <-ctx.Done():
	}
	if err := p.cmd.Process.Kill(); err != nil {
		return err
	}
	<-p.exited
	return nil
}

func (p *process) remove() {
	_ = p.stop(context.Background()) // a server that cannot be killed cannot be removed either
	_ = os.RemoveAll(p.dir)          // temporary anyway
}

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	return port, listener.Close()
}

// atDeath runs a line of shell when this process ends without having called the returned release: killed, or ended by
// the timeout of `go test`, which runs no cleanups. The shell waits for a line on a pipe whose other end only we hold.
// Where no shell can be had, the work is left undone.
func atDeath(line string, args ...string) (release func()) {
	guard := exec.Command("sh", append([]string{"-c", "read -r _ && exit; " + line, "guard"}, args...)...)
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := guard.StdinPipe()
	if err != nil {
		return func() {}
	}
	if err := guard.Start(); err != nil {
		return func() {}
	}
	return func() {
		_, _ = io.WriteString(pipe, "\n")
		_ = pipe.Close()
		_ = guard.Wait()
	}
}
