package e2e_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/collector"
)

// hoard is every secret that a journey issued or typed, by what it was, and every address.
type hoard struct {
	secrets   map[string]string
	codes     map[string]string // apart: six digits occur anywhere
	addresses []string
}

func (h *hoard) add(what, secret string) {
	h.secrets[fmt.Sprintf("%s %d", what, len(h.secrets))] = secret
}

func (h *hoard) mail(m testkit.Mail) {
	if token := m.Token(); token != "" {
		h.add("link", token)
	}
	if m.Code != "" {
		h.codes[fmt.Sprintf("code %d", len(h.codes))] = m.Code
	}
}

func (h *hoard) tokens(r testkit.Response) testkit.Response {
	access := r.Text("access_token")
	h.add("access token", access)
	h.add("signature of an access token", access[strings.LastIndexByte(access, '.')+1:])
	h.add("refresh token", r.Text("refresh_token"))
	h.add("middle of a refresh token", r.Text("refresh_token")[30:70])
	return r
}

// journey does everything that a person, a clumsy person and a stranger can do, and keeps every secret in it.
func journey(t *testing.T, s *testkit.Server) *hoard {
	t.Helper()
	c := s.Client()
	h := &hoard{secrets: map[string]string{}, codes: map[string]string{}}
	account := func(password string) string {
		email := testkit.NewAddress()
		h.addresses = append(h.addresses, email)
		h.add("password", password)
		c.Do(registering(email, testkit.Object{"password": password, "first_name": "Ada"})).Want(http.StatusCreated, "")
		h.mail(s.Mail(email, 1))
		return email
	}
	first := account("first-Journey_passphrase")
	c.Do(resending(first)).Want(http.StatusAccepted, "")
	h.mail(s.Mail(first, 2))
	c.Do(provingByCode(first, wrongCode(s.Mails(first)...))).Want(http.StatusBadRequest, "invalid_token")
	c.Do(following(http.MethodGet, s.Mails(first)[0].Token(), browserAccept)).Want(http.StatusOK, "")
	c.Do(following(http.MethodGet, s.Mails(first)[0].Token(), "*/*")).Want(http.StatusConflict, "confirmation_required")
	c.Do(following(http.MethodGet, s.Mails(first)[0].Token(), "application/json")).Want(http.StatusOK, "")
	c.Do(following(http.MethodPost, s.Mails(first)[0].Token(), "")).Want(http.StatusBadRequest, "invalid_token")

	second := account("second-Journey_passphrase")
	c.Do(provingByCode(second, s.Mails(second)[0].Code)).Want(http.StatusOK, "")
	account("third-Journey_pending_one") // stays unproved: its row, flow and hash are in the dump

	h.add("password", "taken-Journey_passphrase")
	c.Do(registering(first, testkit.Object{"password": "taken-Journey_passphrase"})).Want(http.StatusCreated, "")
	s.Mail(first, 3)
	h.add("password", "wrong-Journey_passphrase")
	c.Do(loggingIn(first, "wrong-Journey_passphrase")).Want(http.StatusUnauthorized, "invalid_credentials")
	c.Do(loggingIn("nobody-at-all@example.com", "wrong-Journey_passphrase")).Want(http.StatusUnauthorized, "invalid_credentials")
	h.addresses = append(h.addresses, "nobody-at-all@example.com")

	in := h.tokens(c.Do(loggingIn(first, "first-Journey_passphrase")).Want(http.StatusOK, ""))
	c.Me(in.Text("access_token")).Want(http.StatusOK, "")
	c.Do(testkit.Request{Path: "/api/auth/me?access_token=" + in.Text("access_token")}).Want(http.StatusUnauthorized, "token_missing")
	c.Do(testkit.Request{Path: "/api/" + in.Text("access_token"), OffContract: true}).Want(http.StatusNotFound, "not_found")
	c.Me(in.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
	c.Do(proving(in.Text("refresh_token"))).Want(http.StatusBadRequest, "invalid_token")
	refreshed := h.tokens(c.Refresh(in.Text("refresh_token")).Want(http.StatusOK, ""))
	h.tokens(c.Refresh(in.Text("refresh_token")).Want(http.StatusOK, "")) // the same successor again
	other := h.tokens(c.Do(loggingIn(second, "second-Journey_passphrase")).Want(http.StatusOK, ""))
	later := h.tokens(c.Refresh(other.Text("refresh_token")).Want(http.StatusOK, ""))
	h.tokens(c.Refresh(later.Text("refresh_token")).Want(http.StatusOK, ""))
	c.Refresh(other.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid") // reuse: the session ends, with a mail
	s.Mail(second, 2)
	c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/auth/logout", Bearer: refreshed.Text("access_token")}).Want(http.StatusOK, "")

	addresses(c, s, h, second, "second-Journey_passphrase")
	passwords(c, s, h, second, "second-Journey_passphrase")
	factors(t, s, h)

	key := s.Env["SECRET_KEY"]
	if key == "" {
		content, err := os.ReadFile(filepath.Join(s.Env["DATA_DIR"], "secret_key"))
		if err != nil {
			t.Fatal(err)
		}
		key = string(content)
	}
	h.add("SECRET_KEY", key)
	s.Settled()
	return h
}

// passwords forgets, resets and changes the password of an account.
func passwords(c *testkit.Client, s *testkit.Server, h *hoard, email, password string) {
	link := func() string {
		token := resetLink(s, email)
		h.add("link", token)
		return token
	}
	typed := func(password string) string {
		h.add("password", password)
		return password
	}
	c.Do(forgetting("nobody-to-remind@example.com")).Want(http.StatusOK, "")
	h.addresses = append(h.addresses, "nobody-to-remind@example.com")
	superseded, token := link(), link()
	c.Do(resetting(superseded, typed("late-Journey_passphrase"))).Want(http.StatusBadRequest, "invalid_token")
	c.Do(resetting(token, typed("Jourrn7"))).Want(http.StatusBadRequest, "password_too_short")
	c.Do(posting(token, typed("form-Journey_passphrase"), typed("form-Journey_passphrasE")))
	c.Do(resetting(token, typed("reset-Journey_passphrase"))).Want(http.StatusOK, "")
	c.Do(posting(link(), typed("page-Journey_passphrase"), "page-Journey_passphrase")).Want(http.StatusOK, "")
	in := h.tokens(c.Do(loggingIn(email, "page-Journey_passphrase")).Want(http.StatusOK, ""))
	c.Do(changing(in.Text("access_token"), password, typed("wrong-way_Journey_passphrase"))).Want(http.StatusUnauthorized, "invalid_credentials")
	h.tokens(c.Do(changing(in.Text("access_token"), "page-Journey_passphrase", typed("changed-Journey_passphrase"))).Want(http.StatusOK, ""))
	link() // stays open: its flow is in the dump
}

// factors adds an authenticator app that is asked for, by right and wrong proofs, and one that stays unconfirmed.
func factors(t *testing.T, s *testkit.Server, h *hoard) {
	t.Helper()
	c, account := s.Client(), s.NewAccount()
	h.addresses = append(h.addresses, account.Email)
	keep := func(app *testkit.Authenticator) {
		raw, err := base32.StdEncoding.DecodeString(app.Key)
		if err != nil {
			t.Fatal(err)
		}
		h.add("TOTP secret", app.Key)
		h.add("TOTP secret, raw", string(raw))
		h.add("otpauth URI", app.URI)
	}
	typed := func(app *testkit.Authenticator) string {
		code := app.Code()
		h.codes[fmt.Sprintf("code of an app %d", len(h.codes))] = code
		return code
	}
	challenge := func() string {
		token := c.Challenge(account)
		h.add("challenge", token)
		h.add("challenge without its prefix", strings.TrimPrefix(token, "sgch_"))
		return token
	}
	app, in := s.Enrol(c.Login(account))
	keep(app)
	for _, code := range app.Codes {
		h.add("recovery code", code)
		h.add("recovery code as it counts", strings.ReplaceAll(code, "-", ""))
	}
	keep(s.BeginEnrolment(in.Access))
	mailAbout(s, account.Email, aboutFactor, 1)
	undo := links(s, account.Email)[0]
	h.add("link that undoes a factor", undo)
	c.Do(testkit.Request{Path: "/api/auth/factors/undo/" + undo, Header: http.Header{"Accept": {browserAccept}}}).Want(http.StatusOK, "")
	asked := c.AskForPasskey()
	var options struct {
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(asked.PublicKey, &options); err != nil {
		t.Fatal(err)
	}
	h.add("state", asked.State)
	h.add("WebAuthn challenge", options.Challenge)
	c.Do(testkit.ByPasskey(s.NewKey().Sign(asked))).Want(http.StatusUnauthorized, "invalid_credentials")
	_, in = s.EnrolKey(in, passkey)
	trusting := h.tokens(c.Do(verifying(challenge(), body{"code": typed(app), "remember_device": true})).Want(http.StatusOK, ""))
	device := trusting.Text("device_token")
	h.add("device token", device)
	h.add("secret of a device token", device[len("sgdv_")+23:len(device)-6])
	h.tokens(c.Do(on(device, account)).Want(http.StatusOK, ""))
	c.Do(on(testkit.Garble(device), account)).Want(http.StatusUnauthorized, "mfa_required")
	c.Me(device).Want(http.StatusUnauthorized, "token_invalid")
	c.Do(testkit.Request{Path: "/api/auth/devices/" + device, Method: http.MethodDelete, Bearer: in.Access, OffContract: true}).Want(http.StatusNotFound, "not_found")
	waiting := challenge()
	c.Verify(waiting, "135791").Want(http.StatusBadRequest, "invalid_code")
	h.codes["a wrong code of an app"] = "135791"
	c.Do(verifying(waiting, body{"recovery_code": app.Codes[0]})).Want(http.StatusOK, "")
	c.Do(verifying(challenge(), body{"recovery_code": app.Codes[0]})).Want(http.StatusBadRequest, "invalid_code")
	h.tokens(c.Do(stepUp(in.Access, body{"code": typed(app)})).Want(http.StatusOK, ""))
	challenge() // stays open: its flow is in the dump
}

// addresses asks for another address three times: one request is voided, one is proved, one stays open. Then it goes back.
func addresses(c *testkit.Client, s *testkit.Server, h *hoard, email, password string) {
	in := h.tokens(c.Do(loggingIn(email, password)).Want(http.StatusOK, ""))
	c.Do(patching(in.Text("access_token"), `{"first_name":"Ada","metadata":{"a":1}}`)).Want(http.StatusOK, "")
	c.Do(moving(in.Text("access_token"), testkit.NewAddress(), "wrong-Journey_passphrase")).Want(http.StatusUnauthorized, "invalid_credentials")
	move := func(to string) string {
		before := len(links(s, to))
		c.Do(moving(in.Text("access_token"), to, password)).Want(http.StatusAccepted, "")
		s.Eventually(15*time.Second, func() bool { return len(links(s, to)) > before })
		h.addresses = append(h.addresses, to)
		h.add("link", links(s, to)[0])
		return links(s, to)[0]
	}
	voided, to := move(testkit.NewAddress()), testkit.NewAddress()
	token := move(to)
	c.Do(movingIn(voided)).Want(http.StatusBadRequest, "invalid_token")
	c.Do(following(http.MethodGet, token, browserAccept)).Want(http.StatusBadRequest, "") // at the door of another purpose
	c.Do(movingIn(token)).Want(http.StatusOK, "")
	c.Do(movingIn(move(email))).Want(http.StatusOK, "")
	move(testkit.NewAddress())
}

// sightings are the secrets that are somewhere in a text: as they are, or in the encodings that databases and logs use.
func (h *hoard) sightings(text []byte) []string {
	var seen []string
	for what, secret := range h.secrets {
		for form, written := range writings(secret) {
			if bytes.Contains(text, []byte(written)) {
				seen = append(seen, what+", "+form)
			}
		}
	}
	for what, code := range h.codes {
		if standsAlone(text, code) || bytes.Contains(text, []byte(hex.EncodeToString([]byte(`"`+code+`"`)))) {
			seen = append(seen, what)
		}
	}
	return seen
}

// standsAlone finds a code in text. Six digits are also the fraction of a second, and a part of any hash.
func standsAlone(text []byte, code string) bool {
	const word = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	ends := func(at int, but string) bool {
		return at < 0 || at == len(text) || strings.IndexByte(but, text[at]) < 0
	}
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(code))
		if i < 0 {
			return false
		}
		at := from + i
		if ends(at-1, word+".") && ends(at+len(code), word) {
			return true
		}
		from = at + 1
	}
}

// writings are the ways in which a text may have been written down.
func writings(secret string) map[string]string {
	ways := map[string]string{
		"as it is": secret, "in hex": hex.EncodeToString([]byte(secret)), "in capital hex": strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"for a URL": url.QueryEscape(secret),
	}
	for shift := range 3 { // base64 of something that contains it, whatever stands before
		padded := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), secret...))
		ways[fmt.Sprintf("in base64, shifted by %d", shift)] = padded[4*((shift+2)/3) : len(padded)-2]
	}
	return ways
}

