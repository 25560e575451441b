// Package federation is login through providers: Google, Microsoft, any OpenID provider.
//
//	Begin ─► attempt, sealed in a cookie of the browser (nothing is stored) ─► provider ─► Callback
//	Callback: attempt of this browser ─► provider.Complete ─► one transaction: identity, address, account ─► domain.Assertion.Judge
//	            ├─ login, new account, takeover, link ─► code ─► Exchange ─► signin.Begin
//	            └─ refused, but the person may go on ─► continuation ─► Complete: by a login to the account, or a mailed code
//	Link ─► ticket ─► Begin of that person ─► Callback ─► continuation ─► Complete with their bearer
//
// What must happen once is one row: the outcome of a state, whose id follows from the state. So a callback that comes twice (Discord
// sends two, people go back, links are clicked twice) is answered as the first was, and one code and one session come of it.
package federation
