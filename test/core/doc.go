// Package core tests the core on a real store in a temp folder, without HTTP: races, orders of steps, and faults between two statements, which
// no client can bring about. Files are named for the folder of app/ that they are about. It is one program for all features, because each
// would link the whole core and SQLite, which takes longer than most of its tests.
package core
