// Package kubernetes holds the tests of deploy/kubernetes. They build the example with kustomize, read every document of the result as strictly
// as a cluster does, and hold it against what the binary knows. The types of Kubernetes are many, so this is a module of its own, and the
// server's go.mod has none of them.
package kubernetes
