import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { eventually, type TestGateway } from '../support/gateway.ts';

/** Changes that somebody makes to the settings of a running gateway. */
export class Operator {
  readonly #gateway: TestGateway;
  readonly #first: string;

  constructor(gateway: TestGateway) {
    this.#gateway = gateway;
    this.#first = readFileSync(this.file('gatekeeper.yaml'), 'utf8');
  }

  file(name: string): string {
    return join(this.#gateway.dir, 'config', name);
  }

  /** The settings of the start with some of them changed. */
  changed(changes: object): string {
    return stringify({ ...(parse(this.#first) as object), ...changes });
  }

  write(changes: object): void {
    writeFileSync(this.file('gatekeeper.yaml'), this.changed(changes));
  }

  /** Runs a change and waits for what the log says of it: a worker alone may take ten seconds not to answer. */
  async and(change: () => void, says: RegExp): Promise<string> {
    const seen = this.#gateway.log().length;
    change();
    return eventually(`a log line ${says}`, () => says.exec(this.#gateway.log().slice(seen))?.[0], 30_000);
  }

  async health(): Promise<{ revision: string; settings: string; emergency?: boolean }> {
    const answer = await fetch(`http://127.0.0.1:${this.#gateway.ports.http}/health`);
    return (await answer.json()) as { revision: string; settings: string };
  }

  async metric(name: string): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${this.#gateway.ports.http}/metrics`);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(await answer.text())?.[1]);
  }
}

/** What the log says when settings are in force. */
export const inForce = /settings: revision \w+ is in force.*/;
/** What it says when they are not. */
export const refused = /settings: the new ones are refused, those of revision \w+ stay in force/;
