package signet

import (
	"context"
	"errors"
	"net/http"
)

type principalKey struct{}

// From is the principal of a request that Require or Optional let through.
func From(ctx context.Context) (*Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(*Principal)
	return p, ok
}

// With is a context with a principal, for adapters of frameworks.
func With(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Require lets requests through whose token is valid and has all of the permissions; without any, every valid token will do. It panics for a
// malformed permission, because that is a mistake in the program.
func (v *Verifier) Require(permissions ...string) func(http.Handler) http.Handler {
	return v.middleware(v.Admitter(permissions...), false)
}

// Optional lets requests without a token through, too. A bad token is refused.
func (v *Verifier) Optional() func(http.Handler) http.Handler {
	return v.middleware(v.Admitter(), true)
}

// Admitter is Require for frameworks that are no net/http: it judges the values of the header Authorization.
func (v *Verifier) Admitter(permissions ...string) func(ctx context.Context, authorization []string) (*Principal, error) {
	short := make([]string, len(permissions))
	for i, name := range permissions {
		var err error
		if short[i], err = ownPermission(name, v.set.Audience); err != nil {
			panic(err)
		}
	}
	v.wired.add(short...)
	return func(ctx context.Context, authorization []string) (*Principal, error) {
		p, err := v.Verify(ctx, bearerToken(authorization))
		if err != nil {
			return nil, err
		}
		for i, name := range short {
			switch ok, err := p.Allowed(ctx, name); {
			case err != nil:
				return nil, err
			case !ok:
				return p, &Forbidden{Permission: permissions[i]}
			}
		}
		return p, nil
	}
}

func (v *Verifier) middleware(admit func(context.Context, []string) (*Principal, error), optional bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p, err := admit(r.Context(), r.Header["Authorization"])
			switch {
			case err == nil:
				r = r.WithContext(With(r.Context(), p))
			case !optional || !errors.Is(err, ErrMissing):
				v.Refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
