import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Endpoint } from './endpoint.ts';
import { silence, type Heard } from './heard.ts';
import { encodeQuery, isAnswerTo, isTruncated, type Question } from './message.ts';
import type { Task } from './task.ts';

const lengthSize = 2;

/** Asks one server over TCP (RFC 7766), with a connection for the question alone; ends within the milliseconds. */
export function askOverTcp(
  { address, port }: Endpoint,
  question: Question,
  isEdns: boolean,
  milliseconds: number,
  task: Task,
): Promise<Heard> {
  if (task.isOver || milliseconds <= 0) return Promise.resolve(silence);
  const id = randomInt(0x1_0000);
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, noDelay: true });
    let isSettled = false;
    const settle = (heard: Heard): void => {
      if (isSettled) return; // the socket closes later, when the task may be about something else
      isSettled = true;
      clearTimeout(timer);
      task.stop = undefined;
      socket.destroy();
      resolve(heard);
    };
    const timer = setTimeout(settle, milliseconds, silence);
    task.stop = () => settle(silence);
    socket.on('error', (error) => settle(failure(`failed over TCP: ${error.message}`)));
    socket.on('close', () => settle(failure('closed the connection before its answer')));
    collect(socket, (message) => {
      settle(judge(message, id, question));
    });
    socket.write(framed(encodeQuery(question, id, isEdns)));
  });
}

function judge(message: Buffer, id: number, question: Question): Heard {
  if (!isAnswerTo(message, id, question)) return failure('answered another question over TCP');
  return isTruncated(message) ? failure('cut its answer short over TCP') : { kind: 'message', message };
}

function failure(because: string): Heard {
  return { kind: 'failure', because };
}

/** RFC 1035 §4.2.2: two octets of length, then the message. */
function framed(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 0xff]), message]);
}

/** Gives the first message once it is complete; holds no more than it, however small the parts are. */
function collect(socket: Socket, onMessage: (message: Buffer) => void): void {
  const length = Buffer.alloc(lengthSize);
  let message: Buffer | undefined;
  let filled = 0;
  socket.on('data', (chunk) => {
    let rest = chunk;
    if (message === undefined) {
      const taken = rest.copy(length, filled);
      rest = rest.subarray(taken);
      filled += taken;
      if (filled < lengthSize) return;
      message = Buffer.allocUnsafe(length.readUInt16BE(0));
      filled = 0;
    }
    filled += rest.copy(message, filled);
    if (filled === message.length) onMessage(message);
  });
}
