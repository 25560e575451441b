package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// TestServicesAndRolesAtATerminal is an operator beside a server that runs on the same database and hears of everything within a second.
func TestServicesAndRolesAtATerminal(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := testkit.Start(t, testkit.Options{})
	c, record, env := s.Client(), s.Record(), cheaply(s.Env)
	run := func(t *testing.T, args ...string) call { t.Helper(); return signet(t, env, "", args...) }
	object := func(t *testing.T, args ...string) (value map[string]any) {
		t.Helper()
		out := run(t, append(args, "--json")...).want(t, 0).Out
		if err := json.Unmarshal([]byte(out), &value); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return value
	}
	names := func(t *testing.T, list any, member string) (all []string) {
		t.Helper()
		for _, one := range list.([]any) {
			all = append(all, one.(map[string]any)[member].(string))
		}
		slices.Sort(all)
		return all
	}
	account := s.NewAccount()
	atShop := func(t *testing.T) testkit.Response {
		t.Helper()
		return c.In(t).Do(login(with(credentials(account), body{"service": "shop"})))
	}
	permissions := func(t *testing.T) (all []string) {
		t.Helper()
		answer := c.In(t).Do(get("/api/auth/validate-jwt", atShop(t).Want(http.StatusOK, "").Text("access_token"))).Want(http.StatusOK, "")
		for _, name := range answer.JSON()["permissions"].([]any) {
			all = append(all, name.(string))
		}
		return all
	}
	within := func(t *testing.T, what string, holds func() bool) {
		t.Helper()
		begun := time.Now()
		for !holds() {
			if time.Since(begun) > promise {
				t.Fatalf("%s: not within %s", what, promise)
			}
		}
	}

	made := object(t, "services", "create", "Shop", "--description", "Sells  things", "--token-type", "JWT")
	id, _ := made["id"].(string)
	t.Run("a service is made, listed and shown", func(t *testing.T) {
		if made["key"] != "shop" || made["description"] != "Sells things" || made["is_active"] != true || made["token_typ"] != "JWT" {
			t.Errorf("made: %v", made)
		}
		for _, ref := range []string{"shop", id} {
			if diff := cmp.Diff(made, object(t, "services", "show", ref)); diff != "" {
				t.Errorf("shown (-made +shown):\n%s", diff)
			}
		}
		run(t, "services", "show", "shop").want(t, 0, "Sells things", "active")
		if got := names(t, object(t, "services", "list")["services"], "key"); !slices.Equal(got, []string{"auth_service", "shop"}) {
			t.Errorf("listed: %v", got)
		}
		run(t, "services", "list", "--limit", "1").want(t, 0, "shop", "there are more: --cursor ")
		if events := record.Events(domain.EventServiceCreated, id); len(events) != 1 || events[0].ActorKind != domain.ActorSystem {
			t.Errorf("events: %+v", events)
		}
		for _, level := range []string{"phr", "any"} {
			if got := object(t, "services", "min-acr", "shop", level); got["min_acr"] != level {
				t.Errorf("%s: %v", level, got)
			}
		}
		run(t, "services", "min-acr", "shop", "any").want(t, 0, "the roles of shop count from any login on")
		run(t, "services", "create", "Vault", "--min-acr", "aal2").want(t, 0)
		run(t, "services", "list").want(t, 0, "ROLES COUNT FROM", "aal2", "any")
		run(t, "services", "delete", "vault", "--yes").want(t, 0)
		run(t, "services", "min-acr", "auth_service", "aal2").want(t, 1, "MFA_PLATFORM")
		run(t, "services", "create", "shop").want(t, 1, "in use by another service")
		run(t, "services", "show", "Shop").want(t, 1, "There is no such service") // a name is none of its references
		run(t, "services", "list", "--limit", "0").want(t, 1, "--limit must be")
	})

	t.Run("a permission is registered, listed and removed", func(t *testing.T) {
		invoice := object(t, "permissions", "create", "shop", "invoice:read", "--description", "See invoices")
		if invoice["name"] != "invoice:read" || invoice["service_id"] != id || invoice["description"] != "See invoices" {
			t.Errorf("made: %v", invoice)
		}
		run(t, "permissions", "create", "shop", "invoice:void").want(t, 0, "invoice:void (")
		if got := names(t, object(t, "permissions", "list", "shop", "--search", "invoice:")["permissions"], "name"); !slices.Equal(got, []string{"invoice:read", "invoice:void"}) {
			t.Errorf("listed: %v", got)
		}
		run(t, "roles", "create", "shop", "voider", "--permission", "invoice:void").want(t, 0)
		run(t, "permissions", "delete", "shop", "invoice:void").want(t, 1, "roles name invoice:void: --force")
		run(t, "permissions", "delete", "shop", "invoice:void", "--force").want(t, 0, "invoice:void is deleted")
		run(t, "permissions", "create", "shared", "audit:read").want(t, 0)
		if shared := object(t, "permissions", "list", "shared"); !slices.Contains(names(t, shared["permissions"], "name"), "audit:read") {
			t.Errorf("shared: %v", shared)
		}
	})

	t.Run("a role is made, shown, given and taken", func(t *testing.T) {
		object(t, "roles", "create", "shop", "reader", "--permission", "invoice:read")
		lead := object(t, "roles", "create", "shop", "lead", "--include", "reader", "--description", "Front office")
		if diff := cmp.Diff([]string{"admin", "lead", "reader", "readonly", "user", "voider"}, names(t, object(t, "roles", "list", "shop")["roles"], "name")); diff != "" {
			t.Errorf("roles (-want +got):\n%s", diff)
		}
		if strict := object(t, "roles", "create", "shop", "strict", "--min-acr", "aal2"); strict["min_acr"] != "aal2" {
			t.Errorf("made: %v", strict)
		}
		run(t, "roles", "min-acr", "shop", "strict", "phr").want(t, 0, "shop/strict counts from phr on")
		run(t, "roles", "show", "shop", "strict").want(t, 0, "phr")
		run(t, "roles", "list", "shop").want(t, 0, "COUNTS FROM", "phr", "any")
		run(t, "roles", "min-acr", "auth_service", "admin", "aal2").want(t, 0, "counts from aal2 on") // as all of the platform's may
		run(t, "roles", "min-acr", "auth_service", "admin", "any").want(t, 0, "counts from any login on")
		run(t, "roles", "list", id, "--limit", "1").want(t, 0, "strict", "there are more: --cursor ")
		assign := object(t, "roles", "assign", "shop", "Lead", account.Email)
		if assign["outcome"] != "assigned" || assign["holder"] != account.ID || assign["expires_at"] != nil {
			t.Errorf("assigned: %v", assign)
		}
		within(t, "the role", func() bool { return slices.Equal(permissions(t), []string{"invoice:read"}) })
		shown := object(t, "roles", "show", "shop", lead["id"].(string))
		if diff := cmp.Diff([]any{"invoice:read"}, shown["effective"]); diff != "" || shown["holders"] != 1.0 || shown["includes"].([]any)[0] != "reader" {
			t.Errorf("shown: %v", shown)
		}
		run(t, "roles", "show", "shop", "lead").want(t, 0, "invoice:read", "Front office")
		run(t, "roles", "assign", "shop", "lead", account.ID, "--until", "12h").want(t, 0, account.Email+" holds shop/lead until ", "(updated)")
		run(t, "roles", "assign", "shop", "lead", account.ID).want(t, 0, "until ", "(unchanged)")
		run(t, "roles", "assign", "shop", "lead", account.ID, "--until", "never").want(t, 0, "for good", "(updated)")
		run(t, "roles", "unassign", "shop", "lead", account.Email).want(t, 0, "no more")
		within(t, "its end", func() bool { return len(permissions(t)) == 0 })
		run(t, "roles", "unassign", "shop", "lead", account.Email).want(t, 1, account.Email+" doesn't hold shop/lead, so nothing was taken")
		for _, kind := range []domain.EventType{domain.EventGrantAdded, domain.EventGrantUpdated, domain.EventGrantRemoved} {
			if events := record.Events(kind, account.ID); len(events) == 0 || events[0].ActorKind != domain.ActorSystem {
				t.Errorf("%s: %+v", kind, events)
			}
		}
	})

	t.Run("a service gets a role as well", func(t *testing.T) {
		object(t, "services", "create", "Mailer")
		if given := object(t, "roles", "assign", "shop", "reader", "mailer", "--account"); given["holder"] == "" || given["outcome"] != "assigned" {
			t.Errorf("given: %v", given)
		}
		if gone := object(t, "roles", "unassign", "shop", "reader", "mailer", "--account"); gone["holder"] != "mailer" {
			t.Errorf("taken: %v", gone)
		}
		run(t, "roles", "assign", "auth_service", "admin", "auth_service", "--account").want(t, 1, "platform")
	})

	t.Run("the last administrator stays, for an operator too", func(t *testing.T) {
		admin := s.NewAccount()
		run(t, "roles", "assign", "auth_service", "admin", admin.ID).want(t, 0)
		run(t, "roles", "unassign", "auth_service", "admin", admin.ID).want(t, 1, "last administrator")
		run(t, "roles", "assign", "auth_service", "admin", admin.ID, "--until", "30d").want(t, 1, "last administrator")
	})

	t.Run("what is wrong is said", func(t *testing.T) {
		for _, row := range []struct{ args, word string }{
			{"roles list nowhere", "There is no such service: nowhere"},
			{"permissions list nowhere", "There is no such service: nowhere"},
			{"permissions create shop invoice", "<name> must look like"},
			{"permissions delete shop invoice:burn", "There is no such permission of shop: invoice:burn"},
			{"roles show shop nothing", "There is no such role at shop: nothing"},
			{"roles create shop reader", "in use by another role"},
			{"roles create shop loop --permission invoice", "permission"},
			{"roles assign shop reader nobody@example.com", "There is no such user: nobody@example.com"},
			{"roles assign shop reader nowhere --account", "There is no such service: nowhere. To see all: signet services list"},
			{"roles unassign shop reader nobody@example.com", "There is no such user: nobody@example.com. To see all: signet users list"},
			{"roles unassign shop nothing " + account.ID, "There is no such role at shop: nothing. To see all: signet roles list shop"},
			{"roles unassign shop reader shop", "shop is a service: add --account"},
			{"roles unassign shop reader " + account.Email + " --account", account.Email + " is a user: leave out --account"},
			{"roles assign shop reader " + account.ID + " --until 2020-01-01", "must be in the future"},
			{"roles assign shop reader " + account.ID + " --until soon", "--until must be"},
			{"roles assign shop reader " + account.ID + " --until 0001-01-01", "--until must be"},
			{"roles create shop writer --permission order:shred", "--permission is no permission of this service"},
			{"roles create shop writer --permission invoice:read --permission order:shred", "--permission number 2 is no permission of this service"},
			{"services disable auth_service", "platform"},
			{"services delete auth_service --yes", "platform"},
			{"services delete shop", "confirm with --yes"},
		} {
			t.Run(row.args, func(t *testing.T) { run(t, strings.Fields(row.args)...).want(t, 1, row.word) })
		}
	})

	t.Run("off, it is unknown; on, known; deleted, gone, and its key taken", func(t *testing.T) {
		run(t, "services", "disable", "shop").want(t, 0, "is disabled now")
		within(t, "off", func() bool { return atShop(t).Outcome() == "400 unknown_service" })
		if shown := object(t, "services", "enable", id); shown["is_active"] != true {
			t.Errorf("on: %v", shown)
		}
		within(t, "on", func() bool { return atShop(t).Status == http.StatusOK })
		if gone := object(t, "services", "delete", "shop", "--yes"); gone["id"] != id {
			t.Errorf("deleted: %v", gone)
		}
		within(t, "deleted", func() bool { return atShop(t).Outcome() == "400 unknown_service" })
		run(t, "services", "show", "shop").want(t, 1, "There is no such service")
		run(t, "services", "create", "Other", "--key", "shop").want(t, 1, "was a deleted service's")
	})
}
