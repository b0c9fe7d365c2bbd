// One file on its way to the server, in pieces; what is lost with a connection is sent again.

import { Problem, _, call, localized } from "./common.js";
import { crc32 } from "./crc32.js";

const PIECE = 32 * 1024 * 1024;
const LONGEST_PAUSE = 30;
const SPEED_SECONDS = 5;
// After these the same piece may succeed later; any other refusal is final.
const PASSING = new Set(["offline", "conflict", "too-many", "silent", "case-unreachable", "error"]);

/** A file being sent. `state`: "queued", "sending", "lost" (the server could not be reached), "waits"
 *  (it says why it takes nothing now), "paused", "stopped" or "over". */
export class Sending {
  #request = null;
  #marks = [];
  #wake = null;
  #running = false;
  #same = 0; // so many bytes of the upload are known to be the file's: compared, or sent from here

  /**
   * `upload`: what the server knows of it, null where nothing yet; `begun` gives the uploads that
   * are called like the file, and may be of it; `told` is called on changes.
   */
  constructor(file, said, upload, begun, told) {
    Object.assign(this, { file, said, upload, begun, told, state: "queued", message: "" });
    this.offset = upload?.offset ?? 0;
    this.checking = false;
  }

  get active() {
    return this.state === "sending" || this.state === "lost" || this.state === "waits";
  }

  /** Bytes a second, lately; null where nothing can be told. */
  get speed() {
    const first = this.#marks[0];
    const last = this.#marks.at(-1);
    if (!first || last.at - first.at < 300) return null;
    return ((last.offset - first.offset) * 1000) / (last.at - first.at);
  }

  /** Sends until all has come, or it is paused, cancelled or refused; goes on where it was. */
  async run() {
    this.#become("sending");
    if (this.#running) return; // it was paused for so short a time that it has not seen it
    this.#running = true;
    try {
      await this.#send();
    } finally {
      this.#running = false;
    }
  }

  async #send() {
    let ask = this.upload !== null;
    let pause = 1;
    while (this.active) {
      try {
        if (ask) this.upload = await call("GET", `/api/v1/uploads/${this.upload.id}`);
        ask = false;
        this.upload ??= await this.#find();
        if (!this.active) return undefined;
        this.upload ??= await this.#begin();
        if (!(await this.#isSame(this.upload))) {
          this.upload = null;
          this.#moved(0);
          continue;
        }
        if (this.upload.state !== "receiving") return this.#become("over");
        this.upload = await this.#piece();
        pause = 1;
        if (this.state === "waits") this.#become("sending");
      } catch (problem) {
        if (!this.active) return undefined;
        if (!(problem instanceof Problem)) throw problem;
        if (!PASSING.has(problem.kind)) return this.#refused(problem);
        ask = this.upload !== null;
        // A proxy says of a server that is away no more than its status.
        const away = problem.kind === "offline" || (problem.kind === "error" && problem.status > 500);
        this.#become(away ? "lost" : "waits", problem.message);
        await this.#wait(pause);
        pause = Math.min(2 * pause, LONGEST_PAUSE);
      }
    }
    return undefined;
  }

  pause() {
    this.#become("paused");
    this.#request?.abort();
    this.#wake?.();
  }

  async cancel() {
    this.pause();
    if (this.upload) this.upload = await call("DELETE", `/api/v1/uploads/${this.upload.id}`);
    this.#become("over");
  }

  #begin() {
    this.#same = 0;
    return call("POST", "/api/v1/uploads", { name: this.file.name, size: this.file.size, ...this.said });
  }

  /** What was begun of this very file, by a page that was closed or in another tab; else null. */
  async #find() {
    for (const { id } of this.begun()) {
      this.#same = 0;
      try {
        const upload = await call("GET", `/api/v1/uploads/${id}`);
        const isSame = upload.state === "receiving" && (await this.#isSame(upload));
        if (isSame && this.begun().some((one) => one.id === id)) return upload;
      } catch (problem) {
        // It was cancelled, or has become whole, meanwhile.
        if (problem.kind !== "not-found" && problem.kind !== "conflict") throw problem;
      }
    }
    return null;
  }

  /** Whether what has come of an upload is how this file begins. Never taken for granted: two files
   *  of the same name and size spliced into one would be footage that nobody recorded. */
  async #isSame(upload) {
    if (this.state === "lost") this.#become("sending");
    this.checking = this.#same < upload.offset;
    this.#moved(Math.min(this.#same, upload.offset));
    try {
      while (this.#same < upload.offset) {
        const [start, end] = [this.#same, Math.min(this.#same + PIECE, upload.offset)];
        const came = await call("GET", `/api/v1/uploads/${upload.id}/crc32?start=${start}&end=${end}`);
        if (crc32(await this.#read(start, end)) !== came.crc32) return false;
        if (!this.active) throw new Problem("offline", "", 0);
        this.#same = end;
        this.#moved(end);
      }
      return true;
    } finally {
      if (this.checking) this.#marks = []; // no speed of sending
      this.checking = false;
    }
  }

  /** Bytes of the file, or the reason why it cannot be sent: of a request for one that is gone a
   *  browser says no more than that it failed. */
  async #read(start, end) {
    try {
      return new Uint8Array(await this.file.slice(start, end).arrayBuffer());
    } catch {
      this.#same = 0; // another may lie there once one does
      throw new Problem("unreadable", _("The file cannot be read any more."), 0);
    }
  }

  async #piece() {
    const { id, offset } = this.upload;
    const size = this.state === "waits" ? 0 : PIECE; // first whether any would be taken
    const piece = this.file.slice(offset, offset + size);
    await this.#read(offset, offset + 1);
    if (!this.active) throw new Problem("offline", "", 0);
    const request = new XMLHttpRequest();
    this.#request = request;
    const upload = await new Promise((resolve, reject) => {
      request.open("PATCH", `/api/v1/uploads/${id}`);
      request.responseType = "json";
      request.setRequestHeader("Upload-Offset", String(offset));
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.upload.onprogress = (event) => this.#moved(offset + event.loaded);
      request.onload = () => {
        if (request.status < 300 && request.response) return resolve(request.response);
        const told = request.response?.error;
        return reject(new Problem(told?.kind ?? "error", localized(told, "message") ?? request.statusText, request.status));
      };
      request.onerror = () => reject(new Problem("offline", _("The server does not answer."), 0));
      request.onabort = () => reject(new Problem("offline", "", 0));
      request.send(piece);
    });
    this.#same = offset + piece.size;
    return upload;
  }

  #moved(offset) {
    const now = performance.now();
    if (offset < this.offset) this.#marks = [];
    this.offset = offset;
    this.#marks.push({ at: now, offset });
    while (now - this.#marks[0].at > SPEED_SECONDS * 1000) this.#marks.shift();
    this.told(this);
  }

  /** Nothing that waiting would mend; of a full disk what has come is kept. */
  async #refused(problem) {
    if (problem.kind === "no-room" || !this.upload) return this.#become("stopped", problem.message);
    try {
      this.upload = await call("GET", `/api/v1/uploads/${this.upload.id}`);
    } catch {
      // The answer that refused it says enough.
    }
    const over = this.upload.state !== "receiving";
    return this.#become(over ? "over" : "stopped", problem.message);
  }

  #become(state, message = "") {
    this.state = state;
    this.message = message;
    if (state !== "sending") this.#marks = [];
    this.told(this);
  }

  #wait(seconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      addEventListener("online", this.#wake, { once: true });
    });
  }
}
