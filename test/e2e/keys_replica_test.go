package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// TestARevokedKeyIsRefusedByEveryReplica is `signet keys revoke` beside two replicas, neither of which is told by it directly. Not
// parallel, like the other tests about time.
func TestARevokedKeyIsRefusedByEveryReplica(t *testing.T) {
	for name, env := range map[string]map[string]string{"with Redis": nil, "without Redis": {"REDIS_URL": ""}} {
		t.Run(name, func(t *testing.T) {
			a := testkit.Start(t, testkit.Options{Backends: testkit.Production, Env: env})
			b := a.Replica(nil)
			settled(a, b)
			account, stolen := a.NewAccount(), activeKey(a.Record())
			in := a.Client().Login(account)
			for _, s := range []*testkit.Server{a, b} {
				s.Client().Me(in.Access).Want(http.StatusOK, "") // remembered
			}
			unseen := a.Client().Login(account).Access

			signet(t, cheaply(a.Env), "", "keys", "revoke", stolen).want(t, 0, stolen, "is revoked", "signs now")
			revoked := time.Now()
			for _, s := range []*testkit.Server{b, a} {
				wantRefused(t, s, "a revoked key", in.Access)
				if took := time.Since(revoked); took > promise {
					t.Errorf("the second replica refuses it after %s", took)
				}
				s.Client().Me(unseen).Want(http.StatusUnauthorized, "token_invalid")
				if slices.Contains(published(s.Client()), stolen) {
					t.Error("it is published")
				}
			}
			signs := activeKey(a.Record())
			for _, s := range []*testkit.Server{b, a} { // nobody is logged out
				answer := s.Client().Refresh(in.Refresh).Want(http.StatusOK, "")
				in.Access, in.Refresh = answer.Text("access_token"), answer.Text("refresh_token")
				if kid := signedBy(t, in.Access); kid != signs || kid == stolen {
					t.Errorf("%s signs, not %s", kid, signs)
				}
				a.Client().Me(in.Access).Want(http.StatusOK, "")
				b.Client().Me(in.Access).Want(http.StatusOK, "")
			}
		})
	}
}
