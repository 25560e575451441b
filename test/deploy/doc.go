// Package deploy holds the tests of deploy/ and docker-compose.yml that need nothing but the files. They build the example for Kubernetes
// with kustomize, read every document of the result as strictly as a cluster does, and hold it, and what the compose file mounts, against
// what the binary knows. The types of Kubernetes are many, so this is a module of its own, and the server's go.mod has none of them.
package deploy
