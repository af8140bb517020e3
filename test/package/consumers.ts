/** How one entry of the package is used, by who has only installed it. */
export interface Consumer {
  readonly name: string;
  /** What is imported. */
  readonly imports: readonly string[];
  /** What is done with it, as JavaScript that a strict TypeScript takes as well; it prints what is expected. */
  readonly body: string;
  readonly expected: string;
  /** Names of types, and what TypeScript writes besides. */
  readonly types: readonly string[];
  readonly typed: string;
  /** What must not compile, each in a line of its own. */
  readonly mistakes: readonly string[];
}

/** One for each entry; a DNS server listens on the port. */
export const consumers = (dnsPort: number): readonly Consumer[] => [
  {
    name: 'haraka-plugin-gatekeeper',
    imports: ['NotSent', 'defineCheck', 'defineEventSink', 'pass', 'refuse', 'sendAs'],
    body: `
      sendAs('receipts', { from: '', to: [], message: '' }).catch((error) => {
        console.log(error instanceof NotSent && error.reason);
      });
      const check = defineCheck({
        name: 'hours/mail',
        stage: 'mail',
        replies: { 'too-late': { code: '550', status: '5.7.1', text: 'Too late' } },
        decide: ({ sender, identity }) => (identity || sender.isNull ? pass : refuse('too-late', sender.text)),
      });
      const sink = defineEventSink({ name: 'mine', take: async (events) => console.log(events.length) });
      console.log(check.name, check.stage, sink.name);`,
    expected: 'hours/mail mail mine\nown-fault\n',
    types: ['DefinedCheck', 'Mail', 'Sent'],
    typed: `
      const atMail: DefinedCheck<'mail'> = check;
      void atMail;
      const send = (mail: Mail): Promise<Sent> => sendAs('receipts', mail);
      void send;`,
    mistakes: [
      `sendAs('receipts', { from: '', to: [] });`,
      `defineCheck({ name: 'a/b', stage: 'never', decide: () => pass });`,
      `defineCheck({ name: 'a/b', stage: 'mail', decide: () => refuse('unheard-of') });`,
      `defineCheck({ name: 'a/b', stage: 'mail', decide: ({ recipient }) => (recipient ? pass : pass) });`,
    ],
  },
  {
    name: 'haraka-plugin-gatekeeper/spf',
    imports: ['checkHost', 'formatTrace'],
    body: `
      const options = { servers: ['127.0.0.1:${dnsPort}'], timeout: 60_000 };
      for (const ip of ['192.0.2.1', '198.51.100.1']) {
        checkHost({ ip, sender: 'alice@corp.example', helo: 'mail.example' }, options).then((outcome) => {
          console.log(ip, outcome.result, outcome.mechanism, formatTrace(outcome).length > 3);
        });
      }`,
    expected: '192.0.2.1 pass include:_spf.corp.example true\n198.51.100.1 fail -all true\n',
    types: ['Dns', 'SpfOutcome', 'SpfResult'],
    typed: `
      const dns: Dns = { resolve: () => Promise.resolve({ kind: 'nxdomain' }) };
      const outcome: Promise<SpfOutcome> = checkHost({ ip: '192.0.2.1', sender: '', helo: 'a.example' }, { dns, terms: 5 });
      const result: Promise<SpfResult> = outcome.then((each) => each.result);
      void result;`,
    mistakes: [`checkHost({ sender: '', helo: 'a.example' });`],
  },
  {
    name: 'haraka-plugin-gatekeeper/message',
    imports: ['decodeWords', 'formatMailbox', 'readAuthors'],
    body: `
      const authors = readAuthors('From: =?utf-8?q?=C3=84nne?= <a@CORP.example>\\r\\n\\r\\nFrom: b@corp.example');
      if (authors.kind === 'authors') {
        for (const { mailbox, display } of authors.from) {
          console.log(formatMailbox(mailbox), display.map((each) => decodeWords(each).text).join());
        }
      }`,
    expected: 'a@corp.example Änne\n',
    types: ['Authors', 'Mailbox', 'Malformed'],
    typed: `
      const first = (read: Authors | Malformed): Mailbox | undefined =>
        read.kind === 'malformed' ? undefined : read.from[0]?.mailbox;
      void first;`,
    mistakes: [`formatMailbox({ local: 'a', domain: 'Not parsed' });`, `authors.from;`],
  },
  {
    name: 'haraka-plugin-gatekeeper/events',
    imports: ['NoEventsYet', 'eventJsonSchema', 'openEvents', 'parseEvent'],
    body: `
      try {
        parseEvent({ v: 1 });
      } catch (error) {
        console.log(String(error), typeof eventJsonSchema['properties']);
      }
      openEvents({ config: '/nowhere' }).catch((error) => console.log(error.name, error instanceof NoEventsYet));`,
    expected: 'Error: no event: time: is missing object\nSettingsError false\n',
    types: ['EventReader', 'GatekeeperEvent'],
    typed: `
      const sendersOf = async (reader: EventReader): Promise<string[]> => {
        const senders: string[] = [];
        for await (const { event } of reader.events({ after: 0 })) senders.push(event.sender ?? '');
        return senders;
      };
      const change = (event: GatekeeperEvent): 'pass' | 'skip' | 'refuse' | 'defer' => event.verdict;
      void [sendersOf, change];`,
    mistakes: [`parseEvent({}).verdict === 'maybe';`, `openEvents({});`],
  },
  {
    name: 'haraka-plugin-gatekeeper/testing',
    imports: ['identitySourceContract', 'sourceRefusals', 'tryCheck'],
    body: `
      console.log(typeof identitySourceContract, typeof tryCheck, sourceRefusals.includes('wrong-password'));`,
    expected: 'function function true\n',
    types: ['Tried', 'SourceContract'],
    typed: `
      const replyOf = ({ reply }: Tried): string | undefined => reply;
      const contract: SourceContract | undefined = undefined;
      void [replyOf, contract];`,
    mistakes: [`tryCheck({ name: 'a/b', stage: 'mail' }, {});`],
  },
];

/** The file of a consumer, by what it is called; `// @ts-check` has JavaScript checked as well. */
export function sourceOf(consumer: Consumer, ending: 'mts' | 'cts' | 'mjs' | 'cjs'): string {
  const { name, imports, body, types, typed, mistakes } = consumer;
  const isTyped = ending.endsWith('ts');
  const all = [...imports, ...(isTyped ? types.map((type) => `type ${type}`) : [])].join(', ');
  const caught = mistakes.map((mistake) => `// @ts-expect-error\n${mistake}`).join('\n');
  return [
    ...(isTyped ? [] : ['// @ts-check']),
    ending === 'cjs' ? `const { ${all} } = require('${name}');` : `import { ${all} } from '${name}';`,
    body,
    ...(isTyped ? [typed] : []),
    `void (() => {\n${caught}\n});`,
  ].join('\n');
}
