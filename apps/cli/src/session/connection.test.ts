// Which control plane is chosen, and which token may go there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../api/failure.ts';
import { chooseServer } from './connection.ts';
import { defaultName, type Servers, withoutServer, withServer } from './servers.ts';

const none = { url: undefined, token: undefined };
const servers: Servers = {
  current: 'home',
  servers: { home: { url: 'https://home.example', token: 'h' }, work: { url: 'https://work.example', token: 'w' } },
};
const status = (why: () => unknown): number | undefined => {
  try {
    why();
  } catch (error) {
    return error instanceof Failure ? error.status : undefined;
  }
  return undefined;
};

test('--server beats the environment, which beats the current sign-in', () => {
  assert.equal(chooseServer(undefined, none, servers).url, 'https://home.example');
  assert.deepEqual(chooseServer('work', none, servers), { url: 'https://work.example', token: 'w' });
  assert.deepEqual(chooseServer('https://work.example/', none, servers), { url: 'https://work.example', token: 'w' });
  assert.deepEqual(chooseServer(undefined, { url: 'https://work.example', token: undefined }, servers), {
    url: 'https://work.example',
    token: 'w',
  });
  assert.deepEqual(chooseServer(undefined, { url: 'https://new.example', token: 'e' }, servers), {
    url: 'https://new.example',
    token: 'e',
  });
});

test('the environment’s token goes to the environment’s server and to no other', () => {
  const environment = { url: 'https://new.example', token: 'e' };
  assert.equal(chooseServer('work', environment, servers).token, 'w');
  assert.equal(chooseServer('https://new.example', environment, servers).token, 'e');
  assert.equal(
    status(() => chooseServer('https://evil.example', environment, servers)),
    77,
  );
});

test('without a sign-in, or with an unknown name, it says so', () => {
  assert.equal(
    status(() => chooseServer(undefined, none, { servers: {} })),
    77,
  );
  assert.equal(
    status(() => chooseServer('nowhere', none, servers)),
    64,
  );
});

test('a new sign-in becomes the current one, and leaving it makes another one current', () => {
  const url = 'https://lab.example:8443';
  const more = withServer(servers, defaultName(url), { url, token: 'l' });
  assert.equal(more.current, 'lab.example:8443');
  assert.equal(withoutServer(more, 'lab.example:8443').current, 'home');
  assert.equal(withoutServer({ current: 'a', servers: { a: { url, token: 'l' } } }, 'a').current, undefined);
});
