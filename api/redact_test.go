package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/signet-auth/signet/api"
)

func TestBodiesWithSecrets(t *testing.T) {
	const secret = "s3cr3t-s3cr3t"
	bodies := []any{
		api.RegisterRequest{Password: secret},
		api.VerifyEmailLinkRequest{Token: secret},
		api.VerifyEmailRequest{Token: secret, Code: secret},
		api.LoginRequest{Password: secret},
		api.LoginResponse{AccessToken: secret, RefreshToken: secret},
		api.RefreshRequest{RefreshToken: secret},
		api.RefreshResponse{AccessToken: secret, RefreshToken: secret},
		api.LogoutRequest{RefreshToken: secret},
		api.CloseRequest{Password: secret},
		api.ExportResponse{Events: []api.ExportedEvent{{UserAgent: secret}}},
		api.ResetPasswordRequest{Token: secret, NewPassword: secret, Password: secret},
		api.ResetPasswordLinkRequest{Token: secret},
		api.ResetPasswordFormRequest{Token: secret, NewPassword: secret, Repeated: secret},
		api.ChangePasswordRequest{CurrentPassword: secret, NewPassword: secret},
		api.ChangePasswordResponse{AccessToken: secret, RefreshToken: secret},
		api.ChangeEmailRequest{Password: secret},
		api.ConfirmEmailRequest{Token: secret},
		api.ChangeEmailLinkRequest{Token: secret},
		api.InboxMessage{Text: secret, Links: []string{secret}},
	}
	for _, body := range bodies {
		name := strings.TrimPrefix(fmt.Sprintf("%T", body), "api.")
		t.Run(name+" prints nothing of it", func(t *testing.T) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
				if got := fmt.Sprintf(verb, body); got != "[redacted]" {
					t.Errorf("%s printed %q", verb, got)
				}
			}
		})
		t.Run(name+" logs nothing of it", func(t *testing.T) {
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Info("body", "body", body)
			slog.New(slog.NewTextHandler(&log, nil)).Info("body", "body", body)
			if strings.Contains(log.String(), secret) {
				t.Errorf("logged %s", log.String())
			}
		})
		t.Run(name+" still encodes", func(t *testing.T) {
			encoded, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			if parameters := string(encoded) == "{}"; parameters == strings.Contains(string(encoded), secret) {
				t.Errorf("encoded %s", encoded)
			}
		})
	}
}
