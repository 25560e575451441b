package signet

import (
	"fmt"
	"regexp"
	"strings"
)

const maxPermission = 200

var permissionForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*(:[a-z0-9][a-z0-9._-]*)+$`)

// ownPermission is the short name of a permission of this service. A name that can't be one is a mistake in the program: as a refusal it
// would be noticed by the users.
func ownPermission(name, audience string) (string, error) {
	short := name
	if service, rest, full := strings.Cut(name, "/"); full {
		if service != audience {
			return "", fmt.Errorf("signet: the permission %q is another service's, this one is %q (Audience)", name, audience)
		}
		short = rest
	}
	if len(short) > maxPermission || !permissionForm.MatchString(short) {
		return "", fmt.Errorf("signet: %q is no permission: it is a resource and an action without wildcards, such as invoice:read", name)
	}
	return short, nil
}
