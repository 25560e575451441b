package signet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxEvent is the most that one event may have: facts have 200 bytes.
const maxEvent = 64 << 10

var errEventSize = errors.New("an event of the stream is larger than 64 KiB")

// event is one of a stream (HTML standard §9.2).
type event struct {
	name, data, id string
}

// eventReader reads events. heard is called for every line, comments too.
type eventReader struct {
	lines *bufio.Reader
	heard func()
	skip  bool // a line feed that belongs to the carriage return before
}

func newEventReader(r io.Reader, heard func()) *eventReader {
	return &eventReader{lines: bufio.NewReaderSize(r, 4096), heard: heard}
}

// next is the next event that has data. An event that the end cuts off is none.
func (r *eventReader) next() (event, error) {
	var e event
	size, some := 0, false
	for {
		line, err := r.line()
		if err != nil {
			return event{}, err
		}
		r.heard()
		if size += len(line); size > maxEvent {
			return event{}, errEventSize
		}
		if len(line) == 0 {
			if some {
				return e, nil
			}
			e, size = event{}, 0
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(name) {
		case "event":
			e.name = string(value)
		case "id":
			if !bytes.Contains(value, []byte{0}) {
				e.id = string(value)
			}
		case "data":
			if some {
				e.data += "\n"
			}
			e.data, some = e.data+string(value), true
		}
	}
}

// line reads up to \n, \r or \r\n.
func (r *eventReader) line() ([]byte, error) {
	var line []byte
	for {
		b, err := r.lines.ReadByte()
		if err != nil {
			return nil, err
		}
		skip := r.skip
		r.skip = false
		switch {
		case b == '\n' && skip:
		case b == '\r':
			r.skip = true
			return line, nil
		case b == '\n':
			return line, nil
		case len(line) >= maxEvent:
			return nil, errEventSize
		default:
			line = append(line, b)
		}
	}
}