func TestNoSecretIsInTheDatabaseTheLogOrTraces(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		traces := collector.Start(t)
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{
			"REFRESH_GRACE": "30s", "REFRESH_RETRY": "1m", "OTEL_EXPORTER_OTLP_ENDPOINT": traces.URL,
		}})
		h := journey(t, s)
		if len(h.secrets) < 50 || len(h.codes) < 4 {
			t.Fatalf("the journey has only %d secrets and %d codes", len(h.secrets), len(h.codes))
		}
		running := s.Dump()
		s.Stop() // flushes what is written late
		stopped := s.Dump()
		log := []byte(s.Log.String())

		for name, dump := range map[string][]byte{"of the running server": running, "of the stopped server": stopped} {
			// What is no secret is there, so the dump is one.
			for _, known := range []string{h.addresses[0], "verify_registration", "login.succeeded"} {
				if !bytes.Contains(dump, []byte(known)) {
					t.Errorf("the database %s lacks %q: the dump is not whole", name, known)
				}
			}
			if seen := h.sightings(dump); len(seen) > 0 {
				t.Errorf("the database %s has %q", name, seen)
			}
		}
		if !bytes.Contains(log, []byte("/api/auth/login")) || !bytes.Contains(log, []byte("/api/auth/verify-email/{token}")) || !bytes.Contains(log, []byte("/api/password/reset/{token}")) {
			t.Errorf("the log lacks the requests:\n%s", log)
		}
		if seen := h.sightings(log); len(seen) > 0 {
			t.Errorf("the log has %q", seen)
		}
		spans := traces.Raw()
		if len(traces.Spans()) < 100 {
			t.Errorf("%d spans: the traces are not whole", len(traces.Spans()))
		}
		if seen := h.sightings(spans); len(seen) > 0 {
			t.Errorf("the traces have %q", seen)
		}
		for _, address := range h.addresses {
			if bytes.Contains(bytes.ToLower(log), []byte(address)) || bytes.Contains(bytes.ToLower(spans), []byte(address)) {
				t.Errorf("the log or a trace has the address %s", address)
			}
		}
	})
}

