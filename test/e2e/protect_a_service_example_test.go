package e2e_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// What docs/protect-a-service.md prints in Go, within as much as it takes to compile it.

func validateCentrally(ctx context.Context, issuer, bearer, permission string) (bool, error) {
	var valid struct {
		Audience    string
		Permissions []string
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, issuer+"/api/auth/validate-jwt", nil)
	if err != nil {
		return false, err
	}
	request.Header.Set("Authorization", "Bearer "+bearer) // GET issuer+"/api/auth/validate-jwt"
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()                         //nolint:errcheck // as the guide prints it, and as everybody writes it
	err = json.NewDecoder(answer.Body).Decode(&valid) // Audience string, Permissions []string
	return answer.StatusCode == http.StatusOK && valid.Audience == "billing" && slices.Contains(valid.Permissions, permission), err
}

func checkCentrally(ctx context.Context, issuer, appToken, checks string) (bool, error) {
	var checked struct {
		Results []struct{ Allowed bool }
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, issuer+"/api/authz/check", strings.NewReader(checks))
	if err != nil {
		return false, err
	}
	request.Header.Set("Authorization", "Bearer "+appToken) // POST issuer+"/api/authz/check", a body of checks as above
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()                           //nolint:errcheck // as the guide prints it, and as everybody writes it
	err = json.NewDecoder(answer.Body).Decode(&checked) // Results []struct{ Allowed bool }
	return answer.StatusCode == http.StatusOK && len(checked.Results) == 1 && checked.Results[0].Allowed, err
}
