// The grammars of names that travel between programs. Everything that ends up in a path, an argument list or a URL is
// checked against one of these at the edge.
import * as z from 'zod';

/** UUIDv7 (RFC 9562) with a prefix that says what it names. */
const id = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`), {
    message: `expected an id like ${prefix}_019…`,
  });

export const HostId = id('host');
export const RunId = id('run');
export const TargetId = id('target');
export const TokenId = id('token');

/** An RFC 1123 label that starts with a letter; upper case is folded. The v1 grammar, 1–63 characters. */
export const HostName = z
  .string()
  .regex(/^[a-zA-Z][a-zA-Z0-9-]{0,62}$/, {
    message: 'expected a host name: a letter, then up to 62 letters, digits or -',
  })
  .transform((s) => s.toLowerCase());

/** A host's id or its current name, as operators and v1 agents write it in a path. */
export const HostRef = z.union([HostId, HostName]);

/** A full Git object id: SHA-1 or SHA-256. Abbreviations are never accepted: a target is pinned. */
export const Commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, {
  message: 'expected a full commit id of 40 or 64 hexadecimal digits',
});

/** `/nix/store/<32 base-32 digits>-<name>`; the store directory may be relocated. */
export const StorePath = z
  .string()
  .max(512)
  .regex(/^\/[A-Za-z0-9+._/-]*\/[0-9a-df-np-sv-z]{32}-[A-Za-z0-9+._?=-]+$/, { message: 'expected a Nix store path' })
  .refine((s) => !s.split('/').includes('..'), { message: 'expected a Nix store path without ..' });

/** A Git branch name (git-check-ref-format(1), narrowed to what is safe in arguments and URLs). */
export const Branch = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._/-]*$/, { message: 'expected a branch name of letters, digits, . _ / -' })
  .refine((s) => !/\.\.|\/\/|\.lock(\/|$)|\/$|\.$|\/\./.test(s), { message: 'not a valid Git branch name' });

/**
 * A repository we may fetch: `https:`, `ssh:`, `git:`, `file:`, scp-like `user@host:path` or an absolute path. Remote
 * helpers (`ext::`, `fd::`) run programs and are refused.
 */
export const RepositoryUrl = z
  .string()
  .max(1000)
  .regex(
    /^(?:https?:\/\/|ssh:\/\/|git:\/\/|file:\/\/\/|\/|[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9_.-]+:(?!:))[^\s\0]+$/,
    {
      message: 'expected a https, ssh, git or file URL, user@host:path, or an absolute path',
    },
  )
  .refine((s) => !s.includes('::'), { message: 'Git remote helpers (::) are not allowed' });

/** A flake output attribute path such as `nixosConfigurations.web1.config.system.build.toplevel`. */
export const Attribute = z
  .string()
  .max(300)
  .regex(/^[A-Za-z_][A-Za-z0-9_'-]*(?:\.(?:[A-Za-z_][A-Za-z0-9_'-]*|"[A-Za-z0-9@._-]+"))*$/, {
    message: 'expected a flake attribute path such as nixosConfigurations.web1.config.system.build.toplevel',
  });

/** `#rrggbb`. */
export const ThemeColor = z.string().regex(/^#[0-9a-fA-F]{6}$/, { message: 'expected a colour as #rrggbb' });

/** Milliseconds since the Unix epoch, stamped by the control plane unless it says otherwise. */
export const Millis = z.int().min(0);
