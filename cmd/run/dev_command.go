package run

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

type devCommand struct {
	Mail devMail `cmd:"" help:"Print what the development inbox of the running server holds, newest last."`
}

type devMail struct {
	Last int  `help:"How many mails." default:"10"`
	JSON bool `help:"Print JSON."`
}

// inboxListing is the answer of /dev/inbox.
type inboxListing struct {
	Messages []struct {
		ID      string   `json:"id"`
		To      string   `json:"to"`
		Subject string   `json:"subject"`
		Text    string   `json:"text"`
		Links   []string `json:"links"`
		Code    string   `json:"code"`
	} `json:"messages"`
}

// Run asks the server over its admin listener: the inbox is memory of that process.
func (d devMail) Run(p *program) error {
	c, err := p.config()
	if err != nil {
		return err
	}
	if c.AdminAddr == "off" {
		return fmt.Errorf("ADMIN_ADDR is off: the development inbox is there")
	}
	body, err := get(p, "http://"+local(c.AdminAddr)+"/dev/inbox")
	if err != nil {
		return fmt.Errorf("the development inbox does not answer; is the server running, with this ADMIN_ADDR and without MAIL_SERVER? %w", err)
	}
	if d.JSON {
		_, err = p.stdio.Out.Write(body)
		return err
	}
	var listing inboxListing
	if err := json.Unmarshal(body, &listing); err != nil {
		return fmt.Errorf("the answer of the development inbox can't be read: %w", err)
	}
	mails := listing.Messages[:min(d.Last, len(listing.Messages))]
	if len(mails) == 0 {
		_, _ = fmt.Fprintln(p.stdio.Out, "no mail yet")
	}
	for _, m := range slices.Backward(mails) {
		_, _ = fmt.Fprintf(p.stdio.Out, "To: %s\nSubject: %s\n\n%s\n----\n", m.To, m.Subject, m.Text)
	}
	return nil
}

type healthCommand struct{}

// Run is for container health checks.
func (healthCommand) Run(p *program) error {
	c, err := p.config()
	if err != nil {
		return err
	}
	_, err = get(p, "http://"+local(net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))+"/livez")
	return err
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
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, response.Status)
	}
	return body, err
}
