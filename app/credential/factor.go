package credential

import "github.com/signet-auth/signet/domain"

// FactorPlace is the place to which the sealed secret of a factor is bound (MF-7).
func FactorPlace(id domain.FactorID, user domain.UserID) string {
	return "factors/secret/" + string(id) + "/" + string(user)
}
