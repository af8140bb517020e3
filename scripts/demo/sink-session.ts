import type { Socket } from 'node:net';
import type { Store } from './mailstore.ts';

const maxBytes = 64 * 1024 * 1024;
const maxLine = 1024 * 1024;
const crlf = Buffer.from('\r\n');
const dot = 0x2e;

interface Session {
  helo?: string;
  transaction?: { from: string; parameters: string[]; to: string[] } | undefined;
}

type Lines = AsyncGenerator<Buffer, void>;

/** One SMTP session (RFC 5321) from greeting to close; rejects when the client disappears inside it. */
export async function converse(socket: Socket, store: Store): Promise<void> {
  const lines = linesOf(socket);
  const session: Session = {};
  socket.write('220 sink.example ESMTP: here everything ends\r\n');
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    const [, verb = '', argument = ''] = /^(\S*) *(.*)$/s.exec(next.value.toString('utf8')) ?? [];
    if (verb.toUpperCase() === 'QUIT') return leave(socket, lines);
    if (verb.toUpperCase() === 'DATA') await receive(session, socket, lines, store);
    else socket.write(answer(session, verb.toUpperCase(), argument));
  }
}

/** What follows QUIT is read and forgotten, or our closing would reset the connection before the 221 is read. */
async function leave(socket: Socket, lines: Lines): Promise<void> {
  socket.end('221 2.0.0 Bye\r\n');
  for (let next = await lines.next(); !next.done;) next = await lines.next();
}

function answer(session: Session, verb: string, argument: string): string {
  const reply = commands.get(verb)?.(session, argument) ?? '500 5.5.1 Unknown command';
  return `${reply}\r\n`;
}

const commands = new Map<string, (session: Session, argument: string) => string>([
  ['EHLO', ehlo],
  ['HELO', (session, argument) => (hello(session, argument), '250 sink.example')],
  ['MAIL', mail],
  ['RCPT', rcpt],
  ['RSET', (session) => ((session.transaction = undefined), '250 2.0.0 Forgotten')],
  ['NOOP', () => '250 2.0.0 OK'],
]);

function hello(session: Session, argument: string): void {
  session.helo = argument;
  session.transaction = undefined;
}

function ehlo(session: Session, argument: string): string {
  hello(session, argument);
  const extensions = ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', `SIZE ${maxBytes}`];
  const keywords = ['sink.example', ...extensions];
  return keywords.map((keyword, i) => `250${i < extensions.length ? '-' : ' '}${keyword}`).join('\r\n');
}

function mail(session: Session, argument: string): string {
  if (session.helo === undefined) return '503 5.5.1 EHLO first';
  if (session.transaction) return '503 5.5.1 There is a transaction already';
  const path = parsePath('FROM', argument);
  if (!path) return '501 5.5.4 MAIL FROM:<address> [parameters]';
  const size = path.parameters.find((parameter) => /^SIZE=\d+$/i.test(parameter))?.slice('SIZE='.length);
  if (Number(size ?? 0) > maxBytes) return '552 5.3.4 Too big';
  session.transaction = { from: path.address, parameters: path.parameters, to: [] };
  return '250 2.1.0 OK';
}

function rcpt({ transaction }: Session, argument: string): string {
  if (!transaction) return '503 5.5.1 MAIL first';
  const path = parsePath('TO', argument);
  if (!path || path.address === '') return '501 5.5.4 RCPT TO:<address>';
  transaction.to.push(path.address);
  return '250 2.1.5 OK';
}

/** `FROM:<path> parameters`; a quoted local part may hold `>`. */
function parsePath(keyword: string, argument: string): { address: string; parameters: string[] } | undefined {
  const match = /^(FROM|TO): *<((?:"(?:[^"\\]|\\.)*"|[^">])*)>((?: +\S+)*) *$/is.exec(argument);
  if (match?.[1]?.toUpperCase() !== keyword) return undefined;
  return { address: match[2] ?? '', parameters: (match[3] ?? '').split(' ').filter(Boolean) };
}

async function receive(session: Session, socket: Socket, lines: Lines, store: Store): Promise<void> {
  const { helo = '', transaction } = session;
  if (!transaction?.to.length) return void socket.write('503 5.5.1 RCPT first\r\n');
  socket.write('354 End with <CRLF>.<CRLF>\r\n');
  const bytes = await readMessage(lines);
  session.transaction = undefined;
  const reply = bytes ? await put(store({ helo, ...transaction }, bytes)) : '552 5.3.4 Too big';
  socket.write(`${reply}\r\n`);
}

async function put(storing: Promise<string>): Promise<string> {
  try {
    return `250 2.0.0 Stored as ${await storing}`;
  } catch (error) {
    return `451 4.3.0 ${(error as Error).message}`;
  }
}

/** RFC 5321 §4.5.2. Only CRLF ends a line, so a bare LF is stored as it came. Undefined: it was too big. */
async function readMessage(lines: Lines): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for (let next = await lines.next(); ; next = await lines.next()) {
    if (next.done) throw new Error('the client disappeared inside a message');
    if (next.value.length === 1 && next.value[0] === dot) break;
    const line = next.value[0] === dot ? next.value.subarray(1) : next.value;
    size += line.length + crlf.length;
    if (size <= maxBytes) parts.push(line, crlf);
  }
  return size > maxBytes ? undefined : Buffer.concat(parts);
}

async function* linesOf(socket: Socket): Lines {
  let rest = Buffer.alloc(0);
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(crlf); end >= 0; end = rest.indexOf(crlf, start)) {
      yield rest.subarray(start, end);
      start = end + crlf.length;
    }
    rest = rest.subarray(start);
    if (rest.length > maxLine) throw new RangeError('line too long');
  }
}
