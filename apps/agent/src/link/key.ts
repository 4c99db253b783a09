// The host's own Ed25519 key: made once on the host, never leaves it. It, not the host name, is who the host is.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { enrolText } from '@nixfleet/contract/agent.ts';
import { readFileIfPresent, writeFileAtomic } from '@nixfleet/kit/atomic-file.ts';

/** A key that is there but unreadable is an error, never replaced: a new key would be another host. */
export function hostKey(path: string): KeyObject {
  const pem = readFileIfPresent(path);
  if (pem === undefined) {
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileAtomic(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600);
    return privateKey;
  }
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType !== 'ed25519') throw new Error(`it is a key of type ${key.asymmetricKeyType}`);
    return key;
  } catch (cause) {
    throw new Error(`${path} is not an Ed25519 private key; restore it, or remove it to enrol as a new host`, {
      cause,
    });
  }
}

/** The raw public key, base64url. */
export function publicKeyOf(key: KeyObject): string {
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  if (x === undefined) throw new Error('an Ed25519 key has a public part');
  return x;
}

/** What proves an enrolment: the key's signature over its purpose, itself, the nonce and the name. */
export function signEnrolment(
  key: KeyObject,
  nonce: string,
  hostname: string,
): { publicKey: string; signature: string } {
  const publicKey = publicKeyOf(key);
  const text = enrolText({ publicKey, nonce, hostname });
  return { publicKey, signature: sign(null, Buffer.from(text), key).toString('base64url') };
}
