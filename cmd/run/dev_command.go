package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/signet-auth/signet/api"
)

type devCommand struct {
	Mail devMail `cmd:"" help:"Print what the development inbox of the running server holds, newest last."`
}

type devMail struct {
	Last int  `help:"How many mails." default:"10"`
	JSON bool `help:"Print JSON, in the same order."`
}

// Run asks the server over its admin listener: the inbox is memory of that process.
func (d devMail) Run(p *program) error {
	c, err := parseConfig(p.environ, only("ADMIN_ADDR"))
	if err != nil {
		return err
	}
	if c.AdminAddr == "off" {
		return errors.New("ADMIN_ADDR is off: the development inbox would be there")
	}
	addr := local(c.AdminAddr)
	body, err := get(p, "http://"+addr+"/dev/inbox")
	if err != nil {
		return fmt.Errorf("the development inbox does not answer at %s (ADMIN_ADDR); is the server running, and without MAIL_SERVER? %w", addr, err)
	}
	var listing struct {
		Messages []json.RawMessage `json:"messages"`
	}
	if err := json.Unmarshal(body, &listing); err != nil {
		return fmt.Errorf("the answer of the development inbox can't be read: %w", err)
	}
	listing.Messages = listing.Messages[:min(max(d.Last, 0), len(listing.Messages))]
	slices.Reverse(listing.Messages)
	if d.JSON {
		return printJSON(p.stdio.Out, listing)
	}
	if len(listing.Messages) == 0 {
		_, _ = fmt.Fprintln(p.stdio.Out, "no mail yet")
	}
	for _, raw := range listing.Messages {
		var m api.InboxMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			return fmt.Errorf("the answer of the development inbox can't be read: %w", err)
		}
		_, _ = fmt.Fprintf(p.stdio.Out, "To: %s\nSubject: %s\n\n%s\n----\n", m.To, m.Subject, m.Text)
	}
	return nil
}

type healthCommand struct{}

// Run is for container health checks.
func (healthCommand) Run(p *program) error {
	c, err := parseConfig(p.environ, only("HOST", "PORT"))
	if err != nil {
		return err
	}
	addr := local(c.publicAddr())
	if _, err = get(p, "http://"+addr+"/livez"); err != nil {
		return fmt.Errorf("no server answers at %s (HOST and PORT): %w", addr, err)
	}
	return nil
}

// local is a listener's address as this machine reaches it: one that listens everywhere is asked at 127.0.0.1.
func local(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return addr
}

func get(p *program, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(p.ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return nil, plainly(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, response.Status)
	}
	return body, err
}

// plainly is what went wrong with a connection, without the names of the functions that it went through.
func plainly(err error) error {
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		return call.Err
	}
	return err
}
