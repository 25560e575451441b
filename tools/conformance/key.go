package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
)

// Key is a test key, private half included: it protects nothing.
type Key struct {
	KID     string            `json:"kid"`
	Alg     string            `json:"alg"`
	Public  map[string]string `json:"public"`
	Private map[string]string `json:"private"`

	signer crypto.Signer
}

// keys are a and b for ES256, c for RS256, d for EdDSA; weak is too short for RS256, and x is never published.
var keys = map[string]Key{
	"a": onCurve("GjlVlZTjrCmMoWVvOhPxbZOFFMzkr2BI3eAlBQKS31E"),
	"b": onCurve("zcO-j1WCjTurAcjmo_MOPxbtW_Z28bgn3-q8Jxyku8U"),
	"x": onCurve("e7b4ilMv5T-EKyQV0k6jX2PCz6QxEjFsaNqgcGeJjcY"),
	"d": edwards("sxMblNdWL_KHneRw-UwZpYKM8cD47w22TSk3b4kptjs"),
	"c": ofRSA("MIIEpAIBAAKCAQEAuEzvvNTO6j+nC2AKknoMPnCvvj5rqzxd1SeHuDnv7qpQmRZ/DASQIzZvjanTEDnF55ZbV33vZ7BF/NbgmZlx159bqi66h4VC" +
		"QpuQHP+uZMcwU6E1bbg8EnU+YBBIHVl4ueB8ZASvbcNtm4kNXLnBkfcUyefXbB0p/g9DK0kJCu7u52ApMNcX0iRxv98GJ1ChPC00iLagBMaB2B5JIg/ZvMhR" +
		"cdwp2I1tIYGw38LZ4oz8rVjL8qNdhccZxAGT29mHRb2NxjRRd+tJtcR8RrTKLr/3Yve7gLMHG9XiouHzZVPnUJ4Ubdnt5cdPkrJGuc3alqr0vjlELWYClky+" +
		"C64MIQIDAQABAoIBAFoYkmI3jmeJcnnnG4P70hx8Lg3Mqgnt2tknF/wBpr9/1yLfkoAngucT53jTenDGLW9HW6Pr1qtTywMNcILmNnb4WnFZoqo5hOjW756d" +
		"h32QuplHh7z5gbRsSG/hxb9DS/diPK0QdUotbVnJqBSaYnye0zTY98DMiQjAIU/5xkfnLV4+e+KJh8NRQ4eSf+smOkv+6XFJYbLe/Ox6B9SJGzZ0U73nHKUf" +
		"R2Ok+f5WyHuw5qjTT+dMgNfcYIAddCA1B1p87c4YiWdhKjSKJ/wIhoMQ0Mp25IwaYJylRrOXf6NfsrmCK0qDUg76nB9Zx4sbRRuq+siNzAYtdQNHgBvgAvkC" +
		"gYEA6Du6lPuX4i1ZvCoqBlUgYNXLxV1vM2Sbm5oad9syGihtYw0Ntljb5zU+eGG/QuIjhBqHbhWlm0WKW1TEcY5AzOhd7sYEyFFg+zaRKFcmn/8yL78kwIE2" +
		"r8er2uM3JrzOEy44cM2J3xEI2gNPktwBk18p4cmRhFuHG4OJWtDjfsMCgYEAyylrKtIrU6Y4z9Gmz+3BLAGgZ2qrTD7/Wkz7Q+NgeaJTh8s0vcbXcSf7EbpN" +
		"4Qmzrx5xuvrTFpyhOst/Y68myWw3ttH7WIFGpXO1DsCdcDOuq4DL2Ed9Imxkbh2+8RJzRh4LBTeFMLVaFu/Q2kcXJcbqzQbF6raMHIYgSknL40sCgYEAqyra" +
		"6tRFrj8e1MF/GAvGQZlTB7VGMOsGhjmfKJg25XDGryr/4Fa+PjvQP4pMHk/vPX8QMuNhnIA06fwgjlH7EQxzr3nkLIFOqdoeQ014+pRtuSN5Qyn51LWmxT6T" +
		"d8nRWfHHR902sWMs0wN9sxDVWHnbtL+MsbGEc5MPuhAcnWECgYAIb1rMt1cnLPKU5k53uZZYnmSrholALClr9WBFTE54Hl47eBtjebr+LrvE26haHI4CSlBM" +
		"hBd5i91B1KsgV2hT2pNhmsxFu3BUdD5jM2oV+39YDYvpGea/JCLzU3bXCX4RvjOU7t4vzIfGBgT02xjB78VV598VxKiCkqsKio/ViwKBgQCqfTgQa/+UmvMZ" +
		"c2DqttgzbQPkDEg14gCJ2MwreDnHdMdDKO41mnqpDy2RSxgjT32aE9twLbgjcy3WnITb2w0DYFJ/KcOYFTQrzzlpGm8xUe7iuKh0e49MR88oQq1eNCOLUHQ6" +
		"zWI7C2bJlsJv5oZS3fOb0bOfVxjlMYziBWX56Q=="),
	"weak": ofRSA("MIICXQIBAAKBgQDDUi5hV16ZDuDHQ67oyV+fI68W23/3JY18+YTOl8mBbJiLZ86j5woB7Wg3DnrELEkEOrjRSvsA6bdMsjF9/os0XfE89OFDXaMi" +
		"f4Xq+xIASUgwfdxjskfMxmZpVOmlIcJsAJq6TZR0F5CnlK8h2sU4GXRdpV5ZgKSDvr3wybwVBQIDAQABAoGAAbGNeeYYSaL1o3ysgFO4qshULRJPqHywnqAK" +
		"PQFXa7Idm33Vrpmi/lPI5stPGLLamjkJH7Vy+jXMk1NrNvC1U8XAbPWBu812Z32tVo7hEmDjPU8r5lNt2/EKuZdqyGz18F43AVXZwF/5EzzW72axnM/k3+OC" +
		"cQAgkse/pdqIWRECQQD/EyylBpSRUwbZdwEwFR7pPaqr621f11xKFg/u8wgA1T07BYS+3G695gthhK0M0lMITZ3QqVXa4K9bxQEA4HJRAkEAxAeHKc/04ERq" +
		"c1c54pSyinK55MSzf76MPH4D9qHge200G8yZTAE9OXpPpvsLcMzv4EzNZfWLcbLAiCvpDu72dQJBAJ4zf0IPFcAYdawU0ijHQLe6posgZmLGCJhunI1AMJuL" +
		"pgFgR9e0kf63miFuj4HfRN5mfVX4YKZzKm/JfPjVPDECQDPiUjIM6qFZOlug4J9KAB+I0g7syR2sj22LZP0oR0Qj2UDqXECzq0LFTsPBenu2ol7ZtRuha/EC" +
		"ANeJ17uuH+kCQQCGrDMKk1mC29hmI8nkt3LsNsCSRQcqZpSxXZ4yMz+gZUh0xjHrg7Vq4ekuai9L5u99eVUvv2nt2qLSZqGJp/rH"),
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err) // the table is wrong, which its test would tell
	}
	return value
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func unb64(s string) []byte { return must(base64.RawURLEncoding.DecodeString(s)) }

