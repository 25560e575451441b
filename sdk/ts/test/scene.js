// A verifier without network: its Signet, its clock and its tokens.
import { createVerifier } from "../dist/index.js";
import { SigningKey } from "../dist/testing/signing_key.js";
import { FakeClock } from "./fake_clock.js";
import { FakeSignet } from "./fake_signet.js";

const url = "https://auth.example.com";
const key = new SigningKey();
let made = 0;

export class Scene {
  clock = new FakeClock();
  signet = new FakeSignet(url);
  lines = [];

  constructor(options = {}) {
    this.signet.jwks = { body: { keys: [key.jwk] } };
    const say = (level) => (line) => this.lines.push(`${level} ${line}`);
    const log = { info: say("info"), warn: say("warn"), error: say("error") };
    this.verifier = createVerifier({
      issuer: url, audience: "billing", appToken: "sgat_1", clock: this.clock, transport: this.signet.transport, log, ...options,
    });
  }

  // following is a scene whose stream is ready.
  static async following(options) {
    const scene = new Scene(options);
    scene.signet.stream.opens = true;
    await scene.moveBy(0);
    scene.signet.say("ready", { cs: 10 }, "id-10");
    await scene.clock.settle();
    return scene;
  }

  async moveBy(seconds) {
    await this.clock.moveTo(this.clock.elapsed() + seconds * 1000);
  }

  // until waits for what takes real time, such as a signature.
  async until(true_) {
    while (!true_()) await this.clock.settle();
  }

  token(claims = {}, by = key) {
    const now = Math.floor(this.clock.now() / 1000);
    return by.token({
      iss: url, sub: "u-1", aud: "billing", exp: now + 900, iat: now, nbf: now, jti: `j-${made++}`, client_id: "signet", sid: "s-1", cs: 10,
      permissions: ["invoice:read"], roles: [], ...claims,
    });
  }
}

export const outcome = (promise) => promise.then(() => "accept", (error) => error.reason ?? error.code);
