package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// patience bounds one exchange.
const patience = 15 * time.Second

// client is one keep-alive connection. It writes requests that were encoded before and parses no more than it must: on a
// small machine the time that a client takes is time that the server waits for. Not for concurrent use.
type client struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
	body bytes.Buffer
}

// answer is what came back; body is valid until the next call.
type answer struct {
	status int
	body   []byte
}

func newClient(base string) (*client, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	return &client{addr: u.Host}, nil
}

func (c *client) do(request []byte) (answer, error) {
	if c.conn == nil {
		conn, err := net.DialTimeout("tcp", c.addr, patience)
		if err != nil {
			return answer{}, err
		}
		c.conn, c.in = conn, bufio.NewReader(conn)
	}
	a, last, err := c.exchange(request)
	if err != nil || last {
		c.close()
	}
	return a, err
}

func (c *client) exchange(request []byte) (a answer, last bool, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return a, false, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return a, false, err
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return a, false, err
	}
	defer func() { _ = response.Body.Close() }()
	c.body.Reset()
	if _, err := io.Copy(&c.body, response.Body); err != nil {
		return a, false, err
	}
	return answer{response.StatusCode, c.body.Bytes()}, response.Close, nil
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// call sends one request and reads the JSON of its answer into result, which may be nil. Any status but want is an error.
func (c *client) call(request []byte, want int, result any) error {
	a, err := c.do(request)
	if err != nil {
		return err
	}
	if a.status != want {
		return fmt.Errorf("answer %d, want %d: %s", a.status, want, a.body)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(a.body, result)
}

// get and post encode requests; bearer may be empty.
func get(path, bearer string) []byte { return encode(http.MethodGet, path, bearer, "", nil) }

func post(path string, body any) []byte { return postAs("", path, body) }

func postAs(bearer, path string, body any) []byte {
	content, err := json.Marshal(body)
	if err != nil {
		panic(err) // ours: maps and lists of strings
	}
	return encode(http.MethodPost, path, bearer, "application/json", content)
}

// postForm is a call of the OAuth endpoints.
func postForm(path string, form url.Values) []byte {
	return encode(http.MethodPost, path, "", "application/x-www-form-urlencoded", []byte(form.Encode()))
}

func encode(method, path, bearer, media string, body []byte) []byte {
	var b bytes.Buffer
	b.WriteString(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: signet-load\r\nAccept: application/json\r\n")
	if bearer != "" {
		b.WriteString("Authorization: Bearer " + bearer + "\r\n")
	}
	if body != nil {
		b.WriteString("Content-Type: " + media + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}