func onCurve(scalar string) Key {
	private := must(ecdsa.ParseRawPrivateKey(elliptic.P256(), unb64(scalar)))
	point := must(private.PublicKey.Bytes()) // 4, x, y
	return finish("ES256", private, map[string]string{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
		map[string]string{"d": scalar})
}

func edwards(seed string) Key {
	private := ed25519.NewKeyFromSeed(unb64(seed))
	public := b64(private[ed25519.SeedSize:])
	return finish("EdDSA", private, map[string]string{"kty": "OKP", "crv": "Ed25519", "x": public}, map[string]string{"d": seed})
}

func ofRSA(der string) Key {
	private := must(x509.ParsePKCS1PrivateKey(must(base64.StdEncoding.DecodeString(der))))
	return finish("RS256", private, map[string]string{"kty": "RSA", "n": b64(private.N.Bytes()), "e": b64(big.NewInt(int64(private.E)).Bytes())},
		map[string]string{
			"d": b64(private.D.Bytes()), "p": b64(private.Primes[0].Bytes()), "q": b64(private.Primes[1].Bytes()),
			"dp": b64(private.Precomputed.Dp.Bytes()), "dq": b64(private.Precomputed.Dq.Bytes()), "qi": b64(private.Precomputed.Qinv.Bytes()),
		})
}

// finish gives the key its RFC 7638 thumbprint as kid, as Signet does.
func finish(alg string, signer crypto.Signer, public, secret map[string]string) Key {
	sum := sha256.Sum256(must(json.Marshal(public))) // Go sorts the names, as the RFC wants
	k := Key{KID: b64(sum[:]), Alg: alg, Public: map[string]string{}, Private: map[string]string{}, signer: signer}
	for name, value := range public {
		k.Public[name], k.Private[name] = value, value
	}
	maps.Copy(k.Private, secret)
	for _, jwk := range []map[string]string{k.Public, k.Private} {
		jwk["kid"], jwk["alg"], jwk["use"] = k.KID, alg, "sig"
	}
	return k
}
