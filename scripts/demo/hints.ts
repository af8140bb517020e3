import { join } from 'node:path';
import { type Ports, proxyAddress } from './instance.ts';
import { people, type Person } from './people.ts';

interface Hint {
  readonly what: string;
  readonly expect: string;
  readonly command: string;
}

interface Places {
  /** Where the certificate of the application lies. */
  readonly varDir: string;
  readonly sinkDir: string;
  readonly log: string;
  /** The directory of Haraka. */
  readonly dir: string;
  /** Where the page is. */
  readonly page: string;
}

const gatekeeper = join(import.meta.dirname, '../gatekeeper');

/** What a newcomer can paste into another terminal, and what should come of it. */
export function hints(ports: Ports, places: Places): string {
  const tried = [...commands(ports, places.varDir), ...questions(places)].map(
    ({ what, expect, command }) => `# ${what}\n# expect: ${expect}\n${command}\n`,
  );
  return [
    'Try, from another terminal (swaks is a package of Debian):\n',
    ...tried,
    ...pageLines(places.page),
    `Messages arrive in ${places.sinkDir}`,
    `Haraka's log: ${places.log}`,
    'Ctrl-C ends everything.',
  ].join('\n');
}

function pageLines(url: string): string[] {
  const [admin, viewer] = sample();
  return [
    `All of it in a browser: ${url}`,
    `  as an admin, who may act: ${admin.addresses[0]}, password ${admin.password}`,
    `  as one who looks: ${viewer.addresses[0]}, password ${viewer.password}\n`,
  ];
}

/** What has become of all that. */
function questions({ dir }: Places): Hint[] {
  const [{ addresses }] = sample();
  const asked = `'${gatekeeper}' --haraka '${dir}'`;
  return [
    {
      what: 'What happened, and what to do about it',
      expect: 'figures of mail and logins, below what was found',
      command: `${asked} report`,
    },
    {
      what: 'The whole life of what Alice has sent',
      expect: 'when it was accepted and under which rules, and how it was delivered',
      command: `${asked} trace ${addresses[0]}`,
    },
  ];
}

function sample(): readonly [Person, Person] {
  const [alice, bob] = people;
  if (!alice || !bob) throw new Error('the sample people are missing');
  return [alice, bob];
}

function commands(ports: Ports, varDir: string): Hint[] {
  const [alice, bob] = sample();
  const [aliceMail, bobMail] = [alice.addresses[0], bob.addresses[0]];
  const token = Buffer.from(`\0${aliceMail}\0${alice.password}`).toString('base64');
  const server = `swaks --server 127.0.0.1:${ports.submission} --tls --to friend@world.example`;
  const asUser = `--auth PLAIN --auth-user ${aliceMail}`;
  const asAlice = `${server} ${asUser} --auth-password ${alice.password}`;
  // A proxy on loopback speaks for a client of the world.
  const world = (ip: string) =>
    `swaks --server 127.0.0.1:${ports.mx} --local-interface ${proxyAddress} --proxy 'TCP4 ${ip} 127.0.0.1 40000 ${ports.mx}'`;
  const toBob = `--to ${bobMail}`;
  const login = (by: string) =>
    `sleep 1; printf "EHLO me\\r\\n"; sleep 1; printf "AUTH ${by}\\r\\n"; sleep 2; printf "QUIT\\r\\n"`;
  const dialogue = login(`PLAIN ${token}`);
  const implicit = `openssl s_client -quiet -connect 127.0.0.1:${ports.implicit}`;
  const app = join(varDir, 'app');
  return [
    {
      what: 'A message that goes through, to the sink',
      expect: '235 after AUTH, 250 after the message',
      command: `${asAlice} --from ${aliceMail}`,
    },
    {
      what: 'The password in clear, without TLS',
      expect: '538 5.7.11',
      command: `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${ports.submission}; { ${dialogue}; } >&3 & cat <&3'`,
    },
    {
      what: 'A wrong password',
      expect: '535 5.7.8',
      command: `${server} ${asUser} --auth-password wrong --from ${aliceMail}`,
    },
    {
      what: 'An envelope sender (MAIL FROM) that belongs to someone else',
      expect: '553 5.7.1',
      command: `${asAlice} --from ${bobMail}`,
    },
    {
      what: 'A header From that belongs to someone else',
      expect: '550 5.7.1, after the message',
      command: `${asAlice} --from ${aliceMail} --h-From '${bob.name} <${bobMail}>'`,
    },
    {
      what: 'Relaying without a login',
      expect: '530 5.7.0',
      command: `${server} --from stranger@other.example`,
    },
    {
      what: 'A login by implicit TLS, with nothing but openssl',
      expect: '235',
      command: `{ ${dialogue}; } | ${implicit}`,
    },
    {
      what: 'A login by the key of a certificate, without any password',
      expect: '235',
      command: `{ ${login('EXTERNAL =')}; } | ${implicit} -cert '${app}/cert.pem' -key '${app}/key.pem'`,
    },
    {
      what: 'Another server brings mail: SPF passes',
      expect: '250 after the message',
      command: `${world('198.51.100.5')} --helo out.partner.example --from friend@partner.example ${toBob}`,
    },
    {
      what: 'A stranger brings mail of that domain: SPF fails',
      expect: '550 5.7.23',
      command: `${world('203.0.113.5')} --helo other.example --from friend@partner.example ${toBob}`,
    },
    {
      what: 'A stranger writes as one of us, whose SPF record would let it pass (?all)',
      expect: '553 5.7.1',
      command: `${world('203.0.113.5')} --helo other.example --from announce@lists.corp.example ${toBob}`,
    },
    {
      what: 'A domain whose DNS servers are silent',
      expect: '451 4.7.24',
      command: `${world('203.0.113.5')} --helo other.example --from friend@slow.example ${toBob}`,
    },
  ];
}
