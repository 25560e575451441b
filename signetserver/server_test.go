package signetserver_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/signetserver"
)

func TestARealSignetForATest(t *testing.T) {
	signetserver.Database(t)
	begin := time.Now()
	s := signetserver.Start(t)
	t.Log("started in ", time.Since(begin))
	s.Service("billing", "invoice:read", "invoice:void")
	s.Role("billing", "voider", "invoice:void")
	u := s.User("clerk@example.com", "billing/readonly")
	permissions := func() string {
		var claims struct {
			Sub         string
			Permissions []string
		}
		text, err := base64.RawURLEncoding.DecodeString(strings.Split(s.Login(u, "billing"), ".")[1])
		if err != nil || json.Unmarshal(text, &claims) != nil || claims.Sub != u.ID {
			t.Fatalf("%s %v", text, err)
		}
		return fmt.Sprint(claims.Permissions)
	}
	if got := permissions(); got != "[invoice:read]" {
		t.Error(got)
	}
	s.Give(u, "billing/voider")
	s.Take(u, "billing/readonly")
	if got := permissions(); got != "[invoice:void]" {
		t.Error(got)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/tokens/validate", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.AppToken("billing"))
	response, err := http.DefaultClient.Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatal(response, err)
	}
	_ = response.Body.Close()
}
