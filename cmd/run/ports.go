package run

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// publicAddr is where the API listens.
func (c *Config) publicAddr() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// checkPorts finds out, before anything else is touched, that a port is taken. It gives the ports back until the server can serve: a client
// should be refused while migrations run, and not wait.
func (c *Config) checkPorts() error {
	var errs []error
	for setting, addr := range map[string]string{"PORT": c.publicAddr(), "ADMIN_ADDR": c.AdminAddr} {
		if addr == "off" {
			continue
		}
		on, err := net.Listen("tcp", addr) //nolint:noctx // binding does not wait
		if err == nil {
			err = on.Close()
		}
		if err != nil {
			errs = append(errs, portError(setting, addr, err))
		}
	}
	return errors.Join(errs...)
}

// portError names the setting: the error of the system knows an address and no more.
func portError(setting, addr string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: %s is taken by another program, another signet perhaps: stop it, or set %s to something else", setting, addr, setting)
	}
	return fmt.Errorf("%s: can't listen on %s: %w", setting, addr, plainly(err))
}
