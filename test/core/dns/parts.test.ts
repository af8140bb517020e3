import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseEndpoint } from '../../../plugins/core/dns/endpoint.ts';
import { encodeName, isWithin, lowerCased } from '../../../plugins/core/dns/name.ts';
import { readName } from '../../../plugins/core/dns/read-name.ts';
import { serversIn, systemServers } from '../../../plugins/core/dns/resolv-conf.ts';

describe('dns: names', () => {
  const label = 'x'.repeat(63);
  const longest = [label, label, label, 'x'.repeat(61)].join('.');
  const cases: readonly { it: string; name: string; wire: string | undefined }[] = [
    { it: 'writes labels with their length', name: 'ab.c', wire: '\x02ab\x01c\0' },
    { it: 'writes any octet (RFC 2181 §11)', name: 'a+b @\0\n\x80\xff', wire: '\x09a+b @\0\n\x80\xff\0' },
    { it: 'writes a label of 63 octets', name: label, wire: `\x3f${label}\0` },
    { it: 'has no label of 64', name: `${label}x`, wire: undefined },
    { it: 'has no empty label', name: 'a..b', wire: undefined },
    { it: 'has no empty label in front', name: '.a', wire: undefined },
    { it: 'has no empty label at the end', name: 'a.', wire: undefined },
    { it: 'has no empty name', name: '', wire: undefined },
    { it: 'has no name of 254 octets', name: `${longest}x`, wire: undefined },
  ];
  for (const { it: what, name, wire } of cases) {
    it(what, () => assert.equal(encodeName(name)?.toString('latin1'), wire));
  }

  it('writes a name of 253 octets', () => assert.equal(encodeName(longest)?.length, 255));

  it('reads what it wrote, whatever the octets', () => {
    const octet = fc.integer({ min: 0, max: 255 }).filter((value) => value !== 0x2e);
    const labels = fc.array(fc.array(octet, { minLength: 1, maxLength: 20 }), {
      minLength: 1,
      maxLength: 12,
    });
    const property = fc.property(labels, (octets) => {
      const name = octets.map((one) => String.fromCharCode(...one)).join('.');
      const message = encodeName(name);
      assert.ok(message);
      assert.deepEqual(readName({ message, nameOctets: 1000 }, 0), { name, end: message.length });
      assert.equal(readName({ message, nameOctets: 1000 }, 0, true).name, lowerCased(name));
    });
    fc.assert(property);
  });

  it('lowers the letters of ASCII alone (RFC 4343 §3)', () => {
    assert.equal(lowerCased('AbZ[@\xc0\xd6.Z'), 'abz[@\xc0\xd6.z');
  });

  it('knows what is within what', () => {
    assert.ok(isWithin('a.example', 'example') && isWithin('example', 'example') && isWithin('example', ''));
    assert.ok(!isWithin('bexample', 'example') && !isWithin('example', 'a.example'));
  });
});

describe('dns: addresses of servers', () => {
  const cases: readonly { text: string; is: { address: string; port: number } | undefined }[] = [
    { text: '192.0.2.1', is: { address: '192.0.2.1', port: 53 } },
    { text: '127.0.0.1:5353', is: { address: '127.0.0.1', port: 5353 } },
    { text: '2001:db8::1', is: { address: '2001:db8::1', port: 53 } },
    { text: '[2001:db8::1]', is: { address: '2001:db8::1', port: 53 } },
    { text: '[2001:db8::1]:54', is: { address: '2001:db8::1', port: 54 } },
    { text: 'fe80::1%eth0', is: { address: 'fe80::1%eth0', port: 53 } },
    { text: '[fe80::1%eth0]:54', is: { address: 'fe80::1%eth0', port: 54 } },
    { text: '', is: undefined },
    { text: 'localhost', is: undefined },
    { text: 'localhost:53', is: undefined },
    { text: '192.0.2.1:', is: undefined },
    { text: '192.0.2.1:0', is: undefined },
    { text: '192.0.2.1:65536', is: undefined },
    { text: '192.0.2.256', is: undefined },
    { text: '[192.0.2.1]:53', is: undefined },
    { text: '[2001:db8::1', is: undefined },
    { text: '[2001:db8::1]53', is: undefined },
  ];
  for (const { text, is } of cases) {
    it(`${JSON.stringify(text)} is ${is === undefined ? 'none' : `${is.address}, port ${is.port}`}`, () => {
      assert.deepEqual(parseEndpoint(text), is && { ...is, text });
    });
  }
});

describe('dns: resolv.conf', () => {
  const cases: readonly { it: string; text: string; is: readonly string[] }[] = [
    {
      it: 'names servers in order',
      text: 'nameserver 192.0.2.2\nnameserver\t192.0.2.1\n',
      is: ['192.0.2.2', '192.0.2.1'],
    },
    {
      it: 'may have IPv6, with a scope',
      text: 'nameserver 2001:db8::1\nnameserver fe80::1%eth0',
      is: ['2001:db8::1', 'fe80::1%eth0'],
    },
    {
      it: 'has comments',
      text: '# nameserver 192.0.2.1\n;nameserver 192.0.2.2\nnameserver 192.0.2.3 # mine',
      is: ['192.0.2.3'],
    },
    {
      it: 'has other lines',
      text: 'search example\noptions edns0\nnameserver 192.0.2.1\r\n',
      is: ['192.0.2.1'],
    },
    {
      it: 'knows no more than three',
      text: [1, 2, 3, 4].map((n) => `nameserver 192.0.2.${n}`).join('\n'),
      is: ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
    },
    {
      it: 'has no names, ports or nonsense',
      text: 'nameserver ns.example\nnameserver 192.0.2.1:53\nnameserver\nnameserver 1',
      is: [],
    },
    { it: 'may be empty', text: '', is: [] },
  ];
  for (const { it: what, text, is } of cases) it(what, () => assert.deepEqual(serversIn(text), is));

  it('stands for this machine where it is missing', () => {
    assert.deepEqual(systemServers('/nowhere/resolv.conf'), ['127.0.0.1']);
  });
});
