package gothoauth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/idp/idp"
)

// misbehaviours are what providers do wrong, and what a login comes to then.
var misbehaviours = []struct {
	fault  string
	of     string // providers, separated by blanks; openid: those with id_tokens
	want   error  // nil: the login succeeds
	code   string // of the Fault; empty: any
	remedy string // a part of it
}{
	{"denied", "google microsoft apple discord github gitlab facebook acme", domain.ErrAccessDenied, "", ""},
	{"login_required", "google acme", domain.ErrAccessDenied, "", ""},
	{"unavailable", "google acme discord", domain.ErrProviderUnavailable, "temporarily_unavailable", ""},
	{"not_assigned", "microsoft", domain.ErrAccountNotAllowed, "AADSTS50105", "assign the person"},
	{"app_not_live", "facebook", domain.ErrProviderFailed, "1349048", "be live"},
	{"no_code", "google github", domain.ErrInvalidRequest, "", ""},

	// RFC 9207: an answer of another provider, or one that lacks what was promised.
	{"wrong_iss_param", "openid", domain.ErrInvalidState, "iss", ""},
	{"no_iss_param", "acme", domain.ErrInvalidState, "iss", ""},
	{"no_iss_param", "google gitlab", nil, "", ""},

	{"alg_none", "openid", domain.ErrProviderFailed, "not_valid", ""},
	{"hs256", "google acme", domain.ErrProviderFailed, "not_valid", ""},
	{"unknown_kid", "openid", domain.ErrProviderFailed, "unknown_key", ""},
	{"wrong_key", "openid", domain.ErrProviderFailed, "not_valid", ""},
	{"no_kid", "openid", nil, "", ""},
	{"odd_keys", "openid", nil, "", ""},
	{"key_of_another_issuer", "microsoft", domain.ErrProviderFailed, "key_issuer", ""},
	{"no_id_token", "openid", domain.ErrProviderFailed, "missing", ""},
	{"wrong_nonce", "openid", domain.ErrProviderFailed, "not_valid", ""},
	{"wrong_iss", "openid", domain.ErrProviderFailed, "not_valid", ""},
	{"iss_slash", "google apple gitlab acme", domain.ErrProviderFailed, "not_valid", ""},
	{"tid_mismatch", "microsoft", domain.ErrProviderFailed, "tenant", ""},
	{"several_aud", "acme", domain.ErrProviderFailed, "not_valid", ""},
	{"expired", "openid", domain.ErrProviderFailed, "clock", "59m0s"},
	{"from_ahead", "openid", domain.ErrProviderFailed, "clock", "9m0s"},
	{"exp_text", "openid", domain.ErrProviderFailed, "not_valid", ""},

	// One account for everybody, as goth makes of a missing id (§1).
	{"no_subject", "google microsoft apple discord github gitlab facebook acme", domain.ErrProviderFailed, "", ""},
	{"null_subject", "google microsoft apple discord github gitlab facebook acme", domain.ErrProviderFailed, "", ""},
	{"empty_subject", "google microsoft apple discord github gitlab facebook acme", domain.ErrProviderFailed, "", ""},
	{"zero_subject", "google microsoft apple discord github gitlab facebook acme", domain.ErrProviderFailed, "", ""},
	{"zero_text", "google microsoft apple discord github gitlab facebook acme", domain.ErrProviderFailed, "", ""},
	{"float_subject", "google microsoft apple discord github gitlab facebook acme", domain.ErrProviderFailed, "", ""},
	{"list_subject", "google microsoft apple discord github gitlab facebook acme", domain.ErrProviderFailed, "", ""},

	{"wrong_secret", "google apple gitlab", domain.ErrProviderFailed, "invalid_client", "_CLIENT_"},
	{"wrong_secret", "microsoft", domain.ErrProviderFailed, "AADSTS7000215", "the secret's value, not its id"},
	{"ended_secret", "microsoft", domain.ErrProviderFailed, "AADSTS7000222", "has ended"},
	{"wrong_secret", "github", domain.ErrProviderFailed, "incorrect_client_credentials", "GITHUB_CLIENT_SECRET"},
	{"wrong_secret", "facebook", domain.ErrProviderFailed, "1", "FACEBOOK_CLIENT_SECRET"},
	{"wrong_code", "google discord", domain.ErrProviderFailed, "invalid_grant", ""},
	{"wrong_code", "github", domain.ErrProviderFailed, "bad_verification_code", ""},
	{"busy", "google microsoft discord github facebook acme", domain.ErrProviderUnavailable, "503", ""},

	{"token_html", "google github facebook", domain.ErrProviderFailed, "unreadable", ""},
	{"token_broken", "google github", domain.ErrProviderFailed, "unreadable", ""},
	{"token_huge", "google github", domain.ErrProviderFailed, "too_long", ""},
	{"token_redirect", "google", domain.ErrProviderFailed, "302", ""},
	{"token_drop", "google", domain.ErrProviderUnavailable, "network", ""},
	{"keys_down", "google acme", domain.ErrProviderUnavailable, "500", ""},
	{"keys_html", "google", domain.ErrProviderFailed, "unreadable", ""},
	{"keys_huge", "google", domain.ErrProviderFailed, "too_long", ""},
	{"userinfo_down", "discord github facebook", domain.ErrProviderUnavailable, "500", ""},
	{"userinfo_html", "discord github facebook", domain.ErrProviderFailed, "unreadable", ""},
	{"userinfo_huge", "discord github facebook", domain.ErrProviderFailed, "too_long", ""},
	{"userinfo_redirect", "discord", domain.ErrProviderFailed, "302", ""},
	{"userinfo_drop", "discord github facebook", domain.ErrProviderUnavailable, "network", ""},
	{"emails_down", "github", domain.ErrProviderUnavailable, "500", ""},
	{"emails_html", "github", domain.ErrProviderFailed, "unreadable", ""},
	{"emails_huge", "github", domain.ErrProviderFailed, "too_long", ""},

	{"discovery_down", "gitlab acme", domain.ErrProviderUnavailable, "500", ""},
	{"discovery_html", "acme", domain.ErrProviderUnavailable, "unreadable", "OIDC_ACME_ISSUER"},
	{"discovery_of_another", "acme", domain.ErrProviderUnavailable, "issuer", "OIDC_ACME_ISSUER"},
	{"discovery_redirect", "gitlab", domain.ErrProviderUnavailable, "302", "set GITLAB_URL"},
	{"discovery_slash", "acme", nil, "", ""},
	{"basic_only", "acme", nil, "", ""},
	{"post_only", "acme", nil, "", ""},
	{"no_s256", "acme", nil, "", ""},
}

