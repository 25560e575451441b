package user

import (
	"context"

	"github.com/signet-auth/signet/domain"
)

// Find finds the user that a person named, by id or by address.
func (u *Account) Find(ctx context.Context, by domain.Actor, ref string) (domain.User, error) {
	if err := u.Authority.Require(ctx, by, domain.UserRead); err != nil {
		return domain.User{}, err
	}
	if id, ok := domain.ParseID[domain.UserID](ref); ok {
		user, err := u.Store.Read().Users.ByID(ctx, id)
		return user, unknown(err)
	}
	email, err := domain.ParseEmailField("user", ref)
	if err != nil {
		return domain.User{}, domain.ErrInvalidFields(domain.FieldError{Field: "user", Code: "invalid", Text: "user must be an id or an email address"})
	}
	user, err := u.Store.Read().Users.ByEmail(ctx, email)
	return user, unknown(err)
}
