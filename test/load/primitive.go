package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"os"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Primitives are measured in this process, as the server's costs are: by its CPU time, while nothing else runs in it. Budgets
// that contain one are judged by what it costs here and now.

// bcryptCPU is one comparison of a password.
func bcryptCPU(cost int, d time.Duration) (time.Duration, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		return 0, err
	}
	return cpuOf(d, func() error { return bcrypt.CompareHashAndPassword(hash, []byte(password)) })
}

// es256CPU is one signature and one verification (RFC 7518 §3.4).
func es256CPU(d time.Duration) (sign, verify time.Duration, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return 0, 0, err
	}
	digest := sha256.Sum256([]byte(password))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return 0, 0, err
	}
	sign, err = cpuOf(d/2, func() error {
		_, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	verify, err = cpuOf(d/2, func() error {
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], signature) {
			return errors.New("the signature does not verify")
		}
		return nil
	})
	return sign, verify, err
}

// cpuOf repeats something for a while and divides the CPU time that went into it.
func cpuOf(d time.Duration, something func() error) (time.Duration, error) {
	before, err := usageOf(os.Getpid())
	if err != nil {
		return 0, err
	}
	count := time.Duration(0)
	for end := time.Now().Add(d); time.Now().Before(end); count++ {
		if err := something(); err != nil {
			return 0, err
		}
	}
	after, err := usageOf(os.Getpid())
	return (after.own - before.own) / count, err
}
