// Which peers are believed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { givenRequestId, proxyTrust } from './proxies.ts';

const trusts = (trustedProxyIps: string[], trustProxyHeaders = true) =>
  proxyTrust({ trustProxyHeaders, trustedProxyIps });

test('nobody is believed unless headers are trusted at all', () => {
  assert.equal(trusts(['10.0.0.1'], false)('10.0.0.1'), false);
  assert.equal(trusts([], false)('10.0.0.1'), false);
});

test('without a list everybody is believed, as in v1', () => {
  assert.equal(trusts([])('203.0.113.1'), true);
});

test('with a list only its addresses and networks are, in every notation', () => {
  const believed = trusts(['10.1.0.0/16', '192.0.2.1', '2001:db8::/32']);
  for (const address of ['10.1.2.3', '192.0.2.1', '::ffff:192.0.2.1', '2001:db8::5'])
    assert.ok(believed(address), address);
  for (const address of ['10.2.0.1', '192.0.2.2', '2001:db9::1', 'localhost', '', undefined])
    assert.equal(believed(address), false, String(address));
});

test('an id is taken only if it can be printed anywhere', () => {
  assert.equal(givenRequestId('0d9c2c2e-77f5-4b7c-8a86-9c9b2f1c1a11'), '0d9c2c2e-77f5-4b7c-8a86-9c9b2f1c1a11');
  for (const id of ['short', 'x'.repeat(129), 'a b c d e f', 'line\nbreak', ['a-list-of-ids'], undefined])
    assert.equal(givenRequestId(id), undefined);
});
