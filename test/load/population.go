package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	password = "a long enough passphrase 7"
	// people is how many log in, and as many again hold the sessions: a login ends the oldest session of its user.
	people         = 8
	sessionsOfEach = 4
	// sessionsOfOne is how many one more user has, as many as MAX_SESSIONS_PER_USER lets: a list of them is as long as lists get.
	sessionsOfOne = 10
)

// session is what a login gave.
type session struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	User    struct {
		ID string `json:"id"`
	} `json:"user"`
}

// population is who uses a server.
type population struct {
	run      string // makes addresses unlike those of other runs on the same database
	made     atomic.Int64
	logins   []string // addresses
	sessions []session
	many     []session // of the user who has the most
	holders  []*holder // as many as log in; none where the server knows no factors
	fleet    *fleet    // nil where there is no administrator to make one
}

// populate makes the users through the API, as people do.
func populate(ctx context.Context, base, admin string) (*population, error) {
	p := &population{run: strconv.FormatInt(time.Now().UnixNano(), 36)}
	api, err := newClient(base)
	if err != nil {
		return nil, err
	}
	defer api.close()
	inbox, err := newClient(admin)
	if err != nil {
		return nil, err
	}
	defer inbox.close()
	newcomer := func() (string, error) {
		address := p.address()
		if err := register(ctx, api, inbox, address); err != nil {
			return "", fmt.Errorf("make %s: %w", address, err)
		}
		return address, nil
	}
	for i := range 2 * people {
		address, err := newcomer()
		if err != nil {
			return nil, err
		}
		if i < people {
			p.logins = append(p.logins, address)
			continue
		}
		if p.sessions, err = begin(api, p.sessions, address, sessionsOfEach); err != nil {
			return nil, err
		}
	}
	busy, err := newcomer()
	if err != nil {
		return nil, err
	}
	if p.many, err = begin(api, nil, busy, sessionsOfOne); err != nil {
		return nil, err
	}
	for range people {
		address, err := newcomer()
		if err != nil {
			return nil, err
		}
		h, err := newHolder(api, address)
		if err != nil {
			return nil, err
		}
		if h == nil {
			break
		}
		p.holders = append(p.holders, h)
	}
	p.fleet, err = assemble(api, p.logins[0])
	return p, err
}

// begin logs a user in so many times.
func begin(api *client, sessions []session, address string, times int) ([]session, error) {
	for range times {
		var s session
		if err := api.call(loginOf(address), http.StatusOK, &s); err != nil {
			return nil, fmt.Errorf("log in: %w", err)
		}
		sessions = append(sessions, s)
	}
	return sessions, nil
}

// address is one that nobody has yet.
func (p *population) address() string {
	return fmt.Sprintf("%s-%d@example.com", p.run, p.made.Add(1))
}

func registrationOf(address string) []byte {
	return post("/api/auth/register", map[string]string{"email": address, "password": password, "first_name": "Ada", "last_name": "Lovelace"})
}

func loginOf(address string) []byte {
	return post("/api/auth/login", map[string]string{"email": address, "password": password})
}

// register begins an account and follows the link of its mail, which the development inbox shows.
func register(ctx context.Context, api, inbox *client, address string) error {
	if err := api.call(registrationOf(address), http.StatusCreated, nil); err != nil {
		return err
	}
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) && ctx.Err() == nil {
		var listing struct {
			Messages []struct {
				To    string   `json:"to"`
				Links []string `json:"links"`
			} `json:"messages"`
		}
		if err := inbox.call(get("/dev/inbox?to="+url.QueryEscape(address), ""), http.StatusOK, &listing); err != nil {
			return fmt.Errorf("the development inbox: %w", err)
		}
		for _, m := range listing.Messages {
			if strings.EqualFold(m.To, address) && len(m.Links) > 0 {
				link, err := url.Parse(m.Links[0])
				if err != nil {
					return err
				}
				return api.call(post("/api/auth/verify-email", map[string]string{"token": path.Base(link.Path)}), http.StatusOK, nil)
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("no mail within %s", patience)
}
