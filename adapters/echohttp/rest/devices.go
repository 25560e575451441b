package rest

import (
	"context"
	"net/http"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app/factor"
	"github.com/signet-auth/signet/domain"
)

// Devices is the routes of /api/auth/devices.
type Devices struct{ Service *factor.Service }

// Mount adds the routes.
func (r *Devices) Mount(a *echohttp.API) {
	echohttp.Handle(a, http.MethodGet, "/api/auth/devices", echohttp.Op{
		ID: "listDevices", Tag: echohttp.TagFactors, Summary: "The remembered devices of the caller, newest first", Auth: echohttp.BearerAuth,
		Description: "Those on which no second factor is asked for, because POST /api/auth/mfa/verify was sent remember_device there.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.list)
	echohttp.Handle(a, http.MethodDelete, "/api/auth/devices", echohttp.Op{
		ID: "removeDevices", Tag: echohttp.TagFactors, Summary: "Forget all remembered devices of the caller", Auth: echohttp.BearerAuth,
		Description: "Sessions go on.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience},
	}, r.removeAll)
	echohttp.Handle(a, http.MethodDelete, "/api/auth/devices/{id}", echohttp.Op{
		ID: "removeDevice", Tag: echohttp.TagFactors, Summary: "Forget a remembered device of the caller", Auth: echohttp.BearerAuth,
		Description: "Sessions go on. not_found: unknown, somebody else's, or over.",
		Errors:      []*domain.Error{domain.ErrForbidden, domain.ErrWrongAudience, domain.ErrNotFound},
	}, r.remove)
}

func (r *Devices) list(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.DevicesResponse, error) {
	all, err := r.Service.Devices(ctx, caller.Actor)
	return api.DevicesResponse{Success: true, Devices: each(all, func(d domain.TrustedDevice) api.ListedDevice {
		return api.ListedDevice{TrustedDevice: deviceBody(d), Current: isCurrent(caller, d.ID)}
	})}, err
}

func deviceBody(d domain.TrustedDevice) api.TrustedDevice {
	return api.TrustedDevice{
		ID: string(d.ID), Class: d.Class, CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt, LastUsedAt: when(d.LastUsedAt),
	}
}

// isCurrent tells whether the cookie of the request is that of a device. Nothing is decided by it.
func isCurrent(caller echohttp.Caller, id domain.TrustedDeviceID) bool {
	presented, ok := domain.ParseDeviceToken(caller.DeviceToken(""))
	return ok && presented.ID == id
}

func (r *Devices) remove(ctx context.Context, caller echohttp.Caller, in api.RemoveDeviceRequest) (echohttp.Answer[api.MessageResponse], error) {
	answer := echohttp.Answer[api.MessageResponse]{Body: api.MessageResponse{Success: true, Message: "The device is no longer remembered"}}
	id, ok := domain.ParseID[domain.TrustedDeviceID](in.ID)
	if !ok {
		return answer, domain.ErrNotFound
	}
	if isCurrent(caller, id) {
		answer.Cookies = caller.ClearDeviceCookie()
	}
	return answer, r.Service.RemoveDevice(ctx, caller.Actor, caller.Origin, id)
}

func (r *Devices) removeAll(ctx context.Context, caller echohttp.Caller, _ struct{}) (api.RemoveDevicesResponse, error) {
	n, err := r.Service.RemoveDevices(ctx, caller.Actor, caller.Origin)
	return api.RemoveDevicesResponse{Success: true, Removed: n}, err
}
