package e2e_test

import (
	"bytes"
	"html"
	"image"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
)

// landing is what a browser sends that somebody opens the address with. The page is not in the document.
func landing() testkit.Request {
	return testkit.Request{Path: "/", Header: http.Header{"Accept": {browserAccept}}, OffContract: true}
}

func TestTheBareAddress(t *testing.T) {
	t.Parallel()
	s := testkit.Shared(t, testkit.Embedded)
	c := s.Client()
	t.Run("shows people the way on", func(t *testing.T) {
		answer := c.In(t).Do(landing())
		checkKind(t, answer, http.MethodGet, "<h1>Signet is running</h1>")
		page := html.UnescapeString(string(answer.Body))
		for _, word := range []string{
			"http://localhost:" + s.URL[strings.LastIndex(s.URL, ":")+1:], " admin create --email you@example.com", " services create 'My service'", "docs/quickstart.md",
		} {
			if !strings.Contains(page, word) {
				t.Errorf("it does not say %s", word)
			}
		}
		for _, link := range regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(page, -1) {
			reached, err := http.Get(link[1])
			if err != nil {
				t.Fatal(err)
			}
			if _ = reached.Body.Close(); reached.StatusCode != http.StatusOK {
				t.Errorf("%s answers %d", link[1], reached.StatusCode)
			}
		}
	})
	t.Run("is nothing for programs", func(t *testing.T) {
		for _, accept := range []string{"", "*/*", "application/json"} {
			r := landing()
			r.Header = http.Header{"Accept": {accept}}
			c.In(t).Do(r).Want(http.StatusNotFound, "not_found")
		}
	})
}

func TestTheBareAddressInProductionIsQuiet(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{
		"SIGNET_ENV": "production", "SECRET_KEY": testkit.SecretKey, "MAIL_SERVER": "mail.invalid", "MAIL_FROM": "no-reply@example.com", "MAIL_USE_TLS": "on", "PUBLIC_URL": "https://auth.example.com", "BCRYPT_COST": "10",
		"RATE_LIMITS": "on", "PRODUCT_NAME": "Acme & Söhne",
	}})
	answer := s.Client().Do(landing())
	checkKind(t, answer, http.MethodGet, "<h1>Acme &amp; Söhne</h1>")
	_, body, _ := strings.Cut(string(answer.Body), "<body>")
	if text := strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, " ")), " "); text != "Acme &amp; Söhne" {
		t.Errorf("it says %q", text)
	}
}

// picture is a PNG of that size.
func picture(t *testing.T, width, height int) string {
	t.Helper()
	var content bytes.Buffer
	if err := png.Encode(&content, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return content.String()
}

const drawing = `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>alert(1)</script></svg>`

// kept is a file with some content.
func kept(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logo")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheLogo(t *testing.T) {
	t.Parallel()
	for media, content := range map[string]string{"image/png": picture(t, 40, 20), "image/svg+xml": drawing} {
		t.Run(media, func(t *testing.T) {
			t.Parallel()
			s := testkit.Start(t, testkit.Options{Env: map[string]string{
				"PRODUCT_NAME": "Acme", "PRODUCT_LOGO": kept(t, content), "PUBLIC_URL": "http://localhost/auth",
			}})
			c := s.Client()
			image := c.Do(testkit.Request{Path: "/logo", OffContract: true}).Want(http.StatusOK, "")
			if string(image.Body) != content || image.Header.Get("Content-Type") != media || image.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%v", image.Header)
			}
			// Opened by itself an SVG is a document: what is in it must not run as ours.
			if policy := image.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "sandbox") || strings.Contains(policy, "script") {
				t.Errorf("the policy is %q", policy)
			}
			page := c.Do(following(http.MethodGet, "abc", browserAccept))
			checkKind(t, page, http.MethodGet, `<img src="/auth/logo" alt="Acme">`)
			if !strings.Contains(page.Header.Get("Content-Security-Policy"), "img-src 'self'") {
				t.Error("the page must not show it")
			}
			if _, mail := applicant(t, s); !strings.Contains(mail.Subject, "Acme") || strings.Contains(mail.HTML, "<img") || strings.Contains(mail.Text, "Signet") {
				t.Errorf("%s\n%s", mail.Subject, mail.Text)
			}
		})
	}
	for name, row := range map[string]struct {
		path string
		want []string
	}{
		"that is not there": {filepath.Join(t.TempDir(), "none.png"), []string{"PRODUCT_LOGO can't be read"}},
		"of a page":         {kept(t, "<!doctype html><html><body></body></html>"), []string{"PRODUCT_LOGO", "must be a PNG or SVG", "this is text/html"}},
		"of another sort":   {kept(t, "GIF89a..........."), []string{"PRODUCT_LOGO", "must be a PNG or SVG", "this is image/gif"}},
		"that is cut off":   {kept(t, picture(t, 4, 4)[:20]), []string{"PRODUCT_LOGO", "broken"}},
		"too large":         {kept(t, strings.Repeat("x", 102_401)), []string{"PRODUCT_LOGO", "at most 100 KB", "has 101 KB"}},
		"too wide":          {kept(t, picture(t, 5000, 1)), []string{"PRODUCT_LOGO", "at most 4096 pixels", "5000 by 1"}},
		"a drawing cut off": {kept(t, "<svg><g>"), []string{"PRODUCT_LOGO", "must be a PNG or SVG"}},
	} {
		t.Run("not one "+name, func(t *testing.T) {
			t.Parallel()
			signet(t, cheaply(map[string]string{"DATA_DIR": t.TempDir(), "PRODUCT_LOGO": row.path}), "", "serve").want(t, 1, row.want...)
		})
	}
}

