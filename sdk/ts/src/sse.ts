// ServerEvent is one event of text/event-stream.
export interface ServerEvent {
  event: string;
  data: string;
  id: string | undefined;
}

const maxLine = 65_536;

// EventReader reads the format of server-sent events, as the HTML standard has it, from bytes in any pieces.
export class EventReader {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #rest = "";
  #event = "";
  #data: string[] = [];
  #id: string | undefined;

  // read gives the events that a piece completes.
  read(piece: Uint8Array): ServerEvent[] {
    const lines = (this.#rest + this.#decoder.decode(piece, { stream: true })).split("\n");
    this.#rest = lines.pop()!;
    if (this.#rest.length > maxLine) throw new Error(`a line of the stream is longer than ${maxLine} bytes`);
    const events: ServerEvent[] = [];
    for (const line of lines) {
      const event = this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (event) events.push(event);
    }
    return events;
  }

  #line(line: string): ServerEvent | undefined {
    if (line === "") return this.#end();
    const colon = line.indexOf(":"); // a comment begins with it, and so has no name
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "event") this.#event = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id") this.#id = value;
    return undefined;
  }

  #end(): ServerEvent | undefined {
    const event = this.#data.length > 0 ? { event: this.#event || "message", data: this.#data.join("\n"), id: this.#id } : undefined;
    this.#event = "";
    this.#data = [];
    this.#id = undefined;
    return event;
  }
}
