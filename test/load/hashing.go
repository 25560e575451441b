package main

import (
	"context"
	"net/http"
	"time"
)

const (
	floodClients = 64
	floodTime    = 6 * time.Second
	floodRate    = 100 // of me, beside it
)

// hashing is what a server does at a real bcrypt cost.
type hashing struct {
	target          string
	cost            int
	primitive       time.Duration // CPU of one bcrypt, in this process
	login, register figure
	loginToBcrypt   float64
	registerTo      float64
	calm, flooded   outcome // me, alone and during the flood
	logins          outcome // the flood itself
}

// measureHashing starts fresh servers at that cost. One bcrypt is measured in the same rounds, so that a slow moment of the
// machine falls on both.
func measureHashing(ctx context.Context, o options) (all []hashing, err error) {
	targets, err := openTargets(ctx, o, o.bcrypt)
	if err != nil {
		return nil, err
	}
	defer func() {
		if stopped := stopAll(targets); err == nil {
			err = stopped
		}
	}()
	o.rate = 0 // an open loop at any rate worth the name is a flood
	for _, t := range targets {
		h := hashing{target: t.name, cost: o.bcrypt}
		if err := h.measure(ctx, o, t); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

func (h *hashing) measure(ctx context.Context, o options, t *target) error {
	var primitives []time.Duration
	var logins, registrations []sample
	var loginRatios, registerRatios []float64
	for range o.rounds {
		one, err := bcryptCPU(o.bcrypt, o.slot)
		if err != nil {
			return err
		}
		login, err := t.measure(ctx, o, t.people.login(2))
		if err != nil {
			return err
		}
		registration, err := t.measure(ctx, o, t.people.register(2))
		if err != nil {
			return err
		}
		primitives = append(primitives, one)
		logins, registrations = append(logins, login), append(registrations, registration)
		loginRatios = append(loginRatios, float64(login.cpu)/float64(one))
		registerRatios = append(registerRatios, float64(registration.cpu)/float64(one))
	}
	h.primitive = median(primitives)
	h.login, h.register = summarize("login", t.name, logins), summarize("register", t.name, registrations)
	h.loginToBcrypt, h.registerTo = median(loginRatios), median(registerRatios)
	return h.flood(ctx, t)
}

// flood asks for me at a fixed rate, first alone and then while far more people log in than can be hashed. Who is refused a
// place in the queue gets 503, as designed.
func (h *hashing) flood(ctx context.Context, t *target) (err error) {
	all, err := operations(t.people)
	if err != nil {
		return err
	}
	me := all[1]
	if h.calm, err = open(ctx, t.url, me, floodTime/2, floodRate); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		var err error
		h.logins, err = closed(ctx, t.url, t.people.login(floodClients), floodTime)
		done <- err
	}()
	time.Sleep(floodTime / 6) // until the queue is full
	h.flooded, err = open(ctx, t.url, me, floodTime*2/3, floodRate)
	if failed := <-done; err == nil {
		err = failed
	}
	return err
}

// shed is how many logins of the flood were refused for want of a place, and wrong how many failed otherwise.
func (h *hashing) shed() (shed, wrong int) {
	shed = h.logins.statuses[http.StatusServiceUnavailable]
	return shed, h.logins.failed - shed
}
