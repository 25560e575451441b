package run

import (
	"errors"
	"fmt"

	"github.com/signet-auth/signet/adapters/bunsql/flask"
	"github.com/signet-auth/signet/app/service"
	"github.com/signet-auth/signet/domain"
)

// flaskService is what a service of the Flask service is here.
type flaskService struct {
	id    domain.ServiceID
	key   string
	fresh bool // this run made it, or would
}

// maxText is what a description has at most; more is cut.
const maxText = 500

func (m *flaskImport) takeServices() error {
	m.services = map[string]flaskService{}
	for _, s := range m.rest.Services {
		if domain.Fold(s.Name) == domain.PlatformKey {
			m.services[s.ID] = flaskService{id: domain.PlatformID, key: domain.PlatformKey}
			continue
		}
		id := idOf[domain.ServiceID](m, "services", s.ID)
		known, err := m.Services.Get(m.ctx, domain.System(), string(id))
		switch {
		case err == nil:
			m.there["services"]++
			m.services[s.ID] = flaskService{id: id, key: known.Key}
			if err := m.switchOff(s, known); err != nil {
				return err
			}
		case !errors.Is(err, domain.ErrNotFound):
			return err
		default:
			if err := m.takeService(s, id); err != nil {
				return err
			}
		}
		if _, taken := m.services[s.ID]; taken {
			if err := m.remember("services", s.ID, string(id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeService makes one that is not there. Its key is made of its name, since nothing else names it at the Flask service.
func (m *flaskImport) takeService(s flask.Service, id domain.ServiceID) error {
	what, text := "service "+shown64(s.Name), domain.Clip(domain.Line(s.Description), maxText)
	planned, err := domain.NewService(id, domain.KeyFor(domain.Line(s.Name), "service-"+string(id[:8])), domain.Line(s.Name), text, m.Base.System.Now())
	if err == nil {
		for _, ref := range []string{planned.Key, planned.Name} {
			if _, taken := m.Services.Get(m.ctx, domain.System(), ref); taken == nil {
				err = domain.ErrNameTaken.Saying("its name, or the key that is made of it, is another service's here")
			}
		}
	}
	if err == nil && !m.DryRun {
		planned, err = m.Services.Create(m.ctx, service.CreateInput{Actor: domain.System(), ID: id, Name: s.Name, Description: text})
		if err == nil {
			err = m.switchOff(s, planned)
		}
	}
	if err != nil {
		return m.refused(what, err)
	}
	m.done["services"]++
	m.services[s.ID] = flaskService{id: id, key: planned.Key, fresh: true}
	return nil
}

// switchOff leaves a service alone that was switched here: somebody wants it on.
func (m *flaskImport) switchOff(s flask.Service, here domain.Service) error {
	if s.Active || m.DryRun || !here.IsActive() || !here.ActivatedAt.IsZero() {
		return nil
	}
	off := false
	_, err := m.Services.Update(m.ctx, service.UpdateInput{Actor: domain.System(), Service: string(here.ID), Change: domain.ServiceChange{Active: &off}})
	return err
}

// refused says why something is not taken, unless that is a failure of ours, which ends the run.
func (m *flaskImport) refused(what string, err error) error {
	text := domain.TextOf(err)
	if errors.Is(err, domain.ErrUnavailable) || text == "" {
		return err
	}
	m.leave(what, text)
	return nil
}

// shown64 is a name that somebody chose, as it may be printed.
func shown64(name string) string { return fmt.Sprintf("%q", domain.Clip(name, 64)) }
