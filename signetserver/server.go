package signetserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signet-auth/signet/cmd/run"
)

// Server is a running Signet.
type Server struct {
	// URL is its address, and the issuer of its tokens.
	URL string

	tb    testing.TB
	inbox string
	admin string // access token
}

const (
	password = "a long enough passphrase 7"
	operator = "operator@signet.example"
)

var services atomic.Int64

// Start starts a Signet, which ends with the test.
func Start(tb testing.TB) *Server {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, DatabaseFile), Database(tb), 0o600); err != nil {
		tb.Fatal(err)
	}
	env := map[string]string{
		"DATA_DIR": dir, "HOST": "127.0.0.1", "PORT": "0", "ADMIN_ADDR": "127.0.0.1:0", "BCRYPT_COST": "4", "RATE_LIMITS": "off", "LOG_LEVEL": "error",
	}
	if err := Command(tb, env, password+"\n", "admin", "create", "--email", operator, "--password-stdin"); err != nil {
		tb.Fatal(err)
	}
	config, err := run.ParseConfig(env)
	if err != nil {
		tb.Fatal(err)
	}
	running, err := run.Start(context.Background(), config, run.Stdio{In: bytes.NewReader(nil), Out: io.Discard, Err: io.Discard})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := running.Stop(ctx); err != nil {
			tb.Error(err)
		}
	})
	s := &Server{URL: running.URL, inbox: running.AdminURL + "/dev/inbox", tb: tb}
	s.admin = s.Login(User{Email: operator, Password: password}, "")
	return s
}

// Service makes a service with permissions. It has the roles admin (all), user (nothing) and readonly (every permission whose action is read).
func (s *Server) Service(key string, permissions ...string) {
	s.tb.Helper()
	s.call("/api/roles/services", map[string]any{"name": fmt.Sprintf("%s %d", key, services.Add(1)), "key": key})
	for _, name := range permissions {
		s.call("/api/roles/permissions", map[string]any{"service_id": key, "name": name})
	}
}

// Role makes a role of a service.
func (s *Server) Role(service, name string, permissions ...string) {
	s.tb.Helper()
	s.call("/api/roles/service/"+service, map[string]any{"name": name, "permissions": permissions})
}

// User is a registered user with a proved address.
type User struct{ ID, Email, Password string }

// User registers a user, who proves the address by mail, and gives them roles, such as "billing/readonly".
func (s *Server) User(email string, roles ...string) User {
	s.tb.Helper()
	u := User{Email: email, Password: password}
	s.post("/api/auth/register", "", map[string]any{"email": email, "password": password})
	s.post("/api/auth/verify-email", "", map[string]any{"email": email, "code": s.Mail(email).Code})
	s.Login(u, "")
	var me struct{ User struct{ ID string } }
	s.read(http.MethodGet, "/api/auth/me", s.Login(u, ""), nil, &me)
	u.ID = me.User.ID
	for _, role := range roles {
		s.Give(u, role)
	}
	return u
}

// Give gives a user a role, such as "billing/readonly".
func (s *Server) Give(u User, role string) {
	s.tb.Helper()
	s.read(http.MethodPost, s.assignment(u, role), s.admin, nil, nil)
}

// Take takes it from them.
func (s *Server) Take(u User, role string) {
	s.tb.Helper()
	s.read(http.MethodDelete, s.assignment(u, role), s.admin, nil, nil)
}

func (s *Server) assignment(u User, role string) string {
	s.tb.Helper()
	service, name, _ := strings.Cut(role, "/")
	var listed struct {
		Roles []struct{ ID, Name string }
	}
	s.read(http.MethodGet, "/api/roles/service/"+service, s.admin, nil, &listed)
	for _, r := range listed.Roles {
		if r.Name == name {
			return "/api/roles/user/" + u.ID + "/service/" + service + "/role/" + r.ID
		}
	}
	s.tb.Fatalf("signetserver: there is no role %s", role)
	return ""
}

// Login is an access token for a service; empty is Signet itself.
func (s *Server) Login(u User, service string) string {
	s.tb.Helper()
	body := map[string]any{"email": u.Email, "password": u.Password}
	if service != "" {
		body["service"] = service
	}
	var out struct {
		AccessToken string `json:"access_token"`
	}
	s.read(http.MethodPost, "/api/auth/login", "", body, &out)
	return out.AccessToken
}

// Logout ends the session of an access token.
func (s *Server) Logout(token string) {
	s.tb.Helper()
	s.read(http.MethodPost, "/api/auth/logout", token, nil, nil)
}

// Disable disables a user.
func (s *Server) Disable(u User) {
	s.tb.Helper()
	s.call("/api/users/"+u.ID+"/disable", map[string]any{"reason": "a test"})
}

// AppToken is a new application token of a service.
func (s *Server) AppToken(service string) string {
	s.tb.Helper()
	var out struct {
		TokenData struct{ Token string } `json:"token_data"`
	}
	s.read(http.MethodPost, "/api/tokens", s.admin, map[string]any{"service_id": service, "name": "of a test"}, &out)
	return out.TokenData.Token
}

// Mail is a mail that Signet sent.
type Mail struct {
	To, Subject, Text string
	Links             []string
	Code              string
}

// Mail is the newest mail to an address. It waits for it up to 5 s.
func (s *Server) Mail(address string) Mail {
	s.tb.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		var listing struct{ Messages []Mail }
		s.read(http.MethodGet, s.inbox, "", nil, &listing)
		for _, m := range listing.Messages {
			if strings.EqualFold(m.To, address) {
				return m
			}
		}
	}
	s.tb.Fatalf("signetserver: no mail to %s", address)
	return Mail{}
}

func (s *Server) call(path string, body any) {
	s.tb.Helper()
	s.post(path, s.admin, body)
}

func (s *Server) post(path, token string, body any) {
	s.tb.Helper()
	s.read(http.MethodPost, path, token, body, nil)
}

// read makes a call that has to succeed. path may be a whole address.
func (s *Server) read(method, path, token string, body, into any) {
	s.tb.Helper()
	if strings.HasPrefix(path, "/") {
		path = s.URL + path
	}
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			s.tb.Fatal(err)
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(s.tb.Context(), method, path, sent)
	if err != nil {
		s.tb.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	if sent != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusMultipleChoices {
		s.tb.Fatalf("signetserver: %s %s: %d %s %v", method, path, response.StatusCode, answer, err)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			s.tb.Fatalf("signetserver: %s %s: %v", method, path, err)
		}
	}
}
