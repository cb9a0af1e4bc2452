import net from "node:net";

/** One HTTP/1.1 connection that is kept: one request at a time, and little work about it, as its processor is shared. */
export class Connection {
  private readonly socket: net.Socket;
  private received = "";
  private answered: ((body: string) => void) | null = null;
  private failed: ((error: Error) => void) | null = null;

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.take(text));
    socket.on("error", (error) => this.failed?.(error));
    socket.on("close", () => this.failed?.(new Error("the server closed the connection")));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, "127.0.0.1", () => resolve(new Connection(socket)));
      socket.once("error", reject);
    });
  }

  /** Sends a request, head and body, and resolves to the body of its answer. Rejects unless that is a 200. */
  send(head: string, body: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.answered = resolve;
      this.failed = reject;
      this.socket.cork();
      this.socket.write(head, "latin1");
      this.socket.write(body);
      this.socket.uncork();
    });
  }

  close(): void {
    this.failed = null;
    this.socket.destroy();
  }

  private take(text: string): void {
    this.received += text;
    const end = this.received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = /content-length: (\d+)/i.exec(this.received)?.[1];
    if (length === undefined || this.received.length < end + 4 + Number(length)) return;
    const whole = this.received;
    this.received = "";
    if (whole.startsWith("HTTP/1.1 200")) this.answered?.(whole.slice(end + 4));
    else this.failed?.(new Error(`refused: ${whole}`));
  }
}

export function headOf(path: string, type: string, length: number): string {
  return `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
}
