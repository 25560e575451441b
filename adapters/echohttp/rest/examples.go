package rest

import _ "embed"

// Guide is the text before the operations in the document, in Markdown.
//
//go:embed guide.md
var Guide string

// Examples are bodies for the document, by operation. They tell one story, which begins as in the README. Words in capitals stand for
// values from an earlier answer or a mail.
var Examples = map[string]string{ //nolint:gosec // an id that belongs to nobody
	"register":           `{"email": "ada@example.com", "password": "correct horse battery", "first_name": "Ada"}`,
	"verifyEmail":        `{"email": "ada@example.com", "code": "THE CODE"}`,
	"resendVerification": `{"email": "ada@example.com"}`,

	"login":   `{"email": "ada@example.com", "password": "correct horse battery"}`,
	"refresh": `{"refresh_token": "THE REFRESH TOKEN"}`,
	"logout":  `{}`,

	"verifyFactor": `{"challenge": "THE CHALLENGE", "code": "287 082"}`,
	"stepUp":       `{"code": "287082"}`,
	"enrolTotp":    `{"name": "Phone"}`,
	"confirmTotp":  `{"code": "287082"}`,
	"renameFactor": `{"name": "Old phone"}`,

	"verifyFactorOptions": `{"challenge": "THE CHALLENGE"}`,
	"undoFactors":         `{"token": "THE TOKEN OF THE LINK"}`,
	"passkeyOptions":      `{}`,
	"passkeyLogin":        `{"state": "THE STATE", "credential": ` + exampleSignature + `, "device_name": "Laptop"}`,
	"enrolKeyOptions":     `{"kind": "passkey"}`,
	"addKey":              `{"state": "THE STATE", "credential": ` + exampleCredential + `, "name": "Laptop"}`,

	"exchangeProviderCode":  `{"code": "THE CODE", "code_verifier": "THE CODE VERIFIER OF AT LEAST 43 CHARACTERS"}`,
	"completeProviderLogin": `{"continuation": "THE CONTINUATION", "email": "ada@example.com"}`,
	"providerFormCallback":  `{"code": "THE CODE OF APPLE", "state": "THE STATE"}`,
	"linkProvider":          `{"redirect_to": "http://localhost:3000/linked", "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}`,

	"updateMe":     `{"first_name": "Ada", "locale": "en-GB", "metadata": {"theme": "dark"}}`,
	"changeEmail":  `{"new_email": "ada@example.org", "password": "correct horse battery"}`,
	"confirmEmail": `{"token": "THE TOKEN"}`,
	"closeAccount": `{"password": "correct horse battery"}`,

	"changePassword": `{"current_password": "correct horse battery", "new_password": "staple that to a horse"}`,
	"forgotPassword": `{"email": "ada@example.com"}`,
	"postResetForm":  `{"new_password": "remember the battery", "repeated": "remember the battery"}`,
	"resetPassword":  `{"token": "THE TOKEN", "new_password": "remember the battery"}`,

	"createService": `{"name": "Billing", "key": "billing", "description": "Invoices and payments"}`,
	"updateService": `{"description": "Invoices, payments and reminders"}`,

	"createPermission":  `{"service_id": "billing", "name": "invoice:read", "description": "See invoices"}`,
	"updatePermission":  `{"description": "See invoices and reminders"}`,
	"createRole":        `{"name": "clerk", "permissions": ["invoice:read"]}`,
	"updateRole":        `{"permissions": ["invoice:read", "invoice:*"]}`,
	"assignRole":        `{}`,
	"assignAccountRole": `{}`,
	"assignRoleToMany":  `{"user_ids": ["0198c2a4-7b1e-7c3a-9d55-2f6e8a1b4c70"], "expires_at": "2027-01-01T00:00:00Z"}`,

	"createToken": `{"service_id": "billing", "name": "production"}`,
	"updateToken": `{"name": "production, west"}`,
	"rotateToken": `{"overlap": 3600}`,

	"check":   `{"checks": [{"user_id": "0198c2a4-7b1e-7c3a-9d55-2f6e8a1b4c70", "service": "billing", "permission": "invoice:read"}]}`,
	"explain": `{"user_id": "0198c2a4-7b1e-7c3a-9d55-2f6e8a1b4c70", "service": "billing", "permission": "invoice:read"}`,

	"oauthToken":    `{"grant_type": "client_credentials", "client_id": "billing", "client_secret": "THE APPLICATION TOKEN"}`,
	"introspect":    `{"token": "THE ACCESS TOKEN", "client_id": "billing", "client_secret": "THE APPLICATION TOKEN"}`,
	"revokeByToken": `{"token": "THE APPLICATION TOKEN", "client_id": "billing", "client_secret": "THE APPLICATION TOKEN"}`,

	"updateUser":       `{"first_name": "Augusta"}`,
	"resetUserFactors": `{"reason": "The phone was stolen; asked for by telephone, known by voice"}`,
	"disableUser":      `{"reason": "The account was stolen", "until": "2027-01-01T00:00:00Z"}`,
}

// What toJSON of a PublicKeyCredential returns.
const (
	exampleSignature = `{"id": "THE ID", "rawId": "THE ID", "type": "public-key", "response": {"clientDataJSON": "BASE64URL", ` +
		`"authenticatorData": "BASE64URL", "signature": "BASE64URL", "userHandle": "BASE64URL"}, "clientExtensionResults": {}}`
	exampleCredential = `{"id": "THE ID", "rawId": "THE ID", "type": "public-key", "response": {"clientDataJSON": "BASE64URL", ` +
		`"attestationObject": "BASE64URL", "transports": ["internal"]}, "clientExtensionResults": {}}`
)
