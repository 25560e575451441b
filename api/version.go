package api

// Version is that of the API and of the packages that call it, which is the server's. tools/version.sh raises it, before a release.
const Version = "0.0.0"
