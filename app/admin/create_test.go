package admin_test

import (
	"errors"
	"testing"

	"github.com/signet-auth/signet/app/admin"
	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func create(r *rig.Rig) *admin.Create {
	return &admin.Create{Store: r.Store, System: r.System, Hasher: r.Hasher, Password: r.Passwords}
}

var root = admin.CreateInput{Email: "root@example.com", Password: domain.NewSecret(rig.Password)}

func TestCreate(t *testing.T) {
	t.Run("makes an administrator who can log in and do everything", func(t *testing.T) {
		r := rig.New(t)
		id, err := create(r).Handle(t.Context(), root)
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.NewLogin().Handle(t.Context(), auth.LoginInput{From: rig.From, Email: root.Email, Password: root.Password})
		if err != nil || out.User.ID != id {
			t.Fatalf("got %v, %v", out.User.ID, err)
		}
		actor, err := r.Authenticator.Authenticate(t.Context(), out.Access.Token)
		if err != nil {
			t.Fatal(err)
		}
		for _, permission := range domain.PlatformPermissions() {
			if err := r.Directory.Require(t.Context(), actor, permission); err != nil {
				t.Errorf("%s: %v", permission, err)
			}
		}
		events := r.Events(t, domain.EventUserRegistered, domain.EventGrantAdded)
		if len(events) != 2 || events[0].ActorKind != domain.ActorSystem {
			t.Errorf("events: %+v", events)
		}
	})

	t.Run("drops what waited for the address", func(t *testing.T) {
		r := rig.New(t)
		in := auth.RegisterInput{From: rig.From, Email: root.Email, Password: domain.NewSecret("a stranger's own")}
		if _, err := r.NewRegister().Handle(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if _, err := create(r).Handle(t.Context(), root); err != nil {
			t.Fatal(err)
		}
		if n := r.Database.Int(t, "SELECT count(*) FROM registrations"); n != 0 {
			t.Errorf("%d registrations", n)
		}
	})

	t.Run("takes no account over", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, root.Email)
		if _, err := create(r).Handle(t.Context(), root); !errors.Is(err, domain.ErrEmailTaken) {
			t.Errorf("got %v", err)
		}
		held, err := r.DB.Read().Grants.Held(t.Context(), u.ID.Principal(), domain.PlatformID)
		if err != nil || len(held) != 0 {
			t.Errorf("the owner holds %v, %v", held, err)
		}
	})

	t.Run("takes no bad input", func(t *testing.T) {
		r := rig.New(t)
		_, err := create(r).Handle(t.Context(), admin.CreateInput{Email: "no", Password: domain.NewSecret("short")})
		var e *domain.Error
		if !errors.As(err, &e) || len(e.Fields) != 2 {
			t.Errorf("got %v", err)
		}
		_, err = create(r).Handle(t.Context(), admin.CreateInput{Email: root.Email, Password: domain.NewSecret(root.Email)})
		if !errors.As(err, &e) || e.Code != "password_common" {
			t.Errorf("its own address for a password: %v", err)
		}
	})
}

func TestBootstrap(t *testing.T) {
	admins := func(t *testing.T, r *rig.Rig) int {
		t.Helper()
		return r.Database.Int(t, "SELECT count(*) FROM assignments WHERE role_id = ?", string(domain.RolePlatformAdmin))
	}

	t.Run("makes one, however many start together", func(t *testing.T) {
		r := rig.New(t)
		made := 0
		for _, done := range testkit.Together(8, func(int) any {
			done, err := create(r).Bootstrap(t.Context(), root)
			if err != nil {
				return err
			}
			return done
		}) {
			switch done {
			case true:
				made++
			case false:
			default:
				t.Error(done)
			}
		}
		if made != 1 || admins(t, r) != 1 {
			t.Errorf("%d said so, %d are there", made, admins(t, r))
		}
	})

	t.Run("does not bring back one who was removed", func(t *testing.T) {
		r := rig.New(t)
		if made, err := create(r).Bootstrap(t.Context(), root); !made || err != nil {
			t.Fatal(made, err)
		}
		r.Database.Exec(t, "DELETE FROM assignments")
		r.Database.Exec(t, "DELETE FROM users")
		for _, in := range []admin.CreateInput{root, {Email: "other@example.com", Password: root.Password}, {}} {
			if made, err := create(r).Bootstrap(t.Context(), in); made || err != nil {
				t.Errorf("%s: %v, %v", in.Email, made, err)
			}
		}
		if n := admins(t, r); n != 0 {
			t.Errorf("%d administrators", n)
		}
	})

	t.Run("that fails is tried again at the next start", func(t *testing.T) {
		r := rig.New(t)
		r.User(t, root.Email)
		if made, err := create(r).Bootstrap(t.Context(), root); made || !errors.Is(err, domain.ErrEmailTaken) {
			t.Errorf("a taken address: %v, %v", made, err)
		}
		if made, err := create(r).Bootstrap(t.Context(), admin.CreateInput{Email: "other@example.com", Password: root.Password}); !made || err != nil {
			t.Errorf("another one: %v, %v", made, err)
		}
	})

	t.Run("is not taken for done while the database is away", func(t *testing.T) {
		r := rig.New(t)
		r.Store.Down()
		if made, err := create(r).Bootstrap(t.Context(), root); made || !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v, %v", made, err)
		}
	})
}
