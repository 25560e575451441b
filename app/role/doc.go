// Package role keeps the roles of services: named sets of patterns, which may include other roles of the same service.
//
//	edit ─► lock the service ─► resolve names ─► closure before and after ─► does the actor cover the difference? ─► cycles, depth,
//	limits ─► write ─► pv of the service: one row and one change, however many hold the role
package role