func TestMisbehaviour(t *testing.T) {
	w := newWorld(t)
	w.settings.Timeout = 5 * time.Second
	for _, row := range misbehaviours {
		for _, p := range w.all() {
			if !strings.Contains(" "+row.of+" ", " "+p.Name+" ") && (row.of != "openid" || !openID(p)) {
				continue
			}
			t.Run(row.fault+" at "+p.Name, func(t *testing.T) {
				p.Misbehave(row.fault)
				defer p.Reset()
				profile, err := login(t, w.open(t, p))
				if row.want == nil {
					if err != nil || profile.Subject == "" {
						t.Errorf("%+v, %v", profile, err)
					}
					return
				}
				if !errors.Is(err, row.want) {
					t.Fatal(err)
				}
				fault := faultOf(err)
				if row.code != "" && fault.Code != row.code || !strings.Contains(fault.Remedy, row.remedy) {
					t.Errorf("%+v", fault)
				}
			})
		}
	}
}

func TestAProviderThatHangsIsWaitedForOnceForAllCalls(t *testing.T) {
	w := newWorld(t)
	w.settings.Timeout = 300 * time.Millisecond
	for fault, p := range map[string]*idp.Provider{"token_slow": w.Google, "keys_slow": w.Microsoft, "userinfo_slow": w.Discord, "emails_slow": w.GitHub, "discovery_slow": w.acme()} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			p.Misbehave(fault)
			start := time.Now()
			_, err := login(t, w.open(t, p))
			if took := time.Since(start); !errors.Is(err, domain.ErrProviderUnavailable) || faultOf(err).Code != "timeout" || took > 2*time.Second {
				t.Errorf("%v after %v", err, took)
			}
		})
	}
}

func TestNobodyWaitsForAProviderThatIsDown(t *testing.T) {
	w := newWorld(t)
	p := w.open(t, w.Google)
	w.Google.Misbehave("token_down")
	for range 5 {
		if _, err := login(t, p); faultOf(err).Code != "500" {
			t.Fatal(err)
		}
	}
	asked := len(w.Google.Requests(idp.Token))
	w.Google.Set(idp.Switches{})
	if _, err := login(t, p); !errors.Is(err, domain.ErrProviderUnavailable) || faultOf(err).Code != "not_asked" {
		t.Error(err)
	}
	if again := len(w.Google.Requests(idp.Token)); asked != 5 || again != asked {
		t.Errorf("asked %d and %d times", asked, again)
	}
	w.Google.Misbehave("token_down")
	w.pass(11 * time.Second)
	for _, code := range []string{"500", "not_asked"} { // one call tries for all
		if _, err := login(t, p); faultOf(err).Code != code {
			t.Errorf("after a while: %v, want %s", err, code)
		}
	}
	w.Google.Set(idp.Switches{})
	w.pass(11 * time.Second)
	for range 2 {
		if _, err := login(t, p); err != nil {
			t.Error("once it is back: ", err)
		}
	}
	for range 4 {
		w.Google.Misbehave("token_down")
		_, _ = login(t, p)
		w.Google.Misbehave("wrong_code") // an answer
		_, _ = login(t, p)
	}
	w.Google.Set(idp.Switches{})
	if _, err := login(t, p); err != nil {
		t.Error("failures that were not in a row: ", err)
	}
}
