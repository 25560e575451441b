// Package service keeps the services of the fleet: those whose users, roles and tokens Signet looks after.
//
//	create ─► service + service account + reserved permissions + roles admin, user, readonly
//	off     ─► unknown as an audience; its tokens and grants count for nobody, within a second; on: what was not revoked counts again
//	delete  ─► gone at once, its key taken for good; the janitor purges what it owned
package service