func TestWherePeopleGoOnTo(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{
		"AFTER_VERIFY_URL": "https://app.example.com/welcome?a=1&b=2", "AFTER_RESET_URL": "http://localhost:4000/sign-in",
	}})
	c := s.Client()
	_, mail := applicant(t, s)
	checkKind(t, c.Do(following(http.MethodPost, mail.Token(), browserAccept)), http.MethodPost,
		`<a class="button" href="https://app.example.com/welcome?a=1&amp;b=2">Continue to app.example.com</a>`)
	token := resetLink(s, s.NewAccount().Email)
	request := posting(token, newPassword, newPassword)
	request.Header.Set("Accept-Language", "de")
	checkKind(t, c.Do(request), http.MethodPost, `<a class="button" href="http://localhost:4000/sign-in">Weiter zu localhost:4000</a>`)
}

// TestALookAtALinkCostsAGuess: it would be a cheaper way to guess otherwise. A genuine link is free, and over the limit nobody is asked for a
// password in vain.
func TestALookAtALinkCostsAGuess(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"LIMIT_FAILURES": "6/1m"})})
	settled(s)
	c := s.Client()
	token := resetLink(s, s.NewAccount().Email)
	for range 10 {
		checkKind(t, c.Do(visiting(http.MethodGet, token, browserAccept)), http.MethodGet, "<form")
	}
	change := following(http.MethodGet, "abc", browserAccept)
	change.Path = "/api/auth/change-email/abc"
	for range 2 {
		for _, dead := range []testkit.Request{visiting(http.MethodGet, "abc", browserAccept), following(http.MethodGet, "abc", browserAccept), change} {
			checkKind(t, c.Do(dead), http.MethodGet, "This link no longer works")
		}
	}
	for _, request := range []testkit.Request{visiting(http.MethodGet, token, browserAccept), following(http.MethodGet, "abc", browserAccept), change} {
		answer := c.Do(request)
		if answer.Status != http.StatusTooManyRequests || answer.Header.Get("Retry-After") == "" || strings.Contains(string(answer.Body), "<form") {
			t.Errorf("answer %d\n%s", answer.Status, answer.Body)
		}
		checkKind(t, answer, http.MethodGet, `<a class="button" href="">Try again</a>`)
	}
}

// TestLinksThatAreNoGoodSaySo: what the button would refuse is refused before there is one.
func TestLinksThatAreNoGoodSaySo(t *testing.T) {
	t.Parallel()
	s := testkit.Shared(t, testkit.Embedded)
	c, record := s.Client(), s.Record()
	wantDead := func(t *testing.T, r testkit.Request) {
		t.Helper()
		checkKind(t, c.In(t).Do(r), http.MethodGet, "This link no longer works")
	}
	t.Run("a registration whose address was proved by another", func(t *testing.T) {
		email, first := applicant(t, s)
		c.Do(registering(email)).Want(http.StatusCreated, "")
		second := s.Mail(email, 2)
		c.Do(proving(second.Token())).Want(http.StatusOK, "")
		wantDead(t, following(http.MethodGet, first.Token(), browserAccept))
	})
	t.Run("a reset of an account that was disabled", func(t *testing.T) {
		account := s.NewAccount()
		token := resetLink(s, account.Email)
		record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", account.ID)
		wantDead(t, visiting(http.MethodGet, token, browserAccept))
	})
	t.Run("a change of address after a new password", func(t *testing.T) {
		account := s.NewAccount()
		link := following(http.MethodGet, "", browserAccept)
		link.Path = "/api/auth/change-email/" + asked(t, s, c.Login(account).Access, testkit.NewAddress(), account.Password)
		c.Do(resetting(resetLink(s, account.Email), newPassword)).Want(http.StatusOK, "")
		wantDead(t, link)
	})
	t.Run("a registrant's reset after the address was proved", func(t *testing.T) {
		email, mail := applicant(t, s)
		token := resetLink(s, email)
		checkKind(t, c.Do(visiting(http.MethodGet, token, browserAccept)), http.MethodGet, `value="`+email+`"`)
		c.Do(proving(mail.Token())).Want(http.StatusOK, "")
		wantDead(t, visiting(http.MethodGet, token, browserAccept))
	})
}
