package main

import (
	"fmt"
	"net/http"
	"net/url"
)

// adminAddress is the administrator of servers that the program starts itself.
const adminAddress = "load-admin@example.com"

// fleet is a service and what it asks: with its application token, and with the access token of one of its users.
type fleet struct {
	key      string
	token    string
	user     string
	audience string // an access token of the user for the service
}

// permissionsOfOne is how many permissions the user has at the service.
const permissionsOfOne = 20

// assemble makes the service, as its platform team does. Where nobody may, there is none: the server was not started here, or knows no
// services yet.
func assemble(api *client, address string) (*fleet, error) {
	var admin session
	if api.call(loginOf(adminAddress), http.StatusOK, &admin) != nil {
		return nil, nil //nolint:nilerr,nilnil // as documented
	}
	var user session
	if err := api.call(loginOf(address), http.StatusOK, &user); err != nil {
		return nil, err
	}
	f := &fleet{key: "load", user: user.User.ID}
	var made struct {
		ServiceID string `json:"service_id"`
		RoleID    string `json:"role_id"`
		TokenData struct {
			Token string `json:"token"`
		} `json:"token_data"`
	}
	step := func(path string, body any) error {
		if err := api.call(postAs(admin.Access, path, body), http.StatusCreated, &made); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	if api.call(postAs(admin.Access, "/api/roles/services", map[string]string{"name": "Load", "key": f.key}), http.StatusCreated, &made) != nil {
		return nil, nil //nolint:nilerr,nilnil // as documented
	}
	var names []string
	for i := range permissionsOfOne {
		name := fmt.Sprintf("invoice-%d:read", i)
		names = append(names, name)
		if err := step("/api/roles/permissions", map[string]string{"service_id": f.key, "name": name}); err != nil {
			return nil, err
		}
	}
	if err := step("/api/roles/service/"+f.key, map[string]any{"name": "clerk", "permissions": names}); err != nil {
		return nil, err
	}
	if err := step("/api/roles/user/"+f.user+"/service/"+f.key+"/role/"+made.RoleID, struct{}{}); err != nil {
		return nil, err
	}
	if err := step("/api/tokens", map[string]string{"service_id": f.key, "name": "load"}); err != nil {
		return nil, err
	}
	f.token = made.TokenData.Token
	login := post("/api/auth/login", map[string]string{"email": address, "password": password, "service": f.key})
	if err := api.call(login, http.StatusOK, &user); err != nil {
		return nil, err
	}
	f.audience = user.Access
	return f, nil
}

// operations are what services ask.
func (f *fleet) operations() []operation {
	fixed := func(name string, request []byte) operation {
		return operation{name: name, clients: ordinary, want: http.StatusOK, request: func(int) []byte { return request }}
	}
	check := func(n int) map[string]any {
		checks := make([]map[string]string, n)
		for i := range checks {
			checks[i] = map[string]string{"user_id": f.user, "service": f.key, "permission": fmt.Sprintf("invoice-%d:read", i%permissionsOfOne)}
		}
		return map[string]any{"checks": checks}
	}
	credentials := url.Values{"grant_type": {"client_credentials"}, "client_id": {f.key}, "client_secret": {f.token}}
	return []operation{
		fixed("token validate", get("/api/tokens/validate", f.token)),
		fixed("check", postAs(f.token, "/api/authz/check", check(1))),
		fixed("check of 100", postAs(f.token, "/api/authz/check", check(100))),
		fixed("introspect", postForm("/oauth2/introspect", url.Values{
			"client_id": {f.key}, "client_secret": {f.token}, "token": {f.audience},
		})),
		fixed("client credentials", postForm("/oauth2/token", credentials)),
	}
}
