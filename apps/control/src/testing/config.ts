// What tests take from the environment.

/** A PostgreSQL server where databases may be made; undefined: SQLite in memory. */
export const testServer = (): string | undefined => process.env['TEST_DATABASE_URL'];
