// Package service manages the services whose users, roles and tokens Signet keeps.
//
//	create ─► service + service account + reserved permissions + roles admin, user, readonly
//	off     ─► unknown as an audience; its tokens and grants count for nobody, within a second; on: what was not revoked counts again
//	delete  ─► gone at once, its key taken for good; the janitor purges what it owned
package service