// TestTheSearchForSecretsFinds keeps the search above from passing because it looks for nothing.
func TestTheSearchForSecretsFinds(t *testing.T) {
	t.Parallel()
	h := &hoard{secrets: map[string]string{"password": "a pass/phrase+é"}, codes: map[string]string{"code": "314159"}}
	for name, text := range map[string]string{
		"plain":               "x a pass/phrase+é x",
		"hex":                 `\x7b` + hex.EncodeToString([]byte("a pass/phrase+é")) + "7d",
		"a URL":               "?password=a+pass%2Fphrase%2B%C3%A9&x",
		"base64":              base64.StdEncoding.EncodeToString([]byte("a pass/phrase+é")),
		"base64 of JSON":      base64.StdEncoding.EncodeToString([]byte(`{"p":"a pass/phrase+é"}`)),
		"base64 of more JSON": base64.StdEncoding.EncodeToString([]byte(`{"pa":"a pass/phrase+é","x":1}`)),
		"base64 with two":     base64.StdEncoding.EncodeToString([]byte(`{"pas":"a pass/phrase+é"}`)),
		"a code":              `{"code":"314159"}`,
		"a code in hex":       hex.EncodeToString([]byte(`{"code":"314159"}`)),
	} {
		if len(h.sightings([]byte(text))) == 0 {
			t.Errorf("%s: not found in %s", name, text)
		}
	}
	for name, text := range map[string]string{
		"a time": "2031-01-01 10:00:00.314159+00:00", "a hash": "ab314159cd", "another code": "271828",
	} {
		if seen := h.sightings([]byte(text)); len(seen) > 0 {
			t.Errorf("%s: found %q in %s", name, seen, text)
		}
	}
}
