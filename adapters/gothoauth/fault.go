package gothoauth

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/oauth2"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

func (c *client) fault(step provider.Step, code, remedy string, err error) *provider.Fault {
	return &provider.Fault{Provider: c.info.Name, Step: step, Code: code, Remedy: remedy, Err: err}
}

// failed is the error of an answer that can't be used.
func (c *client) failed(step provider.Step, code, remedy string, err error) error {
	return domain.ErrProviderFailed.Because(c.fault(step, code, remedy, err))
}

func (c *client) unavailable(step provider.Step, code, remedy string, err error) error {
	return domain.ErrProviderUnavailable.Because(c.fault(step, code, remedy, err))
}

// callFailed classifies the failure of the last call by what the transport saw. setting names the setting to change when the provider
// redirects; it may be empty.
func (c *client) callFailed(step provider.Step, last *calls, setting string) error {
	code := strconv.Itoa(last.status)
	switch {
	case errors.Is(last.err, errTooLong):
		return c.failed(step, "too_long", "", errTooLong)
	case errors.Is(last.err, errInsecure):
		return c.failed(step, "insecure", "the provider must name https addresses", errInsecure)
	case last.err != nil:
		return c.networkFailed(step, last.err)
	case last.status >= http.StatusInternalServerError, last.status == http.StatusTooManyRequests:
		return c.unavailable(step, code, "", nil)
	case last.status >= 300 && last.status < 400:
		remedy := ""
		if setting != "" && last.location != "" {
			remedy = "it redirects to " + last.location + ": set " + setting + " to the address that does not"
		}
		return c.failed(step, code, remedy, nil)
	case last.status == http.StatusOK || last.status == 0:
		return c.failed(step, "unreadable", "", nil)
	}
	return c.failed(step, code, "", nil)
}

// networkFailed repeats errors of this machine, but no text from outside: net/http quotes malformed answers.
func (c *client) networkFailed(step provider.Step, err error) error {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		network     *net.OpError
		name        *net.DNSError
	)
	switch {
	case errors.Is(err, errOpen):
		return c.unavailable(step, "not_asked", "", errOpen)
	case errors.Is(err, context.Canceled):
		return c.unavailable(step, "cancelled", "", context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return c.unavailable(step, "timeout", "", context.DeadlineExceeded)
	case errors.As(err, &certificate):
		return c.unavailable(step, "certificate", "name the certificate of its authority in SSL_CERT_FILE", certificate.Err)
	case errors.As(err, &record):
		return c.unavailable(step, "tls", "", errors.New("it does not speak TLS there"))
	case errors.As(err, &name):
		return c.unavailable(step, "network", "", errors.New("its host is not known here"))
	case errors.As(err, &network):
		return c.unavailable(step, "network", "", errors.New(network.Op+": "+network.Err.Error()))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return c.unavailable(step, "network", "", errors.New("it closed the connection"))
	}
	return c.unavailable(step, "network", "", errors.New("the connection broke"))
}

// The OAuth error codes that may be repeated (RFC 6749 §4.1.2.1 and §5.2, OIDC Core §3.1.2.6, and providers' own). Any other code may be
// forged in a callback, so it is not repeated.
var (
	deniedCodes = []string{
		"access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required",
		"user_cancelled_authorize", "user_cancelled_login", "unauthorized", // the last by Auth0, of people who are blocked there
	}
	awayCodes  = []string{"temporarily_unavailable", "server_error"}
	otherCodes = []string{
		"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "unsupported_response_type",
		"invalid_scope", "invalid_resource", "request_not_supported", "registration_not_supported",
		"redirect_uri_mismatch", "incorrect_client_credentials", "bad_verification_code", "application_suspended", "unverified_user_email",
		"org_internal", "admin_policy_enforced", "disallowed_useragent", "deleted_client",
	}
)

func knownCode(code string) string {
	if slices.Contains(deniedCodes, code) || slices.Contains(awayCodes, code) || slices.Contains(otherCodes, code) {
		return code
	}
	return "unknown_error"
}

// aadsts matches the number of a Microsoft error within the description.
var aadsts = regexp.MustCompile(`AADSTS([0-9]{4,8})`)

