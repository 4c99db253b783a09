// The API description without a running control plane: for `nixfleet-control openapi` and the checked-in copy.
import { silent } from '@nixfleet/kit/log.ts';
import { buildApp } from '../app.ts';
import { ControlConfig } from '../config.ts';
import { makeContext } from '../context.ts';
import { openDatabase } from '../db/database.ts';

/** Builds the app on an empty database in memory, listens nowhere, and asks it. */
export async function openApiDocument(): Promise<object> {
  const config = ControlConfig.parse({ passwordHash: `$2b$12$${'.'.repeat(53)}` });
  const database = openDatabase({ file: ':memory:' });
  const secrets = { sessions: ['unused'], tokens: 'unused', bootstrap: null };
  const { app } = await buildApp(makeContext({ ...database, config, secrets, log: silent }));
  try {
    return app.swagger();
  } finally {
    await app.close();
    await database.db.destroy();
  }
}
