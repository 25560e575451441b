package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

var saved = regexp.MustCompile(` -o (\S+)$`)

// factored goes through the life of second factors that docs/factors.md prints, with oathtool for a phone.
func factored(t *testing.T, all []block) {
	t.Helper()
	for _, program := range []string{"curl", "jq", "oathtool"} {
		requireProgram(t, program)
	}
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"RATE_LIMITS": "on"}})
		dir := t.TempDir()
		sh := terminal(t, dir, reached(t, s))
		sh.want("echo 'correct horse battery' | signet admin create --email ada@example.com --password-stdin")
		for _, command := range commands(all) {
			for strings.HasPrefix(command, "CODE=") && time.Now().Second()%30 > 24 { // a code of the last moment is too old on arrival
				time.Sleep(time.Second)
			}
			answer := sh.want(here(s, command))
			if file := saved.FindStringSubmatch(command); file != nil {
				content, err := os.ReadFile(filepath.Join(dir, file[1]))
				if err != nil {
					t.Fatal(err)
				}
				answer = string(content)
			}
			if strings.HasPrefix(command, "curl ") {
				succeeded(t, command, answer)
			}
		}
		record := s.Record()
		user := record.Text("SELECT id FROM users WHERE email = 'ada@example.com'")
		got := map[domain.EventType]int{}
		for _, kind := range []domain.EventType{
			domain.EventLoginChallenged, domain.EventFactorAdded, domain.EventFactorRemoved, domain.EventSessionSteppedUp, domain.EventCodeUsed,
			domain.EventCodesCreated, domain.EventFactorsReset, domain.EventFactorFailed, domain.EventDeviceTrusted, domain.EventDeviceRemoved,
		} {
			got[kind] = len(record.Events(kind, user))
		}
		want := map[domain.EventType]int{
			domain.EventLoginChallenged: 3, domain.EventFactorAdded: 2, domain.EventFactorRemoved: 1, domain.EventSessionSteppedUp: 1,
			domain.EventCodeUsed: 1, domain.EventCodesCreated: 2, domain.EventFactorsReset: 1, domain.EventFactorFailed: 0,
			domain.EventDeviceTrusted: 1, domain.EventDeviceRemoved: 1,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the page does (-want +got):\n%s", diff)
		}
	})
}

// TestTheFrontEndOfTheFactorsPage runs the script of docs/factors.md in a browser, for somebody who mistypes the first code.
func TestTheFrontEndOfTheFactorsPage(t *testing.T) {
	t.Parallel()
	f := newFleet(t, testkit.Embedded)
	f.service("billing")
	account := f.NewAccount()
	app, _ := f.Enrol(f.c.Login(account))
	script := ""
	for _, b := range blocks(t, "../../docs/factors.md", "In a front end") {
		if b.language == "js" {
			script += strings.ReplaceAll(b.text, "https://auth.example.com", named(f.Server))
		}
	}
	front := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(front.Close)
	tab := browser.Open(t)
	tab.Go(strings.Replace(front.URL, "127.0.0.1", "localhost", 1))
	got := browser.Await[struct{ In, Up, Later, Methods, Again string }](tab, fmt.Sprintf(`(async (email, password, codes) => { %s
		let shown
		const ask = async methods => { shown = methods; return {code: codes.shift()} }
		const session = await login(email, password, async methods => ({...await ask(methods), remember_device: true}))
		const up = await stepUp(ask)
		const later = await signet("refresh", null, {service: "billing"}) // by the cookie that the step-up set
		const again = await login(email, password, async () => { throw "asked again" }) // by the cookie of the device
		return {Again: again.acr ?? again.code, In: session.access_token ?? session.code, Up: up.access_token ?? up.code, Later: later.access_token ?? later.code, Methods: shown.join(" ")}
	})(%q, %q, ["000000", "12345", %q, %q])`, script, account.Email, account.Password, app.Code(), app.Code()))
	for _, token := range []string{got.In, got.Up, got.Later} {
		_, claims := testkit.ReadToken(t, token)
		if claims["aud"] != "billing" || claims["acr"] != "aal2" {
			t.Errorf("claims %v", claims)
		}
	}
	if got.Methods != "totp recovery" || got.Again != "aal1" {
		t.Errorf("it is told %q, and then logs in at %s", got.Methods, got.Again)
	}
}

// succeeded fails the test unless an answer is the success of a call, or asks for the second factor.
func succeeded(t *testing.T, command, answer string) {
	t.Helper()
	var got struct {
		Success bool
		Code    string
	}
	if err := json.Unmarshal([]byte(answer), &got); err != nil || !got.Success && got.Code != "mfa_required" {
		t.Fatalf("%s\nanswers %s", command, answer)
	}
}
