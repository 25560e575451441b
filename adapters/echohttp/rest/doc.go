// Package rest is the JSON resources of the API, one file each: the routes, and the mapping between the bodies of package api and the
// inputs and outputs of use cases.
//
// The flow of a call: the kernel (package echohttp) has decoded, validated and authenticated; a method of the resource fills
// the input, calls the use case, and maps its output to a body. An error goes back as it is: the kernel knows its status.
package rest
