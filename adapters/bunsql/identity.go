package bunsql

import (
	"context"

	"github.com/signet-auth/signet/domain"
)

type identities struct{ conn }

func (s identities) DeleteByUser(ctx context.Context, user domain.UserID) error {
	if !isID(user) {
		return nil
	}
	_, err := s.execute(ctx, "DELETE FROM identities WHERE user_id = ?", user)
	return err
}
