// Package federation is login through providers: Google, Microsoft, any OpenID provider.
//
//	Begin ─► attempt, sealed in a cookie of the browser (nothing is stored) ─► provider ─► Callback
//	Callback: attempt of this browser ─► provider.Complete ─► one transaction: identity, address, account ─► domain.Assertion.Judge
//	            ├─ login, new account, takeover, link ─► code ─► Exchange ─► signin.Begin
//	            └─ refused, but the person may go on ─► continuation ─► Complete: by a login to the account, or a mailed code
//	Link ─► ticket ─► Begin of that person ─► Callback ─► continuation ─► Complete with their bearer
//
// The outcome of a state is one row, whose id is derived from the state, so it can happen only once. A callback that comes twice (Discord
// sends two, people go back, links are clicked twice) gets the answer of the first, and leads to one code and one session.
package federation
