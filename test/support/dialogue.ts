import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, type TestGateway } from './gateway.ts';
import { connectAs, plain, sessionIn, SmtpClient, type SmtpReply } from './smtp.ts';

/** A dialogue: what it shows, on which gateways, and its steps. test/dialogues/README.md describes the format. */
export interface Dialogue {
  readonly title: string;
  readonly gateways: readonly string[];
  readonly steps: readonly Step[];
}

interface Step {
  readonly line: number;
  readonly verb: string;
  readonly rest: string;
}

export function parseDialogue(text: string): Dialogue {
  const lines = text.split('\n');
  const title = lines[0]?.startsWith('# ') ? lines[0].slice(2) : undefined;
  if (title === undefined) throw new Error('a dialogue begins with a comment that says what it shows');
  const steps = lines.flatMap((line, index): Step[] => {
    if (line.trim() === '' || line.startsWith('#')) return [];
    const [, verb = '', rest = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    return [{ line: index + 1, verb, rest }];
  });
  const first = steps[0]?.verb === 'gateway' ? steps[0] : undefined;
  return { title, gateways: first?.rest.split(' ') ?? ['default'], steps: first ? steps.slice(1) : steps };
}

/** Plays a dialogue; a step that fails is named by its line. */
export async function play(dialogue: Dialogue, gateway: TestGateway, id: string): Promise<void> {
  const player = new Player(gateway, id);
  try {
    for (const step of dialogue.steps) await player.take(step).catch(named(step));
    player.checkNothingUnread();
  } finally {
    player.end();
  }
}

function named({ line, verb, rest }: Step): (error: unknown) => never {
  return (error) => {
    throw new Error(`line ${line}: ${verb} ${rest}\n${(error as Error).message}`, { cause: error });
  };
}

class Player {
  readonly #gateway: TestGateway;
  readonly #id: string;
  readonly #clients: SmtpClient[] = [];
  #session = '';
  #unread = 0;

  constructor(gateway: TestGateway, id: string) {
    this.#gateway = gateway;
    this.#id = id;
  }

  async take({ verb, rest }: Step): Promise<void> {
    const action = this.#actions[verb];
    if (!action) throw new Error(`unknown step ${verb}`);
    await action(this.#fill(rest));
  }

  checkNothingUnread(): void {
    assert.ok(this.#unread <= 0, 'a command at the end of the dialogue has no expected reply');
  }

  end(): void {
    for (const client of this.#clients) client.destroy();
  }

  readonly #actions: Readonly<Record<string, (rest: string) => void | Promise<void>>> = {
    connect: async (rest) => this.#connect(rest),
    'C:': (rest) => {
      this.#unread += 1;
      this.#client.write(`${rest}\r\n`);
    },
    'C>': (rest) => {
      this.#client.write(unescape(rest));
    },
    'S:': async (rest) => {
      this.#unread -= 1;
      const reply = await this.#client.reply();
      expectReply(reply, rest);
      if (this.#session === '') this.#session = sessionIn(reply);
    },
    silent: async (rest) => {
      const said = await this.#client.reply(Number(rest)).catch(() => undefined);
      assert.equal(said?.text, undefined, 'the server answers');
    },
    handshake: async () => this.#client.upgrade(),
    starttls: async () => {
      expectReply(await this.#client.command('STARTTLS'), '220 *');
      await this.#client.upgrade();
    },
    login: async (rest) => this.#login(rest),
    closed: async () => {
      assert.ok(await this.#client.closed(), 'the server keeps the connection open');
    },
    disappear: () => {
      this.#client.destroy();
    },
    wait: async (rest) => {
      await delay(Number(rest));
    },
    event: async (rest) => {
      await eventually(`an event ${rest}`, () => this.#hasEvent(rest));
    },
    'no-event': async (rest) => {
      await delay(300);
      assert.ok(!this.#hasEvent(rest), `there is an event ${rest}`);
    },
    log: async (rest) => {
      await eventually(`a log line ${rest}`, () => this.#logLines().some((line) => matches(line, rest)));
    },
    'no-log': (rest) => {
      const line = this.#gateway
        .log()
        .split('\n')
        .find((each) => each.includes(rest));
      assert.ok(line === undefined, `the log holds ${rest}:\n${line}`);
    },
    nowhere: (rest) => {
      const file = filesBelow(this.#gateway.dir).find((each) => contentOf(each).includes(rest));
      assert.equal(file, undefined, `a file of the gateway holds ${rest}`);
    },
    delivered: async (rest) => {
      const [, recipient = '', pattern = '*'] = /^(\S+) ?(.+)?$/.exec(rest) ?? [];
      const bytes = await eventually(`a message to ${recipient}`, () => this.#received(recipient));
      const text = bytes.toString('latin1');
      assert.ok(
        matches(text, unescape(pattern).toString('latin1')),
        `expected: ${pattern}\nreceived: ${text}`,
      );
    },
    'not-delivered': async (rest) => {
      await delay(300);
      assert.equal(this.#received(rest), undefined, `${rest} has received a message`);
    },
  };

  get #client(): SmtpClient {
    const client = this.#clients.at(-1);
    if (!client) throw new Error('nothing is connected yet');
    return client;
  }

  async #connect(rest: string): Promise<void> {
    const [listener = '', how, address] = rest.split(' ');
    const { implicit } = this.#gateway.ports;
    const ports: Readonly<Record<string, number | undefined>> = {
      ...this.#gateway.ports,
      'implicit-before-tls': implicit,
    };
    const port = ports[listener];
    if (port === undefined) throw new Error(`no listener ${listener}`);
    const options = { port, implicitTls: listener === 'implicit' };
    const client =
      how === 'as'
        ? await connectAs(address ?? '', options)
        : await SmtpClient.connect({ ...options, ...(address !== undefined && { from: address }) });
    this.#clients.push(client);
    this.#session = '';
    // A client that must begin with PROXY gets no greeting yet.
    if (how !== 'from') await this.#greeting();
  }

  async #greeting(): Promise<void> {
    const greeting = await this.#client.reply();
    expectReply(greeting, '220 *');
    this.#session = sessionIn(greeting);
  }

  async #login(rest: string): Promise<void> {
    const [login = '', password = ''] = rest.split(' ');
    expectReply(await this.#client.command('EHLO client.example'), '250 *');
    if (!this.#client.tls) {
      expectReply(await this.#client.command('STARTTLS'), '220 *');
      await this.#client.upgrade();
      expectReply(await this.#client.command('EHLO client.example'), '250 *');
    }
    expectReply(await this.#client.command(`AUTH PLAIN ${plain(login, password)}`), '235 2.7.0 *');
  }

  /** `event CHECK VERDICT [REASON|DETAIL|CLIENT]` of the connection that is open. */
  #hasEvent(rest: string): boolean {
    const [check, verdict, ...words] = rest.split(' ');
    const reason = words.join(' ');
    assert.notEqual(this.#session, '', 'no greeting was read: whose event?');
    return this.#gateway
      .events()
      .some(
        (event) =>
          event.connection?.startsWith(this.#session) &&
          event.check === check &&
          event.verdict === verdict &&
          (reason === '' || [event.reason, event.detail, event.client].includes(reason)),
      );
  }

  #logLines(): string[] {
    return this.#gateway
      .log()
      .split('\n')
      .filter((line) => line.includes(this.#session));
  }

  #received(recipient: string): Buffer | undefined {
    return this.#gateway.delivered().find(({ envelope }) => envelope.to.includes(recipient))?.bytes;
  }

  #fill(text: string): string {
    return text
      .replace(/\{id\}/g, this.#id)
      .replace(/\{port (\w+)\}/g, (_match, listener: 'mx') => String(this.#gateway.ports[listener]))
      .replace(/\{repeat (\d+) ([^}]*)\}/g, (_match, count: string, part: string) =>
        part.repeat(Number(count)),
      )
      .replace(
        /\{plain ([^} ]*) ([^} ]*)(?: ([^}]*))?\}/g,
        (_match, login: string, password: string, authzid?: string) => plain(login, password, authzid),
      )
      .replace(/\{base64 ([^}]*)\}/g, (_match, plainText: string) => unescape(plainText).toString('base64'))
      .replace(/\{repeat (\d+) ([^}]*)\}/g, (_match, count: string, part: string) =>
        part.repeat(Number(count)),
      );
  }
}

/** What the gateway has written: its log, events and queue, but not the configuration that it was given. */
/** Nothing, for a file that was delivered and removed meanwhile. */
function contentOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

function filesBelow(dir: string): string[] {
  const entries = readdirSync(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !/config|node_modules/.test(entry.parentPath.slice(dir.length)))
    .map((entry) => join(entry.parentPath, entry.name));
}

function expectReply(reply: SmtpReply, pattern: string): void {
  if (!matches(reply.text, pattern)) assert.fail(`expected: ${pattern}\nreceived: ${reply.text}`);
}

/** `*` stands for any text, `a ! b` for a text like a that does not hold b. */
function matches(text: string, pattern: string): boolean {
  const [wanted = '', unwanted] = pattern.split(' ! ');
  const expression = wanted.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return (
    new RegExp(`^${expression.join('.*')}$`, 's').test(text) &&
    (unwanted === undefined || !text.includes(unwanted))
  );
}

/** `\r`, `\n`, `\0`, `\xNN` and `\\` in a text. */
function unescape(text: string): Buffer {
  const names: Readonly<Record<string, string>> = { r: '\r', n: '\n', 0: '\0', '\\': '\\' };
  const latin1 = Buffer.from(text, 'utf8')
    .toString('latin1')
    .replace(/\\(?:x([0-9a-f]{2})|(.))/gi, (_match, hex: string | undefined, name: string | undefined) =>
      hex === undefined ? (names[name ?? ''] ?? name ?? '') : String.fromCharCode(parseInt(hex, 16)),
    );
  return Buffer.from(latin1, 'latin1');
}