// notAssigned is Microsoft's number for a person who is not assigned to the application.
const notAssigned = "AADSTS50105"

// microsoftCode is the number in a description, empty for other providers and without one.
func (c *client) microsoftCode(description string) string {
	if c.options.Kind != Microsoft || len(description) > 8<<10 {
		return ""
	}
	return aadsts.FindString(description)
}

// refused classifies an error of the provider at the callback or the exchange.
func (c *client) refused(step provider.Step, code, description string) error {
	number := c.microsoftCode(description)
	told := number
	if told == "" {
		told = knownCode(code)
	}
	remedy := c.remedy(told)
	if remedy == "" {
		remedy = c.remedy(knownCode(code))
	}
	switch {
	case number == notAssigned:
		return domain.ErrAccountNotAllowed.Because(c.fault(step, number, remedy, nil))
	case slices.Contains(deniedCodes, code) || strings.HasPrefix(code, "user_cancelled_"):
		if remedy == "" {
			return domain.ErrAccessDenied
		}
		return domain.ErrAccessDenied.Because(c.fault(step, told, remedy, nil))
	case slices.Contains(awayCodes, code):
		return c.unavailable(step, told, remedy, nil)
	}
	return c.failed(step, told, remedy, nil)
}

// remedy is what an operator can do about an error.
func (c *client) remedy(code string) string {
	p := c.options.Prefix
	switch code {
	case "redirect_uri_mismatch", "AADSTS50011", "AADSTS500112":
		return "register the redirect URI " + c.info.Callback + " there, letter for letter"
	case "AADSTS9002327", "AADSTS9002325", "AADSTS9002326":
		return "register the redirect URI " + c.info.Callback + " under the platform Web, not SPA"
	case "AADSTS7000215":
		return p + "_CLIENT_SECRET must be the secret's value, not its id"
	case "AADSTS7000222":
		return "the client secret has ended: make another one and set " + p + "_CLIENT_SECRET"
	case "AADSTS700016", "AADSTS90002":
		return "check " + p + "_CLIENT_ID and " + p + "_TENANT: there is no such application in that tenant"
	case "AADSTS50194":
		return "set " + p + "_TENANT to the tenant's id: the application is of one tenant"
	case "AADSTS65001", "AADSTS90094", "consent_required":
		return "consent is missing: an administrator there can give it for all"
	case notAssigned:
		return "assign the person or their group to the application, or require no assignment"
	case "invalid_client", "incorrect_client_credentials", "unauthorized_client", "deleted_client":
		if c.options.Kind == Apple {
			return "check APPLE_CLIENT_ID, APPLE_TEAM_ID, APPLE_KEY_ID and APPLE_PRIVATE_KEY, and this machine's clock"
		}
		remedy := "check " + p + "_CLIENT_ID and " + p + "_CLIENT_SECRET: they are wrong, or the secret has ended"
		if c.options.Kind == OIDC {
			remedy += "; or the client takes it another way (" + p + "_TOKEN_AUTH)"
		}
		return remedy
	case "invalid_scope":
		return "check " + p + "_SCOPES"
	case "unsupported_response_type":
		return "allow the authorization code flow there"
	case "application_suspended":
		return "the application is suspended there"
	}
	return ""
}

// exchangeFailed classifies a failed exchange: first by what the transport saw, then by the OAuth error. It does not repeat the body.
func (c *client) exchangeFailed(last *calls, err error) error {
	refusal, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok || last.err != nil || last.status >= 500 || last.status == http.StatusTooManyRequests || last.status >= 300 && last.status < 400 {
		setting := ""
		if c.options.Kind == GitHub {
			setting = c.options.Prefix + "_URL"
		}
		return c.callFailed(provider.StepExchange, last, setting)
	}
	code, description := refusal.ErrorCode, refusal.ErrorDescription
	if code == "" && c.options.Kind == Facebook {
		return c.facebookExchangeFailed(refusal.Body)
	}
	if code == "" {
		return c.failed(provider.StepExchange, strconv.Itoa(last.status), "", nil)
	}
	return c.refused(provider.StepExchange, code, description)
}
